"""What a sweep found: levels, paired differences, aggregates and what is left under attack, as arrays over (cells, seeds).

Arms of one point are compared with its first arm on the same seeds. Over several points each seed's difference is averaged first,
so that a seed, not a run, is what is repeated: the same seeds are met at every point. A sweep with one arm compares its points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.experiments.loading import Results
from sim.metrics.contrasts import Columns
from sim.metrics.effects import paired_effect
from sim.metrics.statistics import Difference, Interval, holm, mean_interval, paired_difference

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Compared(NamedTuple):
    """Paired differences of one metric, one per comparison."""

    difference: Difference
    effect: Floats
    """Mean difference ÷ its standard deviation over seeds, freed of its bias (d_z)."""
    adjusted: Floats
    """p after Holm's correction over all these comparisons."""


class Pooled(NamedTuple):
    """Arms of a sweep over all its points."""

    levels: Floats
    """Each seed's mean over points, shape (arms, seeds)."""
    compared: Compared
    """Of every arm against the first; the first itself is not defined."""


@dataclass(frozen=True)
class Findings:
    """A sweep's rows, and how its cells are compared."""

    results: Results

    @property
    def plan(self) -> Mapping[str, Any]:
        """What was asked for."""
        return self.results.plan

    @property
    def cells(self) -> Columns:
        """One row per cell."""
        return self.results.cells

    @cached_property
    def metrics(self) -> list[Mapping[str, Any]]:
        """What was measured, the headline first."""
        return list(self.plan["metrics"])

    @cached_property
    def values(self) -> dict[str, Floats]:
        """Metric -> every run, shape (cells, seeds)."""
        return {one["name"]: self.results.values(one["name"]) for one in self.metrics}

    @cached_property
    def arms(self) -> list[str]:
        """Labels, the baseline first."""
        return list(dict.fromkeys(self.cells["arm"].tolist()))

    @cached_property
    def arm(self) -> Ints:
        """Of each cell the number of its arm."""
        number = {label: k for k, label in enumerate(self.arms)}
        return np.array([number[label] for label in self.cells["arm"].tolist()], np.int64)

    @cached_property
    def first(self) -> Ints:
        """Of each point its first cell, that of the baseline."""
        return np.unique(self.cells["point"], return_index=True)[1].astype(np.int64)

    @property
    def points(self) -> int:
        """Their number."""
        return int(self.first.size)

    @property
    def by_arm(self) -> bool:
        """Whether arms are compared; else points are."""
        return len(self.arms) > 1

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Every cell that is compared, and the cell that it is compared with."""
        rows = np.arange(len(self.cells["cell"]))
        if self.by_arm:
            base = self.first[np.unique(self.cells["point"], return_inverse=True)[1].reshape(-1)]
        else:
            base = np.zeros_like(rows)
        return rows[rows != base], base[rows != base]

    @cached_property
    def compared(self) -> dict[str, Compared]:
        """Metric -> all pairs."""
        rows, base = self.pairs
        return {name: compared(values[rows], values[base]) for name, values in self.values.items()}

    @cached_property
    def levels(self) -> dict[str, Interval]:
        """Metric -> mean of every cell over its seeds."""
        return {name: mean_interval(values) for name, values in self.values.items()}

    @cached_property
    def pooled(self) -> dict[str, Pooled]:
        """Metric -> arms over all points."""
        rows, base = self.pairs
        out = {}
        for name, values in self.values.items():
            levels = grouped(values, self.arm, len(self.arms))
            gaps = np.full_like(levels, np.nan)
            if self.by_arm:
                gaps = grouped(values[rows] - values[base], self.arm[rows], len(self.arms))
            out[name] = Pooled(levels, compared(gaps, np.zeros_like(gaps)))
        return out

    def varying(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that have more than one value."""
        return [name for name in names if len(set(self.cells[name].tolist())) > 1]

    def parameters(self) -> list[str]:
        """Varied parameters that take more than one value, in the order of the plan."""
        return self.varying([name for name in self.plan["varied"] if name in self.cells])


def compared(a: Floats, b: Floats) -> Compared:
    """Paired differences of samples, shape (comparisons, seeds), with effect sizes and Holm's correction over them."""
    difference = paired_difference(a, b)
    return Compared(difference, paired_effect(a, b), holm(difference.p))


def grouped(values: Floats, group: Ints, groups: int) -> Floats:
    """Mean of the rows of each group, seed by seed, over those that are defined.

    Args:
        values: shape (rows, seeds).
        group: of each row its group, 0 to `groups` - 1.
        groups: their number.

    Returns:
        Shape (groups, seeds); NaN where no row of the group is defined.

    >>> grouped(np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]), np.array([0, 0, 2]), 3)
    array([[ 2.,  2.],
           [nan, nan],
           [ 5.,  6.]])
    """
    out = np.full((groups, values.shape[1]), np.nan)
    if not len(values):
        return out
    order = np.argsort(group, kind="stable")
    present, starts = np.unique(group[order], return_index=True)
    known = ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0.0)[order], starts, axis=0)
    count = np.add.reduceat(known[order].astype(np.int64), starts, axis=0)
    out[present] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def balanced(values: Floats, point: Ints, group: Ints, groups: int) -> tuple[Floats, int]:
    """Mean of each group over the points at which every group has a value that is defined, seed by seed.

    Groups that have none anywhere do not count, and are not defined.

    Args:
        values: shape (rows, seeds).
        point: of each row its point.
        group: of each row its group, 0 to `groups` - 1.
        groups: their number.

    Returns:
        Shape (groups, seeds), and the number of such points.

    >>> balanced(np.array([[1.0], [2.0], [3.0], [np.nan]]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2)
    (array([[1.],
           [2.]]), 1)
    """
    known = ~np.isnan(values).all(axis=1)
    alive = np.unique(group[known]).size
    points, place, count = np.unique(point[known], return_inverse=True, return_counts=True)
    whole = count == alive
    rows = np.flatnonzero(known)[whole[place.reshape(-1)]]
    return grouped(values[rows], group[rows], groups), int(whole.sum()) if points.size else 0


MOST_VALUES = 12
"""A parameter with more values than this is shown in bins."""
BINS = 10


def bins(found: Findings, name: str) -> tuple[Floats, Ints]:
    """The values of a varied parameter, or bins of as many values each if there are many.

    Returns:
        Mean value of each bin, and of each cell its bin.
    """
    x = np.asarray(found.cells[name], float)
    values, group = np.unique(x, return_inverse=True)
    group = group.reshape(-1).astype(np.int64)
    if values.size > MOST_VALUES:
        group = np.minimum(group * BINS // values.size, BINS - 1)
    counts = np.bincount(group)
    return np.bincount(group, x) / counts, group


class Effect(NamedTuple):
    """What one arm's metric does between the lowest and the highest value, or bin, of a parameter, the others averaged."""

    parameter: str
    arm: str
    low: float
    high: float
    row: int
    """In the comparison of all effects."""


def effects(found: Findings, metric: str, arms: Sequence[int]) -> tuple[list[Effect], Compared]:
    """The effect of each varied parameter in each of these arms, paired by seed; Holm's correction is over all of them."""
    out: list[Effect] = []
    tops, bottoms = [], []
    for name in found.parameters():
        x, group = bins(found, name)
        for arm in arms:
            mine = found.arm == arm
            by_value = grouped(found.values[metric][mine], group[mine], x.size)
            bottoms.append(by_value[0])
            tops.append(by_value[-1])
            out.append(Effect(name, found.arms[arm], float(x[0]), float(x[-1]), len(out)))
    seeds = len(found.plan["seeds"])
    return out, compared(np.reshape(tops, (-1, seeds)), np.reshape(bottoms, (-1, seeds)))
