"""What the ledger itself costs."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import Outcome, ratio


def fee_overhead(outcome: Outcome) -> NDArray[np.float64]:
    """Base fees and tips ÷ the planner's optimum."""
    return ratio(outcome.fees, outcome.best.surplus.sum(axis=(1, 2)))
