"""Shirkers, by the decision expected on a view made by hand."""

import numpy as np

from agents.attacks.shirker import ATTACK, Shirker
from tests.agents.views import ask, market_views, view

ME = 5


def mine(offers=()):
    return view("provider", offers, address=ME, cost=70, effort_cost=30)


def price(offers=(), policy=None):
    return ask(policy or Shirker(), mine(offers))["price"].tolist()


def test_a_shirker_never_works():
    for shown in market_views("provider"):
        assert (ask(Shirker(), shown)["effort_bps"] == 0).all()


def test_a_shirker_delivers_what_it_was_hired_for_and_keeps_its_name():
    action = ask(Shirker(), mine([(7, 150)]))
    assert (action["deliver"].tolist(), action["reenter"].tolist(), action["capacity"].tolist()) == ([1], [0], [-1])


def test_a_shirker_undercuts_its_cheapest_rival():
    assert price([(7, 190), (ME, 71), (8, 180)]) == [179], "its own offer is no rival"
    assert price([(7, 190), (8, 180)], Shirker(step_bps=1_000)) == [162]


def test_a_shirker_goes_below_what_honest_work_costs_but_not_below_its_own_cost():
    assert price([(7, 90)]) == [89]
    assert price([(7, 60)]) == [70]


def test_a_shirker_without_rivals_asks_twice_the_cost_of_honest_work():
    assert price() == [200]
    assert price([(7, 10_000)]) == [200]


def test_its_twin_works():
    (twin,) = (make() for make in ATTACK.twin.values())
    for shown in market_views("provider"):
        assert np.all(ask(twin, shown)["effort_bps"] == 10_000)
