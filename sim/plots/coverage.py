"""How often intervals cover the mean."""

from matplotlib.figure import Figure

from sim.metrics.contrasts import Columns
from sim.plots.style import GREY, dress, head, legend, look


def covered(table: Columns, level: float) -> Figure:
    """Share covered over the number of seeds: one panel per truth, one line per interval, with Monte-Carlo intervals.

    Args:
        table: columns truth, n, interval, share and error (standard error of the share).
        level: what the intervals promise, drawn as a dashed line.
    """
    truths, kinds, sizes = (list(dict.fromkeys(table[name].tolist())) for name in ("truth", "interval", "n"))
    figure = Figure(figsize=(3.2 * len(truths), 4.2), layout="constrained")
    panels = figure.subplots(1, len(truths), sharey=True, squeeze=False)[0]
    for axes, truth in zip(panels, truths, strict=True):
        axes.axhline(level, color=GREY, linewidth=1.2, linestyle="--")
        for k, kind in enumerate(kinds):
            mine = (table["truth"] == truth) & (table["interval"] == kind)
            apart = table["n"][mine] * 1.04 ** (k - (len(kinds) - 1) / 2)
            bars = {"marker": "os^D"[k % 4], "markersize": 5, "linewidth": 1.6, "capsize": 3}
            axes.errorbar(apart, table["share"][mine], 1.96 * table["error"][mine], label=kind, **bars, **look(k))
        axes.set_xscale("log")
        axes.set_xticks(sizes, [str(n) for n in sizes])
        axes.minorticks_off()
        dress(axes, "seeds", "share of intervals that cover the mean" if axes is panels[0] else "", truth.replace("_", " "))
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    head(figure, f"Intervals that promise {100 * level:.0f} % (bars: 95 % Monte-Carlo)")
    legend(figure, panels[0], "interval of the mean")
    return figure
