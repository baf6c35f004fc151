"""What makes an attack pay less: contract parameters that a user can switch on. A new defence is one parameter and one line here.

Nothing in a market knows that it is attacked; a defence is a rule for everybody. Off means that the contract has no such rule at
all, on is what a sensible user would choose in the standard preset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agents.registry import nearest
from chain.errors import InputError
from sim.metrics.prices import COIN


@dataclass(frozen=True)
class Defence:
    """A contract parameter, or a few that belong together, and what they are when it is switched on and off."""

    name: str
    about: str
    """What it does, one sentence."""
    on: Mapping[str, Any]
    """Parameters that switch it on."""
    off: Mapping[str, Any]
    """The same parameters, switched off."""

    def __post_init__(self) -> None:
        """Refuse a defence that could not be switched off again: one whose two sides do not name the same parameters."""
        if not self.on or self.on.keys() != self.off.keys():
            raise ValueError(f"defence {self.name}: on names {list(self.on)}, off names {list(self.off)}, allowed is the same")


def _by_name(*defences: Defence) -> Mapping[str, Defence]:
    return MappingProxyType({defence.name: defence for defence in defences})


DEFENCES: Mapping[str, Mapping[str, Defence]] = MappingProxyType(
    {
        "service_market": _by_name(
            Defence(
                "stake",
                "A provider pledges 60 coins behind every job, of which a missed delivery takes half and an upheld dispute all: "
                "without `dispute`, bad work costs it nothing.",
                {"min_stake": 60 * COIN, "slash_bps": 10_000, "no_show_slash_bps": 5_000},
                {"min_stake": 0, "slash_bps": 0, "no_show_slash_bps": 0},
            ),
            Defence(
                "dispute",
                "An arbiter finds out bad work in nine disputes of ten, and the client gets its money back: without `stake`, "
                "that is all that a bad provider loses.",
                {"arbiter_bps": 9_000},
                {"arbiter_bps": 0},
            ),
            Defence(
                "registration_fee",
                "A new identity costs 200 coins, burned; who keeps the one it began with pays nothing.",
                {"registration_fee": 200 * COIN},
                {"registration_fee": 0},
            ),
            Defence(
                "decay",
                "Every new rating takes a tenth of the weight of all earlier ones, so that a good name must be earned again and "
                "again.",
                {"rating_decay_bps": 1_000},
                {"rating_decay_bps": 0},
            ),
            Defence(
                "payment_weight",
                "A rating weighs as much as the price of its job, so that praise for cheap jobs makes no name.",
                {"rating_by_payment": 1},
                {"rating_by_payment": 0},
            ),
            Defence(
                "backed_offers",
                "An offer is shown only while its provider has the stake of one more job free: one that is changed or withdrawn "
                "in the same block, ahead of the hires, still lures clients away.",
                {"backed_offers": 1},
                {"backed_offers": 0},
            ),
            Defence(
                "eigentrust",
                "A provider's score is not the mean of its ratings, but the trust that reaches it from clients who are trusted "
                "beforehand, the first half of all: praise among strangers counts for nothing.",
                {"trust_every": 1},
                {"trust_every": 0},
            ),
        )
    }
)
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
