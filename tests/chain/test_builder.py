"""What waits, and four ways to order a block: by tip, by arrival, at random, or as its builder likes."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from chain.deployments import token
from chain.genesis import found
from chain.layout import NO_LIMIT, Kind, Ordering
from chain.mempool import reserve
from chain.rule import world
from chain.status import Status
from tests.chain.markets import head, purse

FALSE_ALARM = 1e-6


def rank(ledger, ranks):
    """Let the builder rank what waits, by (sender, nonce)."""
    for tx in ledger.book.pool[: head(ledger).pending]:
        tx.rank = ranks[int(tx.sender), int(tx.nonce)]


def executed(ledger):
    receipts = ledger.seal()
    ledger.check()
    return [(receipt.sender, receipt.nonce) for receipt in receipts]


def waiting(ledger):
    return sorted((int(tx.sender), int(tx.nonce)) for tx in ledger.book.pool[: head(ledger).pending])


def test_a_limit_below_the_base_fee_waits_until_the_base_fee_has_fallen():
    ledger = purse([0, 10**6], base_fee=100, fee_quotient=8, gas_limit=4 * 21)
    ledger.submit(Kind.TRANSFER, 1, tip=5, max_fee=80)
    for base_fee in (88, 77):
        assert ledger.seal() == []
        assert head(ledger).base_fee == base_fee
        assert waiting(ledger) == [(1, 0)]
    (receipt,) = ledger.seal()
    assert (receipt.status, receipt.fee, receipt.height) == (Status.OK, 21 * 80, 3)
    assert ledger.balance(0) == 21 * 3, "of a tip of 5 the limit leaves 80 - 77"


@pytest.mark.parametrize(("tip", "max_fee", "paid"), [(4, 20, 14), (4, 14, 14), (4, 13, 13), (4, 10, 10), (0, 10, 10)])
def test_the_tip_is_what_the_limit_leaves_above_the_base_fee(tip, max_fee, paid):
    ledger = purse([0, 10**6], base_fee=10)
    ledger.submit(Kind.TRANSFER, 1, tip=tip, max_fee=max_fee)
    (receipt,) = ledger.seal()
    assert receipt.fee == 21 * paid
    assert (ledger.balance(0), ledger.balance(1)) == (21 * (paid - 10), 10**6 - 21 * paid)
    assert head(ledger).fees_burned == 210


@pytest.mark.parametrize(("tip", "max_fee"), [(4, 3), (4, -1), (0, -1), (0, -(2**63)), (11, 10)])
def test_a_limit_below_the_tip_is_refused_and_does_not_wait(tip, max_fee):
    ledger = purse([0, 10**6], base_fee=10)
    ledger.submit(Kind.TRANSFER, 1, tip=tip, max_fee=max_fee)
    assert [(receipt.status, receipt.fee) for receipt in ledger.seal()] == [(Status.BAD_MAX_FEE, 0)]
    assert ledger.balance(1) == 10**6


def test_whatever_a_sender_signed_after_one_that_waits_waits_with_it():
    ledger = purse([10**6] * 2, base_fee=10)
    for nonce, max_fee in ((0, 10), (1, 9), (2, NO_LIMIT)):
        ledger.submit(Kind.TRANSFER, 0, nonce=nonce, max_fee=max_fee)
    ledger.submit(Kind.TRANSFER, 1)
    assert sorted(executed(ledger)) == [(0, 0), (1, 0)]
    assert waiting(ledger) == [(0, 1), (0, 2)]


def test_a_nonce_that_is_used_up_waits_for_no_lower_fee_and_keeps_nobody_waiting():
    ledger = purse([10**6] * 2, base_fee=10)
    ledger.submit(Kind.TRANSFER, 0)
    ledger.seal()
    ledger.submit(Kind.TRANSFER, 0, nonce=0, max_fee=9)
    ledger.submit(Kind.TRANSFER, 0, nonce=1)
    assert [(receipt.nonce, receipt.status.name) for receipt in ledger.seal()] == [(0, "BAD_NONCE"), (1, "OK")]


def test_by_tip_what_the_limit_leaves_counts():
    ledger = purse([10**6] * 3, base_fee=10)
    for sender, tip, max_fee in ((0, 9, 11), (1, 2, NO_LIMIT), (2, 5, 15)):
        ledger.submit(Kind.TRANSFER, sender, tip=tip, max_fee=max_fee)
    assert executed(ledger) == [(2, 0), (1, 0), (0, 0)]


def test_by_tip_who_waited_longer_goes_first_among_equals():
    for seed in range(8):
        ledger = purse([10**6] * 3, gas_limit=21, seed=seed)
        ledger.submit(Kind.TRANSFER, 0)
        ledger.submit(Kind.TRANSFER, 1)
        ((second, _),) = set(waiting(ledger)) - set(executed(ledger))
        ledger.submit(Kind.TRANSFER, 2)
        assert executed(ledger) == [(second, 0)]


def test_by_arrival_no_tip_buys_a_place_and_who_came_earlier_goes_first():
    ledger = purse([10**6] * 6, ordering=Ordering.ARRIVAL, gas_limit=3 * 21)
    for sender in range(5):
        ledger.submit(Kind.TRANSFER, sender)
    first = executed(ledger)
    ledger.submit(Kind.TRANSFER, 5, tip=1_000)
    assert set(first + executed(ledger)[:2]) == {(sender, 0) for sender in range(5)}


def line(ordering, order, seed=0, rows=None, ranks=None):
    """The names in order of execution, of six that submitted in some order within one tick."""
    rows = list(range(6)) if rows is None else rows
    ledger = purse([10**6] * 6, ordering=ordering, seed=seed, rows=rows)
    for name in order:
        ledger.submit(Kind.TRANSFER, rows[name], tip=name % 2)
    for tx in ledger.book.pool[:6]:
        tx.rank = (ranks or [0] * 6)[rows.index(tx.sender)]
    return [rows.index(sender) for sender, _ in executed(ledger)]


@pytest.mark.parametrize("ordering", Ordering)
def test_within_a_tick_neither_the_order_of_submission_nor_the_row_matters(ordering):
    rng = np.random.default_rng(5)
    plain = line(ordering, range(6))
    assert plain != sorted(plain) or ordering == Ordering.BUILDER
    for _ in range(8):
        assert line(ordering, rng.permutation(6)) == plain
        assert line(ordering, range(6), rows=rng.permutation(6).tolist()) == plain
    assert len({tuple(line(ordering, range(6), seed)) for seed in range(20)}) > 10, "luck decides"


def test_a_builder_puts_whom_it_likes_first():
    assert line(Ordering.BUILDER, range(6), ranks=[5, 3, 4, 0, 1, 2]) == [3, 4, 5, 1, 2, 0]
    assert line(Ordering.BUILDER, range(6), ranks=[2**62, 0, 1, 2, 3, 4]) == [1, 2, 3, 4, 5, 0]


def test_equal_ranks_stand_as_by_arrival():
    assert line(Ordering.BUILDER, range(6)) == line(Ordering.ARRIVAL, range(6))


def test_a_builder_never_puts_a_sender_before_itself():
    for ranks in permutations(range(3)):
        ledger = purse([10**6] * 2, ordering=Ordering.BUILDER)
        for _ in range(2):
            ledger.submit(Kind.TRANSFER, 0)
        ledger.submit(Kind.TRANSFER, 1)
        rank(ledger, dict(zip([(0, 0), (0, 1), (1, 0)], ranks, strict=True)))
        done = executed(ledger)
        assert done.index((0, 0)) < done.index((0, 1))
        assert done.index((1, 0)) == ranks[2]


def test_what_a_builder_leaves_out_waits_with_all_that_its_sender_signed_later():
    ledger = purse([10**6] * 2, ordering=Ordering.BUILDER)
    for sender in (0, 0, 0, 1):
        ledger.submit(Kind.TRANSFER, sender)
    rank(ledger, {(0, 0): 0, (0, 1): -1, (0, 2): 0, (1, 0): 1})
    assert executed(ledger) == [(0, 0), (1, 0)]
    assert waiting(ledger) == [(0, 1), (0, 2)]
    rank(ledger, {(0, 1): -5, (0, 2): 0})
    assert executed(ledger) == []
    rank(ledger, {(0, 1): 3, (0, 2): 3})
    assert executed(ledger) == [(0, 1), (0, 2)]


def test_ranks_mean_nothing_to_other_orderings():
    ledger = purse([10**6] * 2)
    ledger.submit(Kind.TRANSFER, 0, tip=1)
    ledger.submit(Kind.TRANSFER, 1, tip=2)
    rank(ledger, {(0, 0): 0, (1, 0): -1})
    assert executed(ledger) == [(1, 0), (0, 0)]


def blocks_of_one(ordering, worlds, senders, waited):
    """Per world: who is served in block `waited` of blocks with room for one, when all submitted in the first tick."""
    book = token.blank(worlds, senders, senders)
    found(book, seeds=3, worlds=np.arange(worlds), balances=[0] * senders, gas_limit=21, ordering=ordering)
    for w in range(worlds):
        view = world(book, w)
        for sender in range(senders):
            reserve(view.head, view.accounts, view.pool, Kind.TRANSFER, sender, 0)
    for _ in range(waited + 1):
        token.advance(book, 0, worlds)
    return book.receipts["sender"][:, 0]


@pytest.mark.parametrize("waited", [0, 2])
def test_at_random_everybody_is_first_equally_often(waited):
    served = np.bincount(blocks_of_one(Ordering.RANDOM, 4_000, 8, waited), minlength=8)
    assert stats.chisquare(served).pvalue > FALSE_ALARM


def test_at_random_the_order_is_drawn_anew_for_every_block():
    by_arrival = [blocks_of_one(Ordering.ARRIVAL, 2_000, 8, k) for k in range(2)]
    at_random = [blocks_of_one(Ordering.RANDOM, 2_000, 8, k) for k in range(2)]
    assert np.array_equal(by_arrival[0], at_random[0]), "one draw keys both in the first block"
    agree = (by_arrival[1] == at_random[1]).sum()
    assert stats.binomtest(int(agree), 2_000, 1 / 7).pvalue > FALSE_ALARM, "what follows is independent of it"
