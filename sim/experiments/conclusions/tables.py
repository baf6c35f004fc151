"""The tables of a sweep's report, and the whole of its comparisons as CSV."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.experiments.conclusions.document import Grid
from sim.experiments.conclusions.findings import Compared, Effect, Findings, Ints
from sim.experiments.conclusions.policies import Family, improvement, interquartile
from sim.experiments.conclusions.under_attack import Sides
from sim.experiments.reading import named, p_of, span, verdict, with_error
from sim.metrics.statistics import Interval, mean_interval

MOST_ROWS = 40
"""A longer table is cut."""


def counted(number: int, what: str) -> str:
    """So many of something.

    >>> counted(1, "cell"), counted(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{number} {what}{'s' * (number != 1)}"


def number(value: float, form: str = ".4g") -> str:
    """A number, or nothing where it is not defined.

    >>> number(0.5), number(math.nan), number(0.25, "+.2f")
    ('0.5', 'n/a', '+0.25')
    """
    return "n/a" if math.isnan(value) else f"{value:{form}}"


def whole(value: float) -> str:
    """A parameter's value as a spec may write it; of a bin's middle, the nearest.

    >>> whole(10_000_000), whole(4060160.4), whole(2_500)
    ('10_000_000', '4_060_160', '2500')
    """
    return f"{value:.0f}" if abs(value) < 10_000 else f"{value:_.0f}"


def level(one: Interval, k: int) -> str:
    """The k-th mean with half of its interval."""
    return with_error(float(one.mean[k]), float(one.low[k]), float(one.high[k]))


def place(found: Findings, row: int) -> str:
    """The point of a cell in words: what varies between points."""
    cells = found.cells
    words = [f"{name} = {whole(cells[name][row])}" for name in found.parameters()]
    attacks = [f"{cells['attack'][row]} {cells['share'][row]:.3g}"] if found.varying(["attack", "share"]) else []
    return ", ".join(words + attacks) or "the only point"


def difference(one: Compared, k: int, metric: Mapping[str, Any]) -> list[str]:
    """Difference, interval, effect size, p and reading of a comparison."""
    d = one.difference
    row = {"p": float(one.adjusted[k]), "difference": float(d.mean[k])}
    interval = span(float(d.low[k]), float(d.high[k]))
    mean = number(row["difference"], "+.4g")
    return [mean, interval, number(float(one.effect[k]), "+.2f"), p_of(row["p"]), verdict(row, metric["more_is_better"])]


DIFFERENCES = ["difference", "95 % interval", "effect d_z", "p (Holm)", "reading"]


def arms_table(found: Findings, metric: Mapping[str, Any]) -> Grid:
    """Every arm over all points: its level, and its difference to the first."""
    pooled = found.pooled[metric["name"]]
    levels = mean_interval(pooled.levels)
    rows = [[found.arms[k], level(levels, k), *difference(pooled.compared, k, metric)] for k in range(len(found.arms))][
        :MOST_ROWS
    ]
    rows[0][2:] = ["", "", "", "", "the baseline"]
    return Grid(["arm", named(metric), *DIFFERENCES], rows)


def other_metrics(found: Findings) -> Grid:
    """The other metrics of every arm, or of all points if there is one arm."""
    rows: list[list[str]] = []
    arms = range(min(len(found.arms), max(1, MOST_ROWS // max(len(found.metrics) - 1, 1))))
    for metric in found.metrics[1:]:
        pooled = found.pooled[metric["name"]]
        levels = mean_interval(pooled.levels)
        for k in arms:
            compared = ["", "", "", "", "the baseline"] if k == 0 else difference(pooled.compared, k, metric)
            rows.append([named(metric), found.arms[k], level(levels, k), *(compared if found.by_arm else [])])
    return Grid(["metric", "arm", "mean", *(DIFFERENCES if found.by_arm else [])], rows, words=2)


def shown_pairs(found: Findings, metric: str) -> Ints:
    """The comparisons that the report shows: all in order, or those with the largest differences."""
    mean = found.compared[metric].difference.mean
    if mean.size <= MOST_ROWS:
        return np.arange(mean.size)
    size = np.where(np.isnan(mean), -1.0, np.abs(mean))
    return np.argsort(-size, kind="stable")[:MOST_ROWS]


def pairs_table(found: Findings, metric: Mapping[str, Any]) -> Grid:
    """Comparisons point by point."""
    rows, _ = found.pairs
    compared, levels = found.compared[metric["name"]], found.levels[metric["name"]]
    lines = []
    for k in shown_pairs(found, metric["name"]).tolist():
        row = int(rows[k])
        arm = [found.cells["arm"][row]] if found.by_arm else []
        lines.append([place(found, row), *arm, level(levels, row), *difference(compared, k, metric)])
    words = ["point", "arm"] if found.by_arm else ["point"]
    return Grid([*words, named(metric), *DIFFERENCES], lines, words=len(words))


def effects_table(found: Findings, effects: Sequence[Effect], compared: Compared) -> Grid:
    """What each parameter does."""
    metric = found.metrics[0]
    rows = []
    for one in effects[:MOST_ROWS]:
        unit = found.plan["varied"][one.parameter]
        ends = f"{whole(one.low)} to {whole(one.high)}{f' {unit}' if unit else ''}"
        rows.append([one.parameter, ends, one.arm, *difference(compared, one.row, metric)])
    return Grid(["parameter", "from, to", "arm", *DIFFERENCES], rows, words=3)


def sides_table(found: Findings, sides: Sides) -> Grid:
    """What honest agents lose and keep under attack."""
    metric = found.metrics[0]
    lost, kept, p, headline = sides.by_case
    rows = []
    for k, case in enumerate(sides.cases[0][:MOST_ROWS]):
        left = f"{100 * kept.mean[k]:.1f} % ({100 * kept.low[k]:.1f} to {100 * kept.high[k]:.1f})"
        rows.append(
            [
                case.attack,
                f"{case.share:.3g}",
                case.market,
                level(headline, k),
                with_error(float(lost.mean[k]), float(lost.low[k]), float(lost.high[k])),
                p_of(float(p[k])),
                "n/a" if math.isnan(kept.mean[k]) else left,
            ]
        )
    head = ["attack", "share", "market", f"{named(metric)}, attackers honest", "honest welfare lost, coins", "p (Holm)", "kept"]
    return Grid(head, rows, words=3)


def aggregates_table(family: Family) -> Grid:
    """Interquartile means."""
    found = interquartile(family)
    means = family.scores.mean(axis=(1, 2)).tolist()
    rows = [[arm, level(found, k), number(means[k])] for k, arm in enumerate(family.arms)][:MOST_ROWS]
    return Grid(["arm", "interquartile mean", "mean"], rows)


def improvement_table(family: Family, sign: int) -> Grid:
    """Probabilities of improvement."""
    chances = improvement(family, sign)
    arms = family.arms[: len(chances)]
    rows = [
        [f"{k}: {arm}", *("–" if i == j else number(x, ".2f") for j, x in enumerate(chances[i]))]
        for i, (k, arm) in _numbered(arms)
    ]
    return Grid(["better, by row", *(f"than {k}" for _, (k, _) in _numbered(arms))], rows)


def _numbered(arms: Sequence[str]) -> list[tuple[int, tuple[int, str]]]:
    return list(enumerate(enumerate(arms, 1)))


def every_comparison(found: Findings) -> bytes:
    """All comparisons of all metrics as CSV, one row each."""
    cells = found.cells
    parameters = [name for name in found.plan["varied"] if name in cells]
    head = ["metric", "point", *parameters, "attack", "share", "arm", "cell", "compared_with"]
    head += ["n", "mean", "low", "high", "pairs", "difference", "difference_low", "difference_high", "effect_dz", "p", "p_holm"]
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(head)
    rows, base = found.pairs
    words = [cells[name][rows].tolist() for name in ("point", *parameters, "attack", "share", "arm", "cell")]
    words = [[_guarded(value) for value in column] for column in (*words, cells["cell"][base].tolist())]
    for metric in found.metrics:
        own, one = found.levels[metric["name"]], found.compared[metric["name"]]
        d = one.difference
        numbers = [
            own.n[rows],
            own.mean[rows],
            own.low[rows],
            own.high[rows],
            d.n,
            d.mean,
            d.low,
            d.high,
            one.effect,
            d.p,
            one.adjusted,
        ]
        columns = [["" if x != x else repr(x) for x in np.asarray(column).tolist()] for column in numbers]
        out.writerows(zip([metric["name"]] * len(rows), *words, *columns, strict=True))
    return text.getvalue().encode(errors="replace")


def _guarded(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula.

    >>> _guarded("=1+1"), _guarded(-3)
    ("'=1+1", -3)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
