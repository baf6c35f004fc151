"""Provider that stays just below its cheapest rival."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice

FAR = 2**40


def undercut(view: Any, least: Any, most: Any, step_bps: int) -> NDArray[np.int64]:
    """A price `step_bps` below the cheapest rival shown, held between `least` and `most`, µcoin."""
    offers = view["offers"]
    rival = (offers["address"] >= 0) & (offers["address"] != view["address"][:, None])
    lowest = np.where(rival, offers["price"], FAR).min(axis=1)
    return np.clip(lowest - np.maximum(1, lowest * step_bps // 10_000), least, most)


@dataclass(frozen=True)
class Undercutting:
    """Asks `step_bps` less than the cheapest rival it is shown, never below its full cost; starts at `opening_bps` over it.

    Source: price competition of Bertrand, Journal des Savants, 1883: each seller undercuts the others down to cost.
    """

    step_bps: int = 100
    opening_bps: int = 10_000

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Undercut the cheapest other offer."""
        full_cost = view["cost"] + view["effort_cost"]
        opening = full_cost + full_cost * self.opening_bps // 10_000
        return {"price": undercut(view, full_cost, opening, self.step_bps)}
