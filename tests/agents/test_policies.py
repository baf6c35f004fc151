"""What every registered policy must do, without a test of its own. A new policy is covered by its line in the registry."""

import inspect

import numpy as np
import pytest

from agents.policy import Dice, decide, memory_of
from agents.registry import POLICIES, find
from tests.agents.views import EVERY_POLICY, MANY, ROLES, dice, heads, market_views

MEMORY_LIMIT_BYTES = 4_096
PASSIVE = {("builder", "fair")}
"""Policies that do nothing, whatever they see."""
every_policy = pytest.mark.parametrize(("role", "name"), EVERY_POLICY, ids=[f"{role}-{name}" for role, name in EVERY_POLICY])


def play_on(policy, role, rows):
    """The policy's actions in every tick, for these rows of the market's views, with the memory it keeps."""
    memory = np.zeros(len(rows), memory_of(policy))
    actions = []
    for tick, view in enumerate(market_views(role)):
        shown = view[rows]
        shown.flags.writeable = False
        actions.append(ROLES[role].read(decide(policy, shown, memory, dice(rows, tick)), len(rows)))
    return np.array(actions), memory


@every_policy
def test_it_decides_validly_for_any_number_of_rows_without_writing_to_its_view(role, name):
    for rows in (0, 1, 7, MANY):
        actions, _ = play_on(find(role, name)[1], role, np.arange(rows))
        assert actions.shape == (len(market_views(role)), rows)


@every_policy
def test_the_same_view_memory_and_dice_give_the_same_action(role, name):
    first, memory = play_on(find(role, name)[1], role, np.arange(MANY))
    second, again = play_on(find(role, name)[1], role, np.arange(MANY))
    assert first.tobytes() == second.tobytes()
    assert memory.tobytes() == again.tobytes()


@every_policy
def test_one_object_keeps_nothing_outside_its_memory(role, name):
    """Asked twice with empty memory, the same object answers the same."""
    policy = find(role, name)[1]
    first, _ = play_on(policy, role, np.arange(MANY))
    second, _ = play_on(policy, role, np.arange(MANY))
    assert first.tobytes() == second.tobytes()


@every_policy
def test_permuting_the_rows_permutes_the_actions(role, name):
    rows = np.random.default_rng(0).permutation(MANY)
    plain, memory = play_on(find(role, name)[1], role, np.arange(MANY))
    permuted, moved = play_on(find(role, name)[1], role, rows)
    assert np.array_equal(permuted, plain[:, rows])
    assert np.array_equal(moved, memory[rows])


@every_policy
def test_each_row_is_decided_as_it_would_be_alone(role, name):
    batch, _ = play_on(find(role, name)[1], role, np.arange(MANY))
    for row in (0, 5, MANY - 1):
        alone, _ = play_on(find(role, name)[1], role, np.array([row]))
        assert np.array_equal(alone[:, 0], batch[:, row])


@every_policy
def test_its_memory_is_small_and_of_a_fixed_layout(role, name):
    layout = memory_of(POLICIES[role][name]())
    assert layout.itemsize <= MEMORY_LIMIT_BYTES
    assert not layout.hasobject


@every_policy
def test_its_docstring_names_a_source(role, name):
    text = inspect.getdoc(POLICIES[role][name]) or ""
    assert "Source:" in text
    assert any(character.isdigit() for character in text.split("Source:")[1]) or "model" in text or "textbook" in text


@every_policy
def test_it_acts_and_not_all_agents_act_alike(role, name):
    """The shared tests are not empty: different rows get different actions."""
    actions, _ = play_on(find(role, name)[1], role, np.arange(MANY))
    deciding = {"client": "hire", "provider": "price", "seller": "level", "bidder": "bid", "buyer": "price", "supplier": "price"}
    deciding |= {"trader": "pay", "arbitrageur": "pay", "builder": "front"}
    kinds = np.unique(actions[deciding[role]]).size
    assert kinds == 1 if (role, name) in PASSIVE else kinds > 3
    if role == "client":
        hired = actions["hire"] >= 0
        assert hired.any()
        needs = np.array([view["need"] for view in market_views(role)])
        assert not hired[needs < 0].any(), "nobody hires without a need"


def test_dice_are_pure_functions_of_name_and_tick():
    units = dice(np.arange(5), tick=3).uniform(4)
    assert units.shape == (5, 4)
    assert np.array_equal(dice([4, 2], tick=3).uniform(4), units[[4, 2]])
    assert not (dice(np.arange(5), tick=4).uniform(4) == units).any()
    assert ((units >= 0) & (units < 1)).all()


def test_every_call_of_the_dice_draws_anew():
    one = dice([0, 1])
    first, second, normal = one.uniform(3), one.uniform(3), one.normal(2)
    assert not (first == second).any()
    assert np.array_equal(np.hstack([first, second]), dice([0, 1]).uniform(6))
    assert normal.shape == (2, 2)


def test_normal_draws_are_standard_normal():
    """Mean and deviation of 40,000 draws within four standard errors: a right generator fails with a probability of 0.01 %."""
    draws = Dice(heads(), 0, np.arange(20_000)).normal(2)
    assert abs(draws.mean()) < 4 / np.sqrt(draws.size)
    assert abs(draws.std() - 1) < 4 / np.sqrt(2 * draws.size)
