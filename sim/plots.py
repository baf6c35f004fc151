"""The figures of a report, from stored rows alone. Each function returns a figure; nothing is kept between calls."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from sim.experiment import Columns
from sim.metrics.statistics import mean_interval

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
"""Colours that stay apart for colour-blind readers. Source: Okabe and Ito, "Color universal design", 2008; yellow left out."""
DASHES = ("-", "--", ":", "-.")
PARTS = {"clients": "#0072B2", "providers": "#E69F00", "fees and burned": "#CC79A7", "unrealised": "#CFCFCF"}
GREY = "#555555"
WINDOWS = 25
"""At most so many points in a line over time."""


def save(figure: Figure, file: BinaryIO) -> None:
    """Write a figure as PNG; equal rows give equal bytes."""
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None}, pil_kwargs={"compress_level": 6})


def short_labels(arms: Sequence[str]) -> tuple[str, list[str]]:
    """What varies between arms, and each arm without repeating it.

    >>> short_labels(["client=random", "client=cheapest"])
    ('client', ['random', 'cheapest'])
    """
    pairs = [[part.partition("=") for part in arm.split(", ")] for arm in arms]
    return " / ".join(p[0] for p in pairs[0]), [" / ".join(p[2] for p in parts) for parts in pairs]


def _look(k: int) -> dict[str, Any]:
    """Colour and dashes of the k-th arm."""
    return {"color": PALETTE[k % len(PALETTE)], "linestyle": DASHES[k // len(PALETTE) % len(DASHES)]}


def _head(figure: Figure, title: str) -> None:
    """Title of a figure with one panel."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def _dress(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Axis labels with units, a light grid, no box, and the title of a panel."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(figure: Figure, axes: Axes, title: str) -> None:
    """One legend below everything, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    widest = max(len(label) for label in labels)
    fit = max(1, int(figure.get_figwidth() * 13 / (widest + 8)))
    rows = -(-len(labels) // fit)
    look = {"frameon": False, "fontsize": 9, "title_fontsize": 9}
    figure.legend(handles, labels, title=title, loc="outside lower center", ncols=-(-len(labels) // rows), **look)


def per_world(ticks: Columns, arm: str, column: str) -> NDArray[np.float64]:
    """A column of one arm, shape (worlds, ticks)."""
    mine = ticks["arm"] == arm
    return np.asarray(ticks[column][mine], float).reshape(-1, int(ticks["tick"].max()) + 1)


def in_windows(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over at most `WINDOWS` spans of ticks, tick 0 left out: middle tick of each span, and sums (worlds, spans)."""
    length = values.shape[1] - 1
    width = -(-length // WINDOWS)
    starts = np.arange(0, length, width)
    stops = np.minimum(starts + width, length)
    return (starts + stops + 1) / 2, np.add.reduceat(values[:, 1:], starts, axis=1)


def _ratio_over_time(above: NDArray[np.float64], below: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    middle, tops = in_windows(above)
    _, bottoms = in_windows(below)
    return middle, np.divide(tops, bottoms, out=np.full(tops.shape, np.nan), where=bottoms > 0)


def _line_with_band(axes: Axes, x: NDArray[np.float64], values: NDArray[np.float64], label: str, k: int) -> None:
    """Mean over worlds and its 95 % Student interval."""
    mean, low, high, _ = mean_interval(values.T)
    axes.plot(x, mean, label=label, linewidth=1.8, **_look(k))
    axes.fill_between(x, low, high, color=PALETTE[k % len(PALETTE)], alpha=0.18, linewidth=0)


def efficiency_over_time(ticks: Columns, arms: Sequence[str]) -> Figure:
    """Realised surplus as a share of the optimum, over the ticks, one line per arm."""
    figure = Figure(figsize=(8, 4.6 + 0.12 * max(0, len(arms) - 8)), layout="constrained")
    axes = figure.add_subplot()
    what, labels = short_labels(arms)
    for k, arm in enumerate(arms):
        x, values = _ratio_over_time(per_world(ticks, arm, "realised"), per_world(ticks, arm, "optimal"))
        _line_with_band(axes, x, values, labels[k], k)
    axes.axhline(1, color=GREY, linewidth=1)
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate("optimum", (1, 1), (-2, 3), ha="right", color=GREY, fontsize=8, **place)
    title = "Efficiency over time (mean and 95 % interval over worlds)"
    _dress(axes, "tick of hire", "realised surplus, share of optimum", title)
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02)
    _legend(figure, axes, what)
    return figure


def shares(surplus: Columns, arm: str) -> dict[str, float]:
    """Each part of the surplus ÷ the optimum, both summed over the worlds of an arm; they add up to 1."""
    mine = surplus["arm"] == arm
    total = {name: int(surplus[name][mine].sum()) for name in surplus if name not in ("arm", "seed")}
    whole = total["optimal"] or 1
    return {
        "clients": total["clients"] / whole,
        "providers": total["providers"] / whole,
        "fees and burned": (total["fees"] + total["burned"]) / whole,
        "unrealised": total["unrealised"] / whole,
    }


def surplus_split(surplus: Columns, arms: Sequence[str]) -> Figure:
    """Who got the optimum: bars stacked from zero, gains to the right and losses to the left."""
    figure = Figure(figsize=(8, 1.9 + 0.42 * len(arms)), layout="constrained")
    axes = figure.add_subplot()
    what, labels = short_labels(arms)
    parts = [shares(surplus, arm) for arm in arms]
    legible = 0.05 * max(sum(abs(size) for size in part.values()) for part in parts)
    right, left = np.zeros(len(arms)), np.zeros(len(arms))
    rows = np.arange(len(arms))
    for name, colour in PARTS.items():
        size = np.array([part[name] for part in parts])
        start = np.where(size >= 0, right, left)
        axes.barh(rows, size, left=start, height=0.66, color=colour, edgecolor="white", linewidth=0.8, label=name)
        for row, value, at in zip(rows, size, start, strict=True):
            if abs(value) >= legible:
                ink = "white" if name == "clients" else "black"
                axes.text(
                    at + value / 2, int(row), f"{value:.0%}".replace("-", "−"), ha="center", va="center", color=ink, fontsize=8.5
                )
        right, left = right + np.maximum(size, 0), left + np.minimum(size, 0)
    axes.axvline(0, color="black", linewidth=1)
    axes.axvline(1, color=GREY, linewidth=1, linestyle="--")
    _head(figure, "Who gets the surplus (dashed: the planner's optimum)")
    _dress(axes, "share of optimum; left of zero: losses", what)
    axes.set_yticks(rows, labels)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    _legend(figure, axes, "")
    return figure


def prices_and_costs(ticks: Columns, agents: Columns, arms: Sequence[str]) -> Figure:
    """Left: each provider's mean price against its full cost. Right: prices over time beside the competitive price."""
    figure = Figure(figsize=(10.5, 4.8 + 0.12 * max(0, len(arms) - 8)), layout="constrained")
    left, right = figure.subplots(1, 2)
    what, labels = short_labels(arms)
    sold = (agents["role"] == "provider") & (agents["jobs"] > 0)
    for k, arm in enumerate(arms):
        mine = sold & (agents["arm"] == arm)
        colour = PALETTE[k % len(PALETTE)]
        left.scatter(agents["full_cost"][mine], agents["price"][mine], s=9, color=colour, alpha=0.35, linewidths=0)
        hires = per_world(ticks, arm, "hires")
        paid = np.nan_to_num(per_world(ticks, arm, "price")) * hires
        x, values = _ratio_over_time(paid, hires)
        _line_with_band(right, x, values, labels[k], k)
    if sold.any():
        low, high = (float(f(agents["full_cost"][sold])) for f in (np.min, np.max))
        left.plot([low, high], [low, high], color="black", linewidth=1.2, label="price = cost")
        left.legend(frameon=False, fontsize=9, loc="upper left")
    fair = per_world(ticks, arms[0], "competitive_price")
    x, sums = in_windows(np.nan_to_num(fair))
    _, known = in_windows((~np.isnan(fair)).astype(float))
    mean = mean_interval(np.divide(sums, known, out=np.full(sums.shape, np.nan), where=known > 0).T).mean
    right.plot(x, mean, color="black", linewidth=1.2, linestyle=(0, (1, 1)), label="competitive price")
    _dress(left, "full cost of a job, coins", "mean price of its jobs, coins", "Each provider: price and cost")
    _dress(right, "tick of hire", "mean price of a hire, coins", "Price over time (mean and 95 % interval)")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(figure, right, what)
    return figure


def policies_compared(table: Columns, metric: str, unit: str) -> Figure:
    """Forest plot: the paired difference of every arm to the first, with its interval."""
    mine = table["metric"] == metric
    arms = table["arm"][mine].tolist()
    what, labels = short_labels(arms)
    figure = Figure(figsize=(8, 1.7 + 0.42 * (len(arms) - 1)), layout="constrained")
    axes = figure.add_subplot()
    columns = (table[name][mine] for name in ("difference", "difference_low", "difference_high", "pairs"))
    for k, (mean, low, high, pairs) in enumerate(zip(*columns, strict=True)):
        if k == 0 or np.isnan(mean):
            continue
        sure = not low <= 0 <= high
        axes.plot([low, high], [k, k], color=PALETTE[k % len(PALETTE)], linewidth=2.4, solid_capstyle="butt")
        axes.plot(mean, k, "o", color=PALETTE[k % len(PALETTE)], markerfacecolor=None if sure else "white", markersize=7)
        text = f"{mean:+.3f}".replace("-", "−") + ("" if sure else " (includes zero)")
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.annotate(text, (mean, k), (0, 8), textcoords="offset points", ha="center", fontsize=8.5, bbox=behind)
        labels[k] += f"  (n = {pairs})"
    axes.axvline(0, color="black", linewidth=1)
    _head(figure, f"{metric}: difference to {labels[0]} in the same worlds")
    _dress(axes, f"difference, {unit} (95 % paired interval)", what)
    axes.set_yticks(range(1, len(arms)), labels[1:])
    axes.set_ylim(len(arms) - 0.4, 0.3)
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    return figure
