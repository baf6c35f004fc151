"""The page of `sim.published.catch_up`: how often a payment is undone by a longer branch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.experiments.reading import Table
from sim.experiments.report import markdown
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import share_interval
from sim.published import catch_up
from sim.published.catch_up import FORGONE, CatchUp, deficit
from sim.published.result import Tables

TITLE = "Double spending: how often a payment is undone by a longer branch"
PAPER = "Rosenfeld, “Analysis of hashrate-based double spending”, 2014 (arXiv:1402.2009)"
TABLES: tuple[str, ...] = ("runs", "cells")
FIGURES: tuple[str, ...] = ("double_spend.png",)
METRICS = {
    "success": ("attacks after which the attacker has its money again", "share"),
    "paid": ("what the merchant has in the end", "money"),
    "public": ("blocks of the public branch when it was decided", "blocks"),
    "secret": ("blocks of the attacker's branch", "blocks"),
}
plan, play = catch_up.plan, catch_up.play


def rules() -> list[Path]:
    """It needs no rules but the ledger's own."""
    return []


def size(e: CatchUp) -> int:
    """Races, one row each."""
    return len(e.shares) * len(e.confirmations) * e.trials


def config(e: CatchUp) -> dict[str, Any]:
    """What decides the races."""
    return {"shares_bps": list(e.shares), "confirmations": list(e.confirmations), "trials": e.trials, "seed": e.seed}


def facts(e: CatchUp) -> dict[str, Any]:
    """How far behind attackers give up."""
    return {"forgone": FORGONE, "gives_up_behind": {f"{share / 10_000:g}": deficit(share / 10_000) for share in e.shares}}


def measured(tables: Tables) -> Columns:
    """One row per share and number of confirmations: share, confirmations, trials, successes, measured share with its exact 95 %
    interval (low, high), and the closed form (predicted)."""
    runs, cells = tables["runs"], tables["cells"]
    mine = [runs["success"][runs["arm"] == arm] for arm in cells["arm"]]
    successes, trials = np.array([one.sum() for one in mine]), np.array([one.size for one in mine])
    found = share_interval(successes, trials)
    out = {name: cells[name] for name in ("share", "confirmations", "predicted")}
    return out | {"successes": successes, "trials": trials, "measured": found.mean, "low": found.low, "high": found.high}


def summary(tables: Tables, manifest: Mapping[str, Any]) -> Table:
    """By share and number of confirmations: closed form, what was measured with its interval, and how far apart they are."""
    heads = ["q", "confirmations", "closed form", "measured", "95 % interval", "standard errors away", "trials"]
    found = measured(tables)
    errors = np.sqrt(found["predicted"] * (1 - found["predicted"]) / found["trials"])
    away = (found["measured"] - found["predicted"]) / errors
    out = []
    for k, share in enumerate(found["share"].tolist()):
        predicted, mean, low, high = (found[name][k] for name in ("predicted", "measured", "low", "high"))
        line = [f"{share:g}", str(found["confirmations"][k]), f"{predicted:.3%}", f"{mean:.3%}", f"{low:.3%} to {high:.3%}"]
        out.append([*line, f"{away[k]:+.1f}", str(found["trials"][k])])
    return heads, out


def page(tables: Tables, manifest: Mapping[str, Any]) -> list[str]:
    """The text beside the figure."""
    config = manifest["config"]
    asked = len(config["shares_bps"]) * len(config["confirmations"])
    stopped = "" if manifest["complete"] else f" It was stopped before its end: {asked} cells were asked for."
    behind = ", ".join(f"{blocks} blocks at q = {share}" for share, blocks in manifest["gives_up_behind"].items())
    return [
        "An attacker with a share q of the computing power has found one block in secret, in which its money goes to an account "
        "of its own. It pays a merchant on the public branch, waits for n confirmations, and publishes its branch when that is "
        f"strictly longer. {config['trials']:,} races of each q and n, each on a ledger of its own that really goes over to the "
        f"longer branch; whether the attack succeeded is read from balances on the public node.{stopped}",
        "The closed form is that of " + PAPER + ": r = 1 - Σ C(m + n - 1, m) (p^n q^m - p^m q^n) over m = 0 .. n, p = 1 - q.",
        markdown(summary(tables, manifest)),
        f"![Success of double spending]({FIGURES[0]})",
        "Intervals are exact ones of Clopper and Pearson: each covers its chance in at least 95 % of such experiments, so "
        "of many some will miss it. Standard errors are those of the closed form; where few successes are expected they are no "
        "measure of surprise.",
        f"An attacker gives up where it would come to be ahead with a chance of at most {manifest['forgone']:g}: {behind} "
        "behind. That lowers the measured shares by less than this chance.",
        "One block is found per tick and reaches everybody at once: real networks have delays, which help the attacker.",
    ]


def figures(tables: Tables, manifest: Mapping[str, Any]) -> list[Any]:
    """Success against confirmations."""
    from sim.plots.double_spend import success_by_confirmations

    return [success_by_confirmations(measured(tables))]


def options(config: Mapping[str, Any]) -> list[str]:
    """How to ask for it again."""
    given = []
    if config["shares_bps"] != [1_000, 2_000, 3_000]:
        given += ["--shares", ",".join(f"{share / 10_000:g}" for share in config["shares_bps"])]
    if config["confirmations"] != [1, 2, 3, 4, 5, 6]:
        given += ["--confirmations", ",".join(map(str, config["confirmations"]))]
    for name, default in (("trials", 2_000), ("seed", 0)):
        if config[name] != default:
            given += [f"--{name}", str(config[name])]
    return given
