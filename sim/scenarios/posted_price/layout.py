"""What the market of posted prices keeps beside the ledger: the grid, what is measured, and working memory."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.layout import record
from chain.sorting import Scratch, scratch_for
from sim.scenarios.posted_price.parameters import PostedPriceParameters

SALE = record("price", "quantity", "profit")
"""One tick of one seller: its price, what it sold in millionths of the consumers, and revenue minus cost; µcoin."""


class Shop(NamedTuple):
    """What the sellers of all worlds share, and the working memory of one thread."""

    grid: NDArray[np.int64]
    """Price of each level, µcoin."""
    lowest: int
    per_level: float
    """Levels per µcoin: the level nearest to a price is (price - lowest) × this, rounded."""
    horizon: int
    scratch: Scratch


def grid_of(lowest: Any, highest: Any, levels: Any, level: Any) -> Any:
    """Price of a level, µcoin: evenly spaced, rounded to the nearest.

    >>> [grid_of(100, 201, 3, k) for k in range(3)]
    [100, 151, 201]
    """
    steps = levels - 1
    return lowest + (2 * level * (highest - lowest) + steps) // (2 * steps)


def shop_for(parameters: PostedPriceParameters, accounts: int) -> Shop:
    """The grid of these parameters, and working memory for ledgers of so many account rows."""
    p = parameters
    lowest, highest = p.grid_ends
    grid = grid_of(lowest, highest, p.levels, np.arange(p.levels))
    return Shop(grid.astype(np.int64), lowest, p.top_level / (highest - lowest), p.horizon, scratch_for(p.sellers, accounts))
