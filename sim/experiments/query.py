"""Questions in SQL to a run directory: its tables by name, read where they lie."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from chain.errors import InputError
from sim.experiments import catalogue
from sim.experiments.columns import to_column
from sim.experiments.directory import beside
from sim.experiments.loading import read_cells
from sim.experiments.manifest import read_manifest
from sim.experiments.opening import is_sweep

MEMORY = "2GB"
THREADS = 2


def query(folder: str | Path, question: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Ask a run directory in SQL (DuckDB's), and return the names of the columns and the rows.

    Of a sweep there is `runs`, one row per cell and seed with all that tells cells apart; `cells`, one row per cell; and where
    they were recorded, the scenario's tables, such as `ticks`, and the final ledgers, such as `ledger_jobs`. Of a single run
    there is every table of its directory.

    The question can neither read other files nor write any.

    Raises:
        InputError: the directory holds neither, or the question is not understood.
    """
    place = Path(folder)
    config: dict[str, Any] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "enable_external_access": False,
        "temp_directory": "",  # what does not fit in memory is refused, not written beside whoever asks
    }
    with duckdb.connect(":memory:", config=config) as base:
        base.execute("SET lock_configuration = true")
        try:
            if is_sweep(place):
                _open_sweep(base, place)
            else:
                _open_run(base, place)
            answer = base.execute(question)
            if answer is None:  # blanks, or a comment
                raise InputError("query: nothing is asked; allowed is a question in SQL")
            if answer.description is None:
                return [], []
            return [column[0] for column in answer.description], answer.fetchall()
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            reason = str(error).partition("\nLINE ")[0]  # the rest repeats the question
            raise InputError(f"query: {' '.join(reason.split())[:400]}") from None


def _open_sweep(base: duckdb.DuckDBPyConnection, place: Path) -> None:
    """Give a connection the tables of a sweep."""
    plan, cells, _ = read_cells(place)
    base.register("cells", pa.table({name: to_column(values) for name, values in cells.items()}))
    done = [place / name for name in dict.fromkeys(cells["part"].tolist()) if name]  # cells that are the same have one part
    if not done:
        return
    base.register("_rows", _files(done))
    about = [name for name in cells if name not in ("cell", *catalogue.SETTLED)]
    names = [f"c.{_quoted(name)}" for name in about]
    names += [f"r.{_quoted(name)}" for name in ("seed", "digest", *(metric["name"] for metric in plan["metrics"]))]
    base.execute(f"CREATE VIEW runs AS SELECT r.cell, {', '.join(names)} FROM _rows r JOIN cells c USING (cell)")
    for table in beside(done[0].read_bytes()):
        base.register(table, _files([file.with_suffix(f".{table}.parquet") for file in done]))


def _open_run(base: duckdb.DuckDBPyConnection, place: Path) -> None:
    """Give a connection the tables of a single run."""
    for name in read_manifest(place)["files"]:
        if name.endswith(".parquet"):
            base.register(name.removesuffix(".parquet"), _files([place / name]))


def _files(paths: list[Path]) -> ds.Dataset:
    """Files of the same columns as one table: read by Arrow, so that DuckDB needs no access to files at all."""
    return ds.dataset([str(path) for path in paths], format="parquet")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
