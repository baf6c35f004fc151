"""Proofs that a transaction, a receipt or a record of the state is what it is said to be, for whoever holds one header.

A proof carries the chunk and the hashes beside the way from it to a root of the header. It is checked without the ledger.
"""

import json
from typing import Any, NamedTuple

import numpy as np

from chain.errors import InputError, whole
from chain.history import CHUNK, NO_ROOT, Header, History, chunks_of
from chain.layout import RECEIPT, SIGNED
from chain.merkle import HASH_BYTES, leaf_hash, levels_of, path_of, root_by
from chain.state import ROWS, about_table

IN_BLOCK = {"transactions": SIGNED, "receipts": RECEIPT}


class Proof(NamedTuple):
    """That a table has a record. Hashes and chunks as hexadecimal text, so that a proof can be written down as JSON."""

    table: str
    """``transactions`` or ``receipts`` of a block, or a table of the state."""
    row: int
    chunk: str
    """The records beside it, and it."""
    path: tuple[str, ...]
    """From the chunk to the table's root."""
    columns: tuple[str, ...] = ()
    """Of a table of the state, like all that follows: names of its columns."""
    records: int = 0
    """How many the table has."""
    place: int = 0
    """Which of the state's tables it is."""
    tables: int = 0
    """How many tables the state has."""
    way: tuple[str, ...] = ()
    """From the table's description to the state root."""


def prove(history: History, table: str, row: int, height: int | None = None) -> Proof:
    """The proof that a block or the state has a record; the arguments are those of `chain.ledger.Ledger.prove`.

    Raises:
        InputError: there is no such record, or no header vouches for it.
    """
    first, last = history.blocks[0].header.height, history.head.height
    at = last if height is None else whole("height", height, first, last)
    if table in IN_BLOCK:
        count = history.block(at).header.transactions
        if not count:
            raise InputError(f"row: {row} given, block {at} has no transactions")
        chunks = chunks_of(getattr(history.block(at), table))
        row = whole("row", row, 0, count - 1)
        levels = levels_of([leaf_hash(chunk) for chunk in chunks])
        return Proof(table, row, chunks[row // CHUNK].hex(), _hex(path_of(levels, row // CHUNK)))
    state = history.state
    if table not in state.tables:
        raise InputError(f"table: {table!r} given, allowed are {', '.join((*IN_BLOCK, *state.tables))}")
    if at != last or history.head.state_root == NO_ROOT:
        raise InputError(f"height: {at} given, allowed is the last block, where it has a state root")
    kept, place = state.tables[table], list(state.tables).index(table)
    row = whole("row", row, 0, kept.rows - 1)
    path, way = path_of(kept.tree.levels, row // ROWS), path_of(state.levels, place)
    return Proof(
        table, row, kept.chunk(row).hex(), _hex(path), kept.columns, kept.rows, place, len(state.tables), _hex(way)
    )  # fmt: skip


def _hex(path: list[bytes]) -> tuple[str, ...]:
    return tuple(step.hex() for step in path)


def verify(proof: Proof, header: Header) -> dict[str, int] | None:
    """Check a proof against a header: the record that it proves, by column, or None if it proves nothing.

    Nothing that stands in a proof makes this raise. Columns that are no part of the state (`chain.layout.PASSING`) are 0.
    """
    if not is_formed(proof):
        return None
    chunk = bytes.fromhex(proof.chunk)
    path, way = ([bytes.fromhex(step) for step in steps] for steps in (proof.path, proof.way))
    if proof.table in IN_BLOCK:
        if proof[4:] != Proof(*proof[:4])[4:]:
            return None
        names: tuple[str, ...] = IN_BLOCK[proof.table].names
        root, count, rows = getattr(header, f"{proof.table}_root"), header.transactions, CHUNK
        proved = root_by(path, leaf_hash(chunk), proof.row // CHUNK, -(-count // CHUNK))
    else:
        names, root, count, rows = proof.columns, header.state_root, proof.records, ROWS
        inner = root_by(path, leaf_hash(chunk), proof.row // ROWS, -(-count // ROWS))
        if inner is None or root == NO_ROOT:
            return None
        about = about_table(proof.table, names, count, proof.place, proof.tables)
        proved = root_by(way, leaf_hash(about + inner), proof.place, proof.tables)
    start = proof.row // rows * rows
    if proved != root or not 0 <= proof.row < count or not names or len(chunk) != min(rows, count - start) * len(names) * 8:
        return None
    record = np.frombuffer(chunk, "<i8").reshape(-1, len(names))[proof.row - start]
    return dict(zip(names, record.tolist(), strict=True))


def is_formed(proof: Proof) -> bool:
    """Whether the parts of a proof are what they must be: texts, hexadecimal texts in lower case, whole numbers from 0."""
    texts = isinstance(proof.path, tuple) and isinstance(proof.way, tuple) and isinstance(proof.columns, tuple)
    if not texts or not all(isinstance(text, str) for text in (proof.table, *proof.columns)):
        return False
    numbers = proof.row, proof.records, proof.place, proof.tables
    numbered = all(type(number) is int and 0 <= number < 2**63 for number in numbers)
    return numbered and all(map(is_hex, (proof.chunk, *proof.path, *proof.way)))


def is_hex(text: object) -> bool:
    """Whether this is what `bytes.hex` writes."""
    try:
        return isinstance(text, str) and bytes.fromhex(text).hex() == text
    except ValueError:
        return False


def as_text(proof: Proof, header: Header) -> str:
    """A proof with its header as JSON."""
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in header._asdict().items()}
    return json.dumps({"proof": proof._asdict(), "header": shown}, indent=1)


def from_text(text: str) -> tuple[Proof, Header]:
    """A proof and the header that came with it, from JSON.

    Raises:
        InputError: the text is not what `as_text` writes.
    """
    try:
        given = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise InputError("proof: this is no JSON, allowed is what `ledgerlab prove` writes") from None
    parts: list[dict[str, Any]] = []
    for part, kind in (("proof", Proof), ("header", Header)):
        fields = given.get(part) if isinstance(given, dict) else None
        if not isinstance(fields, dict) or fields.keys() != set(kind._fields):
            raise InputError(f"{part}: not there or not whole, allowed are the fields {', '.join(kind._fields)}")
        parts.append(fields)
    listed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in parts[0].items()}
    proof = Proof(**listed)
    if not is_formed(proof):
        raise InputError("proof: its fields are no texts and whole numbers, allowed is what `ledgerlab prove` writes")
    for name, value in parts[1].items():
        if name in Header._fields[:7]:
            whole(name, value)
        elif not is_hex(value) or len(value) != 2 * HASH_BYTES:
            raise InputError(f"{name}: {value!r} given, allowed is a hash of {2 * HASH_BYTES} hexadecimal digits")
    read: dict[str, Any] = {name: bytes.fromhex(v) if isinstance(v, str) else v for name, v in parts[1].items()}
    return proof, Header(**read)
