"""A sweep as it is stored: its plan, its cells and their rows, each part checked as it is read."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.files import digest_of
from chain.errors import InputError
from sim.experiments import catalogue
from sim.experiments.columns import from_column
from sim.experiments.directory import table_of
from sim.experiments.journal import facts
from sim.experiments.manifest import read_manifest as manifest_of_run
from sim.experiments.opening import is_sweep, read_plan
from sim.experiments.run import joined
from sim.experiments.seal import read_manifest
from sim.experiments.store import read_table
from sim.metrics.contrasts import Columns

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """A sweep as stored."""

    folder: Path
    plan: Mapping[str, Any]
    cells: Columns
    """One row per cell, in the order of the plan."""
    runs: Columns
    """Rows of the cells that are done: `row` (of the cell), seed, digest and the metrics; cell after cell, in the order of the
    seeds."""
    notes: tuple[str, ...] = ()
    """What is to be known of the sweep as a whole, a sentence each."""

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric by cell and seed, shape (cells, seeds); NaN where it is not defined, or the cell is not done."""
        seeds = len(self.plan["seeds"])
        out = np.full((len(self.cells["cell"]), seeds), np.nan)
        done = self.runs["row"][::seeds]
        out[done] = self.runs[metric].reshape(done.size, seeds)
        return out


def read_cells(folder: Path) -> tuple[dict[str, Any], Columns, tuple[str, ...]]:
    """The plan and the cells of a sweep, and what is to be known of it.

    Raises:
        InputError: the directory holds no sweep, or is damaged.
    """
    plan, manifest = read_plan(folder), read_manifest(folder)
    try:
        if manifest is None:
            known, errors, _ = facts(folder, plan["cells"])
            cells = joined(list(catalogue.settled(folder, known, errors)))
            return plan, cells, ("The sweep was not brought to an end: what it lacks may differ from what is there.",)
        for name, entry in manifest["files"].items():
            if digest_of(folder / name) != entry["sha256"]:
                raise InputError(f"sweep: {folder / name} is not what was written (its SHA-256 differs from the manifest)")
        cells = catalogue.read(folder)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise InputError(f"sweep: {folder} can not be read ({str(error).splitlines()[0]})") from None
    return plan, cells, ()


def read_sweep(folder: str | Path) -> Results:
    """A sweep with all its rows.

    Raises:
        InputError: the directory holds no sweep, or is damaged.
    """
    place = Path(folder)
    plan, cells, notes = read_cells(place)
    tables, rows = [], []
    for row in np.flatnonzero(cells["status"] == "done").tolist():
        table = read_part(place, cells["part"][row], cells["sha256"][row])
        tables.append(table)
        rows.append(np.full(table.num_rows, row, np.int64))
    metrics = [metric["name"] for metric in plan["metrics"]]
    if not tables:
        empty: Columns = {"row": np.empty(0, np.int64), "seed": np.empty(0, np.int64), "digest": np.empty(0, object)}
        return Results(place, plan, cells, empty | {name: np.empty(0) for name in metrics}, notes)
    whole = pa.concat_tables(tables).combine_chunks()
    if lacking := {"seed", "digest", *metrics} - set(whole.column_names):
        raise InputError(f"sweep: the parts of {place} have no column {min(lacking)}; allowed is an unchanged directory")
    if whole.num_rows != len(tables) * len(plan["seeds"]):
        raise InputError(f"sweep: the parts of {place} have {whole.num_rows} rows; allowed is an unchanged directory")
    columns = {name: from_column(whole.column(name)) for name in ("seed", "digest", *metrics)}
    return Results(place, plan, cells, {"row": np.concatenate(rows), **columns}, notes)


def read_part(folder: Path, name: str, sha256: str) -> pa.Table:
    """The rows of a cell.

    Raises:
        InputError: the part is not there, or is not what was published.
    """
    try:
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError(f"sweep: {folder / name} is not what was published (its SHA-256 differs)")
        return table_of(content)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"sweep: {folder / name} can not be read ({str(error).splitlines()[0]}); --resume runs it again"
        ) from None


def wide(results: Results) -> Iterator[tuple[str, NDArray[Any]]]:
    """Column after column of one table: what each run's cell is, its seed, digest and metrics."""
    row = results.runs["row"]
    yield "cell", results.cells["cell"][row]
    for name, values in results.cells.items():
        if name != "cell" and name not in catalogue.SETTLED:
            yield name, values[row]
    for name, values in results.runs.items():
        if name != "row":
            yield name, values


def load(folder: str | Path) -> "pd.DataFrame":
    """The rows of a run directory: of a single run as `sim.run` returned them; of a sweep one per cell and seed.

    Returns:
        Of a sweep, columns cell, point, arm, attack, side, defence, one per role with the policy's label, share, one per
        parameter that varies, seed, digest (SHA-256 of that world's ledger), and the metrics. Cells that failed have no rows.

    Raises:
        InputError: the directory is missing, foreign or damaged.
    """
    import pandas as pd

    place = Path(folder)
    if is_sweep(place):
        return pd.DataFrame(dict(wide(read_sweep(place))))
    return pd.DataFrame(read_table(place, "runs", manifest_of_run(place)))
