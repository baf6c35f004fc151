"""The planner's sorted merge against SciPy's assignment solver, and the price that clears the market."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from sim.scenarios.service_market.layout import CRAFT
from sim.scenarios.service_market.truth import NEVER, places_of, plan, plan_market


def instances(count, seed=0):
    """Small markets with many ties, zero gains, missing clients and missing places."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        clients, places, high = rng.integers(1, 9), rng.integers(1, 9), rng.choice([1, 3, 10, 10**6])
        worths, costs = rng.integers(-2, high + 1, clients), rng.integers(0, high + 1, places)
        worths[rng.random(clients) < rng.choice([0, 0.3, 1], p=[0.6, 0.3, 0.1])] = NEVER
        costs[rng.random(places) < rng.choice([0, 0.3, 1], p=[0.6, 0.3, 0.1])] = -NEVER
        yield worths, costs


def by_assignment(worths, costs):
    """The optimum found by SciPy: an unmatched pair gains zero."""
    there = (worths[:, None] > NEVER) & (costs[None, :] < -NEVER)
    gains = np.where(there, worths[:, None] - np.where(there, costs[None, :], 0), 0)
    rows, columns = linear_sum_assignment(np.maximum(gains, 0), maximize=True)
    return np.maximum(gains, 0)[rows, columns].sum()


def test_the_sorted_merge_equals_the_assignment_solver_on_1000_instances():
    seen = {"no client": 0, "no place": 0, "no gain": 0, "tie": 0}
    for worths, costs in instances(1_000):
        found = plan(worths, costs)
        assert found.surplus == by_assignment(worths, costs)
        seen["no client"] += (worths == NEVER).all()
        seen["no place"] += (costs == -NEVER).all()
        seen["no gain"] += found.quantity == 0
        seen["tie"] += np.isin(worths, costs).any()
    assert min(seen.values()) > 20, seen


def test_the_clearing_price_clears():
    for worths, costs in instances(1_000, seed=1):
        found = plan(worths, costs)
        if found.quantity == 0:
            assert np.isnan(found.price)
            continue
        demand, supply = worths[worths > NEVER], costs[costs < -NEVER]
        assert (demand > found.price).sum() <= found.quantity <= (demand >= found.price).sum()
        assert (supply < found.price).sum() <= found.quantity <= (supply <= found.price).sum()


def test_a_batch_is_planned_as_each_of_its_markets_alone():
    rng = np.random.default_rng(2)
    worths, costs = rng.integers(0, 30, (4, 5, 7)), rng.integers(0, 30, (4, 5, 3))
    whole = plan(worths, costs)
    assert whole.surplus.shape == (4, 5)
    for place in np.ndindex(4, 5):
        single = plan(worths[place], costs[place])
        np.testing.assert_array_equal([float(part[place]) for part in whole], [float(part) for part in single])


def test_a_market_by_hand():
    """Worths 9, 7, 4 and costs 1, 5, 6: two jobs gain 8 and 2; the second unit trades between 5 and 6."""
    found = plan(np.array([4, 9, 7]), np.array([6, 1, 5]))
    assert (found.surplus, found.quantity, found.price) == (10, 2, 5.5)


def test_one_buyer_and_one_seller_share_the_difference():
    found = plan(np.array([10]), np.array([4]))
    assert (found.surplus, found.quantity, found.price) == (6, 1, 7.0)


def test_a_job_that_gains_nothing_is_not_counted_as_trade():
    found = plan(np.array([[5, 9], [5, 4]]), np.array([[5, 5], [5, 5]]))
    assert found.surplus.tolist() == [4, 0]
    assert found.quantity.tolist() == [1, 0]
    np.testing.assert_array_equal(found.price, [5, np.nan])


def test_the_plan_of_a_market_by_hand():
    """One world, two ticks, two services; reliability 50 % halves the worth."""
    crafts = np.zeros((1, 2), CRAFT)
    crafts["service"], crafts["capacity"] = [[0, 1]], [[2, 1]]
    crafts["cost"], crafts["effort_cost"] = [[20, 5]], [[10, 5]]
    needs = np.array([[[0, 0], [1, 1]]])
    values = np.array([[[100, 80], [30, 18]]])
    found = plan_market(needs, values, 2, crafts, 5_000)
    assert found.surplus.tolist() == [[[20 + 10, 0], [0, 5]]]
    assert found.quantity.tolist() == [[[2, 0], [0, 1]]]


def test_every_place_of_capacity_is_one_place_and_others_are_none():
    crafts = np.zeros((1, 3), CRAFT)
    crafts["service"], crafts["capacity"], crafts["cost"] = [[0, 0, 1]], [[1, 3, 2]], [[7, 9, 1]]
    places = places_of(crafts, 0)
    assert sorted(places[places < -NEVER].tolist()) == [7, 9, 9, 9]
