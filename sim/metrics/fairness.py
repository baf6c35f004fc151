"""How evenly money is spread."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import Outcome, ratio


def gini(outcome: Outcome) -> NDArray[np.float64]:
    """Gini coefficient of the agents' money at the end of the episode: 0 where all have the same.

    Seats for guests that were never taken do not count.

    Source: Gini, "Variabilità e mutabilità", 1912, in the sorted form of Sen, "On Economic Inequality", 1973.
    """
    present = np.broadcast_to(outcome.present, outcome.wealth.shape)
    money = np.sort(np.where(present, outcome.wealth, -1), axis=1).astype(float)
    n = present.sum(axis=1, keepdims=True)
    rank = np.arange(1, money.shape[1] + 1) - (money.shape[1] - n)
    money = np.where(rank > 0, money, 0.0)
    return ratio(((2 * rank - n - 1) * money).sum(axis=1), n[:, 0] * money.sum(axis=1))
