"""What a sweep can not say; a line stands in a report only if its cause is in the rows."""

from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sim.experiments.conclusions.findings import MOST_VALUES, Findings
from sim.experiments.conclusions.tables import counted, place
from sim.experiments.conclusions.under_attack import Sides
from sim.experiments.reading import LEVEL, UNSURE
from sim.metrics.doubts import FEW, RARE, doubts, evidence

REASONS = MappingProxyType(
    {
        "constant": "The same value on every seed, so that intervals and p values of it say nothing of rare outcomes",
        "rare": f"Fewer than {RARE} seeds that differ from all others, whose intervals can not be trusted",
        "skewed": "Skewed values, whose intervals lean to one side",
    }
)
"""By reason to doubt an interval, what a report says of it; that there are few seeds is said of all at once."""
WIDE = 0.1
"""An undecided interval that holds a change of this part of the level is too wide to conclude."""
NAMED = 3
"""Examples that are named."""


def limitations(found: Findings, sides: Sides) -> list[str]:
    """One sentence or two for each."""
    return [
        *_seeds(found),
        *found.results.notes,
        *_unfinished(found),
        *_sampled(found),
        *_wide(found),
        *_distributions(found),
        *_families(found, sides),
    ]


def _seeds(found: Findings) -> list[str]:
    """How many seeds, and what intervals over them mean."""
    seeds = found.plan["seeds"]
    n = len(seeds)
    run = "one run" if n == 1 else f"{n} runs"
    ends = f" (from {min(seeds)} to {max(seeds)})" if n > 1 else f" ({seeds[0]})"
    out = [
        f"{n} seed{'s' * (n > 1)}{ends}: {run} of every cell, the same random worlds in all cells. Intervals are 95 % intervals "
        "over these seeds, for these parameters, policies and horizon: they say nothing of other settings, nor how far one world "
        "is from the next.",
        f"Where p is above {LEVEL} {UNSURE}: that does not show that there is none.",
    ]
    if n == 1:
        out.append("With one seed there are no intervals and no p values: nothing here can be told from chance.")
    elif n < FEW:
        out.append(f"Fewer than {FEW} seeds, too few to see skew: {evidence('few', n)}.")
    return out


def _unfinished(found: Findings) -> list[str]:
    """Cells that failed or were not run."""
    status, total = found.cells["status"], len(found.cells["cell"])
    failed, missing = np.flatnonzero(status == "failed"), np.flatnonzero(status == "missing")
    out = []
    if failed.size:
        kinds = Counter(str(found.cells["error"][row]).partition(":")[0][:60] for row in failed).most_common(NAMED)
        said = ", ".join(f"{kind or 'no reason given'} ({count})" for kind, count in kinds)
        k = int(failed[0])
        where = f"{place(found, k)}, {found.cells['arm'][k]}" if found.by_arm else place(found, k)
        first = str(found.cells["error"][k]) or "no reason given"
        first = f"{first[:200]}…" if len(first) > 200 else first
        out.append(f"{failed.size} of {counted(total, 'cell')} failed: {said}. The first, at {where}: “{first}”.")
    if missing.size:
        out.append(f"{missing.size} of {counted(total, 'cell')} {'was' if missing.size == 1 else 'were'} not run.")
    if (failed.size or missing.size) and (status == "done").any():
        out.append(
            "What is averaged over points is averaged over the finished cells, which may be the easier ones; a difference counts "
            "only points where both cells were finished."
        )
    return out


def _sampled(found: Findings) -> list[str]:
    """Parameters whose values were binned."""
    many = [name for name in found.parameters() if len(set(found.cells[name].tolist())) > MOST_VALUES]
    if not many:
        return []
    return [
        f"{', '.join(many)}: more than {MOST_VALUES} values, shown in bins. Bands say how well the seeds determine the mean over "
        "the points of a bin, not what other points would have given."
    ]


def _wide(found: Findings) -> list[str]:
    """Comparisons of the headline that are undecided, and could be large."""
    metric = found.metrics[0]["name"]
    rows, base = found.pairs
    if not rows.size:
        return []
    one, levels = found.compared[metric], found.levels[metric].mean
    d = one.difference
    scale = WIDE * np.maximum(np.abs(levels[rows]), np.abs(levels[base]))
    reach = np.maximum(np.abs(d.low), np.abs(d.high))
    wide = (one.adjusted > LEVEL) & (reach > scale)
    if not wide.any():
        return []
    text = (
        f"{metric}: {int(wide.sum())} of {rows.size} intervals are too wide to conclude: the difference is undecided, yet the "
        f"interval holds changes of more than {100 * WIDE:.0f} % of the level."
    )
    ratio = np.divide((d.high - d.low) / 2, scale, out=np.full(scale.shape, np.nan), where=scale > 0)[wide]
    times = float(np.median(ratio[np.isfinite(ratio)] ** 2)) if np.isfinite(ratio).any() else np.nan
    if times > 1:
        many = f"{times:.0f}" if times >= 10 else f"{times:.2g}"
        text += f" About {many} times as many seeds would bring half of the median one down to {100 * WIDE:.0f} %."
    return [text]


def _distributions(found: Findings) -> list[str]:
    """Metrics whose Student intervals are in doubt, with the evidence, and those that are not defined everywhere."""
    done = found.cells["status"] == "done"
    doubted: dict[str, list[str]] = {name: [] for name in REASONS}
    unknown = []
    for name, values in found.values.items():
        named = doubts(values)
        for reason, parts in doubted.items():
            parts += _counted(found, name, done & (named == reason))
        unknown += _counted(found, name, done & np.isnan(values).any(axis=1))
    seeds = len(found.plan["seeds"])
    out = [f"{REASONS[name]}: {'; '.join(parts)} ({evidence(name, seeds)})." for name, parts in doubted.items() if parts]
    if unknown:
        out.append(f"Not defined on every seed, and averaged over those where it is: {'; '.join(unknown)}.")
    return out


def _counted(found: Findings, metric: str, mine: NDArray[np.bool_]) -> list[str]:
    """A metric with how many cells it concerns; the first by name if they are few."""
    rows = np.flatnonzero(mine)
    if not rows.size:
        return []
    if rows.size > NAMED:
        return [f"{metric} in {rows.size} of {mine.size} cells"]
    return [f"{metric} at {' and at '.join(_cell(found, int(row)) for row in rows)}"]


def _cell(found: Findings, row: int) -> str:
    """A cell in words."""
    words: Sequence[str] = [place(found, row)] * (found.points > 1) + [str(found.cells["arm"][row])] * found.by_arm
    return ", ".join(words) or "the only cell"


def _families(found: Findings, sides: Sides) -> list[str]:
    """Over which comparisons p values are corrected."""
    rows, _ = found.pairs
    if not rows.size:
        return []
    parts = []
    if found.by_arm:
        parts.append(f"over the {counted(len(found.arms) - 1, 'arm')} of a metric where points are averaged")
    if not found.by_arm or found.points > 1:
        parts.append(f"over all {counted(rows.size, 'comparison')} of a metric point by point, shown or not")
    if found.parameters():
        parts.append("over all effects of parameters")
    if sides.honest.size:
        parts.append(f"over the {counted(len(sides.cases[0]), 'case')} under attack")
    return [f"Holm's correction is {'; '.join(parts)}; it is not over the metrics, and intervals are not corrected."]
