"""Stable-Baselines3: thousands of worlds of a scenario as one `VecEnv`."""

from collections.abc import Mapping, Sequence
from time import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices

from agents.attacks.registry import find_attack
from agents.registry import nearest
from chain.errors import InputError, whole
from sim.attack.attackers import Attackers, attackers_of
from sim.encodings import encoding_of
from sim.experiments.arms import HIGHEST_SEED
from sim.fronts.focal import Fields, Focal, Rows, hold, scenario_of, worlds_of
from sim.fronts.spaces import action_space, observation_space
from sim.scenario import Scenario


def one_attack(scenario: Scenario, role: str, parameters: Any, attack: Mapping[str, float], focal: bool) -> Attackers:
    """The attackers among whom a role is learned.

    Raises:
        InputError: not one attack, or one that controls nobody of this role.
    """
    if len(attack) != 1 or focal:
        given = "focal=True" if focal else f"{len(attack)} attacks"
        raise InputError(f"attack: {given} given, allowed is one attack, whose agents are those that learn")
    ((name, share),) = attack.items()
    attackers = attackers_of(scenario, parameters, find_attack(name), share)
    if not attackers.counts.get(role):
        raise InputError(f"attack: {name}={share:g} given, which controls nobody of the role {role}")
    return attackers


class LedgerVecEnv(VecEnv):
    """A role of a scenario in a batch of worlds, for one learner.

    ### Rows
    Every agent of the role in every world is one of the `num_envs` environments, world after world; all share the learner. With
    ``focal=True`` the first agent of the role in each world is one, and its peers play the role's policy. With `attack` the
    agents of the role that its attackers control are, held to its capability; fields that they do not learn, and other agents
    of theirs, stay as the attack has them.

    ### Action Space
    What `agents.encoding` makes of the fields that are learned: a Box in [-1, 1], a MultiDiscrete or a Discrete. Fields that
    are not learned stay at their defaults. The same answer is held for `frame_skip` ticks. An answer that is not a number or out
    of range raises `InputError`, and nothing has happened then. ``env_method("action_masks")`` says which levels are valid
    (offers that are not there can not be hired), as MaskablePPO asks for it.

    ### Observation Space
    One Box of float32: the features that the role's view declares.

    ### Rewards
    What the agent gained in the step, µcoin (money, and the value that money does not show), divided by the role's
    `reward_scale`.

    ### Starting State
    Run seed `seed`, world coordinates 0 to worlds - 1, episode 0. Each reset goes on to the next episode; after `seed(n)` the
    next reset begins at episode 0 under run seed n.

    ### Episode End
    All rows end together at the scenario's fixed horizon, which is terminal (time is in the view): ``TimeLimit.truncated`` is
    False. Then every info holds `terminal_observation`, the last view of the episode, and what a Monitor would put there:
    `episode` with the return `r`, the steps `l` and the seconds `t`. No Monitor is needed, so `env_is_wrapped(Monitor)` says
    yes. In all other steps the infos are empty.

    ### Arguments
    - scenario: a name, or a `Scenario`.
    - role: the role that learns.
    - worlds: number of worlds.
    - preset: the scenario's settings to start from.
    - policies: role -> policy of the background, as in `sim.run`; with ``focal=True`` also that of the peers.
    - fields, form: what is learned, and the form of an action; the role's own choice if not given.
    - focal: one learning agent per world instead of all.
    - attack: name of an attack -> its share, one of them; whoever learns takes the place of its policy.
    - frame_skip: ticks per step.
    - seed: run seed.
    - threads: worlds are shared out over so many threads; it changes no result.
    - parameters: settings that replace those of the preset.

    ### Version History
    - v0: first version.
    """

    def __init__(
        self,
        scenario: str | Scenario,
        role: str,
        worlds: int,
        *,
        preset: str = "standard",
        policies: Mapping[str, Any] | None = None,
        fields: Sequence[str] | None = None,
        form: str | None = None,
        focal: bool = False,
        attack: Mapping[str, float] | None = None,
        frame_skip: int = 1,
        seed: int = 0,
        threads: int = 1,
        **parameters: Any,
    ) -> None:
        """Build the worlds.

        Raises:
            InputError: something given is wrong; the message names it and says what is allowed.
        """
        self.scenario = scenario_of(scenario)
        self.preset, self.role = preset, role
        self.parameters = self.scenario.settings(preset, parameters)
        self.encoding = encoding_of(self.scenario, role, self.parameters, fields, form)
        self.frame_skip = whole("frame_skip", frame_skip, 1)
        attackers = None if attack is None else one_attack(self.scenario, role, self.parameters, attack, focal)
        self.world = worlds_of(
            self.scenario, self.parameters, policies, worlds=worlds, seed=seed, threads=threads, attackers=attackers
        )
        self._focal = Focal(self.world, self.encoding)
        agents = self._focal.size // worlds
        self._rows: Rows = slice(None, None, agents) if focal and agents > 1 else None
        if attackers is not None:
            self._rows = self.world.controlled(role)
        self.render_mode = None
        self.worlds = worlds
        super().__init__(self._focal.view(self._rows).size, observation_space(self.encoding), action_space(self.encoding))
        self._no_infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        self._fields: Fields | None = None
        self._next_seed: int | None = None
        self._start(0)

    def _start(self, episode: int, seed: int | None = None) -> None:
        self.world.begin(episode, seed)
        self.episode = episode
        self._steps, self._since = 0, time()
        self._focal.begin()

    def _own(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of the rows that learn, from those of the whole role."""
        return values if self._rows is None else values[self._rows]

    def _observe(self) -> NDArray[np.float32]:
        return self.encoding.observe(self._focal.view(self._rows))

    def reset(self) -> NDArray[np.float32]:
        """Begin the next episode, or episode 0 under the seed that was set; what the agents see, shape (rows, features)."""
        self._fields = None
        if self._next_seed is not None:
            self._start(0, self._next_seed)
        elif self._steps > 0 or self.episode > 0:
            self._start(self.episode + 1)
        self._next_seed = None
        return self._observe()

    def step_async(self, actions: Any) -> None:
        """Take the answers of all rows.

        Raises:
            InputError: a wrong shape, not a number, or out of range.
        """
        self._fields = self.encoding.act(actions, self.num_envs)

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """What came of them: views, rewards, ends of episodes and infos."""
        if self._fields is None:
            raise InputError("step_wait: no actions given, allowed is after step_async")
        hold(self.world, [(self._focal, self._rows, self._fields)], self.frame_skip)
        self._fields = None
        self._steps += 1
        rewards = self._own(self._focal.rewards(self.world.economy.gains()[self.role], np.empty(self._focal.size, np.float32)))
        seen, done, infos = self._observe(), self.world.done, self._no_infos
        if done:
            infos = self._last_infos(seen)
            self._start(self.episode + 1)
            seen = self._observe()
        return seen, rewards, np.full(self.num_envs, done), infos

    def _last_infos(self, seen: NDArray[np.float32]) -> list[dict[str, Any]]:
        """The infos of a step that ended the episode, given what was seen last."""
        returns = self._own(self._focal.returns()).tolist()
        steps, seconds = self._steps, round(time() - self._since, 6)
        return [
            {"terminal_observation": last, "TimeLimit.truncated": False, "episode": {"r": r, "l": steps, "t": seconds}}
            for last, r in zip(seen, returns, strict=True)
        ]

    def action_masks(self) -> NDArray[np.bool_]:
        """Which levels are valid now, shape (rows, sum of levels), or (rows, actions) for the form `discrete`.

        Raises:
            InputError: the form is `box`.
        """
        return self.encoding.masks(self._focal.view(self._rows))

    def seed(self, seed: int | None = None) -> Sequence[int]:
        """Set the run seed of the next reset; drawn if not given. All rows share it."""
        drawn = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._next_seed = whole("seed", drawn, 0, HIGHEST_SEED)
        return [self._next_seed] * self.num_envs

    def close(self) -> None:
        """Nothing is held that needs closing."""

    def _count(self, indices: VecEnvIndices) -> int:
        return len(list(self._get_indices(indices)))

    def has_attr(self, attr_name: str) -> bool:
        """Whether there is such an attribute; masks there are only where the form has levels."""
        return hasattr(self, attr_name) and not (attr_name == "action_masks" and self.encoding.form == "box")

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute, once per row asked for: all rows share one."""
        return [getattr(self, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of all rows.

        Raises:
            InputError: only some rows are asked for.
        """
        if self._count(indices) < self.num_envs:
            raise InputError(f"set_attr: {attr_name} of some rows given, allowed are all: they share it")
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any) -> list[Any]:
        """Call a method once and give what it returns for each row asked for; of `action_masks`, each row its own.

        Raises:
            InputError: there is no such method.
        """
        method = getattr(self, method_name, None)
        if not callable(method):
            public = [name for name in dir(self) if not name.startswith("_") and callable(getattr(self, name))]
            raise InputError(f"env_method: {method_name!r} given; {nearest(method_name, public)}")
        result = method(*method_args, **method_kwargs)
        if method_name == "action_masks":
            return list(result) if indices is None else [result[index] for index in self._get_indices(indices)]
        return [result] * self._count(indices)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        """Whether the rows do what a wrapper does: they keep the books of a Monitor, and nothing else."""
        return [issubclass(wrapper_class, Monitor)] * self._count(indices)


make_vec_env = LedgerVecEnv
