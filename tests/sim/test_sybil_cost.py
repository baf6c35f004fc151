"""What it costs to move a mean rating, known in closed form, and paid on the ledger to the last unit.

A provider has n honest ratings with mean m. To raise the mean by d takes k = ⌈n d / (10,000 - m - d)⌉ ratings of 10,000, to
lower it by d takes k = ⌈n d / (m - d)⌉ ratings of 0. Each rating takes a job: a hire, a delivery and an answer, with their gas.
The price of a job with oneself comes back, the price paid to a rival is lost. The stake behind a job comes back, but is locked
meanwhile.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import pytest

from chain.contracts.service_market import Outcome
from chain.fees import GAS
from chain.layout import Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.markets import call, done, stake_of, wait

BASE_FEE, REGISTRATION_FEE, PRICE, STAKE = 1_000, 5_000_000, 30_000_000, 20_000_000
RICH, ENOUGH = 10**12, 10**10
PROPOSER, HONEST, PROVIDER, ATTACKER = range(4)
HISTORIES = [[4_000] * 5, [10_000, 0, 7_000] * 4, [6_300, 5_700] * 20, [9_500, 8_500] * 8, [9_999, 1], [5_000]]
"""Honest ratings; the mean of the second is no whole number."""
SHIFTS = [1, 500, 2_500]


@dataclass(frozen=True)
class Way:
    """A way to leave ratings: whose provider it is, how a job is answered, and whether each comes from a new name."""

    praise: bool
    answer: Kind = Kind.ACCEPT
    new_names: bool = False

    @property
    def blocks(self) -> int:
        """Blocks of one job, each with one transaction."""
        return 4 if self.new_names else 3

    def ratings(self, n: int, mean: Fraction, shift: int) -> int:
        """How many it takes."""
        return ceil(n * shift / (10_000 - mean - shift if self.praise else mean - shift))

    def cost(self, ratings: int) -> int:
        """What they cost the attacker in all, µcoin: gas of its own transactions, prices lost, new names."""
        gas = GAS[Kind.HIRE] + GAS[self.answer] + GAS[Kind.DELIVER] * self.praise + GAS[Kind.REGISTER] * self.new_names
        return ratings * int(gas * BASE_FEE + PRICE * (not self.praise) + REGISTRATION_FEE * self.new_names)

    def capital(self, ratings: int, window: int) -> int:
        """Stake that must stand behind the jobs at a time: each locks its own until `window` blocks after its delivery."""
        return STAKE * min(ratings, 1 + (1 + window) // self.blocks)


WAYS = {
    "praise": Way(praise=True),
    "praise from new names": Way(praise=True, new_names=True),
    "smear": Way(praise=False),
    "smear by disputes": Way(praise=False, answer=Kind.DISPUTE),
    "smear from new names": Way(praise=False, new_names=True),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def market(history, *, bonded=ENOUGH, window=2):
    """A ledger with one provider, these honest ratings of it, and nothing locked."""
    terms = {"services": 1, "min_stake": STAKE, "reliability_bps": 10_000, "arbiter_bps": 10_000, "slash_bps": 10_000}
    terms |= {"delivery_window": 2, "dispute_window": window}
    fees = {"base_fee": BASE_FEE, "fee_quotient": 0, "registration_fee": REGISTRATION_FEE}
    ledger = Ledger(balances=[0, RICH, RICH, RICH], spare=100, terms=terms, **fees)
    done(ledger, Kind.BOND, PROVIDER, amount=bonded)
    done(ledger, Kind.POST, PROVIDER, subject=0, amount=PRICE, stake=STAKE, count=1)
    for rating in history:
        rate(ledger, HONEST, rating)
        wait(ledger, window)
    assert stake_of(ledger, PROVIDER)["locked"] == 0
    return ledger


def rate(ledger, client, rating, answer=Kind.ACCEPT):
    """One job with full effort, and the rating left for it."""
    job = done(ledger, Kind.HIRE, client, to=PROVIDER, subject=0, amount=PRICE).subject
    done(ledger, Kind.DELIVER, PROVIDER, subject=job, bps=10_000)
    done(ledger, answer, client, subject=job, bps=rating)
    assert ledger.job(job)["outcome"] == (Outcome.ACCEPTED if answer == Kind.ACCEPT else Outcome.REJECTED)


def attack(ledger, way):
    """Leave one rating."""
    client = ATTACKER
    if way.new_names:
        client = int(ledger.book.head[0].registered)
        own = PRICE + int(GAS[Kind.HIRE] + GAS[way.answer]) * BASE_FEE
        done(ledger, Kind.REGISTER, ATTACKER, amount=own)
    rate(ledger, client, 10_000 if way.praise else 0, way.answer)


def mean(ledger):
    """The provider's exact mean rating."""
    row = ledger.book.reputation[PROVIDER]
    return Fraction(int(row.points), int(row.weight))


def wealth(ledger, way):
    """All money of the attacker, stake included: with praise, the provider is its own."""
    owner, book = ledger.book.accounts["owner"], ledger.book
    own = (owner == ATTACKER) | ((owner == PROVIDER) & way.praise)
    return int((book.accounts["balance"] + book.stakes["bonded"] + book.stakes["unbonding"])[own].sum())


@every_way
@pytest.mark.parametrize("history", HISTORIES, ids=lambda h: f"{len(h)} ratings")
def test_a_mean_rating_moves_after_as_many_ratings_as_computed_and_costs_what_was_computed(way, history):
    before, up = Fraction(sum(history), len(history)), 1 if way.praise else -1
    reachable = [shift for shift in SHIFTS if shift < (10_000 - before if way.praise else before)]
    for shift in reachable:
        ledger, k = market(history), way.ratings(len(history), before, shift)
        at_start = wealth(ledger, way)
        for _ in range(k - 1):
            attack(ledger, way)
        assert up * (mean(ledger) - before) < shift, "one less is not enough"
        attack(ledger, way)
        assert up * (mean(ledger) - before) >= shift
        assert at_start - wealth(ledger, way) == way.cost(k)
    assert len(reachable) >= 2


@every_way
@pytest.mark.parametrize("window", [1, 2, 5, 12])
@pytest.mark.parametrize("k", [1, 2, 6])
def test_the_stake_locked_meanwhile_is_as_computed_and_comes_back_whole(way, window, k):
    """With that much bonded, every hire is taken."""
    capital = way.capital(k, window)
    ledger = market([], bonded=capital, window=window)
    for _ in range(k):
        attack(ledger, way)
    wait(ledger, window)
    assert stake_of(ledger, PROVIDER) == {"bonded": capital, "locked": 0, "unbonding": 0, "ready": 0}
    done(ledger, Kind.UNBOND, PROVIDER, amount=capital)


@every_way
@pytest.mark.parametrize("window", [1, 2, 5, 12])
def test_with_one_unit_of_stake_less_a_hire_is_refused(way, window):
    capital = way.capital(6, window)
    ledger = market([], bonded=capital - 1, window=window)
    for _ in range(capital // STAKE - 1):
        attack(ledger, way)
    if way.new_names:
        done(ledger, Kind.REGISTER, ATTACKER)
    assert call(ledger, Kind.HIRE, ATTACKER, to=PROVIDER, subject=0, amount=PRICE).status == Status.INSUFFICIENT_STAKE
