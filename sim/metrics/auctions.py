"""What auctions earn: the buyer by competition, the bidders by what it leaves them."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import AuctionOutcome, ratio


def saving(outcome: AuctionOutcome) -> NDArray[np.float64]:
    """Mean of reserve minus price over all auctions that ended, as a share of it; a job that nobody won saves nothing."""
    saved = (outcome.reserve - outcome.awards["price"]) * outcome.awards["awarded"]
    return ratio(saved.sum(axis=1), outcome.reserve * outcome.awards["ended"].sum(axis=1))


def bidder_surplus(outcome: AuctionOutcome) -> NDArray[np.float64]:
    """What all bidders gained, payments minus costs, fees and lost deposits, as a share of the planner's optimum."""
    return ratio(outcome.gained.sum(axis=1), outcome.best.surplus.sum(axis=(1, 2)))
