"""Seller that keeps prices high as long as the others do."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agents.policy import Action, Dice
from agents.scripted.best_response import nearest_level, sellers_in
from agents.scripted.static_prices import symmetric_price


@dataclass(frozen=True)
class TitForTat:
    """Begins with the price of joint monopoly and then matches the lowest of the others' last prices, between Nash and monopoly.

    Source: Axelrod, "The evolution of cooperation", 1984, in the form for prices of a low-price guarantee (Salop, "Practices that
    (credibly) facilitate oligopoly co-ordination", 1986).
    """

    memory: ClassVar = np.dtype([("begun", "i8")])

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Match the lowest rival."""
        others = view["sellers"]["level"][:, 1:]
        lowest = np.where(others >= 0, others, np.iinfo(np.int64).max).min(axis=1)
        floor, top = (nearest_level(view, symmetric_price(view, together)) for together in (1, sellers_in(view)))
        level = np.where(memory["begun"] > 0, np.clip(lowest, floor, top), top)
        memory["begun"] = 1
        return {"level": level}
