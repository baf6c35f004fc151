"""What can be said on the command line: options that commands share, and how their text is read."""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from chain.errors import InputError

V = TypeVar("V")

ScenarioName = Annotated[str, typer.Argument(help="Name of a scenario; see `ledgerlab list`.")]
Preset = Annotated[str, typer.Option(help="Settings to start from.")]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        help="ROLE=NAME[,NAME...]: several are compared. A name, the directory of a learned one, path.py:name, or a mixture "
        "NAME:AGENTS+NAME:AGENTS. Repeatable.",
    ),
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="PARAM=VALUE, a whole number. Repeatable.")]
Attacks = Annotated[
    list[str] | None,
    typer.Option("--attack", help="NAME=SHARE of its first role's agents, 0 to 1. Repeatable; see `ledgerlab list`."),
]
Defences = Annotated[
    list[str] | None, typer.Option("--defence", help="Switched on, and off once more to compare; with --attack. Repeatable.")
]
Seeds = Annotated[str, typer.Option(metavar="N", help="Number of random worlds per arm.")]
Out = Annotated[Path | None, typer.Option(help="A new or an empty directory; one under results/ if not given.")]
Threads = Annotated[str, typer.Option(metavar="N", help="Worlds are shared out over so many threads; it changes no result.")]
Reported = Annotated[
    bool, typer.Option("--report/--no-report", help="Also write report.md and figures, as `ledgerlab report DIR` does.")
]
Ledgers = Annotated[
    bool, typer.Option("--ledgers", help="Also keep every world's ledger, block by block, for `ledgerlab audit`.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Let a policy be a raw zip of Stable-Baselines3, which runs code from the file.")
]


def whole(option: str, text: str) -> int:
    """A whole number, underscores allowed.

    Raises:
        InputError: it is something else.
    """
    if not re.fullmatch(r"[+-]?[0-9](_?[0-9]){0,30}", text):
        raise InputError(f"{option}: {text!r} given, allowed is a whole number, such as 10 or 5_000_000")
    return int(text)


def decimal(option: str, text: str) -> float:
    """A number.

    Raises:
        InputError: it is something else.
    """
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} given, allowed is a number, such as 0.15 or 4e-6") from None


def parse_policies(given: Sequence[str]) -> dict[str, list[str]]:
    """Role -> names, from ``ROLE=NAME[,NAME...]``.

    Raises:
        InputError: no role, no name, or an empty one.

    >>> parse_policies(["client=random,cheapest"])
    {'client': ['random', 'cheapest']}
    """
    out: dict[str, list[str]] = {}
    for text in given:
        role, equals, names = text.partition("=")
        several = names.split(",")
        if not equals or not role or not all(several):
            raise InputError(f"--policy: {text!r} given, allowed is ROLE=NAME[,NAME...]")
        out.setdefault(role, []).extend(several)
    return out


def parse_attacks(given: Sequence[str]) -> dict[str, float]:
    """Attack -> share, from ``NAME=SHARE``.

    Raises:
        InputError: no name, no number, or a name given twice.

    >>> parse_attacks(["shirker=0.25"])
    {'shirker': 0.25}
    """
    return _pairs("--attack", "NAME=SHARE, such as shirker=0.25", given, decimal)


def parse_settings(given: Sequence[str]) -> dict[str, int]:
    """Parameter -> value, from ``PARAM=VALUE`` with a whole number, underscores allowed.

    Raises:
        InputError: no name, not a whole number, or a name given twice.

    >>> parse_settings(["clients=10", "min_stake=5_000_000"])
    {'clients': 10, 'min_stake': 5000000}
    """
    return _pairs("--set", "PARAM=VALUE", given, whole)


def _pairs(option: str, form: str, given: Sequence[str], read: Callable[[str, str], V]) -> dict[str, V]:
    """Name -> what `read` makes of the text after the equals sign; each name once."""
    out: dict[str, V] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{option}: {text!r} given, allowed is {form}")
        if name in out:
            raise InputError(f"{option} {name}: given twice, allowed is once")
        out[name] = read(f"{option} {name}", value)
    return out


RUN = ("scenario", "policies", "seeds", "preset", "attack", "defence", "threads", "trust")
"""Arguments of `sim.experiments.run.plan`, which are options of their own."""


def free(parameters: dict[str, int], reserved: Collection[str] = RUN, scenario: str = "") -> dict[str, Any]:
    """The same parameters, unless one has the name of an argument that is an option of its own.

    Raises:
        InputError: one has; the message names the scenario, if given.
    """
    for name in parameters:
        if name in reserved:
            where = f"ledgerlab explain {scenario}".rstrip()
            raise InputError(f"--set {name}: no such parameter; allowed are those that `{where}` lists")
    return parameters
