"""Train tables on an environment: tabular Q-learning for any role whose action has a discrete form."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.learned.table_policy import Cells, TabularPolicy, cells_between, check_size
from agents.learned.tabular import Learning, choose_rows, exploration, learn_rows, tables_of
from agents.registry import nearest
from chain.errors import InputError
from chain.layout import HEAD, records

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

DEFAULTS: Mapping[str, Any] = {
    "learning_rate": 0.15,
    "gamma": 0.95,
    "exploration_decay": 4e-6,
    "tables": 1,
    "features": None,
    "cells": 15,
    "probe_steps": 64,
}
"""Hyperparameters.

learning_rate: from above 0 to 1. gamma: discount factor, from 0 to below 1. exploration_decay: exploration in step t is
exp(-decay × t). tables: 1 if all agents share one, the number of agents of the role if each has its own. features: names of
those that make the state, all if None. cells: most cells of a feature. probe_steps: steps of random play that show which values
features take, before learning begins.
"""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "learning_rate": (1e-9, 1),
    "gamma": (0, 1 - 1e-9),
    "exploration_decay": (0, 1e9),
    "tables": (1, 2**20),
    "cells": (1, 2**20),
    "probe_steps": (1, 10**6),
}


def settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters with some replaced.

    Raises:
        InputError: an unknown one, or a value that is not allowed.
    """
    for name, value in given.items():
        if name not in DEFAULTS:
            raise InputError(f"{name}: no such hyperparameter of q; {nearest(str(name), list(DEFAULTS))}")
        if name == "features":
            continue
        low, high = BOUNDS[name]
        whole = isinstance(DEFAULTS[name], int)
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise InputError(f"{name}: {value!r} given, allowed is {'a whole number ' if whole else ''}from {low:g} to {high:g}")
    return {**DEFAULTS, **given}


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


def train_q(
    env: "VecEnv",
    hyperparameters: Mapping[str, Any],
    steps: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> TabularPolicy:
    """Train one table for all agents of the environment, or one for each.

    Args:
        env: a `VecEnv` with an `encoding` of the form `discrete`, as `sim.make_vec_env(..., form="discrete")` makes it. An
            episode ends for good: the state after it has no value.
        hyperparameters: what replaces `DEFAULTS`.
        steps: agent-steps of learning; rounded up to whole steps of the environment.
        seed: of the environment's episodes and of exploration.
        progress: called with (agent-steps done, agent-steps in all).

    Raises:
        InputError: an action that is not discrete, a hyperparameter out of range, or more states than a table holds.
    """
    chosen = settings(hyperparameters)
    encoding: Encoding = env.encoding  # type: ignore[attr-defined]
    if encoding.form != "discrete":
        raise InputError(f"algo: q needs the form discrete, {encoding.form} given; PPO learns the forms box and multidiscrete")
    if env.num_envs % chosen["tables"]:
        raise InputError(f"tables: {chosen['tables']} given, allowed are divisors of the environment's {env.num_envs} agents")
    features = chosen_features(encoding, chosen["features"])
    head = records(HEAD, 1)
    head["seed"] = seed
    env.seed(seed)
    cells = probe(env, features, chosen["cells"], chosen["probe_steps"], head[0])
    states = check_size(cells, encoding, chosen["tables"])
    tables = tables_of(np.zeros((chosen["tables"], states, encoding.choices)))
    policy = TabularPolicy(encoding, cells, tables)
    learning = Learning(chosen["learning_rate"], chosen["gamma"], chosen["exploration_decay"])
    head["episode"] = 1
    now = policy.states(observed(env.reset()))
    choices = np.empty(env.num_envs, np.int64)
    total = max(1, math.ceil(steps / env.num_envs))
    for step in range(total):
        choose_rows(head[0], step, exploration(learning.beta, step), tables, now, choices)
        seen, rewards, dones, _ = env.step(choices)
        after = policy.states(observed(seen))
        learn_rows(tables, learning, now, choices, rewards.astype(np.float64), np.where(dones, -1, after))
        now = after
        if progress is not None:
            progress((step + 1) * env.num_envs, total * env.num_envs)
    return policy


def observed(answer: Any) -> NDArray[np.float32]:
    """What an environment shows, as features."""
    return np.asarray(answer, np.float32)


def probe(env: Any, features: list[int], most: int, steps: int, head: Any) -> tuple[Cells, ...]:
    """Play at random and see which values the features take; their cells."""
    nothing = tables_of(np.zeros((1, 1, env.action_space.n)))
    choices, state = np.empty(env.num_envs, np.int64), np.zeros(env.num_envs, np.int64)
    seen = [observed(env.reset()).copy()]
    for step in range(steps):
        choose_rows(head, step, 1.0, nothing, state, choices)
        seen.append(observed(env.step(choices)[0]).copy())
    shown = np.concatenate(seen)
    return tuple(cells_between(feature, shown[:, feature], most) for feature in features)
