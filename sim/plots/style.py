"""How figures look: colours, axes, legends, lines over time with intervals, and how a figure becomes a file."""

from collections.abc import Sequence
from functools import cache
from typing import Any, BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from numpy.typing import NDArray

from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
"""Colours that stay apart for colour-blind readers. Source: Okabe and Ito, "Color universal design", 2008; yellow left out."""
DASHES = ("-", "--", ":", "-.")
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


def as_text(text: str, most: int = 48, lines: bool = False) -> str:
    """Any text as a figure may show it: short, no formulas, and only characters that its font has.

    Args:
        text: it may be anybody's.
        most: characters; what is longer is cut.
        lines: whether line breaks stay.

    >>> as_text("a $b$\\n_c 漢"), as_text("_x"), as_text("abcdef", 4)
    ('a \\\\$b\\\\$ _c ?', '\u2009_x', 'abc…')
    """
    kept = [line.split() for line in (text.split("\n") if lines else [text])]
    short = "\n".join(" ".join(words) for words in kept)
    short = short if len(short) <= most else f"{short[: most - 1]}…"
    known = "".join(one if one == "\n" or ord(one) in _characters() else "?" for one in short)
    return ("\u2009" if known.startswith("_") else "") + known.replace("$", "\\$")


def shown_in(unit: str) -> tuple[float, str]:
    """What to multiply values of a unit by before they are shown, and the unit that they have then: no axis counts µcoin.

    >>> shown_in("µcoin"), shown_in("bps")
    ((1e-06, 'coins'), (1.0, 'bps'))
    """
    return (1e-6, "coins") if unit == "µcoin" else (1.0, unit)


@cache
def _characters() -> frozenset[int]:
    """The characters of the font of all figures."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def look(k: int) -> dict[str, Any]:
    """Colour and dashes of the k-th arm."""
    return {"color": PALETTE[k % len(PALETTE)], "linestyle": DASHES[k // len(PALETTE) % len(DASHES)]}


def head(figure: Figure, title: str) -> None:
    """Title of a figure with one panel."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def dress(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Axis labels with units, a light grid, no box, and the title of a panel."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend(figure: Figure, axes: Axes | Sequence[Axes], title: str) -> None:
    """One legend below everything, in as many columns as fit; of several panels, each label once."""
    panels = [axes] if isinstance(axes, Axes) else axes
    known = {label: line for panel in panels for line, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    labels, handles = list(known), list(known.values())
    widest = max(len(label) for label in labels)
    fit = max(1, int(figure.get_figwidth() * 13 / (widest + 8)))
    rows = -(-len(labels) // fit)
    text = {"frameon": False, "fontsize": 9, "title_fontsize": 9}
    figure.legend(handles, labels, title=title, loc="outside lower center", ncols=-(-len(labels) // rows), **text)


def per_world(ticks: Columns, arm: str, column: str) -> NDArray[np.float64]:
    """A column of one arm, shape (worlds, ticks)."""
    mine = ticks["arm"] == arm
    return np.asarray(ticks[column][mine], float).reshape(-1, int(ticks["tick"].max()) + 1)


def in_windows(values: NDArray[np.float64], first: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over at most `WINDOWS` spans of ticks, from tick `first` on: middle tick of each span, and sums (worlds, spans)."""
    length = values.shape[1] - first
    width = -(-length // WINDOWS)
    starts = np.arange(0, length, width)
    stops = np.minimum(starts + width, length)
    return (starts + stops - 1) / 2 + first, np.add.reduceat(values[:, first:], starts, axis=1)


def ratio_over_time(
    above: NDArray[np.float64], below: NDArray[np.float64], first: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of the one ÷ sums of the other in each window: middle ticks, ratios (worlds, windows)."""
    middle, tops = in_windows(above, first)
    _, bottoms = in_windows(below, first)
    return middle, np.divide(tops, bottoms, out=np.full(tops.shape, np.nan), where=bottoms > 0)


def line_with_band(axes: Axes, x: NDArray[np.float64], values: NDArray[np.float64], label: str, k: int) -> None:
    """Mean over worlds and its 95 % Student interval."""
    mean, low, high, _ = mean_interval(values.T)
    axes.plot(x, mean, label=label, linewidth=1.8, **look(k))
    axes.fill_between(x, low, high, color=PALETTE[k % len(PALETTE)], alpha=0.18, linewidth=0)
