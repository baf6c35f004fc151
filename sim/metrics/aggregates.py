"""Aggregates over tasks and runs: the interquartile mean and the probability of improvement, with stratified intervals.

The runs of a task are a stratum: a resample draws runs anew within each task, and never a task.

Source: Agarwal, Schwarzer, Castro, Courville and Bellemare, "Deep reinforcement learning at the edge of the statistical
precipice", NeurIPS 2021 (the library rliable).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.metrics.bootstrap import RESAMPLES, Floats, check, drawn, generator, kept, quantile, trimmed_mean
from sim.metrics.statistics import Interval

QUARTER = 0.25


def iqm(values: ArrayLike) -> Floats:
    """Interquartile mean over the last axis: of n values, the floor(n / 4) smallest and largest are left out.

    Of fewer than four values it is the mean.

    Args:
        values: sample, shape (..., n); NaN is left out first.

    Returns:
        Shape (...); NaN where the sample is empty.

    >>> float(iqm([1.0, 2.0, 3.0, 4.0, 100.0, np.nan]))
    3.0
    """
    return trimmed_mean(values, QUARTER)


def iqm_interval(scores: ArrayLike, *, seed: int, level: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Interquartile mean over all runs of all tasks, with the percentile interval of the stratified bootstrap.

    Args:
        scores: shape (..., tasks, runs); NaN is left out, so that a task weighs as much as it has known runs.
        seed: of the draws, 0 or above.
        level: chance that the interval should cover the true one for these tasks, between 0 and 1.
        resamples: how many.

    Returns:
        Shape (...); `n` counts runs. The ends are NaN where no task has two known runs, and where a score is infinite.

    Raises:
        ValueError: an argument is outside its range, or there are no two axes.

    >>> mean, low, high, n = iqm_interval([[0.0, 1.0, 2.0], [5.0, 6.0, 7.0]], seed=1)
    >>> float(mean), bool(1 < low < 3.5 < high < 6), int(n)
    (3.5, True, 6)
    """
    check(level, resamples)
    x = np.asarray(scores, float)
    if x.ndim < 2:
        raise ValueError(f"scores: shape {x.shape} given, allowed is (..., tasks, runs)")
    low, high = np.empty(x.shape[:-2]), np.empty(x.shape[:-2])
    ordered = np.sort(x, axis=-1)
    for index in np.ndindex(x.shape[:-2]):
        low[index], high[index] = _iqm_ends(ordered[index], seed, level, resamples)
    return Interval(iqm(x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])), low, high, (~np.isnan(x)).sum(axis=(-2, -1)))


def _iqm_ends(scores: Floats, seed: int, level: float, resamples: int) -> Floats:
    """Ends of the interval of one table, shape (tasks, runs), runs in ascending order."""
    known = ~np.isnan(scores)
    sizes, flat = known.sum(axis=1), scores[known]
    if sizes.max(initial=0) < 2 or not np.isfinite(flat).all():
        return np.full(2, np.nan)
    order = np.argsort(flat, kind="stable")
    pooled, cut = flat[order], flat.size // 4
    blocks = drawn(sizes.tolist(), resamples, generator(seed))
    means = [kept(times[:, order], cut) @ pooled / (flat.size - 2 * cut) for times in blocks]
    return _ends(np.concatenate(means), level)


def _ends(found: Floats, level: float) -> Floats:
    """The middle of what resamples gave."""
    return quantile(np.tile(np.sort(found), (2, 1)), np.array([(1 - level) / 2, (1 + level) / 2]))


Pair = tuple[Floats, Floats]
"""The known runs of both in a task, in ascending order."""


def _pairs(x: ArrayLike, y: ArrayLike) -> list[Pair]:
    """The tasks in which both have a known run.

    Raises:
        ValueError: shapes are not (runs, tasks), or not of the same tasks.
    """
    a, b = np.asarray(x, float), np.asarray(y, float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"runs: shapes {a.shape} and {b.shape} given, allowed are (runs, tasks) of the same tasks")
    tasks = [tuple(np.sort(one[~np.isnan(one)]) for one in both) for both in zip(a.T, b.T, strict=True)]
    return [(mine, theirs) for mine, theirs in tasks if mine.size and theirs.size]


def _beaten(mine: Floats, theirs: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each of my runs: how many of theirs are below it, and how many at most equal."""
    return np.searchsorted(theirs, mine, "left"), np.searchsorted(theirs, mine, "right")


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """Chance that a run of x is above one of y in the same task, a tie counting half; mean over tasks.

    Args:
        x: shape (runs of x, tasks).
        y: shape (runs of y, tasks).

    Returns:
        0 to 1; tasks in which either has no known run are left out, NaN if none is left. NaN is left out of a task.

    Raises:
        ValueError: shapes are not (runs, tasks) of the same tasks.

    Source: Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other",
    Annals of Mathematical Statistics 18, 1947; as an aggregate, Agarwal and others, 2021.

    >>> round(probability_of_improvement([[1, 2], [2, 2], [1, 1], [2, 1]], [[1, 1], [2, 2], [3, 3]]), 4)
    0.3333
    """
    chances = [np.add(*_beaten(mine, theirs)).mean() / (2 * theirs.size) for mine, theirs in _pairs(x, y)]
    return float(np.mean(chances)) if chances else float("nan")


def improvement_interval(x: ArrayLike, y: ArrayLike, *, seed: int, level: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Probability of improvement with the percentile interval of the stratified bootstrap.

    Runs of x and of y are drawn anew apart from each other, also where they share random worlds.

    Args:
        x: shape (runs of x, tasks).
        y: shape (runs of y, tasks).
        seed: of the draws, 0 or above.
        level: chance that the interval should cover the true one for these tasks, between 0 and 1.
        resamples: how many.

    Returns:
        `n` counts tasks. The ends are NaN where no task has two known runs of x or of y.

    Raises:
        ValueError: an argument is outside its range, or shapes are not (runs, tasks) of the same tasks.

    >>> chance, low, high, tasks = improvement_interval([[3.0], [4.0], [5.0]], [[1.0], [2.0], [4.0]], seed=1)
    >>> round(chance, 3), bool(0.3 < low < 0.9 < high), tasks
    (0.833, True, 1)
    """
    check(level, resamples)
    pairs = _pairs(x, y)
    low, high = np.full(2, np.nan)
    if any(max(mine.size, theirs.size) > 1 for mine, theirs in pairs):
        chances = [_resampled(pair, resamples, seed, task) for task, pair in enumerate(pairs)]
        low, high = _ends(np.mean(chances, axis=0), level)
    return Interval(probability_of_improvement(x, y), float(low), float(high), len(pairs))


def _resampled(pair: Pair, resamples: int, seed: int, task: int) -> Floats:
    """The chance in one task, of every resample: how often each run of x is drawn × what it beats of the runs of y drawn."""
    mine, theirs = pair
    below, most = _beaten(mine, theirs)
    won = []
    for times in drawn([theirs.size], resamples, generator(seed, task, 1)):
        upto = np.concatenate([np.zeros((len(times), 1), np.int64), np.cumsum(times, axis=1)], axis=1)
        won.append((upto[:, below] + upto[:, most]).astype(np.float32))
    first, chances = 0, []
    beats = np.concatenate(won)
    for times in drawn([mine.size], resamples, generator(seed, task, 0)):
        chances.append((times * beats[first : first + len(times)]).sum(axis=1))
        first += len(times)
    return np.concatenate(chances) / (2 * mine.size * theirs.size)
