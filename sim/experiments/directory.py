"""The directory of a sweep: where its parts lie, and how a part gets there whole, once, and is never replaced.

A part is written under another name, flushed to the disk and linked to its own name, which fails if there is one: what is
published is never overwritten. If it is published again, its bytes must be the same.
"""

import contextlib
import hashlib
import itertools
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.columns import to_column
from sim.experiments.errors import Different, Unwritable
from sim.metrics.contrasts import Columns

PLAN, SPEC, CELLS, MANIFEST = "plan.json", "spec.yml", "cells.parquet", "manifest.json"
PARTS, WORKING, JOURNAL, LEASES = "parts", "tmp", "journal", "leases"
BESIDE = "ledgerlab tables"
"""In the metadata of a file with rows: the other tables of its cell, with their digests."""
_number = itertools.count()


def part(folder: Path, cell: str, table: str = "") -> Path:
    """Where the rows of a cell lie; or those of another table of it."""
    return folder / PARTS / cell[:2] / (f"{cell}.{table}.parquet" if table else f"{cell}.parquet")


def is_published(folder: Path, cell: str) -> bool:
    """Whether the rows of a cell are there. Its other tables were published before."""
    return os.path.isfile(part(folder, cell))


def encoded(columns: Columns, beside: Mapping[str, str] | None = None) -> bytes:
    """A table as the bytes of a Parquet file: the same columns give the same bytes.

    Args:
        columns: the table.
        beside: SHA-256 (hex) of tables that belong to it, by name; they become part of the file.
    """
    rows = pa.table({name: to_column(values) for name, values in columns.items()})
    if beside:
        rows = rows.replace_schema_metadata({BESIDE: json.dumps(beside, sort_keys=True)})
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    return bytes(memoryview(sink.getvalue()))


def contents(tables: Mapping[str, Columns]) -> dict[str, bytes]:
    """The files of a cell by table, its rows (the table named "") last; those vouch for the others."""
    files = {name: encoded(columns) for name, columns in sorted(tables.items()) if name}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return files | {"": encoded(tables[""], digests)}


def publish(folder: Path, cell: str, tables: Mapping[str, Columns]) -> str:
    """Publish the tables of a cell, its rows last, and return the SHA-256 (hex) of those.

    Raises:
        Unwritable: the disk is full, or fails.
        Different: other rows of this cell are there already.
    """
    digest = ""
    for table, content in contents(tables).items():
        digest = hashlib.sha256(content).hexdigest()
        final = part(folder, cell, table)
        try:
            _link(folder, final, content)
        except OSError as error:
            raise Unwritable(f"{final.relative_to(folder)} can not be written ({error.strerror})") from error
    return digest


def beside(content: bytes) -> dict[str, str]:
    """The other tables of a cell, name -> SHA-256 (hex), from the file with its rows.

    Raises:
        pa.ArrowException: it is no Parquet file.
    """
    metadata = pq.read_schema(pa.BufferReader(content)).metadata or {}
    return dict(json.loads(metadata.get(BESIDE.encode(), b"{}")))


def damaged(folder: Path, cell: str, sha256: str) -> tuple[Path, str] | None:
    """The first file of a cell that is not what was published, and what is wrong with it; None if there is none.

    Args:
        folder: of the sweep.
        cell: its name.
        sha256: of the file with its rows.
    """
    expected = {"": sha256}
    while expected:
        table, digest = expected.popitem()
        file = part(folder, cell, table)
        try:
            content = file.read_bytes()
        except OSError as error:
            return file, f"can not be read ({error.strerror})"
        if hashlib.sha256(content).hexdigest() != digest:
            return file, "is not what was published (its SHA-256 differs)"
        if not table:
            expected |= beside(content)
    return None


def _link(folder: Path, final: Path, content: bytes) -> None:
    """Give bytes a name, for good."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with temporary(folder) as name:
        write(name, content)
        try:
            os.link(name, final)
        except FileExistsError:
            if final.read_bytes() != content:
                raise Different(f"{final.name} was published before with other bytes: the same cell gave two results") from None
            return
        flush(final.parent)


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """A name that nobody else uses, for a file that does not outlive the block."""
    place = folder / WORKING
    place.mkdir(exist_ok=True)
    name = place / f"{socket.gethostname()[:40]}-{os.getpid()}-{next(_number)}"
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            name.unlink()


def write(file: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    number = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(number, left) :]
        os.fsync(number)
    finally:
        os.close(number)


def replace(folder: Path, name: str, content: bytes) -> None:
    """Put a whole file in the place of another, or where there is none.

    Raises:
        OSError: it can not be written; what was there before is there still.
    """
    with temporary(folder) as new:
        write(new, content)
        rename(new, folder / name)


def rename(file: Path, final: Path) -> None:
    """Give a file that is whole its name, in the place of what had it."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
    file.replace(final)
    flush(final.parent)


def flush(folder: Path) -> None:
    """Make the names in a directory outlast a power cut, where the system can."""
    number = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)
