"""Train one learner on an environment: seeded, logged, evaluated on the way, and stopped without losing anything."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from agents.learned.hyperparameters import hyperparameters as checked
from agents.learned.learners import HIGHEST_SEED, answer, build, check_env, log_to, on_threads, weights_hash
from agents.learned.policy import LearnedPolicy
from agents.learned.table_policy import TabularPolicy
from chain.errors import whole

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

Progress = Callable[[int, int, float], None]
"""Called with (agent-steps done, agent-steps in all, mean return of the last episodes; NaN before the first ended)."""
Evaluate = Callable[[Any], NDArray[np.float64]]
"""From a learner to its scores, one per held-out world."""
MOST_STEPS = 10**12
MOST_THREADS = 1_024


@dataclass(frozen=True)
class Evaluation:
    """How good a learner was at some point of its training."""

    steps: int
    """Agent-steps until then."""
    scores: NDArray[np.float64]
    """One per held-out world."""


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    algo: str
    model: Any
    """The learner, as Stable-Baselines3 has it; a `TabularQ` for q."""
    hyperparameters: dict[str, Any]
    """All of them, as they were."""
    seed: int
    steps: int
    """Agent-steps done."""
    seconds: float
    threads: int
    """Of torch."""
    weights_sha256: str
    curve: tuple[Evaluation, ...]
    complete: bool
    """Whether it was not stopped before its end."""
    rounds: tuple[LearnedPolicy | TabularPolicy, ...] = ()
    """What it knew after each round, if the roles took turns: policies that draw their actions where the learner does."""


class Watch(BaseCallback):
    """Looks after a training: says how far it is, and evaluates the learner in equal intervals, first before it begins."""

    def __init__(self, total: int, count: int, evaluate: Callable[[Any, int], None], progress: Progress | None) -> None:
        """Watch over `total` agent-steps, with `count` intervals."""
        super().__init__()
        self.total, self.count, self.due = total, count, 0
        self.evaluate, self.progress = evaluate, progress

    def _look(self) -> None:
        done = self.num_timesteps
        if done * self.count >= self.due * self.total:
            self.evaluate(self.model, done)
            self.due = done * self.count // self.total + 1
        if self.progress is not None:
            self.progress(min(done, self.total), self.total, mean_return(self.model))

    def _on_training_start(self) -> None:
        self._look()

    def _on_step(self) -> bool:
        if self.num_timesteps < self.total:
            self._look()
        return True


def mean_return(model: Any) -> float:
    """Mean return of the last episodes that ended in training, NaN if none did."""
    return float(np.mean([episode["r"] for episode in model.ep_info_buffer])) if model.ep_info_buffer else np.nan


def returns(model: Any, env: "VecEnv", seed: int = 0) -> NDArray[np.float64]:
    """The mean return of the agents in each world over one episode, played without exploration.

    Args:
        model: a learner.
        env: an environment for it whose rows end together; its attribute `worlds` says how many worlds they make, each row one
            if it has none.
        seed: of the episode: the same one gives the same worlds.
    """
    env.seed(seed)
    seen: Any = env.reset()
    total = np.zeros(env.num_envs)
    while True:
        masks = np.stack(env.env_method("action_masks")) if env.has_attr("action_masks") else None
        seen, rewards, dones, _ = env.step(answer(model.policy, seen, masks))
        total += rewards
        if dones.all():
            return total.reshape(getattr(env, "worlds", env.num_envs), -1).mean(axis=1)


def check_training(seed: int, threads: int, evaluations: int) -> None:
    """Refuse numbers that no training can have."""
    whole("seed", seed, 0, HIGHEST_SEED)
    whole("threads", threads, 1, MOST_THREADS)
    whole("evaluations", evaluations, 1, 1_000)


def train(
    env: "VecEnv",
    algo: str,
    hyperparameters: Any = None,
    steps: int | None = None,
    seed: int = 0,
    *,
    out: str | Path | None = None,
    eval_env: "VecEnv | None" = None,
    evaluate: Evaluate | None = None,
    evaluations: int = 10,
    on_evaluation: Callable[[Any, Evaluation], None] | None = None,
    prepare: Callable[[Any], object] | None = None,
    progress: Progress | None = None,
    threads: int = 1,
) -> Trained:
    """Train a learner; Ctrl-C ends the training and keeps what was learned.

    Args:
        env: what it learns on, for instance `sim.make_vec_env(...)`.
        algo: `ppo`, `maskable_ppo`, `dqn` or `q`.
        hyperparameters: by name, or checked ones; those that are left out are at their defaults. `n_envs` and `env_kwargs` are
            for whoever makes the environment.
        steps: agent-steps, `n_timesteps` if not given; PPO goes on to the end of what it collects at once, the others to that
            of a step of the environment.
        seed: of the weights, of exploration and of the environment's episodes. The same seed and number of threads give the same
            weights, on one machine type and one set of versions.
        out: folder for `progress.csv` and TensorBoard's events; nothing is written if not given.
        eval_env: held-out worlds; `returns` on it is what is evaluated.
        evaluate: what is evaluated, instead: from the learner to one score per held-out world.
        evaluations: number of equal intervals with an evaluation at every end, and one before the first.
        on_evaluation: called with the learner and each evaluation.
        prepare: called with the fresh learner before it learns, for instance to `imitate` somebody.
        progress: called after every step of the environment.
        threads: of torch.

    Raises:
        InputError: an unknown learner or one that does not fit the environment, or a number that is not allowed; nothing is
            written then.
    """
    check_env(env, algo)
    h = hyperparameters if hasattr(hyperparameters, "model_dump") else checked(algo, hyperparameters or {})
    total = whole("steps", h.n_timesteps if steps is None else steps, 1, MOST_STEPS)
    check_training(seed, threads, evaluations)
    score = evaluate or ((lambda model: returns(model, eval_env)) if eval_env is not None else None)
    curve: list[Evaluation] = []

    def look(model: Any, done: int) -> None:
        if score is not None:
            curve.append(Evaluation(done, score(model)))
            model.logger.record("eval/mean_score", float(curve[-1].scores.mean()))
            if on_evaluation is not None:
                on_evaluation(model, curve[-1])

    on_threads(threads)
    began = time.perf_counter()
    model, done, complete = _learn(env, algo, h, seed, Watch(total, evaluations, look, progress), out, prepare)
    if complete:
        look(model, done)
    seconds, digest = time.perf_counter() - began, weights_hash(model)
    return Trained(algo, model, h.model_dump(), seed, done, seconds, threads, digest, tuple(curve), complete)


def _learn(
    env: "VecEnv",
    algo: str,
    h: Any,
    seed: int,
    watch: Watch,
    out: str | Path | None,
    prepare: Callable[[Any], object] | None,
) -> tuple[Any, int, bool]:
    """The learner after so many steps as its watch says, the agent-steps done, and whether it was not stopped."""
    model, complete = build(env, algo, h, seed, watch.total), True
    log_to(model, None if out is None else Path(out))
    try:
        if prepare is not None:
            prepare(model)
        model.learn(watch.total, watch)
    except KeyboardInterrupt:
        complete = False
    finally:
        model.logger.close()
    return model, int(model.num_timesteps), complete
