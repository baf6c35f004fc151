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
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learned.from_sb3 import from_sb3
from agents.learned.hyperparameters import check_form
from agents.learned.learners import ALGORITHMS, answer, build, copied, log_to, on_threads, weights_hash
from agents.learned.policy import LearnedPolicy
from agents.learned.seat import Seat, Stage
from agents.learned.training import MOST_STEPS, Evaluation, Trained, check_training, mean_return
from agents.learned.turns import Turn
from agents.registry import nearest
from chain.errors import InputError, whole

SCHEDULES = ("independent", "alternating")
MOST_ROUNDS = 10_000
JointProgress = Callable[[str, int, int, float], None]
"""Called with (role, agent-steps done, agent-steps in all, mean return of the last episodes)."""
JointEvaluate = Callable[[Mapping[str, Any]], Mapping[str, NDArray[np.float64]]]
"""From the learners by role to the scores by role, one per held-out world."""


@dataclass(frozen=True)
class Learner:
    """Who learns a role."""

    algo: str
    hyperparameters: Any
    """Checked ones, from `agents.learned.hyperparameters.hyperparameters`."""
    seed: int = 0
    """Of its weights and its exploration."""
    out: Path | None = None
    """Folder for `progress.csv` and TensorBoard's events."""


class Scene:
    """A stage with what everybody sees on it now."""

    def __init__(self, stage: Stage) -> None:
        """Begin the first episode."""
        self.stage = stage
        self.seen = dict(stage.reset())
        self.fresh = {role: np.ones(rows, np.bool_) for role, rows in stage.rows.items()}
        """Whose episode has just begun."""

    def step(self, answers: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        """One step of the worlds."""
        came = self.stage.step(answers)
        for role, (seen, _, dones, _) in came.items():
            self.seen[role], self.fresh[role] = seen, dones
        return came


class Player:
    """A role's learner, its training loop, and the answers that wait for the next step of its worlds."""

    def __init__(self, role: str, learner: Learner, scene: Scene, steps: int, threads: int) -> None:
        """Build the learner and let it answer for the first time."""
        self.role, self.learner, self.scene, self.steps = role, learner, scene, steps
        self.model: Any = None
        self.curve: list[Evaluation] = []
        self.rounds: list[LearnedPolicy] = []
        self._past: list[Any] = []
        self._members: dict[Scene, NDArray[np.int64]] = {}
        self._draw = np.random.default_rng((learner.seed, 1))

        def loop(turn: Turn) -> None:
            on_threads(threads)
            env = Seat(scene.stage, role, turn, scene.seen[role])
            self.model = build(env, learner.algo, learner.hyperparameters, learner.seed)
            log_to(self.model, learner.out)
            self.model.learn(steps)

        self.turn = Turn(loop)
        self.answers = self.turn.resume()

    @property
    def done(self) -> int:
        """Agent-steps so far."""
        return min(int(self.model.num_timesteps), self.steps)

    def learn(self, came: Any) -> None:
        """Take in what came of the answers, learn from it when it is time to, and answer again."""
        self.answers = self.turn.resume(came)

    def remember(self) -> None:
        """Keep what is known now, as the end of a round."""
        self.rounds.append(from_sb3(self.model, self.scene.stage.encodings[self.role], self.learner.algo == "dqn"))
        self._past.append(copied(self.model))

    def play(self, scene: Scene, average: bool) -> NDArray[Any]:
        """Answer without learning, as in training: with draws where the policy draws."""
        seen = scene.seen[self.role]
        masks = scene.stage.masks(self.role) if scene.stage.encodings[self.role].masked else None
        return np.asarray(self.turn.within(lambda: self._answers(scene, seen, masks, average)))

    def _answers(self, scene: Scene, seen: NDArray[Any], masks: NDArray[np.bool_] | None, average: bool) -> NDArray[Any]:
        """Answers of what is known now, or, averaged, of what was known after one of the rounds, by row."""
        if not average or len(self._past) < 2:
            return answer(self.model.policy, seen, masks, deterministic=False)
        members = self._members.setdefault(scene, np.zeros(len(seen), np.int64))
        fresh = scene.fresh[self.role]
        members[fresh] = self._draw.integers(0, len(self._past), int(fresh.sum()))
        space = scene.stage.space[self.role][1]
        out = np.empty((len(seen), *(space.shape or ())), space.dtype)
        for member in np.unique(members):
            rows = members == member
            out[rows] = answer(self._past[member], seen[rows], None if masks is None else masks[rows], deterministic=False)
        return out

    def result(self, seconds: float, threads: int, complete: bool) -> Trained:
        """What came of the training."""
        self.model.logger.close()
        settings = self.learner.hyperparameters.model_dump()
        steps, digest = int(self.model.num_timesteps), weights_hash(self.model)
        return Trained(
            self.learner.algo,
            self.model,
            settings,
            self.learner.seed,
            steps,
            seconds,
            threads,
            digest,
            tuple(self.curve),
            complete,
            tuple(self.rounds),
        )


def independently(players: Sequence[Player]) -> Iterator[Player]:
    """All learn in every step of their worlds, in a fixed order; one that is done plays on until the last is. Yields whoever has
    learned."""
    scene = players[0].scene
    while learning := [player for player in players if not player.turn.done]:
        answers = {player.role: player.play(scene, False) if player.turn.done else player.answers for player in players}
        came = scene.step(answers)
        for player in learning:
            player.learn(came[player.role])
            yield player


def in_turns(players: Sequence[Player], rounds: int, steps: Mapping[str, int], average: bool) -> Iterator[Player]:
    """One learns after the other, so many steps of its worlds in each round, while the others play. Yields whoever has learned."""
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
        if learner.algo not in ALGORITHMS:
            raise InputError(f"algo: {learner.algo} given for one of several roles, allowed are {', '.join(ALGORITHMS)}")


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
    on_evaluation: Callable[[Mapping[str, Any], Mapping[str, Evaluation]], None] | None = None,
    progress: JointProgress | None = None,
) -> Mapping[str, Trained]:
    """Train the learners of several roles; Ctrl-C ends the training and keeps what was learned.

    Args:
        make_stage: makes a batch of worlds in which these roles are played from outside: number 0 for all, or one per role where
            they take turns.
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
    stages = {role: make_stage(k) for k, role in enumerate(learners) if k == 0 or not together}
    first = next(iter(stages.values()))
    check_together(learners, first.encodings, schedule, rounds)
    for learner in learners.values():
        check_training(learner.seed, threads, evaluations)
    totals = {role: whole("steps", steps or one.hyperparameters.n_timesteps, 1, MOST_STEPS) for role, one in learners.items()}
    turns = {role: turn_of(one, totals[role] / rounds / first.rows[role]) for role, one in learners.items()}
    if not together:
        totals = {role: turns[role] * rounds * first.rows[role] for role in learners}
    scenes = {role: Scene(stage) for role, stage in stages.items()}
    players: list[Player] = []
    began, complete = time.perf_counter(), True

    def look() -> None:
        if evaluate is None:
            return
        scores = evaluate({player.role: player.model for player in players})
        for player in players:
            player.curve.append(Evaluation(player.done, scores[player.role]))
        if on_evaluation is not None:
            on_evaluation({p.role: p.model for p in players}, {p.role: p.curve[-1] for p in players})

    try:
        for role, learner in learners.items():
            players.append(Player(role, learner, scenes.get(role, scenes[next(iter(scenes))]), totals[role], threads))
        look()
        whole_way, due = sum(totals.values()), 1
        for player in independently(players) if together else in_turns(players, rounds, turns, average):
            if progress is not None:
                progress(player.role, player.done, player.steps, mean_return(player.model))
            way = sum(p.done for p in players)
            if way < whole_way and way * evaluations >= due * whole_way:
                look()
                due = way * evaluations // whole_way + 1
        look()
    except KeyboardInterrupt:
        complete = False
        if len(players) < len(learners):
            raise
    finally:
        for player in players:
            player.turn.close()
    seconds = time.perf_counter() - began
    return MappingProxyType({player.role: player.result(seconds, threads, complete) for player in players})


def turn_of(learner: Learner, steps: float) -> int:
    """About so many steps of the environment, as a whole number of updates, at least one."""
    every = getattr(learner.hyperparameters, "n_steps", None) or learner.hyperparameters.train_freq
    return max(1, round(steps / every)) * int(every)
