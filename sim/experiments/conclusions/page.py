"""The report of a sweep: report.md, report.html, its figures and every comparison as CSV, from stored rows alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from chain.errors import InputError
from chain.files import durably
from sim.experiments.conclusions import tables
from sim.experiments.conclusions.document import (
    Block,
    Code,
    Document,
    Grid,
    Heading,
    Items,
    Paragraph,
    Picture,
    to_html,
    to_markdown,
)
from sim.experiments.conclusions.findings import Findings, effects
from sim.experiments.conclusions.frame import again, asked
from sim.experiments.conclusions.limitations import limitations
from sim.experiments.conclusions.losses import losses, losses_table
from sim.experiments.conclusions.pictures import pictures
from sim.experiments.conclusions.policies import MOST_ARMS, families
from sim.experiments.conclusions.summary import summary
from sim.experiments.conclusions.under_attack import Sides
from sim.experiments.loading import Results

REPORT, PAGE, COMPARISONS = "report.md", "report.html", "contrasts.csv"


def write_report(results: Results) -> Path:
    """Write the report of a sweep into its directory, and return the path of report.md; as `write_up`."""
    return write_up(results)[0]


def write_up(results: Results) -> tuple[Path, list[str]]:
    """Write the report of a sweep into its directory, and return the path of report.md and the paragraphs of its result.

    Nothing is run again, and the same rows give the same bytes.

    Raises:
        InputError: the plan lacks what a report needs, or the directory can not be written.
    """
    place = results.folder
    try:
        document, comparisons = report_of(results)
        for block in document.blocks:
            if isinstance(block, Picture):
                durably(place, block.name, _writing(block.png))
        durably(place, COMPARISONS, _writing(comparisons))
        durably(place, PAGE, _writing(to_html(document).encode()))
        durably(place, REPORT, _writing(to_markdown(document).encode()))
    except (KeyError, TypeError) as error:
        raise InputError(f"sweep: {place} lacks what a report needs ({error}); allowed is an unchanged directory") from error
    except OSError as error:
        raise InputError(f"report: {place} can not be written ({error.strerror}), allowed is a writable directory") from None
    return place / REPORT, [one.text for one in document.blocks if isinstance(one, Paragraph) and one.leading]


def _writing(content: bytes) -> Callable[[Any], None]:
    return lambda file: file.write(content)


def report_of(results: Results) -> tuple[Document, bytes]:
    """The report, and every comparison as CSV."""
    found = Findings(results)
    sides = Sides(found)
    plan = results.plan
    blocks: list[Block] = [Paragraph(text, leading=True) for text in summary(found, sides)]
    if plan["question"]:
        blocks = [Paragraph(f"Question: {plan['question']}"), *blocks]
    blocks += [Heading("What was run"), Items(asked(found))]
    drawn = pictures(found, sides)
    blocks += [*_main(found), *drawn.compared, *_points(found), *_parameters(found), *drawn.responses]
    if sides.honest.size:
        blocks += [*_attacked(found, sides), *drawn.attacked]
    blocks += [
        *_policies(found),
        *_others(found),
        Heading("Limitations"),
        Items(limitations(found, sides)),
        Heading("How to run it again"),
    ]
    blocks += [Code(again(found)[0]), Paragraph(again(found)[1])]
    return Document(f"{plan['name']}: a sweep of {plan['scenario']}, {plan['preset']}", blocks), tables.every_comparison(found)


def _cut(shown: int, total: int, what: str) -> str:
    """That a table is not whole."""
    return f" {shown} of {total} {what} are shown; all are in {COMPARISONS}." if shown < total else ""


def _main(found: Findings) -> list[Block]:
    """Arms over all points."""
    if not found.by_arm:
        return []
    metric = found.metrics[0]
    text = (
        f"Mean ± half of its 95 % interval, and each arm minus {found.arms[0]} on the same seeds. The effect size d_z is the "
        "mean difference ÷ its standard deviation over seeds, freed of its bias; p is two-sided, after "
        "Holm's correction over the arms."
    )
    if found.points > 1:
        text += f" Each seed's differences are averaged over the {found.points} points first, so that a seed is what is repeated."
    table = tables.arms_table(found, metric)
    text += f" The first {len(table.rows)} of {len(found.arms)} arms." if len(table.rows) < len(found.arms) else ""
    return [Heading("Arms compared"), Paragraph(text), table]


def _points(found: Findings) -> list[Block]:
    """Comparisons point by point."""
    rows, _ = found.pairs
    if not rows.size or (found.by_arm and found.points < 2):
        return []
    metric = found.metrics[0]
    with_what = f"the arm {found.arms[0]} of the same point" if found.by_arm else f"the first point, {tables.place(found, 0)},"
    table = tables.pairs_table(found, metric)
    text = (
        f"{metric['name']} against {with_what} on the same seeds; p after Holm's correction over all {rows.size} comparisons."
        f"{_cut(len(table.rows), rows.size, 'comparisons, those with the largest differences,')}"
    )
    return [Heading("Point by point"), Paragraph(text), table]


def _parameters(found: Findings) -> list[Block]:
    """What each varied parameter does."""
    if not found.parameters():
        return []
    arms = list(range(len(found.arms)))[: max(1, tables.MOST_ROWS // len(found.parameters()))]
    table = tables.effects_table(found, *effects(found, found.metrics[0]["name"], arms))
    text = (
        "From the lowest to the highest value of a parameter, or from the lowest to the highest of ten bins if it has many "
        "values, on the same seeds; everything else that varies is averaged. p after Holm's correction over this table."
    )
    return [Heading("What the parameters do"), Paragraph(text), table]


def _attacked(found: Findings, sides: Sides) -> list[Block]:
    """What is left under attack."""
    table = tables.sides_table(found, sides)
    text = (
        "Honest welfare lost: what honest agents have if the attackers are honest, minus what they have under attack, in the "
        "same worlds. Kept: the part that is left, a ratio of means with Fieller's interval; n/a where there is no welfare "
        "clearly above zero. p after Holm's correction over the cases."
    )
    total = len(sides.cases[0])
    text += f" {len(table.rows)} of {total} cases are shown." if len(table.rows) < total else ""
    blocks: list[Block] = [Heading("Under attack"), Paragraph(text), table]
    if not (lost := losses(found, sides)).cases:
        return blocks
    text = (
        "Honest welfare lost at the lowest and at the highest value of each parameter, on the same seeds; attacks, shares and "
        "the other parameters are averaged. p after Holm's correction over this table."
    )
    return [*blocks, Paragraph(text), losses_table(found, lost)]


def _policies(found: Findings) -> list[Block]:
    """Interquartile means and probabilities of improvement."""
    metric = found.metrics[0]
    every = families(found, metric["name"])
    if not every:
        return []
    sign = -1 if metric["more_is_better"] is False else 1
    more = "higher" if metric["more_is_better"] is None else "better"
    out: list[Block] = [Heading("Policies over all points")]
    out.append(
        Paragraph(
            f"Interquartile mean of {metric['name']} ({metric['unit']}): the mean of the middle half of all runs, ± half of its "
            f"95 % interval from {every[0].resamples} stratified bootstrap samples. These draw seeds at every point apart: where "
            "a world is good or bad at all points the interval is too narrow. Probability of improvement: how often a run of the "
            f"row is {more} than a run of the column at the same point, ties counting half; 0.5 says that neither is."
        )
    )
    for family in every:
        _, points, seeds = family.scores.shape
        text = (
            f"{family.title or 'All policies'}: {points} of {family.points} points and {seeds} of {family.seeds} seeds, those at "
        )
        text += "which all are defined."
        text += f" Improvement of the first {MOST_ARMS} of {len(family.arms)} arms." if len(family.arms) > MOST_ARMS else ""
        out.append(Paragraph(text))
        if family.scores.size:
            out += [tables.aggregates_table(family), tables.improvement_table(family, sign)]
    return out


def _others(found: Findings) -> list[Block]:
    """The other metrics."""
    if len(found.metrics) < 2:
        return []
    table: Grid = tables.other_metrics(found)
    where = f"averaged over {found.points} points" if found.points > 1 else "at the only point"
    text = f"Mean ± half of its 95 % interval, {where}; p after Holm's correction over the arms of a metric."
    cut = len(table.rows) < (len(found.metrics) - 1) * len(found.arms)
    return [Heading("Other metrics"), Paragraph(text + (f" The rest is in {COMPARISONS}." if cut else "")), table]
