"""Attacks are found by name, and one that lacks a part is refused."""

from dataclasses import replace

import pytest

from agents.attacks.registry import ATTACKS, find_attack
from chain.errors import InputError


def test_an_attack_is_found_by_its_name():
    for name, attack in ATTACKS.items():
        assert find_attack(name) is attack


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"attack whitewash: no such attack; allowed are shirker.*did you mean whitewasher"):
        find_attack("whitewash")


def test_nobody_changes_the_table():
    with pytest.raises(TypeError):
        ATTACKS["mine"] = ATTACKS["shirker"]


def test_an_attack_needs_a_policy_and_a_twin_for_each_of_its_roles():
    for part in ("policies", "twin"):
        with pytest.raises(ValueError, match="attack shirker: allowed are policies and a twin for each of the roles"):
            replace(ATTACKS["shirker"], **{part: {}})
