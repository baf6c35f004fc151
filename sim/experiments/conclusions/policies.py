"""Policies over all points: interquartile means, and how probable it is that one does better than another.

A task is a point, a run a seed. Only arms on one side of an attack and under one defence are set beside each other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.attack.attackers import ABSENT
from sim.experiments.conclusions.findings import Findings, Floats
from sim.experiments.conclusions.under_attack import SHOWN
from sim.metrics.aggregates import iqm_interval, probability_of_improvement
from sim.metrics.statistics import Interval

MOST_ARMS = 12
"""In a matrix."""
WORK = 200_000_000
"""Scores that are drawn for all bootstraps of a report, at least 200 samples of each."""


class Family(NamedTuple):
    """Arms that differ by their policies."""

    title: str
    arms: list[str]
    scores: Floats
    """Shape (arms, points, seeds), all defined."""
    points: int
    """Points of the sweep."""
    seeds: int
    """Seeds of the sweep."""
    resamples: int
    """Bootstrap samples: fewer of many rows, which are less in need of them."""


def families(found: Findings, metric: str) -> list[Family]:
    """The arms whose policies can be compared, by attack, side and defence; none where policies do not differ."""
    cells, roles = found.cells, list(found.plan["roles"])
    kinds = list(zip(*(cells[name].tolist() for name in ("attack", "side", "defence")), strict=True))
    plays = list(zip(*(cells[role].tolist() for role in roles), strict=True))
    out = []
    for kind in dict.fromkeys(kinds):
        mine = np.flatnonzero([one == kind for one in kinds])
        if kind[1] == ABSENT or len({plays[row] for row in mine}) < 2:
            continue
        arms = np.unique(found.arm[mine])
        points = np.unique(cells["point"][mine])
        cube = np.full((arms.size, points.size, len(found.plan["seeds"])), np.nan)
        cube[np.searchsorted(arms, found.arm[mine]), np.searchsorted(points, cells["point"][mine])] = found.values[metric][mine]
        known = ~np.isnan(cube)
        whole = (known.mean(axis=2) >= 0.5).all(axis=0)
        worlds = known[:, whole].all(axis=(0, 1))
        scores = cube[:, whole][:, :, worlds]
        title = ", ".join(
            word for word in (kind[0], kind[1] and SHOWN.get(kind[1], kind[1]), kind[2] and f"defence {kind[2]}") if word
        )
        out.append(Family(title, [found.arms[arm] for arm in arms], scores, points.size, len(found.plan["seeds"]), 0))
    whole = sum(one.scores.size for one in out)
    samples = int(np.clip(WORK // max(whole, 1), 200, 2_000))
    return [one._replace(resamples=samples) for one in out]


def interquartile(family: Family) -> Interval:
    """Interquartile mean of every arm over runs and points, with the interval of the stratified bootstrap."""
    return iqm_interval(family.scores, seed=0, resamples=family.resamples)


def improvement(family: Family, sign: int, most: int = MOST_ARMS) -> Floats:
    """Probability that the arm of a row does better than that of a column, shape (arms, arms), for the first `most` arms.

    Args:
        family: the arms.
        sign: -1 where less is better.
        most: arms in the matrix.
    """
    scores: Sequence[Floats] = [sign * one.T for one in family.scores[:most]]
    out = np.full((len(scores), len(scores)), np.nan)
    if family.scores.size:
        for i, one in enumerate(scores):
            for j in range(i):
                out[i, j] = probability_of_improvement(one, scores[j])
                out[j, i] = 1 - out[i, j]
    return out
