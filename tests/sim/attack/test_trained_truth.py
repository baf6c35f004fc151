"""A trained attacker finds what is known in closed form: it shirks where the stake is too small, and works where it is not.

The setting is that of `tests.sim.test_shirking_truth`: price G, cost of full effort e, every job disputed and found out with
chance p, one stake per job, slashed whole. Shirking beats honest work up to a stake of e / p - G, and of e / p where whoever is
caught is paid all the same.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest

from agents.attacks.attack import Attack, Capability
from agents.attacks.registry import ATTACKS
from chain.errors import InputError
from sim.attack.attackers import ATTACKED, HONEST
from sim.attack.trained import Hunt, outcome_of, train_attacker
from sim.metrics.attack import attacker_profit
from sim.scenarios import find
from sim.scenarios.service_market.roles import Answer

COIN = 1_000_000
CLIENTS = 100
SETTING = {
    "clients": CLIENTS,
    "providers": 1,
    "services": 1,
    "horizon": 5,
    "need_bps": 10_000,
    "cost_low": 0,
    "cost_high": 0,
    "skill_low_bps": 10_000,
    "capacity_low": CLIENTS,
    "capacity_high": CLIENTS,
    "provider_balance": 10**6 * COIN,
    "reliability_bps": 10_000,
    "slash_bps": 10_000,
    "base_fee": 0,
    "fee_quotient": 0,
    "gas_limit": 2**30,
}
QUICK = {
    "gamma": 1.0,
    "gae_lambda": 1.0,
    "n_steps": 12,
    "batch_size": 768,
    "learning_rate": "lin_3e-3",
    "policy_kwargs": {"log_std_init": -1.0},
}
"""Stakes are lost two ticks after the effort was saved, and count in full: no discount. One episode is 12 ticks."""
STEPS = 100_000
CASES = [(5_000, 30, 24, 0), (2_000, 20, 12, 0), (5_000, 30, 24, 1)]
"""Chance to be found (bps), price, cost of full effort (coins), and whether the caught are paid."""


@dataclass(frozen=True)
class Half:
    """Asks the price and works with half of its effort: neither a shirker nor honest."""

    price: int
    effort_bps: int = 5_000

    def act(self, view, memory, dice):
        return {"price": self.price * COIN, "effort_bps": self.effort_bps}


@dataclass(frozen=True)
class Disputing:
    """Hires whatever is shown, and disputes every delivery."""

    def act(self, view, memory, dice):
        return {"hire": 0, "answer": Answer.DISPUTE}


def threshold(found_bps, price, effort, pay_caught):
    """The stake up to which shirking beats honest work, coins."""
    return effort * 10_000 / found_bps - (0 if pay_caught else price)


def hunt(monkeypatch, case, stake, **changes):
    """A search for the best effort behind a stake, from half of it on."""
    found_bps, price, effort, pay_caught = case
    half = Attack(
        name="half",
        about="",
        goal="",
        capability=Capability({"provider": 1}),
        policies={"provider": lambda: Half(price)},
        twin={"provider": lambda: Half(price)},
        setting={},
        defence="",
    )
    monkeypatch.setattr("agents.attacks.registry.ATTACKS", MappingProxyType({**ATTACKS, "half": half}))
    terms = {"arbiter_bps": found_bps, "effort_cost": effort * COIN, "pay_caught": pay_caught, "min_stake": round(stake * COIN)}
    given = {
        "scenario": find("service_market"),
        "preset": "standard",
        "given": SETTING | terms,
        "policies": {"client": Disputing()},
        "attack": "half",
        "share": 1.0,
        "steps": STEPS,
        "held_out": tuple(range(20)),
        "fields": ("effort_bps",),
    }
    return Hunt(**{**given, **changes})


@pytest.mark.slow
@pytest.mark.parametrize("times", [0.75, 1.25])
@pytest.mark.parametrize("case", CASES, ids=["half found", "a fifth found", "caught are paid"])
def test_a_trained_attacker_shirks_below_the_threshold_and_works_honestly_above_it(monkeypatch, case, times):
    search = hunt(monkeypatch, case, times * threshold(*case))
    found = train_attacker(search, 1_000, **QUICK)
    outcome = outcome_of(search, policy=found.policy)
    effort = outcome.providers["cost"].sum() / outcome.providers["jobs"].sum() / (case[2] * COIN)
    assert effort < 0.1 if times < 1 else effort > 0.9, f"effort {effort:.3f}"
    scripts = [Half(case[1], effort_bps) for effort_bps in (0, 10_000)]
    best = max(attacker_profit(outcome_of(search, policy=script)).mean() for script in scripts)
    assert found.profits[-1].mean() > found.profits[0].mean()
    assert found.profits[-1].mean() == pytest.approx(best, rel=0.05)


def test_a_search_begins_where_its_better_side_is_and_measures_where_it_does_not_train(monkeypatch):
    case = CASES[0]
    search = hunt(monkeypatch, case, threshold(*case), steps=768)
    found = train_attacker(search, 1_007, **QUICK)
    assert found.began in (HONEST, ATTACKED)
    assert found.steps[0] == 0
    assert found.profits.shape == (found.steps.size, 20)
    half = attacker_profit(outcome_of(search, ATTACKED))
    assert np.abs(found.profits[0] / half - 1).max() < 0.05, "before it learns it does what it imitates"
    with pytest.raises(InputError, match="not held out"):
        train_attacker(search, 3, **QUICK)
