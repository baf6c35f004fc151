"""A training is run: in its own worlds, measured in others, compared with the scripted policies of its roles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learned.averaged import Averaged
from agents.learned.learners import policy_of
from agents.learned.seat import Stage
from agents.learned.together import train_together
from agents.learned.training import Evaluation, Trained, train
from agents.registry import POLICIES
from sim.fronts.joint import JointWorlds
from sim.fronts.sb3_vec_env import LedgerVecEnv
from sim.training.plan import Plan
from sim.training.scoring import scores

Progress = Callable[[str, int, int, float], None]
"""Called with (role, agent-steps done, agent-steps in all, mean return of the last episodes)."""
OnEvaluation = Callable[[Mapping[str, Any], Mapping[str, Evaluation]], None]
"""Called with the policies as they are, and their scores, by role."""


@dataclass(frozen=True)
class Training:
    """What came of a training."""

    plan: Plan
    trained: Mapping[str, Trained]
    """By role: learner, weights' hash, curve and so on."""
    policies: Mapping[str, Any]
    """By role, ready for `sim.run`: the best answers of a learner, or with averaged play the mixture of all rounds."""
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]]
    """By role and policy, what its agents gain in each of the same held-out worlds, coins per agent: of the learned one, called
    `learned`, and of every scripted one in its place, the other learners being what they are."""
    folder: Path | None = None

    @property
    def complete(self) -> bool:
        """Whether it was not stopped before its end."""
        return all(one.complete for one in self.trained.values())


def policy_now(plan: Plan, role: str, model: Any) -> Any:
    """The policy of a learner as it is now, giving its best answers."""
    return policy_of(model, plan.encodings[role], hold=plan.frame_skip)


def score(plan: Plan, policies: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """What the agents of the roles that learn gain with these policies in the held-out worlds, coins per agent."""
    everybody = {**plan.policies, **policies}
    return scores(plan.scenario, plan.parameters, everybody, list(plan.learners), plan.held_out_worlds, plan.peers)


def run(
    plan: Plan, logs: Path | None = None, on_evaluation: OnEvaluation | None = None, progress: Progress | None = None
) -> Training:
    """Train; Ctrl-C ends the training and keeps what was learned.

    Args:
        plan: what is to be trained.
        logs: directory in which each role gets a folder with `progress.csv` and TensorBoard's events; none if not given.
        on_evaluation: called with the policies and each evaluation.
        progress: called after every step of a learner.
    """
    trained = (
        _together(plan, logs, on_evaluation, progress) if len(plan.learners) > 1 else _alone(plan, logs, on_evaluation, progress)
    )
    policies = {role: policy_now(plan, role, one.model) for role, one in trained.items()}
    if plan.average:
        policies |= {role: Averaged(one.rounds) for role, one in trained.items() if one.rounds}
    measured = score(plan, policies)
    table = {
        role: {"learned": measured[role]} | {name: score(plan, {**policies, role: name})[role] for name in POLICIES.get(role, {})}
        for role in trained
    }
    return Training(plan, MappingProxyType(dict(trained)), MappingProxyType(policies), MappingProxyType(table))


def _alone(plan: Plan, logs: Path | None, on_evaluation: OnEvaluation | None, progress: Progress | None) -> Mapping[str, Trained]:
    """One learner in worlds where everybody else plays a policy."""
    ((role, learner),) = plan.learners.items()
    encoding = plan.encodings[role]
    env = LedgerVecEnv(
        plan.scenario,
        role,
        plan.worlds,
        preset=plan.preset,
        policies=plan.policies,
        fields=[field.name for field in encoding.fields],
        form=encoding.form,
        focal=role in plan.focal,
        frame_skip=plan.frame_skip,
        seed=plan.seed,
        threads=plan.threads,
        **plan.given,
    )
    trained = train(
        env,
        learner.algo,
        learner.hyperparameters,
        plan.steps,
        learner.seed,
        out=None if logs is None else logs / role,
        evaluate=lambda model: score(plan, {role: policy_now(plan, role, model)})[role],
        evaluations=plan.evaluations,
        on_evaluation=None
        if on_evaluation is None
        else (lambda model, seen: on_evaluation({role: policy_now(plan, role, model)}, {role: seen})),
        progress=None if progress is None else (lambda done, total, mean: progress(role, done, total, mean)),
        threads=plan.threads,
    )
    return {role: trained}


def _together(
    plan: Plan, logs: Path | None, on_evaluation: OnEvaluation | None, progress: Progress | None
) -> Mapping[str, Trained]:
    """Several learners in the same worlds."""

    def make_stage(number: int) -> Stage:
        return JointWorlds(
            plan.scenario,
            plan.parameters,
            plan.encodings,
            plan.worlds,
            policies=plan.policies,
            focal=plan.focal,
            frame_skip=plan.frame_skip,
            seed=plan.seed + number,
            threads=plan.threads,
        )

    def now(models: Mapping[str, Any]) -> dict[str, Any]:
        return {role: policy_now(plan, role, model) for role, model in models.items()}

    return train_together(
        make_stage,
        {role: learner if logs is None else replace(learner, out=logs / role) for role, learner in plan.learners.items()},
        plan.steps,
        schedule=plan.schedule,
        rounds=plan.rounds,
        average=plan.average,
        threads=plan.threads,
        evaluate=lambda models: score(plan, now(models)),
        evaluations=plan.evaluations,
        on_evaluation=None if on_evaluation is None else (lambda models, seen: on_evaluation(now(models), seen)),
        progress=progress,
    )
