"""Training one learner: seeded, evaluated, logged, stopped without loss, and refused before anything is written."""

import csv

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.learned.hyperparameters import hyperparameters
from agents.learned.learners import minibatch, weights_hash
from agents.learned.q_learning import LINES
from agents.learned.training import returns, train
from chain.errors import InputError
from tests.agents.learned.echo import SIDE, Echo

SMALL = {"n_steps": 4, "batch_size": 16, "n_epochs": 2, "policy_kwargs.net_arch": [8]}
QUICK = {
    **SMALL,
    "n_steps": 16,
    "batch_size": 64,
    "n_epochs": 10,
    "learning_rate": 0.01,
    "gamma": 0.0,
    "policy_kwargs.log_std_init": -1,
}
DEEP_Q = {"learning_starts": 16, "batch_size": 16, "buffer_size": 1_000, "policy_kwargs.net_arch": [8]}
TABLE = {"exploration_decay": 1e-2}
EVERY = {"ppo": (None, SMALL), "dqn": (SIDE, DEEP_Q), "q": (SIDE, TABLE)}
"""By learner: a space of actions that it learns, and settings for a training that takes a moment."""


def quickly(algo, steps, seed=0, **more):
    """A short training of any learner; `held_out` asks for evaluations."""
    space, settings = EVERY[algo]
    held_out = {"eval_env": Echo(space)} if more.pop("held_out", False) else {}
    return train(Echo(space), algo, settings, steps, seed, **held_out, **more)


every_learner = pytest.mark.parametrize("algo", list(EVERY))


@pytest.mark.parametrize(("algo", "settings", "space"), [("ppo", QUICK, None), ("q", TABLE, SIDE)])
def test_a_learner_learns_and_its_curve_shows_it(algo, settings, space):
    """A table of zeros always chooses -1, which is half of the answers: 0 is what chance gives too."""
    trained = train(Echo(space), algo, settings, 4_000, 3, eval_env=Echo(space), evaluations=4)
    means = [one.scores.mean() for one in trained.curve]
    assert [one.steps for one in trained.curve][:2] == [0, 1_000]
    assert trained.curve[-1].steps == trained.steps >= 4_000
    assert means[0] < 0.5
    assert means[-1] > 1.8, "2 would be the best answer in both steps of every episode"
    assert trained.complete


@every_learner
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(algo):
    first, again, other = (quickly(algo, 64, seed).weights_sha256 for seed in (1, 1, 2))
    assert first == again != other


@every_learner
def test_what_is_drawn_elsewhere_before_changes_nothing(algo):
    first = quickly(algo, 64, 1).weights_sha256
    torch.rand(7)
    np.random.seed(5)  # noqa: NPY002 (this is what must not matter)
    assert quickly(algo, 64, 1).weights_sha256 == first


@every_learner
def test_evaluating_changes_no_weights(algo):
    plain = quickly(algo, 256, 1)
    watched = quickly(algo, 256, 1, held_out=True, evaluations=8)
    assert plain.weights_sha256 == watched.weights_sha256
    assert [one.steps for one in watched.curve] == list(range(0, 257, 32))
    assert plain.curve == ()


def test_the_hash_covers_every_weight():
    model = train(Echo(), "ppo", SMALL, 32, 1).model
    before = weights_hash(model)
    for parameter in model.policy.parameters():
        with torch.no_grad():
            kept = parameter.clone()
            parameter.view(-1)[-1] += 1
            assert weights_hash(model) != before
            parameter.copy_(kept)
    assert weights_hash(model) == before


def test_threads_are_one_unless_asked_for_and_recorded():
    assert train(Echo(), "ppo", SMALL, 32).threads == 1
    assert torch.get_num_threads() == 1
    assert train(Echo(), "ppo", SMALL, 32, threads=2).threads == 2
    torch.set_num_threads(1)


def logged(folder):
    with (folder / "progress.csv").open() as file:
        return list(csv.DictReader(file))


@every_learner
def test_logs_are_csv_and_tensorboard(algo, tmp_path):
    trained = quickly(algo, 128, out=tmp_path / "logs", held_out=True, evaluations=2)
    rows = logged(tmp_path / "logs")
    steps = [int(row["time/total_timesteps"]) for row in rows]
    assert steps[-1] == 128
    assert steps == sorted(steps)
    assert algo != "ppo" or steps == [32, 64, 96, 128]
    assert float(rows[0]["eval/mean_score"]) == pytest.approx(trained.curve[0].scores.mean(), abs=1e-6)
    assert sum(bool(row["eval/mean_score"]) for row in rows) == 2, "the last one is made when all is logged"
    assert rows[-1]["rollout/ep_rew_mean"]
    assert len(list((tmp_path / "logs").glob("events.out.tfevents.*"))) == 1


def test_q_logs_its_exploration_a_hundred_times_however_long_it_learns(tmp_path):
    quickly("q", 8 * 250, out=tmp_path)
    rows = logged(tmp_path)
    assert len(rows) == LINES
    steps = np.array([int(row["time/total_timesteps"]) for row in rows])
    assert (np.diff(steps) <= 24).all()
    rates = np.array([float(row["rollout/exploration_rate"]) for row in rows])
    assert rates == pytest.approx(np.exp(-1e-2 * (steps / 8 - 1))), "as it was in the step before"
    assert {float(row["rollout/ep_len_mean"]) for row in rows[1:]} == {2}


@every_learner
def test_progress_is_told_after_every_step(algo):
    told = []
    quickly(algo, 64, progress=lambda done, total, mean: told.append((done, total, mean)))
    assert [done for done, _, _ in told] == list(range(0, 64, 8))
    assert {total for _, total, _ in told} == {64}
    assert np.isnan(told[0][2])
    assert not np.isnan(told[-1][2])


@pytest.mark.parametrize(("algo", "learned"), [("ppo", 32), ("q", 64)])
def test_ctrl_c_keeps_what_was_learned(algo, learned):
    def stop(done, total, mean):
        if done >= 64:
            raise KeyboardInterrupt

    trained = quickly(algo, 10_000, 1, progress=stop, held_out=True)
    assert not trained.complete
    assert trained.steps == 64
    assert len(trained.curve) == 1
    assert trained.weights_sha256 == quickly(algo, learned, 1).weights_sha256, "as after the last update"
    assert returns(trained.model, Echo(EVERY[algo][0])).shape == (8,)


def test_returns_of_the_same_seed_are_of_the_same_worlds():
    model = train(Echo(), "ppo", SMALL, 32, 1).model
    assert np.array_equal(returns(model, Echo(), 4), returns(model, Echo(), 4))
    env = Echo()
    env.worlds = 2
    assert returns(model, env, 4) == pytest.approx(returns(model, Echo(), 4).reshape(2, 4).mean(axis=1))


@pytest.mark.parametrize(
    ("algo", "space", "match"),
    [
        ("dqn", None, "dqn given for actions of the form box, allowed for it is discrete; box can be learned by ppo"),
        ("maskable_ppo", None, "maskable_ppo given for actions of the form box, allowed for it is multidiscrete or discrete"),
        ("q", None, "q given for actions of the form box"),
        ("q", spaces.MultiDiscrete([2, 2]), "q given for actions of the form multidiscrete"),
        ("dqn", spaces.MultiDiscrete([2, 2]), "dqn given for actions of the form multidiscrete"),
        ("pop", None, "algo: 'pop' given; .* did you mean ppo"),
    ],
)
def test_a_learner_that_does_not_fit_is_refused_before_anything_is_written(algo, space, match, tmp_path):
    with pytest.raises(InputError, match=match):
        train(Echo(space), algo, {}, 64, out=tmp_path / "logs")
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"steps": 0}, "steps: 0 given, allowed is 1 to"),
        ({"steps": 10, "seed": -1}, "seed: -1 given"),
        ({"steps": 10, "seed": 2**32}, "seed: 4294967296 given"),
        ({"steps": 10, "threads": 0}, "threads: 0 given"),
        ({"steps": 10, "evaluations": 0}, "evaluations: 0 given"),
        ({"steps": 10, "hyperparameters": {"gama": 1}}, "did you mean gamma"),
    ],
)
def test_numbers_that_no_training_can_have_are_refused(more, match, tmp_path):
    with pytest.raises(InputError, match=match):
        train(Echo(), "ppo", out=tmp_path / "logs", **more)
    assert not (tmp_path / "logs").exists()


def test_one_agent_needs_two_steps_between_updates():
    with pytest.raises(InputError, match="n_steps: 1 given for one agent, allowed is at least 2"):
        train(Echo(rows=1), "ppo", {"n_steps": 1}, 8)


def test_minibatches_are_nearly_alike_and_never_larger_than_asked_for():
    for rows in (2, 97, 4_096, 4_097):
        for most in (1, 10, 4_096, 10_000):
            size = minibatch(rows, most)
            count = -(-rows // size)
            assert size <= most
            assert count == -(-rows // most)
            assert 0 <= size * count - rows < max(count, 2)


def test_a_rate_falls_in_a_straight_line_if_asked_to():
    model = train(Echo(), "ppo", hyperparameters("ppo", SMALL, {"learning_rate": "lin_1e-2"}), 128, 1).model
    assert [model.lr_schedule(left) for left in (0.75, 0.5, 0)] == [0.01, 0.0075, 0.0025], "of four updates, the first is full"
