"""Which defences a scenario's contracts have: parameters that switch each of them on and off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agents.registry import nearest
from chain.errors import InputError


@dataclass(frozen=True)
class Defence:
    """Contract parameters that protect honest agents."""

    name: str
    about: str
    """What it does, one sentence."""
    on: Mapping[str, Any]
    """Parameters that switch it on."""
    off: Mapping[str, Any]
    """The same parameters, switched off."""


DEFENCES: Mapping[str, Mapping[str, Defence]] = MappingProxyType({})
"""Scenario -> name -> defence."""


def defences_of(scenario: str, names: Sequence[str]) -> list[Defence]:
    """The defences of a scenario with these names.

    Raises:
        InputError: it has no such defence, or one is named twice.
    """
    known = DEFENCES.get(scenario, {})
    for name in names:
        if name not in known:
            raise InputError(f"defence: {name!r} given; {nearest(str(name), list(known))}")
        if list(names).count(name) > 1:
            raise InputError(f"defence: {name!r} given twice, allowed is once")
    return [known[name] for name in names]
