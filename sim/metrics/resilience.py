"""How well a market withstands attack: measures of the rows of runs that met the same random worlds.

The sides of an experiment share their worlds, so every measure is a paired one. What is lost is a difference with an interval;
ratios are given only where what they divide by is clearly away from zero.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.metrics.statistics import Difference, Interval, mean_interval, paired_difference, ratio_of_means

RESAMPLES = 2_000
"""Bootstrap samples of a recovery time."""


def lost(honest: ArrayLike, attacked: ArrayLike) -> Difference:
    """Honest welfare lost: what the honest agents had if the attackers were honest, minus what they have under attack.

    Args:
        honest: honest welfare in each world, the attackers' agents playing their twin, shape (..., worlds).
        attacked: the same under attack, in the same worlds.
    """
    return paired_difference(honest, attacked)


def kept(honest: ArrayLike, attacked: ArrayLike) -> Interval:
    """Share of the honest welfare that is left under attack: a ratio of means, NaN where there is no welfare to speak of, be it
    none or a loss."""
    left = ratio_of_means(attacked, honest)
    positive = np.asarray(mean_interval(honest).mean) > 0
    mean, low, high = (np.where(positive, end, np.nan) for end in left[:3])
    return Interval(mean, low, high, left.n)


def area(shares: ArrayLike, honest: ArrayLike, attacked: ArrayLike) -> Interval:
    """Area under the resilience curve: the share of honest welfare that is left, averaged over the attackers' share.

    1 means that the attack does nothing; below 0 the honest agents end poorer than they began.

    Args:
        shares: attackers' shares, rising, shape (shares,).
        honest: honest welfare, attackers honest, shape (shares, worlds).
        attacked: honest welfare under attack.
    """
    x, before, after = (np.asarray(values, float) for values in (shares, honest, attacked))
    return kept(np.trapezoid(before, x, axis=0), np.trapezoid(after, x, axis=0))


class Worst(NamedTuple):
    """The attack that costs the honest agents most."""

    attack: str
    lost: Difference
    """With an interval that allows for having picked the worst of several (Bonferroni)."""


def worst(honest: Mapping[str, ArrayLike], attacked: Mapping[str, ArrayLike]) -> Worst:
    """The worst case over a library of attacks, each given by its honest welfare per world on both sides."""
    level = 1 - 0.05 / max(len(honest), 1)
    found = {name: paired_difference(honest[name], attacked[name], level) for name in honest}
    name = max(found, key=lambda name: float(found[name].mean))
    return Worst(name, found[name])


class Recovery(NamedTuple):
    """How long a market takes to recover after an attack has stopped."""

    ticks: float
    """Ticks from the stop until the mean loss is no more than `within` of the honest level; infinite if that is never, NaN if
    fewer ticks are left than one is judged by."""
    low: float
    high: float
    """95 % bootstrap interval over worlds."""


def recovery(honest: NDArray[Any], attacked: NDArray[Any], stop: int, window: int = 5, within: float = 0.05) -> Recovery:
    """The time until what the market realises is back where it would be without the attack.

    Args:
        honest: surplus realised in each tick, attackers honest, shape (worlds, ticks).
        attacked: the same with an attack that stops, in the same worlds.
        stop: the first tick without the attack.
        window: a tick counts by the mean over it and the next ones, so many in all.
        within: the share of the honest level that may be missing.

    Source of the interval: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.
    """

    def smooth(rows: NDArray[Any]) -> NDArray[np.float64]:
        sums = np.cumsum(np.pad(np.asarray(rows[:, stop:], float), ((0, 0), (1, 0))), axis=1)
        return (sums[:, window:] - sums[:, :-window]) / window

    base, hit = smooth(honest), smooth(attacked)
    if base.shape[1] == 0:
        return Recovery(np.nan, np.nan, np.nan)

    def first(rows: NDArray[np.int64]) -> float:
        missing = base[rows].mean(axis=0) - hit[rows].mean(axis=0)
        back = missing <= within * base[rows].mean(axis=0)
        return float(back.argmax()) if back.any() else np.inf

    rows = np.arange(len(base))
    draws = np.random.Generator(np.random.Philox(0)).integers(0, rows.size, (RESAMPLES, rows.size))
    times = np.sort([first(draw) for draw in draws])
    return Recovery(first(rows), float(times[int(0.025 * RESAMPLES)]), float(times[int(0.975 * RESAMPLES)]))


class Exploitability(NamedTuple):
    """What a trained attacker gains over its honest twin."""

    gain: Interval
    """Mean over training seeds, with its Student interval over them."""
    late: Interval
    """Of the score, the rise in the last third of the training, likewise."""
    converged: bool
    """Whether that rise, be it a fall, is at most a tenth of the whole rise, with its whole interval."""


def exploitability(curves: Sequence[NDArray[np.float64]], twin: float) -> Exploitability:
    """How much a learner finds that its honest twin leaves.

    Args:
        curves: of each training seed its scores in held-out worlds (profit, mean over the worlds), from before the training to
            its end in equal intervals, shape (evaluations,).
        twin: the twin's score in the same worlds.
    """
    scores = np.asarray(curves, float)
    third = max(1, (scores.shape[1] - 1) // 3)
    rise, late = scores[:, -1] - scores[:, 0], mean_interval(scores[:, -1] - scores[:, -1 - third])
    allowed = 0.1 * abs(float(rise.mean()))
    return Exploitability(mean_interval(scores[:, -1] - twin), late, bool(-allowed <= late.low and late.high <= allowed))
