"""How evenly money is spread."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import Outcome, ratio


def gini(outcome: Outcome) -> NDArray[np.float64]:
    """Gini coefficient of the agents' money at the end of the episode: 0 where all have the same.

    Source: Gini, "Variabilità e mutabilità", 1912, in the sorted form of Sen, "On Economic Inequality", 1973.
    """
    money = np.sort(outcome.wealth, axis=1).astype(float)
    n = money.shape[1]
    weights = 2 * np.arange(1, n + 1) - n - 1
    return ratio((weights * money).sum(axis=1), n * money.sum(axis=1))
