"""No attack is empty: each has a setting in which it harms the honest agents, and a defence that helps.

Asserted on 20 worlds, or 100, whose seeds were used for nothing else. Without harm each interval would lie above zero in 2.5 % of
such tests.
"""

import numpy as np
import pytest

import sim
from agents.attacks.registry import ATTACKS
from sim.attack.defences import DEFENCES
from sim.metrics.resilience import lost
from sim.metrics.statistics import paired_difference

SEEDS = range(31_000, 31_020)
SHARE = 0.25
FURTHER = [("sybil_rating", "eigentrust")]
"""An attack, and a defence that takes from it beside the one that it names."""
MANY = range(33_000, 33_100)
"""Worlds for these: what they save varies so much that 20 worlds do not always show it."""


@pytest.fixture(scope="module")
def rows():
    """The runs of every attack in its setting, with its defence and without."""
    return {
        name: sim.run("service_market", attack={name: SHARE}, defence=attack.defence, seeds=SEEDS, **elsewhere(attack))
        for name, attack in ATTACKS.items()
    }


def elsewhere(attack, defence=None):
    """The attack's setting, apart from what its defence switches."""
    switched = DEFENCES["service_market"][defence or attack.defence].on
    return {name: value for name, value in attack.setting.items() if name not in switched}


def welfare(table, side, *, defended, seeds=SEEDS):
    """Honest welfare in each world."""
    mine = table[(table.side == side) & ((table.defence != "none") == defended)]
    assert mine.seed.tolist() == list(seeds)
    return mine.honest_welfare.to_numpy()


def saved_of(table, seeds=SEEDS):
    """Of the harm of an attack in each world, what the defence saves."""
    sides = ("honest", "attacked")
    harm = [np.subtract(*(welfare(table, side, defended=on, seeds=seeds) for side in sides)) for on in (False, True)]
    return paired_difference(*harm)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ATTACKS))
def test_every_attack_does_harm_and_its_defence_takes_from_it(rows, name):
    without = [welfare(rows[name], side, defended=False) for side in ("honest", "attacked")]
    harm = lost(*without)
    assert harm.low > 0, f"{name} costs the honest agents {harm.mean:.0f} coins, {harm.low:.0f} to {harm.high:.0f}"
    saved = saved_of(rows[name])
    assert saved.low > 0, f"{ATTACKS[name].defence} saves {saved.mean:.0f} coins, {saved.low:.0f} to {saved.high:.0f}"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "defence"), FURTHER)
def test_further_defences_take_from_an_attack_too(name, defence):
    attack = ATTACKS[name]
    table = sim.run("service_market", attack={name: SHARE}, defence=defence, seeds=MANY, **elsewhere(attack, defence))
    saved = saved_of(table, MANY)
    assert saved.low > 0, f"{defence} saves {saved.mean:.0f} coins, {saved.low:.0f} to {saved.high:.0f}"
