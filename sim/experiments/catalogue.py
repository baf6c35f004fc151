"""The table of a sweep's cells, cells.parquet: written when the sweep begins, and with what became of each when it ends."""

import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.experiments.cells import Cell, Sweep, cells_of
from sim.experiments.columns import from_column, to_column
from sim.experiments.directory import CELLS, found, part, rename, temporary
from sim.experiments.journal import FACTS, FINISHED, MISSING, STATUS
from sim.experiments.run import joined
from sim.metrics.contrasts import Columns

CHUNK = 1_000
"""Cells that are in memory at once."""
FIXED = ("cell", "point", "arm", "attack", "share", "side", "defence")
SETTLED = ("status", "error", "rows", "wall_s", "peak_mb", "part", "sha256")
"""Columns that say what became of a cell."""
TAKEN = {*FIXED, *SETTLED, "row", "seed", "digest"}
"""Names of columns that no parameter or role may have."""


def write_plan(folder: Path, sweep: Sweep) -> None:
    """Write the table of all cells as they are planned: names, points, arms, parameters that vary, and policies by role."""
    with temporary(folder) as file:
        _write(file, (_table(sweep, rows) for rows in _chunks(sweep)))
        rename(file, folder / CELLS)


def planned(sweep: Sweep) -> Columns:
    """The table of all cells as they are planned, in memory."""
    return joined([_table(sweep, rows) for rows in _chunks(sweep)])


def _chunks(sweep: Sweep) -> Iterator[list[dict[str, Any]]]:
    """The rows of the table, so many at a time."""
    rows = (_row(sweep, cell) for cell in cells_of(sweep))
    while chunk := list(itertools.islice(rows, CHUNK)):
        yield chunk


def _row(sweep: Sweep, cell: Cell) -> dict[str, Any]:
    """A cell by column."""
    return {
        "cell": cell.name,
        "point": cell.point,
        "arm": cell.arm.label,
        "attack": cell.arm.attack or "",
        "side": cell.arm.side,
        "defence": cell.arm.defence,
        **{role.name: cell.arm.policies[role.name].label for role in sweep.scenario.roles},
        "share": cell.arm.share,
        **{name: cell.varied.get(name, cell.description["parameters"][name]) for name in sweep.varied},
    }


def _table(sweep: Sweep, rows: list[dict[str, Any]]) -> Columns:
    """Rows as columns."""
    kinds = {"share": np.float64, **dict.fromkeys(("point", *sweep.varied), np.int64)}
    return {name: np.array([row[name] for row in rows], kinds.get(name, object)) for name in rows[0]}


def _write(file: Path, tables: Iterator[Columns]) -> None:
    """Write a table down to the disk, a piece at a time, so that it need not fit in memory."""
    writer = None
    try:
        for columns in tables:
            rows = pa.table({key: to_column(values) for key, values in columns.items()})
            writer = writer or pq.ParquetWriter(file, rows.schema, compression="zstd", write_page_checksum=True)
            writer.write_table(rows)
    finally:
        if writer is not None:
            writer.close()
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def read(folder: Path) -> Columns:
    """The whole table."""
    return joined(list(pieces(folder)))


def pieces(folder: Path) -> Iterator[Columns]:
    """The table, a piece at a time."""
    with pq.ParquetFile(folder / CELLS, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            yield {name: from_column(table.column(name)) for name in table.column_names}


def settle(folder: Path, known: NDArray[Any], errors: Mapping[int, str], file: Path) -> tuple[dict[str, int], int]:
    """Write the table to another file, with what became of every cell (`journal.facts`).

    Returns:
        How many cells are done, failed and missing, and how many rows those have that are done.
    """
    counts, rows = dict.fromkeys(("done", "failed", "missing"), 0), 0

    def counted() -> Iterator[Columns]:
        nonlocal rows
        for columns in settled(folder, known, errors):
            for status in counts:
                counts[status] += int((columns["status"] == status).sum())
            rows += int(columns["rows"].sum())
            yield columns

    _write(file, counted())
    return counts, rows


def settled(folder: Path, known: NDArray[Any], errors: Mapping[int, str]) -> Iterator[Columns]:
    """The cells with what became of them, a piece at a time."""
    first = 0
    for piece in pieces(folder):
        columns = {name: values for name, values in piece.items() if name not in SETTLED}
        names = columns["cell"].tolist()
        mine = known[first : first + len(names)].copy()
        mine[mine["cell"] != columns["cell"].astype("S16")] = np.zeros(1, FACTS)[0]
        for k in np.flatnonzero(mine["status"] == MISSING):
            if there := found(folder, names[k]):
                mine[k] = (names[k].encode(), FINISHED, there[0], np.nan, np.nan, there[1].encode())
        status = mine["status"].tolist()
        paths = [part(Path(), name).as_posix() if one == FINISHED else "" for name, one in zip(names, status, strict=True)]
        failed = [errors.get(first + k, "") if STATUS[one] == "failed" else "" for k, one in enumerate(status)]
        yield columns | {
            "status": np.array([STATUS[one] for one in status], object),
            "error": np.array(failed, object),
            "rows": mine["rows"].astype(np.int64),
            "wall_s": np.where(mine["status"] == MISSING, np.nan, mine["wall_s"]),
            "peak_mb": np.where(mine["status"] == MISSING, np.nan, mine["peak_mb"]).astype(np.float64),
            "part": np.array(paths, object),
            "sha256": np.array([one.decode() for one in mine["sha256"].tolist()], object),
        }
        first += len(names)
