"""A learned table as a policy: what is seen falls into cells, and the greedy choice of the state is played."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.learned.tabular import Tables
from agents.policy import Action, Dice, Memory, View
from chain.errors import InputError

MOST_VALUES = 2**22
"""A table is not larger than this."""


@dataclass(frozen=True)
class Cells:
    """How one feature of a view becomes a whole number."""

    feature: int
    """Its place among the features of the encoding."""
    cuts: tuple[float, ...]
    """Rising; the cell is the number of cuts that are not above the feature."""


def _rising(cuts: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(cuts)) and all(np.isfinite(cuts))


def tables_from(weights: Mapping[str, NDArray[Any]]) -> Tables:
    """Tables from the arrays of a bundle.

    Raises:
        InputError: other names, or no tables.
    """
    if weights.keys() != set(Tables._fields) or weights["values"].ndim != 3:
        raise InputError(
            f"tables: {', '.join(sorted(weights))[:200]} given, allowed are {', '.join(Tables._fields)} of 3 and 2 axes"
        )
    return Tables(weights["values"], weights["greedy"])


def cells_between(feature: int, values: NDArray[Any], most: int) -> Cells:
    """Cells for a feature that takes these values: one for each of them, or `most` of about equal count if there are more."""
    seen = np.unique(np.asarray(values, np.float64))
    if seen.size > most:
        places = np.linspace(0, seen.size - 1, most).round().astype(int)
        seen = seen[places]
    return Cells(feature, tuple(((seen[1:] + seen[:-1]) / 2).tolist()))


def check_size(cells: Sequence[Cells], encoding: Encoding, tables: int) -> int:
    """The number of states.

    Raises:
        InputError: tables with so many states are too large.
    """
    states = int(np.prod([len(one.cuts) + 1 for one in cells], dtype=object))
    if states * encoding.choices * tables > MOST_VALUES:
        raise InputError(
            f"features: {len(cells)} given make {states} states of {encoding.choices} choices, allowed are {MOST_VALUES} values "
            f"in all; choose fewer of {', '.join(feature.name for feature in encoding.features)}, or fewer cells"
        )
    return states


@dataclass(frozen=True, eq=False)
class TabularPolicy:
    """Plays the greedy choice of a learned table; several tables are dealt out in turn to the agents of a world."""

    encoding: Encoding
    """Of the form `discrete`."""
    cells: tuple[Cells, ...]
    """The dimensions of the state, in C order."""
    tables: Tables
    """Values (tables, states, choices) and greedy choices (tables, states)."""
    deterministic: ClassVar[bool] = True
    hold: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse tables of another shape."""
        if self.encoding.form != "discrete":
            raise InputError(f"form: {self.encoding.form} given, allowed for a table is discrete")
        for one in self.cells:
            if not 0 <= one.feature < len(self.encoding.features) or not _rising(one.cuts):
                raise InputError(
                    f"cells: feature {one.feature} with {len(one.cuts)} cuts given, allowed are features 0 to "
                    f"{len(self.encoding.features) - 1} and rising cuts"
                )
        values, greedy = self.tables
        states = check_size(self.cells, self.encoding, len(values))
        shape = (len(values), states, self.encoding.choices)
        if not len(values) or values.shape != shape or greedy.shape != shape[:2]:
            raise InputError(f"tables: shapes {values.shape} and {greedy.shape} given, allowed are {shape} and {shape[:2]}")
        if values.dtype != np.float64 or greedy.dtype != np.int64 or not np.isfinite(values).all():
            raise InputError("tables: allowed are finite float64 values and int64 choices")
        if greedy.min() < 0 or greedy.max() >= self.encoding.choices:
            raise InputError(
                f"tables: greedy choices from {greedy.min()} to {greedy.max()} given, allowed is 0 to {shape[2] - 1}"
            )

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that a bundle holds, by name."""
        return self.tables._asdict()

    def as_json(self) -> dict[str, Any]:
        """What a bundle says of it, the arrays and the encoding apart: plain data for a file."""
        return {"kind": "table", "cells": [{"feature": one.feature, "cuts": list(one.cuts)} for one in self.cells]}

    def states(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """The state of every row of features, as `Encoding.observe` gives them."""
        state = np.zeros(len(features), np.int64)
        for one in self.cells:
            cell = np.searchsorted(one.cuts, features[:, one.feature], side="right")
            state = state * (len(one.cuts) + 1) + cell
        return state

    def choices(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """The greedy choice of every row of features; row r uses table r modulo the number of tables."""
        table = np.arange(len(features)) % len(self.tables.greedy)
        return np.asarray(self.tables.greedy[table, self.states(features)])

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """The greedy choice of every row of the view."""
        return self.encoding.act(self.choices(self.encoding.observe(view)), view.size)
