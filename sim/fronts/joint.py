"""Worlds in which several roles are played from outside, each by a learner of its own: the stage of joint training."""

from collections.abc import Mapping, Sequence
from time import time
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.learned.seat import Step
from chain.errors import whole
from sim.fronts.focal import Focal, Rows, hold, worlds_of
from sim.fronts.spaces import action_space, observation_space
from sim.scenario import Scenario


class JointWorlds:
    """A stage of `agents.learned.seat`: rows, spaces, rewards and ends of episodes of each role are those of `LedgerVecEnv`."""

    def __init__(
        self,
        scenario: Scenario,
        parameters: Any,
        encodings: Mapping[str, Encoding],
        worlds: int,
        *,
        policies: Mapping[str, Any] | None = None,
        focal: Sequence[str] = (),
        frame_skip: int = 1,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        """Build the worlds.

        Args:
            scenario: the economy.
            parameters: its settings.
            encodings: how each role that is played from outside is seen and acts.
            worlds: number of worlds.
            policies: role -> policy of the others; with `focal` also that of the peers.
            focal: roles of which one agent per world is played from outside, not all.
            frame_skip: ticks for which answers are held.
            seed: run seed; each episode goes on to the next.
            threads: worlds are shared out over so many threads; it changes no result.
        """
        self.encodings = dict(encodings)
        self.frame_skip = whole("frame_skip", frame_skip, 1)
        self.world = worlds_of(scenario, parameters, policies, worlds=worlds, seed=seed, threads=threads)
        self._focal = {role: Focal(self.world, encoding) for role, encoding in self.encodings.items()}
        agents = {role: one.size // worlds for role, one in self._focal.items()}
        self._rows: dict[str, Rows] = {
            role: slice(None, None, n) if role in focal and n > 1 else None for role, n in agents.items()
        }
        self.space: dict[str, tuple[spaces.Space[Any], spaces.Space[Any]]] = {
            role: (observation_space(e), action_space(e)) for role, e in self.encodings.items()
        }
        self.rows = {role: one.view(self._rows[role]).size for role, one in self._focal.items()}
        self._start(0)

    def _start(self, episode: int) -> None:
        self.world.begin(episode)
        self.episode, self._steps, self._since = episode, 0, time()
        for one in self._focal.values():
            one.begin()

    def _observe(self) -> dict[str, NDArray[Any]]:
        return {role: one.encoding.observe(one.view(self._rows[role])) for role, one in self._focal.items()}

    def reset(self) -> Mapping[str, NDArray[Any]]:
        """Begin the next episode; what each role sees."""
        if self._steps > 0:
            self._start(self.episode + 1)
        return self._observe()

    def step(self, answers: Mapping[str, NDArray[Any]]) -> Mapping[str, Step]:
        """One step of all worlds, given the answers of all roles. An episode that ends is followed by the next at once.

        Raises:
            InputError: an answer has a wrong shape, is not a number, or out of range; nothing has happened then.
        """
        fields = {role: one.encoding.act(answers[role], self.rows[role]) for role, one in self._focal.items()}
        hold(self.world, [(one, self._rows[role], fields[role]) for role, one in self._focal.items()], self.frame_skip)
        self._steps += 1
        gains, rewards = self.world.economy.gains(), {}
        for role, one in self._focal.items():
            rewards[role] = self._own(role, one.rewards(gains[role], np.empty(one.size, np.float32)))
        seen, done = self._observe(), self.world.done
        infos: dict[str, list[dict[str, Any]]] = {role: [{} for _ in range(n)] for role, n in self.rows.items()}
        if done:
            infos = {role: self._last_infos(role, seen[role]) for role in self._focal}
            self._start(self.episode + 1)
            seen = self._observe()
        return {role: (seen[role], rewards[role], np.full(n, done), infos[role]) for role, n in self.rows.items()}

    def _own(self, role: str, values: NDArray[Any]) -> NDArray[Any]:
        """The values of the rows that are played from outside, from those of the whole role."""
        rows = self._rows[role]
        return values if rows is None else values[rows]

    def _last_infos(self, role: str, seen: NDArray[Any]) -> list[dict[str, Any]]:
        """The infos of a step that ended the episode, given what was seen last."""
        returns = self._own(role, self._focal[role].returns()).tolist()
        end = {"l": self._steps, "t": round(time() - self._since, 6)}
        return [
            {"terminal_observation": last, "TimeLimit.truncated": False, "episode": {"r": r, **end}}
            for last, r in zip(seen, returns, strict=True)
        ]

    def masks(self, role: str) -> NDArray[np.bool_]:
        """Which levels a role may choose now."""
        one = self._focal[role]
        return one.encoding.masks(one.view(self._rows[role]))
