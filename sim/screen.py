"""What the command line shows: progress while it runs, and the table of what came out."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from chain.rule import is_warm
from sim.experiments import run as experiments
from sim.experiments.manifest import read_manifest, rules_folder
from sim.experiments.reading import main_table, reading
from sim.experiments.store import keep, read_table

COMPILING = "Compiling the rules: once per version, about a minute ..."


def out() -> Console:
    """Where results go: standard output, made at each call so that it may be redirected; a file is written 120 wide."""
    return Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)


def is_cold(*rules: Path) -> bool:
    """Whether rules have to be compiled, which is then announced."""
    cold = not is_warm(*rules)
    if cold:
        Console(stderr=True, highlight=False).print(COMPILING)
    return cold


@contextlib.contextmanager
def progress(*rules: Path) -> Iterator[experiments.Progress]:
    """Show how far something is, on standard error: a bar on a terminal, else one line if rules have to be compiled.

    Args:
        rules: the folders with the rules that it needs.
    """
    console = Console(stderr=True, highlight=False)
    cold = bool(rules) and is_cold(*rules)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("compiling" if cold else "starting", total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description="running")

        yield step


def watched(experiment: experiments.Experiment, folder: Path | None = None, ledgers: bool = False) -> Path:
    """Run an experiment into a run directory while showing progress."""
    with progress(rules_folder(experiment)) as step:
        return keep(experiment, folder, step, ledgers)


def show(folder: Path, reported: bool) -> None:
    """Print the main table and the reading of a run directory; write its report too, if wanted."""
    from sim.metrics.contrasts import contrasts

    if reported:
        from sim.experiments.report import report

        report(folder)
    manifest = read_manifest(folder)
    runs = read_table(folder, "runs", manifest)
    arms = list(dict.fromkeys(runs["arm"].tolist()))
    metrics = manifest["metrics"]
    console = out()
    summary = contrasts(runs, [m["name"] for m in metrics])
    console.print(f"{manifest['config']['scenario']}, {manifest['config']['preset']}", style="bold")
    header, rows = main_table(summary, metrics, arms)
    heads = [name.replace(", ", "\n") for name in header]
    widths = [3 + max(len(line) for line in (*head.split("\n"), *cells)) for head, *cells in zip(heads, *rows, strict=True)]
    first = 1
    while first < len(heads):
        stop = first + 1
        while stop < len(heads) and 1 + widths[0] + sum(widths[first : stop + 1]) <= console.width:
            stop += 1
        table = Table(heads[0])
        for head in heads[first:stop]:
            table.add_column(Text(head), justify="right", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in (row[0], *row[first:stop])))
        console.print(table)
        first = stop
    console.print(f"Mean ± half of the 95 % interval, {len(set(runs['seed'].tolist()))} random worlds per arm.")
    console.print(Text(reading(runs, manifest)))
    if reported:
        console.print(Text(f"Report: {folder / 'report.md'}"), soft_wrap=True)
    else:
        console.print(Text(f"Figures: ledgerlab report {folder}"), soft_wrap=True)
    console.print(Text(f"Rows: {folder}"), soft_wrap=True)


def reproduced(name: str, experiment: Any, folder: Path | None = None) -> None:
    """Run a published experiment again while showing progress; print what came out and where it is kept."""
    from sim import reproduction
    from sim.published import find

    result = find(name)
    if not result.rules():
        is_cold()
    with progress(*result.rules()) as step:
        kept = reproduction.keep(name, experiment, folder, step)
    show_reproduction(kept)


def show_reproduction(folder: Path) -> None:
    """Print what came out of a published experiment, and where it is kept."""
    from sim import reproduction
    from sim.published import find

    manifest = reproduction.read(folder)
    name = manifest["config"]["reproduces"]
    result = find(name)
    heads, lines = result.summary({table: read_table(folder, table, manifest) for table in result.TABLES}, manifest)
    table = Table(heads[0], title=f"{name}: {result.TITLE}")
    for head in heads[1:]:
        table.add_column(head, justify="right")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console = out()
    console.print(table)
    for file in (reproduction.TABLE, *result.FIGURES):
        console.print(Text(str(folder / file)), soft_wrap=True)
