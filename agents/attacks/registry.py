"""Which attacks there are: name -> attack. A new attack is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from agents.attacks import decoy, exit_scam, shirker, sybil_rating, whitewasher
from agents.attacks.attack import Attack
from agents.registry import nearest
from chain.errors import InputError

ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "shirker": shirker.ATTACK,
        "whitewasher": whitewasher.ATTACK,
        "exit_scam": exit_scam.ATTACK,
        "sybil_rating": sybil_rating.ATTACK,
        "decoy": decoy.ATTACK,
    }
)


def find_attack(name: str) -> Attack:
    """The attack of this name.

    Raises:
        InputError: there is none.
    """
    if name not in ATTACKS:
        raise InputError(f"attack {name}: no such attack; {nearest(str(name), list(ATTACKS))}")
    return ATTACKS[name]
