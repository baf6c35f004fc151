"""How well needs are served, and how fast money is settled."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import AuctionOutcome, Outcome, ratio


def fill_rate(outcome: Outcome | AuctionOutcome) -> NDArray[np.float64]:
    """Hires ÷ needs."""
    return ratio(outcome.ticks["hires"].sum(axis=1), outcome.ticks["requests"].sum(axis=1))


def settlement_delay(outcome: Outcome) -> NDArray[np.float64]:
    """Mean number of blocks from hire to payment or refund."""
    return ratio(outcome.ticks["delay"].sum(axis=1), outcome.ticks["settled"].sum(axis=1))
