"""Exit scams, by the decision expected on a view made by hand."""

import numpy as np

from agents.attacks.exit_scam import ATTACK, ExitScam, trust_bps
from agents.scripted.undercutting import Undercutting
from tests.agents.views import ask, market_views, view

ME = 5
GOOD = {"rating_bps": 10_000, "ratings": 9}


def mine(offers=(), ticks_left=20, **columns):
    return view("provider", offers, address=ME, cost=70, effort_cost=30, ticks_left=ticks_left, **(GOOD | columns))


def price(shown):
    return ask(ExitScam(), shown)["price"].tolist()


def effort(shown):
    return ask(ExitScam(), shown)["effort_bps"].tolist()


def test_its_twin_is_what_it_plays_until_it_leaves():
    assert ATTACK.twin["provider"] is Undercutting
    for shown in market_views("provider"):
        assert np.array_equal(ask(ExitScam(last=0), shown), ask(Undercutting(), shown))


def test_it_stops_working_when_few_ticks_are_left():
    rivals = [(7, 150)]
    assert effort(mine(rivals, ticks_left=21)) == [10_000]
    assert effort(mine(rivals, ticks_left=20)) == [0]


def test_it_goes_on_working_without_a_name_to_sell():
    assert effort(mine([(7, 150)], ratings=4)) == [10_000]
    assert effort(mine([(7, 150)], ratings=5)) == [0]


def test_trust_is_the_mean_rating_with_one_more_good_one():
    shown = mine([(7, 150, 5_000, 3), (8, 150)], rating_bps=8_000, ratings=4)
    assert trust_bps(shown).tolist() == [8_400]
    assert trust_bps(shown["offers"])[0, :2].tolist() == [6_250, 10_000]


def test_with_an_equal_name_it_undercuts():
    assert price(mine([(7, 150), (8, 180)])) == [149], "1 % below 150, rounded"


def test_a_better_name_bears_a_higher_price():
    """The rival's trust is 6,250: with a worth of twice 150 it is 112 behind. 150 + 112, less 1 %: 260."""
    assert price(mine([(7, 150, 5_000, 3)])) == [260]


def test_the_rival_that_is_better_for_clients_sets_the_price():
    """The going rate is 150, worth 300: one rival bears 200 + 150, the other 100."""
    assert price(mine([(7, 200, 0, 1), (8, 100)])) == [99]


def test_a_worse_name_has_to_be_cheaper_and_the_cost_is_the_least():
    """Its trust is 9,100, of a worth of 300: 27 behind. 150 - 27, less 1 %: 122."""
    assert price(mine([(7, 150)], rating_bps=9_000)) == [122]
    assert price(mine([(7, 150)], rating_bps=1_000)) == [70]


def test_it_asks_no_more_than_it_takes_a_job_to_be_worth():
    """Without rivals the going rate is 120, worth 240; a client who trusts it 9,100 of 10,000 sees 218 in it."""
    assert price(mine()) == [240]
    assert price(mine(rating_bps=9_000)) == [218]
