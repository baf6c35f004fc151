"""The figures of the fee market: base fees over blocks, and what they come to against demand."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval
from sim.plots.style import GREY, PALETTE, dress, head, legend
from sim.published.base_fee import START_DIVISOR, alternation, attractor, level, threshold

PANELS = 6
SHOWN, LAST = 60, 100
"""Blocks that are shown over time, and fees that are shown against demand."""


def fees_over_blocks(blocks: Columns, predicted: Mapping[str, tuple[float, float]], value: int, quotient: int) -> Figure:
    """Base fees of the first market of some ratios, as multiples of the level that is predicted.

    Args:
        blocks: columns arm, block and fee, of one market per arm.
        predicted: by arm, N/T and the level as a share of V.
        value: V.
        quotient: of the fee map.
    """
    arms = list(predicted)
    chosen = [arms[k] for k in np.unique(np.linspace(0, len(arms) - 1, min(PANELS, len(arms))).round().astype(int))]
    columns = math.ceil(math.sqrt(len(chosen)))
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(2.3 * columns + 0.6, 1.6 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels = grid.ravel()
    for panel, arm in zip(panels, chosen, strict=False):
        ratio, at = predicted[arm]
        mine = (blocks["arm"] == arm) & (blocks["block"] <= SHOWN)
        settles = ratio < threshold(quotient)
        colour = PALETTE[0] if settles else PALETTE[1]
        panel.axhline(1, color=GREY, linewidth=1.2, linestyle="--", label="V (1 - T/N)")
        fee = blocks["fee"][mine] / (value * at)
        panel.plot(blocks["block"][mine], fee, color=colour, linewidth=1.1, label="settles" if settles else "oscillates")
        dress(panel, "", "", f"N/T = {ratio:.4g}")
    for panel in panels[len(chosen) :]:
        panel.remove()
    panels[0].set_ylim(0.85, 1.15)
    for panel in panels[max(0, len(chosen) - columns) : len(chosen)]:
        panel.set_xlabel("block")
        panel.tick_params(labelbottom=True)
    for row in grid:
        row[0].set_ylabel("base fee ÷ V (1 - T/N)", fontsize=9)
    head(figure, f"Base fees of one market at each demand N/T, from V/{START_DIVISOR} on (quotient {quotient})")
    legend(figure, list(panels[: len(chosen)]), "")
    return figure


def level_and_oscillation(blocks: Columns, runs: Columns, value: int, quotient: int) -> Figure:
    """Above: the last fees of one market per ratio, with the level predicted. Below: how far fees alternate, with 95 % intervals.

    Args:
        blocks: columns arm, block and fee, of one market per arm.
        runs: columns arm, ratio, alternation_first and alternation_last, one row per market.
        value: V.
        quotient: of the fee map.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    arms = list(dict.fromkeys(runs["arm"].tolist()))
    ratios = np.array([runs["ratio"][runs["arm"] == arm][0] for arm in arms])
    edge, count = threshold(quotient), int((runs["arm"] == arms[0]).sum())
    first, last = max(1.02, ratios.min() * 0.85), max(ratios.max(), edge) * 1.04
    grid = np.linspace(first, last, 300)
    ends = attractor(grid, quotient, LAST)
    _levels(above, grid, ends, edge)
    for arm, ratio in zip(arms, ratios, strict=True):
        fees = blocks["fee"][blocks["arm"] == arm][-LAST:] / value
        label = f"last {LAST} fees of one market" if arm == arms[0] else None
        above.plot(np.full(fees.size, ratio), fees, ".", color=PALETTE[0], markersize=2.6, alpha=0.6, label=label)
    dress(above, "", "base fee, share of V")
    below.plot(grid, alternation(ends), color=GREY, linewidth=1.2, label="the fee map without noise")
    for k, (column, label) in enumerate((("alternation_first", "second quarter"), ("alternation_last", "last quarter"))):
        found = [mean_interval(runs[column][runs["arm"] == arm]) for arm in arms]
        mean, half = np.array([one[0] for one in found]), np.array([one[2] - one[0] for one in found])
        style = {"color": PALETTE[2 * k], "markersize": 4.5, "capsize": 2.5, "linestyle": "none", "marker": "os"[k]}
        words = f"mean ± 95 %, {label} of blocks"
        below.errorbar(
            ratios + (k - 0.5) * 0.16,
            mean,
            np.nan_to_num(half),
            label=words,
            **style,
        )
    below.axvline(edge, color=GREY, linewidth=1.2, linestyle=":")
    dress(below, "demand per block ÷ target, N/T", "alternates by, share of V")
    head(figure, f"The base fee settles while N/T is below {edge}, and oscillates above (means of {count} markets)")
    legend(figure, [above, below], "")
    return figure


def _levels(axes: Axes, grid: np.ndarray, ends: np.ndarray, edge: int) -> None:
    """The level, solid where it is stable; where the map goes; and the threshold."""
    bands = ends.reshape(-1, 2, grid.size)  # of the fees of every second block
    for low, high in zip(bands.min(axis=0), bands.max(axis=0), strict=True):
        axes.fill_between(grid, low, high, color=GREY, alpha=0.35, linewidth=0.8, zorder=1)  # in the legend of the panel below
    stable = grid <= edge
    axes.plot(grid[stable], level(grid[stable]), color=PALETTE[1], linewidth=1.5, label="V (1 - T/N), stable")
    axes.plot(grid[~stable], level(grid[~stable]), color=PALETTE[1], linewidth=1.5, linestyle="--", label="not stable")
    axes.axvline(edge, color=GREY, linewidth=1.2, linestyle=":")
    axes.annotate(
        f"N/T = 2q + 1 = {edge}", (edge, 0.03), (-5, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right", color=GREY, fontsize=9,
    )  # fmt: skip
