"""How fast PPO learns in the worlds, beside its own ceiling: the same learner on an environment that does nothing.

Both sides learn with the shipped hyperparameters, in environments of the same rows, spaces, episode lengths and end flags; what
differs is the economy: ledger, views, the policies of everybody else, rewards and infos. The learner takes most of the time, so
the ratio says how little of it is lost in the environment.
"""

from functools import partial
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from agents.learned.hyperparameters import hyperparameters, shipped_entry
from agents.learned.learners import build, log_to, on_threads
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


def side(env: VecEnv, settings: Any) -> Side:
    """PPO learns for one update: what is collected, and ten epochs over it."""
    steps = settings.n_steps * env.num_envs

    def prepare() -> Any:
        model = build(env, "ppo", settings, 1, steps)
        log_to(model, None)
        return model

    return Side(steps, prepare, lambda model: model.learn(steps))


def learning_speed(pairs: int = 5) -> list[Ratio]:
    """One comparison per role."""
    on_threads(1)
    out = []
    for scenario, role in CASES:
        settings = hyperparameters("ppo", shipped_entry("ppo", scenario, "standard", role))
        env = LedgerVecEnv(scenario, role, WORLDS)
        measure = partial(compare, f"PPO, {role} of {scenario}, {env.num_envs} rows", "agent-steps/s")
        out.append(measure(side(env, settings), side(Nothing(env), settings), 0.9, pairs))
    return out
