"""Which policies there are: role -> name -> factory. A new policy is one file and one line here.

Learned policies are no code, but directories with two inert files (`agents.learned.bundle`): those that come with LedgerLab lie
in results/policies/ROLE/NAME, and are found by name.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agents.mixture import members_of, mixed
from agents.scripted.arbitrage import Arbitrage
from agents.scripted.best_rated import BestRated
from agents.scripted.best_response import BestResponse
from agents.scripted.builders import Fair, Sandwich
from agents.scripted.cheapest import Cheapest
from agents.scripted.cost_plus import CostPlus
from agents.scripted.going_rate import HonestEffort, LowEffort
from agents.scripted.kaplan import Kaplan
from agents.scripted.once_bitten import OnceBitten
from agents.scripted.random_choice import RandomChoice
from agents.scripted.random_price import RandomPrice
from agents.scripted.sealed_bids import EquilibriumBid, RandomBid, TruthfulBid
from agents.scripted.static_prices import Monopoly, Nash
from agents.scripted.swaps import AtValue, Marginal, Tolerant
from agents.scripted.thompson import Thompson
from agents.scripted.tit_for_tat import TitForTat
from agents.scripted.truthful import Truthful
from agents.scripted.undercutting import Undercutting
from agents.scripted.zero_intelligence import ZeroIntelligence
from chain.errors import InputError

POLICIES: Mapping[str, Mapping[str, Callable[[], Any]]] = MappingProxyType(
    {
        "client": MappingProxyType(
            {
                "random": RandomChoice,
                "cheapest": Cheapest,
                "best_rated": BestRated,
                "thompson": Thompson,
                "once_bitten": OnceBitten,
            }
        ),
        "seller": MappingProxyType(
            {
                "best_response": BestResponse,
                "nash": Nash,
                "monopoly": Monopoly,
                "tit_for_tat": TitForTat,
                "random_price": RandomPrice,
            }
        ),
        "bidder": MappingProxyType(
            {
                "equilibrium": EquilibriumBid,
                "truthful_bid": TruthfulBid,
                "random_bid": RandomBid,
            }
        ),
        "buyer": MappingProxyType({"zero_intelligence": ZeroIntelligence, "truthful": Truthful, "kaplan": Kaplan}),
        "supplier": MappingProxyType({"zero_intelligence": ZeroIntelligence, "truthful": Truthful, "kaplan": Kaplan}),
        "trader": MappingProxyType({"tolerant": Tolerant, "at_value": AtValue, "marginal": Marginal}),
        "arbitrageur": MappingProxyType({"arbitrage": Arbitrage}),
        "builder": MappingProxyType({"fair": Fair, "sandwich": Sandwich}),
        "provider": MappingProxyType(
            {
                "cost_plus": CostPlus,
                "undercutting": Undercutting,
                "honest_effort": HonestEffort,
                "low_effort": LowEffort,
            }
        ),
    }
)

BUNDLES = Path(__file__).parents[1] / "results" / "policies"
DESCRIPTION = "policy.json"
"""A directory with such a file is a bundle."""


def shipped(role: str) -> dict[str, Path]:
    """The learned policies of a role that come with LedgerLab: name -> directory."""
    return {file.parent.name: file.parent for file in sorted(BUNDLES.glob(f"*/*/{DESCRIPTION}")) if file.parts[-3] == role}


def bundle_of(role: str, wanted: Any) -> Path | None:
    """The directory of the learned policy that is meant: a shipped one by name, or the path of a bundle; None if none is."""
    if not isinstance(wanted, str) or wanted in POLICIES.get(role, {}):
        return None
    if wanted in (learned := shipped(role)):
        return learned[wanted]
    return Path(wanted) if os.path.isfile(os.path.join(wanted, DESCRIPTION)) else None


SHOWN = 32
"""A message names so many of what is allowed at most."""


def nearest(given: str, allowed: list[str]) -> str:
    """The end of an error message: what is allowed, and the nearest valid name if there is one."""
    close = get_close_matches(given, allowed, 1, 0.5)
    more = f" and {len(allowed) - SHOWN} more" if len(allowed) > SHOWN else ""
    return f"allowed are {', '.join(allowed[:SHOWN])}{more}" + (f"; did you mean {close[0]}?" if close else "")


def find(role: str, wanted: Any) -> tuple[str, Any]:
    """A policy with its label: by registered name, by the name or path of a bundle, by ``path.py:name``, or given as it is; or a
    mixture (`agents.mixture`).

    Raises:
        InputError: the name, the file or the thing in it is not to be had, or it can not act.
    """
    if members := members_of(wanted):
        return mixed((*find(role, one), count) for one, count in members)
    if isinstance(wanted, str):
        known = POLICIES.get(role, {})
        if wanted in known:
            return wanted, known[wanted]()
        if (folder := bundle_of(role, wanted)) is not None:
            return _learned(role, wanted, folder)
        if wanted.endswith(".zip"):
            raise InputError(
                f"policy {role}={wanted}: loading a zip of Stable-Baselines3 runs code from the file; allowed with --trust "
                f"(trust=True) if it is your own, or a bundle"
            )
        if ":" in wanted:
            return wanted.rpartition("/")[2], _from_file(role, wanted)
        raise InputError(
            f"policy {role}={wanted}: no such policy, no bundle and no path.py:name; {nearest(wanted, [*known, *shipped(role)])}"
        )
    if isinstance(wanted, type):
        try:
            wanted = wanted()
        except Exception as error:
            raise InputError(f"policy {role}={wanted.__name__}: can not be made ({type(error).__name__}: {error})") from error
    if not callable(getattr(wanted, "act", wanted)):
        raise InputError(
            f"policy {role}: {type(wanted).__name__} given, allowed is a name, path.py:name, or act(view, memory, dice); or a "
            "mapping from those to numbers of agents"
        )
    return str(getattr(wanted, "__name__", type(wanted).__name__)), wanted


def _learned(role: str, wanted: str, folder: Path) -> tuple[str, Any]:
    """A learned policy, labelled by the name of its directory."""
    from agents.learned.bundle import load_bundle

    try:
        return folder.resolve().name, load_bundle(folder)
    except InputError as error:
        raise InputError(f"policy {role}={wanted}: {error}") from None


def _from_file(role: str, wanted: str) -> Any:
    """Import a file of the user's own and take one name out of it."""
    path, _, name = wanted.rpartition(":")
    file = Path(path)
    if file.suffix != ".py" or not os.path.isfile(file):
        raise InputError(f"policy {role}={wanted}: no Python file {path}; allowed is path.py:name, or NAME:AGENTS+NAME:AGENTS")
    spec = importlib.util.spec_from_file_location(
        f"ledgerlab_policy_{sha256(str(file.resolve()).encode()).hexdigest()[:16]}", file
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"policy {role}={wanted}: {path} can not be imported ({type(error).__name__}: {error})") from error
    names = [n for n, thing in vars(module).items() if callable(thing) and not n.startswith("_")]
    if name not in names:
        raise InputError(f"policy {role}={wanted}: no such name in {path}; {nearest(name, names)}")
    return find(role, getattr(module, name))[1]
