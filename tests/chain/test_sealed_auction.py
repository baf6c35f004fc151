"""Sealed-bid auctions: nobody sees a bid before all are in, who asks least is paid, and deadlines release everything."""

import hashlib

import numpy as np
import pytest

from chain.contracts.sealed_auction import Sealed
from chain.digest import digest
from chain.layout import MAX_PRICE, Kind
from chain.status import Status
from tests.chain.auctions import DEPOSIT, RESERVE, SALT, WINDOWS, committed, crowd, hall, opened, revealed, word
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RICH, RIVAL, balances, call, done, fee_of, head, python, wait
from tests.chain.plain_auction import PlainAuctions

BIDDERS = (PROVIDER, OTHER, RIVAL)


def auctioned(bids, **given):
    """What everybody gained in one auction without fees: the client, then the bidders by address."""
    ledger = hall(base_fee=0, **given)
    number = opened(ledger)
    committed(ledger, number, bids)
    revealed(ledger, number, bids)
    assert head(ledger).locked == head(ledger).burned == 0
    return [money - RICH for money in balances(ledger, CLIENT, *BIDDERS)]


def test_in_the_first_price_the_lowest_bid_wins_and_is_paid_what_it_asked():
    assert auctioned({PROVIDER: 500, OTHER: 300, RIVAL: 400}) == [-300, 0, 300, 0]


def test_in_the_second_price_the_lowest_bid_wins_and_is_paid_what_the_next_one_asked():
    assert auctioned({PROVIDER: 500, OTHER: 300, RIVAL: 400}, second_price=1) == [-400, 0, 400, 0]


@pytest.mark.parametrize(
    "order", [(300, 400, 500), (300, 500, 400), (400, 300, 500), (400, 500, 300), (500, 300, 400), (500, 400, 300)]
)
def test_the_order_of_commits_and_reveals_makes_no_difference_to_the_price(order):
    gains = auctioned(dict(zip(BIDDERS, order, strict=True)), second_price=1)
    assert gains[0] == -400
    assert gains[1 + order.index(300)] == 400


@pytest.mark.parametrize("reveals", [(OTHER, PROVIDER, RIVAL), (RIVAL, PROVIDER, OTHER)])
def test_of_equal_bids_the_one_that_was_committed_first_wins_in_whatever_order_they_are_revealed(reveals):
    for second_price in (0, 1):
        ledger = hall(base_fee=0, second_price=second_price)
        number = opened(ledger)
        committed(ledger, number, {RIVAL: 300, PROVIDER: 300, OTHER: 300})
        for address in reveals:
            done(ledger, Kind.REVEAL_BID, address, subject=number, amount=300, count=SALT)
        assert balances(ledger, CLIENT, *BIDDERS) == [RICH - 300, RICH, RICH, RICH + 300]


def test_a_bidder_alone_is_paid_its_bid_or_in_the_second_price_the_reserve():
    assert auctioned({PROVIDER: 250}) == [-250, 250, 0, 0]
    assert auctioned({PROVIDER: 250}, second_price=1) == [-RESERVE, RESERVE, 0, 0]


def test_a_bid_at_the_reserve_wins_and_one_above_it_does_not_and_gets_its_deposit_back():
    assert auctioned({PROVIDER: RESERVE}) == [-RESERVE, RESERVE, 0, 0]
    assert auctioned({PROVIDER: RESERVE + 1}) == [0, 0, 0, 0]
    assert auctioned({PROVIDER: RESERVE + 1, OTHER: 300}, second_price=1) == [-RESERVE, 0, RESERVE, 0]


def test_the_reserve_and_the_deposits_are_locked_while_the_auction_is_open():
    ledger = hall(base_fee=0)
    number = opened(ledger)
    assert (ledger.balance(CLIENT), head(ledger).locked) == (RICH - RESERVE, RESERVE)
    done(ledger, Kind.COMMIT_BID, PROVIDER, subject=number, count=word(ledger, PROVIDER, number, 5))
    assert (ledger.balance(PROVIDER), head(ledger).locked) == (RICH - DEPOSIT, RESERVE + DEPOSIT)


def test_a_bid_that_stays_sealed_loses_its_deposit_and_can_not_win():
    ledger = hall(base_fee=0)
    number = opened(ledger)
    committed(ledger, number, {PROVIDER: 1, OTHER: 300})
    revealed(ledger, number, {OTHER: 300})
    assert balances(ledger, CLIENT, PROVIDER, OTHER) == [RICH - 300, RICH - DEPOSIT, RICH + 300]
    assert (head(ledger).burned, head(ledger).locked) == (DEPOSIT, 0)


def test_without_bids_and_without_reveals_the_reserve_comes_back_when_reveals_close():
    for bids in ({}, {PROVIDER: 5}):
        ledger = hall(base_fee=0)
        number = opened(ledger)
        committed(ledger, number, bids)
        wait(ledger, WINDOWS["reveal_window"] - 1)
        assert ledger.balance(CLIENT) == RICH - RESERVE
        wait(ledger, 1)
        assert (ledger.balance(CLIENT), head(ledger).locked) == (RICH, 0)
        assert ledger.book.terms[0].closed == number + 1


def test_commits_close_before_the_first_reveal():
    ledger = hall()
    number = opened(ledger)
    done(ledger, Kind.COMMIT_BID, PROVIDER, subject=number, count=word(ledger, PROVIDER, number, 5))
    reveal = {"subject": number, "amount": 5, "count": SALT}
    assert call(ledger, Kind.REVEAL_BID, PROVIDER, **reveal).status == Status.REVEALS_NOT_OPEN
    done(ledger, Kind.COMMIT_BID, OTHER, subject=number, count=7)
    assert ledger.height == ledger.book.auctions[number].commit_until
    assert call(ledger, Kind.COMMIT_BID, RIVAL, subject=number, count=7).status == Status.COMMITS_CLOSED
    done(ledger, Kind.REVEAL_BID, PROVIDER, **reveal)


def test_the_last_block_of_reveals_still_counts_and_the_next_one_knows_no_auction():
    for late, status in ((0, Status.OK), (1, Status.NO_SUCH_AUCTION)):
        ledger = hall()
        number = opened(ledger)
        committed(ledger, number, {PROVIDER: 5})
        wait(ledger, WINDOWS["reveal_window"] - 1 + late)
        assert call(ledger, Kind.REVEAL_BID, PROVIDER, subject=number, amount=5, count=SALT).status == status


@pytest.mark.parametrize("wrong", [{"amount": 6}, {"count": SALT + 1}, {"count": -SALT}, {"amount": 0}])
def test_only_the_bid_and_the_salt_that_were_sealed_can_be_revealed(wrong):
    ledger = hall()
    number = opened(ledger)
    committed(ledger, number, {PROVIDER: 5})
    right = {"subject": number, "amount": 5, "count": SALT}
    assert call(ledger, Kind.REVEAL_BID, PROVIDER, **(right | wrong)).status == Status.WRONG_REVEAL
    done(ledger, Kind.REVEAL_BID, PROVIDER, **right)


def test_a_copied_commitment_can_not_be_revealed_by_who_copied_it():
    ledger = hall()
    number = opened(ledger)
    stolen = word(ledger, PROVIDER, number, 5)
    for address in (PROVIDER, OTHER):
        done(ledger, Kind.COMMIT_BID, address, subject=number, count=stolen)
    wait(ledger, 1)
    done(ledger, Kind.REVEAL_BID, PROVIDER, subject=number, amount=5, count=SALT)
    assert call(ledger, Kind.REVEAL_BID, OTHER, subject=number, amount=5, count=SALT).status == Status.WRONG_REVEAL


def test_a_commitment_differs_with_the_name_the_auction_the_bid_and_the_salt():
    ledger = hall()
    words = {word(ledger, a, n, b, s) for a in (1, 2) for n in (0, 1) for b in (0, 1, MAX_PRICE) for s in (-1, 0, 2**63 - 1)}
    assert len(words) == 36
    assert all(0 <= one < 2**63 for one in words)


def test_an_account_has_one_bid_at_a_time_and_a_new_one_once_the_auction_is_over():
    ledger = hall()
    first, second = opened(ledger), opened(ledger)
    done(ledger, Kind.COMMIT_BID, PROVIDER, subject=first, count=1)
    for number in (first, second):
        assert call(ledger, Kind.COMMIT_BID, PROVIDER, subject=number, count=1).status != Status.OK
    wait(ledger, 8)
    assert ledger.book.bids[PROVIDER].phase == Sealed.NONE
    third = opened(ledger)
    done(ledger, Kind.COMMIT_BID, PROVIDER, subject=third, count=1)


def test_several_auctions_end_in_one_block_and_each_pays_its_own():
    ledger = hall(base_fee=0)
    for reserve in (400, 900):
        ledger.submit(Kind.OPEN_AUCTION, CLIENT, amount=reserve)
    first, second = (receipt.subject for receipt in ledger.seal())
    for address, number, bid in ((PROVIDER, first, 350), (OTHER, second, 800), (RIVAL, second, 900)):
        ledger.submit(Kind.COMMIT_BID, address, subject=number, count=word(ledger, address, number, bid))
    ledger.seal()
    wait(ledger, 2)
    for address, number, bid in ((PROVIDER, first, 350), (OTHER, second, 800), (RIVAL, second, 900)):
        done(ledger, Kind.REVEAL_BID, address, subject=number, amount=bid, count=SALT)
    assert balances(ledger, CLIENT, *BIDDERS) == [RICH - 350 - 800, RICH + 350, RICH + 800, RICH]


def test_entry_points_cost_their_fees():
    ledger = hall()
    receipt = done(ledger, Kind.OPEN_AUCTION, CLIENT, amount=0, tip=1)
    assert receipt.fee == fee_of(Kind.OPEN_AUCTION, 1) == RICH - ledger.balance(CLIENT)


@pytest.mark.parametrize("second_price", [0, 1])
def test_long_random_sequences_agree_with_the_slow_plain_auctions_after_every_block(second_price):
    plain: dict[int, PlainAuctions] = {}
    tally: dict[tuple[int, str], int] = {}

    def watch(view, tx):
        world, accounts = int(view.head[0].world), view.accounts
        if world not in plain:
            terms = {name: int(view.terms[0][name]) for name in ("second_price", "deposit", "commit_window", "reveal_window")}
            money = {k: int(accounts[k].balance) for k in range(9)}
            plain[world] = PlainAuctions(money, terms, view.auctions.size)
        slow = plain[world]
        if tx is not None:
            slow.waiting = {(int(one.sender), int(one.nonce)): one.copy() for one in tx}
            return
        slow.height = int(view.head[0].height)
        for k in range(int(view.head[0].receipts)):
            receipt = view.receipts[k]
            status = slow.call(slow.waiting.pop((int(receipt.sender), int(receipt.nonce))))
            assert status == Status(receipt.status).name, receipt
            tally[int(receipt.kind), status] = tally.get((int(receipt.kind), status), 0) + 1
        assert slow.waiting == {}
        slow.end_block()
        assert {k: int(accounts[k].balance) for k in range(9)} == slow.money
        assert int(view.head[0].burned) == slow.burned
        assert int(view.terms[0].opened) == slow.number

    crowd(4, blocks=400, seed=second_price, watch=watch)
    assert sum(tally.values()) > 10_000
    kinds = (Kind.OPEN_AUCTION, Kind.COMMIT_BID, Kind.REVEAL_BID)
    assert min(tally[kind, "OK"] for kind in kinds) > 100
    assert {status for kind, status in tally if kind in kinds} >= {
        "BAD_AMOUNT", "INSUFFICIENT_BALANCE", "BAD_COMMITMENT", "NO_SUCH_AUCTION", "OWN_AUCTION", "COMMITS_CLOSED", "BID_STANDS",
        "NO_BID", "ALREADY_REVEALED", "REVEALS_NOT_OPEN", "AUCTIONS_FULL",
    }  # fmt: skip


def sequence() -> str:
    """The digest of a crowd."""
    return hashlib.sha256(digest(crowd(3)).encode()).hexdigest()


PROGRAM = "from tests.chain.test_sealed_auction import sequence; from chain.rule import MODE; print(MODE, sequence())"


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(PROGRAM, NUMBA_DISABLE_JIT="1").split(), python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(PROGRAM, NUMBA_BOUNDSCHECK="1").split()
    assert checked == ["checked", sequence()]


@pytest.mark.parametrize("seed", range(3))
def test_permuting_the_rows_of_accounts_changes_no_outcome(seed):
    rows = np.random.default_rng(seed).permutation(11)
    plain, permuted = crowd(3), crowd(3, rows=rows)
    for field in ("accounts", "bids"):
        assert getattr(plain, field).tolist() == getattr(permuted, field)[:, rows].tolist()
    assert plain.head["burned"].tolist() == permuted.head["burned"].tolist()
    assert digest(plain) != digest(permuted)
