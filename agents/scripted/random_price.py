"""Seller that prices at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice


@dataclass(frozen=True)
class RandomPrice:
    """Draws one of the levels, each with the same chance.

    Source: the uniformly random rival against which Calvano and others start their learners, American Economic Review 110, 2020.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Draw a level."""
        return {"level": np.floor(dice.uniform()[:, 0] * view["levels"]).astype(np.int64)}
