"""The figures of a sweep over a parameter, over the attackers' share, and arms beside each other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from sim.attack.attackers import SIDES
from sim.attack.measures import WELFARE
from sim.experiments.conclusions.findings import MOST_VALUES, Findings, Floats, bins, grouped
from sim.experiments.conclusions.under_attack import SHOWN, markets
from sim.experiments.reading import LEVEL
from sim.metrics.statistics import mean_interval
from sim.plots.style import PALETTE, as_text, dress, head, legend, look, shown_in

LINES = 8
"""In one panel."""
PANELS = 12
"""In one figure."""
ACROSS = 4
"""Panels beside each other."""
LARGE = 100_000
"""From here on values are written with k, M or G."""
METRICS = 4
"""In one figure."""
BINNED = f"It has more than {MOST_VALUES} values: bins of as many values each, and a dot per cell."


class Panel(NamedTuple):
    """Arms that are drawn together."""

    title: str
    attack: str
    arms: list[int]
    labels: list[str]
    looks: list[int]


def panels_of(found: Findings) -> list[Panel]:
    """Every arm in a panel: under attack a panel for each attack and market, with a line per side; else some arms in each."""
    cells, labels, out = found.cells, markets(found), []
    for attack in dict.fromkeys(cells["attack"].tolist()):
        mine = cells["attack"] == attack
        first = {int(arm): int(np.flatnonzero(mine & (found.arm == arm))[0]) for arm in np.unique(found.arm[mine])}
        if not attack:
            arms = list(first)
            for k in range(0, len(arms), LINES):
                chunk = arms[k : k + LINES]
                title = f"arms {k + 1} to {k + len(chunk)}" if len(arms) > LINES else ""
                out.append(Panel(title, attack, chunk, [found.arms[arm] for arm in chunk], chunk))
            continue
        by_market: dict[str, list[int]] = {}
        for arm, row in first.items():
            by_market.setdefault(labels[row], []).append(arm)
        for market, arms in by_market.items():
            sides = [str(cells["side"][first[arm]]) for arm in arms]
            looks = [(*SIDES, side).index(side) for side in sides]
            out.append(Panel(f"{attack}: {market}", attack, arms, [SHOWN.get(side, side) for side in sides], looks))
    return out


def _grid(found: Findings, metrics: Sequence[Any]) -> tuple[Figure, list[tuple[Any, Panel, Axes]]]:
    """A figure with a row per metric if all panels fit beside each other; else the first metric, in as many rows as needed."""
    panels = panels_of(found)[:PANELS]
    shown = metrics if len(panels) <= ACROSS else metrics[:1]
    across = min(len(panels), ACROSS)
    down = len(shown) if len(panels) <= ACROSS else -(-len(panels) // ACROSS)
    figure = Figure(figsize=(max(8.0, 1.0 + 3.4 * across), 1.3 + (3.2 if across < 3 else 2.8) * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharey="row" if len(shown) > 1 else True).ravel()
    pairs = [(metric, panel) for metric in shown for panel in panels]
    for spare in axes[len(pairs) :]:
        spare.set_visible(False)
    for k, place in enumerate(axes[: len(pairs)]):
        metric = pairs[k][0]
        place.set_ylabel(as_text(f"{metric['name']}, {metric['unit']}") if k % across == 0 else "")
    return figure, [(*pair, place) for pair, place in zip(pairs, axes, strict=False)]


def _line(axes: Axes, x: Floats, values: Floats, k: int, label: str) -> None:
    """Mean over seeds, values of shape (points, seeds), with its 95 % interval as a band; broken where nothing is known."""
    mean, low, high, _ = mean_interval(values)
    if np.isnan(mean).all():
        return
    style = look(k)
    axes.plot(x, mean, label=as_text(label), linewidth=1.7, marker="o", markersize=3.5, **style)
    axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.vlines(x, low, high, color=style["color"], linewidth=1, alpha=0.5)


def sampled(found: Findings, parameter: str) -> bool:
    """Whether a parameter has so many values that they are binned."""
    return len(set(found.cells[parameter].tolist())) > MOST_VALUES


def response(found: Findings, parameter: str) -> Figure:
    """Metrics over a varied parameter, one line per arm, the other parameters and the shares averaged."""
    x, group = bins(found, parameter)
    dotted = sampled(found, parameter)
    scale, unit = shown_in(found.plan["varied"][parameter])
    x = x * scale
    figure, places = _grid(found, found.metrics[:METRICS])
    for metric, panel, axes in places:
        values = found.values[metric["name"]]
        for arm, label, k in zip(panel.arms, panel.labels, panel.looks, strict=True):
            mine = (found.arm == arm) & (found.cells["attack"] == panel.attack)
            if dotted:
                dots = found.levels[metric["name"]].mean[mine]
                axes.plot(found.cells[parameter][mine] * scale, dots, ".", color=look(k)["color"], alpha=0.25, markersize=3)
            _line(axes, x, grouped(values[mine], group[mine], x.size), k, label)
        _dressed(axes, f"{parameter} ({unit})" if unit else parameter, panel)
        if x.min() > 0 and x.max() >= 100 * x.min():
            axes.set_xscale("log")
        if x.max() >= LARGE:
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    _finish(figure, places, f"Response to {parameter}", "; dots: cells" if dotted else "")
    return figure


def _dressed(axes: Axes, x: str, panel: Panel) -> None:
    """Words around a panel; its title stays short."""
    dress(axes, as_text(x), axes.get_ylabel())
    axes.set_title(as_text(panel.title, 60), loc="left", fontsize=9, fontweight="bold", wrap=True)


def _finish(figure: Figure, places: Sequence[tuple[Any, Panel, Axes]], title: str, more: str = "") -> None:
    """Title and legend."""
    head(figure, as_text(title))
    panels = [axes for _, _, axes in places]
    if any(axes.get_legend_handles_labels()[1] for axes in panels):
        legend(figure, panels, f"mean over seeds with 95 % interval{more}")


def shares(found: Findings) -> Figure:
    """The headline and honest welfare over the attackers' share, parameters averaged."""
    names = [found.metrics[0]["name"], WELFARE]
    figure, places = _grid(found, [metric for metric in found.metrics if metric["name"] in names])
    for metric, panel, axes in places:
        values = found.values[metric["name"]]
        for arm, label, k in zip(panel.arms, panel.labels, panel.looks, strict=True):
            mine = (found.arm == arm) & (found.cells["attack"] == panel.attack)
            x, group = np.unique(np.asarray(found.cells["share"][mine], float), return_inverse=True)
            _line(axes, x, grouped(values[mine], group.reshape(-1), x.size), k, label)
        _dressed(axes, "attackers' share", panel)
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    _finish(figure, places, "Response to the attackers' share")
    return figure


def compared(found: Findings, metric: str, unit: str, most: int = 40) -> Figure:
    """Every arm against the baseline over all points: paired difference with its interval."""
    one = found.pooled[metric].compared
    known = [k for k in range(1, len(found.arms)) if not np.isnan(one.difference.mean[k])][:most]
    figure = Figure(figsize=(8, 1.5 + 0.36 * len(known)), layout="constrained")
    axes = figure.add_subplot()
    for place, k in enumerate(known):
        sure = one.adjusted[k] <= LEVEL
        axes.plot([one.difference.low[k], one.difference.high[k]], [place] * 2, color=PALETTE[0], linewidth=2.4)
        axes.plot(one.difference.mean[k], place, "o", color=PALETTE[0], markerfacecolor=None if sure else "white", markersize=7)
    axes.axvline(0, color="black", linewidth=1)
    head(figure, as_text(f"{metric}: difference to {found.arms[0]} on the same seeds", 90))
    dress(axes, as_text(f"difference, {unit} (95 % interval)"), "")
    axes.set_yticks(range(len(known)), [as_text(found.arms[k], 40) for k in known])
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.margins(x=0.08)
    axes.grid(axis="y", visible=False)
    return figure
