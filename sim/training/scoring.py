"""How much the agents of learned roles gain in worlds that nobody trained on: the score of a policy."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice, Memory, View, decide, memory_of
from sim.experiments.arms import policy_of
from sim.scenario import Role, Scenario
from sim.world import World

COIN = 1_000_000
HELD_OUT = 2**62
"""Run seeds from here on are for evaluation; training uses those below 2^32."""


@dataclass(frozen=True, eq=False)
class Among:
    """The first agent of a role in each world plays one policy, its peers another."""

    role: Role
    one: Any
    peers: Any
    agents: int
    """Of the role in each world."""

    @cached_property
    def memory(self) -> np.dtype[Any]:
        """What both remember."""
        return np.dtype([("one", memory_of(self.one)), ("peers", memory_of(self.peers))])

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """What the peers do, with what the first agent of each world does in its place."""
        actions = self.role.read(decide(self.peers, view, memory["peers"], dice), view.size)
        own = self.role.read(decide(self.one, view, memory["one"], dice), view.size)
        actions[:: self.agents] = own[:: self.agents]
        return {column.name: actions[column.name] for column in self.role.action}


def held_out(worlds: int) -> NDArray[np.int64]:
    """The seeds of so many held-out worlds."""
    return HELD_OUT + np.arange(worlds, dtype=np.int64)


def scores(
    scenario: Scenario,
    parameters: Any,
    policies: Mapping[str, Any],
    roles: Collection[str],
    worlds: int,
    focal: Mapping[str, Any] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """What the agents of some roles gain in one episode of so many held-out worlds, coins per agent.

    Args:
        scenario: the economy.
        parameters: its settings.
        policies: role -> policy; a role left out plays its default.
        roles: whose gains are wanted.
        worlds: number of held-out worlds.
        focal: role -> policy of its peers, for roles of which only the first agent in each world plays what `policies` says;
            its gain alone counts then.

    Returns:
        By role, one score per world: the mean over its agents that count.
    """
    seeds, given, alone = held_out(worlds), dict(policies), dict(focal or {})
    if alone:
        names = World(scenario, parameters, given, seeds=seeds[:1]).economy.names
        for name, peers in alone.items():
            role = scenario.role(name)
            one, others = (policy_of(scenario, role, wanted, parameters)[1] for wanted in (given.get(name, role.policy), peers))
            given[name] = Among(role, one, others, names[name].size)
    world = World(scenario, parameters, given, seeds=seeds)
    while not world.done:
        world.step()
    gains = world.economy.gains()
    return {role: gains[role].reshape(worlds, -1)[:, : 1 if role in alone else None].mean(axis=1) / COIN for role in roles}
