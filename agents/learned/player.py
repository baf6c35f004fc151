"""One of several learners: its training loop, the worlds it learns in, and how it plays while it does not learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learned.learners import answer, build, copied, log_to, on_threads, policy_of, weights_hash
from agents.learned.policy import LearnedPolicy
from agents.learned.seat import Seat, Stage
from agents.learned.table_policy import TabularPolicy
from agents.learned.training import Evaluation, Trained
from agents.learned.turns import Turn


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

    def __init__(self, role: str, learner: Learner, scene: Scene, steps: int, threads: int, *, shown: Any = None) -> None:
        """Build the learner and let it answer for the first time; `shown` as in `build`."""
        self.role, self.learner, self.scene, self.steps = role, learner, scene, steps
        self.model: Any = None
        self.curve: list[Evaluation] = []
        self.rounds: list[LearnedPolicy | TabularPolicy] = []
        self._past: list[Any] = []
        self._members: dict[Scene, NDArray[np.int64]] = {}
        self._draw = np.random.default_rng((learner.seed, 1))

        def loop(turn: Turn) -> None:
            on_threads(threads)
            env = Seat(scene.stage, role, turn, scene.seen[role])
            self.model = build(env, learner.algo, learner.hyperparameters, learner.seed, steps, shown=shown)
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
        self.rounds.append(policy_of(self.model, self.scene.stage.encodings[self.role], self.learner.algo == "dqn"))
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
            out[rows] = answer(self._past[member], seen, masks, deterministic=False, rows=rows)
        return out

    def result(self, seconds: float, threads: int, complete: bool) -> Trained:
        """What came of the training."""
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
