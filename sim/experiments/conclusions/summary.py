"""The result in a sentence or two, computed from the rows."""

import math
from collections.abc import Sequence

import numpy as np

from sim.experiments.conclusions.findings import Compared, Findings, Ints, balanced, effects
from sim.experiments.conclusions.losses import losses, losses_said
from sim.experiments.conclusions.tables import counted, place
from sim.experiments.conclusions.under_attack import Sides
from sim.experiments.reading import LEVEL, UNSURE, p_words, span, with_error
from sim.metrics.statistics import mean_interval, paired_difference

MOST_NAMED = 8
"""Arms or parameters in a sentence."""


def summary(found: Findings, sides: Sides) -> list[str]:
    """What can be concluded, and what can not, one paragraph each."""
    name = found.metrics[0]["name"]
    if not np.isfinite(found.values[name]).any():
        done = (found.cells["status"] == "done").any()
        return [f"{name} is not defined in any run." if done else "No cell was finished: nothing can be concluded."]
    if sides.honest.size:
        worst = [*_attacked(sides), *losses_said(losses(found, sides))]
        return [*worst, *(_markets(found, sides) if len(sides.markets) > 1 else _consistent(found))]
    if found.by_arm:
        text = _ranked(found, found.arms, np.arange(len(found.arm)), found.arm, found.pooled[name].compared)
        return [text, *_consistent(found)]
    return [_points(found), *_moved(found)]


def _ranked(found: Findings, labels: Sequence[str], rows: Ints, group: Ints, compared: Compared | None) -> str:
    """The best, its lead over the next, and over the baseline, from the points at which all are known.

    Args:
        found: the sweep.
        labels: what is ranked.
        rows: cells.
        group: of each of them the place of its label.
        compared: every label against the first.
    """
    metric = found.metrics[0]
    values = found.values[metric["name"]][rows]
    levels, points = balanced(values, np.asarray(found.cells["point"], np.int64)[rows], group, len(labels))
    if not points:
        return f"At no point is {metric['name']} known for all of {len(labels)}: they can not be ranked."
    where = f", averaged over {points} points" if points > 1 else ""
    if points < found.points:
        where = f", averaged over those {points} of {found.points} points at which all are known"
    sign = -1 if metric["more_is_better"] is False else 1
    means = mean_interval(levels)
    known = [k for k in range(len(labels)) if not math.isnan(means.mean[k])]
    ranked = sorted(known, key=lambda k: -sign * float(means.mean[k]))
    best = ranked[0]
    value = with_error(float(means.mean[best]), float(means.low[best]), float(means.high[best]))
    text = f"{metric['name']} is {'lowest' if sign < 0 else 'highest'} with {labels[best]}: {value} {metric['unit']}{where}."
    if len(ranked) < 2:
        return text
    second = ranked[1]
    lead = paired_difference(levels[best], levels[second])
    if lead.p <= LEVEL:
        text += f" On the same seeds it differs from the next, {labels[second]}, by {lead.mean:+.3g}"
        text += f" (95 % interval {span(float(lead.low), float(lead.high))})."
    else:
        text += f" Between it and the next, {labels[second]}, {UNSURE} from {lead.n} seeds."
    if compared is not None and 0 not in (best, second) and not math.isnan(compared.adjusted[best]):
        p = p_words(float(compared.adjusted[best]))
        text += f" From the baseline {labels[0]} it differs by {compared.difference.mean[best]:+.3g} (p {p})."
    return text


def _counts(compared: Compared) -> tuple[int, int, int]:
    """Comparisons that are higher, lower and undecided, of those that there are."""
    sure, there = compared.adjusted <= LEVEL, int((compared.difference.n > 0).sum())
    up, down = (int((sure & (side * compared.difference.mean > 0)).sum()) for side in (1, -1))
    return up, down, there - up - down


def _consistent(found: Findings) -> list[str]:
    """Over several points: whether the differences are the same everywhere."""
    if found.points < 2:
        return []
    up, down, unsure = _counts(found.compared[found.metrics[0]["name"]])
    total = up + down + unsure
    text = f"Point by point, {up} of {total} comparisons with the baseline are higher, {down} lower, and of {unsure} {UNSURE}"
    return [f"{text} (p at most {LEVEL} after Holm's correction over all {total}).{_by_arm(found)}"]


def _by_arm(found: Findings) -> str:
    """At how many points each of a few arms is higher and lower than the baseline."""
    if not 2 < len(found.arms) <= MOST_NAMED:
        return ""
    name = found.metrics[0]["name"]
    sure, size = found.compared[name].adjusted <= LEVEL, found.compared[name].difference.mean
    arm = found.arm[found.pairs[0]]
    words = []
    for k, label in enumerate(found.arms[1:], 1):
        up, down = (int((sure & (arm == k) & (side * size > 0)).sum()) for side in (1, -1))
        counts = f"higher at {up} and lower at {down} of {found.points} points" if k == 1 else f"{up} and {down}"
        words.append(f"{counts} with {label}")
    return f" Against {found.arms[0]}, {name} is {', '.join(words)}."


def _points(found: Findings) -> str:
    """One arm: over its points."""
    metric = found.metrics[0]
    means = found.levels[metric["name"]]
    text = []
    for word, at in (("highest", np.nanargmax), ("lowest", np.nanargmin)):
        k = int(at(means.mean))
        value = with_error(float(means.mean[k]), float(means.low[k]), float(means.high[k]))
        text.append(f"{word} at {place(found, k)} ({value} {metric['unit']})")
    if len(means.mean) == 1:
        value = with_error(float(means.mean[0]), float(means.low[0]), float(means.high[0]))
        return f"{metric['name']} is {value} {metric['unit']} over {int(means.n[0])} seeds; there is nothing to compare it with."
    up, down, unsure = _counts(found.compared[metric["name"]])
    return (
        f"{metric['name']} is {' and '.join(text)}. Of {up + down + unsure} points, {up} are higher and {down} lower than the "
        f"first, {place(found, 0)}; of {unsure} {UNSURE} (p at most {LEVEL} after Holm's correction)."
    )


def _moved(found: Findings) -> list[str]:
    """One arm: what each of several parameters does over its range, the largest first."""
    metric, names = found.metrics[0], found.parameters()
    if not 2 <= len(names) <= MOST_NAMED:
        return []
    several, compared = effects(found, metric["name"], [0])
    size, sure = compared.difference.mean, compared.adjusted <= LEVEL
    order = np.argsort(-np.abs(np.nan_to_num(size)), kind="stable").tolist()
    moved = [f"{several[k].parameter} ({size[k]:+.3g})" for k in order if sure[k]]
    still = [several[k].parameter for k in order if not sure[k]]
    text = f"Over the range of each, the rest averaged, {metric['name']} is moved by {', '.join(moved) or 'nothing for certain'}"
    return [f"{text}; of {', '.join(still)} {UNSURE}." if moved and still else f"{text}."]


def _attacked(sides: Sides) -> list[str]:
    """What attacks cost most, and where they cost nothing that can be shown."""
    cases = sides.cases[0]
    lost, kept, p, _ = sides.by_case
    sure = np.flatnonzero((p <= LEVEL) & (lost.mean > 0))
    if not sure.size:
        return [f"Of no attack can it be concluded that it costs honest agents anything ({counted(len(cases), 'case')})."]
    worst = int(sure[np.argmax(lost.mean[sure])])
    case = cases[worst]
    size = with_error(float(lost.mean[worst]), float(lost.low[worst]), float(lost.high[worst]))
    left = "" if math.isnan(kept.mean[worst]) else f"; they keep {100 * kept.mean[worst]:.1f} % of what they have without it"
    text = f"Honest agents lose most to {case.attack} at a share of {case.share:.3g} in {case.market}: {size} coins{left}."
    if len(sure) < len(cases):
        text += f" In {len(cases) - len(sure)} of {counted(len(cases), 'case')} no harm can be concluded."
    return [text]


def _markets(found: Findings, sides: Sides) -> list[str]:
    """Where the attackers are honest: which market is best."""
    if len(sides.markets) < 2:
        return []
    if not np.isfinite(found.values[found.metrics[0]["name"]][sides.honest]).any():
        return []
    return ["Where the attackers are honest: " + _ranked(found, sides.markets, sides.honest, sides.market, None)]
