# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. An agent that learns
#
# In the first lesson you wrote a policy by hand. Here an agent finds one by itself: it tries prices, sees what it earns, and
# changes what it does. You
#
# 1. look at the market through a learner's eyes: numbers in, numbers out, a reward after every step;
# 2. train a provider with PPO, a standard method of reinforcement learning;
# 3. read its learning curve, and compare it with providers that people wrote, in worlds that nobody trained on;
# 4. save it as a file that runs no code, load it again, and let it play.
#
# It takes about ten minutes to read, and less than a minute to run. The market is the small preset `minimal`, and the
# training is short, so expect a decent provider, not the best one there could be.

# %%
import tempfile
from pathlib import Path

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np

import sim

MARKET = {"preset": "minimal", "horizon": 40}

# %% [markdown]
# ## Through a learner's eyes
#
# A policy reads its view by name: `view["cost"]`, `view["offers"]["price"]`. A learner gets the same view as one row of
# numbers, each divided by a scale so that it is of the size of 1, and it answers with numbers too. Gymnasium is the common
# form of such an environment: one agent learns, everybody else plays a policy.

# %%
env = gym.make("sim:ledgerlab/ServiceMarket-v0", role="provider", policies={"client": "thompson"}, fields=["price"], **MARKET)
seen, _ = env.reset(seed=1)
features = [feature.name for feature in env.unwrapped.encoding.features]
print(len(seen), "numbers, among them:")
for name in ("ticks_left", "cost", "effort_cost", "open_jobs", "rating_bps", "offers.price.0"):
    print(f"  {name:15} {seen[features.index(name)]:.3f}")
env.action_space

# %% [markdown]
# The answer is one number from -1 to 1: the price, from nothing to the highest value that any client has. What is not learned
# keeps its default, so this provider always works with full effort.
#
# Let us ask 54 coins in every tick and see what comes back. A reward is what the agent gained in that step: money paid minus
# the cost of its work, in units of the highest value, 120 coins. Note that work costs before it pays: a reward is negative
# where the money for the work still waits in escrow.

# %%
rewards, done = [], False
while not done:
    seen, reward, done, _, _ = env.step(np.full(1, -0.1, np.float32))
    rewards.append(reward)
print("rewards from tick 5 on:", np.round(rewards[5:20], 2))
print("in the whole episode:", round(sum(rewards), 2))

# %% [markdown]
# ## Train it
#
# One world is slow food for a learner. `sim.train` plays many worlds at once, and all providers of all of them share one
# network. PPO collects what happened, pushes the network towards the answers that earned more than expected, and repeats.
# From time to time the policy plays in *held-out* worlds, without trying things out: that is the curve below.
#
# A seed decides everything here. The same seed gives the same weights, bit by bit, on the same machine.

# %%
learner = sim.Learn("ppo", {"learning_rate": "lin_3e-3"}, fields=["price"])
out = Path(tempfile.mkdtemp()) / "training"
training = sim.train(
    "service_market",
    {"provider": learner},
    policies={"client": "thompson"},
    steps=200_000,
    evaluations=6,
    seed=0,
    out=out,
    **MARKET,
)
trained = training.trained["provider"]
print(f"{trained.steps:,} agent-steps, weights {trained.weights_sha256[:16]}")

# %% [markdown]
# ## Read the curve

# %%
steps = [evaluation.steps for evaluation in trained.curve]
scores = np.array([evaluation.scores for evaluation in trained.curve])
mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])

figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
axes.plot(steps, mean, "o-", color="#0072B2", label="learned provider")
axes.fill_between(steps, mean - 2 * error, mean + 2 * error, color="#0072B2", alpha=0.18)
for name, style in (("cost_plus", ":"), ("undercutting", "--")):
    level = training.scores["provider"][name].mean()
    axes.axhline(level, color="#555555", linestyle=style, label=f"all providers play {name}")
axes.set_title("What a provider gains in worlds that nobody trained on")
axes.set_xlabel("agent-steps of training")
axes.set_ylabel("gain per episode, coins")
axes.legend(frameon=False)
axes.grid(color="#E6E6E6")
plt.show()

# %% [markdown]
# Why is the curve not smooth, and why does it not simply rise? All providers learn at once. While one finds out that a
# lower price brings more jobs, so do the others, and together they compete away a part of what each could have earned alone.
# A learner's world changes because others learn in it. That is the difference between an agent in an economy and an agent in
# front of a pole to be balanced.
#
# ## Compare it
#
# Gains over an episode say how good it is for the provider. What does it do to the market? `training.policies` holds a policy
# like any other, so `sim.compare` takes it. Every arm meets the same random worlds.

# %%
learned = training.policies["provider"]
policies = {"client": "thompson", "provider": ["cost_plus", "undercutting", learned]}
table = sim.compare("service_market", policies, seeds=40, **MARKET)
shown = table[table.metric.isin(["efficiency", "client_surplus", "provider_surplus", "price_level"])]
shown[["metric", "arm", "mean", "low", "high", "difference", "p"]].round(3)

# %% [markdown]
# Look at three rows together: the efficiency of the market, and the clients' and the providers' shares of it. A provider that
# learned to earn more may do so by better prices or by taking more from its clients. The table says which; intervals say how
# sure it is.
#
# ## Save it, and trust nobody's file
#
# `sim.train` has already written everything to a directory: the learned policy, checkpoints, logs for TensorBoard, the curve,
# and a manifest with seeds, settings and versions.

# %%
bundle = out / "provider-ppo"
for file in sorted(out.iterdir()):
    print(file.name)
print("the policy itself:", sorted(file.name for file in bundle.iterdir()))

# %% [markdown]
# A learned policy is two files: weights as plain numbers (safetensors), and a description in JSON. Loading them runs no code
# from the file. That matters: many formats for models, the zip of Stable-Baselines3 among them, hold pickled objects, and
# whoever opens such a file runs whatever its author wrote into it.
#
# A bundle knows what it was trained for. In another role or another scenario it is refused by name:

# %%
from agents.learned.bundle import load_bundle
from chain.errors import InputError

again = load_bundle(bundle)
first = sim.run("service_market", {"client": "thompson", "provider": learned}, seeds=3, **MARKET)
second = sim.run("service_market", {"client": "thompson", "provider": again}, seeds=3, **MARKET)
print("the same ledgers, byte for byte:", (first.digest == second.digest).all())
try:
    sim.run("service_market", {"client": again}, **MARKET)
except InputError as refusal:
    print("refused:", refusal)

# %% [markdown]
# ## Try it
#
# - Train with another `seed`. How much do two learners differ? Is the difference larger than the interval over worlds?
# - Let it choose its effort too: leave out `fields`. Give it more steps, and look at `rating_bps` in the view: why could a
#   provider with clients who remember want to work hard?
# - Train against `"cheapest"` clients, who trust everybody. What happens to effort?
# - Only one agent learns: `sim.Learn("ppo", {"env_kwargs.focal": True}, fields=["price"])`. Its peers then play the role's
#   policy. Does it earn more than when all learn?
# - The same from a shell: `ledgerlab train service_market --role provider --algo ppo --policy client=thompson`.
