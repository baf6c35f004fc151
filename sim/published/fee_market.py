"""The page of `sim.published.base_fee`: where EIP-1559's base fee settles, and where it oscillates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.experiments.reading import Table, with_error
from sim.experiments.report import markdown
from sim.metrics.statistics import mean_interval
from sim.published import base_fee
from sim.published.base_fee import RATIOS, FeeMarket, threshold
from sim.published.result import Tables

TITLE = "The fee market: where EIP-1559's base fee settles, and where it oscillates"
PAPER = (
    "Buterin and others, “EIP-1559: Fee market change for ETH 1.0 chain”, 2019; its dynamics: Leonardos, Monnot, Reijsbergen, "
    "Skoulakis and Piliouras, “Dynamical analysis of the EIP-1559 Ethereum fee market”, AFT 2021"
)
TABLES: tuple[str, ...] = ("runs", "blocks")
FIGURES: tuple[str, ...] = ("fees.png", "level_and_oscillation.png")
METRICS = {
    "fee": ("mean base fee", "of V"),
    "level": ("mean base fee + its variance ÷ its mean", "of V"),
    "spread": ("standard deviation of the base fee", "of V"),
    "alternation_first": ("amplitude of the period of two blocks, second quarter of the blocks", "of V"),
    "alternation_last": ("amplitude of the period of two blocks, last quarter", "of V"),
    "used": ("gas used in a block", "of the target"),
    "full": ("blocks without room for one more", "share"),
}
plan, play = base_fee.plan, base_fee.play


def rules() -> list[Path]:
    """It needs no rules but the ledger's own."""
    return []


def size(e: FeeMarket) -> int:
    """Markets, one row each."""
    return len(e.ratios) * e.worlds


def config(e: FeeMarket) -> dict[str, Any]:
    """What decides the markets."""
    plain = {name: getattr(e, name) for name in ("quotient", "blocks", "value", "users", "worlds", "seed")}
    return {"demand_ratios": list(e.ratios), **plain}


def facts(e: FeeMarket) -> dict[str, Any]:
    """Up to which ratio the fee settles."""
    return {"threshold": threshold(e.quotient), "targets": {base_fee.arm_of(r): e.target(r) for r in e.ratios}}


def by_ratio(tables: Tables) -> Iterator[tuple[float, dict[str, Any]]]:
    """Each ratio with its rows of `runs`."""
    runs = tables["runs"]
    for arm in dict.fromkeys(runs["arm"].tolist()):
        rows = {name: column[runs["arm"] == arm] for name, column in runs.items()}
        yield float(rows["ratio"][0]), rows


def summary(tables: Tables, manifest: Mapping[str, Any]) -> Table:
    """By ratio: the level that is predicted, what the fee does, and how far it alternates."""
    quotient = manifest["config"]["quotient"]
    heads = ["N/T", "V (1 - T/N)", "mean fee", "mean + variance ÷ mean", "spread", "alternates by", "full blocks"]
    out = []
    for ratio, rows in by_ratio(tables):
        fee, level = (with_error(*mean_interval(rows[name])[:3]) for name in ("fee", "level"))
        first, last = (np.mean(rows[f"alternation_{quarter}"]) for quarter in ("first", "last"))
        predicted = f"{rows['predicted'][0]:.5f}"
        if ratio >= threshold(quotient):
            predicted, level = f"{predicted}, not stable", "no prediction"
        line = [f"{ratio:.4g}", predicted, fee, level, f"{np.mean(rows['spread']):.4f}", f"{first:.4f}, then {last:.4f}"]
        out.append([*line, f"{np.mean(rows['full']):.1%}"])
    return heads, out


def page(tables: Tables, manifest: Mapping[str, Any]) -> list[str]:
    """The text beside the figures."""
    config, edge = manifest["config"], manifest["threshold"]
    asked = len(config["demand_ratios"])
    stopped = "" if manifest["complete"] else f" It was stopped before its end: {asked} ratios were asked for."
    return [
        f"Each of {config['users']:,} users draws in every block what a transfer is worth to it, in money per gas, uniform on "
        f"[0, V] with V = {config['value']:,}, and signs one with that as its `max_fee` and no tip; who is not served leaves. "
        "N is the gas of all of them in a block, and T the target, half of the gas limit; EIP-1559's quotient q is "
        f"{config['quotient']}. {config['blocks']:,} blocks, of which the first quarter is not measured; {config['worlds']} "
        f"independent markets of each ratio N/T, with the same draws at every ratio.{stopped}",
        "The fee rests where demand is the target, at V (1 - T/N). The slope of the fee map there is 1 - (N/T - 1)/q: the level "
        f"is stable while N/T < 2q + 1 = {edge}, and above the fee oscillates for ever. Source: {PAPER}.",
        markdown(summary(tables, manifest)),
        "Fees as shares of V; mean ± half of its 95 % Student interval over the markets. *Spread*: the standard deviation over "
        "blocks. *Alternates by*: the amplitude of the period of two blocks, half of the distance between the means of every "
        "second block and of the others, in the second quarter of the blocks and in the last.",
        f"![Fees over blocks]({FIGURES[0]})",
        f"![Level and oscillation]({FIGURES[1]})",
        "Demand is random, so the fee never rests, and its mean is below V (1 - T/N) however long one waits: by its variance ÷ "
        "its mean, exactly, as long as no block is too small for its demand (`sim/published/base_fee.py` derives it). The mean "
        "with that correction is what has to be V (1 - T/N). Above the threshold blocks are too small in turn, and no mean is "
        "predicted.",
        "Where the fee oscillates it alternates by as much in the last quarter as in the second, and nearly by as much as the "
        "fee map without any noise. Elsewhere it is noise alone that alternates, by less the more users and blocks there are.",
        "The intervals are over markets of this demand. They do not say what demand leads to that is carried over, or that "
        "answers to fees.",
    ]


def figures(tables: Tables, manifest: Mapping[str, Any]) -> list[Any]:
    """Fees over blocks at several ratios; level and oscillation against the ratio."""
    from sim.plots.fee_market import fees_over_blocks, level_and_oscillation

    config = manifest["config"]
    predicted = {rows["arm"][0]: (ratio, float(rows["predicted"][0])) for ratio, rows in by_ratio(tables)}
    return [
        fees_over_blocks(tables["blocks"], predicted, config["value"], config["quotient"]),
        level_and_oscillation(tables["blocks"], tables["runs"], config["value"], config["quotient"]),
    ]


def options(config: Mapping[str, Any]) -> list[str]:
    """How to ask for it again."""
    plain = {"quotient": 8, "blocks": 1_000, "value": 10**9, "users": 4_000, "worlds": 20, "seed": 0}
    given = []
    if config["demand_ratios"] != [float(ratio) for ratio in RATIOS]:
        given += ["--demand-ratios", ",".join(f"{ratio!r}".removesuffix(".0") for ratio in config["demand_ratios"])]
    for name, default in plain.items():
        if config[name] != default:
            given += [f"--{name}", str(config[name])]
    return given
