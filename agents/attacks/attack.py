"""What an attack is: policies with a capability, a goal, and an honest twin.

An attacker is nobody special. It plays some agents of the ordinary roles, is shown what they are shown, and every harm it does is
done by transactions that anybody could send. What makes it an attacker is written down here, and enforced for whoever plays its
accounts, a script or a learner.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice, Memory, View, decide, memory_of


@dataclass(frozen=True)
class Capability:
    """What one attacker controls."""

    accounts: Mapping[str, int]
    """Role -> how many of its agents. An attack's share is one of the agents of the role named first."""
    budget: int | None = None
    """Money of each of its accounts at the start, µcoin; what is usual in the role if None. It can lay out this and what it
    earns, and no more: the ledger refuses what an account can not pay."""
    identities: int = 0
    """New identities that each of its accounts may take in an episode."""


@dataclass(frozen=True)
class Attack:
    """A way to do harm."""

    name: str
    about: str
    """What its agents do, one sentence."""
    goal: str
    """What it wants to gain by that, one sentence."""
    capability: Capability
    policies: Mapping[str, Callable[[], Any]]
    """Role -> factory of what its agents play, one for every role with accounts."""
    twin: Mapping[str, Callable[[], Any]]
    """Role -> factory of what the same agents play if they are honest."""
    setting: Mapping[str, Any]
    """Parameters of the standard preset under which it does harm, for the tests and lessons."""
    defence: str
    """Name of a defence that reduces that harm."""

    def __post_init__(self) -> None:
        """Refuse an attack without a policy and a twin for each of its roles."""
        roles = list(self.capability.accounts)
        if not roles or list(self.policies) != roles or list(self.twin) != roles:
            raise ValueError(f"attack {self.name}: allowed are policies and a twin for each of the roles {roles}")


@dataclass(frozen=True)
class Absent:
    """Takes no part: each field at the value that does nothing."""

    fields: tuple[tuple[str, int], ...] = ()
    """Fields whose default does something, with the values at which they do nothing."""

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Set those fields."""
        return {name: np.full(view.size, value, np.int64) for name, value in self.fields}


@dataclass(frozen=True)
class Until:
    """Plays one policy for so many ticks, then another: an attack that stops."""

    first: Any
    then: Any
    ticks: int

    @property
    def memory(self) -> np.dtype[Any]:
        """The memories of both, and the ticks that have passed."""
        return np.dtype([("first", memory_of(self.first)), ("then", memory_of(self.then)), ("ticks", "i8")])

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Ask the one whose time it is; all rows are in the same tick."""
        early = memory["ticks"].max(initial=0) < self.ticks
        memory["ticks"] += 1
        return decide(self.first if early else self.then, view, memory["first" if early else "then"], dice)
