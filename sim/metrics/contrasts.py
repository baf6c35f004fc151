"""Arms summarised and compared: from rows to one line per metric and arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.metrics import METRICS
from sim.metrics.statistics import holm, mean_interval, paired_difference

Columns = dict[str, NDArray[Any]]
"""A table: columns of equal length by name."""


def contrasts(rows: Columns, metrics: Sequence[str], baseline: str | None = None) -> Columns:
    """Summarise runs: one row per metric and arm.

    Args:
        rows: runs, with columns arm, seed and the metrics.
        metrics: which to summarise.
        baseline: label of the arm that the others are compared with, the first if not given.

    Returns:
        Columns metric, arm, n (worlds where the metric is defined), mean, low, high (95 % Student interval), difference,
        difference_low, difference_high (mean paired difference to the baseline over the seeds both have), pairs, and p
        (two-sided, Holm-adjusted over the arms of a metric); the last five are NaN or 0 for the baseline itself, and where a
        metric is about an attack's own accounts and the two arms are of different attacks.
    """
    arms = list(dict.fromkeys(rows["arm"].tolist()))
    first = arms[0] if baseline is None else baseline
    out: dict[str, list[Any]] = {"metric": [], "arm": []}
    numbers = []
    for metric in metrics:
        for arm in arms:
            out["metric"].append(metric)
            out["arm"].append(arm)
        blocks = [_contrast(rows, metric, arm, first) for arm in arms]
        adjusted = holm([block[-1] for block in blocks])
        numbers += [(*block[:-1], p) for block, p in zip(blocks, adjusted.tolist(), strict=True)]
    names = ("n", "mean", "low", "high", "difference", "difference_low", "difference_high", "pairs", "p")
    table: Columns = {name: np.array(values, object) for name, values in out.items()}
    for name, values in zip(names, zip(*numbers, strict=True), strict=True):
        table[name] = np.array(values, np.int64 if name in ("n", "pairs") else np.float64)
    return table


def _by_attack(metric: str) -> bool:
    """Whether a metric is about the accounts of an attack."""
    return metric in METRICS and METRICS[metric].by_attack


def _attack_of(rows: Columns, mine: NDArray[np.bool_]) -> Any:
    """The attack of an arm, None without one."""
    return rows["attack"][mine][0] if "attack" in rows and mine.any() else None


def _contrast(rows: Columns, metric: str, arm: str, baseline: str) -> tuple[float, ...]:
    """n, mean, low, high, difference, its low and high, pairs, p of one arm and metric."""
    own, base = rows["arm"] == arm, rows["arm"] == baseline
    mean = mean_interval(rows[metric][own])
    summary = (mean.n, mean.mean, mean.low, mean.high)
    if arm == baseline or (_by_attack(metric) and _attack_of(rows, own) != _attack_of(rows, base)):
        return tuple(float(x) for x in (*summary, np.nan, np.nan, np.nan, 0, np.nan))
    _, mine, theirs = np.intersect1d(rows["seed"][own], rows["seed"][base], return_indices=True)
    d = paired_difference(rows[metric][own][mine], rows[metric][base][theirs])
    return tuple(float(x) for x in (*summary, d.mean, d.low, d.high, d.n, d.p))
