"""Trades of a commodity beside the competitive equilibrium: how many, at which price, how close."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import TradeOutcome, ratio
from sim.metrics.prices import COIN


def trade_price(outcome: TradeOutcome) -> NDArray[np.float64]:
    """Mean price of a traded unit, coins."""
    return ratio(outcome.ticks["price"].sum(axis=1), outcome.ticks["trades"].sum(axis=1)) / COIN


def traded_share(outcome: TradeOutcome) -> NDArray[np.float64]:
    """Units traded ÷ the competitive quantity."""
    return ratio(outcome.ticks["trades"].sum(axis=1), outcome.best.quantity)


def smith_alpha(outcome: TradeOutcome) -> NDArray[np.float64]:
    """Smith's coefficient of convergence: root mean square distance of traded units' prices from the middle of the competitive
    prices, as a share of it. The units of one tick count with their mean price.

    Source: Smith, "An experimental study of competitive market behavior", Journal of Political Economy 70, 1962.
    """
    trades, fair = outcome.ticks["trades"], (outcome.best.low + outcome.best.high)[:, None] / 2
    off = np.where(trades > 0, ratio(outcome.ticks["price"], trades) - fair, 0)
    return ratio(np.sqrt(ratio((trades * off**2).sum(axis=1), trades.sum(axis=1))), fair[:, 0])
