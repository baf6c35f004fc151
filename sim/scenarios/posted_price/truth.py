"""What should come out, known without running the market: prices, profits and surplus of logit demand.

With the share q_i of each seller, a price is the best answer to the others exactly where price_i = cost_i + mu / (1 - q_i), and
prices earn most for all sellers together where every markup is mu / (1 - sum of q), as Anderson, de Palma and Thisse show in
"Discrete choice theory of product differentiation", 1992. Both have one solution, for any number of sellers and any costs.
Amounts are floats in the smallest unit of money, per unit mass of consumers.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp, wrightomega

HALVINGS = 60
Floats = NDArray[np.float64]


class Market(NamedTuple):
    """What demand and profits depend on."""

    quality: float
    outside: float
    mu: float
    costs: tuple[float, ...]
    """Unit cost of each seller."""


def root(rising: Callable[[Floats], Floats], low: ArrayLike, high: ArrayLike) -> Floats:
    """Where a rising function is zero, by bisection, element by element: it is below zero at `low`, and not at `high`."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = rising(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _gains(market: Market) -> Floats:
    """How much better each good is at cost than buying nothing, in units of mu."""
    return np.asarray((market.quality - np.array(market.costs, float) - market.outside) / market.mu)


def shares(market: Market, prices: ArrayLike) -> Floats:
    """Share of each seller at prices of shape (..., sellers)."""
    utility = (market.quality - np.asarray(prices, float) - market.outside) / market.mu
    return np.asarray(np.exp(utility - np.logaddexp(0, logsumexp(utility, axis=-1))[..., None]))


def profits(market: Market, prices: ArrayLike) -> Floats:
    """Profit of each seller at prices of shape (..., sellers)."""
    return np.asarray((np.asarray(prices, float) - np.array(market.costs, float)) * shares(market, prices))


def consumer_surplus(market: Market, prices: ArrayLike) -> Floats:
    """What consumers gain over buying nothing, at prices of shape (..., sellers); an infinite price is no offer.

    Source: the log-sum of Small and Rosen, "Applied welfare economics with discrete choice models", Econometrica 49, 1981.
    """
    utility = (market.quality - np.asarray(prices, float) - market.outside) / market.mu
    return np.asarray(market.mu * np.logaddexp(0, logsumexp(utility, axis=-1)))


def welfare(market: Market, prices: ArrayLike) -> Floats:
    """Gain of consumers and sellers together; it is highest where prices are costs."""
    return np.asarray(consumer_surplus(market, prices) + profits(market, prices).sum(axis=-1))


def monopoly_prices(market: Market) -> Floats:
    """The prices that earn most for all sellers together.

    In units of mu the common markup y solves y = 1 + sum of exp(gain_i - y): y - 1 is Wright's omega function of the log-sum - 1.
    """
    return np.asarray(market.costs + market.mu * (1 + wrightomega(logsumexp(_gains(market)) - 1)))


def nash_prices(market: Market) -> Floats:
    """The prices from which no seller gains by moving alone.

    Given the log-sum s over all choices, the odds o_i of buying of seller i solve ln(share) + 1 + o_i = gain_i - s; the log-sum
    is right where all shares add up to one.
    """
    gains = _gains(market)

    def log_odds(s: Floats) -> Floats:
        wanted = gains - s
        high = np.log1p(np.maximum(wanted, 0)) + 1
        return root(lambda t: 1 + np.exp(t) - np.logaddexp(0, -t) - wanted, np.minimum(wanted, 0) - 3, high)

    s = root(lambda s: 1 - np.exp(-s) - expit(log_odds(s)).sum(), 0, np.logaddexp(0, logsumexp(gains) - 1))
    return np.asarray(market.costs + market.mu * (1 + np.exp(log_odds(s))))
