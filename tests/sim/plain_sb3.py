"""Train a provider with Stable-Baselines3 alone, and compare what it learned with a scripted one."""

from stable_baselines3 import PPO

import sim
from agents.learned.from_sb3 import from_sb3

env = sim.make_vec_env("service_market", "provider", worlds=16, fields=["price"])
sizes = {"n_steps": 57, "batch_size": 1_824, "policy_kwargs": {"log_std_init": -1.5}}
model = PPO("MlpPolicy", env, learning_rate=1e-3, seed=1, device="cpu", **sizes)
model.learn(100_000)

policy = from_sb3(model, env.encoding)
table = sim.compare("service_market", {"provider": ["cost_plus", policy]}, "provider_surplus")
print(table[["arm", "difference", "difference_low", "difference_high"]])
