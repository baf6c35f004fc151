"""Traders of a double auction without any intelligence but that of making no loss."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice
from agents.scripted.truthful import buys, limit_of, may_quote, own_quote


@dataclass(frozen=True)
class ZeroIntelligence:
    """Quotes any price at which it would not lose, each with the same chance; one that is no better than its own that stands
    changes nothing.

    Source: ZI-C of Gode and Sunder, "Allocative efficiency of markets with zero-intelligence traders", Journal of Political
    Economy 101, 1993.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Draw a price between the end of the range and the own limit."""
        limit, own, buyer = limit_of(view), own_quote(view), buys(view)
        first = view["lowest"] if buyer else limit
        last = limit if buyer else view["highest"]
        price = first + np.floor(dice.uniform()[:, 0] * np.maximum(last - first + 1, 1)).astype(np.int64)
        better = (own < 0) | ((price > own) if buyer else (price < own))
        return {"price": np.where(may_quote(view) & (first <= last) & better, price, -1)}
