"""Every metric on an outcome small enough to work out by hand."""

import numpy as np
import pytest

from chain.layout import records
from sim.metrics import METRICS
from sim.metrics.outcome import Outcome
from sim.scenarios import SCENARIOS
from sim.scenarios.service_market.layout import CLIENT_TALLY, PROVIDER_TALLY, TICK, TRADE
from sim.scenarios.service_market.truth import Plan
from sim.world import World
from tests.sim.worlds import play

COIN = 1_000_000


def outcome(*, wealth=((10, 10, 20),), gained=((0, 0, 0),), fees=0, ticks=None, trades=None, best=(100,), price=(10.0,)):
    """One world: two clients and a provider, one service, one tick unless more are given."""
    ticks, trades = ticks or [{}], trades or [{} for _ in best]
    table, deals = records(TICK, 1, len(ticks)), records(TRADE, 1, len(trades), 1)
    for t, row in enumerate(ticks):
        for column, value in row.items():
            table[0, t][column] = value
    for t, row in enumerate(trades):
        for column, value in row.items():
            deals[0, t, 0][column] = value
    plan = Plan(np.reshape(best, (1, -1, 1)), np.ones((1, len(best), 1), int), np.reshape(price, (1, -1, 1)).astype(float))
    clients, providers = records(CLIENT_TALLY, 1, 2), records(PROVIDER_TALLY, 1, 1)
    clients["value"], providers["cost"] = [[50, 30]], [[35]]
    costs = np.zeros((1, 1), np.int64)
    return Outcome(
        np.zeros(1, int), table, np.array([fees]), deals, plan, clients, providers, costs, np.array(wealth), np.array(gained)
    )


def measure(name, *given, **made):
    (value,) = METRICS[name].of(given[0] if given else outcome(**made))
    return float(value)


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        ([5, 5, 5], 0.0),
        ([0, 0, 9], 2 / 3),
        ([1, 2, 3], 2 / 9),
        ([0, 1], 0.5),
        ([7], 0.0),
    ],
)
def test_gini_is_the_mean_difference_over_twice_the_mean(money, expected):
    assert measure("gini", wealth=[money]) == pytest.approx(expected)
    assert measure("gini", wealth=[money[::-1]]) == pytest.approx(expected), "the order of agents does not matter"
    pairs = np.abs(np.subtract.outer(money, money)).mean() / (2 * np.mean(money))
    assert pairs == pytest.approx(expected)


def test_gini_of_nothing_is_not_defined():
    assert np.isnan(measure("gini", wealth=[[0, 0, 0]]))


def test_efficiency_is_realised_over_best_surplus():
    ticks = [{"value": 90, "cost": 30}, {"value": 10, "cost": 20}]
    assert measure("efficiency", ticks=ticks, best=(60, 40), price=(1, 1)) == 0.5
    assert np.isnan(measure("efficiency", ticks=ticks, best=(0, 0), price=(1, 1)))


def test_surplus_of_each_side_is_value_or_cost_and_money():
    """Clients: value 80, money -55. Provider: money +50, cost 35. The optimum is 100."""
    made = outcome(gained=[[-40, -15, 50]])
    assert measure("client_surplus", made) == 0.25
    assert measure("provider_surplus", made) == 0.15


def test_price_error_is_the_mean_distance_weighted_by_hires():
    """Two hires at a mean of 12 where 10 is fair (20 % off), six at 9 where 10 is fair (10 % off): (2×0.2 + 6×0.1) / 8."""
    trades = [{"hires": 2, "price": 24}, {"hires": 6, "price": 54}]
    assert measure("price_error", trades=trades, best=(1, 1), price=(10, 10)) == pytest.approx(0.125)


def test_price_error_leaves_out_what_the_planner_would_not_trade():
    trades = [{"hires": 2, "price": 24}, {"hires": 6, "price": 54}]
    assert measure("price_error", trades=trades, best=(1, 0), price=(10, np.nan)) == pytest.approx(0.2)
    assert np.isnan(measure("price_error", trades=trades, best=(0, 0), price=(np.nan, np.nan)))


def test_price_level_is_the_mean_price_in_coins():
    ticks = [{"hires": 1, "price": 4 * COIN}, {"hires": 3, "price": 6 * COIN}]
    assert measure("price_level", ticks=ticks) == 2.5
    assert np.isnan(measure("price_level"))


def test_fill_rate_is_hires_over_needs():
    assert measure("fill_rate", ticks=[{"requests": 3, "hires": 1}, {"requests": 5, "hires": 5}]) == 0.75
    assert np.isnan(measure("fill_rate"))


def test_settlement_delay_is_the_mean_number_of_blocks_from_hire_to_money():
    assert measure("settlement_delay", ticks=[{"settled": 3, "delay": 6}, {"settled": 1, "delay": 4}]) == 2.5
    assert np.isnan(measure("settlement_delay"))


def test_fee_overhead_is_fees_over_best_surplus():
    assert measure("fee_overhead", fees=25) == 0.25


def silent_client(view, memory, dice):
    return {"hire": 0, "limit": 2**40, "answer": 0}


@pytest.mark.parametrize(
    ("client", "provider", "delay"),
    [
        ("cheapest", "cost_plus", 2),  # hired in one block, delivered in the next, accepted in the one after
        (silent_client, "cost_plus", 1 + 3),  # delivered after one block, paid at the end of the dispute window
        (silent_client, lambda view, memory, dice: {"deliver": 0}, 2),  # refunded at the end of the delivery window
    ],
)
def test_settlement_delay_of_a_whole_market_follows_its_windows(client, provider, delay):
    windows = {"delivery_window": 2, "dispute_window": 3, "gas_limit": 2**30}
    _, played = play({"client": client, "provider": provider}, seeds=[0, 1], **windows)
    assert METRICS["settlement_delay"].of(played).tolist() == [delay, delay]


def test_every_metric_is_one_number_per_world():
    for scenario in SCENARIOS.values():
        played = World(scenario, scenario.settings("minimal", {}), seeds=[0, 1, 2]).play()
        for name in scenario.metrics:
            value = METRICS[name].of(played)
            assert value.shape == (3,), name
            assert value.dtype == float, name
            assert np.isfinite(value).all(), name
