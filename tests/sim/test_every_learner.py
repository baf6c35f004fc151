"""Every learner on every role of every scenario, and a user's own script."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from agents.learned.hyperparameters import KINDS
from sim.scenarios import SCENARIOS
from sim.training.plan import Learn, plan_training
from sim.training.running import run

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parent / "plain_sb3.py"
FEW = {
    "ppo": {"n_steps": 8, "n_envs": 4},
    "maskable_ppo": {"n_steps": 8, "n_envs": 4},
    "dqn": {"n_envs": 4, "learning_starts": 50, "buffer_size": 1_000, "batch_size": 32},
    "q": {"n_envs": 4, "tables": 1, "cells": 2},
}
"""Enough for a few updates."""
ONE_FEATURE = {
    "client": "value",
    "provider": "cost",
    "seller": "sellers.level.1",
    "buyer": "value",
    "supplier": "cost",
    "bidder": "cost",
    "trader": "need",
    "arbitrageur": "price",
    "builder": "waiting.pay.0",
}
ROLES = [(scenario, role.name) for scenario in SCENARIOS.values() for role in scenario.roles]


@pytest.mark.parametrize("algo", list(KINDS))
@pytest.mark.parametrize(("scenario", "role"), ROLES, ids=lambda x: getattr(x, "name", x))
def test_every_learner_learns_every_role_with_what_ships(scenario, role, algo):
    given = FEW[algo] | ({"features": [ONE_FEATURE[role]]} if algo == "q" else {})
    plan = plan_training(
        scenario, {role: Learn(algo, given)}, preset="minimal", steps=1_000, held_out_worlds=4, evaluations=1, seed=1
    )
    training = run(plan)
    one = training.trained[role]
    assert one.steps >= 1_000
    assert np.isfinite(training.scores[role]["learned"]).all()
    assert [seen.steps for seen in one.curve] == [0, one.steps]
    assert run(plan).trained[role].weights_sha256 == one.weights_sha256


def test_the_plain_script_that_users_copy_learns_to_earn_more_than_cost_plus():
    made = runpy.run_path(str(SCRIPT))
    assert made["table"]["difference_low"].iloc[1] > 0
    code = [line for line in SCRIPT.read_text().splitlines() if line and not line.startswith(("from", "import", '"""'))]
    assert len(code) <= 15
