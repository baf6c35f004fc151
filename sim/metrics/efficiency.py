"""How much of the possible surplus the market realised."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import AuctionOutcome, Outcome, PriceOutcome, SwapOutcome, TradeOutcome, ratio

AnyOutcome: TypeAlias = Outcome | PriceOutcome | TradeOutcome | AuctionOutcome | SwapOutcome


def realised(outcome: AnyOutcome) -> NDArray[np.int64]:
    """Value to buyers minus cost to sellers, expected over quality given effort, shape (worlds, ticks), µcoin."""
    return outcome.ticks["value"] - outcome.ticks["cost"]


def efficiency(outcome: AnyOutcome) -> NDArray[np.float64]:
    """Realised surplus ÷ the planner's optimum; at most 1, negative where work destroys value."""
    return ratio(realised(outcome).sum(axis=1), outcome.best.surplus.sum(axis=(1, 2)))
