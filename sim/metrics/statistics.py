"""Means with Student intervals, paired differences, and Holm's correction for many comparisons.

Everything takes the last axis as the sample and leaves out NaN (a metric that is not defined in a world).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtr, stdtrit


class Interval(NamedTuple):
    """A mean with its confidence interval; each an array of the sample's shape without its last axis."""

    mean: Any
    """NaN where the sample is empty."""
    low: Any
    """NaN where the sample has fewer than two values."""
    high: Any
    n: Any
    """Values counted."""


class Difference(NamedTuple):
    """A mean paired difference with its confidence interval."""

    mean: Any
    low: Any
    high: Any
    n: Any
    """Pairs counted."""
    p: Any
    """Two-sided p of no difference; NaN with fewer than two pairs."""


def _moments(values: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Count, mean and standard error over the last axis; the error is NaN below two values."""
    x = np.asarray(values, float)
    known = ~np.isnan(x)
    n = np.asarray(known.sum(axis=-1))
    total = np.where(known, x, 0.0).sum(axis=-1)
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    spread = (np.where(known, x - mean[..., None], 0.0) ** 2).sum(axis=-1)
    variance = np.divide(spread, n - 1, out=np.full(n.shape, np.nan), where=n > 1)
    return n, mean, np.sqrt(variance / np.maximum(n, 1))


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean and Student interval over the last axis.

    Right for a normal sample, and nearly so for the mean of many values; too narrow where rare large values decide the mean.

    Args:
        values: sample, shape (..., n); NaN is left out.
        level: chance that the interval covers the true mean, between 0 and 1.

    Source: Student, "The probable error of a mean", Biometrika 6, 1908.

    >>> mean, low, high, n = mean_interval([1.0, 2.0, 3.0])
    >>> round(float(mean), 3), round(float(low), 3), round(float(high), 3), int(n)
    (2.0, -0.484, 4.484, 3)
    """
    if not 0 < level < 1:
        raise ValueError(f"level: {level} given, allowed is above 0 and below 1")
    n, mean, error = _moments(values)
    half = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * error
    return Interval(mean, mean - half, mean + half, n)


def share_interval(happened: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """How often something happens, and the exact interval of its chance: it covers at least as often as it says, always.

    Args:
        happened: how often it did.
        n: out of so many independent times, at least 1.
        level: chance that the interval covers, between 0 and 1.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26, 1934.

    >>> share, low, high, n = share_interval(0, 100)
    >>> float(share), float(low), round(float(high), 4)
    (0.0, 0.0, 0.0362)
    """
    if not 0 < level < 1:
        raise ValueError(f"level: {level} given, allowed is above 0 and below 1")
    k, n, tail = np.asarray(happened, float), np.asarray(n, float), (1 - level) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - np.maximum(k, 1) + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(np.minimum(k, n - 1) + 1, n - np.minimum(k, n - 1), 1 - tail), 1.0)
    return Interval(k / n, low, high, n)


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Difference:
    """Mean of ``a - b`` over pairs that share a random world, with its Student interval and p.

    Args:
        a: sample, shape (..., n).
        b: sample of the same shape; a pair counts if neither is NaN.
        level: chance that the interval covers the true difference.

    Raises:
        ValueError: the shapes differ.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise ValueError(f"pairs: shapes {a.shape} and {b.shape} given, allowed are equal shapes")
    mean, low, high, n = mean_interval(a - b, level)
    _, _, error = _moments(a - b)
    apart = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    t = np.divide(mean, error, out=np.asarray(apart, float), where=error > 0)
    p = np.where(n > 1, 2 * stdtr(np.maximum(n - 1, 1), -np.abs(t)), np.nan)
    return Difference(mean, low, high, n, p)


def ratio_of_means(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of `a` ÷ mean of `b` over pairs, with Fieller's interval.

    All are NaN where the mean of `b` is not clearly away from zero: the interval has no ends there.

    Args:
        a: sample, shape (..., n).
        b: sample of the same shape; a pair counts if neither is NaN.
        level: chance that the interval covers the true ratio.

    Raises:
        ValueError: the shapes differ.

    Source: Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16, 1954.

    >>> mean, low, high, n = ratio_of_means([5.0, 6.0, 7.0], [10.0, 12.0, 14.0])
    >>> round(float(mean), 3), round(float(low), 3), round(float(high), 3), int(n)
    (0.5, 0.5, 0.5, 3)
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise ValueError(f"pairs: shapes {a.shape} and {b.shape} given, allowed are equal shapes")
    unknown = np.isnan(a) | np.isnan(b)
    n, above, _ = _moments(np.where(unknown, np.nan, a))
    _, below, error = _moments(np.where(unknown, np.nan, b))
    t = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2)
    covariance = np.where(unknown, 0.0, (a - above[..., None]) * (b - below[..., None])).sum(axis=-1)
    spread = np.where(unknown, 0.0, (a - above[..., None]) ** 2).sum(axis=-1)
    scale = t**2 / np.maximum(n * (n - 1), 1)
    bottom = below**2 - (t * error) ** 2
    sure = (n > 1) & (bottom > 0)
    bottom = np.where(sure, bottom, np.nan)
    middle = above * below - scale * covariance
    root = np.sqrt(np.maximum(middle**2 - bottom * (above**2 - scale * spread), 0.0))
    return Interval(above / np.where(sure, below, np.nan), (middle - root) / bottom, (middle + root) / bottom, n)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p values so that the chance of any false finding among them stays at the level of one.

    Args:
        p: p values, shape (m,); NaN stays NaN and is not counted.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, float)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * (order.size - np.arange(order.size))
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def skewness(values: ArrayLike) -> NDArray[np.float64]:
    """Third standardised moment over the last axis: beyond ±1 Student intervals lean.

    Args:
        values: sample, shape (..., n); NaN is left out.

    Returns:
        Shape (...); 0 where all values are equal, or there are none.

    >>> float(skewness([0.0, 0.0, 0.0, 4.0]).round(3))
    1.155
    """
    x = np.asarray(values, float)
    known = ~np.isnan(x)
    n, mean, _ = _moments(x)
    away = np.where(known, x - mean[..., None], 0.0)
    variance = (away**2).sum(axis=-1) / np.maximum(n, 1)
    flat = np.sqrt(variance) <= 1e-12 * np.where(known, np.abs(x), 0.0).max(axis=-1, initial=0.0)
    third = (away**3).sum(axis=-1) / np.maximum(n, 1)
    return np.asarray(np.where(flat, 0.0, third / np.where(flat, 1.0, variance) ** 1.5))
