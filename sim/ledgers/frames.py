"""Recorded ledgers as DataFrames, and as Parquet: `sim.ledger_frames`.

Every column is described in docs/ledger_frames.md.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from chain.contracts.service_market import Outcome, Phase
from chain.errors import InputError
from chain.files import durably
from chain.history import NO_ROOT
from chain.layout import ARGUMENTS, NOBODY, Integers, Kind
from chain.status import Status
from sim.experiments.columns import undisturbed
from sim.experiments.store import check_out, claim
from sim.ledgers.features import accounts_of, sums
from sim.ledgers.movements import Movements, Reason, Transactions, movements_of, transactions_of
from sim.ledgers.reading import Recorded, Step, files_of, read
from sim.metrics.contrasts import Columns

if TYPE_CHECKING:
    import pandas as pd


class Frames(NamedTuple):
    """Recorded ledgers as tables; docs/ledger_frames.md describes every column."""

    blocks: "pd.DataFrame"
    transactions: "pd.DataFrame"
    receipts: "pd.DataFrame"
    movements: "pd.DataFrame"
    jobs: "pd.DataFrame"
    accounts: "pd.DataFrame"


def words(values: Any, names: type[IntEnum]) -> NDArray[Any]:
    """The names of numbers, as text; a number that has none stays as it is.

    >>> words([1, 99, 1], Kind).tolist()
    ['TRANSFER', '99', 'TRANSFER']
    """
    numbers, place = np.unique(values, return_inverse=True)
    known = {int(one): one.name for one in names}
    return np.array([known.get(number, str(number)) for number in numbers.tolist()], object)[place]


def blocks_of(recorded: Recorded, tx: Transactions) -> Columns:
    """The headers, with what was refused and what became of the fees."""
    headers = [block.header for block in recorded.blocks]
    place, count = tx.height - recorded.first, len(headers)
    numbers = np.array([header[:7] for header in headers], np.int64)
    columns: Columns = {name: numbers[:, k] for k, name in enumerate(headers[0]._fields[:7])}
    columns["refused"] = np.bincount(place[~tx.done], minlength=count)
    columns["fees_burned"] = sums(place, tx.burned, count)
    columns["tips"] = sums(place, tx.receipts["fee"] - tx.burned, count)
    columns["hash"] = np.array([header.hash.hex() for header in headers], object)
    for name in ("parent", "transactions_root", "receipts_root", "state_root"):
        roots = [getattr(header, name) for header in headers]
        columns[name] = np.array(["" if root == NO_ROOT else root.hex() for root in roots], object)
    return columns


def transactions_table(tx: Transactions) -> Columns:
    """What was signed, each with its receipt."""
    signed, receipts = tx.signed, tx.receipts
    return {
        "height": tx.height,
        "position": tx.position,
        "kind": words(signed["kind"], Kind),
        **{name: signed[name] for name in ("sender", "nonce", "tip", "max_fee", "deadline", *ARGUMENTS)},
        "status": words(receipts["status"], Status),
        "gas": tx.gas,
        "fee": receipts["fee"],
        "job": receipts["subject"],
    }


def receipts_table(tx: Transactions) -> Columns:
    """The receipts as they are recorded."""
    receipts = tx.receipts
    names = {"kind": Kind, "status": Status}
    columns = {name: words(receipts[name], names[name]) if name in names else receipts[name] for name in receipts.dtype.names}
    return {"height": columns.pop("height"), "position": tx.position, **columns}


def movements_table(movements: Movements) -> Columns:
    """Who paid whom, and why."""
    return movements._asdict() | {"reason": words(movements.reason, Reason)}


def closed_at(recorded: Recorded) -> Integers:
    """The height at which each job was closed, its stake free again; `NOBODY` while it is not."""
    jobs: Any = recorded.jobs
    later = np.isin(jobs["outcome"], (Outcome.ACCEPTED, Outcome.REJECTED))  # the stake waits for the end of the dispute window
    height = np.where(later, np.maximum(jobs["due"], jobs["paid"]), jobs["paid"])
    return np.where(jobs["phase"] == Phase.CLOSED, height, NOBODY)


def jobs_table(recorded: Recorded) -> Columns:
    """The last state of every job."""
    jobs: Any = recorded.jobs
    return {
        "number": recorded.numbers,
        **{name: jobs[name] for name in ("client", "provider", "service", "price", "stake")},
        "phase": words(jobs["phase"], Phase),
        "outcome": words(jobs["outcome"], Outcome),
        "hired": jobs["height"],
        **{name: jobs[name] for name in ("delivered", "paid", "due")},
        "closed": closed_at(recorded),
        **{name: jobs[name] for name in ("effort_bps", "quality_bps")},
    }


def tables_of(recorded: Recorded, tx: Transactions, movements: Movements) -> dict[str, Columns]:
    """All tables of a recorded ledger, by the names of `Frames`."""
    return {
        "blocks": blocks_of(recorded, tx),
        "transactions": transactions_table(tx),
        "receipts": receipts_table(tx),
        "movements": movements_table(movements),
        "jobs": jobs_table(recorded),
        "accounts": accounts_of(recorded, tx, movements),
    }


def framed(tables: Mapping[str, Columns]) -> Frames:
    """Tables as DataFrames."""
    import pandas as pd

    def column(values: Any) -> Any:
        return pd.Series(values, dtype=str) if values.dtype == object else np.ascontiguousarray(values)

    return Frames(*(pd.DataFrame({name: column(values) for name, values in tables[table].items()}) for table in Frames._fields))


def ledger_frames(path: str | Path, out: str | Path | None = None, progress: Step | None = None) -> Frames:
    """Recorded ledgers as DataFrames. Each is audited while it is read: what the frames say is proved.

    Args:
        path: a recorded ledger, or a directory: every ``*.ledger`` below it, in the order of their names.
        out: a new or an empty directory; each frame is written there as Parquet, ``blocks.parquet`` and so on.
        progress: called with how much is done and how much there is, in bytes.

    Returns:
        blocks, transactions, receipts, movements, jobs and accounts. Of a directory each begins with a column `ledger`: the path
        of the file below it, without the suffix. docs/ledger_frames.md describes every column.

    Raises:
        InputError: there is no recorded ledger, or one of another version, or `out` is not free.
        chain.errors.TamperedError: one is not what was recorded; the message names it. Nothing is written.
    """
    import pandas as pd

    place = Path(path)
    check_out(None if out is None else Path(out))
    files = files_of(place)
    sizes = [file.stat().st_size for file in files.values()]
    every = []
    for k, (name, file) in enumerate(files.items()):
        step = None if progress is None else _onward(progress, sum(sizes[:k]), sum(sizes))
        recorded = read(file, step=step)
        tx = transactions_of(recorded)
        frames = framed(tables_of(recorded, tx, movements_of(recorded, tx)))
        if place.is_dir():
            for frame in frames:
                frame.insert(0, "ledger", np.full(len(frame), name, object))
        every.append(frames)
    frames = every[0] if len(every) == 1 else Frames(*(pd.concat(parts, ignore_index=True) for parts in zip(*every, strict=True)))
    if out is not None:
        write(frames, Path(out))
    return frames


def _onward(progress: Step, before: int, total: int) -> Step:
    """How far one of several files is, as how far all are."""
    return lambda done, _: progress(before + done, total)


def _parquet_of(frame: "pd.DataFrame") -> Callable[[Any], None]:
    """What writes a frame to an open file."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return lambda file: pq.write_table(table, file, compression="zstd", write_page_checksum=True)


def write(frames: Frames, out: Path) -> Path:
    """Write every frame as a Parquet file with page checksums into a new or an empty directory.

    Raises:
        InputError: it is not free, or nothing can be written there.
    """
    check_out(out)
    folder, made = claim(out, "")
    names = [f"{name}.parquet" for name in frames._fields]
    try:
        with undisturbed():
            for name, frame in zip(names, frames, strict=True):
                durably(folder, name, _parquet_of(frame))
    except BaseException as error:
        for name in names:
            (folder / name).unlink(missing_ok=True)
            (folder / f"{name}.part").unlink(missing_ok=True)
        for one in made:
            one.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"out: {out} can not be written ({error.strerror}), allowed is a writable directory") from None
        raise
    return folder
