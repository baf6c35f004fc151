"""Agents that are played from outside, among others that play policies: what every front for learners steps.

The outside ones are **focal**, everybody else is **background**. All decide on the same frozen view: background policies are
asked with the dice of `sim.run` and never see what the focal agents answer.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from chain.errors import InputError, whole
from chain.rule import rule
from sim.attack.attackers import Attackers
from sim.experiments.arms import HIGHEST_SEED, MOST_THREADS, seat
from sim.scenario import Scenario, resolve
from sim.scenarios import find
from sim.world import World

MOST_WORLDS = 2**20
Fields: TypeAlias = Mapping[str, NDArray[np.int64]]
"""What focal agents do: the fields that they set, one value per focal row."""
Rows: TypeAlias = slice | NDArray[np.int64] | None
"""Which rows of a role are focal; None: all of them."""


@rule
def fill_rewards(gained: Any, gains: Any, scale: float, out: Any) -> None:
    """``out[r]`` = what row r gained since the last call ÷ `scale`; `gained` follows."""
    for r in range(gains.size):
        out[r] = (gains[r] - gained[r]) / scale
        gained[r] = gains[r]


class Focal:
    """A role that is played from outside, by all its agents or by some."""

    def __init__(self, world: World, encoding: Encoding) -> None:
        """Take the seats of a role in a batch of worlds; `encoding` says what its agents see and how they answer."""
        self.world, self.encoding = world, encoding
        self.role = world.scenario.role(encoding.role)
        self.size = world.economy.names[encoding.role].size
        self._actions = self.role.actions(self.size)
        self._nothing_said = self.role.actions(1)[0]
        self._scale = float(resolve(self.role.reward_scale, world.parameters) or 1)
        self._gained = np.zeros(self.size, np.int64)

    def view(self, rows: Rows = None) -> NDArray[Any]:
        """What the focal agents are shown now."""
        view = self.world.economy.views[self.role.name]
        return view if rows is None else view[rows]

    def begin(self) -> None:
        """An episode has begun: nothing is gained yet."""
        self._gained[:] = 0

    def rewards(self, gains: NDArray[np.int64], out: NDArray[Any]) -> NDArray[Any]:
        """The rewards of all rows since the last call, given the gains of the episode; fills and returns `out`."""
        fill_rewards(self._gained, gains, self._scale, out)
        return out

    def returns(self) -> NDArray[np.float64]:
        """Sum of the rewards of all rows since the episode began, exactly."""
        return self._gained / self._scale

    def alone(self, fields: Fields) -> NDArray[Any]:
        """The actions of the role if all its agents are focal; the array is filled anew by each call."""
        for name, values in fields.items():
            self._actions[name] = values
        return self._actions

    def among(self, proposed: NDArray[Any], rows: Rows, fields: Fields) -> NDArray[Any]:
        """The actions that the role's policy proposed, with those of the focal rows in their places.

        Fields that they do not set are at their defaults; of attackers' agents as their attack proposed them.
        """
        if self.world.attackers is None:
            proposed[rows] = self._nothing_said
        for name, values in fields.items():
            proposed[name][rows] = values
        return proposed


def hold(world: World, answers: Sequence[tuple[Focal, Rows, Fields]], ticks: int) -> None:
    """Play so many ticks, or to the end of the episode, with the focal agents' answers held; the others decide in each anew.

    Where some agents of a role are focal, its policy is asked for all of them, in one call.
    """
    alone = {focal.role.name: focal.alone(fields) for focal, rows, fields in answers if rows is None}
    background = [role.name for role in world.scenario.roles if role.name not in alone]
    for _ in range(min(ticks, world.economy.ticks - world.tick)):
        actions = world.actions(background) | alone
        for focal, rows, fields in answers:
            if rows is not None:
                actions[focal.role.name] = focal.among(actions[focal.role.name], rows, fields)
        world.step(actions)


def scenario_of(given: str | Scenario) -> Scenario:
    """A scenario, by name or as it is."""
    return given if isinstance(given, Scenario) else find(given)


def worlds_of(
    scenario: Scenario,
    parameters: Any,
    policies: Mapping[str, Any] | None,
    *,
    worlds: int = 1,
    seed: int = 0,
    threads: int = 1,
    attackers: Attackers | None = None,
) -> World:
    """A batch of worlds that share a run seed and differ by their coordinate, 0 to `worlds` - 1.

    Raises:
        InputError: an unknown role or policy, a number out of range, or worlds that do not fit in memory.
    """
    count = whole("worlds", worlds, 1, MOST_WORLDS)
    seats = {role: seat(scenario, scenario.role(role), wanted).policy for role, wanted in (policies or {}).items()}
    threads = whole("threads", threads, 1, MOST_THREADS)
    seeds = np.full(count, whole("seed", seed, 0, HIGHEST_SEED))
    try:
        one = World(scenario, parameters, seats, seeds=seeds[:1], attackers=attackers)
        size = sum(array.nbytes for array in (*one.economy.book, *one.economy.views.values()))
        most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // size
        if count > most:
            raise InputError(f"worlds: {count} given, allowed are at most {most} of {scenario.name} that fit in memory")
        coordinates = np.arange(count)
        return World(scenario, parameters, seats, seeds=seeds, worlds=coordinates, threads=threads, attackers=attackers)
    except MemoryError:
        raise InputError(f"worlds: {count} of {scenario.name} do not fit in memory, allowed are fewer or smaller ones") from None
