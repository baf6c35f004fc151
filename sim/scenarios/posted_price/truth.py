"""What should come out, known without running the market: prices, profits and surplus of logit demand.

With the share q_i of each seller, a price is the best answer to the others exactly where price_i = cost_i + mu / (1 - q_i), and
prices earn most for all sellers together where every markup is mu / (1 - sum of q), as Anderson, de Palma and Thisse show in
"Discrete choice theory of product differentiation", 1992. Both have one solution, for any number of sellers and any costs.
Amounts are floats in the smallest unit of money, per unit mass of consumers.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp, wrightomega

HALVINGS, NEWTON_STEPS = 60, 12
KNOWN = 2**16
"""So many markets' Nash prices are remembered: the parameters of a sweep are checked again and again."""
Floats = NDArray[np.float64]


class Market(NamedTuple):
    """What demand and profits depend on."""

    quality: float
    outside: float
    mu: float
    costs: tuple[float, ...]
    """Unit cost of each seller."""


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

    Given the log-sum s over all choices, the odds exp(t) of buying of a seller solve 1 + exp(t) + ln(share) = gain - s. The left
    side rises in t and is convex, so Newton's method runs down to the root from above. Bisection finds the log-sum at which all
    shares add up to one.
    """
    return np.array(_nash_prices(market))


@lru_cache(maxsize=KNOWN)
def _nash_prices(market: Market) -> tuple[float, ...]:
    gains = _gains(market)
    low, high = 0.0, float(np.logaddexp(0, logsumexp(gains) - 1))
    for _ in range(HALVINGS):
        s = (low + high) / 2
        t = np.log1p(np.maximum(gains - s, 0)) + 1
        for _ in range(NEWTON_STEPS):
            t -= (1 + np.exp(t) - np.logaddexp(0, -t) - gains + s) / (np.exp(t) + expit(-t))
        if expit(t).sum() + np.exp(-s) > 1:
            low = s
        else:
            high = s
    return tuple((market.costs + market.mu * (1 + np.exp(t))).tolist())
