"""Running a sweep: cells are handed to an engine, and what becomes of each is written down as it happens.

The directory is the truth. A cell whose rows are there is never run again; a driver that is stopped or killed leaves a directory
that the next one goes on with; several may work on one directory at once.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chain.errors import InputError, LedgerLabError
from sim.experiments.cells import Cell, Sweep, cells_of, plan_sweep
from sim.experiments.columns import undisturbed
from sim.experiments.directory import clear, damaged, found, part, put_aside
from sim.experiments.engines.choice import open_engine
from sim.experiments.engines.engine import Done, Engine, Limits, Task
from sim.experiments.errors import CellsFailed, Unwritable
from sim.experiments.journal import FAILED, FINISHED, MISSING, Journal, facts
from sim.experiments.leases import Leases
from sim.experiments.manifest import machine
from sim.experiments.opening import opened
from sim.experiments.seal import first_error, seal
from sim.experiments.spec import Spec, read_spec
from sim.experiments.store import Stopped
from sim.experiments.work import work

WAIT_S = 0.2
"""Between looks at cells that other drivers are at."""


@dataclass(frozen=True)
class Progress:
    """How far a sweep is, told after every cell."""

    done: int
    """Cells with rows, those of earlier drivers included."""
    failed: int
    cells: int
    fresh: int
    """Cells that this driver settled."""
    last: Done | None = None
    note: str = ""
    """Something to be told once."""


Listener = Callable[[Progress], None]


@dataclass
class Driver:
    """One driver at work on one sweep directory."""

    sweep: Sweep
    folder: Path
    known: Any
    """What is known of each cell, `journal.FACTS`."""
    retry_failed: bool
    listen: Listener
    fresh: int = 0
    tried: set[int] = field(default_factory=set)
    waiting: list[Cell] = field(default_factory=list)
    """Cells that another driver is at."""
    rows: dict[str, int] = field(default_factory=dict)
    """Of cells that are being executed: name -> row of the plan."""

    def __post_init__(self) -> None:
        """Count what is there."""
        self.done, self.failed = (int((self.known["status"] == status).sum()) for status in (FINISHED, FAILED))

    def run(self, engine: Engine, leases: Leases, journal: Journal) -> None:
        """Settle every cell, or raise what keeps this driver from it."""
        todo: Iterable[Cell] = cells_of(self.sweep)
        while True:
            with contextlib.closing(engine.run(self._offered(todo, leases))) as results:
                for done in results:
                    self._settle(done, leases, journal)
            if not self.waiting:
                return
            time.sleep(WAIT_S)
            todo, self.waiting = self.waiting, []
            self._learn(todo)

    def _offered(self, cells: Iterable[Cell], leases: Leases) -> Iterator[Task]:
        """The cells that are to be executed, each with its lease; those of other drivers are put off."""
        for cell in cells:
            if self._is_settled(cell):
                continue
            if cell.name in self.rows or not leases.take(cell.name):
                self.waiting.append(cell)
                continue
            if self._is_settled(cell):
                leases.give_back(cell.name)
                continue
            self._make_way(cell)
            self.rows[cell.name] = cell.row
            yield Task(str(self.folder.absolute()), cell.description)

    def _is_settled(self, cell: Cell) -> bool:
        """Whether a cell has rows, and they are what was published; or it failed and is not to be tried again."""
        fact = self.known[cell.row]
        status = fact["status"] if fact["cell"] == cell.name.encode() else MISSING
        if status == FAILED:
            return not self.retry_failed or cell.row in self.tried
        if status == FINISHED and fact["sha256"]:
            return damaged(self.folder, cell.name, fact["sha256"].decode()) is None
        if found(self.folder, cell.name) is None:
            return False
        self._mark(cell.row, cell.name, FINISHED)
        return True

    def _make_way(self, cell: Cell) -> None:
        """Put files aside that are not what was published, before their cell is run again; this driver has its lease."""
        fact = self.known[cell.row]
        if fact["cell"] == cell.name.encode() and fact["status"] == FINISHED:
            file, what = damaged(self.folder, cell.name, fact["sha256"].decode()) or (part(self.folder, cell.name), "is damaged")
            self._mark(cell.row, cell.name, MISSING)
        else:
            file, what = part(self.folder, cell.name), "is damaged"
            if found(self.folder, cell.name) or not file.exists():
                return
        put_aside(self.folder, cell.name, file)
        self.tell(note=f"{file.relative_to(self.folder)} {what}, and the cell is run again; what was there has now another name")

    def _mark(self, row: int, name: str, status: int) -> None:
        """Note what became of a cell."""
        before = int(self.known[row]["status"])
        self.done += (status == FINISHED) - (before == FINISHED)
        self.failed += (status == FAILED) - (before == FAILED)
        self.known[row] = (name.encode(), status, 0, 0.0, 0.0, b"")

    def _settle(self, done: Done, leases: Leases, journal: Journal) -> None:
        """Write down what became of a cell.

        Raises:
            Unwritable: its rows could not be published.
            OSError: this can not be written.
        """
        if done.kind == "disk":
            raise Unwritable(done.error)
        row = self.rows.pop(done.cell)
        with undisturbed():
            journal.add(row, done)
            self._mark(row, done.cell, FAILED if done.error else FINISHED)
            self.tried.update({row} if done.error else ())
            self.fresh += 1
        leases.give_back(done.cell)
        self.tell(done)

    def _learn(self, cells: Iterable[Cell]) -> None:
        """Learn which of these cells failed with other drivers."""
        known, _, _ = facts(self.folder, self.sweep.cells)
        for cell in cells:
            if known[cell.row]["status"] == FAILED and cell.row not in self.tried and self.known[cell.row]["status"] == MISSING:
                self._mark(cell.row, cell.name, FAILED)
                self.tried.add(cell.row)

    def tell(self, last: Done | None = None, note: str = "") -> None:
        """Say how far it is."""
        self.listen(Progress(self.done, self.failed, self.sweep.cells, self.fresh, last, note))


def sweep(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    out: str | Path | None = None,
    engine: str = "workers",
    workers: int | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    anew: bool = False,
    seconds_per_cell: float | None = None,
    memory_mb_per_cell: int | None = None,
    address: str | None = None,
    trust: bool = False,
    progress: Listener | None = None,
) -> Path:
    """Run a sweep into a directory, and return the directory.

    Args:
        spec: a YAML file, a mapping with the same names, or a `Spec`.
        out: the directory; results/<name>-<hash> if not given.
        engine: `workers` (processes of this machine), `inline` (this process) or `ray`. It changes no byte of what is stored.
        workers: how many cells are executed at once; as many as there are processors if not given.
        resume: go on with what is in the directory.
        retry_failed: with `resume`, try cells again that failed.
        anew: with `resume`, run every cell again if the code or a package has changed since; what is there stays.
        seconds_per_cell: a cell that takes longer is stopped, and recorded as failed.
        memory_mb_per_cell: likewise for memory, MB beside what its process had before.
        address: of a Ray cluster to join; a local one is started if not given.
        trust: whether policies may be files that run code when they are loaded.
        progress: called after every cell.

    Raises:
        InputError: something given is wrong; nothing is written.
        CellsFailed: some cells failed; the others are kept.
        Stopped: Ctrl-C; what was finished is kept.
        Unwritable: the disk is full or fails; what was finished is kept.
        LedgerLabError: the engine can not execute anything (more); likewise.
    """
    asked, base = read_spec(spec)
    return sweep_planned(
        plan_sweep(asked, base, trust),
        base,
        out=None if out is None else Path(out),
        engine=engine,
        workers=workers,
        resume=resume,
        retry_failed=retry_failed,
        anew=anew,
        seconds_per_cell=seconds_per_cell,
        memory_mb_per_cell=memory_mb_per_cell,
        address=address,
        progress=progress,
    )


def sweep_planned(
    planned: Sweep,
    base: Path,
    *,
    out: Path | None = None,
    engine: str = "workers",
    workers: int | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    anew: bool = False,
    seconds_per_cell: float | None = None,
    memory_mb_per_cell: int | None = None,
    address: str | None = None,
    progress: Listener | None = None,
) -> Path:
    """Run a sweep that is checked already, whose paths start from `base`; as `sweep`."""
    if (retry_failed or anew) and not resume:
        raise InputError(f"{'retry_failed' if retry_failed else 'anew'}: given without resume, allowed is both")
    opening = open_engine(
        engine,
        work,
        workers=workers,
        limits=Limits(seconds_per_cell, memory_mb_per_cell),
        scenario=planned.scenario.name,
        address=address,
    )
    with contextlib.closing(opening) as chosen:
        folder = opened(planned, base, out, resume=resume, anew=anew)
        return drive(planned, folder, chosen, retry_failed=retry_failed, listen=progress)


def drive(planned: Sweep, folder: Path, engine: Engine, *, retry_failed: bool = False, listen: Listener | None = None) -> Path:
    """Run what is missing of a sweep in its directory; as `sweep`."""
    known, _, _ = facts(folder, planned.cells)
    driver = Driver(planned, folder, known, retry_failed, listen or (lambda progress: None))
    try:
        stopped, counts = _driven(driver, engine)
    except (OSError, LedgerLabError) as error:
        kept = f"{driver.done} of {planned.cells} cells are kept in {folder}; --resume goes on"
        if isinstance(error, LedgerLabError):
            raise type(error)(f"{error}; {kept}") from error
        raise Unwritable(f"{error.filename or folder}: {error.strerror or error}; {kept}") from error
    if stopped:
        raise Stopped(counts["done"], planned.cells, folder, "cells")
    if counts["missing"]:
        raise Unwritable(f"{counts['missing']} of {planned.cells} cells are gone from {folder}; --resume runs them again")
    if counts["failed"]:
        raise CellsFailed(counts["failed"], planned.cells, first_error(folder), folder)
    return folder


def _driven(driver: Driver, engine: Engine) -> tuple[bool, dict[str, int]]:
    """Let a driver work to its end and seal the directory; returns whether it was stopped, and the cells by status."""
    clock, stopped, folder = time.perf_counter(), False, driver.folder
    with Leases(folder) as leases, contextlib.closing(Journal(folder, leases.driver)) as journal:
        clear(folder)
        driver.tell()
        began = datetime.now(UTC).isoformat(timespec="seconds")
        journal.begin({"started": began, "engine": engine.name, "machine": machine()})
        try:
            driver.run(engine, leases, journal)
        except KeyboardInterrupt:
            stopped = True
        with undisturbed():
            journal.end(time.perf_counter() - clock)
            counts = seal(folder)
    clear(folder)
    return stopped, counts
