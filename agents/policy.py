"""What a policy is: a function from a batch of views to a batch of actions.

``act(view, memory, dice) -> {field: values}``

`view` is a structured array with one row per deciding agent in every world, read by field name: ``view["value"]`` has shape
(rows,), ``view["offers"]["price"]`` has shape (rows, 16). The result names the action's fields; a value is one number or one
per row, and a field left out takes its default (`ledgerlab explain SCENARIO` lists them). A policy that remembers declares the
columns of its memory in an attribute `memory` (a NumPy dtype), and is given one row per agent, zero at the start of an episode.

A plain function of that shape is a policy; so is an object with such a method `act`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chain.dice import fill_normals, fill_units

View: TypeAlias = NDArray[Any]
Memory: TypeAlias = NDArray[Any]
Action: TypeAlias = Mapping[str, Any]


class Dice:
    """The draws of one role in one tick: pure functions of (seed, world, episode, tick, agent's name, index).

    Every call draws anew: the index counts on within the tick.
    """

    def __init__(self, heads: Any, tick: int, names: NDArray[np.int64]) -> None:
        """Dice for the rows of a view: `heads` has one head per world, `names` one name per row."""
        self._heads, self._tick, self._names, self._index = heads, tick, names, 0

    def _fill(self, fill: Callable[..., None], columns: int) -> NDArray[np.float64]:
        out = np.empty((self._names.size, columns))
        fill(self._heads, self._tick, self._names, self._index, out)
        self._index += columns
        return out

    def only(self, agents: int, own: slice) -> "Dice":
        """The same dice for some of the agents of every world: each draws what it would among all of them."""
        dice = Dice(self._heads, self._tick, self._names.reshape(-1, agents)[:, own].reshape(-1))
        dice._index = self._index
        return dice

    def uniform(self, columns: int = 1) -> NDArray[np.float64]:
        """Uniform draws in [0, 1), shape (rows, columns)."""
        return self._fill(fill_units, columns)

    def normal(self, columns: int = 1) -> NDArray[np.float64]:
        """Standard normal draws, shape (rows, columns)."""
        return self._fill(fill_normals, columns)


def shown(view: View) -> NDArray[Any]:
    """The table of offers of a view without the last columns that are empty in every row: few markets fill all 16."""
    offers = view["offers"]
    last = np.flatnonzero((offers["address"] >= 0).any(axis=0)).max(initial=0)
    return offers[:, : last + 1]


class Policy(Protocol):
    """An object that decides for a whole role. A policy that remembers also has `memory`, a NumPy dtype."""

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Decide for every row of the view."""
        ...


def of_worlds(rows: NDArray[Any], agents: int) -> NDArray[Any]:
    """Records as plain bytes, shape (worlds, agents), in the same memory: NumPy copies those ten times faster than columns."""
    bytes_each = rows.dtype.itemsize
    return rows.reshape(-1, agents) if bytes_each == 0 else rows.view(np.dtype((np.void, bytes_each))).reshape(-1, agents)


def some_of(rows: NDArray[Any], agents: int, own: slice) -> NDArray[Any]:
    """The records of some agents of every world, one after another."""
    return of_worlds(rows, agents)[:, own].reshape(-1).view(rows.dtype)


def decide(policy: Policy | Callable[[View, Memory, Dice], Action], view: View, memory: Memory, dice: Dice) -> Action:
    """Ask a policy, be it a function or an object."""
    act = getattr(policy, "act", policy)
    return act(view, memory, dice)  # type: ignore[operator]


def memory_of(policy: Any) -> np.dtype[Any]:
    """The layout of a policy's memory; empty if it declares none."""
    return np.dtype(getattr(policy, "memory", []))
