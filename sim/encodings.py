"""A role as learners see it: which features and fields, in which form, and whether something learned fits it."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from agents.encoding import Encoding, Feature, Field
from agents.registry import nearest
from chain.errors import InputError
from sim.scenario import OFFERS_SHOWN, Column, Role, Scenario, resolve


def words_of(role: Role) -> list[tuple[str, Column]]:
    """The 64-bit words of a role's view in their order: name and column of each."""
    return [
        (f"{column.name}.{inner.name}.{row}" if column.of else column.name, inner)
        for column in role.view
        for row in range(OFFERS_SHOWN if column.of else 1)
        for inner in column.of or (column,)
    ]


def layout_of(role: Role) -> str:
    """SHA-256 (hex) of the names, ranges and units of a role's view and action: what a learned policy depends on."""
    seen = [(name, column.low, column.high, column.unit) for name, column in words_of(role)]
    done = [(column.name, column.low, column.high, column.unit, column.default) for column in role.action]
    return hashlib.sha256(json.dumps([seen, done]).encode()).hexdigest()


def encoding_of(
    scenario: Scenario, role: str, parameters: Any, fields: Sequence[str] | None = None, form: str | None = None
) -> Encoding:
    """A role as learners see it.

    Args:
        scenario: the economy.
        role: name of the role.
        parameters: its settings, from `Scenario.settings`; scales and spans may depend on them.
        fields: the fields of the action that are to be learned; the role's own choice if not given. The others stay at their
            defaults.
        form: ``box``, ``multidiscrete`` or ``discrete``; the role's own if not given.

    Raises:
        InputError: an unknown role, field or form, or a field that can not be learned.
    """
    played = scenario.role(role)
    shown, places, word = [], {}, 0
    for column in played.view:
        for row in range(OFFERS_SHOWN if column.of else 1):
            for inner in column.of or (column,):
                name = f"{column.name}.{inner.name}.{row}" if column.of else column.name
                places[name] = word
                if inner.scale and row < resolve(column.rows, parameters):
                    shown.append(Feature(name, word, resolve(inner.scale, parameters) or 1))
                word += 1
    can = {column.name: column for column in played.action if column.span}
    wanted = played.learn if fields is None else tuple(fields)
    if not wanted or len(set(wanted)) < len(wanted):
        raise InputError(f"fields: {', '.join(wanted) or 'none'} given, allowed are different ones of {', '.join(can)}")
    chosen = []
    for name in wanted:
        if name not in can:
            raise InputError(f"fields: {name!r} given; {nearest(str(name), list(can))}")
        column = can[name]
        assert column.span is not None
        low, high = (resolve(end, parameters) for end in column.span)
        words: tuple[int, ...] = ()
        if column.valid is not None:
            table, inner_name = column.valid
            words = tuple(places[f"{table}.{inner_name}.{row}"] for row in range(OFFERS_SHOWN))
        chosen.append(Field(name, low, max(low, high), resolve(column.levels, parameters), words))
    return Encoding(scenario.name, role, form or played.form, tuple(shown), tuple(chosen), word, layout_of(played))


def check_fit(scenario: Scenario, role: Role, encoding: Encoding) -> None:
    """Nothing, if what was learned with this encoding can play this role.

    Raises:
        InputError: it was learned for another scenario or role, or the view or the action has changed since.
    """
    if (encoding.scenario, encoding.role) != (scenario.name, role.name):
        raise InputError(
            f"learned for the role {encoding.role} of {encoding.scenario}, given for the {role.name} of {scenario.name}"
        )
    if encoding.layout != layout_of(role):
        names = [name for name, _ in words_of(role)]
        moved = [f.name for f in encoding.features if f.word >= len(names) or names[f.word] != f.name]
        what = f" ({moved[0]} is not where it was)" if moved else ""
        raise InputError(
            f"learned with another view or action of the {role.name} of {scenario.name} than it has now{what}; allowed is one "
            f"that was trained with this version"
        )
