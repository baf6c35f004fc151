"""Averaged play: every agent plays one of several policies for a whole episode."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from agents.encoding import Encoding
from agents.learned.policy import LearnedPolicy
from agents.learned.table_policy import TabularPolicy
from agents.policy import Action, Dice, Memory, View, memory_of
from chain.errors import InputError


@dataclass(frozen=True, eq=False)
class Averaged:
    """Each agent draws one of the policies, all alike, when an episode begins, and plays it to the end.

    So it is played what is meant by an average of strategies, as fictitious play finds one. The policies set the same fields.
    """

    policies: tuple[LearnedPolicy | TabularPolicy, ...]

    def __post_init__(self) -> None:
        """Refuse none, and policies of different roles or fields."""
        if not self.policies or any(one.encoding != self.encoding for one in self.policies):
            raise InputError(
                f"averaged play: {len(self.policies)} policies given, allowed is at least one, all with the same encoding"
            )

    @property
    def encoding(self) -> Encoding:
        """How the role is seen and acts."""
        return self.policies[0].encoding

    @cached_property
    def memory(self) -> np.dtype[Any]:
        """What is remembered: which policy was drawn (0: none yet), and what each of them remembers."""
        each = [(f"policy_{k}", memory_of(one)) for k, one in enumerate(self.policies) if memory_of(one).itemsize]
        return np.dtype([("drawn", np.int64), *each])

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Decide for every row: all policies are asked, and each agent does what its own one says."""
        units = dice.uniform()[:, 0]
        new = memory["drawn"] == 0
        memory["drawn"][new] = 1 + (units[new] * len(self.policies)).astype(np.int64)
        out: dict[str, Any] = {}
        for k, one in enumerate(self.policies):
            mine = memory["drawn"] == k + 1
            own = memory[f"policy_{k}"] if memory_of(one).itemsize else memory
            for name, values in one.act(view, own, dice).items():
                out[name] = np.where(mine, values, out.get(name, values))
        return out
