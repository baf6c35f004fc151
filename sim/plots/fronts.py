"""The figures of a sweep in two dimensions: maps over two parameters, and fronts of efficiency and resilience."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from sim.experiments.conclusions.findings import Findings, Floats, Ints, grouped
from sim.experiments.conclusions.under_attack import Sides, front
from sim.experiments.reading import LEVEL
from sim.metrics.statistics import mean_interval
from sim.plots.style import PALETTE, as_text, dress, head, legend, shown_in

WRITTEN = 8
"""A map with at most so many cells a side has its numbers written in."""
WIDEST = 60
"""Values of a parameter in a map."""
MAPS = 6
"""In one figure."""


class Map(NamedTuple):
    """Two varied parameters whose every pair of values was run."""

    across: str
    down: str
    x: Floats
    y: Floats
    column: Ints
    """Of each cell."""
    line: Ints


def map_of(found: Findings) -> Map | None:
    """The map of a sweep: none unless exactly two parameters vary and form a grid."""
    names = found.parameters()
    if len(names) != 2:
        return None
    (x, column), (y, line) = (np.unique(np.asarray(found.cells[name], float), return_inverse=True) for name in names)
    pairs = set(zip(column.reshape(-1).tolist(), line.reshape(-1).tolist(), strict=True))
    if len(pairs) < x.size * y.size or max(x.size, y.size) > WIDEST:
        return None
    return Map(names[0], names[1], x, y, column.reshape(-1), line.reshape(-1))


def _mapped(one: Map, values: Floats, mine: NDArray[Any]) -> Floats:
    """Mean over seeds at every place of the map, shape (down, across)."""
    place = one.line[mine] * one.x.size + one.column[mine]
    means = mean_interval(grouped(values, place, one.x.size * one.y.size)).mean
    return np.asarray(means, float).reshape(one.y.size, one.x.size)


def in_doubt(found: Findings, one: Map) -> bool:
    """Whether a map says where no difference can be concluded: its numbers are written in, and a place is one point."""
    return max(one.x.size, one.y.size) <= WRITTEN and found.points == one.x.size * one.y.size


def _unsure(found: Findings, one: Map, mine: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where no difference can be concluded, shape (down, across), if that is shown."""
    rows = found.pairs[0][mine]
    if not in_doubt(found, one):
        return None
    out = np.zeros((one.y.size, one.x.size), bool)
    out[one.line[rows], one.column[rows]] = found.compared[found.metrics[0]["name"]].adjusted[mine] > LEVEL
    return out


def heat(found: Findings, one: Map) -> Figure:
    """The headline over two parameters: the baseline's level, and every other arm's difference to it."""
    metric = found.metrics[0]
    values = found.values[metric["name"]]
    arms = list(range(len(found.arms)))[:MAPS]
    rows, base = found.pairs
    across = min(len(arms), 2 if len(arms) == 4 else 3)
    down = -(-len(arms) // across)
    figure = Figure(figsize=(max(8.0, 4.2 * across), 1.0 + 3.6 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes in grid[len(arms) :]:
        axes.set_visible(False)
    levels = _mapped(one, values[found.arm == 0], found.arm == 0)
    _heat(figure, grid[0], one, levels, None, found.arms[0] if found.by_arm else "")
    gaps, unsure = [], []
    for arm in arms[1:]:
        mine = found.arm[rows] == arm
        gaps.append(_mapped(one, values[rows[mine]] - values[base[mine]], rows[mine]))
        unsure.append(_unsure(found, one, mine))
    widest = max((float(np.nanmax(np.abs(gap), initial=0.0)) for gap in gaps), default=0.0) or 1.0
    for axes, arm, gap, doubt in zip(grid[1:], arms[1:], gaps, unsure, strict=False):
        _heat(figure, axes, one, gap, widest, f"{found.arms[arm]} − baseline", doubt)
    for axes in grid[: len(arms)]:
        _named(axes.xaxis, one.x, one.across, found.plan["varied"][one.across])
        _named(axes.yaxis, one.y, one.down, found.plan["varied"][one.down])
        axes.tick_params(axis="x", rotation=30 if max(len(tick.get_text()) for tick in axes.get_xticklabels()) > 5 else 0)
    head(figure, as_text(f"{metric['name']} ({metric['unit']}) over {one.across} and {one.down}", 120))
    return figure


def _named(axis: Axis, values: Floats, name: str, unit: str) -> None:
    """Values of a parameter along a map, and what they are."""
    scale, unit = shown_in(unit)
    step = -(-values.size // WRITTEN)
    axis.set_ticks(range(0, values.size, step), [f"{value * scale:.6g}" for value in values[::step]])
    axis.set_label_text(as_text(f"{name} ({unit})" if unit else name))


def _heat(
    figure: Figure, axes: Axes, one: Map, values: Floats, widest: float | None, title: str, doubt: NDArray[np.bool_] | None = None
) -> None:
    """One map; around zero if `widest` is given. What is in doubt stands in brackets."""
    shades = colormaps["viridis" if widest is None else "RdBu"].with_extremes(bad="#DDDDDD")
    low, high = (None, None) if widest is None else (-widest, widest)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=shades, aspect="auto", origin="lower", vmin=low, vmax=high)
    figure.colorbar(image, ax=axes, shrink=0.9)
    axes.set_title(as_text(title), loc="left", fontsize=9.5, fontweight="bold")
    if max(values.shape) > WRITTEN:
        return
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = image.to_rgba(np.array([value]))[0] if np.isfinite(value) else (1, 1, 1, 1)
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        text = f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
        text = text.replace("-", "−") if np.isfinite(value) else "n/a"
        text = f"({text})" if doubt is not None and doubt[i, j] else text
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")


def fronts(found: Findings, sides: Sides) -> Figure:
    """What is realised without an attack against the share of honest welfare kept under it, one panel per attack."""
    metric = found.metrics[0]
    attacks = list(dict.fromkeys(found.cells["attack"][sides.honest].tolist()))[:4]
    headline, kept = sides.by_pair
    down, across = -(-len(attacks) // 2), min(len(attacks), 2)
    figure = Figure(figsize=(8.2, 1.3 + 3.8 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    flat = grid.ravel()
    for axes in flat[len(attacks) :]:
        axes.set_visible(False)
    for axes, attack in zip(flat, attacks, strict=False):
        mine = np.flatnonzero(found.cells["attack"][sides.honest] == attack)
        largest = float(np.max(found.cells["share"][sides.honest[mine]]))
        mine = mine[found.cells["share"][sides.honest[mine]] == largest]
        for k, market in enumerate(sides.markets):
            dots = mine[sides.market[mine] == k]
            _dots(axes, (headline, kept), dots, k, as_text(market))
        sign = -1 if metric["more_is_better"] is False else 1
        best = mine[front(sign * headline.mean[mine], kept.mean[mine])]
        if best.size > 1:
            x, y = headline.mean[best], kept.mean[best]
            axes.plot(x, y, color="black", linewidth=1, linestyle="--", zorder=1, label="Pareto front")
        dress(
            axes,
            as_text(f"{metric['name']} with honest attackers, {metric['unit']}", 80),
            "",
            as_text(f"{attack}, share {largest:.3g}"),
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.xaxis.set_major_locator(MaxNLocator(5))
    for axes in grid[:, 0]:
        axes.set_ylabel("honest welfare kept under attack")
    head(figure, as_text(f"{metric['name']} and resilience"))
    legend(figure, list(flat[: len(attacks)]), "one dot per market and point, with 95 % intervals where they are few")
    return figure


def _dots(axes: Axes, coordinates: tuple[Any, Any], rows: Ints, k: int, label: str) -> None:
    """Places of one market; with intervals if they are few."""
    x, y = coordinates
    colour, marker = PALETTE[k % len(PALETTE)], "osD^v"[k // len(PALETTE) % 5]
    known = rows[~np.isnan(x.mean[rows]) & ~np.isnan(y.mean[rows])]
    few = known.size <= 12
    axes.plot(
        x.mean[known], y.mean[known], marker, color=colour, markersize=6 if few else 3.5, alpha=0.9 if few else 0.5, label=label
    )
    if few:
        axes.hlines(y.mean[known], x.low[known], x.high[known], color=colour, linewidth=1, alpha=0.6)
        axes.vlines(x.mean[known], y.low[known], y.high[known], color=colour, linewidth=1, alpha=0.6)
