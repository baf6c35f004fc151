"""Mixed populations: the agents of one role shared out among several policies, each of which decides in one call.

The first so many agents of the role, in the order of their names, play the first policy, the next so many the second, and so on.
Private types are drawn per agent, whatever its place, so that no policy gets better agents than another. Every agent is shown,
remembers and draws what it would if all agents of its role played its policy.

A mixture is given as a mapping, ``{"thompson": 20, "cheapest": 12}``, or as text, ``thompson:20+cheapest:12``, where a policy may
be ``path.py:name`` too: since no policy's name is a number, only a mixture ends in a colon and digits.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice, decide, memory_of, of_worlds, some_of
from chain.errors import InputError

DIGITS = 18
"""Most of a number of agents."""
_MEMBER = re.compile(r"(.+?):([0-9]+)(?:\+|$)")


def _unread(answer: Action, rows: int) -> NDArray[Any]:
    raise InputError("mixture: it has no role yet, allowed is to act in a world (`sim.run`, a front)")


@dataclass(frozen=True)
class Mixture:
    """Several policies of one role. It is a policy itself."""

    policies: tuple[Any, ...]
    counts: tuple[int, ...]
    """Number of agents that play each of them, in one world."""
    read: Callable[[Action, int], NDArray[Any]] = _unread
    """How an answer of the role is read: ``(answer, rows) -> actions``; `over` sets it."""

    def __post_init__(self) -> None:
        """Refuse what is no mixture."""
        if not self.policies or len(self.policies) != len(self.counts):
            raise InputError(
                f"mixture: {len(self.policies)} policies and {len(self.counts)} numbers of agents given, allowed are as many, "
                "and at least one"
            )
        for count in self.counts:
            if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
                raise InputError(f"mixture: {count!r} agents given, allowed are whole numbers from 1")
        if any(isinstance(policy, Mixture) for policy in self.policies):
            raise InputError("mixture: another mixture given in it, allowed are single policies")

    @property
    def memory(self) -> np.dtype[Any]:
        """One part per policy, named by its place."""
        return np.dtype([(str(k), memory_of(policy)) for k, policy in enumerate(self.policies)])

    def over(self, role: str, agents: int, read: Callable[[Action, int], NDArray[Any]]) -> "Mixture":
        """The same mixture in a role of so many agents, whose answers `read` reads.

        Raises:
            InputError: the numbers do not add up to the agents.
        """
        if sum(self.counts) != agents:
            parts = " + ".join(str(count) for count in self.counts)
            raise InputError(
                f"policy {role}: a mixture of {parts} agents given, allowed are numbers that add up to the {agents} of the role"
            )
        return replace(self, read=read)

    def act(self, view: NDArray[Any], memory: NDArray[Any], dice: Dice) -> Action:
        """Ask each policy once, for its own agents of all worlds.

        Raises:
            InputError: an answer is not one of the role, or the view is not of so many agents.
        """
        agents = sum(self.counts)
        if view.size % agents:
            raise InputError(f"mixture: a view of {view.size} rows given, allowed are {agents} in every world")
        names: dict[str, None] = {}
        out, first = None, 0
        for k, (policy, count) in enumerate(zip(self.policies, self.counts, strict=True)):
            own = slice(first, first + count)
            kept = memory[str(k)]
            mine = some_of(kept, agents, own)
            answer = decide(policy, some_of(view, agents, own), mine, dice.only(agents, own))
            actions = self.read(answer, mine.size)
            if kept.itemsize and not np.may_share_memory(kept, mine):
                of_worlds(kept, agents)[:, own] = of_worlds(mine, count)
            if out is None:
                out = np.empty(view.size, actions.dtype)
            of_worlds(out, agents)[:, own] = of_worlds(actions, count)
            names |= dict.fromkeys(str(name) for name in answer)
            first += count
        assert out is not None
        return {name: out[name] for name in names}


def members_of(wanted: Any) -> tuple[tuple[Any, int], ...]:
    """The policies of a mixture, each with its number of agents; none if it is a single policy that is wanted.

    >>> members_of("thompson:20+a+b/mine.py:thrifty:12")
    (('thompson', 20), ('a+b/mine.py:thrifty', 12))
    >>> members_of("mine.py:thrifty")
    ()
    """
    if isinstance(wanted, Mixture):
        return tuple(zip(wanted.policies, wanted.counts, strict=True))
    if isinstance(wanted, Mapping):
        return tuple(wanted.items())
    if isinstance(wanted, str) and re.search(r":[0-9]+$", wanted):
        found = list(_MEMBER.finditer(wanted))
        if sum(len(one[0]) for one in found) == len(wanted) and all(len(one[2]) <= DIGITS for one in found):
            return tuple((one[1], int(one[2])) for one in found)
    return ()


def mixed(members: Iterable[tuple[str, Any, int]]) -> tuple[str, Mixture]:
    """A mixture with its label, from the label, the policy and the number of agents of each member."""
    labels, policies, counts = zip(*members, strict=True)
    mixture = Mixture(policies, counts)
    return "+".join(f"{label}:{count}" for label, count in zip(labels, counts, strict=True)), mixture
