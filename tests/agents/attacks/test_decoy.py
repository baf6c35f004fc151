"""Decoys, by the decision expected on a view made by hand, and by what becomes of those who try to hire them."""

from collections import Counter

import numpy as np
import pytest

from agents.attacks.decoy import ATTACK, Decoy
from chain.layout import Kind
from chain.status import Status
from tests.agents.views import ask, market_views, view
from tests.sim.worlds import world

ME = 5
COIN = 1_000_000


def mine(offers=(), **columns):
    return view("provider", offers, address=ME, cost=70, effort_cost=30, **({"min_stake": 20} | columns))


def price(offers=(), policy=None):
    return ask(policy or Decoy(), mine(offers))["price"].tolist()


def stakes(**columns):
    """Stake promised behind each job, and stake bonded."""
    action = ask(Decoy(), mine([(7, 150)], **columns))
    return int(action["stake"][0]), int(action["bonded"][0])


def alone(policy, **given):
    """What a market with this one provider comes to: how hires came out, how many were in need and saw its offer, its number of
    ratings, and what it lost, µcoin."""
    played = world({"client": "cheapest", "provider": policy}, preset="standard", providers=1, services=1, seeds=[7], **given)
    book, hires, tempted = played.economy.book, Counter(), 0
    name = int(played.economy.names["provider"][0])
    while not played.done:
        clients = played.economy.views["client"]
        tempted += int(((clients["need"] >= 0) & (clients["shown"] > 0)).sum())
        played.step()
        receipts = book.receipts[0, : book.head["receipts"][0, 0]]
        hires.update(Status(status) for status in receipts["status"][receipts["kind"] == Kind.HIRE].tolist())
    lost = played.parameters.provider_balance - int(played.economy.wealth()[0, name])
    return hires, tempted, int(book.reputation["ratings"][0, name]), lost


def test_a_decoy_undercuts_its_cheapest_rival_at_any_price():
    assert price([(7, 190), (ME, 71), (8, 180)]) == [179], "its own offer is no rival"
    assert price([(7, 190)], Decoy(step_bps=1_000)) == [171]
    assert price([(7, 3)]) == [2]
    assert price([(7, 0)]) == [0]
    assert price() == [200], "without rivals twice the cost of honest work"


def test_a_decoy_promises_stake_and_bonds_none():
    assert stakes() == (20, 0)
    assert stakes(min_stake=0, bonded=500) == (1, 0), "without a least stake it promises some all the same"


def test_one_that_dodges_bonds_the_stake_of_a_job_and_moves_its_price_ahead_of_the_block():
    action = ask(Decoy(dodges=True), mine([(7, 150)], price=4))
    assert [int(action[field][0]) for field in ("price", "stake", "bonded", "tip")] == [5, -1, 20, 1]


def test_its_twin_works_and_stands_behind_its_offer():
    (twin,) = (make() for make in ATTACK.twin.values())
    for shown in market_views("provider"):
        action = ask(twin, shown)
        assert np.all(action["effort_bps"] == 10_000)
        assert np.all(action["bonded"] == -1)


@pytest.mark.parametrize("min_stake", [0, 20 * COIN])
def test_every_hire_of_a_decoy_is_refused_for_lack_of_stake_and_leaves_no_trace(min_stake):
    hires, tempted, ratings, lost = alone(Decoy(), min_stake=min_stake)
    assert list(hires) == [Status.INSUFFICIENT_STAKE]
    assert tempted >= hires[Status.INSUFFICIENT_STAKE] > 100
    assert ratings == 0
    assert 0 < lost < COIN


@pytest.mark.parametrize("min_stake", [0, 20 * COIN])
def test_nobody_is_shown_a_decoy_where_offers_must_be_backed(min_stake):
    hires, tempted, _, _ = alone(Decoy(), min_stake=min_stake, backed_offers=1)
    assert (dict(hires), tempted) == ({}, 0)


@pytest.mark.parametrize("backed_offers", [0, 1])
def test_one_that_dodges_is_shown_and_can_not_be_hired_whether_offers_must_be_backed_or_not(backed_offers):
    hires, tempted, ratings, lost = alone(Decoy(dodges=True), backed_offers=backed_offers)
    assert list(hires) == [Status.PRICE_TOO_HIGH]
    assert tempted == hires[Status.PRICE_TOO_HIGH] > 100
    assert ratings == 0
    assert 0 < lost < 5 * COIN
