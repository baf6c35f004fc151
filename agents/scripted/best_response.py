"""Seller that answers the last prices of the others as well as it can."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice


def grid(view: Any) -> NDArray[np.int64]:
    """Price of every level, shape (rows, most levels), µcoin: evenly spaced, rounded; above the highest, the highest."""
    steps = view["levels"][:, None] - 1
    level = np.minimum(np.arange(view["levels"].max(initial=2)), steps)
    span = (view["highest"] - view["lowest"])[:, None]
    return np.asarray(view["lowest"][:, None] + (2 * level * span + steps) // (2 * steps))


def nearest_level(view: Any, price: Any) -> NDArray[np.int64]:
    """The level of the grid nearest to a price per row."""
    return np.asarray(np.abs(grid(view) - np.asarray(price)[:, None]).argmin(axis=1))


def log_appeal(view: Any, prices: NDArray[Any]) -> NDArray[np.float64]:
    """Log of the weight of goods at these prices, shape (rows, prices), beside a weight of 1 for buying nothing."""
    return np.asarray((view["quality"] - view["outside"])[:, None] - prices) / view["mu"][:, None]


def sellers_in(view: Any) -> NDArray[np.int64]:
    """Number of sellers in the market, one per row."""
    return np.asarray((view["sellers"]["price"] >= 0).sum(axis=1))


@dataclass(frozen=True)
class BestResponse:
    """Takes the level that would have earned most against the others' last prices; of equals, the lowest.

    Source: the adjustment process of Cournot, "Recherches sur les principes mathématiques de la théorie des richesses", 1838.
    With logit demand it converges to the one Nash equilibrium, since prices are strategic complements (Milgrom and Roberts,
    Econometrica 58, 1990).
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Try every level."""
        prices = grid(view)
        others = view["sellers"]["price"][:, 1:]
        appeal = np.where(others >= 0, log_appeal(view, others), -np.inf)
        rivals = np.logaddexp.reduce(np.concatenate([np.zeros((view.size, 1)), appeal], axis=1), axis=1)
        share = 1 / (1 + np.exp(np.minimum(rivals[:, None] - log_appeal(view, prices), 700.0)))
        return {"level": ((prices - view["cost"][:, None]) * share).argmax(axis=1)}
