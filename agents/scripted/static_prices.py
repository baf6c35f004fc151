"""Sellers that compute the price of a theory once and stay with it, whatever the others do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice
from agents.scripted.best_response import log_appeal, nearest_level, sellers_in

HALVINGS = 50


def symmetric_price(view: Any, together: Any) -> NDArray[np.float64]:
    """Cost + y × mu, where y × (1 - `together` × share of one seller) = 1 if all sellers in the market are alike, by bisection.

    With `together` = 1 nobody gains by moving alone; with the number of sellers all together earn most.
    """
    gain, sellers = log_appeal(view, view["cost"][:, None])[:, 0], sellers_in(view)
    low = np.ones(view.size)
    high = 1 + np.logaddexp(0, gain) + np.log(sellers)
    for _ in range(HALVINGS):
        y = (low + high) / 2
        share = 1 / (sellers + np.exp(np.clip(y - gain, -700, 700)))
        rising = y * (1 - together * share) < 1
        low, high = np.where(rising, y, low), np.where(rising, high, y)
    return np.asarray(view["cost"] + view["mu"] * low)


@dataclass(frozen=True)
class Nash:
    """Posts the level nearest to the price of the one-shot equilibrium, taking the others' costs for its own.

    Source: the logit model of Anderson, de Palma and Thisse, "Discrete choice theory of product differentiation", 1992: price =
    cost + mu / (1 - share).
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Solve for the price."""
        return {"level": nearest_level(view, symmetric_price(view, 1))}


@dataclass(frozen=True)
class Monopoly:
    """Posts the level nearest to the price that earns most for all sellers together, taking the others' costs for its own.

    Source: the largest joint profit in the same model of Anderson, de Palma and Thisse, 1992: price = cost + mu / (1 - the sum of
    all shares).
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Solve for the price."""
        return {"level": nearest_level(view, symmetric_price(view, sellers_in(view)))}
