"""Learners of Stable-Baselines3 and what they wrap around an environment take the front as they find it."""

import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

from tests.sim.fronts.test_sb3_vec_env import make


class Sampled(MaskablePPO):
    """Keeps what it samples."""

    def collect_rollouts(self, env, *given, **more):
        step, self.invalid, self.valid = env.step_async, 0, 0

        def watched(actions):
            masks = env.action_masks()
            chosen = masks[np.arange(len(actions)), actions[:, 0]]
            self.invalid += int((~chosen).sum())
            self.valid += int(chosen.sum())
            step(actions)

        env.step_async = watched
        try:
            return super().collect_rollouts(env, *given, **more)
        finally:
            env.step_async = step


def test_maskable_ppo_never_hires_what_is_not_there():
    env = make("client", 8)
    model = Sampled("MlpPolicy", env, n_steps=16, batch_size=256, n_epochs=1, seed=0, device="cpu").learn(768)
    assert (model.invalid, model.valid) == (0, 768)


@pytest.mark.parametrize(
    ("learner", "role", "form", "settings"),
    [
        (PPO, "provider", "box", {"n_steps": 16, "batch_size": 64}),
        (PPO, "client", "multidiscrete", {"n_steps": 16, "batch_size": 64}),
        (DQN, "client", "discrete", {"learning_starts": 50, "buffer_size": 1_000}),
    ],
)
def test_learners_learn_evaluate_and_need_no_monitor(learner, role, form, settings):
    env = make(role, 4, form=form, focal=True)
    model = learner("MlpPolicy", env, seed=1, device="cpu", **settings).learn(200)
    assert {len(info) for info in model.ep_info_buffer} == {3}
    assert env.env_is_wrapped(Monitor) == [True] * 4
    assert env.env_is_wrapped(VecMonitor, indices=0) == [False]
    returns, lengths = evaluate_policy(model, make(role, 2, form=form, focal=True, seed=9), 4, return_episode_rewards=True)
    assert lengths == [15] * 4
    assert np.isfinite(returns).all()


def test_it_can_be_normalised_as_any_vec_env():
    plain, env = make(), VecNormalize(make())
    plain.reset()
    env.reset()
    for _ in range(15):
        infos, normalised = plain.step(np.zeros((6, 2)))[3], env.step(np.zeros((6, 2)))[3]
    assert normalised[0]["episode"]["r"] == infos[0]["episode"]["r"]
    assert np.array_equal(normalised[0]["terminal_observation"], env.normalize_obs(infos[0]["terminal_observation"]))


def test_it_warns_whoever_monitors_it_once_more():
    with pytest.warns(UserWarning, match="already wrapped with a `Monitor`"):
        VecMonitor(make())
