"""When it pays to deliver nothing for the price, known in closed form: the stake must outweigh what the arbiter misses.

A provider shirks: its work is worthless and costs it nothing. The price G waits in escrow, one stake S stands behind each job
until the dispute window has ended, the arbiter finds every bad job with probability p, and a found job loses the whole stake.
So a shirked job earns (1 - p) G - p S, or G - p S where the provider is paid even if it is caught. Honest work with effort cost e
earns G - e.
"""

from itertools import count

import numpy as np
import pytest

from sim.scenarios.service_market.roles import Answer
from tests.sim.worlds import play

COIN = 1_000_000
WORLDS = 100
AROUND = np.array([0.6, 0.9, 1.1, 1.4])
"""Stakes to try, as multiples of the one where shirking should turn from profit to loss."""
CASES = [(1_000, 40, 10), (2_000, 20, 12), (5_000, 30, 24), (8_000, 50, 45)]
"""Chance to be found (bps), price and cost of full effort (coins)."""
EXTREMES = {
    "clients": 10,
    "providers": 1,
    "services": 1,
    "horizon": 40,
    "need_bps": 10_000,
    "cost_low": 0,
    "cost_high": 0,
    "skill_low_bps": 10_000,
    "capacity_low": 10,
    "capacity_high": 10,
    "provider_balance": 10**6 * COIN,
    "reliability_bps": 10_000,
    "slash_bps": 10_000,
    "compensation_bps": 3_000,
    "base_fee": 0,
    "fee_quotient": 0,
    "gas_limit": 2**30,
}
SHIRKS, WORKS = 0, 10_000
many_cases = pytest.mark.parametrize(("found_bps", "price", "effort"), CASES)
paid_or_not = pytest.mark.parametrize("pay_caught", [0, 1], ids=["caught unpaid", "caught paid"])


def disputing(view, memory, dice):
    """Hires whatever is shown, and disputes every delivery."""
    return {"hire": 0, "answer": Answer.DISPUTE}


def profits(effort_bps, stakes, *, found_bps, price, effort, pay_caught):
    """Profit per job of the only provider, coins, shape (stakes, worlds); no two entries share a draw."""

    def provider(view, memory, dice):
        return {"price": price * COIN, "effort_bps": effort_bps}

    terms = EXTREMES | {"arbiter_bps": found_bps, "effort_cost": effort * COIN, "pay_caught": pay_caught}
    rows = []
    for first, stake in zip(count(0, WORLDS), stakes, strict=False):
        seeds = np.arange(first, first + WORLDS)
        played, outcome = play({"client": disputing, "provider": provider}, seeds=seeds, min_stake=round(stake * COIN), **terms)
        jobs = outcome.ticks["requests"].sum(axis=1)
        for column in ("hires", "delivered", "disputes"):
            assert np.array_equal(outcome.ticks[column].sum(axis=1), jobs), f"all jobs count among the {column}"
        rows.append(played.economy.gains()["provider"] / jobs / COIN)
    return np.array(rows)


def zero_of(stakes, profit):
    """Where the straight line of least squares through the mean profits crosses zero."""
    slope, level = np.polyfit(stakes, profit.mean(axis=1), 1)
    return -level / slope


def zero_and_error(stakes, profit):
    """The same, with its standard error by the jackknife: leave out one world of each stake after another."""
    without = np.array([zero_of(stakes, np.delete(profit, w, axis=1)) for w in range(WORLDS)])
    return zero_of(stakes, profit), np.sqrt((WORLDS - 1) * without.var())


def assert_turns_at(threshold, stakes, profit):
    """The zero is where it should be, and the sign of the profit is plain a tenth to each side of it.

    Each of these fails by chance with a probability of 0.4 % (three standard errors, 99 degrees of freedom).
    """
    zero, error = zero_and_error(stakes, profit)
    assert error < 0.02 * threshold, "sharp enough"
    assert abs(zero - threshold) < 3 * error, f"zero at {zero:.3f} ± {error:.3f}, expected at {threshold:.3f}"
    sureness = profit.mean(axis=1) / (profit.std(axis=1, ddof=1) / np.sqrt(WORLDS))
    assert (sureness[stakes < threshold] > 3).all(), "below, it pays"
    assert (sureness[stakes > threshold] < -3).all(), "above, it does not"


@pytest.mark.slow
@paid_or_not
@many_cases
def test_shirking_pays_up_to_the_stake_of_the_closed_form(found_bps, price, effort, pay_caught):
    """G (1 - p) / p, or G / p where the caught are paid."""
    terms = {"found_bps": found_bps, "price": price, "effort": effort, "pay_caught": pay_caught}
    p = found_bps / 10_000
    threshold = price / p if pay_caught else price * (1 - p) / p
    stakes = AROUND * threshold
    assert_turns_at(threshold, stakes, profits(SHIRKS, stakes, **terms))


@pytest.mark.slow
@paid_or_not
@many_cases
def test_shirking_beats_honest_work_up_to_the_stake_of_the_closed_form(found_bps, price, effort, pay_caught):
    """e / p - G, or e / p where the caught are paid; both kinds of provider meet the same worlds."""
    terms = {"found_bps": found_bps, "price": price, "effort": effort, "pay_caught": pay_caught}
    p = found_bps / 10_000
    threshold = effort / p - (0 if pay_caught else price)
    stakes = AROUND * threshold
    honest = profits(WORKS, stakes, **terms)
    assert honest == pytest.approx(price - effort), "whoever disputes good work disputes in vain"
    assert_turns_at(threshold, stakes, profits(SHIRKS, stakes, **terms) - honest)


@pytest.mark.parametrize(("found_bps", "price", "effort"), [(5_000, 30, 12), (9_000, 20, 15)])
def test_where_effort_costs_less_than_the_price_at_risk_shirking_never_beats_honest_work(found_bps, price, effort):
    """e < p G: not even without a stake, as far as ten standard errors tell."""
    terms = {"found_bps": found_bps, "price": price, "effort": effort, "pay_caught": 0}
    stakes = np.array([0, 1, 10])
    more = profits(SHIRKS, stakes, **terms) - profits(WORKS, stakes, **terms)
    assert (more.mean(axis=1) < -10 * more.std(axis=1, ddof=1) / np.sqrt(WORLDS)).all()


def test_whoever_is_never_found_gains_every_price_and_whoever_always_is_loses_every_stake():
    """To the last unit, at the ends of the range of p."""
    for found_bps, pay_caught, expected in [(0, 0, 20), (0, 1, 20), (10_000, 0, -7), (10_000, 1, 20 - 7)]:
        terms = {"found_bps": found_bps, "price": 20, "effort": 12, "pay_caught": pay_caught}
        assert profits(SHIRKS, [7], **terms) == pytest.approx(expected)
