"""The figure of double spending: how often it succeeds, by confirmations and the attacker's share."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.metrics.contrasts import Columns
from sim.plots.style import PALETTE, dress, head, legend
from sim.published.catch_up import success


def success_by_confirmations(found: Columns) -> Figure:
    """Measured shares with 95 % intervals, and the closed form as lines, on a logarithmic axis.

    Args:
        found: columns share, confirmations, measured, low, high, trials. Where there was no success, an arrow points down from
            the upper end of the interval.
    """
    figure = Figure(figsize=(8, 4.8), layout="constrained")
    axes = figure.add_subplot()
    shares = list(dict.fromkeys(found["share"].tolist()))
    longest = int(found["confirmations"].max())
    steps = np.arange(1, longest + 1)
    lowest = min(success(min(shares), longest), float(found["high"].min())) / 2
    for k, share in enumerate(shares):
        colour, mine = PALETTE[k % len(PALETTE)], found["share"] == share
        axes.plot(
            steps, [success(share, int(n)) for n in steps], color=colour, linewidth=1.5, label=f"q = {share:g}, closed form"
        )
        n, at, low, high = (found[name][mine] for name in ("confirmations", "measured", "low", "high"))
        some = at > 0
        ends = np.stack([at - np.maximum(low, lowest), high - at])[:, some]
        style: dict[str, Any] = {"color": colour, "capsize": 3, "markersize": 5, "linestyle": "none", "marker": "os^Dv"[k % 5]}
        axes.errorbar(n[some], at[some], np.maximum(ends, 0), label=f"q = {share:g}, measured ± 95 %", **style)
        none = "no success: up to here at 95 %" if (~some).any() else None
        axes.errorbar(n[~some], high[~some], 0.4 * high[~some], uplims=True, color=colour, linestyle="none", label=none)
    axes.set_yscale("log")
    axes.set_ylim(bottom=lowest)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.05)
    trials = int(found["trials"].max())
    head(figure, f"Double spends that succeed, by the attacker's share q of the power ({trials:,} races each)")
    dress(axes, "confirmations that the merchant waits for", "attacks that succeed")
    legend(figure, axes, "")
    return figure
