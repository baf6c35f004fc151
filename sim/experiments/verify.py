"""Checking a run directory: every digest is computed again, and cells picked at random are executed again."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from agents.files import digest_of
from chain.errors import InputError, whole
from sim.experiments import catalogue
from sim.experiments.agreement import disagreements, misplanned
from sim.experiments.cells import Cell, cells_of, plan_sweep
from sim.experiments.columns import from_column
from sim.experiments.directory import CELLS, MANIFEST, PLAN, SPEC, contents, damaged, part, table_of
from sim.experiments.manifest import read_manifest as read_run
from sim.experiments.opening import is_sweep, read_plan
from sim.experiments.seal import read_manifest
from sim.experiments.spec import checked
from sim.experiments.work import tables_of
from sim.metrics.contrasts import Columns
from sim.reproduction import is_reproduction
from sim.reproduction import read as read_reproduction

Listener = Callable[[int, int], None]


@dataclass(frozen=True)
class Verdict:
    """What came out of a check."""

    files: int
    """That were read and compared with their digests."""
    replayed: int
    """Cells that were executed again."""
    problems: tuple[str, ...]
    """A line each; none if everything is what was written."""
    notes: tuple[str, ...]
    """What else is to be known, a line each."""


def verify(
    folder: str | Path, replay: int = 0, *, seed: int | None = None, trust: bool = False, progress: Listener | None = None
) -> Verdict:
    """Check a run directory.

    Args:
        folder: of a sweep, of a single run, or of a published result that was run again.
        replay: so many cells of a sweep, picked at random among those that are done, are executed again and compared.
        seed: of the pick; drawn, and told in the notes, if not given.
        trust: whether policies may be files that run code when they are loaded.
        progress: called with (cells replayed, cells to be replayed).

    Raises:
        InputError: the directory holds neither, or something else given is wrong.
    """
    place = Path(folder)
    if not is_sweep(place):
        return _verify_run(place, replay)
    problems, notes = [], []
    try:
        manifest = read_manifest(place)
    except InputError as error:
        return Verdict(1, 0, (str(error),), ())
    if manifest is None:
        return Verdict(0, 0, (f"{place} has no {MANIFEST}: the sweep was not brought to an end, --resume does",), ())
    for name, entry in manifest["files"].items():
        problems += _compared(place, name, entry["sha256"])
    problems += [f"{MANIFEST}: it does not vouch for {name}" for name in (PLAN, SPEC, CELLS) if name not in manifest["files"]]
    if problems:
        return Verdict(len(manifest["files"]), 0, tuple(problems), ())
    plan = read_plan(place)
    whole("replay", replay, 0, plan["cells"])
    cells = catalogue.read(place)
    problems += disagreements(place, manifest, plan, cells)
    done = np.flatnonzero(cells["status"] == "done")
    for row in done.tolist():
        if (wrong := damaged(place, cells["cell"][row], cells["sha256"][row])) is not None:
            problems.append(f"{wrong[0].relative_to(place)}: {wrong[1]}")
    named = set(cells["part"].tolist())
    others = [file for file in place.glob("parts/*/*") if file.name.count(".") == 1 and str(file.relative_to(place)) not in named]
    notes += [f"{len(others)} parts are not of this sweep's cells (of other code, say): they are not read"] if others else []
    if manifest["cells"]["missing"]:
        notes.append(f"{manifest['cells']['missing']} cells were not run")
    replayed = 0
    if replay:
        pick = secrets.randbelow(2**31) if seed is None else whole("seed", seed, 0)
        chosen = np.sort(np.random.default_rng(pick).permutation(done)[:replay])
        notes.append(f"replayed cells were picked with seed {pick}")
        found, more = _replayed(place, plan, set(chosen.tolist()), trust, progress)
        problems, notes, replayed = problems + found, notes + more, chosen.size
    return Verdict(len(manifest["files"]) + done.size, replayed, tuple(problems), tuple(notes))


def _verify_run(place: Path, replay: int) -> Verdict:
    """Check a single run, its recorded ledgers too, or a published result that was run again."""
    if replay:
        raise InputError(f"replay: {replay} given, allowed for a single run is 0; its report says how to run it again")
    manifest = read_reproduction(place) if is_reproduction(place) else read_run(place)
    files = manifest["files"] | manifest.get("ledgers", {})
    problems = [line for name, entry in files.items() for line in _compared(place, name, entry["sha256"])]
    return Verdict(len(files), 0, tuple(problems), ())


def _compared(place: Path, name: str, sha256: str) -> list[str]:
    """What is wrong with a file, if anything."""
    try:
        same = digest_of(place / name) == sha256
    except OSError as error:
        return [f"{name}: can not be read ({error.strerror})"]
    return [] if same else [f"{name}: is not what was written (its SHA-256 differs)"]


def _replayed(
    place: Path, plan: Mapping[str, Any], chosen: set[int], trust: bool, progress: Listener | None
) -> tuple[list[str], list[str]]:
    """Execute cells again: what differs, and what is to be known."""
    sweep = plan_sweep(checked(plan["spec"]), Path(plan["base"]), trust)
    cells = catalogue.read(place)
    problems, notes, count = [], [], 0
    if sweep.base["code"] != plan["code"]["sha256"]:
        notes.append("the code is not that which wrote the sweep: values are compared, not bytes")
    elif sweep.base["versions"].items() <= plan["versions"].items():
        problems += misplanned(plan, cells, sweep)
    names = iter(cells["cell"].tolist())
    for cell, name in zip(cells_of(sweep), names, strict=False):
        if cell.row in chosen:
            problems += _executed(place, cell, name)
            count += 1
            if progress is not None:
                progress(count, len(chosen))
    return problems, notes


def _executed(place: Path, cell: Cell, name: str) -> list[str]:
    """Execute a cell again and compare every table of it: the first difference, if there is one."""
    try:
        tables = tables_of(cell.description)
    except InputError as error:
        return [f"cell {name}: can not be executed again ({error})"]
    again = contents(tables) if cell.name == name else {}
    for table, columns in tables.items():
        file = part(place, name, table)
        try:
            content = file.read_bytes()
            if content == again.get(table):
                continue
            stored = table_of(content)
        except (OSError, pa.ArrowException) as error:
            return [f"cell {name}: {file.relative_to(place)} can not be read ({str(error).splitlines()[0]})"]
        kept = {column: from_column(stored.column(column)) for column in stored.column_names}
        if difference := first_difference(kept, columns):
            return [f"cell {name}{f', {table}' if table else ''}: {difference}"]
        if again:
            return [f"cell {name}: {file.relative_to(place)} has the same values in other bytes"]
    return []


def first_difference(stored: Columns, again: Columns) -> str:
    """The first value, row by row, in which a stored table differs from the one that came out again; empty if none does."""
    names = [name for name in again if name != "cell"]
    if (left := set(stored) - {"cell"}) != set(names):
        return f"its columns are {', '.join(sorted(left))}, those of the replay {', '.join(sorted(names))}"
    if stored["seed"].size != again["seed"].size:
        return f"{stored['seed'].size} rows are stored, {again['seed'].size} came out again"
    differs = {}
    for name in names:
        a, b = stored[name], again[name]
        unequal = a != b if a.dtype == object else ~((a == b) | ((a != a) & (b != b)))
        if unequal.any():
            differs[name] = int(unequal.argmax())
    if not differs:
        return ""
    name = min(differs, key=lambda name: differs[name])
    row = differs[name]
    return f"{name} at seed {again['seed'][row]} is {stored[name][row]}, {again[name][row]} came out again"
