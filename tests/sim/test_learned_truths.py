"""Learners on problems whose solution is known, all through the same API: nothing here was written for one of them."""

import dataclasses

import numpy as np
import pytest

from sim.scenario import layout
from sim.scenarios import find
from sim.training.plan import Learn, plan_training
from sim.training.running import run
from sim.training.scoring import held_out
from sim.world import World
from tests.sim.tiny import AUCTION, BIDDER, COIN, PENNIES

pytestmark = pytest.mark.slow
SEEDS = (21, 22, 23)


def posted_prices(cost, policy, worlds=32):
    """What a provider asks in the tenth tick of held-out episodes of a monopoly, in coins."""
    scenario = find("service_market")
    settings = scenario.settings("monopoly", {"cost_low": cost, "cost_high": cost})
    world = World(scenario, settings, {"provider": policy}, seeds=held_out(worlds))
    for _ in range(10):
        world.step()
    return world.economy.views["provider"]["price"] / COIN


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cost", [0.0, 0.3, 0.6])
def test_a_monopolist_finds_the_best_price_with_the_shipped_hyperparameters(cost, seed):
    """Values are uniform on [0, 1]: at price p a share 1 - p buys, and (p - c)(1 - p) is highest at (1 + c) / 2."""
    unit = round(cost * COIN)
    plan = plan_training(
        "service_market", {"provider": "ppo"}, preset="monopoly", seed=seed, evaluations=1, cost_low=unit, cost_high=unit
    )
    training = run(plan)
    found = posted_prices(unit, training.policies["provider"]).mean()
    assert found == pytest.approx((1 + cost) / 2, rel=0.03)


SMOOTH = {
    "n_envs": 256,
    "n_timesteps": 40 * 2 * 256,
    "n_steps": 1,
    "batch_size": 256,
    "n_epochs": 4,
    "gamma": 0.0,
    "learning_rate": 0.03,
    "ent_coef": 0.5,
    "policy_kwargs.net_arch": [8],
}
"""The entropy bonus makes best responses smooth: without it they jump from one side to the other, and averages converge slowly.
The perturbed game has its equilibrium at one half too, by symmetry. Source: Fudenberg and Levine, "The theory of learning in
games", 1998, chapter 4."""


def share_of_heads(role, policy, worlds=20_000):
    """How often a player shows heads; by chance it strays by 0.0035 (one standard deviation)."""
    world = World(PENNIES, PENNIES.settings("standard", {}), {role: policy}, seeds=held_out(worlds))
    return world.actions()[role]["side"].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_matching_pennies_are_mixed_one_half_by_averaged_play(seed):
    learners = {role.name: Learn("ppo", SMOOTH) for role in PENNIES.roles}
    plan = plan_training(PENNIES, learners, seed=seed, schedule="alternating", rounds=40, average=True, evaluations=1)
    for role, policy in run(plan).policies.items():
        assert len(policy.policies) == 40
        assert share_of_heads(role, policy) == pytest.approx(0.5, abs=0.05)


def test_one_half_is_no_habit_of_that_learner():
    """The same learner against somebody who shows heads in three of four worlds shows them nearly always."""

    def mostly_heads(view, memory, dice):
        return {"side": dice.uniform()[:, 0] < 0.75}

    training = run(
        plan_training(PENNIES, {"matcher": Learn("ppo", SMOOTH)}, policies={"mismatcher": mostly_heads}, seed=1, evaluations=1)
    )
    drawn = dataclasses.replace(training.policies["matcher"], deterministic=False)
    assert share_of_heads("matcher", drawn) > 0.8


def bids(policy, count=2_000):
    """What a bidder bids at evenly spread values, both in coins."""
    view = np.zeros(count, layout(BIDDER.view))
    view["value"] = (np.arange(count) + 0.5) / count * COIN
    return view["value"] / COIN, policy.act(view, np.zeros(count, policy.memory), None)["bid"] / COIN


def mean_gain(values, own, rivals, bidders):
    """Expected gain of bidding `own` at these values against rivals who bid like this: the highest bid wins and is paid."""
    chance = (np.searchsorted(np.sort(rivals), own, side="left") / rivals.size) ** (bidders - 1)
    return (values - own) * chance


@pytest.mark.parametrize("seed", SEEDS[:2])
@pytest.mark.parametrize("bidders", [2, 3])
def test_bidders_shade_their_bids_as_the_theory_of_auctions_says(bidders, seed):
    settings = {
        "n_envs": 1_024 // bidders,
        "n_timesteps": 300 * (1_024 // bidders) * bidders,
        "n_steps": 1,
        "batch_size": 1_024,
        "gamma": 0.0,
        "learning_rate": "lin_2e-3",
        "policy_kwargs.net_arch": [32, 32],
        "policy_kwargs.log_std_init": -2,
    }
    plan = plan_training(AUCTION, {"collector": Learn("ppo", settings)}, seed=seed, evaluations=1, bidders=bidders)
    values, own = bids(run(plan).policies["collector"])
    tested = values >= 0.2
    off = own[tested] / values[tested] - (bidders - 1) / bidders
    assert np.sqrt(np.mean(off**2)) < 0.05
    choices = np.linspace(0, 1, 2_001)
    best = mean_gain(values[:, None], choices, own, bidders).max(axis=1).mean()
    assert best < 1.01 * mean_gain(values, own, own, bidders).mean()
