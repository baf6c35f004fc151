"""Traders of a double auction that say what a unit is worth to them, and what all such traders can tell from their view."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice


def buys(view: Any) -> bool:
    """Whether the view is a buyer's."""
    return "value" in view.dtype.names


def limit_of(view: Any) -> NDArray[np.int64]:
    """Value of the next unit to a buyer, its cost to a supplier; -1: there is none."""
    return np.asarray(view["value" if buys(view) else "cost"])


def own_quote(view: Any) -> NDArray[np.int64]:
    """The price of the own quote that stands; -1: none."""
    return np.asarray(view["bid" if buys(view) else "ask"])


def may_quote(view: Any) -> NDArray[np.bool_]:
    """Whether it is its turn, and it has a unit to trade."""
    return np.asarray((view["turn"] == 1) & (view["left"] > 0))


@dataclass(frozen=True)
class Truthful:
    """Quotes its value or cost.

    Source: price taking as in the textbook's competitive market; the book of such quotes is the curves of demand and supply of
    Smith, "An experimental study of competitive market behavior", Journal of Political Economy 70, 1962.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Quote the limit, within the range of prices."""
        return {"price": np.where(may_quote(view), np.clip(limit_of(view), view["lowest"], view["highest"]), -1)}
