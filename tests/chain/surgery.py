"""Recorded ledgers, cut open: where every number of a file stands, and files that were changed and made to look whole again."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chain.history import Block, chunks_of
from chain.journal import DESCRIPTION, END, HEADER, MARK, RECEIPTS, TABLE, TRANSACTIONS, Journal, numbers_of, section, table_of
from chain.layout import RECEIPT, SIGNED
from tests.chain.recordings import plain_hash, root_of

HEADER_NUMBERS = ("height", "tick", "proposer", "base_fee", "gas_limit", "gas_used", "transactions")
HASHES = ("parent", "transactions_root", "receipts_root", "state_root")
HEADER_FIELDS = (*HEADER_NUMBERS, *(f"{name}[{k}]" for name in HASHES for k in range(4)))
END_FIELDS = ("blocks", *(f"last[{k}]" for k in range(4)))
SPOKEN = {DESCRIPTION: "description", TRANSACTIONS: "transaction", RECEIPTS: "receipt", HEADER: "header", END: "end"}


class Section(NamedTuple):
    """A part of a file."""

    kind: int
    block: int | None
    part: str
    start: int
    """The word with which it begins."""
    rows: int
    columns: int
    fields: tuple[str, ...]

    @property
    def stop(self) -> int:
        """The word after it."""
        return self.start + 4 + self.rows * self.columns + self.rows + self.columns


class Place(NamedTuple):
    """What a word of a file is."""

    block: int | None
    part: str
    row: int | None
    field: str
    what: str
    """``frame``, ``number`` or ``check``."""


def sections(content: bytes) -> Iterator[Section]:
    """The sections of a whole file, in order."""
    words = np.frombuffer(content[: len(content) // 8 * 8], "<i8").tolist()
    at, block, tables = 2, None, iter([])
    while at < len(words):
        kind, rows, columns = words[at : at + 3]
        part, fields = SPOKEN.get(kind, ""), {TRANSACTIONS: SIGNED.names, RECEIPTS: RECEIPT.names}.get(kind, ())
        if kind == TABLE:
            name, about = next(tables)
            part, fields = f"table {name}", tuple(about["columns"])
        elif kind == HEADER:
            block, fields = 0 if block is None else block + 1, HEADER_FIELDS
        elif kind == END:
            block, fields = None, END_FIELDS
        found = Section(kind, block, part, at, rows, columns, fields)
        if kind == DESCRIPTION:
            tables = iter(json.loads(content[8 * (at + 4) : 8 * (at + 4 + rows)])["tables"].items())
        yield found
        at = found.stop


def places(content: bytes) -> list[Place]:
    """What every word of a whole file is, without the mark."""
    found: list[Place] = []
    headers = 0
    for s in sections(content):
        own = list(_places(s))
        if s.kind in (HEADER, END):
            if headers:
                own[:4] = [Place(headers, "header or end", None, "", "frame")] * 4
            headers += 1
        found += own
    return found


def _places(s: Section) -> Iterator[Place]:
    lying = s.kind in (HEADER, END)
    fields = s.fields if not lying else ("",)
    fields = fields or ("",) * s.columns
    yield from [Place(s.block, s.part, None, "", "frame")] * 4
    for row in range(s.rows):
        for field in fields:
            yield Place(s.block, s.part, None, s.fields[row], "number") if lying else Place(s.block, s.part, row, field, "number")
    for row in range(s.rows):
        yield Place(s.block, s.part, None, s.fields[row], "check") if lying else Place(s.block, s.part, row, "", "check")
    for field in fields:
        yield Place(s.block, s.part, None, field, "check")


def written(journal: Journal) -> bytes:
    """A journal as a file whose row and column checks hold."""
    parts = [MARK, section(DESCRIPTION, numbers_of(journal.description))]
    parts += [section(TABLE, table) for table in journal.tables.values()]
    for number, block in enumerate(journal.blocks):
        parts.append(section(HEADER, numbers_of(block.header.encoded)))
        if number:
            parts += [section(TRANSACTIONS, table_of(block.transactions)), section(RECEIPTS, table_of(block.receipts))]
    return b"".join([*parts, section(END, numbers_of(journal.sealed.to_bytes(8, "little") + journal.last))])


def with_checks(content: bytes, word: int, mask: int) -> bytes:
    """A file with bits of one word flipped, and the checks of that word's section made to hold again."""
    words = np.frombuffer(content, "<i8").copy()
    words[word] ^= np.array(mask, np.uint64).view(np.int64)
    (s,) = [s for s in sections(content) if s.start <= word < s.stop]
    table = words[s.start + 4 : s.start + 4 + s.rows * s.columns].reshape(s.rows, s.columns)
    whole = np.frombuffer(section(s.kind, table), "<i8")
    words[s.start : s.stop] = whole
    return words.tobytes()


def refitted(journal: Journal, *, genesis: bool = True) -> Journal:
    """A journal whose hashes hold again: parents, the roots of transactions and receipts, the end, and the first state root. What
    only execution gives, later state roots and receipts, stays as it is."""
    parent, blocks = sha256(journal.description).digest(), []
    columns = {name: tuple(table["columns"]) for name, table in journal.about["tables"].items()}
    for number, (header, transactions, receipts) in enumerate(journal.blocks):
        header = header._replace(
            parent=parent,
            transactions=len(transactions),
            transactions_root=plain_hash(list(map(bytes, chunks_of(transactions)))),
            receipts_root=plain_hash(list(map(bytes, chunks_of(receipts)))),
        )
        if number == 0 and genesis:
            header = header._replace(state_root=root_of(dict(journal.tables), columns))
        blocks.append(Block(header, transactions, receipts))
        parent = header.hash
    return journal._replace(blocks=blocks, last=parent, sealed=len(blocks))


def copied(journal: Journal) -> Journal:
    """A journal whose arrays may be written."""
    blocks = [Block(b.header, b.transactions.copy(), b.receipts.copy()) for b in journal.blocks]
    return journal._replace(tables={name: table.copy() for name, table in journal.tables.items()}, blocks=blocks)


def with_header(journal: Journal, height: int, /, **changed: Any) -> Journal:
    """A journal with other fields in one header."""
    blocks = list(journal.blocks)
    blocks[height] = blocks[height]._replace(header=blocks[height].header._replace(**changed))
    return journal._replace(blocks=blocks)


def save(folder: Path, content: bytes) -> Path:
    """The bytes as a file of their own."""
    path = folder / "changed.ledger"
    path.write_bytes(content)
    return path
