"""Speed as a ratio: two sides take turns in one process, so that a busy machine slows both."""

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

TURN_SECONDS = 0.05
"""A side's turn lasts at least about so long: a fast one repeats its work."""


class Side(NamedTuple):
    """One of the two: work that can be repeated."""

    work: float
    """Units of work (transactions, agent-steps) in one call of `run`."""
    prepare: Callable[[], Any]
    """Makes a fresh state. Not timed."""
    run: Callable[[Any], Any]
    """Does the work on that state. Timed."""


class Ratio(NamedTuple):
    """What came of a comparison: rates in units a second, and how many times faster ours is."""

    what: str
    unit: str
    ours: float
    baseline: float
    ratio: float
    low: float
    high: float
    target: float
    """What the ratio should reach; 0 if it is there for information."""


def seconds(side: Side, repeats: int = 1) -> float:
    """Time of so many runs, each on a fresh state, without the collector of cycles."""
    total = 0.0
    gc.collect()
    gc.disable()
    for _ in range(repeats):
        state = side.prepare()
        start = perf_counter()
        side.run(state)
        total += perf_counter() - start
    gc.enable()
    return total


def repeats_for(side: Side) -> int:
    """How many runs fill a turn. Also warms the side up."""
    seconds(side)
    return max(1, round(TURN_SECONDS / seconds(side)))


def compare(what: str, unit: str, ours: Side, baseline: Side, target: float, pairs: int = 7) -> Ratio:
    """Time both sides in turn, the first to go changing from pair to pair; medians of rates and of the pairs' ratios."""
    ours_repeats, baseline_repeats = repeats_for(ours), repeats_for(baseline)
    ours_rates, baseline_rates = [], []
    for pair in range(pairs):
        for turn in (0, 1):
            if (pair + turn) % 2 == 0:
                ours_rates.append(ours.work * ours_repeats / seconds(ours, ours_repeats))
            else:
                baseline_rates.append(baseline.work * baseline_repeats / seconds(baseline, baseline_repeats))
    ratios = [a / b for a, b in zip(ours_rates, baseline_rates, strict=True)]
    return Ratio(what, unit, median(ours_rates), median(baseline_rates), median(ratios), min(ratios), max(ratios), target)
