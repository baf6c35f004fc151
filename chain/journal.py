"""A recorded ledger as a file: one section after another, each a table of numbers with checks that locate a damage.

1. The file is a row of little-endian 64-bit integers. It begins with a mark; then come sections: the ledger's description (as
   JSON), the tables of its state at the genesis, the genesis header, header, transactions and receipts of every block, and an end
   that names the number of blocks and the last header's hash. Nothing follows it.
2. A section is a frame (kind, rows, columns, and a check of these), the numbers, the exclusive-or of every row, and that of every
   column. One wrong number makes one row and one column wrong: that is its place. Whoever changes more on purpose is caught by
   the hashes, and by executing everything again (`chain.replay`): the checks only say where.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chain.errors import InputError, TamperedError
from chain.files import durably
from chain.history import FORMAT, Block, Header, History, decoded
from chain.layout import RECEIPT, SIGNED, Integers, Records

MARK = b"LedgerLab ledger"
DESCRIPTION, TABLE, HEADER, TRANSACTIONS, RECEIPTS, END = range(1, 7)
PARTS = dict(enumerate(("description", "table", "header", "transaction", "receipt", "end"), 1))
FRAME = 4
"""Numbers before those of a section."""
_SALT = 0x5EA1ED
HEADER_WORDS = Header._fields[:7] + tuple(f"{name}[{k}]" for name in Header._fields[7:] for k in range(4))
END_WORDS = ("blocks", *(f"last[{k}]" for k in range(4)))
FIELDS = {HEADER: HEADER_WORDS, TRANSACTIONS: SIGNED.names, RECEIPTS: RECEIPT.names, END: END_WORDS}
"""What the numbers of a section are called: its columns, or its rows where it has one column."""


def section(kind: int, table: Integers) -> bytes:
    """The bytes of a section; `table` has two axes."""
    rows, columns = table.shape
    frame = np.array([kind, rows, columns, kind ^ rows ^ columns ^ _SALT], np.int64)
    checks = np.bitwise_xor.reduce(table, axis=1), np.bitwise_xor.reduce(table, axis=0)
    return b"".join(part.astype("<i8", copy=False).tobytes() for part in (frame, table, *checks))


def numbers_of(content: bytes) -> Integers:
    """Bytes as a table of one column; the last number is filled up with spaces."""
    return np.frombuffer(content + b" " * (-len(content) % 8), "<i8").reshape(-1, 1)


def table_of(records: Any) -> Integers:
    """Records as a table of two axes."""
    return np.ascontiguousarray(records).view(np.int64).reshape(records.size, records.dtype.itemsize // 8)


def written(history: History) -> Iterator[bytes]:
    """The file of a history, piece by piece."""
    yield MARK
    yield section(DESCRIPTION, numbers_of(history.description))
    for name, kept in history.genesis.items():
        yield section(TABLE, kept.reshape(history.state.tables[name].rows, -1))
    for number, block in enumerate(history.blocks):
        yield section(HEADER, numbers_of(block.header.encoded))
        if number:
            yield section(TRANSACTIONS, table_of(block.transactions))
            yield section(RECEIPTS, table_of(block.receipts))
    yield section(END, numbers_of(len(history.blocks).to_bytes(8, "little") + history.head.hash))


def export(history: History, path: Path) -> Path:
    """Write a history to a file, which is whole or not there. An earlier file of this name is replaced.

    Raises:
        InputError: nothing can be written there.
    """
    part = path.parent / f"{path.name}.part"
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        durably(path.parent, path.name, lambda file: file.writelines(written(history)))
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            part.unlink()
        raise InputError(f"file: {shown(path)} can not be written ({why(error)}), allowed is a writable directory") from None
    return path


def shown(path: Path | str) -> str:
    """A path in a message of one line."""
    return str(path).encode("unicode_escape").decode()


def why(error: Exception) -> str:
    """Why a path can not be used."""
    return getattr(error, "strerror", None) or "no such path is possible"


class Journal(NamedTuple):
    """What a file says, read but not believed."""

    about: dict[str, Any]
    description: bytes
    tables: Mapping[str, Integers]
    """By name, two axes: records, columns."""
    blocks: list[Block]
    """The genesis first."""
    sealed: int
    """Number of blocks, by the end of the file, the genesis included."""
    last: bytes
    """Hash of the last header, by the end of the file."""


def locate(table: Integers, rows: Integers, columns: Integers) -> tuple[int | None, int | None]:
    """The first row and the first column whose check does not hold; None where all do."""
    wrong = [np.flatnonzero(np.bitwise_xor.reduce(table, axis=a) != check) for a, check in ((1, rows), (0, columns))]
    row, column = (int(found[0]) if found.size else None for found in wrong)
    return row, column


class Reader:
    """A file, section after section."""

    def __init__(self, content: bytes, name: str) -> None:
        """Look at the mark.

        Raises:
            InputError: this is no recorded ledger.
        """
        if content[: len(MARK)] != MARK:
            begin = content[: len(MARK)].decode("latin-1").encode("unicode_escape").decode()
            raise InputError(
                f"file: {shown(name)} begins with '{begin}', allowed is a recorded ledger, which begins with {MARK.decode()!r}"
            )
        self.numbers = np.frombuffer(content[: len(content) // 8 * 8], "<i8")
        self.spare = len(content) % 8
        self.at = len(MARK) // 8
        self.block: int | None = None
        """Height of the block that is being read."""

    def wrong(self, what: str, part: str = "", row: int | None = None, field: str = "") -> TamperedError:
        """The error for this place."""
        return TamperedError(what, self.block, part, row, field)

    def next(self, *kinds: int, columns_of: tuple[str, ...] = (), name: str = "") -> tuple[int, Integers]:
        """The kind and the numbers of the next section, which must be one of these; a table has its own columns and name.

        Raises:
            TamperedError: it is not there, not whole, or a check does not hold.
        """
        parts = name or " or ".join(PARTS[kind] for kind in kinds)
        left = self.numbers.size - self.at - FRAME
        if left < 0:
            raise self.wrong(f"the file ends where {parts} should begin")
        kind, rows, columns, check = self.numbers[self.at : self.at + FRAME].tolist()
        if check != kind ^ rows ^ columns ^ _SALT:
            raise self.wrong("the frame of this part does not hold", parts)
        if kind not in kinds:
            raise self.wrong(f"{PARTS.get(kind, kind)} stands where {parts} should be")
        self.block = None if kind == END else self.block
        size = rows * columns
        if min(rows, columns) < 0 or max(rows, columns) > left or size + rows + columns > left:
            raise self.wrong("the file ends within this part", name or PARTS[kind])
        start = self.at + FRAME
        table = self.numbers[start : start + size].reshape(rows, columns)
        self.at = start + size + rows + columns
        row, column = locate(table, self.numbers[start + size : self.at - columns], self.numbers[self.at - columns : self.at])
        if row is not None or column is not None:
            what = "this is not the number that was recorded"
            if row is None or column is None:
                what = f"the check of this {'column' if row is None else 'row'} is not the one that was recorded"
            row, field = self._place(kind, row, column, columns_of or FIELDS.get(kind, ()))
            raise self.wrong(what, name or PARTS[kind], row, field)
        return kind, table

    def _place(self, kind: int, row: int | None, column: int | None, fields: tuple[str, ...]) -> tuple[int | None, str]:
        """The row and the field at a row and a column: the rows of a header and of the end are fields."""
        lying = kind in (HEADER, END)
        number = row if lying else column
        field = fields[number] if number is not None and number < len(fields) else ""
        return None if lying and field else row, field

    def records(self, kind: int, layout: Any) -> Records:
        """The records of the next section.

        Raises:
            TamperedError: it is not there, not whole, or of another width.
        """
        _, table = self.next(kind)
        if table.shape[1] != len(layout.names):
            raise self.wrong(f"{table.shape[1]} columns, allowed are {len(layout.names)}", PARTS[kind])
        return np.ascontiguousarray(table).reshape(-1).view(layout)

    def header(self, table: Integers) -> Header:
        """The header in a section."""
        if table.shape != (len(HEADER_WORDS), 1):
            raise self.wrong(f"{table.size} numbers, allowed are {len(HEADER_WORDS)}", "header")
        return decoded(table.tobytes())


def read_description(reader: Reader) -> tuple[bytes, dict[str, Any]]:
    """The description, as it is and as it reads.

    Raises:
        InputError: the file is of another format.
        TamperedError: it does not read as a description.
    """
    _, numbers = reader.next(DESCRIPTION)
    content = numbers.tobytes().rstrip(b" ")
    try:
        about = json.loads(content)
        whole = is_description(about) and numbers_of(content).size == numbers.size
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise reader.wrong("it does not read as one", "description")
    if about.get("ledger") != FORMAT:
        raise InputError(f"file: it is a ledger of format {about.get('ledger')!r}, allowed is {FORMAT}, that of this version")
    return content, about


def is_description(about: Any) -> bool:
    """Whether a description has what reading and executing need; one that is none may also make this raise."""
    names = [name for tables in about["tables"].items() for name in (tables[0], *tables[1]["columns"])]
    numbers = [about["root_every"], *(table["records"] for table in about["tables"].values())]
    formed = all(name.isidentifier() for name in names) and all(type(number) is int and number > 0 for number in numbers)
    return formed and "height" in about["tables"]["head"]["columns"] and isinstance(about["deployment"], str)


def read(path: Path) -> Journal:
    """Read a file: its sections and their checks. Hashes and rules are for `chain.replay.audit`.

    Raises:
        InputError: the file is not there, or no recorded ledger.
        TamperedError: a part of it is missing, wrong or too much; the message says where.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"file: {shown(path)} can not be read ({why(error)}), allowed is a ledger that `export` wrote") from None
    return parsed(content, path.name)


def parsed(content: bytes, name: str) -> Journal:
    """Read the bytes of a file; `name` is for errors, which are those of `read`."""
    reader = Reader(content, name)
    description, about = read_description(reader)
    tables = {}
    for table_name, given in about["tables"].items():
        part, columns = f"table {table_name}", tuple(given["columns"])
        _, table = reader.next(TABLE, columns_of=columns, name=part)
        if table.shape != (given["records"], len(columns)):
            raise reader.wrong(f"it has {table.shape[0]} records of {table.shape[1]} columns", part)
        tables[table_name] = table
    begin = reader.block = int(tables["head"][0, about["tables"]["head"]["columns"].index("height")])
    _, numbers = reader.next(HEADER)
    empty = np.empty(0, np.int64)
    blocks = [Block(reader.header(numbers), empty.view(SIGNED), empty.view(RECEIPT))]
    while True:
        reader.block = begin + len(blocks)
        kind, numbers = reader.next(HEADER, END)
        if kind == END:
            break
        blocks.append(Block(reader.header(numbers), reader.records(TRANSACTIONS, SIGNED), reader.records(RECEIPTS, RECEIPT)))
    if numbers.shape != (5, 1):
        raise reader.wrong("it does not read as one", "end")
    if reader.at < reader.numbers.size or reader.spare:
        raise reader.wrong("the file goes on after its end")
    return Journal(about, description, tables, blocks, int(numbers[0, 0]), numbers[1:].tobytes())
