"""What the parameters do to the harm of an attack: honest welfare lost at the lowest and at the highest value of each."""

from typing import NamedTuple

import numpy as np

from sim.attack.measures import WELFARE
from sim.experiments.conclusions.document import Grid
from sim.experiments.conclusions.findings import Compared, Findings, bins, compared, grouped
from sim.experiments.conclusions.tables import DIFFERENCES, MOST_ROWS, difference, level, whole
from sim.experiments.conclusions.under_attack import Sides
from sim.experiments.reading import LEVEL, p_words
from sim.metrics.statistics import Interval, mean_interval

LOSS = {"name": "honest welfare lost", "unit": "coins", "more_is_better": False}


class Loss(NamedTuple):
    """A parameter in a market."""

    parameter: str
    market: str
    low: float
    high: float


class Losses(NamedTuple):
    """What is lost at both ends of every parameter in every market, attacks and shares and the other parameters averaged."""

    cases: list[Loss]
    at_low: Interval
    at_high: Interval
    compared: Compared
    """At the highest value minus at the lowest, on the same seeds; Holm's correction is over the cases."""


def losses(found: Findings, sides: Sides) -> Losses:
    """The harm over the range of each varied parameter."""
    welfare, seeds = found.values.get(WELFARE), len(found.plan["seeds"])
    cases: list[Loss] = []
    ends: list[tuple[np.ndarray, np.ndarray]] = []
    for name in found.parameters():
        if welfare is None or not sides.honest.size:
            break
        x, group = bins(found, name)
        for k, market in enumerate(sides.markets):
            mine = sides.market == k
            honest, attacked = sides.honest[mine], sides.attacked[mine]
            lost = grouped(welfare[honest] - welfare[attacked], group[honest], x.size)
            cases.append(Loss(name, market, float(x[0]), float(x[-1])))
            ends.append((lost[0], lost[-1]))
    low, high = (np.reshape([end[k] for end in ends], (-1, seeds)) for k in (0, 1))
    return Losses(cases, mean_interval(low), mean_interval(high), compared(high, low))


def losses_table(found: Findings, lost: Losses) -> Grid:
    """A row per parameter and market."""
    rows = []
    for k, case in enumerate(lost.cases[:MOST_ROWS]):
        ends = f"{whole(case.low)} to {whole(case.high)} {found.plan['varied'][case.parameter]}".rstrip()
        row = [case.parameter, ends, case.market, level(lost.at_low, k), level(lost.at_high, k)]
        rows.append([*row, *difference(lost.compared, k, LOSS)])
    head = ["parameter", "from, to", "market", "lost at the lowest, coins", "lost at the highest, coins", *DIFFERENCES]
    return Grid(head, rows, words=3)


def losses_said(lost: Losses, most: int = 8) -> list[str]:
    """The same in a sentence, where it is a few and one of them is sure."""
    sure = np.flatnonzero(lost.compared.adjusted <= LEVEL)
    if not sure.size or len(lost.cases) > most:
        return []
    words = []
    for k in sure.tolist():
        case, p = lost.cases[k], p_words(float(lost.compared.adjusted[k]))
        where = "" if case.market == "the market" else f" in {case.market}"
        ends = f"{lost.at_low.mean[k]:.0f} coins at {case.parameter} = {whole(case.low)} and {lost.at_high.mean[k]:.0f} at "
        words.append(f"{ends}{whole(case.high)}{where} (p {p})")
    return [f"Honest agents lose, the rest averaged: {'; '.join(words)}."]
