"""Sellers, each by the decision expected on a view made by hand, and by theory."""

import numpy as np
import pytest

from agents.policy import memory_of
from agents.scripted.best_response import BestResponse, grid, nearest_level
from agents.scripted.random_price import RandomPrice
from agents.scripted.static_prices import Monopoly, Nash, symmetric_price
from agents.scripted.tit_for_tat import TitForTat
from sim.scenario import layout
from sim.scenarios.posted_price.truth import Market, monopoly_prices, nash_prices, profits
from tests.agents.views import ROLES, ask

LOWEST, HIGHEST, LEVELS = 1_400_000, 2_000_000, 13
STEP = (HIGHEST - LOWEST) // (LEVELS - 1)


def seller(levels, cost=1_000_000, rows=1):
    """A seller who sees the sellers, itself first, at these levels."""
    view = np.zeros(rows, layout(ROLES["seller"].view))
    market = {"quality": 2_000_000, "outside": 0, "mu": 250_000, "cost": cost}
    for name, value in (market | {"lowest": LOWEST, "highest": HIGHEST, "levels": LEVELS}).items():
        view[name] = value
    view["sellers"]["price"], view["sellers"]["level"] = -1, -1
    for row, level in enumerate(levels):
        view["sellers"]["level"][:, row], view["sellers"]["price"][:, row] = level, LOWEST + level * STEP
    return view


def level(policy, view, memory=None):
    return ask(policy, view, memory)["level"].tolist()


def test_the_grid_of_a_view_is_evenly_spaced_from_end_to_end():
    assert grid(seller([0, 0])).tolist() == [list(range(LOWEST, HIGHEST + 1, STEP))]
    assert nearest_level(seller([0, 0]), [LOWEST + STEP * 2.6]).tolist() == [3]


@pytest.mark.parametrize("others", [[0], [12], [5, 7], [3, 3, 3, 12]])
def test_a_best_response_earns_no_less_than_any_other_level(others):
    market = Market(2e6, 0, 2.5e5, (1e6,) * (len(others) + 1))
    prices = LOWEST + STEP * np.array([[k, *others] for k in range(LEVELS)])
    assert level(BestResponse(), seller([9, *others])) == [profits(market, prices)[:, 0].argmax()]


def test_a_best_response_does_not_depend_on_the_own_last_price():
    assert level(BestResponse(), seller([0, 7])) == level(BestResponse(), seller([12, 7]))


def test_the_higher_the_rival_the_higher_the_answer():
    answers = [level(BestResponse(), seller([0, rival]))[0] for rival in range(LEVELS)]
    assert answers == sorted(answers)
    assert answers[0] < answers[-1] < LEVELS - 1


@pytest.mark.parametrize("sellers", [2, 3, 16])
def test_static_prices_are_those_of_theory_where_all_are_alike(sellers):
    for cost in (0, 1_000_000, 1_900_000, 9_000_000):
        market = Market(2e6, 0, 2.5e5, (cost,) * sellers)
        view = seller([0] * sellers, cost=cost)
        assert symmetric_price(view, 1) == pytest.approx(nash_prices(market)[:1], rel=1e-9)
        assert symmetric_price(view, sellers) == pytest.approx(monopoly_prices(market)[:1], rel=1e-9)


def test_static_sellers_post_the_nearest_level_whatever_the_others_do():
    for others in (0, 5, 12):
        assert level(Nash(), seller([3, others])) == [round((1_472_927 - LOWEST) / STEP)] == [1]
        assert level(Monopoly(), seller([3, others])) == [round((1_924_981 - LOWEST) / STEP)] == [10]


def test_tit_for_tat_begins_high_then_matches_the_lowest_between_nash_and_monopoly():
    memory = np.zeros(1, memory_of(TitForTat()))
    first = level(TitForTat(), seller([0, 0, 0]), memory)
    assert first == level(Monopoly(), seller([0, 0, 0]))
    floor = level(Nash(), seller([0, 0, 0]))[0]
    for others, expected in (([6, 9], 6), ([9, 6], 6), ([12, 12], first[0]), ([0, 12], floor)):
        assert level(TitForTat(), seller([2, *others]), memory) == [expected]


def test_random_prices_draw_every_level_equally():
    """Of 26,000 draws 2,000 a level, within four standard errors: fails by chance with a probability of 0.1 %."""
    counts = np.bincount(level(RandomPrice(), seller([0, 0], rows=26_000)), minlength=LEVELS)
    assert counts.size == LEVELS
    assert np.abs(counts - 2_000).max() < 4 * np.sqrt(2_000 * 12 / 13)
