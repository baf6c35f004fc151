"""How fast PPO learns in the worlds, beside its own ceiling: the same learner on an environment that does nothing.

Both sides learn with the shipped hyperparameters, in environments of the same rows, spaces, episode lengths and end flags; what
differs is the economy: ledger, views, the policies of everybody else, rewards and infos. The learner takes most of the time, so
the ratio says how little of it is lost in the environment.

The usual route is measured beside the same ceiling: PettingZoo's environments, one per world, put together by SuperSuit.
"""

import warnings
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from pettingzoo.utils.wrappers import BaseParallelWrapper
from stable_baselines3.common.vec_env import VecEnv

from agents.learned.hyperparameters import hyperparameters, shipped_entry
from agents.learned.learners import build, log_to, on_threads
from sim.fronts.pettingzoo_env import LedgerParallelEnv
from sim.fronts.sb3_vec_env import LedgerVecEnv
from tests.bench.timing import Ratio, Side, compare

WORLDS = 64
CASES = (("service_market", "provider"), ("service_market", "client"), ("posted_price", "seller"))


class Nothing(VecEnv):
    """The same view and no reward in every step; episodes end when those of the environment that it stands for do."""

    render_mode = None

    def __init__(self, like: LedgerVecEnv) -> None:
        """Take rows, spaces and length of episodes from an environment."""
        super().__init__(like.num_envs, like.observation_space, like.action_space)
        self.length, self.step_number = like.world.economy.ticks, 0
        self.seen = np.zeros((like.num_envs, *like.observation_space.shape), np.float32)  # type: ignore[misc]
        self.nothing = np.zeros(like.num_envs, np.float32)
        self.ends = np.zeros(like.num_envs, np.bool_), np.ones(like.num_envs, np.bool_)
        self.infos: list[dict[str, Any]] = [{} for _ in range(like.num_envs)]

    def reset(self) -> Any:
        self.step_number = 0
        return self.seen

    def step_async(self, actions: Any) -> None: ...

    def step_wait(self) -> Any:
        self.step_number = (self.step_number + 1) % self.length
        return self.seen, self.nothing.copy(), self.ends[self.step_number == 0], self.infos

    def close(self) -> None: ...

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None: ...

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        return []

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [True] * self.num_envs


class OneRole(BaseParallelWrapper):  # type: ignore[misc]
    """The agents of one role of a PettingZoo environment; those of the others are not there, and play policies."""

    def __init__(self, env: LedgerParallelEnv, role: str) -> None:
        super().__init__(env)
        self.possible_agents = [name for name in env.possible_agents if name.startswith(f"{role}_")]

    @property
    def agents(self) -> list[str]:
        return self.possible_agents if self.env.agents else []

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return tuple(self.own(part) for part in self.env.reset(seed, options))

    def step(self, actions: Any) -> Any:
        return tuple(self.own(part) for part in self.env.step(actions))

    def own(self, part: dict[str, Any]) -> dict[str, Any]:
        """What belongs to the role."""
        return {name: part[name] for name in self.possible_agents}


def through_supersuit(scenario: str, role: str, worlds: int = WORLDS) -> VecEnv:
    """So many PettingZoo environments as one for Stable-Baselines3, in one process, each with a run seed of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from supersuit import concat_vec_envs_v1, pettingzoo_env_to_vec_env_v1

    one = pettingzoo_env_to_vec_env_v1(OneRole(LedgerParallelEnv(scenario), role))
    env: Any = concat_vec_envs_v1(one, worlds, base_class="stable_baselines3")
    env.venv.seed = lambda seed: env.venv.reset(seed=seed)  # Stable-Baselines3 asks for it, SuperSuit has none
    return env  # type: ignore[no-any-return]


def side(env: VecEnv, settings: Any) -> Side:
    """PPO learns for one update: what is collected, and ten epochs over it."""
    steps = settings.n_steps * env.num_envs

    def prepare() -> Any:
        model = build(env, "ppo", settings, 1, steps)
        log_to(model, None)
        return model

    return Side(steps, prepare, lambda model: model.learn(steps))


def learning_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """Two comparisons per role, and a line on what could not be compared."""
    on_threads(1)
    out = []
    with_supersuit = find_spec("supersuit") is not None
    for scenario, role in CASES:
        settings = hyperparameters("ppo", shipped_entry("ppo", scenario, "standard", role))
        env = LedgerVecEnv(scenario, role, WORLDS)
        ceiling, who = side(Nothing(env), settings), f"{role} of {scenario}, {env.num_envs} rows"
        measure = partial(compare, unit="agent-steps/s", baseline=ceiling)
        out.append(measure(f"PPO, {who}", ours=side(env, settings), target=0.9, pairs=pairs))
        if with_supersuit:
            other = through_supersuit(scenario, role)
            assert other.num_envs == env.num_envs
            what = f"PPO through PettingZoo and SuperSuit, {who}"
            out.append(measure(what, ours=side(other, settings), target=0, pairs=min(pairs, 3)))
    missing = "PPO through PettingZoo and SuperSuit was not measured: SuperSuit is not installed."
    return out, [] if with_supersuit else [missing]
