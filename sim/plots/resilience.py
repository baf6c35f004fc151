"""The figures of a study of resilience: what honest agents keep under attack, what defends them, recovery, and learners."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter, StrMethodFormatter

from sim.attack import measures
from sim.attack.attackers import ABSENT, ATTACKED, HONEST
from sim.attack.sides import NONE
from sim.attack.study import ALL, STOPPED
from sim.experiments.reading import LEVEL
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval
from sim.plots.style import GREY, PALETTE, dress, head, in_windows, legend

Tables = Mapping[str, Columns]
BLUE, RED, GREEN, PURPLE = PALETTE[:4]
LOOKS: Mapping[tuple[str, str], tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        (HONEST, NONE): ("attackers honest", {"color": BLUE}),
        (ATTACKED, NONE): ("attacked, no defence", {"color": RED}),
        (ATTACKED, ALL): ("attacked, all defences", {"color": GREEN}),
        (HONEST, ALL): ("attackers honest, all defences", {"color": GREEN, "linestyle": "--"}),
        (ABSENT, NONE): ("attackers absent", {"color": GREY, "linestyle": ":"}),
    }
)
"""Of each line of the curves: its name and how it is drawn."""
PANELS = 2
"""At most so many beside each other."""


class Drawing(NamedTuple):
    """A figure, the title under which it is shown, and the table without which it can not be drawn."""

    title: str
    needs: str
    draw: Callable[[Tables, Mapping[str, Any]], Figure]


def _panels(number: int, height: float = 3.3) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels that share the vertical axis."""
    across = min(number, PANELS)
    down = -(-number // across)
    figure = Figure(figsize=(10 if across > 1 else 8, 0.9 + height * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes in grid[number:]:
        axes.set_visible(False)
    return figure, list(grid[:number])


def _with_band(axes: Axes, x: Any, values: Any, label: str, **given: Any) -> None:
    """Mean over worlds, values of shape (points, worlds); a line that is not broken has its 95 % Student interval."""
    mean, low, high, _ = mean_interval(values)
    whole = "linestyle" not in given
    axes.plot(x, mean, label=label, linewidth=1.8, marker="o" if whole and len(x) < 10 else "", markersize=3.5, **given)
    if whole:
        axes.fill_between(x, low, high, color=given["color"], alpha=0.15, linewidth=0)


def curves(tables: Tables, manifest: Mapping[str, Any]) -> Figure:
    """Honest welfare over the attackers' share, one panel per attack."""
    config, runs = manifest["config"], tables["runs"]
    figure, panels = _panels(len(config["attacks"]))
    for axes, attack in zip(panels, config["attacks"], strict=True):
        x = measures.played(config, attack)
        for (side, end), (label, given) in LOOKS.items():
            values = measures.curve(runs, config, attack, end, side)
            _with_band(axes, x, values, label, **given)
        axes.axhline(0, color="black", linewidth=0.8)
        first = next(iter(config["attacks"][attack]["accounts"]))
        dress(axes, f"attackers' share of {first}s", "honest welfare, coins", attack)
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.margins(x=0.02)
    head(figure, "Honest welfare under attack: as the attackers' share grows, fewer agents are honest")
    legend(figure, panels[0], "mean over worlds, and 95 % intervals of the whole lines")
    return figure


def defences(tables: Tables, manifest: Mapping[str, Any]) -> Figure:
    """Above: what each attack takes under each defence. Below: what each defence costs where nobody attacks."""
    config, runs = manifest["config"], tables["runs"]
    cells, cost = measures.compared(runs, config), measures.collateral(runs, config)
    rows, bars = len(cells), len(cost)
    sizes = 1.3 + 0.5 * rows, 1.3 + 0.42 * bars
    figure = Figure(figsize=(max(8, 2.2 + 1.25 * (bars + 1)), sum(sizes)), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=sizes)
    _heat(above, cells)
    share = f"{config['share']:.1%}".replace(".0%", "%")
    above.set_title(
        f"Honest welfare lost with {share} attackers, % of what it is if they are honest",
        loc="left",
        fontsize=11,
        fontweight="bold",
    )
    for k, (difference, p) in enumerate(cost.values()):
        below.barh(k, difference.mean, height=0.6, color=BLUE, alpha=0.3)
        below.plot([difference.low, difference.high], [k, k], color=BLUE, linewidth=2.4, solid_capstyle="butt")
        below.plot(difference.mean, k, "o", color=BLUE, markerfacecolor=None if p <= LEVEL else "white", markersize=7)
    below.axvline(0, color="black", linewidth=1)
    dress(
        below,
        "honest welfare that it costs, coins (95 % paired interval)",
        "defence",
        "What each defence costs where nobody attacks",
    )
    below.set_yticks(range(bars), list(cost))
    below.set_ylim(bars - 0.5, -0.5)
    below.grid(axis="y", visible=False)
    below.use_sticky_edges = False
    below.margins(x=0.08)
    below.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return figure


def _heat(axes: Axes, cells: Mapping[str, Mapping[str, measures.Cell]]) -> None:
    """Attacks × defences: colour and number say what part is lost."""
    columns = list(next(iter(cells.values())))
    part = np.array([[float(cells[attack][name].part.mean) for name in columns] for attack in cells])
    highest = max(np.nanmax(part, initial=0.01), 0.01)
    colours = LinearSegmentedColormap.from_list("lost", ["white", RED]).with_extremes(bad="#EEEEEE")
    seen = np.ma.masked_invalid(np.maximum(part, 0))
    axes.imshow(seen, cmap=colours, norm=PowerNorm(0.6, 0, highest), aspect="auto")
    for i, row in enumerate(part):
        for j, value in enumerate(row):
            text = "n/a" if np.isnan(value) else f"{100 * value:.1f}".replace("-", "−")
            axes.text(j, i, text, ha="center", va="center", fontsize=10, color=GREY if np.isnan(value) else "black")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(cells)), list(cells))
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(cells) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("defence that is on")
    axes.set_ylabel("attack")
    axes.spines[:].set_visible(False)


def recovery(tables: Tables, manifest: Mapping[str, Any]) -> Figure:
    """Realised surplus over the ticks, attackers honest throughout and from the stop on, one panel per attack."""
    config, ticks = manifest["config"], tables["ticks"]
    figure, panels = _panels(len(config["attacks"]), 2.8)
    for axes, attack in zip(panels, config["attacks"], strict=True):
        for side, label, colour in ((HONEST, "attackers honest", BLUE), (STOPPED, "attack that stops", RED)):
            values = measures.over_time(ticks, attack, side)
            x, sums = in_windows(values)
            _, counts = in_windows(np.ones_like(values))
            _with_band(axes, x, (sums / counts).T, label, color=colour)
        axes.axvline(config["stop"], color="black", linewidth=1, linestyle="--", label="the attack stops")
        axes.axhline(0, color="black", linewidth=0.8)
        dress(axes, "tick of hire", "realised surplus\nper tick, coins", attack)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.02)
    head(figure, "An attack that stops: realised surplus without defences")
    legend(figure, panels[0], "mean and 95 % interval over worlds")
    return figure


def trained(tables: Tables, manifest: Mapping[str, Any]) -> Figure:
    """Profit of attackers that learn over their training, one panel per end, beside their twin and the scripts."""
    config, runs, training = manifest["config"], tables["runs"], tables["training"]
    figure, panels = _panels(len(measures.ENDS), 4.2)
    worlds = int(training["seed"].max()) + 1
    for axes, end in zip(panels, measures.ENDS, strict=True):
        for k, (steps, profits) in enumerate(measures.curves(training, end).values()):
            label = "learner, one line per training seed" if k == 0 else ""
            axes.plot(steps, profits, color=BLUE, alpha=0.85, linewidth=1.8, marker="o", markersize=3.5, label=label)
        twin = measures.learner(runs, training, config, end).twin
        axes.axhline(float(twin.mean), color="black", linewidth=1.4, linestyle="--", label="honest twin")
        found = measures.scripts(runs, training, config, end)
        for k, (name, script) in enumerate((name, one) for name, one in found.items() if one.lead is not None):
            axes.axhline(
                float(script.profit.mean), color=PALETTE[1 + k % 7], linewidth=1.4, linestyle=":", label=f"script {name}"
            )
        dress(axes, "agent-steps of training", "attackers' profit, coins", "no defence" if end == NONE else "all defences")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(EngFormatter())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.tick_params(labelleft=True)
    head(figure, f"Attackers that learn, {config['share']:.1%} of all: mean over {worlds} held-out worlds".replace(".0%", "%"))
    legend(figure, panels[0], "scripts whose accounts are the learner's")
    return figure


FIGURES: Mapping[str, Drawing] = MappingProxyType(
    {
        "curves": Drawing("Honest welfare under attack", "runs", curves),
        "defences": Drawing("What defences save and cost", "runs", defences),
        "recovery": Drawing("After an attack has stopped", "ticks", recovery),
        "trained": Drawing("Attackers that learn", "training", trained),
    }
)
"""Name of the file -> figure."""
