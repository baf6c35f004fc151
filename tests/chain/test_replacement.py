"""A tidy mempool: of a sender's transactions with one nonce one stays, and of more than its capacity what offers most."""

import numpy as np
import pytest

from chain.layout import MAX_PRICE, NO_LIMIT, SIGNED, Kind, Ordering, records
from chain.mempool import is_raise, replaces, submit
from chain.status import Status
from tests.chain.markets import head, purse


def offers(*fees, base_fee=0):
    """What becomes of transfers of 1, 2, 3, ... with one nonce and these (tip, max_fee): names of statuses, and what arrived."""
    ledger = purse([10**15, 0], base_fee=base_fee)
    for k, (tip, max_fee) in enumerate(fees):
        ledger.submit(Kind.TRANSFER, 0, to=1, amount=k + 1, nonce=0, tip=tip, max_fee=max_fee)
    receipts = ledger.seal()
    ledger.check()
    assert sum(receipt.status == Status.OK for receipt in receipts) <= 1
    return [receipt.status.name for receipt in receipts], ledger.balance(1)


@pytest.mark.parametrize(
    ("first", "second", "replaced"),
    [
        ((10, 100), (11, 110), True),
        ((10, 100), (10, 110), False),
        ((10, 100), (11, 109), False),
        ((9, 100), (10, 110), True),  # a tenth of 9 is rounded up to 1
        ((11, 100), (12, 110), False),  # a tenth of 11 is rounded up to 2
        ((11, 100), (13, 110), True),
        ((0, 50), (1, 55), True),
        ((0, 50), (0, 55), False),
        ((5, 100), (10**6, 99 + 10**6), True),
        ((10, NO_LIMIT), (11, NO_LIMIT), True),  # nobody can offer more than no limit
        ((10, NO_LIMIT), (11, 110), False),
        ((10, 2**63 - 1), (11, 110), False),
        ((10, 2**63 - 1), (11, NO_LIMIT), True),
    ],
)
def test_a_tenth_more_of_both_replaces_and_less_does_not(first, second, replaced):
    statuses, arrived = offers(first, second)
    assert statuses == ["REPLACED" if replaced else "UNDERPRICED", "OK"]
    assert arrived == (2 if replaced else 1)


def test_a_replacement_is_measured_by_the_one_that_stands():
    statuses, arrived = offers((10, 100), (11, 110), (12, 120), (13, 121))
    assert statuses == ["REPLACED", "UNDERPRICED", "REPLACED", "OK"]
    assert arrived == 4


@pytest.mark.parametrize("fees", [(-1, 100), (MAX_PRICE + 1, NO_LIMIT), (20, 19), (2**63 - 1, 2**63 - 1)])
def test_fees_that_nobody_can_pay_replace_nothing_and_are_replaced_by_any(fees):
    assert offers((0, 5), fees) == (["UNDERPRICED", "OK"], 1)
    assert offers(fees, (0, 5)) == (["REPLACED", "OK"], 2)
    assert offers(fees, (-1, -1))[0][0] == "UNDERPRICED"


def test_a_replacement_takes_the_place_of_what_waited_in_an_earlier_tick_and_its_age_begins_anew():
    ledger = purse([10**6] * 3, base_fee=10, ordering=Ordering.ARRIVAL)
    ledger.submit(Kind.TRANSFER, 0, max_fee=9)
    assert ledger.seal() == []
    ledger.submit(Kind.TRANSFER, 1, max_fee=9)
    assert ledger.seal() == []
    ledger.submit(Kind.TRANSFER, 0, tip=1, max_fee=12, nonce=0)
    (receipt,) = [receipt for receipt in ledger.seal() if receipt.status == Status.OK]
    assert (receipt.sender, receipt.fee) == (0, 21 * 11)
    assert (head(ledger).pending, ledger.book.accounts["pending"].tolist()) == (1, [0, 1, 0])


def test_others_nonces_and_senders_are_left_alone():
    ledger = purse([10**6, 10**6])
    for sender, nonce, tip in ((0, 0, 1), (1, 0, 50), (0, 1, 9), (0, 1, 90), (1, 1, 3)):
        ledger.submit(Kind.TRANSFER, sender, nonce=nonce, tip=tip)
    seen = [(receipt.sender, receipt.nonce, receipt.status.name, receipt.fee) for receipt in ledger.seal()]
    assert sorted(seen) == [
        (0, 0, "OK", 21),
        (0, 1, "OK", 21 * 90),
        (0, 1, "REPLACED", 0),
        (1, 0, "OK", 21 * 50),
        (1, 1, "OK", 21 * 3),
    ]
    assert seen[0] == (0, 1, "REPLACED", 0), "the mempool is tidied before the block"


def test_an_offer_is_raised_by_a_tenth_rounded_up_at_every_size():
    rng = np.random.default_rng(1)
    for before in [*range(40), *rng.integers(0, NO_LIMIT, 200).tolist(), NO_LIMIT - 1]:
        least = min(before + max(-(-before // 10), 1), NO_LIMIT)
        assert is_raise(least, before)
        assert not is_raise(least - 1, before)


def test_of_all_pairs_of_wild_fees_at_most_one_replaces_the_other():
    wild = [-(2**63), -1, 0, 1, 10, 11, MAX_PRICE, MAX_PRICE + 1, NO_LIMIT - 1, NO_LIMIT, 2**63 - 1]
    pair = records(SIGNED, 2)
    every = [(tip, limit) for tip in wild for limit in wild]
    count = 0
    for a in every:
        for b in every:
            for tx, (tip, limit) in zip(pair, (a, b), strict=True):
                tx.tip, tx.max_fee = tip, limit
            count += replaces(pair[1], pair[0])
            assert not (replaces(pair[1], pair[0]) and replaces(pair[0], pair[1]))
    assert count > 1_000


def crowded(fees, capacity, *, base_fee=0, order=None, rows=None, ordering=Ordering.TIP):
    """Submit transfers with these (name, nonce, tip, max_fee) in some order; who was evicted, as (name, nonce)."""
    rows = list(range(6)) if rows is None else rows
    ledger = purse([10**6] * 6, base_fee=base_fee, capacity=capacity, rows=rows, ordering=ordering, gas_limit=21)
    for k in order if order is not None else range(len(fees)):
        name, nonce, tip, max_fee = fees[k]
        ledger.submit(Kind.TRANSFER, rows[name], nonce=nonce, tip=tip, max_fee=max_fee)
    receipts = ledger.seal()
    ledger.check()
    evicted = [receipt for receipt in receipts if receipt.status == Status.EVICTED]
    assert all(receipt.fee == 0 for receipt in evicted)
    assert head(ledger).dropped == len(evicted)
    return {(rows.index(receipt.sender), receipt.nonce) for receipt in evicted}


EQUAL = [(name, nonce, 3, NO_LIMIT) for name in range(6) for nonce in range(2)]


def test_what_fits_is_kept_and_of_the_rest_the_lowest_tip_goes():
    fees = [(name, 0, tip, NO_LIMIT) for name, tip in enumerate((5, 1, 4, 2, 9, 3))]
    assert crowded(fees, 6) == set()
    assert crowded(fees, 5) == {(1, 0)}
    assert crowded(fees, 3) == {(1, 0), (3, 0), (5, 0)}
    assert crowded(fees, 0) == {(name, 0) for name in range(6)}


@pytest.mark.parametrize("ordering", Ordering)
def test_eviction_looks_at_tips_whatever_the_ordering(ordering):
    fees = [(name, 0, tip, NO_LIMIT) for name, tip in enumerate((5, 1, 4, 2, 9, 3))]
    assert crowded(fees, 3, ordering=ordering) == {(1, 0), (3, 0), (5, 0)}


def test_of_each_sender_the_highest_nonce_goes_first():
    fees = [(0, 0, 1, NO_LIMIT), (0, 1, 50, NO_LIMIT), (0, 2, 60, NO_LIMIT), (1, 0, 2, NO_LIMIT)]
    assert crowded(fees, 3) == {(0, 2)}
    assert crowded(fees, 2) == {(0, 2), (0, 1)}
    assert crowded(fees, 1) == {(0, 2), (0, 1), (0, 0)}


def test_what_a_limit_leaves_of_a_tip_counts_and_what_it_does_not_cover_goes_first():
    fees = [(0, 0, 9, 12), (1, 0, 3, NO_LIMIT), (2, 0, 9, 9), (3, 0, 0, 10)]
    assert crowded(fees, 3, base_fee=10) == {(2, 0)}
    assert crowded(fees, 2, base_fee=10) == {(2, 0), (3, 0)}
    assert crowded(fees, 1, base_fee=10) == {(2, 0), (3, 0), (0, 0)}


def test_who_is_evicted_among_equals_depends_on_no_order_of_submission_and_on_no_row():
    rng = np.random.default_rng(4)
    evicted = crowded(EQUAL, 7)
    assert len(evicted) == 5
    for _ in range(10):
        assert crowded(EQUAL, 7, order=rng.permutation(12)) == evicted
        assert crowded(EQUAL, 7, rows=rng.permutation(6).tolist()) == evicted


def test_whoever_waits_longer_stays_among_equals():
    ledger = purse([10**6] * 12, capacity=6, base_fee=10)
    for sender in range(6):
        ledger.submit(Kind.TRANSFER, sender, max_fee=9)
    assert ledger.seal() == []
    for sender in range(6, 12):
        ledger.submit(Kind.TRANSFER, sender, max_fee=9)
    receipts = ledger.seal()
    assert {(receipt.sender, receipt.status.name) for receipt in receipts} == {(sender, "EVICTED") for sender in range(6, 12)}
    assert head(ledger).pending == 6


def test_who_was_evicted_may_come_again_with_the_same_nonce():
    ledger = purse([10**6] * 2, capacity=1)
    ledger.submit(Kind.TRANSFER, 0, tip=1)
    ledger.submit(Kind.TRANSFER, 1, tip=2)
    assert [receipt.status.name for receipt in ledger.seal()] == ["EVICTED", "OK"]
    ledger.submit(Kind.TRANSFER, 0, tip=1)
    assert [(receipt.nonce, receipt.status.name) for receipt in ledger.seal()] == [(0, "OK")]


def test_a_mempool_that_is_replaced_and_full_is_tidied_before_anybody_is_evicted():
    ledger = purse([10**6] * 2, capacity=2)
    for sender, nonce, tip in ((0, 0, 5), (0, 0, 7), (1, 0, 1)):
        ledger.submit(Kind.TRANSFER, sender, nonce=nonce, tip=tip)
    assert [receipt.status.name for receipt in ledger.seal()] == ["REPLACED", "OK", "OK"]


def test_places_beyond_the_capacity_take_what_comes_between_two_blocks_and_no_more():
    ledger = purse([10**6] * 4, capacity=1, pool=3)
    requests = records(SIGNED, 4)
    requests["kind"], requests["max_fee"], requests["deadline"], requests["sender"] = Kind.TRANSFER, NO_LIMIT, 9, range(4)
    assert submit(ledger.book.head, ledger.book.accounts, ledger.book.pool, requests) == Status.POOL_FULL
    assert sorted(receipt.status.name for receipt in ledger.seal()) == ["EVICTED", "EVICTED", "OK"]
    assert head(ledger).dropped == 3


EMPTY_PROMISES = {
    "a tip that nobody can pay": {"tip": MAX_PRICE + 1},
    "a limit below its own tip": {"tip": 50, "max_fee": 49},
    "a nonce out of turn": {"tip": 50, "nonce": 7},
    "more than its sender has": {"tip": 10**6},
}


@pytest.mark.parametrize("promise", EMPTY_PROMISES)
def test_a_tip_that_is_never_paid_keeps_nobody_in_the_mempool(promise):
    ledger = purse([10**6] * 5, capacity=2)
    for sender in (1, 2):
        ledger.submit(Kind.TRANSFER, sender, to=0, **EMPTY_PROMISES[promise])
    for sender, tip in ((3, 1), (4, 2)):
        ledger.submit(Kind.TRANSFER, sender, to=0, tip=tip)
    receipts = {receipt.sender: receipt.status for receipt in ledger.seal()}
    assert receipts == {1: Status.EVICTED, 2: Status.EVICTED, 3: Status.OK, 4: Status.OK}


def test_whoever_waits_in_turn_behind_an_empty_promise_of_its_own_goes_with_it():
    ledger = purse([10**6] * 4, capacity=2)
    ledger.submit(Kind.TRANSFER, 1, to=0, tip=10**6)
    ledger.submit(Kind.TRANSFER, 1, to=0, tip=3)
    ledger.submit(Kind.TRANSFER, 2, to=0, tip=1)
    ledger.submit(Kind.TRANSFER, 3, to=0, tip=2)
    statuses = [(receipt.sender, receipt.nonce, receipt.status.name) for receipt in ledger.seal()]
    assert sorted(statuses) == [(1, 0, "EVICTED"), (1, 1, "EVICTED"), (2, 0, "OK"), (3, 0, "OK")]


def test_whoever_waits_and_can_not_pay_the_base_fee_of_now_goes_before_all_who_can():
    ledger = purse([0, 21 * 10 - 1, 21 * 10], base_fee=10, capacity=1)
    for sender, max_fee in ((1, 9), (2, 8)):
        ledger.submit(Kind.TRANSFER, sender, to=0, max_fee=max_fee)
    assert [(receipt.sender, receipt.status) for receipt in ledger.seal()] == [(1, Status.EVICTED)]
    assert ledger.waiting["sender"].tolist() == [2]
