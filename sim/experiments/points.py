"""Parameter points: every combination of a grid, explicit sets and a space-filling sample, one at a time."""

import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiments.spec import Sample, Spec

BITS = 53
"""Of a coordinate of Sobol points: as many as a double has."""


def varied(spec: Spec) -> tuple[str, ...]:
    """Names of the parameters that differ between points, in the order in which they are given."""
    sampled = spec.sample.ranges if spec.sample else {}
    return tuple(dict.fromkeys([*(name for one in spec.sets for name in one), *spec.grid, *sampled]))


def count(spec: Spec) -> int:
    """The number of points."""
    number = max(len(spec.sets), 1) * (spec.sample.points if spec.sample else 1)
    for values in spec.grid.values():
        number *= len(values)
    return number


def points(spec: Spec) -> Iterator[Mapping[str, int]]:
    """The points, each a mapping from the parameters that are varied: sets slowest, then the grid, then the sample.

    >>> from sim.experiments.spec import checked
    >>> spec = checked({"name": "x", "scenario": "s", "grid": {"a": [1, 2], "b": [3, 4]}})
    >>> [tuple(point.values()) for point in points(spec)]
    [(1, 3), (1, 4), (2, 3), (2, 4)]
    """
    samples = sampled(spec.sample) if spec.sample else None
    for one in spec.sets or ({},):
        for values in itertools.product(*spec.grid.values()):
            fixed = {**one, **dict(zip(spec.grid, values, strict=True))}
            if spec.sample is None or samples is None:
                yield fixed
            else:
                for row in samples:
                    yield {**fixed, **dict(zip(spec.sample.ranges, row.tolist(), strict=True))}


def sampled(sample: Sample) -> NDArray[np.int64]:
    """The points of a sample, shape (points, parameters): each coordinate uniform over the whole numbers of its range, ends
    included.

    The first points of a longer sample of the same seed are those of a shorter one, except of a Latin hypercube.

    Source: Owen, "Scrambled Sobol' and Niederreiter-Xing points", Journal of Complexity 14, 1998; as in `scipy.stats.qmc`.
    """
    ends: list[list[int]] = list(sample.ranges.values())
    from scipy.stats import qmc

    kinds: Mapping[str, Callable[..., Any]] = {
        "sobol": partial(qmc.Sobol, bits=BITS),
        "halton": qmc.Halton,
        "latin_hypercube": qmc.LatinHypercube,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of Sobol points that are no power of two: balance is not what is asked
        unit = kinds[sample.method](len(ends), rng=np.random.default_rng(sample.seed)).random(sample.points)
    out = np.empty(unit.shape, np.int64)
    for k, (low, high) in enumerate(ends):
        width = high - low + 1
        out[:, k] = low + np.minimum((unit[:, k] * width).astype(np.int64), width - 1)
    return out
