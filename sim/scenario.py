"""What a scenario is: a frozen record of roles, parameters, presets and how to build its economy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from agents.policy import Action
from agents.registry import nearest
from chain.errors import InputError


class Parameters(BaseModel):
    """Base of every scenario's parameters: strict types, bounded numbers, no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def number(default: int, low: int, high: int, unit: str, about: str) -> Any:
    """A parameter: a whole number with its range and unit."""
    return Setting(default, ge=low, le=high, description=about, json_schema_extra={"unit": unit})


OFFERS_SHOWN = 16
"""No view shows more offers than this."""


@dataclass(frozen=True)
class Column:
    """One named field of a view or an action: whole numbers from `low` to `high`.

    `of` makes it a table: 16 rows of these columns. `default` is what an action takes where a policy says nothing.

    What learners make of it (`encoding_of`): a column of a view with a `scale` is shown to them, divided by it; a field of an
    action with a `span` can be set by them, within it, or on one of so many `levels`. Scales, ends of spans, levels and the
    `rows` of a table that can be filled are whole numbers, or names of parameters. `valid` names a table of the view and its
    column: the last 16 levels choose one of its rows, and are invalid where that column is negative.
    """

    name: str
    low: int
    high: int
    unit: str
    about: str
    default: int = 0
    of: tuple["Column", ...] = ()
    scale: int | str = 0
    span: tuple[int | str, int | str] | None = None
    levels: int | str = 0
    rows: int | str = OFFERS_SHOWN
    """Of a table: learners are shown no rows beyond so many."""
    valid: tuple[str, str] | None = None


def layout(columns: tuple[Column, ...]) -> Any:
    """The record layout of a view or an action."""
    fields: list[Any] = [
        (c.name, np.dtype((np.record, layout(c.of))), (OFFERS_SHOWN,)) if c.of else (c.name, np.int64) for c in columns
    ]
    return np.dtype((np.record, np.dtype(fields, align=True)))


@dataclass(frozen=True)
class Role:
    """Who takes part: what it is shown and what it may do."""

    name: str
    about: str
    view: tuple[Column, ...]
    action: tuple[Column, ...]
    policy: str
    """Name of the policy that plays this role if none is given."""
    learn: tuple[str, ...] = ()
    """Fields of the action that a learner sets if it is not said which."""
    form: str = "box"
    """The form of a learner's action if none is given, one of `agents.encoding.FORMS`."""
    reward_scale: int | str = 1_000_000
    """µcoin that count as a reward of 1: a number, or the name of a parameter."""
    idle: tuple[tuple[str, int], ...] = ()
    """Fields, with values, in which the action of an agent that does nothing differs from the defaults."""
    count: str = ""
    """Name of the parameter that says how many there are, guests apart; none where attackers can not be among them."""
    identity: str = ""
    """The field of the action that asks for a new identity, if there is one."""

    @cached_property
    def _default(self) -> NDArray[Any]:
        """One action, every field at its default."""
        out = np.zeros(1, layout(self.action))
        for column in self.action:
            out[column.name] = column.default
        return out

    @cached_property
    def _fields(self) -> dict[str, Column]:
        return {column.name: column for column in self.action}

    def actions(self, rows: int) -> NDArray[Any]:
        """So many actions, every field at its default."""
        return np.repeat(self._default, rows)

    def idling(self, rows: int) -> NDArray[Any]:
        """So many actions of agents that do nothing new: they only stand by what they promised."""
        return self.read(dict(self.idle), rows)

    def read(self, given: Action, rows: int) -> NDArray[Any]:
        """The actions that a policy's answer means: checked, rounded to whole units, defaults filled in.

        Raises:
            InputError: an unknown field, a wrong shape, a value that is not a number or outside its range.
        """
        if not isinstance(given, Mapping):
            raise InputError(f"action of {self.name}: {type(given).__name__} given, allowed is a dict of its fields")
        out = self.actions(rows)
        known = self._fields
        for name, values in given.items():
            if name not in known:
                raise InputError(f"action of {self.name}: {name!r} given; {nearest(str(name), list(known))}")
            try:
                array = np.asarray(values)
            except ValueError as error:
                raise InputError(f"action of {self.name}: {name} is no array ({error})") from None
            if array.dtype.kind not in "iufb" or array.shape not in ((), (rows,)):
                raise InputError(
                    f"action of {self.name}: {name} has type {array.dtype} and shape {array.shape}, "
                    f"allowed is one number or {rows} of them, one per row"
                )
            low, high = known[name].low, known[name].high
            if array.size and not (array.min() >= low and array.max() <= high):
                wrong = array[~((array >= low) & (array <= high))].flat[0]
                raise InputError(f"action of {self.name}: {name} is {wrong}, allowed is {low} to {high}")
            out[name] = np.rint(array) if array.dtype.kind == "f" else array
        return out


class Economy(Protocol):
    """A batch of worlds of one scenario: what `sim.world` steps and `sim.metrics` measures."""

    book: Any
    """The ledger's state; every array has a leading world axis."""
    ticks: int
    """Length of an episode."""
    names: Mapping[str, NDArray[np.int64]]
    """By role: the agent's name of each row of its view."""
    views: Mapping[str, NDArray[Any]]
    """By role: what its agents are shown now, one row per agent in every world. Read-only, and filled anew in place by `begin`
    and `advance`."""

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode from nothing; with `seeds`, under new run seeds, one per world."""

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """By role: what each agent has gained so far in this episode, µcoin: money, and the value that money does not show."""

    def outcome(self) -> Any:
        """What happened, with the private truth, for the metrics."""


class Hosting(Economy, Protocol):
    """An economy with seats for guests: agents with an account and a private type of their own, who are asleep at first."""

    guests: Mapping[str, int]
    """By role: how many of its agents are guests; they are the last of every world."""

    def wake(self, role: str, agent: int, *, world: int = 0, awake: bool = True) -> None:
        """Wake a guest from the present tick on, or send it to sleep."""


@dataclass(frozen=True)
class Scenario:
    """One economy: description, roles, parameters, presets and metrics."""

    name: str
    about: str
    roles: tuple[Role, ...]
    parameters: type[Parameters]
    presets: Mapping[str, Mapping[str, Any]]
    build: Callable[..., Economy]
    """``build(parameters, seeds=..., worlds=..., rows=..., threads=..., recorded=...)``"""
    metrics: tuple[str, ...]
    """Names from `sim.metrics.METRICS`."""
    tables: Callable[[Any], Mapping[str, Mapping[str, NDArray[Any]]]]
    """From an outcome to the tables that a run keeps beside its metrics: name -> column -> values, so many rows per world, world
    after world."""
    figures: tuple[str, ...]
    """Names of the figures of a report, from `sim.plots.FIGURES`, that can be drawn from those tables."""
    attack_metrics: tuple[str, ...] = ()
    """What is measured beside the metrics where there are attackers."""

    def role(self, name: str) -> Role:
        """The role of this name."""
        for role in self.roles:
            if role.name == name:
                return role
        raise InputError(f"role: {name!r} given; {nearest(name, [role.name for role in self.roles])}")

    def settings(self, preset: str, given: Mapping[str, Any]) -> Any:
        """The parameters of a preset with some of them replaced.

        Raises:
            InputError: unknown preset or parameter, wrong type, value out of range.
        """
        if preset not in self.presets:
            raise InputError(f"preset: {preset!r} given; {nearest(preset, list(self.presets))}")
        from pydantic import ValidationError

        try:
            return self.parameters(**{**self.presets[preset], **given})
        except ValidationError as error:
            raise InputError(self._explain(error)) from None

    def check(self, name: str, values: Iterable[int]) -> None:
        """Refuse values that a parameter can not have, whatever the others are.

        Raises:
            InputError: unknown parameter, or a value out of its range.
        """
        fields = self.parameters.model_fields
        if name not in fields:
            raise InputError(self._unknown(name))
        limits = limits_of(fields[name])
        for value in values:
            if not limits.get("ge", value) <= value <= limits.get("le", value):
                raise InputError(f"{name}: {value} given, allowed is {bounds(fields[name])}")

    def _unknown(self, name: str) -> str:
        return f"{name}: no such parameter of {self.name}; {nearest(name, list(self.parameters.model_fields))}"

    def _explain(self, error: Any) -> str:
        """One line for the first thing that is wrong with the parameters."""
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "parameters"
        fields = self.parameters.model_fields
        if first["type"] == "extra_forbidden":
            return self._unknown(name)
        if name not in fields:
            return str(first["msg"]).removeprefix("Value error, ")
        reason = first["msg"][0].lower() + first["msg"][1:]
        return f"{name}: {first['input']!r} given, {reason} ({bounds(fields[name])})"


def limits_of(field: Any) -> dict[str, int]:
    """The range of a parameter, as pydantic calls it: ge, le."""
    return {k: getattr(m, k) for m in field.metadata for k in ("ge", "le") if hasattr(m, k)}


def bounds(field: Any) -> str:
    """The range and unit of a parameter, as text."""
    limits = limits_of(field)
    unit = (field.json_schema_extra or {}).get("unit", "")
    return f"{limits.get('ge', '')} to {limits.get('le', '')} {unit}".strip()


def resolve(given: int | str, parameters: Any) -> int:
    """A whole number, or the value of the parameter of this name."""
    return int(getattr(parameters, given)) if isinstance(given, str) else given
