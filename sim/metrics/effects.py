"""The size of an effect in units of the spread between worlds."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

EQUAL = 1e-12
"""Differences whose spread is this small, relative to the values they come from, are equal."""


def paired_effect(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Cohen's d_z with Hedges' correction: the mean of ``a - b`` over pairs ÷ its standard deviation, freed of its bias.

    The plain ratio of a small sample is too large: by 25 % at 5 pairs, by 10 % at 10. Hedges' factor
    Γ(m/2) / (√(m/2) Γ((m-1)/2)), with m = n - 1, makes it unbiased for normal differences. It stays imprecise: at 10 pairs
    without any effect its standard deviation is a third.

    Args:
        a: sample, shape (..., n).
        b: sample of the same shape; a pair counts if neither is NaN.

    Returns:
        Shape (...). NaN below three pairs (with two, the ratio has no mean that could be corrected) and where a value is
        infinite. Where all differences are equal (up to rounding) there is no spread to measure by: 0 if they are zero, else inf
        with their sign.

    Raises:
        ValueError: the shapes differ.

    Source: d_z, Cohen, "Statistical power analysis for the behavioral sciences", 2nd edition, 1988, section 2.3; the factor,
    Hedges, "Distribution theory for Glass's estimator of effect size and related estimators", Journal of Educational
    Statistics 6, 1981.

    >>> round(float(paired_effect([2.0, 4.0, 6.0, 9.0], [1.0, 2.0, 3.0, 4.0])), 3)
    1.165
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise ValueError(f"pairs: shapes {a.shape} and {b.shape} given, allowed are equal shapes")
    with np.errstate(invalid="ignore"):
        gap = a - b
    known = ~(np.isnan(a) | np.isnan(b))
    n = known.sum(axis=-1)
    usable = (n > 2) & np.isfinite(np.where(known, gap, 0.0)).all(axis=-1)
    gap = np.where(known & usable[..., None], gap, 0.0)
    mean = gap.sum(axis=-1) / np.maximum(n, 1)
    spread = (np.where(known, gap - mean[..., None], 0.0) ** 2).sum(axis=-1)
    deviation = np.sqrt(spread / np.maximum(n - 1, 1))
    rounding = EQUAL * np.where(known, np.maximum(np.abs(a), np.abs(b)), 0.0).max(axis=-1, initial=0.0)
    flat = deviation <= rounding
    certain = np.where(np.abs(mean) <= rounding, 0.0, np.copysign(np.inf, mean))
    m = np.maximum(n - 1, 2)
    factor = np.exp(gammaln(m / 2) - gammaln((m - 1) / 2)) / np.sqrt(m / 2)
    effect = np.where(flat, certain, factor * mean / np.where(flat, 1.0, deviation))
    return np.where(usable, effect, np.nan)
