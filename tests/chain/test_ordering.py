"""Who comes first: the higher tip, then the earlier drawn arrival; a sender's own transactions by nonce."""

import numpy as np
import pytest
from scipy import stats

from chain.deployments import token
from chain.genesis import found
from chain.layout import HEAD, NOBODY, TRANSACTION, Kind, records
from chain.mempool import reserve
from chain.ordering import line_up
from chain.rule import world
from chain.sorting import scratch_for
from tests.chain.markets import fee_of, purse

FALSE_ALARM = 1e-6


def reference(pool):
    """Slots in order of execution, in plain Python: places by the least tip so far and arrival, filled by nonce."""
    rows = [(int(tx.tip), int(tx.arrival), int(tx.sender), int(tx.nonce)) for tx in pool]
    queues = {}
    for slot in sorted(range(len(rows)), key=lambda s: rows[s][3]):
        queues.setdefault(rows[slot][2], []).append(slot)
    tips = {}
    for queue in queues.values():
        least = 2**63
        for slot in queue:
            least = tips[slot] = min(least, rows[slot][0])
    places = sorted(range(len(rows)), key=lambda s: (-tips[s], rows[s][1]))
    return [queues[rows[slot][2]].pop(0) for slot in places]


def ordered(pool, accounts, scratch=None):
    """The same from the rules."""
    head = records(HEAD, 1)
    head[0].pending = pool.size
    scratch = scratch or scratch_for(pool.size, accounts)
    count = line_up(head, pool, scratch)
    assert (scratch.first == NOBODY).all(), "queues are empty then"
    return scratch.places[:count].tolist()


def random_pool(rng, size, accounts):
    """A pool of one of many shapes: few or many tips, arrivals that cluster or tie, nonces in turn, shuffled or doubled."""
    pool = records(TRANSACTION, size)
    pool["kind"] = 1
    pool["sender"] = rng.integers(0, accounts, size)
    pool["tip"] = rng.choice([0, 1, 2, 1_000, 2**40, 2**63 - 1, -1, -(2**63)][: rng.integers(1, 9)], size)
    spread = int(rng.choice([1, 3, 2**20, 2**63 - 1]))
    pool["arrival"] = rng.integers(0, spread, size, endpoint=spread < 2**63 - 1)
    if rng.random() < 0.5:
        pool["arrival"] = rng.integers(0, 2**63 - 1, size, endpoint=True)
    pool["nonce"] = np.arange(size)
    shape = rng.integers(3)
    if shape == 1:
        pool["nonce"] = rng.permutation(size)
    elif shape == 2:
        pool["nonce"] = rng.integers(-3, 4, size)
    return pool


def test_the_order_equals_a_plain_reference_on_hundreds_of_pools():
    rng = np.random.default_rng(1)
    for size in [*range(30), *rng.integers(0, 601, 300), 600]:
        accounts = int(rng.choice([1, 2, 10, 700]))
        pool = random_pool(rng, int(size), accounts)
        assert ordered(pool, accounts) == reference(pool), size


def test_working_memory_serves_one_pool_after_another():
    rng = np.random.default_rng(2)
    scratch = scratch_for(600, 50)
    for _ in range(100):
        pool = random_pool(rng, int(rng.integers(0, 601)), 50)
        assert ordered(pool, 50, scratch) == reference(pool)


def executed(ledger):
    return [(receipt.sender, receipt.nonce) for receipt in ledger.seal()]


def test_a_higher_tip_goes_first():
    ledger = purse([10**6] * 4)
    for sender, tip in ((0, 2), (1, 9), (2, 0), (3, 5)):
        ledger.submit(Kind.TRANSFER, sender, to=0, tip=tip)
    assert executed(ledger) == [(1, 0), (3, 0), (0, 0), (2, 0)]


def test_nobody_overtakes_itself_whatever_it_tips_and_in_whatever_order_it_submits():
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        ledger = purse([10**6] * 2)
        for nonce in order:
            ledger.submit(Kind.TRANSFER, 0, to=1, nonce=nonce, tip=(1, 5, 9)[nonce])
        ledger.submit(Kind.TRANSFER, 1, to=0, tip=4)
        assert executed(ledger) == [(1, 0), (0, 0), (0, 1), (0, 2)]


def test_of_two_transactions_with_one_nonce_the_first_submitted_is_executed():
    ledger = purse([1_000, 0])
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=1, nonce=0)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=100, nonce=0, tip=3)
    assert [receipt.status.name for receipt in ledger.seal()] == ["OK", "BAD_NONCE"]
    assert (ledger.balance(0), ledger.balance(1)) == (1_000 - 1, 1)


def crowd(worlds, senders, gas_limit, rows=None, seed=5):
    """A batch of token ledgers in which as many accounts, names 0 and up, submit one equal transaction each."""
    book = token.blank(worlds, senders, senders)
    settings = {"gas_limit": gas_limit, "rows": rows, "balances": [0] * senders}
    found(book, seeds=seed, worlds=np.arange(worlds), **settings)
    rows = np.arange(senders) if rows is None else rows
    for w in range(worlds):
        view = world(book, w)
        for row in rows:
            reserve(view.head, view.accounts, view.pool, Kind.TRANSFER, int(row), 0)
    return book


def served_by_name(book):
    """Per world and name, whether it was served."""
    token.advance(book, 0, book.head.shape[0])
    served = np.zeros(book.accounts.shape, bool)
    w = np.arange(book.head.shape[0])[:, None]
    served[w, book.accounts["name"]] = book.accounts["nonce"] > 0
    return served


def fair_pvalue(served):
    """Chi-squared for k of n drawn without replacement in every row, n - 1 degrees of freedom."""
    rounds, n = served.shape
    share = served.sum() / served.size
    surplus = served.sum(axis=0) - rounds * share
    return stats.chi2.sf((n - 1) / n * (surplus**2).sum() / (rounds * share * (1 - share)), n - 1)


@pytest.mark.parametrize(("k", "n"), [(1, 8), (5, 20), (19, 20)])
def test_with_equal_tips_every_account_is_served_equally_often(k, n):
    served = served_by_name(crowd(3_000, n, gas_limit=k * fee_of(Kind.TRANSFER, base_fee=1)))
    assert (served.sum(axis=1) == k).all()
    assert fair_pvalue(served) > FALSE_ALARM


def test_the_fairness_test_sees_row_order():
    served = np.random.default_rng(1).random((3_000, 8)).argsort(axis=1) < 2
    assert fair_pvalue(served) > FALSE_ALARM
    served[:150] = [1, 1, 0, 0, 0, 0, 0, 0]
    assert fair_pvalue(served) < FALSE_ALARM


def test_who_is_served_does_not_depend_on_the_row_of_its_account():
    gas_limit = 3 * fee_of(Kind.TRANSFER, base_fee=1)
    rows = np.random.default_rng(3).permutation(12)
    plain, permuted = (served_by_name(crowd(200, 12, gas_limit, rows=r)) for r in (None, rows))
    assert np.array_equal(plain, permuted)
    assert np.unique(plain, axis=0).shape[0] > 50


def test_luck_is_drawn_anew_in_every_tick():
    ledger = purse([0] * 20, gas_limit=20 * 21)
    firsts = set()
    for _ in range(20):
        for sender in range(20):
            ledger.submit(Kind.TRANSFER, sender, to=0)
        firsts.add(executed(ledger)[0][0])
    assert len(firsts) > 5


def bait(tip, nonce=None):
    """Who goes first: 1, who tips 5, or 0, who tips nothing but adds a transaction that is never charged."""
    ledger = purse([21 * 100, 10**6])
    ledger.submit(Kind.TRANSFER, 1, to=0, tip=5)
    ledger.submit(Kind.TRANSFER, 0, to=1, tip=0)
    ledger.submit(Kind.TRANSFER, 0, to=1, tip=tip, nonce=nonce)
    receipts = ledger.seal()
    if any(receipt.fee for receipt in receipts if receipt.sender == 0):
        raise ValueError("the bait was paid for")
    return receipts[0].sender


@pytest.mark.parametrize(("tip", "nonce"), [(2**63 - 1, None), (2**40, None), (6, 7)])
def test_a_tip_that_is_never_paid_buys_no_place(tip, nonce):
    assert bait(tip, nonce) == 1
