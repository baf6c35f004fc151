"""Worlds with a policy in every role: the one engine under `sim.run` and every front."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.mixture import Mixture
from agents.policy import Dice, decide, memory_of, of_worlds, some_of
from agents.registry import nearest
from chain.deployments import running
from chain.digest import digest
from chain.errors import InputError
from chain.history import History
from chain.invariants import check
from chain.rule import world
from sim.attack.attackers import Attackers, Identities, beside
from sim.experiments.arms import policy_of
from sim.scenario import Role, Scenario


def fitted(policy: Any, role: Role, agents: int) -> Any:
    """A policy as so many agents of a role play it: a mixture learns what they are.

    Raises:
        InputError: it is a mixture of another number of agents.
    """
    return policy.over(role.name, agents, role.read) if isinstance(policy, Mixture) else policy


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
        recorded: bool = False,
        attackers: Attackers | None = None,
    ) -> None:
        """Build the worlds and seat the policies.

        Args:
            scenario: the economy.
            parameters: its settings, from `Scenario.settings`.
            policies: role -> policy (a name, a bundle, ``path.py:name``, a function or an object, or a mixture of such, as in
                `sim.run`); a role left out plays its default policy.
            seeds: run seed of each world.
            worlds: the coordinate `world` of each world, if they share a seed.
            rows: account row of each name, a permutation; it changes no outcome.
            threads: worlds are shared out over so many threads; it changes no outcome.
            recorded: whether every world's ledger is recorded, in `histories`; it changes no outcome.
            attackers: who plays the last agents of some roles, in the place of those policies.
        """
        given = dict(policies or {})
        for role in given:
            if role not in (known := [r.name for r in scenario.roles]):
                raise InputError(f"role: {role!r} given; {nearest(role, known)}")
        self.scenario, self.parameters = scenario, parameters
        seated = {role.name: policy_of(scenario, role, given.get(role.name, role.policy), parameters) for role in scenario.roles}
        self.labels = {role: label for role, (label, _) in seated.items()}
        self.policies = {role: policy for role, (_, policy) in seated.items()}
        engine: dict[str, Any] = {"seeds": seeds, "worlds": worlds, "rows": rows, "threads": threads}
        if recorded:
            engine["recorded"] = True
        self.economy = scenario.build(parameters, **engine, **({} if attackers is None else {"attackers": attackers}))
        guests: Mapping[str, int] = getattr(self.economy, "guests", {})
        self.guests = {role.name: guests.get(role.name, 0) for role in scenario.roles}
        self.worlds = np.size(seeds)
        self.attackers = attackers
        self.policies = {role.name: self._seated(role) for role in scenario.roles}
        self._identities = None if attackers is None else Identities(attackers, scenario, self.controlled)
        self.memory: dict[str, NDArray[Any]] = {}
        self.seats: dict[tuple[str, int], Any] = {}
        self.recorded = recorded
        self.histories: list[History] = []
        """Of every world, the record of the present episode's blocks; none unless they are recorded."""
        self.begin(0)

    def _seated(self, role: Role) -> Any:
        """What the residents of a role play, attackers among them."""
        agents = self.residents(role.name)
        policy = fitted(self.policies[role.name], role, agents)
        if self.attackers is None or role.name not in self.attackers.counts:
            return policy
        both = beside(policy, self.attackers.policies[role.name], agents, self.attackers.counts[role.name])
        return fitted(both, role, agents)

    def residents(self, role: str) -> int:
        """Number of agents of a role in one world for whom its policy decides: all but the guests, who are the last."""
        return self.economy.names[role].size // self.worlds - self.guests[role]

    def controlled(self, role: str) -> NDArray[np.int64]:
        """The rows of a role's view that attackers control, world after world."""
        count = 0 if self.attackers is None else self.attackers.counts.get(role, 0)
        agents, residents = self.economy.names[role].size // self.worlds, self.residents(role)
        return (np.arange(self.worlds)[:, None] * agents + np.arange(residents - count, residents)).reshape(-1)

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: fresh ledger, fresh types, empty memories, no guests; with `seeds`, under new run seeds, one per
        world."""
        self.economy.begin(episode, seeds)
        self.tick = 0
        self.memory = {role: np.zeros(self.worlds * self.residents(role), memory_of(p)) for role, p in self.policies.items()}
        self.seats.clear()
        book = self.economy.book
        self.histories = [History(running(book), world(book, w)) for w in range(self.worlds if self.recorded else 0)]
        if self._identities is not None:
            self._identities.begin()

    @property
    def done(self) -> bool:
        """Whether the episode has ended."""
        return self.tick >= self.economy.ticks

    def actions(self, roles: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
        """Ask the policies of these roles, of all if not given, what their agents do, given what they are shown.

        Each is asked once. Guests do what they proposed (`sim.seats`), or nothing.
        """
        heads = self.economy.book.head[:, 0]
        out = {}
        for role in self.scenario.roles:
            if roles is not None and role.name not in roles:
                continue
            policy, view, memory = self.policies[role.name], self.economy.views[role.name], self.memory[role.name]
            dice = Dice(heads, self.tick, self.economy.names[role.name])
            if not self.guests[role.name]:
                out[role.name] = role.read(decide(policy, view, memory, dice), view.size)
                continue
            agents = view.size // self.worlds
            own = slice(0, self.residents(role.name))
            shown = some_of(view, agents, own)
            out[role.name] = role.idling(view.size)
            answer = decide(policy, shown, memory, dice.only(agents, own))
            of_worlds(out[role.name], agents)[:, own] = of_worlds(role.read(answer, shown.size), own.stop)
            for seat in self.seats.values():
                seat.put(role.name, out[role.name])
        return out

    def step(self, actions: Mapping[str, NDArray[Any]] | None = None) -> None:
        """One tick: everybody sees the same state, decides, and one block is executed.

        Attackers are held to their capability here, in the actions themselves.
        """
        actions = self.actions() if actions is None else actions
        if self._identities is not None:
            self._identities.hold(actions)
        self.economy.advance(actions)
        for history in self.histories:
            history.add()
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
