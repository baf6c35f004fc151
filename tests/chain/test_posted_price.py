"""Posted prices: who posts sells at that price from then on; consumers choose by logit demand and pay at once."""

import hashlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chain.contracts.posted_price import MASS
from chain.deployments import posted_price
from chain.digest import digest
from chain.errors import InputError
from chain.genesis import found
from chain.invariants import _posted, check, violations
from chain.layout import MAX_PRICE, NO_DEADLINE, TRANSACTION, Kind, records
from chain.ledger import Ledger
from chain.mempool import submit
from chain.rule import world
from chain.status import Status
from tests.chain.markets import OTHER, PROVIDER, RICH, RIVAL, SHOP_TERMS, balances, call, done, fee_of, head, python, shop

COST, MU, QUALITY = SHOP_TERMS["cost"], SHOP_TERMS["mu"], SHOP_TERMS["quality"]


def free(**given: Any) -> Ledger:
    """A market without fees."""
    return shop(base_fee=0, **given)


def expected(prices, outside=0):
    """Quantities by the formula, in millionths, not rounded."""
    weights = [math.exp((QUALITY - price) / MU) for price in prices]
    return [MASS * weight / (sum(weights) + math.exp(outside / MU)) for weight in weights]


def quantity(ledger, address):
    seller = ledger.book.sellers[address]
    return int(seller.demand * seller.served)


def test_a_posted_price_sells_in_its_own_block_and_in_every_later_one():
    ledger = free()
    start = balances(ledger)
    done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_500)
    (share,) = expected([1_500])
    assert quantity(ledger, PROVIDER) == int(share)
    paid, cost = 1_500 * int(share) // MASS, COST * int(share) // MASS
    for blocks in (1, 2, 3):
        assert ledger.balance(PROVIDER) == start[PROVIDER] + blocks * (paid - cost)
        assert ledger.balance(OTHER) == start[OTHER] - blocks * paid
        assert head(ledger).burned == blocks * cost
        ledger.seal()
    ledger.check()


def test_of_two_sellers_each_gets_its_logit_share():
    ledger = free()
    for address, price in ((PROVIDER, 1_400), (RIVAL, 1_700)):
        ledger.submit(Kind.POST_PRICE, address, amount=price)
    ledger.seal()
    assert [quantity(ledger, a) for a in (PROVIDER, RIVAL)] == [int(q) for q in expected([1_400, 1_700])]


def test_a_better_outside_leaves_less_for_the_sellers():
    ledger = free(outside=800)
    done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_500)
    assert quantity(ledger, PROVIDER) == int(expected([1_500], outside=800)[0])


def test_a_new_price_replaces_the_old_one():
    ledger = free()
    done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_200)
    before = quantity(ledger, PROVIDER)
    done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_800)
    assert ledger.book.terms[0].listed == 1
    assert quantity(ledger, PROVIDER) == int(expected([1_800])[0]) < before


def test_a_price_at_the_end_of_the_range_sells_nothing_and_takes_nothing_from_the_others():
    ledger = free(mu=1)
    for address, price in ((PROVIDER, MAX_PRICE), (RIVAL, 0)):
        ledger.submit(Kind.POST_PRICE, address, amount=price)
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK] * 2
    assert [quantity(ledger, a) for a in (PROVIDER, RIVAL)] == [0, MASS]
    assert ledger.balance(RIVAL) == RICH - COST
    assert call(ledger, Kind.POST_PRICE, PROVIDER, amount=MAX_PRICE + 1).status == Status.BAD_AMOUNT


def test_the_consumers_can_not_sell_to_themselves():
    ledger = free()
    assert call(ledger, Kind.POST_PRICE, OTHER, amount=1_500).status == Status.OWN_OFFER
    assert ledger.book.terms[0].listed == 0
    assert ledger.balance(OTHER) == RICH


def test_a_seller_that_can_just_pay_its_cost_sells_and_one_with_less_does_not():
    cost = COST * int(expected([1_500])[0]) // MASS
    for money, sells in ((cost, True), (cost - 1, False)):
        ledger = free(balances=(0, RICH, money, RICH, RICH))
        done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_500)
        assert (quantity(ledger, PROVIDER) > 0) == sells
        assert (ledger.balance(PROVIDER) > money) == sells
        assert (ledger.balance(OTHER) < RICH) == sells


def test_the_buyers_of_a_seller_without_means_go_home():
    ledger = free(balances=(0, RICH, 0, RICH, RICH))
    for address in (PROVIDER, RIVAL):
        ledger.submit(Kind.POST_PRICE, address, amount=1_500)
    ledger.seal()
    share = int(expected([1_500, 1_500])[1])
    assert [quantity(ledger, a) for a in (PROVIDER, RIVAL)] == [0, share]
    assert ledger.book.sellers[PROVIDER].demand == share


def test_consumers_who_can_just_pay_buy_and_with_one_less_buy_nothing():
    paid = 2 * (1_500 * int(expected([1_500, 1_500])[0]) // MASS)
    for money, sold in ((paid, True), (paid - 1, False)):
        ledger = free(balances=(0, RICH, RICH, money, RICH))
        for address in (PROVIDER, RIVAL):
            ledger.submit(Kind.POST_PRICE, address, amount=1_500)
        ledger.seal()
        assert ledger.balance(OTHER) == (0 if sold else money)
        assert [quantity(ledger, a) > 0 for a in (PROVIDER, RIVAL)] == [sold, sold]
        ledger.seal()
        assert [quantity(ledger, a) for a in (PROVIDER, RIVAL)] == [0, 0], "nothing is left to pay with"
        ledger.check()


@pytest.mark.parametrize("terms", [{"mu": 0}, {"consumers": -1}, {"consumers": 5}, {"consumers": 99}])
def test_without_tastes_or_consumers_nothing_is_sold(terms):
    ledger = free()
    for term, value in terms.items():
        ledger.book.terms[term] = value
    done(ledger, Kind.POST_PRICE, PROVIDER, amount=1_500)
    assert balances(ledger)[:5] == [0, RICH, RICH, RICH, RICH]


def test_a_post_costs_its_fee():
    ledger = shop()
    receipt = done(ledger, Kind.POST_PRICE, PROVIDER, amount=MAX_PRICE, tip=1)
    assert receipt.fee == fee_of(Kind.POST_PRICE, 1) == RICH - ledger.balance(PROVIDER)


def test_a_term_of_another_contract_is_refused_by_name():
    with pytest.raises(InputError, match="terms: 'services' given, allowed are quality, outside, mu, cost, consumers"):
        Ledger(balances=[1], deployment=posted_price, terms={"services": 1})


@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=4), st.integers(0, 3_000), st.integers(1, 2_000))
def test_quantities_are_the_formula_rounded_down(prices, outside, mu):
    """Within one millionth: weights are fixed-point numbers of 40 bits, at most 10^-12 off."""
    ledger = Ledger(
        balances=[RICH] * 5, deployment=posted_price, terms={"quality": 2_000, "outside": outside, "mu": mu, "consumers": 4}
    )
    for address, price in enumerate(prices):
        ledger.submit(Kind.POST_PRICE, address, amount=price)
    ledger.seal()
    utility = np.array([*(2_000 - price for price in prices), outside]) / mu
    weights = np.exp(utility - utility.max())
    exact = MASS * weights / weights.sum()
    sold = np.array([ledger.book.sellers[a].demand for a in range(len(prices))])
    assert (sold <= exact[:-1] + 1e-5).all()
    assert (sold > exact[:-1] - 1 - 1e-5).all()


class Shops(RuleBasedStateMachine):
    """Four accounts of little money, any of which may sell, and consumers who run dry; money is given back now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = shop(balances=(0, 4_000, 9_000, 30_000, 2_500), base_fee=0, gas_limit=200)

    def submit(self, kind: int, sender: int, **given: int) -> None:
        if self.ledger.book.head[0].pending < self.ledger.book.pool.size:
            self.ledger.submit(kind, sender, **given)

    @rule(
        sender=st.integers(1, 4), price=st.integers(0, 3_000) | st.sampled_from((-(2**63), -1, MAX_PRICE, 2**40 + 1, 2**63 - 1))
    )
    def post(self, sender: int, price: int) -> None:
        self.submit(Kind.POST_PRICE, sender, amount=price)

    @rule(sender=st.integers(1, 4), to=st.integers(-1, 7), amount=st.integers(0, 5_000))
    def transfer(self, sender: int, to: int, amount: int) -> None:
        self.submit(Kind.TRANSFER, sender, to=to, amount=amount)

    @rule(sender=st.integers(1, 4), amount=st.integers(0, 500))
    def register(self, sender: int, amount: int) -> None:
        self.submit(Kind.REGISTER, sender, amount=amount)

    @rule()
    def seal(self) -> None:
        before, burned = balances(self.ledger), head(self.ledger).burned
        self.ledger.seal()
        assert sum(before) - sum(balances(self.ledger)) == head(self.ledger).burned - burned >= 0, "only what is used up is gone"

    @invariant()
    def the_books_balance(self) -> None:
        self.ledger.check()


def test_a_market_of_posted_prices_that_hypothesis_plays_keeps_its_books():
    plan = settings(max_examples=60, stateful_step_count=50, deadline=None, database=None, derandomize=True)
    run_state_machine_as_test(Shops, settings=plan)


def crowd(worlds: int, *, rows: Any = None, blocks: int = 20, seed: int = 5) -> Any:
    """Worlds in which seven accounts post random prices, some wild, and some soon lack money; checked after every block."""
    book, rng = posted_price.blank(worlds, 8, 40), np.random.default_rng(seed)
    found(book, seeds=seed, worlds=np.arange(worlds), rows=rows, balances=[9_000, 500, 0, 20_000, 10**9, 10**9, 60_000])
    for term, value in (SHOP_TERMS | {"cost": 900}).items():
        book.terms[term] = value
    book.terms["consumers"] = book.identities["address"][:, 6, None]
    prices = np.array([-1, 0, 1, MAX_PRICE, MAX_PRICE + 1, 2**63 - 1])
    for _ in range(blocks):
        count = int(rng.integers(0, 12))
        request = records(TRANSACTION, worlds, count)
        name = rng.integers(0, 7, (worlds, count))
        sender = book.identities["address"][np.arange(worlds)[:, None], name]
        request["kind"], request["sender"], request["deadline"] = Kind.POST_PRICE, sender, NO_DEADLINE
        amount = np.where(
            rng.random(request.shape) < 0.9, rng.integers(500, 2_500, request.shape), rng.choice(prices, request.shape)
        )
        request["amount"] = amount
        earlier = np.tril(sender[:, :, None] == sender[:, None, :], -1).sum(axis=2)
        request["nonce"] = book.accounts["nonce"][np.arange(worlds)[:, None], sender] + earlier
        for w in range(worlds):
            view = world(book, w)
            assert submit(view.head, view.accounts, view.pool, request[w]) == Status.OK
        posted_price.advance(book, 0, worlds)
        check(book)
    return book


def sequence() -> str:
    """The digest of a crowd."""
    return hashlib.sha256(digest(crowd(4)).encode()).hexdigest()


PROGRAM = "from tests.chain.test_posted_price import sequence; from chain.rule import MODE; print(MODE, sequence())"


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(PROGRAM, NUMBA_DISABLE_JIT="1").split(), python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(PROGRAM, NUMBA_BOUNDSCHECK="1").split()
    assert checked == ["checked", sequence()]


def test_a_crowd_reaches_sellers_and_consumers_without_means():
    book = crowd(16)
    assert ((book.sellers["known"] == 1) & (book.sellers["served"] == 0) & (book.sellers["demand"] > 0)).any()
    assert (book.sellers["served"] == 1).any()


@pytest.mark.parametrize("seed", range(3))
def test_permuting_the_rows_of_accounts_changes_no_outcome(seed):
    rows = np.random.default_rng(seed).permutation(8)
    plain, permuted = crowd(3), crowd(3, rows=rows)
    for field in ("accounts", "sellers"):
        columns = [c for c in getattr(plain, field).dtype.names if c != "listed"]
        assert getattr(plain, field)[columns].tolist() == getattr(permuted, field)[:, rows][columns].tolist()
    assert plain.head["burned"].tolist() == permuted.head["burned"].tolist()
    assert digest(plain) != digest(permuted)


WRONG = {
    "every seller is listed once": ("terms", 0, "listed", 1),
    "no seller is listed twice": ("sellers", 0, "listed", None),
    "no demand is negative": ("sellers", 2, "demand", -(10**7)),
    "demand is at most the mass of consumers": ("sellers", 2, "demand", 10**7),
}
"""One number of a book in order, and what to add to it (None: make it that of row 1), so that the named check fails."""


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_number_is_found_and_named_with_its_world(name):
    book = crowd(3)
    assert violations(book) == []
    field, row, column, change = WRONG[name]
    record = getattr(book, field)[1, row]
    record[column] = book.sellers[1, 1].listed if change is None else record[column] + change
    assert f"{name}: broken in world 1" in violations(book)


def test_every_check_is_tried_here():
    assert {name for name, _ in _posted(crowd(2))} == set(WRONG)
