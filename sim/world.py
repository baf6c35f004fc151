"""Worlds with a policy in every role: the one engine under `sim.run` and every front."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.policy import Dice, decide, memory_of
from agents.registry import nearest
from chain.digest import digest
from chain.errors import InputError
from chain.invariants import check
from sim.arms import policy_of
from sim.scenario import Scenario


class World:
    """A batch of worlds of one scenario. A single world is a batch of one."""

    def __init__(
        self,
        scenario: Scenario,
        parameters: Any,
        policies: Mapping[str, Any] | None = None,
        *,
        seeds: ArrayLike,
        worlds: ArrayLike | None = None,
        rows: Sequence[int] | None = None,
        threads: int = 1,
    ) -> None:
        """Build the worlds and seat the policies.

        Args:
            scenario: the economy.
            parameters: its settings, from `Scenario.settings`.
            policies: role -> policy (a name, a bundle, ``path.py:name``, a function or an object); a role left out plays its
                default.
            seeds: run seed of each world.
            worlds: the coordinate `world` of each world, if they share a seed.
            rows: account row of each name, a permutation; it changes no outcome.
            threads: worlds are shared out over so many threads; it changes no outcome.
        """
        given = dict(policies or {})
        for role in given:
            if role not in (known := [r.name for r in scenario.roles]):
                raise InputError(f"role: {role!r} given; {nearest(role, known)}")
        self.scenario, self.parameters = scenario, parameters
        seated = {role.name: policy_of(scenario, role, given.get(role.name, role.policy), parameters) for role in scenario.roles}
        self.labels = {role: label for role, (label, _) in seated.items()}
        self.policies = {role: policy for role, (_, policy) in seated.items()}
        self.economy = scenario.build(parameters, seeds=seeds, worlds=worlds, rows=rows, threads=threads)
        self.memory: dict[str, NDArray[Any]] = {}
        self.begin(0)

    def begin(self, episode: int) -> None:
        """Start an episode: fresh ledger, fresh types, empty memories."""
        self.economy.begin(episode)
        self.tick = 0
        self.memory = {role: np.zeros(self.economy.names[role].size, memory_of(p)) for role, p in self.policies.items()}

    @property
    def done(self) -> bool:
        """Whether the episode has ended."""
        return self.tick >= self.economy.ticks

    def actions(self) -> dict[str, NDArray[Any]]:
        """Ask every policy what its agents do, given what they are shown."""
        heads = self.economy.book.head[:, 0]
        out = {}
        for role in self.scenario.roles:
            view, memory = self.economy.views[role.name], self.memory[role.name]
            dice = Dice(heads, self.tick, self.economy.names[role.name])
            out[role.name] = role.read(decide(self.policies[role.name], view, memory, dice), view.size)
        return out

    def step(self, actions: Mapping[str, NDArray[Any]] | None = None) -> None:
        """One tick: everybody sees the same state, decides, and one block is executed."""
        self.economy.advance(self.actions() if actions is None else actions)
        self.tick += 1

    def play(self, on_tick: Callable[[int, int], None] | None = None) -> Any:
        """Play the episode to its end, check the books, and return the outcome.

        Args:
            on_tick: called with (ticks done, ticks in all) after every tick.
        """
        while not self.done:
            self.step()
            if on_tick is not None:
                on_tick(self.tick, self.economy.ticks)
        check(self.economy.book)
        return self.economy.outcome()

    def digest(self, world: int | None = None) -> str:
        """Fingerprint of the ledger, of one world or of all."""
        return digest(self.economy.book, world)
