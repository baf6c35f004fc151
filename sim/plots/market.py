"""The figures of a market of jobs: how efficient it is, who gets the surplus, and what prices are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval
from sim.plots.style import (
    GREY,
    PALETTE,
    dress,
    head,
    in_windows,
    legend,
    line_with_band,
    per_world,
    ratio_over_time,
    short_labels,
)

PARTS = {"clients": "#0072B2", "providers": "#E69F00", "fees and burned": "#CC79A7", "unrealised": "#CFCFCF"}

Tables = Mapping[str, Columns]


def efficiency_over_time(tables: Tables, arms: Sequence[str]) -> Figure:
    """Realised surplus as a share of the optimum, over the ticks, one line per arm."""
    ticks = tables["ticks"]
    figure = Figure(figsize=(8, 4.6 + 0.12 * max(0, len(arms) - 8)), layout="constrained")
    axes = figure.add_subplot()
    what, labels = short_labels(arms)
    for k, arm in enumerate(arms):
        x, values = ratio_over_time(per_world(ticks, arm, "realised"), per_world(ticks, arm, "optimal"))
        line_with_band(axes, x, values, labels[k], k)
    axes.axhline(1, color=GREY, linewidth=1)
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate("optimum", (1, 1), (-2, 3), ha="right", color=GREY, fontsize=8, **place)
    title = "Efficiency over time (mean and 95 % interval over worlds)"
    dress(axes, "tick of hire", "realised surplus, share of optimum", title)
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02)
    legend(figure, axes, what)
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


def surplus_split(tables: Tables, arms: Sequence[str]) -> Figure:
    """Who got the optimum: bars stacked from zero, gains to the right and losses to the left."""
    surplus = tables["surplus"]
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
    head(figure, "Who gets the surplus (dashed: the planner's optimum)")
    dress(axes, "share of optimum; left of zero: losses", what)
    axes.set_yticks(rows, labels)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    legend(figure, axes, "")
    return figure


def prices_and_costs(tables: Tables, arms: Sequence[str]) -> Figure:
    """Left: each provider's mean price against its full cost. Right: prices over time beside the competitive price."""
    ticks, agents = tables["ticks"], tables["agents"]
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
        x, values = ratio_over_time(paid, hires)
        line_with_band(right, x, values, labels[k], k)
    if sold.any():
        low, high = (float(f(agents["full_cost"][sold])) for f in (np.min, np.max))
        left.plot([low, high], [low, high], color="black", linewidth=1.2, label="price = cost")
        left.legend(frameon=False, fontsize=9, loc="upper left")
    fair = per_world(ticks, arms[0], "competitive_price")
    x, sums = in_windows(np.nan_to_num(fair))
    _, known = in_windows((~np.isnan(fair)).astype(float))
    mean = mean_interval(np.divide(sums, known, out=np.full(sums.shape, np.nan), where=known > 0).T).mean
    right.plot(x, mean, color="black", linewidth=1.2, linestyle=(0, (1, 1)), label="competitive price")
    dress(left, "full cost of a job, coins", "mean price of its jobs, coins", "Each provider: price and cost")
    dress(right, "tick of hire", "mean price of a hire, coins", "Price over time (mean and 95 % interval)")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(figure, right, what)
    return figure
