"""The rules of tabular Q-learning: what is kept beside a table agrees with the table, and values converge to known ones."""

import math

import numpy as np
import pytest

from agents.learned.tabular import (
    Learning,
    Tables,
    choose_rows,
    cycle_of,
    draw_ahead,
    draws_for,
    exploration,
    learn,
    learn_rows,
    revise,
    state_of,
    tables_of,
)
from chain.dice import What, draw, unit
from chain.layout import HEAD, records


def one(values):
    """The table of one learner."""
    table = tables_of(np.asarray(values, np.float64))
    return Tables(table.values, table.greedy)


def test_a_state_is_numbered_in_c_order():
    sizes = np.array([3, 4, 5])
    numbers = [state_of(np.array(cell), sizes) for cell in np.ndindex(3, 4, 5)]
    assert numbers == list(range(60))


def test_at_the_start_the_lowest_of_the_best_choices_is_greedy():
    assert one([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0]]).greedy.tolist() == [1, 0]


def test_a_tie_keeps_the_choice_that_was_greedy():
    table = one([[1.0, 2.0, 0.0]])
    assert not revise(table.values, table.greedy, 0, 2, 2.0)
    assert table.greedy[0] == 1
    assert revise(table.values, table.greedy, 0, 2, 2.1)
    assert table.greedy[0] == 2
    assert not revise(table.values, table.greedy, 0, 2, 2.0), "it fell back to the tie, and stays"
    assert table.greedy[0] == 2


def test_a_greedy_choice_that_falls_gives_way_to_the_lowest_of_the_best():
    table = one([[5.0, 2.0, 4.0, 4.0]])
    assert revise(table.values, table.greedy, 0, 0, 3.0)
    assert table.greedy[0] == 2


def test_the_greedy_choice_is_one_of_the_highest_after_any_revisions_and_changes_are_reported():
    rng = np.random.default_rng(0)
    table = one(rng.integers(0, 4, (7, 5)))
    for _ in range(3_000):
        before = table.greedy.copy()
        state, choice, value = int(rng.integers(7)), int(rng.integers(5)), float(rng.integers(0, 4))
        changed = revise(table.values, table.greedy, state, choice, value)
        assert changed == (table.greedy != before).any()
        assert (table.values[np.arange(7), table.greedy] == table.values.max(axis=1)).all()


def test_learning_moves_a_value_by_alpha_towards_reward_and_discounted_best_of_the_next_state():
    table, learning = one([[1.0, 2.0], [7.0, 9.0]]), Learning(0.25, 0.5, 0.0)
    learn(table, learning, 0, 1, 10.0, 1)
    assert table.values[0, 1] == 0.75 * 2 + 0.25 * (10 + 0.5 * 9)
    learn(table, learning, 0, 0, 10.0, -1)
    assert table.values[0, 0] == 0.75 * 1 + 0.25 * 10, "an episode has ended: nothing follows"
    assert table.values[1].tolist() == [7.0, 9.0]


def test_exploration_starts_at_certainty_and_halves_as_it_should():
    assert exploration(4e-6, 0) == 1.0
    assert exploration(4e-6, round(math.log(2) / 4e-6)) == pytest.approx(0.5, rel=1e-5)


def test_draws_are_those_of_their_tick_and_learner_whatever_the_block():
    head, draws = records(HEAD, 1), draws_for(3)
    head["seed"], head["world"] = 5, 2
    draw_ahead(head[0], 8, 15, draws)
    for learner in range(3):
        words = [draw(head[0], 2, learner, What.EXPLORE, k) for k in range(4)]
        assert draws.units[learner].tolist() == [unit(np.uint64(word)) for word in words]
    assert len(np.unique(draws.units)) == 12


def test_exploring_choices_are_uniform_and_greedy_ones_are_not_drawn():
    """Chi-square of 15 choices below its 99.99 % point (42.6, 14 degrees of freedom): fails once in 10,000 for right code."""
    head, draws = records(HEAD, 1), draws_for(2)
    head["seed"] = 77
    seen = np.zeros(15, int)
    for tick in range(0, 40_000, 4):
        draw_ahead(head[0], tick, 15, draws)
        early = draws.units < 0.1  # what is picked must not depend on whether
        np.add.at(seen, draws.choices[early], 1)
    expected = seen.sum() / 15
    assert seen.sum() > 7_000
    assert ((seen - expected) ** 2 / expected).sum() < 42.6
    out, tables = np.empty(1_000, np.int64), tables_of(np.eye(4)[None])
    choose_rows(head[0], 3, 0.0, tables, np.full(1_000, 2), out)
    assert (out == 2).all()
    choose_rows(head[0], 3, 1.0, tables, np.full(1_000, 2), out)
    assert sorted(set(out.tolist())) == [0, 1, 2, 3]


def test_rows_use_their_own_tables_in_turn():
    tables = tables_of(np.zeros((2, 1, 3)))
    choices, rewards = np.array([0, 1, 2, 1]), np.array([1.0, 1.0, 3.0, 1.0])
    nothing = np.zeros(4, np.int64)
    assert learn_rows(tables, Learning(0.5, 0.0, 0.0), nothing, choices, rewards, nothing) == 2
    assert tables.values.tolist() == [[[0.5, 0.0, 1.5]], [[0.0, 0.75, 0.0]]]
    assert tables.greedy.tolist() == [[2], [1]]


def test_values_converge_to_those_of_bellmans_equation():
    """A ring of four states, one reward: the values are powers of the discount factor."""
    table, learning = one(np.zeros((4, 2))), Learning(0.5, 0.9, 0.0)
    rng = np.random.default_rng(3)
    state = 0
    for _ in range(4_000):
        choice = int(rng.integers(2))
        after = (state + choice) % 4
        learn(table, learning, state, choice, 1.0 if (state, choice) == (3, 1) else 0.0, after)
        state = after
    lap = 1 / (1 - 0.9**4)
    assert table.values[:, 1] == pytest.approx([0.9 ** (3 - s) * lap for s in range(4)], rel=1e-9)
    assert table.greedy.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_the_cycle_of_greedy_play_is_the_one_that_a_walk_finds(seed):
    rng = np.random.default_rng(seed)
    greedy = rng.integers(0, 6, (2, 36))
    state = int(rng.integers(36))
    walk = [state]
    while walk.count(walk[-1]) < 2:
        walk.append(int(greedy[0, walk[-1]] * 6 + greedy[1, walk[-1]]))
    lead, length = cycle_of(greedy, 6, state)
    assert (lead, length) == (walk.index(walk[-1]), len(walk) - 1 - walk.index(walk[-1]))
