"""How a learner sees and acts: a role's view as one vector of floats, its action as one vector of numbers or levels.

Everything here is plain data, so that it can be stored beside a network's weights and read again without the scenario that it
was made from (`sim.scenario.encoding_of` makes it). A view is a record of 64-bit integers; a feature is one of them times a
factor, clipped. An action has one of three forms:

- ``box``: one number in [-1, 1] per field, spread over the field's range and rounded to a whole unit;
- ``multidiscrete``: one level per field, levels spread evenly over its range;
- ``discrete``: one number for all fields together, in C order of their levels.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.errors import InputError
from chain.rule import rule

LOWEST, HIGHEST = -1.0, 10.0
"""Features are clipped to this range."""
FORMS = ("box", "multidiscrete", "discrete")
MOST_ACTIONS = 4_096
"""A `discrete` action space is not larger than this."""


@rule
def fill_features(words: Any, columns: Any, factors: Any, out: Any) -> None:
    """``out[r, k]`` = word ``columns[k]`` of row r × ``factors[k]``, clipped to [`LOWEST`, `HIGHEST`]."""
    for r in range(words.shape[0]):
        for k in range(columns.size):
            out[r, k] = min(max(words[r, columns[k]] * factors[k], LOWEST), HIGHEST)


@rule
def read_box(answers: Any, lows: Any, highs: Any, out: Any) -> int:
    """``out[k, r]`` = the number in [-1, 1] that row r answers for field k, spread from low to high and rounded.

    Returns the place of the first answer outside [-1, 1], counted row by row, or -1.
    """
    for r in range(answers.shape[0]):
        for k in range(answers.shape[1]):
            if not -1.0 <= answers[r, k] <= 1.0:
                return int(r * answers.shape[1] + k)
            out[k, r] = np.rint(lows[k] + (answers[r, k] + 1.0) / 2.0 * (highs[k] - lows[k]))
    return -1


@rule
def read_levels(answers: Any, meanings: Any, sizes: Any, out: Any) -> int:
    """``out[k, r]`` = what the level means that row r answers for field k; one column of answers serves all fields.

    Returns the place of the first level that there is not, counted row by row, or -1.
    """
    columns = answers.shape[1]
    for r in range(answers.shape[0]):
        for k in range(out.shape[0]):
            level = answers[r, min(k, columns - 1)]
            if not 0 <= level < sizes[k]:
                return int(r * columns + min(k, columns - 1))
            out[k, r] = meanings[k, level]
    return -1


@dataclass(frozen=True)
class Feature:
    """One number that a learner sees."""

    name: str
    word: int
    """Which 64-bit word of the view."""
    scale: int
    """The size of the word that counts as 1."""


@dataclass(frozen=True)
class Field:
    """One field of the action that a learner sets."""

    name: str
    low: int
    high: int
    levels: int
    """Number of choices in the discrete forms, spread evenly from `low` to `high`."""
    words: tuple[int, ...] = ()
    """Words of the view, one for each of the last levels, that are negative where that level is invalid; the levels before
    them are always valid."""


@dataclass(frozen=True)
class Encoding:
    """A role of a scenario as learners see it."""

    scenario: str
    role: str
    form: str
    """One of `FORMS`."""
    features: tuple[Feature, ...]
    fields: tuple[Field, ...]
    width: int
    """Number of 64-bit words in a view."""
    layout: str = ""
    """Digest of the role's view and action as they were (`sim.scenario.layout_of`): if they change, what was learned does not fit
    any more. Empty: not known."""

    def __post_init__(self) -> None:
        """Refuse what can not be used."""
        if self.form not in FORMS:
            raise InputError(f"form: {self.form!r} given, allowed are {', '.join(FORMS)}")
        for word in (*(feature.word for feature in self.features), *(word for field in self.fields for word in field.words)):
            if not 0 <= word < self.width:
                raise InputError(f"encoding: word {word} given, allowed is 0 to {self.width - 1}")
        for field in self.fields:
            fewest = max(len(field.words), 1)
            if field.low > field.high or not (self.form == "box" or fewest <= field.levels <= MOST_ACTIONS):
                raise InputError(
                    f"encoding: {field.name} from {field.low} to {field.high} on {field.levels} levels given, allowed are rising "
                    f"ends and {fewest} to {MOST_ACTIONS} levels"
                )
        if not self.features or not self.fields or any(feature.scale < 1 for feature in self.features):
            raise InputError("encoding: allowed are one or more features with scales from 1, and one or more fields")
        if self.form == "discrete" and self.choices > MOST_ACTIONS:
            raise InputError(
                f"form: discrete needs {self.choices} actions for {', '.join(f.name for f in self.fields)}, allowed are at most "
                f"{MOST_ACTIONS}; choose fewer fields, or the form multidiscrete"
            )

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Number of levels of each field."""
        return tuple(field.levels for field in self.fields)

    @cached_property
    def choices(self) -> int:
        """Number of combinations of levels."""
        return int(np.prod([field.levels for field in self.fields], dtype=object))

    @cached_property
    def _columns(self) -> NDArray[np.int64]:
        return np.array([feature.word for feature in self.features], np.int64)

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        return np.array([1 / feature.scale for feature in self.features], np.float64)

    @cached_property
    def _ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Low and high end of every field."""
        return np.array([field.low for field in self.fields], float), np.array([field.high for field in self.fields], float)

    @cached_property
    def _meanings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By field: the value that each level means (for the form `discrete`: that each action means), and how many there are."""
        values = [
            field.low + np.arange(field.levels) * (field.high - field.low) // max(field.levels - 1, 1) for field in self.fields
        ]
        if self.form == "discrete":
            levels = np.unravel_index(np.arange(self.choices), self.levels)
            values = [mine[level] for mine, level in zip(values, levels, strict=True)]
        sizes = np.array([mine.size for mine in values], np.int64)
        out = np.zeros((sizes.size, sizes.max()), np.int64)
        for k, mine in enumerate(values):
            out[k, : mine.size] = mine
        return out, sizes

    def observe(self, view: NDArray[Any], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The features of every row of a view, shape (rows, features), float32."""
        if out is None:
            out = np.empty((view.size, len(self.features)), np.float32)
        fill_features(self.words(view), self._columns, self._factors, out)
        return out

    def words(self, view: NDArray[Any]) -> NDArray[np.int64]:
        """A view as whole numbers, shape (rows, words); nothing is copied.

        Raises:
            InputError: the view is not one of this role.
        """
        if view.dtype.itemsize != 8 * self.width:
            raise InputError(
                f"view: one of {view.dtype.itemsize // 8} words given, the {self.role} of {self.scenario} has {self.width}"
            )
        return np.ascontiguousarray(view).view(np.int64).reshape(view.size, self.width)

    def act(self, answers: Any, rows: int) -> dict[str, NDArray[np.int64]]:
        """The fields that a learner's answers mean.

        Args:
            answers: shape (rows, fields) for the forms `box` and `multidiscrete`, (rows,) for `discrete`.
            rows: number of agents.

        Raises:
            InputError: another shape, not a number, or out of range.
        """
        try:
            given = np.asarray(answers)
        except ValueError as error:
            raise InputError(f"action: no array ({error}), allowed is one of {rows} rows") from None
        shape = (rows,) if self.form == "discrete" else (rows, len(self.fields))
        if given.shape != shape or given.dtype.kind not in ("iuf" if self.form == "box" else "iu"):
            kind = "numbers" if self.form == "box" else "whole numbers"
            raise InputError(f"action: shape {given.shape} of {given.dtype} given, allowed are {kind} of shape {shape}")
        out = np.empty((len(self.fields), rows), np.int64)
        if self.form == "box":
            wrong = read_box(np.ascontiguousarray(given, np.float64), *self._ends, out)
        else:
            wrong = read_levels(np.ascontiguousarray(given, np.int64).reshape(rows, -1), *self._meanings, out)
        if wrong >= 0:
            self._refuse(given, wrong)
        return {field.name: values for field, values in zip(self.fields, out, strict=True)}

    def box_of(self, fields: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The answers of the form `box` that mean these fields, shape (rows, fields); what lies outside of a field's range is at
        its nearer end."""
        low, high = self._ends
        values = np.stack([np.asarray(fields[field.name], float) for field in self.fields], axis=1)
        return np.clip(2 * (values - low) / np.maximum(high - low, 1) - 1, -1, 1).astype(np.float32)

    def _refuse(self, given: NDArray[Any], place: int) -> None:
        value = given.flat[place]
        if self.form == "discrete":
            raise InputError(f"action: action is {value}, allowed is 0 to {self.choices - 1}")
        field = self.fields[place % len(self.fields)]
        low, high = (-1, 1) if self.form == "box" else (0, field.levels - 1)
        raise InputError(f"action: {field.name} is {value}, allowed is {low} to {high}")

    @property
    def masked(self) -> bool:
        """Whether some actions can be invalid."""
        return self.form != "box" and any(field.words for field in self.fields)

    def masks(self, view: NDArray[Any]) -> NDArray[np.bool_]:
        """Which levels are valid, shape (rows, sum of levels), as MaskablePPO wants it; for `discrete` (rows, actions).

        Raises:
            InputError: the form is `box`, which has no levels.
        """
        if self.form == "box":
            raise InputError("masks: the form box has none, allowed are multidiscrete and discrete")
        words, parts = self.words(view), []
        for field in self.fields:
            valid = np.ones((view.size, field.levels), np.bool_)
            if field.words:
                valid[:, field.levels - len(field.words) :] = words[:, list(field.words)] >= 0
            parts.append(valid)
        if self.form == "multidiscrete":
            return np.concatenate(parts, axis=1)
        out = parts[0]
        for part in parts[1:]:
            out = (out[:, :, None] & part[:, None, :]).reshape(view.size, -1)
        return out

    def as_json(self) -> dict[str, Any]:
        """Plain data for a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Encoding":
        """What `as_json` gave; the reader has checked names and types."""
        features = tuple(Feature(**feature) for feature in given["features"])
        fields = tuple(Field(**{**field, "words": tuple(field["words"])}) for field in given["fields"])
        return cls(given["scenario"], given["role"], given["form"], features, fields, given["width"], given["layout"])
