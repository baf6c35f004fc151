"""Providers, each by the decision expected on a view made by hand."""

import numpy as np

from agents.scripted.cost_plus import CostPlus
from agents.scripted.going_rate import HonestEffort, LowEffort, going_rate
from agents.scripted.undercutting import Undercutting
from tests.agents.views import ask, market_views, view

ME = 5


def mine(offers=(), cost=70, effort_cost=30):
    return view("provider", offers, address=ME, cost=cost, effort_cost=effort_cost)


def price(policy, shown):
    return ask(policy, shown)["price"].tolist()


def test_cost_plus_asks_its_full_cost_and_the_markup():
    assert price(CostPlus(), mine()) == [120]
    assert price(CostPlus(markup_bps=5_000), mine()) == [150]


def test_cost_plus_nothing_posts_the_full_cost_in_any_market():
    for shown in market_views("provider"):
        assert (ask(CostPlus(markup_bps=0), shown)["price"] == shown["cost"] + shown["effort_cost"]).all()


def test_cost_plus_does_not_look_at_rivals():
    assert price(CostPlus(), mine([(7, 1), (8, 999)])) == price(CostPlus(), mine())


def test_undercutting_without_rivals_asks_its_opening_price():
    assert price(Undercutting(), mine()) == [200]
    assert price(Undercutting(opening_bps=0), mine()) == price(CostPlus(markup_bps=0), mine()) == [100]
    assert price(Undercutting(), mine([(ME, 150)])) == [200], "its own offer is no rival"


def test_undercutting_asks_less_than_its_cheapest_rival():
    assert price(Undercutting(), mine([(7, 190), (ME, 101), (8, 180)])) == [179], "at least one unit less"
    assert price(Undercutting(step_bps=1_000), mine([(7, 190), (8, 180)])) == [162]


def test_undercutting_stays_between_its_full_cost_and_its_opening_price():
    assert price(Undercutting(), mine([(7, 90)])) == [100]
    assert price(Undercutting(), mine([(7, 10_000)])) == [200]


def test_the_going_rate_is_the_mean_of_the_rivals_but_never_below_the_full_cost():
    assert going_rate(mine([(7, 150), (8, 181), (ME, 9_999)])).tolist() == [165]
    assert going_rate(mine([(7, 50), (8, 60)])).tolist() == [100]
    assert going_rate(mine()).tolist() == [120], "a fifth over the cost where no rival is shown"


def test_honest_and_low_effort_differ_in_nothing_but_effort():
    for shown in market_views("provider"):
        honest, low = ask(HonestEffort(), shown), ask(LowEffort(), shown)
        for field in honest.dtype.names:
            assert (honest[field] == low[field]).all() == (field != "effort_bps"), field
        assert (honest["effort_bps"] == 10_000).all()
        assert (low["effort_bps"] == 3_000).all()


def test_low_effort_of_the_whole_is_honest():
    for shown in market_views("provider"):
        assert np.array_equal(ask(LowEffort(effort_bps=10_000), shown), ask(HonestEffort(), shown))


def test_every_provider_works_with_full_effort_unless_its_name_says_otherwise():
    for policy in (CostPlus(), Undercutting(), HonestEffort()):
        assert ask(policy, mine([(7, 150)]))["effort_bps"].tolist() == [10_000]
