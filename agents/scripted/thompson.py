"""Client that learns from its own experience which provider to trust."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice

KNOWN = 32


@dataclass(frozen=True)
class Thompson:
    """Thompson sampling over the providers it has met: hires the offer with the largest value × sampled trust - price.

    It remembers the last `KNOWN` providers that it came to know: how many jobs each did for it and how many were good. Trust in a
    provider is drawn from a normal distribution around (good + 1) / (jobs + 1) with deviation `spread` / sqrt(jobs + 1); the
    imagined first job was good, so a stranger gets a chance.

    Source: Thompson, Biometrika 25, 1933; the Gaussian form of Agrawal and Goyal, "Further optimal regret bounds for Thompson
    sampling", AISTATS 2013.
    """

    spread: float = 0.25
    memory: ClassVar = np.dtype([("met", "i8", (KNOWN,)), ("jobs", "i8", (KNOWN,)), ("good", "i8", (KNOWN,)), ("last", "i8")])

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Learn from the job that was delivered, then sample."""
        self._learn(view, memory)
        offers = view["offers"]
        jobs, good = self._recall(offers["address"], memory)
        trust = (good + 1) / (jobs + 1) + self.spread * dice.normal(16) / np.sqrt(jobs + 1)
        gain = view["value"][:, None] * np.clip(trust, 0, 1) - offers["price"]
        gain = np.where(offers["address"] >= 0, gain, -1.0)
        return {"hire": np.where(gain.max(axis=1) >= 0, gain.argmax(axis=1), -1)}

    @staticmethod
    def _learn(view: Any, memory: Any) -> None:
        """Count the delivered job that the view shows, once. Memory holds address + 1 and job + 1: 0 is nothing."""
        rows = np.flatnonzero((view["job"] >= 0) & (view["job"] + 1 != memory["last"]))
        if rows.size == 0:
            return
        address = view["job_provider"][rows] + 1
        met = memory["met"][rows] == address[:, None]
        slot = np.where(met.any(axis=1), met.argmax(axis=1), memory["jobs"][rows].argmin(axis=1))
        stranger = memory["met"][rows, slot] != address
        for column in ("jobs", "good"):
            memory[column][rows, slot] = np.where(stranger, 0, memory[column][rows, slot])
        memory["met"][rows, slot] = address
        memory["jobs"][rows, slot] += 1
        memory["good"][rows, slot] += view["job_quality_bps"][rows] == 10_000
        memory["last"][rows] = view["job"][rows] + 1

    @staticmethod
    def _recall(address: NDArray[np.int64], memory: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Jobs and good jobs of each shown provider, shape (rows, 16)."""
        known = (memory["met"][:, None, :] == address[:, :, None] + 1) & (address[:, :, None] >= 0)
        return (known * memory["jobs"][:, None, :]).sum(axis=2), (known * memory["good"][:, None, :]).sum(axis=2)
