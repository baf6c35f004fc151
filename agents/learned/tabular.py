"""Tabular Q-learning as rules: a table of values by state and choice, and the greedy choice kept beside it.

1. The state is one whole number: the cells of what is observed, in C order (`state_of`).
2. A learner explores with probability exp(-beta × tick), and then picks any choice alike; else it picks the greedy one.
3. The value of the choice moves by alpha towards reward + delta × value of the greedy choice in the next state.
4. The greedy choice is kept in a table of its own. Ties keep the choice that was greedy; at the start it is the lowest one.
   So a policy has changed only if another choice is strictly better, which is what convergence is counted by.

The draws belong to (tick, learner's name), two small ones from one word: whether to explore, and which choice then.

Source: Watkins and Dayan, "Q-learning", Machine Learning 8, 1992.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.dice import What, below, draw, lane, lanes, swap, unit
from chain.rule import rule


class Learning(NamedTuple):
    """How a table is revised, and how long its owner explores."""

    alpha: float
    """Learning rate, from 0 to 1."""
    delta: float
    """Discount factor of the next state's value, from 0 to below 1."""
    beta: float
    """Decay of exploration in a tick."""


class Tables(NamedTuple):
    """What learners know; rules take the table of one learner, arrays without their leading axes."""

    values: NDArray[np.float64]
    """Value of a choice in a state, shape (..., learners, states, choices)."""
    greedy: NDArray[np.int64]
    """The choice of highest value in a state, shape (..., learners, states)."""


class Draws(NamedTuple):
    """The draws of every learner of a session for four ticks, since a block of dice gives four words."""

    units: NDArray[np.float64]
    """Explore if exploration is above this, shape (learners, 4)."""
    choices: NDArray[np.int64]
    """What is then picked, shape (learners, 4)."""


def tables_of(values: NDArray[np.float64]) -> Tables:
    """Tables that begin with these values; of equal ones the lowest choice is greedy."""
    return Tables(values, values.argmax(axis=-1))


def draws_for(learners: int) -> Draws:
    """Working memory for the draws of so many learners."""
    return Draws(np.empty((learners, 4)), np.empty((learners, 4), np.int64))


@rule
def state_of(cells: Any, sizes: Any) -> int:
    """The number of a state, from one cell per dimension and the number of cells in each: the last changes fastest."""
    state = 0
    for k in range(cells.size):
        state = state * sizes[k] + cells[k]
    return int(state)


@rule
def exploration(beta: float, tick: int) -> float:
    """The probability of exploring: 1 in tick 0."""
    return math.exp(-beta * tick)


@rule
def draw_ahead(head: Any, tick: int, choices: int, draws: Draws) -> None:
    """Draw for every learner of a session what `choose` takes in the four ticks from `tick`, a multiple of four.

    A learner's name is its place in the tables.
    """
    for learner in range(draws.units.shape[0]):
        block = lanes(head, tick >> 2, learner, What.EXPLORE, 0)
        for k in range(4):
            word = lane(block, k)
            draws.units[learner, k] = unit(word)
            draws.choices[learner, k] = below(swap(word), choices)


@rule
def revise(values: Any, greedy: Any, state: int, choice: int, value: float) -> bool:
    """Write a value into the table of one learner; returns whether the greedy choice of the state is another one now."""
    row = values[state]
    fell = value < row[choice]
    row[choice] = value
    best = greedy[state]
    if choice == best:
        if not fell:
            return False
        for other in range(row.size):
            if row[other] > row[best]:
                best = other
    elif value > row[best]:
        best = choice
    changed = best != greedy[state]
    greedy[state] = best
    return bool(changed)


@rule
def learn(table: Any, learning: Learning, state: int, choice: int, reward: float, after: int) -> bool:
    """Learn from one step of one learner; returns whether its policy changed.

    Args:
        table: values (states, choices) and greedy choices (states,) of the learner, as `Tables`; revised in place.
        learning: how much.
        state: where it chose.
        choice: what it chose.
        reward: what it got.
        after: the next state; negative where there is none, at the end of an episode.
    """
    target = reward
    if after >= 0:
        target += learning.delta * table.values[after, table.greedy[after]]
    value = (1 - learning.alpha) * table.values[state, choice] + learning.alpha * target
    return revise(table.values, table.greedy, state, choice, value)


@rule
def choose_rows(head: Any, tick: int, epsilon: float, tables: Any, states: Any, out: Any) -> None:
    """Choose for many agents: row r, with its own draws, from table r modulo the number of tables.

    Args:
        head: whose seed, world and episode key the draws.
        tick: which step this is.
        epsilon: the probability of exploring.
        tables: what the agents know.
        states: state of every row.
        out: filled with the choice of every row.
    """
    for r in range(out.size):
        word = draw(head, tick >> 2, r, What.EXPLORE, tick & 3)
        if unit(word) < epsilon:
            out[r] = below(swap(word), tables.values.shape[2])
        else:
            out[r] = tables.greedy[r % tables.greedy.shape[0], states[r]]


@rule
def learn_rows(tables: Any, learning: Learning, states: Any, choices: Any, rewards: Any, afters: Any) -> int:
    """Learn from one step of many agents, row after row; table r modulo their number is that of row r.

    Returns:
        How many policies changed.
    """
    changed = 0
    for r in range(states.size):
        k = r % tables.values.shape[0]
        table = Tables(tables.values[k], tables.greedy[k])
        if learn(table, learning, states[r], choices[r], rewards[r], afters[r]):
            changed += 1
    return changed


@rule
def after_greedy(greedy: Any, choices: int, state: int) -> int:
    """The state after one in which every learner is greedy: all that they chose, in C order."""
    after = 0
    for learner in range(greedy.shape[0]):
        after = after * choices + greedy[learner, state]
    return int(after)


@rule
def cycle_of(greedy: Any, choices: int, state: int) -> tuple[int, int]:
    """Where a session ends up if everybody is greedy and the state is what all chose last.

    Args:
        greedy: greedy choices, shape (learners, states).
        choices: number of choices of each learner.
        state: where it begins.

    Returns:
        Steps until the first state that comes again, and steps from there until it comes again.

    Source: Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980.
    """
    power, period, slow, fast = 1, 1, state, after_greedy(greedy, choices, state)
    while slow != fast:
        if power == period:
            slow, power, period = fast, 2 * power, 0
        fast = after_greedy(greedy, choices, fast)
        period += 1
    slow, fast, lead = state, state, 0
    for _ in range(period):
        fast = after_greedy(greedy, choices, fast)
    while slow != fast:
        slow, fast = after_greedy(greedy, choices, slow), after_greedy(greedy, choices, fast)
        lead += 1
    return lead, period
