"""How often 95 % intervals cover the mean, measured on truths that are known: normal, lognormal, and a rare loss.

The result is committed in results/coverage/; `sim.metrics.doubts` reads its warnings from it.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.metrics.bootstrap import Floats, bca_interval, generator, percentile_interval
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import Interval, mean_interval

SEED = 1
SETS = 2_000
"""Synthetic samples of each truth and size."""
SIZES = (10, 30, 100)
"""Seeds, that is values in a sample."""
LEVEL = 0.95
RESAMPLES = 2_000
SHARING = 20
"""Samples that share the draws of a bootstrap: few, so that no single table of draws decides the result."""
CHANCE, LOSS = 0.05, 100.0
"""The rare loss: how often, and how much."""


class Truth(NamedTuple):
    """A distribution with its mean."""

    about: str
    mean: float
    draw: Callable[[np.random.Generator, tuple[int, int]], Floats]
    """Samples, from random numbers and a shape."""


TRUTHS: Mapping[str, Truth] = MappingProxyType(
    {
        "normal": Truth("normal, mean 0, standard deviation 1", 0.0, lambda draws, shape: draws.normal(size=shape)),
        "lognormal": Truth(
            "exp(z), z normal with mean 0 and standard deviation 1",
            float(np.exp(0.5)),
            lambda draws, shape: draws.lognormal(size=shape),
        ),
        "rare_loss": Truth(
            f"a loss of {LOSS:g} with probability {CHANCE:g}, else 0",
            -CHANCE * LOSS,
            lambda draws, shape: np.where(draws.random(shape) < CHANCE, -LOSS, 0.0),
        ),
    }
)
INTERVALS: Mapping[str, Callable[[Floats, int], Interval]] = MappingProxyType(
    {
        "student": lambda values, seed: mean_interval(values, LEVEL),
        "percentile": lambda values, seed: percentile_interval(values, seed=seed, level=LEVEL, resamples=RESAMPLES),
        "bca": lambda values, seed: bca_interval(values, seed=seed, level=LEVEL, resamples=RESAMPLES),
    }
)
"""By name: from samples (sets, n) and a seed."""


class Coverage(NamedTuple):
    """How the intervals of one kind did on one truth at one size."""

    truth: str
    n: int
    interval: str
    sets: int
    covered: int
    """Intervals that hold the true mean."""
    below: int
    """Intervals that lie below it."""
    above: int

    @property
    def share(self) -> float:
        """Covered, of all."""
        return self.covered / self.sets

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of `share`."""
        return float(np.sqrt(self.share * (1 - self.share) / self.sets))


def samples(truth: str, n: int, sets: int = SETS) -> Floats:
    """The synthetic samples of a truth, shape (sets, n): the same for every kind of interval."""
    draws = generator(SEED, list(TRUTHS).index(truth), n)
    return np.asarray(TRUTHS[truth].draw(draws, (sets, n)), float)


def coverage(truth: str, n: int, interval: str, sets: int = SETS) -> Coverage:
    """Measure how often an interval covers the mean of a truth.

    Args:
        truth: a name in `TRUTHS`.
        n: values in a sample.
        interval: a name in `INTERVALS`.
        sets: samples.
    """
    values = samples(truth, n, sets)
    low: NDArray[Any] = np.empty(sets)
    high: NDArray[Any] = np.empty(sets)
    for first in range(0, sets, SHARING):
        some = slice(first, first + SHARING)
        _, low[some], high[some], _ = INTERVALS[interval](values[some], SEED + first)
    mean = TRUTHS[truth].mean
    held, below, above = (low <= mean) & (mean <= high), high < mean, low > mean
    return Coverage(truth, n, interval, sets, *(int(np.count_nonzero(x)) for x in (held, below, above)))


def study(sets: int = SETS) -> Iterator[Coverage]:
    """Every truth at every size with every interval, in the order of the table."""
    for truth in TRUTHS:
        for n in SIZES:
            for interval in INTERVALS:
                yield coverage(truth, n, interval, sets)


def table(found: list[Coverage]) -> Columns:
    """The rows as columns: truth, n, interval, sets, covered, below, above, share, error."""
    out: Columns = {name: np.array([getattr(row, name) for row in found], object) for name in ("truth", "interval")}
    out |= {
        name: np.array([getattr(row, name) for row in found], np.int64) for name in ("n", "sets", "covered", "below", "above")
    }
    return out | {name: np.array([getattr(row, name) for row in found], float) for name in ("share", "error")}
