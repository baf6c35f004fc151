"""The state root: one hash that vouches for every record of a book, brought up to date chunk by chunk.

1. The state is every array of the book that has records, but those of `chain.layout.OUTSIDE`, with the columns of `PASSING` set
   to zero.
2. Each array is a *table* with a Merkle tree over chunks of 64 records. The state root is the tree over the descriptions of the
   tables: name, columns, number of records, place among how many tables, root. So a record is proved by its chunk, the path in
   its table and the path from there to the state root.
3. A copy of the state is kept. What a block changed is found by comparing with it, at the speed of memory, and only chunks that
   differ are hashed. A deployment may say which records a block can have touched at most (`touched`), and no others are compared:
   what a hand changes elsewhere is seen by an update that is not told of a block.
"""

import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from chain.layout import OUTSIDE, PASSING, Integers, Records
from chain.merkle import Tree, leaf_hash, levels_of
from chain.rule import rule

ROWS = 64
"""Records in a chunk."""
EVERYTHING: Mapping[str, Integers] = {}


@rule
def refresh(now: Integers, kept: Integers, mask: Integers, asked: Integers, changed: Integers) -> int:
    """Bring the kept copy of a table up to date.

    Args:
        now: the table, all its numbers in a row.
        kept: the copy.
        mask: for every number of a record, all ones, or 0 where it is no part of the state.
        asked: the records to compare, by row, rising.
        changed: filled with the numbers of the chunks that differed, rising.

    Returns:
        How many differed.
    """
    count = 0
    for k in range(asked.size):
        start = asked[k] * mask.size
        difference = 0
        for i in range(mask.size):
            difference |= (now[start + i] & mask[i]) ^ kept[start + i]
        if difference != 0:
            for i in range(mask.size):
                kept[start + i] = now[start + i] & mask[i]
            chunk = asked[k] // ROWS
            if count == 0 or changed[count - 1] != chunk:
                changed[count] = chunk
                count += 1
    return count


def about_table(name: str, columns: Sequence[str], records: int, place: int, tables: int) -> bytes:
    """What the state root says of a table, besides its own root."""
    return json.dumps({"table": name, "columns": columns, "records": records, "place": place, "tables": tables}).encode()


class Table:
    """One array of a book, its kept copy and its tree."""

    def __init__(self, name: str, array: Records, place: int, tables: int) -> None:
        """The table of this name, the first (0), second or further one of so many, as it is now."""
        columns = array.dtype.names or ()
        self.name, self.rows, self.columns = name, array.size, columns
        self.now = array.view(np.int64).reshape(-1)
        self.kept = np.zeros_like(self.now)
        self.mask = np.array([0 if column in PASSING.get(name, ()) else -1 for column in columns])
        self.all = np.arange(self.rows)
        chunks = -(-self.rows // ROWS)
        self._changed = np.empty(chunks, np.int64)
        self.tree = Tree(chunks)
        self.chunk_bytes = ROWS * self.mask.size * 8
        self._bytes = memoryview(self.kept.data).cast("B")
        self._about = about_table(name, columns, self.rows, place, tables)
        refresh(self.now, self.kept, self.mask, self.all, self._changed)
        self.tree.set(np.arange(chunks), self._bytes, self.chunk_bytes)

    def update(self, rows: Integers | None) -> bool:
        """Take in what changed, in these rows or anywhere; whether anything did."""
        asked = self.all if rows is None else np.sort(rows)
        count = refresh(self.now, self.kept, self.mask, asked, self._changed)
        if count:
            self.tree.set(self._changed[:count], self._bytes, self.chunk_bytes)
        return bool(count)

    def chunk(self, row: int) -> bytes:
        """The chunk that holds a record."""
        start = row // ROWS * self.chunk_bytes
        return bytes(self._bytes[start : start + self.chunk_bytes])

    @property
    def description(self) -> bytes:
        """What the state root vouches for."""
        return self._about + self.tree.root


def tables_of(book: Any) -> dict[str, Records]:
    """The arrays of one world's book that can be state, by name."""
    return {name: array for name, array in zip(book._fields, book, strict=True) if name not in OUTSIDE}


def state_of(book: Any) -> dict[str, Records]:
    """Those of them that are: what is not deployed has no records."""
    return {name: array for name, array in tables_of(book).items() if array.size}


class State:
    """The tables of one world's book."""

    def __init__(self, deployment: ModuleType, book: Any) -> None:
        """Hash the whole state."""
        self.book = book
        self._touched: Any = getattr(deployment, "touched", None)
        arrays = state_of(book)
        self.tables = {name: Table(name, array, k, len(arrays)) for k, (name, array) in enumerate(arrays.items())}
        self._leaves = {name: leaf_hash(table.description) for name, table in self.tables.items()}

    def update(self, transactions: Records | None = None, proposers: Integers | None = None) -> bytes:
        """Take in what changed and return the state root.

        Args:
            transactions: those executed since the last update; anything may have changed, if not given.
            proposers: addresses of the proposers of their blocks.
        """
        known = transactions is not None and self._touched is not None
        some = self._touched(self.book, transactions, proposers) if known else EVERYTHING
        for name, table in self.tables.items():
            if table.update(some.get(name)):
                self._leaves[name] = leaf_hash(table.description)
        return self.root

    @property
    def levels(self) -> list[list[bytes]]:
        """The levels of the tree over the tables."""
        return levels_of(list(self._leaves.values()))

    @property
    def root(self) -> bytes:
        """The state root as of the last update."""
        return self.levels[-1][0]
