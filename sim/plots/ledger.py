"""Who paid whom in a recorded ledger."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from sim.ledgers.features import ROLES
from sim.ledgers.movements import Movements
from sim.metrics.contrasts import Columns
from sim.plots.style import GREY, PALETTE, as_text, head

MOST = 30
"""Accounts with a row of their own; the others of a role share one."""
WRITTEN = 9
"""Up to so many rows the amounts are written into the squares."""
SHADES = LinearSegmentedColormap.from_list("blue", ["#DCEBF5", PALETTE[0], "#00263D"])


class Flows(NamedTuple):
    """Money that became another account's, by payer (row) and payee (column)."""

    amounts: NDArray[np.float64]
    labels: list[str]
    roles: list[str]
    rests: NDArray[np.bool_]
    """Rows of several accounts: the others of a role."""


def chosen(counts: Sequence[int], most: int) -> list[int]:
    """How many of each role get a row of their own: equally many, and what some do not need goes to the others.

    >>> chosen([1, 800, 200], 31), chosen([2, 3], 31)
    ([1, 15, 15], [2, 3])
    """
    given = [0] * len(counts)
    for k, role in enumerate(sorted(range(len(counts)), key=lambda role: counts[role])):
        given[role] = min(counts[role], (most - sum(given)) // (len(counts) - k))
    return given


def flows(accounts: Columns, movements: Movements) -> Flows:
    """The busiest accounts of every role, most money first, and a row for the others of the role, if any. What went into a pool
    or came out of it is left out."""
    paid = (movements.payer != movements.payee) & (movements.payer >= 0) & (movements.payee >= 0)
    payer, payee, amount = movements.payer[paid], movements.payee[paid], movements.amount[paid].astype(float)
    address = accounts["address"]
    size = int(address.max()) + 1
    volume = (np.bincount(payer, amount, size) + np.bincount(payee, amount, size))[address]
    present = [role for role in reversed(ROLES) if (accounts["role"] == role).any()]
    of_role = [np.flatnonzero(accounts["role"] == role) for role in present]
    place = np.zeros(size, np.int64)
    labels: list[str] = []
    roles: list[str] = []
    rests: list[bool] = []
    for role, mine, most in zip(present, of_role, chosen([mine.size for mine in of_role], MOST), strict=True):
        ordered = address[mine[np.argsort(-volume[mine], kind="stable")]]
        left = mine.size - most
        place[ordered] = len(labels) + np.minimum(np.arange(mine.size), most)
        labels += [*map(str, ordered[:most].tolist()), *[f"{left:,} others"] * (left > 0)]
        rests += [*[False] * most, *[True] * (left > 0)]
        roles += [role] * (most + (left > 0))
    amounts: NDArray[np.float64] = np.zeros((len(labels), len(labels)))
    np.add.at(amounts, (place[payer], place[payee]), amount)
    return Flows(amounts, labels, roles, np.array(rests))


def who_paid_whom(accounts: Columns, movements: Movements, name: str, unit: str = "smallest units of money") -> Figure:
    """A matrix of money flows between the busiest accounts and the rest: row pays column."""
    matrix, labels, roles, rests = flows(accounts, movements)
    rows = len(labels)
    inch = 3.0 + 0.2 * max(rows, 12)
    figure = Figure(figsize=(inch + 2.4, inch + 0.6), layout="constrained")
    axes = figure.add_subplot()
    head(figure, as_text(f"Who paid whom: {name}", 80))
    shown = np.where(matrix > 0, matrix, np.nan)
    norm, beyond = _scale(matrix, rests)
    image = axes.imshow(shown, cmap=SHADES, norm=norm, aspect="equal")
    axes.set_facecolor("white")
    small = 9 if rows <= 16 else 7
    axes.set_xticks(range(rows), labels, rotation=90 if rows > WRITTEN else 0, fontsize=small)
    axes.set_yticks(range(rows), labels, fontsize=small)
    axes.set_xlabel("receives")
    axes.set_ylabel("pays")
    axes.tick_params(which="both", length=0)
    axes.set_xticks(np.arange(-0.5, rows), minor=True)
    axes.set_yticks(np.arange(-0.5, rows), minor=True)
    axes.grid(which="minor", color="#EEEEEE", linewidth=0.6)
    axes.spines[:].set_color("#BBBBBB")
    _groups(axes, roles)
    if rows <= WRITTEN:
        _amounts(axes, matrix, norm)
    ticks = LogLocator(subs=(1, 2, 5) if norm.vmax < 1_000 * norm.vmin else (1,))
    bar = figure.colorbar(
        image, ax=axes, shrink=0.75, pad=0.02, ticks=ticks, format=EngFormatter(sep=""), extend="max" if beyond else "neither"
    )
    bar.set_label(f"{unit} (log scale)")
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.outline.set_visible(False)
    note = "Transfers, registrations, payments for jobs and goods, compensation; without fees and tips. Blank: nothing."
    figure.supxlabel(note, fontsize=8, color=GREY)
    return figure


def _scale(matrix: NDArray[np.float64], rests: NDArray[np.bool_]) -> tuple[Any, bool]:
    """A scale for all amounts; what passes between rows of many accounts may be beyond it, and whether it is."""
    of = np.where(rests[:, None] & rests, 0, matrix)
    known = of[of > 0]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 10.0)
    high = max(high, 10 * low)
    return LogNorm(low, high), bool(matrix.max(initial=0) > high)


def _groups(axes: Axes, roles: list[str]) -> None:
    """Lines between roles, and their names above."""
    begins = [k for k in range(len(roles)) if k == 0 or roles[k] != roles[k - 1]]
    for k, stop in zip(begins, [*begins[1:], len(roles)], strict=True):
        if k:
            axes.axvline(k - 0.5, color=GREY, linewidth=1)
            axes.axhline(k - 0.5, color=GREY, linewidth=1)
        count = stop - k
        plural = {
            "proposer": "proposers",
            "client": "clients",
            "provider": "providers",
            "seller": "sellers",
            "account": "accounts",
        }
        word = plural.get(roles[k], roles[k]) if count > 1 else roles[k]
        turned = 90 if count < 4 and len(roles) > WRITTEN else 0
        place: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(word, ((k + stop - 1) / 2, -0.5), rotation=turned, fontsize=8, color=GREY, **place)


def _amounts(axes: Axes, matrix: NDArray[np.float64], norm: Any) -> None:
    """Write the amounts into the squares."""
    short = EngFormatter(places=1, sep="")
    for row, column in zip(*np.nonzero(matrix), strict=True):
        amount = float(matrix[row, column])
        colour = "white" if norm(amount) > 0.45 else "black"
        said = f"{amount:,.0f}" if amount < 10_000 else short(amount)
        axes.text(column, row, said, ha="center", va="center", fontsize=8, color=colour)
