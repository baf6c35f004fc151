"""Several learners, at once or in turns: what each learns, who plays meanwhile, how it ends, and what is refused."""

import threading

import numpy as np
import pytest

from agents.learned import player
from agents.learned.averaged import Averaged
from agents.learned.evaluator import outputs_of
from agents.learned.hyperparameters import hyperparameters
from agents.learned.learners import build, weights_hash
from agents.learned.player import Learner, Player
from agents.learned.together import train_together
from agents.learned.training import train
from agents.policy import Dice
from chain.errors import InputError
from chain.layout import HEAD, records
from tests.agents.learned.echo import SIDE, Echo, Rooms

SMALL = hyperparameters("ppo", {"n_steps": 4, "batch_size": 16, "n_epochs": 2, "policy_kwargs.net_arch": [8]})
DEEP_Q = hyperparameters(
    "dqn", {"learning_starts": 8, "batch_size": 8, "buffer_size": 100, "train_freq": 4, "policy_kwargs.net_arch": [8]}
)

TABLE = hyperparameters("q", {"exploration_decay": 0.02, "probe_steps": 8})
SETTINGS = {"ppo": SMALL, "dqn": DEEP_Q, "q": TABLE}


def learn(steps=96, stage=None, seeds=(1, 2), algos=("ppo", "ppo"), out=None, **more):
    """Two learners in two rooms: the trained, and the stages that were made."""
    stages = []

    def make_stage(number):
        stages.append(Rooms(seed=number) if stage is None else stage(number))
        return stages[-1]

    learners = {
        role: Learner(algo, SETTINGS[algo], seed, None if out is None else out / role)
        for role, algo, seed in zip(("left", "right"), algos, seeds, strict=True)
    }
    return train_together(make_stage, learners, steps, **more), stages


def digests(trained):
    return [one.weights_sha256 for one in trained.values()]


def test_together_each_learns_what_it_would_learn_alone():
    """The rooms have no doors: a learner's weights are those that its own training alone gives."""
    trained, _ = learn(96)
    for role, seed, rows in (("left", 1, 4), ("right", 2, 6)):
        env = Echo(SIDE, rows)
        env.seed(0)
        env.seed = lambda seed: None  # as a stage, it has a seed of its own
        assert train(env, "ppo", SMALL, 96, seed).weights_sha256 == trained[role].weights_sha256


def test_a_table_learns_beside_a_network_what_each_would_learn_alone(tmp_path):
    """What values features take is seen in other worlds, so that nobody's own have begun when learning does."""
    alone, _ = learn(400)
    seen = []
    trained, stages = learn(
        400,
        algos=("q", "ppo"),
        out=tmp_path,
        evaluate=lambda models: {role: np.ones(3) for role in models},
        evaluations=2,
        on_evaluation=lambda models, evaluations: seen.append(models["left"].known().tables.greedy.tolist()),
    )
    assert trained["right"].weights_sha256 == alone["right"].weights_sha256
    assert [len(stage.log) for stage in stages] == [100, 8]
    env = Echo(SIDE, 4)
    env.seed(0)
    env.seed = lambda seed: None
    table = build(env, "q", TABLE, 1, 400, shown=np.array([[-1], [1]], np.float32))
    table.learn(400)
    assert weights_hash(table) == trained["left"].weights_sha256
    assert seen[0] == [[0, 0]]
    assert seen[-1] == trained["left"].model.policy.tables.greedy.tolist() == [[0, 1]]
    for role in trained:
        assert "eval/mean_score" in (tmp_path / role / "progress.csv").read_text().splitlines()[0]


def test_tables_in_turns_keep_what_they_knew_after_each_round():
    trained, stages = learn(96, algos=("q", "q"), schedule="alternating", rounds=3, average=True)
    assert [len(stage.log) for stage in stages] == [24, 15, 8, 8], "8 and 5 steps a turn; then those that show the features"
    for one in trained.values():
        values = [policy.tables.values for policy in one.rounds]
        assert len(values) == 3
        assert not np.array_equal(values[0], values[2])
        assert np.array_equal(values[2], one.model.policy.tables.values)
    assert set(Averaged(trained["left"].rounds).memory.names) == {"drawn"}


def test_the_same_seeds_give_the_same_weights_in_both_schedules_and_with_different_learners():
    average = {"schedule": "alternating", "rounds": 3, "average": True}
    for more in ({}, average, {"algos": ("ppo", "dqn")}, {"algos": ("q", "ppo")}, {"algos": ("ppo", "q"), **average}):
        first, again, other = (learn(96, seeds=seeds, **more)[0] for seeds in ((1, 2), (1, 2), (3, 4)))
        assert digests(first) == digests(again)
        assert not set(digests(first)) & set(digests(other))


def test_the_one_that_is_done_first_plays_on_without_learning():
    """Of 96 agent-steps each, 4 rows take 24 steps and 6 rows 16."""
    trained, (stage,) = learn(96)
    assert len(stage.log) == 24
    assert all(set(answers) == {"left", "right"} for answers in stage.log)
    assert {len(answers["right"]) for answers in stage.log} == {6}
    assert [one.steps for one in trained.values()] == [96, 96]


def test_in_turns_only_one_learns_and_rounds_are_whole_updates():
    told = []
    trained, stages = learn(
        100, schedule="alternating", rounds=3, progress=lambda role, done, total, mean: told.append((role, done, total))
    )
    assert [len(stage.log) for stage in stages] == [24, 12], "2 updates of 4 steps a turn for 4 rows, 1 for 6 rows"
    order = [role for k, (role, _, _) in enumerate(told) if k == 0 or told[k - 1][0] != role]
    assert order == ["left", "right"] * 3
    assert {role: total for role, _, total in told} == {"left": 96, "right": 72}
    assert {role: one.steps for role, one in trained.items()} == {"left": 96, "right": 72}
    for one in trained.values():
        assert len(one.rounds) == 3
        first, last = (policy.network.flat for policy in (one.rounds[0], one.rounds[-1]))
        assert not np.array_equal(first, last)
        assert not one.rounds[0].deterministic


@pytest.mark.parametrize("algos", [("ppo", "ppo"), ("q", "q")])
def test_averaged_play_asks_what_was_known_after_every_round(algos, monkeypatch):
    asked, plain_answer, plain = [], player.answer, Player._answers

    def heard(policy, *given, **more):
        asked[-1][1].append(policy)
        return plain_answer(policy, *given, **more)

    def watched(self, *given):
        asked.append((self._past[:], [], self.model.policy))
        return plain(self, *given)

    monkeypatch.setattr(player, "answer", heard)
    monkeypatch.setattr(Player, "_answers", watched)
    learn(64 * 6, algos=algos, schedule="alternating", rounds=4, average=True)
    late = [(past, policies) for past, policies, _ in asked if len(past) == 3]
    assert {past.index(policy) for past, policies in late for policy in policies} == {0, 1, 2}
    assert all(policies == [now] for past, policies, now in asked if len(past) < 2)
    asked.clear()
    learn(64 * 6, algos=algos, schedule="alternating", rounds=4)
    assert all(policies == [now] for _, policies, now in asked)


def test_evaluations_come_in_equal_intervals_from_before_the_first_step_to_the_end():
    seen = []
    trained, _ = learn(
        96,
        evaluate=lambda models: {role: np.ones(3) for role in models},
        evaluations=4,
        on_evaluation=lambda models, one: seen.append({role: evaluation.steps for role, evaluation in one.items()}),
    )
    assert len(seen) == 5
    assert seen[0] == {"left": 0, "right": 0}
    assert seen[-1] == {"left": 96, "right": 96}
    assert [one.steps for one in trained["left"].curve] == [steps["left"] for steps in seen]


def test_ctrl_c_keeps_what_all_have_learned():
    def stop(role, done, total, mean):
        if role == "right" and done >= 48:
            raise KeyboardInterrupt

    before = threading.active_count()
    trained, _ = learn(10_000, progress=stop)
    assert [one.complete for one in trained.values()] == [False, False]
    assert {role: one.steps for role, one in trained.items()} == {"left": 32, "right": 48}
    assert threading.active_count() == before


def test_an_error_in_one_ends_all_with_that_error():
    class Broken(Rooms):
        def step(self, answers):
            if len(self.log) == 5:
                raise InputError("policy client=mine: raised")
            return super().step(answers)

    class Odd(Rooms):
        def step(self, answers):
            came = dict(super().step(answers))
            seen, rewards, dones, infos = came["right"]
            came["right"] = (seen * np.nan, rewards, dones, infos)
            return came

    before = threading.active_count()
    with pytest.raises(InputError, match="policy client=mine: raised"):
        learn(96, lambda number: Broken())
    with pytest.raises(ValueError, match=r"nan|invalid values"):
        learn(96, lambda number: Odd())
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"schedule": "alternate"}, "schedule: 'alternate' given; .* did you mean alternating"),
        ({"rounds": 0, "schedule": "alternating"}, "rounds: 0 given"),
        ({"steps": 0}, "steps: 0 given"),
        ({"seeds": (1, -1)}, "seed: -1 given"),
    ],
)
def test_what_can_not_be_trained_together_is_refused(more, match):
    with pytest.raises(InputError, match=match):
        learn(**{"steps": 96, **more})


def test_an_average_plays_one_policy_per_agent_and_episode_each_as_often():
    trained, _ = learn(96, schedule="alternating", rounds=3)
    average = Averaged(trained["left"].rounds)
    rows = 3_000
    view = np.zeros((rows,), np.dtype([("seen", np.int64)]))
    view["seen"] = np.where(np.arange(rows) % 2, 1, -1)
    memory, heads = np.zeros(rows, average.memory), records(HEAD, 1)
    answers = []
    for tick in range(3):
        before = memory["drawn"].copy()
        answers.append(average.act(view, memory, Dice(heads, tick, np.arange(rows)))["side"])
        assert tick == 0 or np.array_equal(before, memory["drawn"])
    counts = np.bincount(memory["drawn"], minlength=4)
    assert counts[0] == 0
    assert (abs(counts[1:] - rows / 3) < 5 * np.sqrt(rows * 2 / 9)).all(), "by chance once in 500,000 times"
    expected = 0.0
    for k, policy in enumerate(average.policies):
        scores = outputs_of(policy.network, policy.encoding.observe(view[memory["drawn"] == k + 1]))
        expected += (1 / (1 + np.exp(scores[:, 0] - scores[:, 1]))).sum()
    drawn = np.mean(answers)
    assert drawn == pytest.approx(expected / rows, abs=5 * 0.5 / np.sqrt(3 * rows)), "by chance once in a million times"
    with pytest.raises(InputError, match="averaged play: 0 policies given"):
        Averaged(())
