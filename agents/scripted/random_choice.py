"""Client that hires at random among the offers that it can accept."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice


@dataclass(frozen=True)
class RandomChoice:
    """Hires a uniformly drawn offer among those that ask no more than the service is worth to it.

    Source: the "zero-intelligence" trader with a budget constraint of Gode and Sunder, "Allocative efficiency of markets with
    zero-intelligence traders", Journal of Political Economy 101, 1993.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Give every acceptable offer an equal chance."""
        offers = view["offers"]
        acceptable = (offers["address"] >= 0) & (offers["price"] <= view["value"][:, None])
        score = np.where(acceptable, dice.uniform(16), -1.0)
        return {"hire": np.where(acceptable.any(axis=1), score.argmax(axis=1), -1)}
