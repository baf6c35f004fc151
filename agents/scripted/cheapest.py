"""Client that hires the cheapest offer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice, shown

FAR = 2**62


@dataclass(frozen=True)
class Cheapest:
    """Hires the cheapest offer shown, if it asks no more than the service is worth: the best value minus price.

    Source: the price-taking buyer of every textbook; it trusts that what is sold is what is delivered.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Pick the lowest price."""
        offers = shown(view)
        price = np.where(offers["address"] >= 0, offers["price"], FAR)
        return {"hire": np.where(price.min(axis=1) <= view["value"], price.argmin(axis=1), -1)}
