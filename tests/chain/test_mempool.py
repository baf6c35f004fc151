"""The mempool: what was submitted waits there, in order, and what a block includes leaves it."""

import pytest

from chain.dice import What, draw, latency
from chain.layout import NO_DEADLINE, NO_LIMIT, NOBODY, SIGNED, TRANSACTION, Kind, records
from chain.mempool import reserve, submit
from chain.status import Status
from tests.chain.markets import head, purse


def pool_of(ledger):
    return ledger.book.pool[: head(ledger).pending]


def test_a_signed_transaction_and_a_reserved_slot_are_the_same():
    signed, reserved = purse([100, 0]), purse([100, 0])
    signed.submit(Kind.TRANSFER, 0, tip=2)
    signed.submit(Kind.TRANSFER, 0, to=1, amount=7, tip=1)
    book = reserved.book
    assert reserve(book.head, book.accounts, book.pool, Kind.TRANSFER, 0, 2) == 0
    slot = reserve(book.head, book.accounts, book.pool, Kind.TRANSFER, 0, 1)
    book.pool[slot].to, book.pool[slot].amount = 1, 7
    assert signed.digest() == reserved.digest()


def test_a_reserved_slot_forgets_what_stood_there():
    ledger = purse([10**9, 0])
    ledger.submit(Kind.TRANSFER, 0, to=1, subject=5, amount=6, stake=7, count=8, bps=9, deadline=2)
    ledger.seal()
    book = ledger.book
    tx = book.pool[reserve(book.head, book.accounts, book.pool, Kind.REGISTER, 1, 4)]
    given = {column: int(tx[column]) for column in TRANSACTION.names if column != "arrival"}
    told = {"kind": Kind.REGISTER, "sender": 1, "tip": 4, "max_fee": NO_LIMIT, "deadline": NO_DEADLINE, "since": 1}
    expected = dict.fromkeys(given, 0) | told
    assert given == expected


def test_a_full_pool_reserves_nothing_and_counts_what_it_drops():
    ledger = purse([100, 0], pool=2)
    book = ledger.book
    slots = [reserve(book.head, book.accounts, book.pool, Kind.TRANSFER, 0, 0) for _ in range(4)]
    assert slots == [0, 1, NOBODY, NOBODY]
    assert (head(ledger).pending, book.accounts[0].pending, head(ledger).dropped) == (2, 2, 2)


def test_an_arrival_is_the_latency_of_tick_name_and_nonce():
    ledger = purse([100, 100, 100], rows=[2, 0, 1], seed=9)
    ledger.seal()
    ledger.submit(Kind.TRANSFER, 2)
    ledger.submit(Kind.TRANSFER, 2)
    assert head(ledger).tick == 1
    assert head(ledger).latency == int(draw(head(ledger), 1, 0, What.ARRIVAL, 0)) >> 1
    assert [int(tx.arrival) for tx in pool_of(ledger)] == [latency(head(ledger), 0, nonce) for nonce in (0, 1)]


def test_submission_stops_at_the_first_refusal_and_keeps_what_came_before():
    ledger = purse([100, 0])
    batch = records(SIGNED, 3)
    batch["kind"], batch["deadline"] = Kind.TRANSFER, NO_DEADLINE
    batch["sender"], batch["nonce"] = [0, -1, 0], [0, 0, 1]
    book = ledger.book
    assert submit(book.head, book.accounts, book.pool, batch) == Status.NO_SUCH_SENDER
    assert (head(ledger).pending, book.accounts[0].pending) == (1, 1)
    assert submit(book.head, book.accounts, book.pool, batch[2:]) == Status.OK
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK, Status.OK]


def test_what_does_not_fit_stays_in_order_with_its_arrival_and_goes_into_the_next_block():
    ledger = purse([10**6] * 5, gas_limit=2 * 21)
    for sender, tip in enumerate((1, 5, 2, 4, 3)):
        ledger.submit(Kind.TRANSFER, sender, tip=tip)
    arrivals = {int(tx.sender): int(tx.arrival) for tx in pool_of(ledger)}
    assert [receipt.sender for receipt in ledger.seal()] == [1, 3]
    assert [(int(tx.sender), int(tx.arrival)) for tx in pool_of(ledger)] == [(s, arrivals[s]) for s in (0, 2, 4)]
    assert ledger.book.accounts["pending"].tolist() == [1, 0, 1, 0, 1]
    assert [receipt.sender for receipt in ledger.seal()] == [4, 2]
    assert [receipt.sender for receipt in ledger.seal()] == [0]
    assert ledger.seal() == []
    assert not ledger.book.accounts["pending"].any()


def test_the_next_nonce_counts_what_is_pending():
    ledger = purse([10**6, 0], gas_limit=21)
    for _ in range(3):
        ledger.submit(Kind.TRANSFER, 0, to=1, amount=1)
    assert [ledger.seal()[0].nonce for _ in range(2)] == [0, 1]
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=1)
    assert [ledger.seal()[0].nonce for _ in range(2)] == [2, 3]
    assert ledger.balance(1) == 4


@pytest.mark.parametrize(
    "kind",
    [99, -1, 0],
)
def test_a_transaction_of_unknown_kind_waits_for_room_like_any_other(kind):
    ledger = purse([10**6] * 2, gas_limit=21)
    ledger.submit(Kind.TRANSFER, 0, tip=1)
    ledger.submit(kind, 1)
    assert [receipt.sender for receipt in ledger.seal()] == [0]
    ledger.check()
    assert [(receipt.sender, receipt.status) for receipt in ledger.seal()] == [(1, Status.UNKNOWN_KIND)]
