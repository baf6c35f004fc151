"""How far sellers have come from competition towards joint monopoly."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import PriceOutcome


def profit_gain(outcome: PriceOutcome) -> NDArray[np.float64]:
    """Mean profit on the scale from the one-shot Nash equilibrium, 0, to joint monopoly, 1.

    Source: the Delta of Calvano, Calzolari, Denicolò and Pastorello, American Economic Review 110, 2020.
    """
    low, high = outcome.nash.profits.mean(), outcome.monopoly.profits.mean()
    return np.asarray((outcome.sales["profit"].mean(axis=(1, 2)) - low) / (high - low))
