"""Swaps in a pool: who gains by them, how far the pool's price is from that outside, and what sandwiches take.

Where the ledger takes no fee, the surplus of traders, arbitrageurs, the builder and the pool add up to the efficiency.
"""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import SwapOutcome, ratio


def best(outcome: SwapOutcome) -> NDArray[np.int64]:
    """The planner's surplus of the whole episode, shape (worlds,), µcoin."""
    return np.asarray(outcome.best.surplus.sum(axis=(1, 2)))


def trader_surplus(outcome: SwapOutcome) -> NDArray[np.float64]:
    """What traders gained, as a share of the planner's optimum."""
    return ratio(outcome.gained[:, : outcome.traders].sum(axis=1), best(outcome))


def arbitrage_surplus(outcome: SwapOutcome) -> NDArray[np.float64]:
    """What arbitrageurs gained, as a share of the planner's optimum."""
    return ratio(outcome.gained[:, outcome.traders : -1].sum(axis=1), best(outcome))


def builder_surplus(outcome: SwapOutcome) -> NDArray[np.float64]:
    """What the builder gained, as a share of the planner's optimum."""
    return ratio(outcome.gained[:, -1], best(outcome))


def pool_surplus(outcome: SwapOutcome) -> NDArray[np.float64]:
    """What the pool gained for those who founded it, as a share of the planner's optimum: fees, minus the loss to arbitrage."""
    return ratio(outcome.pool, best(outcome))


def swap_fees(outcome: SwapOutcome) -> NDArray[np.float64]:
    """Fees that swaps left in the pool ÷ the planner's optimum."""
    return ratio(outcome.ticks["fees"].sum(axis=1), best(outcome))


def pool_price_error(outcome: SwapOutcome) -> NDArray[np.float64]:
    """Mean distance of the pool's price after a block from the price outside in that tick, as a share of it."""
    outside = outcome.ticks["outside"]
    return np.asarray((np.abs(outcome.ticks["pool"] - outside) / outside).mean(axis=1))


def sandwich_loss(outcome: SwapOutcome) -> NDArray[np.float64]:
    """What victims would have got more without the swap before theirs ÷ what traders paid in. Those whose swap was refused
    because of it are not among them: they show in `efficiency`.

    Source: the victim's loss of Zhou, Qin, Torres, Le and Gervais, "High-frequency trading on decentralized on-chain
    exchanges", IEEE Symposium on Security and Privacy 2021.
    """
    return ratio(outcome.ticks["lost"].sum(axis=1), outcome.ticks["volume"].sum(axis=1))
