"""What a spec may not ask for, found before anything is built of it: too much, or values that no parameter has."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from chain.errors import InputError
from sim.attack.defences import Defence
from sim.experiments.points import count, varied
from sim.experiments.run import PLANNER_BYTES, memory_bytes
from sim.experiments.spec import MOST_CELLS, MOST_ROWS, Spec
from sim.scenario import Scenario

COUNTABLE = 10**15
"""Larger numbers of cells are not written out."""


def common(spec: Spec) -> dict[str, int]:
    """The parameters that are the same in all cells."""
    return {**spec.fixed, **({} if spec.horizon is None else {"horizon": spec.horizon})}


def sides(spec: Spec) -> int:
    """Cells of one point, one attack with its share, and one arm."""
    return 1 if not spec.attacks else 5 if spec.defences else 3


def cells_in(spec: Spec, seeds: int) -> int:
    """The number of cells that a spec asks for, counted without making any.

    Raises:
        InputError: too many, or too many rows.
    """
    several = [{**spec.policies, **arm.policies}.values() for arm in spec.arms.values()] or [spec.policies.values()]
    arms = sum(math.prod(len(given) if isinstance(given, list) else 1 for given in policies) for policies in several)
    cases = sum(len(shares) if isinstance(shares, list) else 1 for shares in spec.attacks.values()) or 1
    factors = {"points": count(spec), "arms": arms, "attacks and shares": cases, "sides": sides(spec)}
    cells = math.prod(factors.values())
    if cells > MOST_CELLS:
        product = " x ".join(f"{_number(number)} {what}" for what, number in factors.items() if number > 1)
        raise InputError(f"spec: {product} = {_number(cells)} cells asked for, allowed are at most {MOST_CELLS:_}")
    if cells * seeds > MOST_ROWS:
        raise InputError(f"spec: {cells} cells of {seeds} seeds asked for, allowed are at most {MOST_ROWS:_} rows in all")
    return cells


def _number(number: int) -> str:
    return f"{number:_}" if number <= COUNTABLE else f"more than {COUNTABLE:_}"


def check_values(spec: Spec, scenario: Scenario) -> None:
    """Refuse parameters that the scenario does not have, and values outside their ranges, wherever they are given.

    Raises:
        InputError: there is one; the message begins with its place.
    """
    for place, name, values in _given(spec):
        try:
            scenario.check(name, values)
        except InputError as error:
            raise InputError(f"spec: {place}{error}") from None


def _given(spec: Spec) -> Iterator[tuple[str, str, Iterable[int]]]:
    """Every place where parameters are set, with their names and values."""
    yield from (("fixed.", name, [value]) for name, value in spec.fixed.items())
    yield from (("", name, [value]) for name, value in common(spec).items() if name not in spec.fixed)
    yield from (("grid.", name, values) for name, values in spec.grid.items())
    yield from ((f"sets.{k}.", name, [value]) for k, one in enumerate(spec.sets) for name, value in one.items())
    yield from (("sample.ranges.", name, ends) for name, ends in (spec.sample.ranges if spec.sample else {}).items())
    for label, arm in spec.arms.items():
        yield from ((f"arms.{label}.fixed.", name, [value]) for name, value in arm.fixed.items())


def check_switches(spec: Spec, defences: Iterable[Defence]) -> None:
    """Refuse a parameter that is given and that a defence sets, too."""
    elsewhere = {*common(spec), *varied(spec), *(name for arm in spec.arms.values() for name in arm.fixed)}
    for defence in defences:
        for name in defence.on:
            if name in elsewhere:
                raise InputError(f"spec: {name}: given, but the defence {defence.name} sets it; allowed is one of both")


def check_size(scenario: Scenario, settings: Any) -> None:
    """Refuse a world that can not fit in this machine's memory, before anything of it is built."""
    agents = sum(int(getattr(settings, role.count)) for role in scenario.roles if role.count)
    ticks = int(getattr(settings, "horizon", 1))
    least = PLANNER_BYTES * ticks * agents
    if least > memory_bytes():
        raise InputError(
            f"spec: a world of {agents} agents and {ticks} ticks needs {least / 2**30:.0f} GiB, allowed are the "
            f"{memory_bytes() / 2**30:.0f} GiB of this machine"
        )
