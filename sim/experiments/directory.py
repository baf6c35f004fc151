"""The directory of a sweep: where its parts lie, and how a part gets there whole, once, and is never replaced.

A part is written under another name, flushed to the disk and linked to its own name, which fails if there is one: what is
published is never overwritten. If it is published again, its bytes must be the same.
"""

import contextlib
import errno
import fcntl
import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.columns import to_column
from sim.experiments.errors import Different, Unwritable
from sim.experiments.processes import is_dead, this_process
from sim.metrics.contrasts import Columns

PLAN, SPEC, CELLS, MANIFEST = "plan.json", "spec.yml", "cells.parquet", "manifest.json"
PARTS, WORKING, JOURNAL, LEASES = "parts", "tmp", "journal", "leases"
BESIDE = "ledgerlab tables"
"""In the metadata of a file with rows: the other tables of its cell, with their digests."""
FORGOTTEN_S = 3_600.0
"""What nobody wrote to for so long in the working files, nobody will."""
_number = itertools.count()


def part(folder: Path, cell: str, table: str = "") -> Path:
    """Where the rows of a cell lie; or those of another table of it."""
    return folder / PARTS / cell[:2] / (f"{cell}.{table}.parquet" if table else f"{cell}.parquet")


def encoded(columns: Columns, beside: Mapping[str, str] | None = None) -> bytes:
    """A table as the bytes of a Parquet file: the same columns give the same bytes.

    Args:
        columns: the table.
        beside: SHA-256 (hex) of tables that belong to it, by name; they become part of the file.
    """
    rows = pa.table({name: to_column(values) for name, values in columns.items()})
    if beside:
        rows = rows.replace_schema_metadata({BESIDE: json.dumps(beside, sort_keys=True)})
    return _file_of(rows)


def _file_of(rows: pa.Table) -> bytes:
    """A table as a file."""
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


def found(folder: Path, cell: str) -> tuple[int, str] | None:
    """Number of rows and SHA-256 (hex) of a part whose digest nobody wrote down: who published it was killed before.

    A part that is there was whole when it got its name; that it still is shows in the checksums of its pages, and in its being,
    byte for byte, what its content is written as.

    Returns:
        None if there is no such part, or it or a table beside it is not whole.
    """
    try:
        content = part(folder, cell).read_bytes()
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            rows = file.read()
        if _file_of(rows) != content:
            return None
    except (OSError, ValueError, MemoryError, pa.ArrowException):
        return None
    digest = hashlib.sha256(content).hexdigest()
    return None if damaged(folder, cell, digest) else (rows.num_rows, digest)


def put_aside(folder: Path, cell: str, file: Path) -> None:
    """Give a damaged file of a cell another name, and its rows too, so that the cell can be published again.

    Only for who has its lease.
    """
    for one in {file, part(folder, cell)}:
        with contextlib.suppress(FileNotFoundError):
            one.rename(one.with_name(f"{one.name}.damaged-{time.time_ns()}"))


def _link(folder: Path, final: Path, content: bytes) -> None:
    """Give bytes a name, for good."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for tries in (2, 1, 0):
        try:
            with temporary(folder) as name:
                write(name, content)
                os.link(name, final)
            break
        except FileExistsError:
            if final.read_bytes() != content:
                raise Different(f"{final.name} was published before with other bytes: the same cell gave two results") from None
            return
        except FileNotFoundError:  # this machine slept, and somebody took the working file for a dead process's
            if not tries:
                raise
    flush(final.parent)


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """A new empty file that nobody else uses, and that does not outlive the block by this name."""
    place = folder / WORKING
    for number in _number:
        place.mkdir(exist_ok=True)
        name = place / f"{this_process()}-{number}"
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except (FileExistsError, FileNotFoundError):  # somebody put the empty directory away: `clear`
            continue
        break
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            name.unlink()


def clear(folder: Path) -> None:
    """Put away what processes that were killed were still writing."""
    for file in (folder / WORKING).glob("*"):
        with contextlib.suppress(OSError):
            if is_dead(file.name.rpartition("-")[0]) or time.time() - file.stat().st_mtime > FORGOTTEN_S:
                file.unlink()
    with contextlib.suppress(OSError):
        (folder / WORKING).rmdir()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other drivers out of the block; where the system has no such locks, nobody is kept out."""
    number = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def write(file: Path, content: bytes) -> None:
    """Fill a `temporary` file, down to the disk."""
    number = os.open(file, os.O_WRONLY | os.O_TRUNC)
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
    """Give a file that is whole, and on the disk, its name, in the place of what had it."""
    file.replace(final)
    flush(final.parent)


def flush(folder: Path) -> None:
    """Make the names in a directory outlast a power cut, where the system can."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(number)
