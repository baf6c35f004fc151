"""Client that never returns to a provider that failed it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice

REMEMBERED = 32


@dataclass(frozen=True)
class OnceBitten:
    """Hires a uniformly drawn offer that it can accept, from a provider that never gave it a worthless job.

    It accepts what asks no more than the service is worth to it. It looks at no rating. It remembers the last `REMEMBERED`
    providers that failed it, by address: who goes on under a new identity is a stranger again. What it hires before a worthless
    job is delivered may go to the same provider.

    Source: the trigger strategy of Friedman, "A non-cooperative equilibrium for supergames", Review of Economic Studies 38, 1971,
    played against one partner at a time (personal enforcement, as in Kandori, Review of Economic Studies 59, 1992).
    """

    memory: ClassVar = np.dtype([("bitten", "i8", (REMEMBERED,)), ("count", "i8")])

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Learn from the job that was delivered, then give every acceptable offer an equal chance."""
        self._learn(view, memory)
        offers = view["offers"]
        bitten = self._knows(offers["address"], memory["bitten"])
        acceptable = (offers["address"] >= 0) & (offers["price"] <= view["value"][:, None]) & ~bitten
        score = np.where(acceptable, dice.uniform(offers.shape[1]), -1.0)
        return {"hire": np.where(acceptable.any(axis=1), score.argmax(axis=1), -1)}

    @staticmethod
    def _knows(address: NDArray[np.int64], bitten: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each address, shape (rows, places), is remembered. Memory holds address + 1: 0 is nothing."""
        return (bitten[:, None, :] == address[:, :, None] + 1).any(axis=2)

    def _learn(self, view: Any, memory: Any) -> None:
        """Remember the provider of a worthless job, once; the oldest one is forgotten when memory is full."""
        known = self._knows(view["job_provider"][:, None], memory["bitten"])[:, 0]
        rows = np.flatnonzero((view["job"] >= 0) & (view["job_quality_bps"] < 10_000) & ~known)
        memory["bitten"][rows, memory["count"][rows] % REMEMBERED] = view["job_provider"][rows] + 1
        memory["count"][rows] += 1
