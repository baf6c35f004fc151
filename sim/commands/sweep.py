"""`ledgerlab sweep`, `query` and `verify`: from a spec to a directory of rows, and questions to it."""

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import InputError
from sim.options import Out, decimal, whole

if TYPE_CHECKING:
    from sim.experiments.sweep import Progress

SpecName = Annotated[str, typer.Argument(metavar="SPEC", help="A YAML file, or the name of one that comes with LedgerLab.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A directory that `ledgerlab sweep` or `run` wrote.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Replaces a field of the spec, as grid.min_stake=[0,1]. Repeatable."),
]
EngineName = Annotated[str, typer.Option(help="workers, inline or ray: who executes the cells; it changes no byte.")]
Workers = Annotated[str, typer.Option(metavar="N", help="Cells executed at once; as many as processors if not given.")]
Seconds = Annotated[str, typer.Option(metavar="S", help="A cell that takes longer is stopped, and recorded as failed.")]
Memory = Annotated[str, typer.Option(metavar="MB", help="Likewise for memory, beside what its process had before.")]
RayAddress = Annotated[str, typer.Option("--ray", metavar="ADDRESS", help="A Ray cluster to join; means --engine ray.")]
MOST_FAILURES_SHOWN = 20


def sweep(
    spec: SpecName,
    out: Out = None,
    set_: Changes = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it, and estimate what it takes.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in the directory.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="With --resume: try cells again that failed.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="With --resume: run all cells again if the code has changed.")] = False,
    engine: EngineName = "workers",
    workers: Workers = "",
    ray: RayAddress = "",
    seconds_per_cell: Seconds = "",
    memory_per_cell: Memory = "",
    json_: Annotated[bool, typer.Option("--json", help="One line of JSON per event, for machines.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Let policies be files that run code: path.py:name, or a zip.")] = False,
) -> None:
    """Run a sweep: every combination that a spec asks for, in a directory that survives whatever happens."""
    from sim.experiments.spec import find_spec

    given: dict[str, Any] = {
        "engine": "ray" if ray else engine,
        "workers": whole("--workers", workers) if workers else None,
        "address": ray or None,
        "seconds_per_cell": decimal("--seconds-per-cell", seconds_per_cell) if seconds_per_cell else None,
        "memory_mb_per_cell": whole("--memory-per-cell", memory_per_cell) if memory_per_cell else None,
    }
    asked, base = find_spec(spec, set_ or ())
    from sim.experiments.cells import plan_sweep

    planned = plan_sweep(asked, base, trust)
    if dry_run:
        estimated(planned, given["workers"], json_)
        return
    from sim.experiments.manifest import rules_folder
    from sim.experiments.sweep import sweep_planned
    from sim.screen import is_cold

    signal.signal(signal.SIGTERM, _asked_to_stop)
    is_cold(rules_folder(planned))
    with told(planned.cells, json_) as listen:
        kept = sweep_planned(
            planned, base, out=out, resume=resume, retry_failed=retry_failed, anew=anew, progress=listen, **given
        )
    if json_:
        emit({"event": "end", "folder": str(kept), "cells": planned.cells})
    else:
        say(f"{planned.cells} cells, {planned.cells * len(planned.seeds)} rows: {kept}")
        say(f"Next: ledgerlab report {kept}")


def _asked_to_stop(number: int, frame: FrameType | None) -> None:
    """What a cluster sends before it takes a machine away is like Ctrl-C, and put off where that is."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    if not callable(on_interrupt):  # a background job ignores Ctrl-C, but not this
        raise KeyboardInterrupt
    on_interrupt(number, frame)


def concluded(folder: Path) -> None:
    """Write the report of a sweep, and print its result and where it is."""
    from sim.experiments.conclusions.page import write_up
    from sim.experiments.loading import read_sweep

    page, result = write_up(read_sweep(folder))
    for line in result:
        say(line)
    say(f"Report: {page}, or {page.with_suffix('.html')} in a browser")


def estimated(planned: Any, workers: int | None, machines: bool) -> None:
    """Print what a sweep will take."""
    import os

    from sim.experiments.estimate import estimate
    from sim.experiments.manifest import rules_folder
    from sim.screen import progress

    count = workers or os.cpu_count() or 1
    with progress(rules_folder(planned)):
        found = estimate(planned, count)
    if machines:
        emit({"event": "estimate", **asdict(found), "workers": count})
        return
    say(f"{planned.spec.name}: {found.cells} cells of {len(planned.seeds)} seeds, {found.rows} rows")
    say(f"arms: {'; '.join(planned.arms)}")
    if planned.varied:
        say(f"varied: {', '.join(planned.varied)}")
    takes = f"{size(found.disk_bytes)} of disk, {size(found.memory_bytes)} of memory"
    say(f"about {duration(found.seconds)} with {count} workers, {takes}")
    say("Nothing was written.")


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(0.5), duration(90), duration(7_300), duration(200_000)
    ('1 s', '2 min', '2.0 h', '2.3 days')
    """
    for length, unit, digits in ((86_400, "days", 1), (3_600, "h", 1), (60, "min", 0)):
        if seconds >= length:
            return f"{seconds / length:.{digits}f} {unit}"
    return f"{max(1, round(seconds))} s"


def size(number: float) -> str:
    """Bytes for people.

    >>> size(999), size(5_300_000), size(7.25e9)
    ('1 kB', '5.3 MB', '7.2 GB')
    """
    for length, unit in ((1e9, "GB"), (1e6, "MB")):
        if number >= length:
            return f"{number / length:.1f} {unit}"
    return f"{max(1, round(number / 1e3))} kB"


def say(text: str) -> None:
    """Print a line on standard output."""
    from rich.text import Text

    from sim.screen import out

    out().print(Text(text), soft_wrap=True)


def emit(event: dict[str, Any]) -> None:
    """Print an event as a line of JSON."""
    print(json.dumps(event), file=sys.stdout, flush=True)  # noqa: T201


@contextmanager
def told(cells: int, machines: bool) -> Iterator[Callable[["Progress"], None]]:
    """Show how far a sweep is: a bar with rate and remaining time on a terminal, lines of JSON for machines, else failures and
    notes alone."""
    from rich.console import Console

    if machines:
        yield lambda progress: emit(event_of(progress))
        return
    console = Console(stderr=True, highlight=False)
    failures = 0

    def told_once(progress: "Progress") -> None:
        nonlocal failures
        if progress.note:
            console.print(progress.note, markup=False, soft_wrap=True)
        if progress.last is not None and progress.last.error:
            failures += 1
            if failures <= MOST_FAILURES_SHOWN:
                console.print(f"cell {progress.last.cell} failed: {progress.last.error}", markup=False, soft_wrap=True)

    if not console.is_terminal:
        yield told_once
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(), TextColumn("cells"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("cells", total=cells, rate="")

        def show(progress: "Progress") -> None:
            told_once(progress)
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{progress.fresh / elapsed:.1f}/s" if elapsed > 0 else ""
            rate += f", {progress.failed} failed" if progress.failed else ""
            bar.update(task, completed=progress.done + progress.failed, rate=rate)

        yield show


def event_of(progress: "Progress") -> dict[str, Any]:
    """An event for machines."""
    counts = {"done": progress.done, "failed": progress.failed, "cells": progress.cells}
    if progress.note:
        return {"event": "note", "note": progress.note, **counts}
    return {"event": "cell", **asdict(progress.last), **counts} if progress.last else {"event": "start", **counts}


def query(
    folder: Folder,
    question: Annotated[
        str,
        typer.Argument(metavar="SQL", help="Tables: runs, cells, and what was recorded; 'DESCRIBE runs' names columns."),
    ],
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Ask a run directory in SQL."""
    forms: dict[str, Callable[[Sequence[str], Sequence[Sequence[Any]]], None]] = {
        "table": _as_table,
        "csv": _as_csv,
        "json": _as_json,
    }
    if form not in forms:
        from agents.registry import nearest

        raise InputError(f"--format: {form!r} given; {nearest(form, list(forms))}")
    from sim.experiments.query import query as ask

    forms[form](*ask(folder, question))


def _as_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from sim.screen import out

    table = Table()
    for name in names:
        table.add_column(Text(name))
    for row in rows:
        shown = (f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value) for value in row)
        table.add_row(*map(Text, shown))
    out().print(table)


def _as_csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import csv

    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows(rows)


def _as_json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    for row in rows:
        print(json.dumps(dict(zip(names, row, strict=True)), default=str), file=sys.stdout)  # noqa: T201


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR|PROOF", help="What `sweep`, `run`, `reproduce` or `prove` wrote.")],
    replay: Annotated[str, typer.Option(metavar="N", help="So many cells, picked at random, are executed again.")] = "0",
    seed: Annotated[str, typer.Option(metavar="N", help="Of the pick; drawn, and told, if not given.")] = "",
    trust: Annotated[bool, typer.Option("--trust", help="Let policies be files that run code.")] = False,
    header: Annotated[str, typer.Option(metavar="HASH", help="Of a proof: hash of the header that you trust.")] = "",
) -> None:
    """Check a run directory: every digest again, and some cells executed again. Of a proof: what does it prove?"""
    if folder.is_file():
        if replay != "0" or seed or trust:
            raise InputError(f"verify: {folder} is a file, allowed for a proof is --header alone")
        from sim.commands.ledger import check_proof

        check_proof(folder, header)
        return
    if header:
        raise InputError(f"--header: {folder} is no file, allowed is a proof that `ledgerlab prove` wrote")
    from sim.experiments.verify import verify as check
    from sim.screen import progress

    count, pick = whole("--replay", replay), whole("--seed", seed) if seed else None
    with progress() as step:
        verdict = check(folder, count, seed=pick, trust=trust, progress=step)
    for line in (*verdict.problems, *verdict.notes):
        say(line)
    from sim.experiments.conclusions.tables import counted

    replayed = f", {counted(verdict.replayed, 'cell')} executed again" if count else ""
    read = f"{counted(verdict.files, 'file')} read{replayed}"
    if verdict.problems:
        say(f"{folder} is NOT what was written: {counted(len(verdict.problems), 'problem')}; {read}")
        raise typer.Exit(1)
    say(f"{folder} is what was written: {read}")
