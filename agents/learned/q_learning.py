"""Tabular Q-learning for any role whose action has a discrete form: a learner with the face of those of Stable-Baselines3."""

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.logger import Logger

from agents.encoding import Encoding
from agents.learned.table_policy import TabularPolicy, cells_between, check_size
from agents.learned.tabular import Learning, Tables, choose_rows, exploration, learn_rows, tables_of
from agents.registry import nearest
from chain.errors import InputError
from chain.layout import HEAD, records

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

LINES = 100
"""As often a training logs, in equal intervals; in every step if there are fewer."""
REMEMBERED = 100
"""Episodes whose mean return is logged, as in Stable-Baselines3."""


def chosen_features(encoding: Encoding, names: Any) -> list[int]:
    """The places of the features with these names, all if None.

    Raises:
        InputError: an unknown name.
    """
    known = [feature.name for feature in encoding.features]
    if names is None:
        return list(range(len(known)))
    for name in names:
        if name not in known:
            raise InputError(f"features: {name!r} given; {nearest(str(name), known)}")
    return [known.index(name) for name in names]


class TabularQ:
    """Learns one table for all agents of an environment, or one for each.

    It has as much of the face of a learner of Stable-Baselines3 as a training uses: `learn`, `policy`, `logger`,
    `num_timesteps`, `exploration_rate`, `ep_info_buffer`.
    """

    def __init__(self, env: "VecEnv", hyperparameters: Any, seed: int = 0, shown: NDArray[np.float32] | None = None) -> None:
        """Lay out tables of zeros.

        Args:
            env: a `VecEnv` with an `encoding` of the form `discrete`, as `sim.make_vec_env(..., form="discrete")` makes it. An
                episode ends for good: the state after it has no value.
            hyperparameters: checked ones, of `agents.learned.hyperparameters.Tabular`.
            seed: of the environment's episodes and of exploration.
            shown: which values features take, shape (any number, features); seen in random play if not given.

        Raises:
            InputError: an environment without such an encoding, an unknown feature, a number of tables that does not divide
                that of agents, or more states than a table holds.
        """
        h, encoding = hyperparameters, getattr(env, "encoding", None)
        if encoding is None:
            raise InputError("env: no encoding given, allowed for q is an environment that `sim.make_vec_env` makes")
        if env.num_envs % h.tables:
            raise InputError(f"tables: {h.tables} given, allowed are divisors of the environment's {env.num_envs} agents")
        features = chosen_features(encoding, h.features)
        self.env, self.logger = env, Logger(None, [])
        self.learning = Learning(h.learning_rate, h.gamma, h.exploration_decay)
        self.num_timesteps, self.exploration_rate = 0, 1.0
        self.ep_info_buffer: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._head = records(HEAD, 1)
        self._head["seed"] = seed
        env.seed(seed)
        views = random_play(env, h.probe_steps, self._head[0]) if shown is None else shown
        cells = tuple(cells_between(feature, views[:, feature], h.cells) for feature in features)
        states = check_size(cells, encoding, h.tables)
        self.policy = TabularPolicy(encoding, cells, tables_of(np.zeros((h.tables, states, encoding.choices))))
        """The greedy choices of the tables, which learning revises in place."""
        self._head["episode"] = 1

    def set_logger(self, logger: Logger) -> None:
        """Log to another place."""
        self.logger = logger

    def known(self) -> TabularPolicy:
        """What is known now, as a policy of its own that learning does not change."""
        values, greedy = self.policy.tables
        return replace(self.policy, tables=Tables(values.copy(), greedy.copy()))

    def learn(self, total_timesteps: int, callback: Any = None) -> None:
        """Learn until so many agent-steps are done, rounded up to whole steps of the environment.

        Args:
            total_timesteps: agent-steps.
            callback: a `BaseCallback`; it is called before the first step and after each.
        """
        began, due = time.perf_counter(), 1
        states = self.policy.states(observed(self.env.reset()))
        if callback is not None:
            callback.init_callback(self)
            callback.on_training_start({}, {})
        while self.num_timesteps < total_timesteps:
            states = self._step(states)
            if callback is not None:
                callback.on_step()
            if self.num_timesteps * LINES >= due * total_timesteps:
                self._log(time.perf_counter() - began)
                due = self.num_timesteps * LINES // total_timesteps + 1

    def _step(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """Act once in these states and learn from what comes of it; the states after it."""
        step, tables, choices = self.num_timesteps // self.env.num_envs, self.policy.tables, np.empty(states.size, np.int64)
        self.exploration_rate = exploration(self.learning.beta, step)
        choose_rows(self._head[0], step, self.exploration_rate, tables, states, choices)
        seen, rewards, dones, infos = self.env.step(choices)
        after = self.policy.states(observed(seen))
        learn_rows(tables, self.learning, states, choices, rewards.astype(np.float64), np.where(dones, -1, after))
        self.num_timesteps += self.env.num_envs
        if dones.any():
            self.ep_info_buffer.extend(info["episode"] for info in infos if "episode" in info)
        return after

    def _log(self, seconds: float) -> None:
        """A line by the names of Stable-Baselines3."""
        if self.ep_info_buffer:
            for name, key in (("ep_rew_mean", "r"), ("ep_len_mean", "l")):
                self.logger.record(f"rollout/{name}", float(np.mean([episode[key] for episode in self.ep_info_buffer])))
        self.logger.record("rollout/exploration_rate", self.exploration_rate)
        self.logger.record("time/fps", int(self.num_timesteps / seconds))
        self.logger.record("time/time_elapsed", int(seconds), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(self.num_timesteps)


def observed(answer: Any) -> NDArray[np.float32]:
    """What an environment shows, as features."""
    return np.asarray(answer, np.float32)


def random_play(env: Any, steps: int, head: Any) -> NDArray[np.float32]:
    """What all agents see in so many steps of random play, shape (agents × (steps + 1), features)."""
    nothing = tables_of(np.zeros((1, 1, env.action_space.n)))
    choices, state = np.empty(env.num_envs, np.int64), np.zeros(env.num_envs, np.int64)
    seen = [observed(env.reset()).copy()]
    for step in range(steps):
        choose_rows(head, step, 1.0, nothing, state, choices)
        seen.append(observed(env.step(choices)[0]).copy())
    return np.concatenate(seen)
