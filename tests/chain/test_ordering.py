"""Who comes first by tip: the higher one, then who waited longer, then the earlier drawn arrival; a sender's own by nonce."""

import numpy as np
import pytest
from scipy import stats

from chain.deployments import token
from chain.genesis import found
from chain.layout import ACCOUNT, HEAD, NO_LIMIT, NOBODY, RECEIPT, TRANSACTION, Kind, Ordering, records
from chain.mempool import reserve
from chain.ordering import line_up
from chain.rule import world
from chain.sorting import scratch_for
from tests.chain.markets import fee_of, purse

FALSE_ALARM = 1e-6
BASE_FEE = 5


def is_payable(tx):
    return 0 <= tx.tip <= 2**40 and tx.tip <= tx.max_fee


def reference(pool, ordering, base_fee):
    """Slots in order of execution, in plain Python: of those that do not wait, places by what the ordering compares, filled by
    nonce."""
    queues, tips = {}, {}
    for slot in sorted(range(pool.size), key=lambda s: int(pool[s].nonce)):
        queues.setdefault(int(pool[slot].sender), []).append(slot)
    for sender, queue in queues.items():
        least = 2**63
        for k, slot in enumerate(queue):
            tx = pool[slot]
            if (ordering == Ordering.BUILDER and tx.rank < 0) or (tx.max_fee < base_fee and is_payable(tx) and tx.nonce >= 0):
                queues[sender] = queue[:k]
                break
            least = tips[slot] = min(least, int(tx.tip), max(int(tx.max_fee), -1) - base_fee)

    def place(slot):
        tx = pool[slot]
        first = {Ordering.TIP: -tips[slot], Ordering.BUILDER: int(tx.rank)}.get(ordering, 0)
        return first, int(tx.since), int(tx.arrival)

    places = sorted(sorted(tips), key=place)
    return [queues[int(pool[slot].sender)].pop(0) for slot in places]


def ordered(pool, accounts, ordering=Ordering.TIP, base_fee=0, scratch=None):
    """The same from the rules, on a mempool in which no sender has a nonce twice."""
    head, receipts = records(HEAD, 1), records(RECEIPT, pool.size)
    head[0].pending = head[0].capacity = pool.size
    head[0].ordering, head[0].base_fee = ordering, base_fee
    scratch = scratch or scratch_for(pool.size, accounts)
    table = records(ACCOUNT, accounts)
    np.add.at(table["pending"], pool["sender"], 1)
    count = line_up(head, table, pool, receipts, scratch)
    assert (scratch.first == NOBODY).all(), "queues are empty then"
    assert (head[0].receipts, head[0].pending) == (0, pool.size)
    return scratch.places[:count].tolist()


def random_pool(rng, size, accounts):
    """A pool of one of many shapes: few or many tips, arrivals that cluster, nonces in turn, shuffled or
    negative; many or few that wait."""
    pool = records(TRANSACTION, size)
    pool["kind"] = 1
    pool["sender"] = rng.integers(0, accounts, size)
    pool["tip"] = rng.choice([0, 1, 2, 1_000, 2**40, 2**63 - 1, -1, -(2**63)][: rng.integers(1, 9)], size)
    spread = int(rng.choice([1, 3, 2**20, 2**63 - 1]))
    pool["arrival"] = rng.integers(0, spread, size, endpoint=spread < 2**63 - 1)
    if rng.random() < 0.5:
        pool["arrival"] = rng.integers(0, 2**63 - 1, size, endpoint=True)
    top = max(size, 1)
    pool["arrival"] = np.minimum(pool["arrival"], 2**63 - 1 - top) // top * top + rng.permutation(size)  # no two are equal
    pool["nonce"] = np.arange(size) if rng.random() < 0.5 else rng.permutation(size) - size // 2
    pool["since"] = rng.integers(0, rng.choice([1, 2, 5]), size)
    pool["rank"] = rng.integers(-1 if rng.random() < 0.5 else 0, rng.choice([1, 3, 2**40]), size)
    limits = [NO_LIMIT, NO_LIMIT, 2**63 - 1, 2**40, BASE_FEE + 1, BASE_FEE - 1, 0, -(2**63)]
    pool["max_fee"] = rng.choice(limits[: rng.integers(1, 9)], size)
    return pool


@pytest.mark.parametrize("ordering", [Ordering.TIP, Ordering.ARRIVAL, Ordering.BUILDER])
def test_the_order_equals_a_plain_reference_on_hundreds_of_pools(ordering):
    rng, waiting = np.random.default_rng(1), 0
    for size in [*range(30), *rng.integers(0, 601, 150), 600]:
        accounts = int(rng.choice([1, 2, 10, 700]))
        pool = random_pool(rng, int(size), accounts)
        expected = reference(pool, ordering, BASE_FEE)
        assert ordered(pool, accounts, ordering, BASE_FEE) == expected, size
        waiting += 0 < len(expected) < size
    assert waiting > 10


def test_working_memory_serves_one_pool_after_another():
    rng = np.random.default_rng(2)
    scratch = scratch_for(600, 50)
    for _ in range(100):
        pool = random_pool(rng, int(rng.integers(0, 601)), 50)
        assert ordered(pool, 50, scratch=scratch) == reference(pool, Ordering.TIP, 0)


def executed(ledger):
    return [(receipt.sender, receipt.nonce) for receipt in ledger.seal()]


def test_a_higher_tip_goes_first():
    ledger = purse([10**6] * 4)
    for sender, tip in ((0, 2), (1, 9), (2, 0), (3, 5)):
        ledger.submit(Kind.TRANSFER, sender, to=0, tip=tip)
    assert executed(ledger) == [(1, 0), (3, 0), (0, 0), (2, 0)]


def test_of_equal_tips_the_one_that_its_limit_cuts_goes_last():
    for cut in range(4):
        ledger = purse([10**6] * 4, base_fee=10)
        for sender in range(4):
            ledger.submit(Kind.TRANSFER, sender, to=0, tip=5, max_fee=14 if sender == cut else 15 + sender)
        assert executed(ledger)[-1] == (cut, 0)


def test_nobody_overtakes_itself_whatever_it_tips_and_in_whatever_order_it_submits():
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        ledger = purse([10**6] * 2)
        for nonce in order:
            ledger.submit(Kind.TRANSFER, 0, to=1, nonce=nonce, tip=(1, 5, 9)[nonce])
        ledger.submit(Kind.TRANSFER, 1, to=0, tip=4)
        assert executed(ledger) == [(1, 0), (0, 0), (0, 1), (0, 2)]


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
