"""The learners of Stable-Baselines3 and sb3-contrib and our own, made of checked hyperparameters: a seed decides everything."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.logger import configure
from torch import nn

from agents.encoding import Encoding
from agents.learned.from_sb3 import form_of, from_sb3
from agents.learned.hyperparameters import LINEAR, check_form
from agents.learned.policy import LearnedPolicy
from agents.learned.q_learning import TabularQ
from agents.learned.table_policy import TabularPolicy
from chain.errors import InputError

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

ALGORITHMS: dict[str, Any] = {"ppo": PPO, "maskable_ppo": MaskablePPO, "dqn": DQN}
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}
HIGHEST_SEED = 2**32 - 1
"""NumPy's global generator takes no higher one."""


def check_env(env: "VecEnv", algo: str) -> None:
    """Refuse an environment whose actions the learner can not learn.

    Raises:
        InputError: it has no such environment, or there is no such learner.
    """
    check_form(algo, form_of(env))


def schedule(given: float | str, update: float = 0.0) -> float | Callable[[float], float]:
    """A learning rate or clip range: a number, or ``lin_`` and a number, which falls to 0 as the training goes on.

    Args:
        given: as in the hyperparameters.
        update: share of the training that is collected for one update. Stable-Baselines3 counts it as done before the update, so
            that the last one, and the only one of a short training, would change nothing.
    """
    if not isinstance(given, str):
        return given
    start = float(given.removeprefix(LINEAR))
    return lambda remaining: start * min(1.0, remaining + update)


def minibatch(rows: int, most: int) -> int:
    """The size of minibatches, all nearly alike, that share out so many rows: as few of them as `most` allows.

    >>> minibatch(4_096, 1_000), minibatch(100, 512)
    (820, 100)
    """
    return -(-rows // -(-rows // most))


def build(env: "VecEnv", algo: str, hyperparameters: Any, seed: int, steps: int, *, shown: Any = None) -> Any:
    """A fresh learner on an environment, on the processor; all but q seed the global generators of Python, NumPy and torch.

    Args:
        env: what it learns on.
        algo: `ppo`, `maskable_ppo`, `dqn` or `q`.
        hyperparameters: from `agents.learned.hyperparameters.hyperparameters`.
        seed: of its weights, its exploration, and the environment's episodes.
        steps: agent-steps of its training.
        shown: for q, which values features take, shape (any number, features); seen in random play if not given.

    Raises:
        InputError: the environment's actions are not for this learner, or a number does not fit it.
    """
    check_env(env, algo)
    h = hyperparameters
    if algo == "q":
        return TabularQ(env, h, seed, shown)
    update = min(1.0, (h.train_freq if algo == "dqn" else h.n_steps) * env.num_envs / steps)
    net = {"net_arch": list(h.policy_kwargs.net_arch), "activation_fn": ACTIVATIONS[h.policy_kwargs.activation]}
    options: dict[str, Any] = {
        "learning_rate": schedule(h.learning_rate, update),
        "gamma": h.gamma,
        "max_grad_norm": h.max_grad_norm,
        "policy_kwargs": net,
        "seed": seed,
        "device": "cpu",
    }
    if algo == "dqn":
        alike = ("buffer_size", "learning_starts", "batch_size", "train_freq", "gradient_steps", "target_update_interval")
        explore = ("exploration_fraction", "exploration_initial_eps", "exploration_final_eps")
        options |= {name: getattr(h, name) for name in (*alike, *explore)}
    else:
        rows = h.n_steps * env.num_envs
        if rows < 2:
            raise InputError(f"n_steps: {h.n_steps} given for one agent, allowed is at least 2")
        options |= {name: getattr(h, name) for name in ("n_steps", "n_epochs", "gae_lambda", "ent_coef", "vf_coef")}
        options |= {"batch_size": minibatch(rows, h.batch_size), "clip_range": schedule(h.clip_range, update)}
        if form_of(env) == "box":
            net["log_std_init"] = h.policy_kwargs.log_std_init
    with warnings.catch_warnings():  # the last minibatch may be a few rows shorter
        warnings.filterwarnings("ignore", "You have specified a mini-batch size")
        return ALGORITHMS[algo](h.policy, env, **options)


def log_to(model: Any, folder: Path | None) -> None:
    """Let a learner log to `progress.csv` and TensorBoard events in a folder, or not at all."""
    model.set_logger(configure(None if folder is None else str(folder), [] if folder is None else ["csv", "tensorboard"]))


def answer(
    policy: Any, seen: NDArray[Any], masks: NDArray[np.bool_] | None = None, deterministic: bool = True, rows: Any = ...
) -> NDArray[Any]:
    """What a learner's policy does when it sees this, in some rows or all; `masks` are for that of MaskablePPO."""
    if isinstance(policy, TabularPolicy):
        return policy.choices(seen)[rows]
    more = {"action_masks": masks if masks is None else masks[rows]} if isinstance(policy, MaskableActorCriticPolicy) else {}
    return np.asarray(policy.predict(seen[rows], deterministic=deterministic, **more)[0])


def policy_of(model: Any, encoding: Encoding, deterministic: bool = True, hold: int = 1) -> LearnedPolicy | TabularPolicy:
    """What a learner knows now, as a policy: see `from_sb3`; a table always gives its best answer."""
    return model.known() if isinstance(model, TabularQ) else from_sb3(model, encoding, deterministic, hold)


def copied(model: Any) -> Any:
    """A policy with the weights that a learner has now."""
    if isinstance(model, TabularQ):
        return model.known()
    policy = model.policy_class(model.observation_space, model.action_space, model.lr_schedule, **model.policy_kwargs)
    policy.load_state_dict(model.policy.state_dict())
    return policy


def weights_hash(model: Any) -> str:
    """SHA-256 (hex) over all weights of a learner, or values of a table, in their order, with names, types and shapes."""
    out = hashlib.sha256()
    policy = model.policy
    tables = isinstance(policy, TabularPolicy)
    weights = policy.weights if tables else {name: x.detach().cpu().numpy() for name, x in policy.state_dict().items()}
    for name, given in weights.items():
        array = np.ascontiguousarray(given)
        out.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        out.update(array.tobytes())
    return out.hexdigest()


def on_threads(count: int) -> None:
    """Let torch use so many threads: their number is part of what decides the weights."""
    torch.set_num_threads(count)
