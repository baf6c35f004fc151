"""Prices: how high, and how far from the competitive price."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import AuctionOutcome, Outcome, PriceOutcome, ratio

COIN = 1_000_000


def price_level(outcome: Outcome | AuctionOutcome) -> NDArray[np.float64]:
    """Mean price of a hire, coins."""
    return ratio(outcome.ticks["price"].sum(axis=1), outcome.ticks["hires"].sum(axis=1)) / COIN


def price_error(outcome: Outcome) -> NDArray[np.float64]:
    """Mean distance of prices from the planner's competitive price of the same tick and service, as a share of it.

    Each tick and service counts by its hires; where the planner would trade nothing there is no competitive price, and it is
    left out. Close kin of Smith's coefficient of convergence (Journal of Political Economy 70, 1962).
    """
    hires, fair = outcome.trades["hires"], outcome.best.price
    counted = (hires > 0) & np.isfinite(fair)
    distance = np.abs(ratio(outcome.trades["price"], hires) - fair) / fair
    return ratio(np.where(counted, hires * distance, 0).sum(axis=(1, 2)), np.where(counted, hires, 0).sum(axis=(1, 2)))


def posted_price(outcome: PriceOutcome) -> NDArray[np.float64]:
    """Mean price over all sellers and ticks, sold or not, coins."""
    return np.asarray(outcome.sales["price"].mean(axis=(1, 2)) / COIN)
