"""Training learners in a scenario, from one call or from `ledgerlab train`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.experiments.store import check_out
from sim.scenario import Scenario
from sim.training.keeping import keep
from sim.training.plan import HELD_OUT_WORLDS, Learn, plan_training
from sim.training.running import Progress, Training

__all__ = ["Learn", "Training", "train"]


def train(
    scenario: str | Scenario,
    learners: Mapping[str, str | Learn],
    *,
    preset: str = "standard",
    policies: Mapping[str, Any] | None = None,
    steps: int | None = None,
    worlds: int | None = None,
    seed: int = 0,
    schedule: str = "independent",
    rounds: int = 10,
    average: bool = False,
    held_out_worlds: int = HELD_OUT_WORLDS,
    evaluations: int = 10,
    threads: int = 1,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> Training:
    """Train learners in a scenario, and keep what they learned in a directory of its own.

    Args:
        scenario: its name, or a `Scenario`.
        learners: role -> learner, a name (`ppo`, `maskable_ppo`, `dqn`, `q`) or a `Learn` with settings. Several roles learn
            together, each with a network of its own; all agents of a role share one.
        preset: the scenario's settings to start from.
        policies: role -> policy of those that do not learn; of a role whose learner is focal, that of its peers.
        steps: agent-steps of each learner, as its hyperparameters say if not given.
        worlds: that are played at once, likewise; among several learners the most that one asks for.
        seed: of weights, exploration and worlds, from 0 to below 2^32. The same seed and threads give the same weights.
        schedule: `independent`: all learn at once; `alternating`: in turns, see `agents.learned.together`.
        rounds: turns of each learner, if they alternate.
        average: whether the others play the mixture of all their rounds meanwhile, which is then also the result.
        held_out_worlds: worlds that nobody trains on, in which policies are evaluated and compared.
        evaluations: that are made during training, in equal intervals.
        threads: of torch and of the engine; those of torch are part of what decides the weights.
        out: a new or an empty directory; the next free one under results/ if not given.
        progress: called with (role, agent-steps done, agent-steps in all, mean return of the last episodes).
        parameters: settings that replace those of the preset.

    Raises:
        InputError: something given is wrong; the message names it and says what is allowed. Nothing is written then.
    """
    plan = plan_training(
        scenario,
        learners,
        preset=preset,
        policies=policies,
        steps=steps,
        worlds=worlds,
        seed=seed,
        schedule=schedule,
        rounds=rounds,
        average=average,
        held_out_worlds=held_out_worlds,
        evaluations=evaluations,
        threads=threads,
        **parameters,
    )
    folder = None if out is None else Path(out)
    check_out(folder)
    return keep(plan, folder, progress)
