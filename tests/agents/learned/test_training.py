"""Training one learner: seeded, evaluated, logged, stopped without loss, and refused before anything is written."""

import csv

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.learned.hyperparameters import hyperparameters
from agents.learned.learners import minibatch, weights_hash
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


def test_a_learner_learns_and_its_curve_shows_it():
    trained = train(Echo(), "ppo", QUICK, 4_000, 3, eval_env=Echo(), evaluations=4)
    means = [one.scores.mean() for one in trained.curve]
    assert [one.steps for one in trained.curve][:2] == [0, 1_000]
    assert trained.curve[-1].steps == trained.steps >= 4_000
    assert means[0] < 0.5
    assert means[-1] > 1.8, "2 would be the best answer in both steps of every episode"
    assert trained.complete


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    def digest(seed, algo="ppo", settings=SMALL, space=None):
        return train(Echo(space), algo, settings, 64, seed).weights_sha256

    assert digest(1) == digest(1) != digest(2)
    dqn = {"learning_starts": 16, "batch_size": 16, "buffer_size": 1_000, "policy_kwargs.net_arch": [8]}
    assert digest(1, "dqn", dqn, SIDE) == digest(1, "dqn", dqn, SIDE) != digest(2, "dqn", dqn, SIDE)


def test_what_is_drawn_elsewhere_before_changes_nothing():
    first = train(Echo(), "ppo", SMALL, 64, 1).weights_sha256
    torch.rand(7)
    np.random.seed(5)  # noqa: NPY002 (this is what must not matter)
    assert train(Echo(), "ppo", SMALL, 64, 1).weights_sha256 == first


def test_evaluating_changes_no_weights():
    plain = train(Echo(), "ppo", SMALL, 256, 1)
    watched = train(Echo(), "ppo", SMALL, 256, 1, eval_env=Echo(), evaluations=8)
    assert plain.weights_sha256 == watched.weights_sha256
    assert len(watched.curve) == 9
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


def test_logs_are_csv_and_tensorboard(tmp_path):
    train(Echo(), "ppo", SMALL, 128, out=tmp_path / "logs", eval_env=Echo(), evaluations=2)
    with (tmp_path / "logs" / "progress.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["time/total_timesteps"]) for row in rows] == [32, 64, 96, 128]
    assert rows[0]["eval/mean_score"]
    assert len(list((tmp_path / "logs").glob("events.out.tfevents.*"))) == 1


def test_progress_is_told_after_every_step():
    told = []
    train(Echo(), "ppo", SMALL, 64, progress=lambda done, total, mean: told.append((done, total, mean)))
    assert [done for done, _, _ in told] == list(range(0, 64, 8))
    assert {total for _, total, _ in told} == {64}
    assert np.isnan(told[0][2])
    assert not np.isnan(told[-1][2])


def test_ctrl_c_keeps_what_was_learned():
    def stop(done, total, mean):
        if done >= 64:
            raise KeyboardInterrupt

    trained = train(Echo(), "ppo", SMALL, 10_000, 1, progress=stop, eval_env=Echo())
    assert not trained.complete
    assert trained.steps == 64
    assert trained.weights_sha256 == train(Echo(), "ppo", SMALL, 32, 1).weights_sha256, "as after the last update"
    assert returns(trained.model, Echo()).shape == (8,)


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
