"""Whitewashers, by what they do as their name changes."""

import numpy as np
import pytest

from agents.attacks.shirker import Shirker
from agents.attacks.whitewasher import ATTACK, TRIES, Whitewasher
from sim.scenarios import find
from sim.world import World
from tests.agents.views import ask, market_views, view

ME, NEXT = 5, 40
COST = 70


def mine(address=ME, balance=10_000, **columns):
    return view("provider", [(7, 150)], address=address, cost=COST, effort_cost=30, balance=balance, **columns)


def found_out(**columns):
    return mine(**({"rating_bps": 0, "ratings": 1} | columns))


@pytest.fixture
def memory():
    return np.zeros(1, Whitewasher.memory)


def act(shown, memory, policy=None):
    """What it answers: re-enters or not, and with what capacity and stake."""
    action = ask(policy or Whitewasher(), shown, memory)
    return int(action["reenter"][0]), int(action["capacity"][0]), int(action["bonded"][0])


STAYS, LEAVES, WAITS = (0, -1, -1), (1, 0, 0), (0, 0, 0)


def test_it_shirks_as_a_shirker_does():
    for shown in market_views("provider"):
        washer, shirker = ask(Whitewasher(), shown), ask(Shirker(), shown)
        for field in ("price", "effort_bps", "deliver"):
            assert np.array_equal(washer[field], shirker[field]), field


def test_it_keeps_a_name_that_is_new_or_good_enough(memory):
    assert act(mine(), memory) == STAYS
    assert act(mine(rating_bps=5_000, ratings=2), memory) == STAYS


def test_it_leaves_a_name_that_is_gone(memory):
    act(mine(), memory)
    assert act(mine(rating_bps=4_999, ratings=2), memory) == LEAVES


def test_it_leaves_stake_behind_that_it_can_spare_and_waits_for_what_it_can_not(memory):
    act(mine(), memory)
    assert act(found_out(bonded=3_000, unbonding=2_001), memory) == WAITS, "no offer, and the stake comes back"
    assert act(found_out(bonded=3_000, unbonding=2_000), memory) == LEAVES


def move(memory, *, earned, fee):
    """It takes a new identity after it earned this with the first; what it is shown under the new one."""
    act(mine(balance=10_000), memory)
    assert act(found_out(balance=10_000 + earned + COST), memory) == LEAVES
    start = (10_000 + earned + COST - fee) * 9 // 10
    assert act(mine(NEXT, balance=start), memory) == STAYS
    return start


@pytest.mark.parametrize(("earned", "does"), [(301, LEAVES), (298, STAYS)])
def test_it_goes_on_while_an_identity_earns_more_than_the_last_one_cost(memory, earned, does):
    """What it lacks under the new name it takes for the fee, but for the tenth that stays behind: 300, give or take rounding."""
    start = move(memory, earned=500, fee=300)
    assert abs(int(memory["fee"][0]) - 300) <= 1
    shown = found_out(address=NEXT, balance=start + earned + COST)
    assert act(shown, memory) == does


def test_work_counts_against_what_was_earned(memory):
    start = move(memory, earned=500, fee=300)
    assert act(found_out(address=NEXT, ratings=3, balance=start + 300 + 3 * COST - 2), memory) == STAYS
    assert act(found_out(address=NEXT, ratings=3, balance=start + 300 + 3 * COST + 2), memory) == LEAVES


def test_it_takes_no_more_identities_than_it_may(memory):
    policy = Whitewasher(identities=1)
    act(mine(), memory, policy)
    assert act(found_out(), memory, policy) == LEAVES
    act(mine(NEXT), memory, policy)
    assert act(found_out(address=NEXT, balance=99_999), memory, policy) == STAYS
    assert memory["taken"].tolist() == [1]


def test_it_gives_up_when_it_is_refused_again_and_again(memory):
    act(mine(), memory)
    assert [act(found_out(), memory) for _ in range(TRIES + 1)] == [LEAVES] * TRIES + [STAYS]


def test_in_a_market_it_begins_anew_with_no_ratings_and_what_money_was_free():
    """As many identities are registered as its agents remember, and more than one; none beyond the allowed."""
    market = find("service_market")
    settings = market.settings("standard", {**ATTACK.setting, "horizon": 30})
    world = World(market, settings, {"provider": {"cost_plus": 6, Whitewasher(identities=3): 2}}, seeds=[4])
    world.play()
    head = world.economy.book.head[0, 0]
    genesis = settings.clients + settings.providers + 1
    taken = world.memory["provider"]["1"]["taken"].reshape(-1)[-2:]
    assert head["registered"] - genesis == taken.sum()
    assert taken.sum() > 2
    assert taken.max() <= 3
