"""PettingZoo: all agents of one world as a `ParallelEnv`, roles with different spaces."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from agents.registry import nearest
from chain.errors import InputError, whole
from sim.encodings import encoding_of
from sim.experiments.arms import HIGHEST_SEED
from sim.fronts.focal import Fields, Focal, Rows, hold, scenario_of, worlds_of
from sim.fronts.spaces import action_space, masks_of, observation_space
from sim.scenario import Scenario


class LedgerParallelEnv(ParallelEnv[str, NDArray[np.float32], Any]):  # type: ignore[misc] # PettingZoo has no types
    """One world of a scenario; its agents are named by role and number: `client_0`, `provider_3`, ...

    ### Action Space
    By role, what `agents.encoding` makes of the fields that are learned: a Box in [-1, 1], a MultiDiscrete or a Discrete. Fields
    that are not learned stay at their defaults. An agent that is missing from the actions plays its role's policy. The same
    actions are held for `frame_skip` ticks. An action that is not a number or out of range raises `InputError`, and nothing has
    happened then. Where actions can be invalid (an offer that is not there can not be hired), ``infos[agent]["action_mask"]``
    says which are valid, as ``action_space(agent).sample(mask=...)`` takes it. An invalid action does nothing.

    ### Observation Space
    By role, one Box of float32: the features that the role's view declares, time left among them.

    ### Rewards
    What the agent gained in the step, µcoin (money, and the value that money does not show), divided by its role's
    `reward_scale`.

    ### Starting State
    ``reset(seed=...)`` begins episode 0 under this run seed: the world of ``sim.run(..., seeds=[seed])``. Without a seed the next
    episode of the same run seed. Each episode has a fresh ledger and fresh private types. `options` has no use.

    ### Episode End
    All agents end together at the scenario's fixed horizon, which is terminal: time is in the view. Never truncated.

    ### Arguments
    - scenario: a name, or a `Scenario`.
    - preset: the scenario's settings to start from.
    - policies: role -> policy of missing agents, as in `sim.run`.
    - fields, form: role -> what is learned, and the form of an action; the role's own choice if not given.
    - frame_skip: ticks per step.
    - seed: run seed, until a reset gives another.
    - parameters: settings that replace those of the preset.

    ### Version History
    - v0: first version.
    """

    def __init__(
        self,
        scenario: str | Scenario = "service_market",
        preset: str = "standard",
        *,
        policies: Mapping[str, Any] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        form: Mapping[str, str] | None = None,
        frame_skip: int = 1,
        seed: int = 0,
        **parameters: Any,
    ) -> None:
        """Build the world.

        Raises:
            InputError: something given is wrong; the message names it and says what is allowed.
        """
        self.scenario = scenario_of(scenario)
        self.preset, self.parameters = preset, self.scenario.settings(preset, parameters)
        for role in (*(fields or {}), *(form or {})):
            self.scenario.role(role)
        self.encodings = {
            role.name: encoding_of(
                self.scenario, role.name, self.parameters, (fields or {}).get(role.name), (form or {}).get(role.name)
            )
            for role in self.scenario.roles
        }
        """By role: what its agents see and how they act."""
        self.frame_skip = whole("frame_skip", frame_skip, 1)
        self.world = worlds_of(self.scenario, self.parameters, policies, seed=seed)
        self._focal = {role: Focal(self.world, encoding) for role, encoding in self.encodings.items()}
        self._names = {role: [f"{role}_{k}" for k in range(focal.size)] for role, focal in self._focal.items()}
        seen = {role: observation_space(encoding) for role, encoding in self.encodings.items()}
        self.observation_spaces = {name: seen[role] for role, names in self._names.items() for name in names}
        self.action_spaces = {name: action_space(self.encodings[role]) for role, names in self._names.items() for name in names}
        self.metadata = {"name": f"{self.scenario.name}_v0", "render_modes": [], "is_parallelizable": True}
        self.render_mode = None
        self.possible_agents = [name for names in self._names.values() for name in names]
        self.agents: list[str] = []
        self.run_seed, self.episode = seed, -1

    def observation_space(self, agent: str) -> spaces.Space[NDArray[np.float32]]:
        """What an agent sees; its role shares one object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """How an agent acts; one object per agent, so that each can be seeded."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, dict[str, Any]]]:
        """Begin an episode; what every agent sees, and the masks.

        Raises:
            InputError: the seed is no whole number, or negative.
        """
        if seed is not None:
            self.run_seed, self.episode = whole("seed", seed, 0, HIGHEST_SEED), -1
        self.episode += 1
        self.world.begin(self.episode, self.run_seed)
        for focal in self._focal.values():
            focal.begin()
        self.agents = list(self.possible_agents)
        return self._observe(), self._infos()

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Everybody acts at once, for `frame_skip` ticks.

        Raises:
            InputError: an unknown agent, an action with a wrong shape, not a number or out of range, or no episode under way.
        """
        if not self.agents:
            raise InputError("step: no episode is under way, allowed is after reset")
        hold(self.world, self._read(actions), self.frame_skip)
        gains = self.world.economy.gains()
        rewards: dict[str, float] = {}
        for role, focal in self._focal.items():
            rewards |= zip(self._names[role], focal.rewards(gains[role], np.empty(focal.size)).tolist(), strict=True)
        ended = dict.fromkeys(self.possible_agents, self.world.done)
        if self.world.done:
            self.agents = []
        return self._observe(), rewards, ended, dict.fromkeys(self.possible_agents, False), self._infos()

    def _read(self, actions: Mapping[str, Any]) -> list[tuple[Focal, Rows, Fields]]:
        """What the agents answered, role by role; roles of which nobody answers are left out."""
        out: list[tuple[Focal, Rows, Fields]] = []
        read = 0
        for role, names in self._names.items():
            rows: Rows = None
            try:
                given = [actions[name] for name in names]
            except KeyError:  # some play their role's policy
                rows = np.array([row for row, name in enumerate(names) if name in actions], np.int64)
                given = [actions[names[row]] for row in rows]
            if given:
                out.append((self._focal[role], rows, self.encodings[role].act(given, len(given))))
            read += len(given)
        if read < len(actions):
            unknown = next(name for name in actions if name not in self.possible_agents)
            raise InputError(f"actions: agent {unknown!r} given; {nearest(str(unknown), self.possible_agents)}")
        return out

    def _observe(self) -> dict[str, NDArray[np.float32]]:
        out: dict[str, NDArray[np.float32]] = {}
        for role, focal in self._focal.items():
            out |= zip(self._names[role], self.encodings[role].observe(focal.view()), strict=True)
        return out

    def _infos(self) -> dict[str, dict[str, Any]]:
        out: dict[str, dict[str, Any]] = {name: {} for name in self.possible_agents}
        for role, focal in self._focal.items():
            if self.encodings[role].masked:
                for name, mask in zip(self._names[role], masks_of(self.encodings[role], focal.view()), strict=True):
                    out[name]["action_mask"] = mask
        return out


parallel_env = LedgerParallelEnv
