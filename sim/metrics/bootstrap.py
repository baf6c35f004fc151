"""Bootstrap intervals of means and trimmed means: a sample is drawn anew from itself, many times, with replacement.

A trimmed mean of a resample depends on the order of the values and on how often each is drawn, not on the values. So the
draws become one table of weights that serves every sample of the same size, and a thousand samples are one product of
matrices. Draws come from Philox: the same values and seed give the same interval, whatever stands beside them in the array and
in whatever order they come. Samples of one size share their draws; give them seeds of their own where that matters.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from sim.metrics.statistics import Interval

Floats = NDArray[np.float64]
Levels = Callable[[Floats, Floats, Floats, int], tuple[Floats, Floats]]
"""From resampled means (samples, resamples), means and sorted values: which quantiles are the ends, given how many are cut."""

RESAMPLES = 2_000
BLOCK = 1 << 22
"""Numbers that are worked on at a time."""
EQUAL = 1e-12
"""Values this close, relative to the largest of their sample, are equal: the same number reached by other sums."""


def generator(*stream: int) -> np.random.Generator:
    """The random numbers of a seed, and of what it is split into.

    Raises:
        ValueError: the seed is negative.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(stream)))


def drawn(sizes: Sequence[int], resamples: int, draws: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """How often each value is drawn, when every stratum is drawn anew from itself.

    Args:
        sizes: values in each stratum; they stand one stratum after the other.
        resamples: how many.
        draws: random numbers.

    Yields:
        Blocks of resamples, shape (some, sum of sizes).
    """
    size = np.repeat(np.asarray(sizes, np.int64), sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    most = max(1, BLOCK // max(size.size, 1))
    for first in range(0, resamples, most):
        rows = min(most, resamples - first)
        chosen = (draws.random((rows, size.size)) * size).astype(np.int64) + start
        chosen += np.arange(rows)[:, None] * size.size
        yield np.bincount(chosen.reshape(-1), minlength=chosen.size).reshape(chosen.shape)


def kept(times: NDArray[np.int64], cut: int) -> Floats:
    """How often each value is left after the smallest and the largest are cut.

    Args:
        times: how often each is there, values in ascending order, shape (resamples, n), a row adding up to n.
        cut: how many are cut on each side.

    >>> kept(np.array([[3, 0, 1, 0]]), 1)
    array([[2., 0., 0., 0.]])
    """
    if cut == 0:
        return times.astype(float)
    upto = np.clip(np.cumsum(times, axis=-1), cut, times.shape[-1] - cut)
    return np.diff(upto, axis=-1, prepend=cut).astype(float)


def trimmed_mean(values: ArrayLike, trim: float = 0.25) -> Floats:
    """Mean without the smallest and the largest values, over the last axis.

    Args:
        values: sample, shape (..., n); NaN is left out first.
        trim: share that is cut on each side, 0 to below 1/2; of n values ``floor(trim × n)``.

    Returns:
        Shape (...); NaN where the sample is empty.

    Raises:
        ValueError: `trim` is outside its range.

    Source: Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location based on a single
    sample", Sankhya A 25, 1963.

    >>> float(trimmed_mean([0.0, 1.0, 2.0, 99.0]))
    1.5
    """
    shape, ordered, sizes = _sorted(values, trim)
    out = np.full(len(ordered), np.nan)
    for n in np.unique(sizes[sizes > 0]).tolist():
        out[sizes == n] = ordered[sizes == n, _cut(n, trim) : n - _cut(n, trim)].mean(axis=-1)
    return out.reshape(shape)


def percentile_interval(
    values: ArrayLike, *, seed: int, trim: float = 0.0, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """Trimmed mean and its percentile interval over the last axis: the middle of the means of resamples.

    Args:
        values: sample, shape (..., n); NaN is left out.
        seed: of the draws, 0 or above.
        trim: share that is cut on each side: 0 the mean, 1/4 the interquartile mean.
        level: chance that the interval should cover the true one, between 0 and 1.
        resamples: how many.

    Returns:
        Ends are NaN below two values and where a value is infinite. Equal values have an interval of no width.

    Raises:
        ValueError: an argument is outside its range.

    Source: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.

    >>> mean, low, high, n = percentile_interval([1.0, 2.0, 3.0, 4.0, 5.0], seed=1)
    >>> float(mean), bool(1 < low < 3 < high < 5), int(n)
    (3.0, True, 5)
    """

    def levels(means: Floats, mean: Floats, ordered: Floats, cut: int) -> tuple[Floats, Floats]:
        return np.full(mean.shape, (1 - level) / 2), np.full(mean.shape, (1 + level) / 2)

    check(level, resamples)
    return _intervals(values, trim, resamples, seed, levels)


def bca_interval(values: ArrayLike, *, seed: int, trim: float = 0.0, level: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Trimmed mean and its BCa interval over the last axis: a percentile interval, corrected for bias and acceleration.

    The bias is read from the share of resamples below the mean (those equal to it count half), the acceleration from the
    jackknife. Arguments, result and errors are those of `percentile_interval`.

    Source: Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82, 1987.

    >>> mean, low, high, n = bca_interval([0.0, 0.0, 0.0, 1.0, 9.0], seed=1)
    >>> bool(mean - low < high - mean)
    True
    """

    def levels(means: Floats, mean: Floats, ordered: Floats, cut: int) -> tuple[Floats, Floats]:
        near = EQUAL * np.abs(ordered).max(axis=-1)[:, None]
        apart = means - mean[:, None]
        below = (np.count_nonzero(apart < -near, axis=-1) + np.count_nonzero(apart <= near, axis=-1)) / 2
        bias = ndtri(np.clip(below, 0.5, resamples - 0.5) / resamples)
        pull = _acceleration(ordered, cut)
        return _corrected(bias, pull, ndtri((1 - level) / 2)), _corrected(bias, pull, ndtri((1 + level) / 2))

    check(level, resamples)
    return _intervals(values, trim, resamples, seed, levels)


def _corrected(bias: Floats, pull: Floats, z: float) -> Floats:
    """The quantile that stands for the normal quantile z; beyond the pole of the formula, the extreme one on its side."""
    shifted = bias + z
    room = 1 - pull * shifted
    return ndtr(bias + np.where(room > 0, shifted / np.where(room > 0, room, 1.0), np.copysign(np.inf, shifted)))


def _acceleration(ordered: Floats, cut: int) -> Floats:
    """A sixth of the skewness of the jackknife values, shape (samples,).

    Without value i, the trimmed mean lacks value i, or the nearest that is not cut: its jackknife values mirror the sample with
    the ends drawn in to the last values that stay.
    """
    drawn_in = np.clip(ordered, ordered[:, [cut]], ordered[:, [ordered.shape[1] - 1 - cut]])
    away = drawn_in - drawn_in.mean(axis=-1, keepdims=True)
    spread = (away**2).sum(axis=-1)
    flat = spread <= (EQUAL * np.abs(ordered).max(axis=-1)) ** 2
    return np.where(flat, 0.0, (away**3).sum(axis=-1) / (6 * np.where(flat, 1.0, spread) ** 1.5))


def _intervals(values: ArrayLike, trim: float, resamples: int, seed: int, levels: Levels) -> Interval:
    """Trimmed means with an interval whose ends are quantiles of the resampled ones."""
    shape, ordered, sizes = _sorted(values, trim)
    low, high = np.full((2, len(ordered)), np.nan)
    usable = np.isfinite(np.where(np.isnan(ordered), 0.0, ordered)).all(axis=-1)
    for n in np.unique(sizes[usable & (sizes > 1)]).tolist():
        cut = _cut(n, trim)
        weights = np.concatenate([kept(times, cut) for times in drawn([n], resamples, generator(seed, n))])
        mine = np.flatnonzero(usable & (sizes == n))
        for first in range(0, mine.size, max(1, BLOCK // resamples)):
            rows = mine[first : first + max(1, BLOCK // resamples)]
            sample = ordered[rows, :n]
            means = np.sort(sample @ weights.T / (n - 2 * cut), axis=-1)
            mean = sample[:, cut : n - cut].mean(axis=-1)
            low[rows], high[rows] = (quantile(means, at) for at in levels(means, mean, sample, _cut(n - 1, trim)))
    return Interval(trimmed_mean(values, trim), low.reshape(shape), high.reshape(shape), sizes.reshape(shape))


def quantile(ordered: Floats, at: Floats) -> Floats:
    """A quantile of each row, linear between neighbours: rows in ascending order, shape (m, n), one level `at` each.

    >>> quantile(np.array([[0.0, 1.0, 4.0]]), np.array([0.75])).tolist()
    [2.5]
    """
    place = at * (ordered.shape[1] - 1)
    left = np.minimum(place.astype(np.int64), ordered.shape[1] - 1)
    right = np.minimum(left + 1, ordered.shape[1] - 1)
    row = np.arange(len(ordered))
    return ordered[row, left] + (place - left) * (ordered[row, right] - ordered[row, left])


def _cut(n: int, trim: float) -> int:
    return int(n * trim)


def _sorted(values: ArrayLike, trim: float) -> tuple[tuple[int, ...], Floats, NDArray[np.int64]]:
    """Shape without the sample, samples in ascending order with NaN behind them, and how many values each has."""
    if not 0 <= trim < 0.5:
        raise ValueError(f"trim: {trim} given, allowed is 0 to below 0.5")
    x = np.asarray(values, float)
    ordered = np.sort(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), axis=-1)
    return x.shape[:-1], ordered, np.asarray((~np.isnan(ordered)).sum(axis=-1), np.int64)


def check(level: float, resamples: int) -> None:
    """Refuse what no interval can be made with.

    Raises:
        ValueError: the level is not between 0 and 1, or there is no resample.
    """
    if not 0 < level < 1:
        raise ValueError(f"level: {level} given, allowed is above 0 and below 1")
    if resamples < 1:
        raise ValueError(f"resamples: {resamples} given, allowed is 1 or more")
