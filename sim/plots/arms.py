"""Arms beside each other."""

import numpy as np
from matplotlib.figure import Figure

from sim.metrics.contrasts import Columns
from sim.plots.style import PALETTE, dress, head, short_labels


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
    head(figure, f"{metric}: difference to {labels[0]} in the same worlds")
    dress(axes, f"difference, {unit} (95 % paired interval)", what)
    axes.set_yticks(range(1, len(arms)), labels[1:])
    axes.set_ylim(len(arms) - 0.4, 0.3)
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    return figure
