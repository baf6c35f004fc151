"""EigenTrust: the solution of a linear system, what colluders capture in closed form, and opinions counted once more."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.contracts.eigentrust import (
    LEAST_ALPHA_BPS,
    MAX_PLACES,
    MAX_POINTS,
    ONE,
    pass_on,
    publish,
    work_out,
)
from chain.contracts.reputation import LEAST_WEIGHT
from chain.layout import MAX_PRICE
from tests.chain.opinions import BAD, GOOD, circle, exact_trust, points_of, solved_trust, think, trust_in

CLOSE = 1e-10
"""How near trust must be to the exact solution, as a part of the whole."""
ALPHAS = (LEAST_ALPHA_BPS, 500, 1_500, 5_000, 9_999, 10_000)


def crowd(n, alpha_bps, seed, strangers=0):
    """Accounts that rate others at random, one in four of them nobody; up to three are trusted beforehand, not alike. After them
    come strangers whom nobody rates."""
    rng = np.random.default_rng(seed)
    some = rng.choice(n, min(n, int(rng.integers(1, 4))), replace=False)
    weights = {int(a): int(rng.integers(1, 10)) for a in some}
    book = circle(n + strangers, pretrusted=weights, alpha_bps=alpha_bps, places=MAX_PLACES)
    for rater in range(n):
        for whom in rng.choice(n, int(rng.integers(1, min(n, MAX_PLACES))), replace=False) if rng.random() < 0.75 else ():
            if whom != rater:
                think(book, rater, int(whom), int(rng.integers(0, 10_001)), int(rng.integers(0, 2**30)))
    return book


@pytest.mark.parametrize("alpha_bps", ALPHAS)
@pytest.mark.parametrize("n", [2, 3, 7, 40, 200])
def test_trust_is_the_solution_of_the_linear_system(n, alpha_bps):
    for seed in range(3):
        book = crowd(n, alpha_bps, seed)
        expected = solved_trust(points_of(book), book.trust["pretrust"] / ONE, alpha_bps / 10_000)
        assert np.abs(trust_in(book) - expected).max() < CLOSE
        assert n < 40 or alpha_bps == 10_000 or (expected > 0).sum() > 3, "trust reaches more than those who have it beforehand"


@given(
    st.integers(2, 6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 10_000), st.integers(0, MAX_PRICE)), max_size=30),
    st.dictionaries(st.integers(0, 5), st.integers(1, 2**40), min_size=1),
    st.integers(LEAST_ALPHA_BPS, 10_000),
)
def test_trust_is_the_exact_solution_whatever_the_opinions(n, ratings, weights, alpha_bps):
    weights = {address % n: weight for address, weight in weights.items()}
    book = circle(n, pretrusted=weights, alpha_bps=alpha_bps)
    for rater, whom, rating, payment in ratings:
        if rater % n != whom % n:
            think(book, rater % n, whom % n, rating, payment)
    pretrust = {address: Fraction(weight, sum(weights.values())) for address, weight in weights.items()}
    expected = exact_trust(points_of(book), pretrust, Fraction(alpha_bps, 10_000))
    trust_in(book)
    assert max(abs(Fraction(int(t), ONE) - x) for t, x in zip(book.trust["trust"], expected, strict=True)) < CLOSE


def test_it_does_not_matter_what_trust_was_before():
    book, other = crowd(30, 500, 1), crowd(30, 500, 1)
    other.trust["trust"] = 0
    other.trust["trust"][29] = ONE
    assert np.abs(trust_in(book) - trust_in(other)).max() < CLOSE


def test_a_round_moves_less_than_the_one_before_by_the_weight_of_those_trusted_beforehand():
    book = crowd(30, 1_500, 2)
    work_out(book.trusting[0], book.opinions, book.trust)
    book.trust["trust"] = book.trust["pretrust"]
    moved = [int(pass_on(book.trusting[0], book.opinions, book.trust)) for _ in range(100)]
    noise = 2 * 30 * (MAX_PLACES + 1)
    assert moved[0] > ONE // 10
    assert all(b <= a * 8_500 // 10_000 + noise for a, b in pairwise(moved))


def ring(members):
    return [(member, members[k - 1]) for k, member in enumerate(members)]


def chain(members):
    """Each praises the next, the last one the one before it."""
    return [*pairwise(members), (members[-1], members[-2])] if len(members) > 1 else ring(members)


def clique(members):
    return [(a, b) for a in members for b in members if a != b] or ring(members)


def star(members):
    return [edge for member in members[1:] for edge in ((member, members[0]), (members[0], member))] or ring(members)


HONEST, WHOLE = 12, 10**7


def captured(shape, identities, alpha_bps, q, p):
    """What a closed set captures to which honest accounts give a fraction q of their trust, and which has the share p of p."""
    members = list(range(HONEST, HONEST + identities))
    weights = {0: int((1 - p) * 1_000), members[-1]: int(p * 1_000)}
    pretrusted = {address: weight for address, weight in weights.items() if weight}
    book = circle(HONEST + identities, pretrusted=pretrusted, alpha_bps=alpha_bps, places=MAX_PLACES)
    rng = np.random.default_rng(identities)
    for honest in range(HONEST):
        drawn = members if identities < 4 else sorted(rng.choice(members, int(rng.integers(1, 9)), replace=False).tolist())
        for member in drawn if q else ():
            think(book, honest, member, payment=int(q * WHOLE * 840 / len(drawn)))
        for other in {(honest + 1) % HONEST, (honest + 5) % HONEST} if q < 1 else ():
            think(book, honest, other, payment=int((1 - q) * WHOLE * 840 / 2))
    for rater, whom in shape(members):
        think(book, rater, whom)
    return trust_in(book)[HONEST:].sum()


@pytest.mark.parametrize("identities", [1, 3, 30])
@pytest.mark.parametrize("shape", [ring, chain, clique, star])
@pytest.mark.parametrize("alpha_bps", [100, 1_500, 6_000])
def test_a_closed_set_captures_what_the_formula_says_whatever_its_number_and_its_shape(shape, identities, alpha_bps):
    a = alpha_bps / 10_000
    for q in (0, Fraction(1, 10), Fraction(1, 2), 1):
        for p in (0, Fraction(1, 4)):
            formula = float(((1 - a) * q + a * p) / (a + (1 - a) * q))
            assert captured(shape, identities, alpha_bps, q, p) == pytest.approx(formula, abs=CLOSE)


def test_a_lone_colluder_can_not_rate_itself_and_so_passes_its_trust_back():
    book, q, a = circle(3, pretrusted={0: 1}), 0.25, 0.15
    for _ in range(3):
        think(book, 0, 1)
        think(book, 1, 0)
    think(book, 0, 2)
    think(book, 1, 2)
    assert trust_in(book)[2] == pytest.approx((1 - a) * q / (1 + (1 - a) * q), abs=CLOSE)


def test_praise_from_those_without_trust_changes_nothing():
    book, praised = (crowd(20, 1_500, 5, strangers=10) for _ in range(2))
    before = trust_in(book)
    for stranger in range(20, 30):
        for whom in range(30):
            if whom != stranger:
                think(praised, stranger, whom, GOOD, MAX_PRICE)
    assert not before[20:].any()
    assert np.array_equal(trust_in(praised), before)


def test_without_opinions_trust_is_what_it_was_beforehand_and_the_keeper_has_the_odd_units():
    book = circle(5, pretrusted={3: 1, 1: 1, 2: 1})
    trust_in(book)
    assert book.trust["trust"].tolist() == [0, ONE // 3, ONE // 3, ONE - 2 * (ONE // 3), 0]


# Opinions


def counted(ratings, places):
    """The opinions of one rater, from the rundown: a list of [whom, points, ratings], in the order of their places."""
    row = []
    for whom, rating, payment, decay in ratings:
        own = next((opinion for opinion in row if opinion[0] == whom), None)
        if own is None:
            own = [whom, 0, 0]
            if len(row) < places:
                row.append(own)
            else:
                weakest = min(range(places), key=lambda k: row[k][1])
                if rating <= 5_000 and row[weakest][1] > 0:
                    continue
                row[weakest] = own
        kept = abs(own[1]) * (10_000 - decay) // 10_000
        own[1] = (kept if own[1] > 0 else -kept) + (rating - 5_000) * max(payment, LEAST_WEIGHT)
        own[2] += 1
        if abs(own[1]) >= MAX_POINTS:
            for opinion in row:
                opinion[1] //= 2
    return row


deeds = st.tuples(
    st.integers(0, 7),
    st.integers(0, 10_000) | st.sampled_from((0, 5_000, 5_001, 10_000)),
    st.integers(0, MAX_PRICE) | st.sampled_from((0, MAX_PRICE)),
    st.sampled_from((0, 1, 1_000, 10_000)),
)


@given(st.lists(deeds, max_size=60), st.sampled_from((1, 2, 3, MAX_PLACES)))
def test_opinions_are_those_of_the_rundown(ratings, places):
    book = circle(9, pretrusted={8: 1}, places=places)
    for whom, rating, payment, decay in ratings:
        think(book, 8, whom, rating, payment, decay)
    own = book.opinions[8 * places :]
    expected = counted(ratings, places)
    assert [[int(row.whom), int(row.points), int(row.ratings)] for row in own[: len(expected)]] == expected
    assert not own["ratings"][len(expected) :].any()
    assert not book.opinions[: 8 * places].view(np.int64).any(), "nobody else's opinion changes"


def test_good_work_and_bad_cancel_and_no_more_than_that():
    book = circle(3, pretrusted={0: 1})
    for rating in (GOOD, GOOD, BAD):
        think(book, 0, 1, rating)
    think(book, 0, 2, GOOD)
    assert points_of(book)[0][1] == points_of(book)[0][2]
    for _ in range(2):
        think(book, 0, 1, BAD)
    assert trust_in(book)[1] == 0


def test_who_is_new_and_bad_takes_no_place_of_somebody_well_thought_of_and_who_is_new_and_good_that_of_the_weakest():
    book = circle(6, pretrusted={0: 1}, places=2)
    for whom in (1, 1, 2):
        think(book, 0, whom)
    think(book, 0, 3, BAD)
    assert sorted(points_of(book)[0]) == [1, 2]
    think(book, 0, 4)
    assert sorted(points_of(book)[0]) == [1, 4]
    for _ in range(2):
        think(book, 0, 4, BAD)
    think(book, 0, 5, BAD)
    assert sorted(points_of(book)[0]) == [1, 5]


def test_opinions_as_heavy_as_can_be_keep_their_proportions():
    book = circle(3, pretrusted={0: 1})
    for _ in range(40):
        for whom in (1, 1, 1, 2):
            think(book, 0, whom, GOOD, MAX_PRICE)
        assert max(points_of(book)[0].values()) < MAX_POINTS
    one, two = points_of(book)[0].values()
    assert one > 2 * two, "what was said before a halving weighs half as much"


# The public score


def scored(trust, capacity):
    """The scores of accounts that offered, by what they are trusted and the jobs that they take now."""
    book = circle(len(trust), pretrusted={0: 1})
    book.trust["trust"] = np.array([t * (ONE // 1_000) for t in trust])
    book.offers["listed"], book.offers["capacity"] = np.arange(len(trust)), capacity
    publish(book.trust, book.offers, len(trust))
    return book.trust["score_bps"].tolist()


def test_whoever_has_an_equal_share_or_more_has_the_full_score_and_others_less_in_proportion():
    assert scored([100, 100, 100], [1, 1, 1]) == [10_000] * 3
    assert scored([300, 200, 100], [1, 1, 1]) == [10_000, 10_000, 5_000]
    assert scored([970, 10, 10, 10], [1, 1, 1, 1]) == [10_000, 400, 400, 400]


def test_names_without_trust_change_no_score_and_have_none():
    assert scored([300, 200, 100, 0, 0, 0], [1] * 6) == [10_000, 10_000, 5_000, 0, 0, 0]


def test_a_provider_that_offers_nothing_now_is_compared_but_not_compared_with():
    assert scored([300, 100, 600], [1, 1, 0]) == [10_000, 5_000, 10_000]
    assert scored([0, 50, 600], [1, 0, 0]) == [0, 10_000, 10_000], "where nobody trusted offers, trust is trust"
