"""The figures of learners that set prices: how far above competition their profits end, and what follows a deviation."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval
from sim.plots.style import GREY, PALETTE, dress, head, legend, line_with_band

BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
BIN = 0.05
"""Width of a bar in units of the profit gain."""


def profit_gains(runs: Columns) -> Figure:
    """How the profit gains of the sessions are distributed, with their mean, its 95 % interval, and both benchmarks."""
    gains = np.asarray(runs["profit_gain"], float)
    mean, low, high, n = mean_interval(gains)
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    lowest = np.floor(min(gains.min(), 0.0) / BIN) * BIN
    highest = np.ceil(max(gains.max(), 1.0) / BIN) * BIN
    edges = np.linspace(lowest, highest, round((highest - lowest) / BIN) + 1)
    counts, _ = np.histogram(gains, edges)
    axes.bar(edges[:-1], counts / gains.size, BIN, align="edge", color=PALETTE[0], edgecolor="white", linewidth=0.8)
    top = counts.max() / gains.size
    _benchmark(axes, 0, "Nash", top)
    _benchmark(axes, 1, "monopoly", top)
    axes.axvspan(low, high, color=PALETTE[1], alpha=0.25, linewidth=0)
    axes.axvline(mean, color=PALETTE[1], linewidth=1.8)
    half = "" if np.isnan(high) else f" ± {high - mean:.3f}"
    axes.annotate(
        f"mean {mean:.3f}{half}",
        (mean, 1.08 * top), (-6, 0), textcoords="offset points", ha="right", va="center",
        color=PALETTE[1], fontsize=10, fontweight="bold", bbox=BEHIND,
    )  # fmt: skip
    axes.set_ylim(0, 1.2 * top)
    axes.set_xlim(lowest - BIN, highest + BIN)
    head(figure, f"Profit gain of {n} sessions")
    dress(axes, "profit gain: 0 = Nash, 1 = monopoly (mean with its 95 % interval)", "share of sessions")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return figure


def _benchmark(axes: Axes, at: float, name: str, top: float) -> None:
    """A dashed line at a benchmark, named on its left side."""
    axes.axvline(at, color=GREY, linewidth=1.2, linestyle="--")
    axes.annotate(
        name, (at, 1.15 * top), (5, 0), textcoords="offset points", color=GREY, fontsize=9, va="center", bbox=BEHIND
    )  # fmt: skip


def impulse_response(impulse: Columns, marks: dict[str, float], rivals: str = "rival") -> Figure:
    """Mean prices around a forced deviation in period 0, of the seller that deviates and of the others, with 95 % intervals.

    Args:
        impulse: columns seed, period, deviator and rivals (prices), periods alike for every seed.
        marks: price by name, drawn as dashed lines.
        rivals: what the others are called.
    """
    periods = np.unique(impulse["period"])
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.axvspan(-0.5, 0.5, color="#EEEEEE", linewidth=0)
    for k, (column, label) in enumerate((("deviator", "seller that deviates"), ("rivals", rivals))):
        prices = np.asarray(impulse[column], float).reshape(-1, periods.size)
        line_with_band(axes, periods.astype(float), prices, label, k)
        axes.plot(periods, prices.mean(axis=0), "os"[k], markersize=4.5, color=PALETTE[k])
    last: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 9}
    for name, price in marks.items():
        axes.axhline(price, color=GREY, linewidth=1.2, linestyle="--")
        axes.annotate(name, (1, price), (-2, 4), ha="right", color=GREY, **last)
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
    axes.annotate("forced deviation", (0, 0.02), fontsize=8.5, color=GREY, **place)
    sessions = len(impulse["period"]) // periods.size
    head(figure, f"After a deviation: mean prices of {sessions} sessions and 95 % intervals")
    dress(axes, "period, relative to the deviation", "price, coins")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02, y=0.12)
    legend(figure, axes, "")
    return figure
