"""Learners of several roles, each with a network and spaces of its own, trained in the same worlds.

- ``independent``: all learn at once; every step of the worlds is a step of every learner.
- ``alternating``: the roles take turns of equal length. The one whose turn it is learns in worlds of its own, where the others
  answer with what they have learned so far, without learning. With ``average=True`` they answer with a mixture of what they knew
  at the end of each of their rounds, every agent with one of those, drawn anew in every episode: fictitious play, which finds
  mixed equilibria where plain turns go round in circles.

Source of the second: Brown, "Iterative solution of games by fictitious play", in Activity Analysis of Production and Allocation,
1951.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learned.hyperparameters import check_form
from agents.learned.player import Learner, Player, Scene
from agents.learned.seat import Stage, seen_at_random
from agents.learned.training import MOST_STEPS, Evaluation, Trained, check_training, mean_return
from agents.registry import nearest
from chain.errors import InputError, whole

SCHEDULES = ("independent", "alternating")
MOST_ROUNDS = 10_000
JointProgress = Callable[[str, int, int, float], None]
"""Called with (role, agent-steps done, agent-steps in all, mean return of the last episodes)."""
JointEvaluate = Callable[[Mapping[str, Any]], Mapping[str, NDArray[np.float64]]]
"""From the learners by role to the scores by role, one per held-out world."""
OnEvaluation = Callable[[Mapping[str, Any], Mapping[str, Evaluation]], None]
"""Called with the learners and their evaluations, by role."""


def independently(players: Sequence[Player]) -> Iterator[Player]:
    """All learn in every step of their worlds, in a fixed order; one that is done plays on. Yields whoever has learned."""
    scene = players[0].scene
    while learning := [player for player in players if not player.turn.done]:
        answers = {player.role: player.play(scene, False) if player.turn.done else player.answers for player in players}
        came = scene.step(answers)
        for player in learning:
            player.learn(came[player.role])
            yield player


def in_turns(players: Sequence[Player], rounds: int, steps: Mapping[str, int], average: bool) -> Iterator[Player]:
    """One learns after the other, so many steps of its worlds in each round; the others play. Yields whoever has learned."""
    for _ in range(rounds):
        for player in players:
            others = [other for other in players if other is not player]
            for _ in range(steps[player.role]):
                answers = {other.role: other.play(player.scene, average) for other in others}
                player.learn(player.scene.step(answers | {player.role: player.answers})[player.role])
                yield player
            player.remember()


def check_together(learners: Mapping[str, Learner], encodings: Mapping[str, Any], schedule: str, rounds: int) -> None:
    """Refuse learners that can not learn together.

    Raises:
        InputError: unknown learners or schedules, or a learner that does not fit its role.
    """
    if schedule not in SCHEDULES:
        raise InputError(f"schedule: {schedule!r} given; {nearest(str(schedule), list(SCHEDULES))}")
    whole("rounds", rounds, 1, MOST_ROUNDS)
    for role, learner in learners.items():
        check_form(learner.algo, encodings[role].form)


def train_together(
    make_stage: Callable[[int], Stage],
    learners: Mapping[str, Learner],
    steps: int | None = None,
    *,
    schedule: str = "independent",
    rounds: int = 10,
    average: bool = False,
    threads: int = 1,
    evaluate: JointEvaluate | None = None,
    evaluations: int = 10,
    on_evaluation: OnEvaluation | None = None,
    progress: JointProgress | None = None,
) -> Mapping[str, Trained]:
    """Train the learners of several roles; Ctrl-C ends the training and keeps what was learned.

    Args:
        make_stage: makes a batch of worlds in which these roles are played from outside: number 0 for all, or one per role where
            they take turns; the number after those of the roles is for q to see which values features take in random play.
        learners: by role, in the order in which they act.
        steps: agent-steps of each learner, its `n_timesteps` if not given. A learner that is done first plays on.
        schedule: `independent` or `alternating`.
        rounds: in each of which every learner has one turn, if they alternate; turns are made of whole updates.
        average: whether those whose turn it is not play a mixture of what they knew after each round, if they alternate.
        threads: of torch.
        evaluate: what is evaluated: from the learners to one score per held-out world.
        evaluations: number of equal intervals with an evaluation at every end, and one before the first.
        on_evaluation: called with the learners and each evaluation.
        progress: called after every step of a learner.

    Returns:
        What came of it, by role. The same seeds and number of threads give the same weights.

    Raises:
        InputError: something given is not allowed.
    """
    together = schedule == "independent"
    stages = [make_stage(k) for k in range(1 if together else len(learners))]
    check_together(learners, stages[0].encodings, schedule, rounds)
    for learner in learners.values():
        check_training(learner.seed, threads, evaluations)
    given = {role: one.hyperparameters.n_timesteps if steps is None else steps for role, one in learners.items()}
    totals = {role: whole("steps", one, 1, MOST_STEPS) for role, one in given.items()}
    turns = {role: turn_of(one, totals[role] / rounds / stages[0].rows[role]) for role, one in learners.items()}
    if not together:
        totals = {role: turns[role] * rounds * stages[0].rows[role] for role in learners}
    scenes = [Scene(stage) for stage in stages]
    players: list[Player] = []
    began, complete = time.perf_counter(), True
    try:
        for k, (role, learner) in enumerate(learners.items()):
            shown = None
            if learner.algo == "q":
                shown = seen_at_random(make_stage(len(learners)), role, learner.hyperparameters.probe_steps, learner.seed)
            players.append(Player(role, learner, scenes[0 if together else k], totals[role], threads, shown=shown))
        loop = independently(players) if together else in_turns(players, rounds, turns, average)
        watch(players, loop, evaluate, evaluations, on_evaluation, progress)
    except KeyboardInterrupt:
        complete = False
        if len(players) < len(learners):
            raise
    finally:
        for player in players:
            player.turn.close()
            player.model.logger.close()
    seconds = time.perf_counter() - began
    return MappingProxyType({player.role: player.result(seconds, threads, complete) for player in players})


def watch(
    players: Sequence[Player],
    loop: Iterator[Player],
    evaluate: JointEvaluate | None,
    evaluations: int,
    on_evaluation: OnEvaluation | None,
    progress: JointProgress | None,
) -> None:
    """Run the loop to its end, say how far it is, and evaluate the learners in equal intervals, first before it begins."""
    models, total = {player.role: player.model for player in players}, sum(player.steps for player in players)

    def look() -> None:
        if evaluate is None:
            return
        scores = evaluate(models)
        for player in players:
            player.curve.append(Evaluation(player.done, scores[player.role]))
            player.model.logger.record("eval/mean_score", float(scores[player.role].mean()))
        if on_evaluation is not None:
            on_evaluation(models, {player.role: player.curve[-1] for player in players})

    look()
    due = 1
    for player in loop:
        if progress is not None:
            progress(player.role, player.done, player.steps, mean_return(player.model))
        done = sum(player.done for player in players)
        if done < total and done * evaluations >= due * total:
            look()
            due = done * evaluations // total + 1
    look()


def turn_of(learner: Learner, steps: float) -> int:
    """About so many steps of the environment, as a whole number of updates, at least one; q updates in every step."""
    h = learner.hyperparameters
    every = int(getattr(h, "n_steps", getattr(h, "train_freq", 1)))
    return max(1, round(steps / every)) * every
