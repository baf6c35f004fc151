"""What is said of a spec that is wrong: one line, the field first, then what was given, then what is allowed."""

import reprlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.registry import nearest

SHOWN = 60
"""Characters of a wrong value that a message repeats."""
FILE, NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$", r"^[a-z][a-z0-9_]{0,59}$"
PRINTED, LABEL, PROSE = r"^[^\p{C}\p{Zl}\p{Zp}]+$", r"^[^\p{C}\p{Zl}\p{Zp},=|<>]+$", r"^([^\p{C}\p{Zl}\p{Zp}]|[\n\t])*$"
FORMS = {
    FILE: "up to 60 of a-z, 0-9, _ and -, of which the first is a letter or a digit",
    NAME: "up to 60 of a-z, 0-9 and _, of which the first is a letter",
    PRINTED: "printable characters on one line",
    LABEL: "printable characters on one line, and none of , = | < >",
    PROSE: "printable characters",
}
"""What texts must look like, as patterns and in words."""
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = SHOWN


def shown(value: Any) -> str:
    """A wrong value, not longer than a line.

    >>> shown("x" * 10**6), shown(10**5_000)
    ("'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'", 'an int too large to show')
    """
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # of more digits than Python writes
        text = "an int too large to show"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def plain(name: str) -> str:
    """A name in a message: as it is, or quoted where it would not be read as one."""
    return name if name.isprintable() and 0 < len(name) <= SHOWN else shown(name)


def line(text: str) -> str:
    """A reason, on one line and not long."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])


def explained(error: ValidationError, whole: type[BaseModel], parts: Mapping[str, type[BaseModel]]) -> str:
    """One line for the first thing that is wrong.

    Args:
        error: what pydantic found.
        whole: the model of a spec.
        parts: by field, the models of what is in it.
    """
    found = error.errors(include_url=False)
    first = found[0]
    if first["type"] == "value_error":
        return f"spec: {first['ctx']['error']!s}"
    if first["type"] == "extra_forbidden":
        *inside, last = (str(place) for place in first["loc"])
        model = parts[inside[0]] if inside else whole
        return f"spec: {_where([*inside, last])} is no such field; {nearest(last[:SHOWN], list(model.model_fields))}"
    names = _fields(first)
    if first["type"] == "missing":
        return f"spec: {_where(names)} is missing, allowed is a spec that says it"
    same = [one for one in found if _fields(one)[: len(names)] == names]
    deepest = max(same, key=lambda one: len(_fields(one)))  # a value in a list says more than that a list is no number
    reasons = dict.fromkeys(_reason(one) for one in same if _fields(one) == _fields(deepest))
    place = "".join(f"{where}: " for where in [_where(_fields(deepest))] if where)
    return f"spec: {place}{shown(deepest['input'])} given, allowed is {' or '.join(reasons)}"


def _reason(error: Any) -> str:
    """What is allowed where something else was given."""
    if error["type"] == "string_pattern_mismatch":
        return FORMS[error["ctx"]["pattern"]]
    text = str(error["msg"]).partition(" after validation")[0]
    for before in ("Input", "String", "List", "Dictionary", "Keys"):
        text = text.removeprefix(f"{before} should be ").removeprefix(f"{before} should have ")
    return text[0].lower() + text[1:]


def _where(names: list[str]) -> str:
    """A field of a spec, with dots."""
    return ".".join(map(plain, names))


def _fields(error: Any) -> list[str]:
    """The names in the place of a pydantic error, without the branches of unions."""
    branches = ("[key]", "list[", "function-", "constrained-")
    return [str(place) for place in error["loc"] if not (isinstance(place, str) and place.startswith(branches))]
