"""Why the Student interval of a sample may be too narrow: a reason by name, and one clause with the evidence.

The evidence is the coverage study that is committed in results/coverage/ and rebuilt by `make coverage`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.metrics.coverage import CHANCE, LEVEL
from sim.metrics.statistics import skewness

DOUBTS = ("constant", "rare", "skewed", "few")
"""All reasons; of those that hold, the first is named."""
FEW = 10
"""Below so many values nothing can be seen of how they are distributed."""
RARE = 5
"""Below so many outcomes that differ from all others, these few decide the mean and its interval."""
SOME = 5
"""Below so many values it means nothing that most of them are equal."""
SKEWED = 1.0
STUDENT_COVERS: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "lognormal": MappingProxyType({10: 0.8355, 30: 0.8810, 100: 0.9155}),
        "rare_loss": MappingProxyType({10: 0.4050, 30: 0.7725, 100: 0.8725}),
    }
)
"""Truth -> seeds -> share of 95 % Student intervals that held the mean: rows of results/coverage/coverage.csv."""
BLOCK = 1 << 18
"""Values that are worked on at a time."""


def doubts(values: ArrayLike) -> NDArray[np.str_]:
    """The reason to doubt a Student interval, by name: one of `DOUBTS`, or "" where there is none.

    constant: all values are equal, at least five.
    rare: fewer than five differ from the rest, which is the greater part of at least five; of a rare loss, fewer than five
        are not 0.
    skewed: skewness beyond ±1, of at least three values.
    few: fewer than ten values.
    Values that differ by rounding are equal.

    Args:
        values: sample, shape (..., n); NaN is left out.

    Returns:
        Shape (...); "" for a sample that is empty or has an infinite value: it has no interval.

    >>> doubts([[0.0] * 10, [0.0] * 9 + [1.0]]).tolist()
    ['constant', 'rare']
    """
    x = np.asarray(values, float)
    rows = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    size = max(1, BLOCK // max(x.shape[-1], 1))
    found = [_named(rows[first : first + size]) for first in range(0, len(rows), size)]
    return np.concatenate([np.empty(0, "<U8"), *found]).reshape(x.shape[:-1])


def _named(rows: NDArray[np.float64]) -> NDArray[np.str_]:
    """The reasons of some samples, shape (samples, n)."""
    if not rows.shape[1]:
        return np.full(len(rows), "", "<U8")
    known = ~np.isnan(rows)
    n = known.sum(axis=-1)
    middle = np.take_along_axis(np.sort(rows, axis=-1), np.maximum(n - 1, 0)[:, None] // 2, axis=-1)
    with np.errstate(invalid="ignore"):
        near = 1e-12 * np.where(known, np.abs(rows), 0.0).max(axis=-1, keepdims=True)
        other = (known & ~(np.abs(rows - middle) <= near)).sum(axis=-1)
        leaning = np.abs(skewness(rows)) > SKEWED
    mostly = (n >= SOME) & (2 * other < n)
    n = np.where(np.isinf(rows).any(axis=-1), 0, n)
    holds = [mostly & (other == 0), mostly & (other < RARE), leaning & (n > 2), n < FEW]
    return np.select([(n > 0) & one for one in holds], list(DOUBTS), "").astype("<U8")


def evidence(doubt: str, n: int) -> str:
    """What is known of Student intervals in such a case, as a clause.

    The share covered is that of the coverage study at the number of seeds nearest to n (the smaller of two equally near).

    Args:
        doubt: one of `DOUBTS`.
        n: values in the sample.

    Source of what a constant sample can miss: Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", Journal
    of the American Medical Association 249, 1983.

    >>> evidence("constant", 20)
    'other outcomes, with a probability of up to 14 %, may be missing'
    """
    if doubt == "constant":
        return f"other outcomes, with a probability of up to {100 * (1 - (1 - LEVEL) ** (1 / n)):.0f} %, may be missing"
    truth, of = (
        ("rare_loss", f"of a loss with probability {CHANCE:g}") if doubt == "rare" else ("lognormal", "of lognormal values")
    )
    covers = STUDENT_COVERS[truth]
    nearest = min(covers, key=lambda seeds: (abs(seeds - n), seeds))
    return f"{of}, Student intervals at {nearest} seeds cover {100 * covers[nearest]:.0f} % instead of {100 * LEVEL:.0f} %"


def warnings(values: ArrayLike) -> NDArray[Any]:
    """Why the Student interval of each sample may be too narrow: one clause, or "" where nothing speaks against it.

    Args:
        values: sample, shape (..., n); NaN is left out.

    Returns:
        Text, shape (...), dtype object.
    """
    x = np.asarray(values, float)
    names = doubts(x)
    out = np.full(names.shape, "", object)
    for index in zip(*np.nonzero(np.atleast_1d(names) != ""), strict=True):
        place = index if names.ndim else ()
        sample = x[place]
        out[place] = _clause(str(names[place]), sample[~np.isnan(sample)])
    return out


def warning(values: ArrayLike) -> str:
    """`warnings` of one sample, shape (n,).

    >>> warning([0.0] * 28 + [1.0, 3.0])
    'only 2 of 30 outcomes are not 0: of a loss with probability 0.05, Student intervals at 30 seeds cover 77 % instead of 95 %'
    """
    return str(warnings(np.ravel(np.asarray(values, float)))[()])


def _clause(doubt: str, sample: NDArray[np.float64]) -> str:
    """The reason with the numbers of the sample, and the evidence."""
    n = sample.size
    if doubt == "few":
        fact = f"only {n} seed{'s' * (n > 1)}, too few to see skew"
    elif doubt == "skewed":
        fact = f"skewed (skewness {float(skewness(sample)):.1f})"
    else:
        usual = float(np.sort(sample)[(n - 1) // 2])
        other = int(np.count_nonzero(np.abs(sample - usual) > 1e-12 * np.abs(sample).max()))
        said = f"only {other} of {n} outcomes {'is' if other == 1 else 'are'} not {usual:.3g}"
        fact = said if other else f"all {n} outcomes are {usual:.3g}"
    return f"{fact}: {evidence(doubt, n)}"
