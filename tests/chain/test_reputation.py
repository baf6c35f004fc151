"""Reputation: a weighted mean, checked against exact fractions, for any number of ratings and at the ends of what can be paid."""

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from chain.contracts.reputation import LEAST_WEIGHT, MAX_WEIGHT, REPUTATION, mean_bps, rate
from chain.layout import MAX_PRICE, Kind, records
from tests.chain.markets import CLIENT, OTHER, PROVIDER, done, market

SLACK = Fraction(10_001, LEAST_WEIGHT)
"""How far, at most, decay in whole numbers may fall below exact decay."""
ratings = st.integers(0, 10_000)
payments = st.integers(0, MAX_PRICE) | st.sampled_from((0, 1, LEAST_WEIGHT - 1, LEAST_WEIGHT, LEAST_WEIGHT + 1, MAX_PRICE))
deals = st.lists(st.tuples(ratings, payments), min_size=1, max_size=60)
decays = st.integers(0, 10_000) | st.sampled_from((0, 1, 9_999, 10_000))


def told(given_deals, decay_bps=0):
    """The record of an account after these (rating, payment), oldest first."""
    reputation = records(REPUTATION, 1)
    for rating, payment in given_deals:
        rate(reputation, 0, rating, payment, decay_bps)
    return reputation


def exact_mean(given_deals, decay_bps=0):
    """The same mean as a fraction: each rating weighs its payment, times what is kept for every newer one."""
    keep, points, weight = 1 - Fraction(decay_bps, 10_000), Fraction(0), Fraction(0)
    for rating, payment in given_deals:
        own = max(payment, LEAST_WEIGHT)
        points, weight = points * keep + rating * own, weight * keep + own
    return points / weight


def test_a_reputation_is_the_mean_of_its_ratings_and_zero_without_any():
    reputation = market().book.reputation
    assert mean_bps(reputation, PROVIDER) == 0
    for rating in (10_000, 0, 3_334):
        rate(reputation, PROVIDER, rating, 0, 0)
    assert (mean_bps(reputation, PROVIDER), mean_bps(reputation, OTHER)) == (4_444, 0)
    assert (reputation[PROVIDER].ratings, reputation[OTHER].ratings) == (3, 0)


@given(st.lists(ratings, min_size=1, max_size=200))
def test_without_options_it_is_the_sum_of_the_ratings_by_their_number_rounded_down(some):
    reputation = told([(rating, 0) for rating in some])
    assert mean_bps(reputation, 0) == sum(some) // len(some)
    assert reputation[0].ratings == len(some)


@given(deals)
def test_by_payment_it_is_the_exact_weighted_mean_rounded_down(some):
    assert mean_bps(told(some), 0) == floor(exact_mean(some))


@given(deals, decays)
def test_with_decay_it_is_the_exact_mean_or_a_sixth_of_a_basis_point_less(some, decay_bps):
    exact, reputation = exact_mean(some, decay_bps), told(some, decay_bps)
    assert floor(exact - SLACK) <= mean_bps(reputation, 0) <= floor(exact)
    assert reputation[0].ratings == len(some), "ratings that are forgotten were given all the same"


@given(deals)
def test_with_full_decay_the_newest_rating_alone_counts(some):
    assert mean_bps(told(some, 10_000), 0) == some[-1][0]


def test_a_rating_loses_half_of_its_weight_with_every_newer_one_at_a_decay_of_one_half():
    assert mean_bps(told([(10_000, 0), (0, 0), (0, 0)], 5_000), 0) == floor(10_000 * Fraction(1, 4) / Fraction(7, 4))
    assert mean_bps(told([(0, 0), (0, 0), (10_000, 0)], 5_000), 0) == floor(10_000 / Fraction(7, 4))


def test_the_praise_of_many_free_deals_weighs_less_than_the_blame_of_one_dear_one():
    praise, blame = [(10_000, 0)] * 100, [(0, 100_000_000)]
    assert mean_bps(told(praise + blame), 0) == floor(exact_mean(praise + blame)) == 615


@given(
    st.lists(st.tuples(ratings | st.just(10_000), payments), min_size=1, max_size=20),
    decays,
    st.integers(0, 2**11),
)
def test_an_account_as_heavy_as_can_be_stays_within_bounds(some, decay_bps, short):
    """It starts within reach of `MAX_WEIGHT`, with the best name; interpreted runs raise where 64 bits overflow."""
    reputation = records(REPUTATION, 1)
    reputation[0].weight = MAX_WEIGHT - 1 - short
    reputation[0].points = 10_000 * reputation[0].weight
    for rating, payment in some:
        rate(reputation, 0, rating, payment, decay_bps)
        assert 0 < reputation[0].weight < MAX_WEIGHT
        assert 0 <= reputation[0].points <= 10_000 * reputation[0].weight
    assert 0 <= mean_bps(reputation, 0) <= 10_000


def test_halving_a_heavy_account_leaves_its_mean_and_gives_newer_ratings_twice_the_weight():
    dear = 2**9
    assert mean_bps(told([(10_000, MAX_PRICE)] * 5 * dear), 0) == 10_000
    assert mean_bps(told([(10_000, MAX_PRICE), (0, MAX_PRICE)] * dear), 0) in (4_999, 5_000)
    before = [(10_000, MAX_PRICE)] * dear
    assert told(before)[0].weight == MAX_WEIGHT // 2
    assert mean_bps(told(before + [(0, MAX_PRICE)] * (dear // 2 - 1)), 0) == floor(10_000 * Fraction(256, 511))


def two_jobs(**terms):
    """The provider's mean after a cheap job, accepted with 10,000, and one a hundred times dearer, disputed with 0."""
    ledger = market(base_fee=0, balances=(0, *[10**9] * 4), reliability_bps=0, arbiter_bps=10_000, **terms)
    done(ledger, Kind.BOND, PROVIDER, amount=100)
    for job, (price, answer, bps) in enumerate(((10**6, Kind.ACCEPT, 10_000), (10**8, Kind.DISPUTE, 0))):
        done(ledger, Kind.POST, PROVIDER, amount=price, stake=10, count=1)
        done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, amount=price)
        done(ledger, Kind.DELIVER, PROVIDER, subject=job, bps=10_000)
        done(ledger, answer, CLIENT, subject=job, bps=bps)
    assert ledger.book.reputation[PROVIDER].ratings == 2
    return mean_bps(ledger.book.reputation, PROVIDER)


def test_the_terms_of_the_market_say_how_much_the_rating_of_a_job_weighs():
    assert two_jobs() == 5_000
    assert two_jobs(rating_decay_bps=7_500) == 2_000, "a quarter beside one"
    assert two_jobs(rating_decay_bps=10_000) == 0
    assert two_jobs(rating_by_payment=1) == floor(Fraction(10_000, 101)), "one beside a hundred, though the hundred was refunded"
    assert two_jobs(rating_by_payment=1, rating_decay_bps=7_500) == floor(Fraction(2_500, 100 + Fraction(1, 4)))
