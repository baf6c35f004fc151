"""Which attacks there are: name -> attack. A new one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from agents.attacks.attack import Attack
from agents.registry import nearest
from chain.errors import InputError

ATTACKS: Mapping[str, Attack] = MappingProxyType({})


def find_attack(name: str) -> Attack:
    """The attack of this name.

    Raises:
        InputError: there is none.
    """
    if name not in ATTACKS:
        raise InputError(f"attack: {name!r} given; {nearest(str(name), list(ATTACKS))}")
    return ATTACKS[name]
