"""The figures of a market of posted prices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.metrics.contrasts import Columns
from sim.plots.style import GREY, dress, legend, line_with_band, per_world, ratio_over_time, short_labels

LINES = {"monopoly_price": "joint monopoly", "nash_price": "Nash", "mean_cost": "cost"}


def prices_over_time(tables: Mapping[str, Columns], arms: Sequence[str]) -> Figure:
    """Mean posted price over the ticks, one line per arm, between the Nash and the monopoly price."""
    ticks = tables["ticks"]
    figure = Figure(figsize=(8, 4.6 + 0.12 * max(0, len(arms) - 8)), layout="constrained")
    axes = figure.add_subplot()
    what, labels = short_labels(arms)
    for k, arm in enumerate(arms):
        prices = per_world(ticks, arm, "price")
        x, values = ratio_over_time(prices, np.ones_like(prices), first=0)
        line_with_band(axes, x, values, labels[k], k)
    for column, name in LINES.items():
        price = float(ticks[column][0])
        axes.axhline(price, color=GREY, linewidth=1, linestyle="--")
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(name, (1, price), (-2, -3), ha="right", va="top", color=GREY, fontsize=8, **place)
    dress(axes, "tick", "price, coins", "Prices over time (mean and 95 % interval over worlds)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02)
    legend(figure, axes, what)
    return figure
