"""`ledgerlab reproduce`: published results run again, each with options of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chain.errors import InputError
from sim.options import Out, Settings, Threads, decimal, free, parse_settings, whole


class ByName(TyperGroup):
    """Commands by the names of published results."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What was given.

        Raises:
            InputError: nothing was.
        """
        if not args:
            raise InputError(f"reproduce: no name given, allowed are {', '.join(self.commands)}")
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of this name.

        Raises:
            InputError: there is none; the message names the nearest.
        """
        if args[0] not in self.commands:
            from agents.registry import nearest

            raise InputError(f"reproduce: {args[0]!r} given; {nearest(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


reproduce = typer.Typer(name="reproduce", cls=ByName, help="Run a published experiment again: rows, a page, figures, manifest.")


def _run(name: str, out: Path | None, **given: Any) -> None:
    """Plan a published result, run it, and show what came out."""
    from sim.experiments.store import check_out
    from sim.reproduction import planned
    from sim.screen import reproduced

    experiment = planned(name, **given)
    check_out(out)
    reproduced(name, experiment, out)


def wholes(given: Mapping[str, str]) -> dict[str, Any]:
    """Whole numbers, by the names of their options.

    Raises:
        InputError: one of them is none.
    """
    return {option: whole(f"--{option}", text) for option, text in given.items()}


@reproduce.command()
def calvano(
    sessions: Annotated[str, typer.Option(metavar="N", help="Number of sessions.")] = "1000",
    alpha: Annotated[str, typer.Option(metavar="X", help="Learning rate.")] = "0.15",
    beta: Annotated[str, typer.Option(metavar="X", help="Exploration in period t is exp(-beta × t).")] = "4e-6",
    delta: Annotated[str, typer.Option(metavar="X", help="Discount factor.")] = "0.95",
    stable: Annotated[str, typer.Option(metavar="N", help="Converged after so many periods without a change.")] = "100_000",
    limit: Annotated[str, typer.Option(metavar="N", help="Most periods of a session.")] = "1_000_000_000",
    set_: Settings = None,
    threads: Threads = "1",
    out: Out = None,
) -> None:
    """Sellers that learn to collude (Calvano and others, 2020)."""
    parameters, rates = parse_settings(set_ or ()), {"alpha": alpha, "beta": beta, "delta": delta}
    counts = {"sessions": sessions, "stable": stable, "limit": limit, "threads": threads}
    given = wholes(counts)
    given |= {option: decimal(f"--{option}", text) for option, text in rates.items()}
    free(parameters, (*given, "name"), "posted_price")
    _run("calvano", out, **given, **parameters)


def decimals(option: str, text: str) -> list[float]:
    """Numbers between commas.

    Raises:
        InputError: one of them is none.
    """
    return [decimal(option, part) for part in text.split(",")]


@reproduce.command("fee_market")
def fee_market(
    demand_ratios: Annotated[
        str | None, typer.Option(metavar="X[,X]", help="Demand per block ÷ target (half of the gas limit); 2 to 26 if not given.")
    ] = None,
    quotient: Annotated[str, typer.Option(metavar="N", help="EIP-1559's denominator.")] = "8",
    blocks: Annotated[str, typer.Option(metavar="N", help="Blocks of each market; the first quarter is not measured.")] = "1000",
    value: Annotated[str, typer.Option(metavar="N", help="The most that a user pays, money per gas.")] = "1_000_000_000",
    users: Annotated[str, typer.Option(metavar="N", help="Each signs one transfer per block.")] = "4000",
    worlds: Annotated[str, typer.Option(metavar="N", help="Independent markets of each ratio.")] = "20",
    seed: Annotated[str, typer.Option(metavar="N", help="Run seed of the first market; the others have the next ones.")] = "0",
    out: Out = None,
) -> None:
    """Where EIP-1559's base fee settles, and where it oscillates (Leonardos and others, 2021)."""
    counts = {"quotient": quotient, "blocks": blocks, "value": value, "users": users, "worlds": worlds, "seed": seed}
    given = wholes(counts)
    if demand_ratios is not None:
        given["demand_ratios"] = decimals("--demand-ratios", demand_ratios)
    _run("fee_market", out, **given)


@reproduce.command("double_spend")
def double_spend(
    shares: Annotated[str, typer.Option(metavar="X[,X]", help="The attacker's parts of the computing power.")] = "0.1,0.2,0.3",
    confirmations: Annotated[str, typer.Option(metavar="N[,N]", help="Blocks that the merchant waits for.")] = "1,2,3,4,5,6",
    trials: Annotated[str, typer.Option(metavar="N", help="Races of each share and number of confirmations.")] = "2000",
    seed: Annotated[str, typer.Option(metavar="N", help="Run seed of all draws.")] = "0",
    out: Out = None,
) -> None:
    """How often a payment is undone by a longer branch (Rosenfeld, 2014)."""
    given = wholes({"trials": trials, "seed": seed})
    given["shares"] = decimals("--shares", shares)
    given["confirmations"] = [whole("--confirmations", part) for part in confirmations.split(",")]
    _run("double_spend", out, **given)
