"""What the market of posted prices should give, known without running it, and that the ledger gives it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp, wrightomega

from sim.metrics import METRICS
from sim.scenarios.posted_price.truth import (
    Market,
    consumer_surplus,
    monopoly_prices,
    nash_prices,
    profits,
    shares,
    welfare,
)
from tests.sim.shops import SHOPS, AnyPrice, shops, trade

COIN = 1_000_000
BASELINE = SHOPS.settings("standard", {}).market


@st.composite
def markets(draw):
    """Any market in which somebody might buy: two to sixteen sellers, costs up to 50 mu apart."""
    costs = draw(st.lists(st.floats(0, 5), min_size=2, max_size=16))
    return Market(draw(st.floats(0, 6)), draw(st.floats(0, 3)), draw(st.floats(0.1, 3)), tuple(costs))


def test_the_baseline_of_calvano_and_others():
    nash, monopoly = nash_prices(BASELINE), monopoly_prices(BASELINE)
    assert (nash / COIN).round(6).tolist() == [1.472927] * 2
    assert (monopoly / COIN).round(6).tolist() == [1.924981] * 2
    assert (profits(BASELINE, nash) / COIN).round(6).tolist() == [0.222927] * 2
    assert (profits(BASELINE, monopoly) / COIN).round(6).tolist() == [0.337490] * 2


@given(markets())
def test_at_nash_no_seller_gains_by_a_small_move(market):
    """The derivative of own profit, q (1 - (p - c) (1 - q) / mu), is zero."""
    prices = nash_prices(market)
    share = shares(market, prices)
    np.testing.assert_allclose((prices - market.costs) * (1 - share) / market.mu, 1, rtol=1e-9)


@given(markets())
def test_at_joint_monopoly_no_price_is_worth_moving(market):
    """The derivative of joint profit by each price, share by share, is zero."""
    prices = monopoly_prices(market)
    share, markup = shares(market, prices), prices - np.array(market.costs)
    slope = 1 - markup / market.mu + (markup * share).sum() / market.mu
    np.testing.assert_allclose(slope, 0, atol=1e-8 * max(1, markup.max() / market.mu))


@settings(max_examples=25)
@given(markets(), st.data())
def test_at_nash_no_seller_gains_by_any_move(market, data):
    prices = nash_prices(market)
    k = data.draw(st.integers(0, len(prices) - 1))

    def loss(price):
        moved = prices.copy()
        moved[k] = price
        return -profits(market, moved)[k]

    best = minimize_scalar(loss, bounds=(market.costs[k], market.costs[k] + 40 * market.mu), method="bounded")
    assert -best.fun <= profits(market, prices)[k] * (1 + 1e-9)


@settings(max_examples=15)
@given(markets())
def test_at_joint_monopoly_a_general_maximiser_finds_nothing_better(market):
    prices = monopoly_prices(market)
    found = minimize(lambda p: -profits(market, p).sum() / market.mu, np.array(market.costs) + market.mu)
    assert -found.fun * market.mu <= profits(market, prices).sum() * (1 + 1e-9)


@given(markets())
def test_monopoly_prices_are_above_nash_and_nash_above_cost(market):
    nash, monopoly = nash_prices(market), monopoly_prices(market)
    assert (nash >= np.array(market.costs) + market.mu * (1 - 1e-12)).all()
    assert monopoly.max() >= nash.max() - 1e-9
    assert profits(market, monopoly).sum() >= profits(market, nash).sum() * (1 - 1e-12)


@given(markets(), st.lists(st.floats(0, 9), min_size=16, max_size=16))
def test_welfare_is_highest_where_prices_are_costs(market, prices):
    given_prices = np.array(prices[: len(market.costs)])
    best = welfare(market, np.array(market.costs))
    assert best >= welfare(market, given_prices) - 1e-9
    assert best == pytest.approx(consumer_surplus(market, np.array(market.costs)))


@given(markets())
def test_demand_is_the_slope_of_consumer_surplus(market):
    """Roy's identity: a price that rises by h costs consumers share × h."""
    prices, h = nash_prices(market), 1e-5
    for k in range(len(prices)):
        step = np.eye(len(prices))[k] * h
        slope = (consumer_surplus(market, prices - step) - consumer_surplus(market, prices + step)) / (2 * h)
        assert slope == pytest.approx(shares(market, prices)[k], abs=1e-6)


def test_hopeless_and_lopsided_markets_have_prices_too():
    hopeless, lopsided = Market(0, 10**9, 1_000, (10**9, 10**9)), Market(10**9, 0, 1_000, (0, 10**9))
    assert (nash_prices(hopeless) - 10**9).round(6).tolist() == [1_000] * 2
    assert (monopoly_prices(hopeless) - 10**9).round(6).tolist() == [1_000] * 2
    for prices in (nash_prices(lopsided), monopoly_prices(lopsided)):
        assert np.isfinite(prices).all()


@pytest.mark.parametrize(
    "given", [{}, {"sellers": 7, "cost_low": 700_000, "cost_high": 1_600_000, "mu": 90_000, "outside": 300_000}]
)
def test_profits_on_the_ledger_are_the_formula_within_rounding(given):
    """Quantities are rounded down by less than a millionth, revenue and cost by less than one µcoin."""
    played, outcome = trade(AnyPrice(), seeds=np.arange(10), horizon=40, **given)
    market, sales = played.parameters.market, outcome.sales
    exact = shares(market, sales["price"]) * 1_000_000
    assert (sales["quantity"] <= exact + 1e-5).all()
    assert (sales["quantity"] > exact - 1 - 1e-5).all()
    lost = profits(market, sales["price"]) - sales["profit"]
    assert (np.abs(lost) <= 2 + np.abs(sales["price"] - np.array(market.costs)) / 1_000_000).all()


SHAPES = [{}, {"sellers": 3}, {"sellers": 5, "cost_low": 800_000, "cost_high": 1_200_000}]


def exact_answer(view, memory, dice):
    """The best response of all prices: in units of mu its markup y solves y - 1 = exp(gain - y) / weight of all other choices."""
    rivals = view["sellers"]["price"][:, 1:]
    worth = np.where(rivals >= 0, (view["quality"] - view["outside"])[:, None] - rivals, -np.inf) / view["mu"][:, None]
    gain = (view["quality"] - view["cost"] - view["outside"]) / view["mu"]
    return {"price": view["cost"] + view["mu"] * (1 + wrightomega(gain - 1 - np.logaddexp(0, logsumexp(worth, axis=1))))}


@pytest.mark.parametrize("given", SHAPES)
def test_exact_best_responses_converge_to_nash_on_the_ledger(given):
    played, outcome = trade(exact_answer, seeds=np.arange(20), horizon=80, **given)
    nash = nash_prices(played.parameters.market)
    assert (np.abs(outcome.sales["price"][:, 0] - nash) > 100).any()
    assert (np.abs(outcome.sales["price"][:, -1] - nash) <= 1).all(), "within a µcoin, from any first prices"


@pytest.mark.parametrize("levels", [15, 40, 100])
@pytest.mark.parametrize("given", SHAPES)
def test_best_responses_on_the_grid_end_within_a_step_of_nash(given, levels):
    """Where the Nash price lies between two levels both can be equilibria, and sellers who move at once can swap them."""
    played, outcome = trade("best_response", seeds=np.arange(40), preset="standard", horizon=60, levels=levels, **given)
    grid = played.economy._shops[0].grid
    away = np.abs(outcome.sales["price"][:, 20:] - nash_prices(played.parameters.market))
    assert (away <= np.diff(grid).max()).all()


def test_on_the_baseline_grid_two_levels_are_equilibria_and_best_responses_end_at_them():
    """The levels beside 1.472927 on the grid of 15; each is the best answer to itself."""
    played, outcome = trade("best_response", seeds=np.arange(100), preset="standard")
    grid = played.economy._shops[0].grid
    answers = [profits(BASELINE, np.stack([grid, np.full(15, rival)], axis=1))[:, 0].argmax() for rival in grid]
    fixed = [k for k in range(15) if answers[k] == k]
    assert [grid[k] for k in fixed] == [1_466_469, 1_505_216]
    assert set(np.unique(outcome.sales["price"][:, -1]).tolist()) == {1_466_469, 1_505_216}


def at(prices):
    """Everybody posts a price of its own, in µcoin."""
    return lambda view, memory, dice: {"price": np.tile(prices, view.size // len(prices))}


@pytest.mark.parametrize("given", [{}, {"sellers": 6, "cost_low": 800_000, "cost_high": 1_300_000}])
def test_the_profit_gain_is_zero_at_nash_and_one_at_monopoly(given):
    market = shops(**given).parameters.market
    for prices, gain in ((nash_prices(market), 0), (monopoly_prices(market), 1)):
        _, outcome = trade(at(np.rint(prices).astype(np.int64)), seeds=[0, 1], **given)
        assert METRICS["profit_gain"].of(outcome) == pytest.approx([gain] * 2, abs=1e-4)
        assert METRICS["posted_price"].of(outcome) == pytest.approx([prices.mean() / COIN] * 2, abs=1e-6)


def test_prices_at_cost_are_efficient_and_leave_everything_to_consumers():
    _, outcome = trade(at([1_000_000] * 2), seeds=[0])
    assert METRICS["efficiency"].of(outcome) == pytest.approx([1.0], abs=1e-5)
    assert METRICS["consumer_surplus"].of(outcome) == pytest.approx([1.0], abs=1e-5)
    assert METRICS["profit_gain"].of(outcome)[0] < -1
    assert not outcome.sales["profit"].any()


@pytest.mark.parametrize("policy", ["random_price", AnyPrice()])
def test_efficiency_is_welfare_over_its_best(policy):
    """Computed anew from the prices alone."""
    _, outcome = trade(policy, seeds=np.arange(5), sellers=3)
    market = SHOPS.settings("minimal", {"sellers": 3}).market
    expected = welfare(market, outcome.sales["price"]).mean(axis=1) / welfare(market, np.array(market.costs))
    assert METRICS["efficiency"].of(outcome) == pytest.approx(expected, abs=1e-5)
    assert (METRICS["efficiency"].of(outcome) <= 1).all()
