"""The history of a ledger: blocks whose headers are linked by hash, and what each header vouches for.

A header names its parent by hash, the transactions and receipts of its block by Merkle roots over chunks of 32, and the state
after it by the state root (`chain.state`). Whoever holds the last header's hash can check every byte of the history.

A block holds what was admitted, in order of execution: a transaction that was not admitted changed nothing and is in no block.
The first header stands for the genesis: its parent is the hash of the ledger's description, its state root that of the state at
which the record begins.
"""

import json
from hashlib import sha256
from struct import Struct
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from chain.layout import RECEIPT, SIGNED, Record, Records, records
from chain.merkle import HASH_BYTES, tree_hash
from chain.rule import source_digest
from chain.state import State, state_of
from chain.status import were_admitted

CHUNK = 32
"""Transactions or receipts in a chunk."""
NO_ROOT = bytes(HASH_BYTES)
"""The state root of a block that has none: roots are taken every `root_every` blocks."""
FORMAT = 1
_HEADER = Struct("<7q32s32s32s32s")


class Header(NamedTuple):
    """What a block says of itself. Its hash vouches for everything before and in the block."""

    height: int
    tick: int
    """The engine step in which the block was sealed: it keys draws."""
    proposer: int
    """Address that earned the tips."""
    base_fee: int
    gas_limit: int
    gas_used: int
    transactions: int
    """How many the block holds."""
    parent: bytes
    transactions_root: bytes
    receipts_root: bytes
    state_root: bytes
    """Of the state after the block, or `NO_ROOT`."""

    @property
    def encoded(self) -> bytes:
        """The bytes that are hashed, 184 of them: little-endian 64-bit integers, then the four hashes."""
        return _HEADER.pack(*self)

    @property
    def hash(self) -> bytes:
        """SHA-256 behind a byte 2, so that no header passes for a leaf or a node of a tree."""
        return sha256(b"\2" + self.encoded).digest()


def decoded(encoded: bytes) -> Header:
    """The header of these bytes."""
    return Header(*_HEADER.unpack(encoded))


class Block(NamedTuple):
    """A header with what it vouches for."""

    header: Header
    transactions: Records
    """What was signed, layout `SIGNED`, in order of execution."""
    receipts: Records
    """Layout `RECEIPT`, one per transaction."""


def chunks_of(table: Records) -> list[memoryview]:
    """The chunks of a block's transactions or receipts."""
    size = CHUNK * table.dtype.itemsize
    content = memoryview(table.tobytes())
    return [content[start : start + size] for start in range(0, len(content), size)]


def description_of(deployment: ModuleType, book: Any, root_every: int) -> bytes:
    """What the genesis header's parent is the hash of: how to read this ledger, as JSON."""
    tables = {name: {"columns": list(a.dtype.names or ()), "records": a.size} for name, a in state_of(book).items()}
    about = {
        "ledger": FORMAT,
        "deployment": deployment.__name__.rpartition(".")[2],
        "root_every": root_every,
        "tables": tables,
        "rules": source_digest(),
    }
    return json.dumps(about, sort_keys=False).encode()


class History:
    """The recorded blocks of one world, and its state tree."""

    def __init__(self, deployment: ModuleType, book: Any, root_every: int = 1) -> None:
        """Begin to record a world whose book keeps blocks (`blank(..., recorded=True)`), at its present state.

        Args:
            deployment: the module of `chain.deployments` that executes it.
            book: the book of one world; it is read again after every block.
            root_every: take the state root when the height is a multiple of this.
        """
        self.deployment, self.book, self.root_every = deployment, book, root_every
        self.description = description_of(deployment, book, root_every)
        self.state = State(deployment, book)
        self.genesis = {name: table.kept.copy() for name, table in self.state.tables.items()}
        self._unseen: list[Block] = []
        head: Record = book.head[0]
        first = Header(
            int(head.height), int(head.tick) - 1, int(head.proposer), int(head.base_fee), int(head.gas_limit), 0, 0,
            sha256(self.description).digest(), tree_hash([]), tree_hash([]), self.state.root,
        )  # fmt: skip
        self.blocks = [Block(first, records(SIGNED, 0), records(RECEIPT, 0))]
        self._base_fee = int(head.base_fee)

    @property
    def head(self) -> Header:
        """The last header."""
        return self.blocks[-1].header

    def block(self, height: int) -> Block:
        """The block at a height that was recorded."""
        return self.blocks[height - self.blocks[0].header.height]

    def add(self, again: Block | None = None) -> Block:
        """Record the block that was just sealed.

        Args:
            again: one with the same transactions and receipts whose roots hold, if the block was executed again.
        """
        head, height = self.book.head[0], int(self.book.head[0].height)
        if again is None:
            transactions, receipts = self._admitted()
            roots = tree_hash(chunks_of(transactions)), tree_hash(chunks_of(receipts))
        else:
            transactions, receipts = again.transactions, again.receipts
            roots = again.header.transactions_root, again.header.receipts_root
        header = Header(
            height, int(head.tick) - 1, int(head.proposer), self._base_fee, int(head.gas_limit), int(head.gas_used),
            transactions.size, self.head.hash, *roots, NO_ROOT,
        )  # fmt: skip
        self._unseen.append(Block(header, transactions, receipts))
        if height % self.root_every == 0:
            header = header._replace(state_root=self._state_root())
        self._base_fee = int(head.base_fee)
        self.blocks.append(Block(header, transactions, receipts))
        return self.blocks[-1]

    def _admitted(self) -> tuple[Records, Records]:
        """The transactions and receipts of the last block, without those that were not admitted."""
        count = int(self.book.head[0].receipts)
        receipts, transactions = self.book.receipts[:count], self.book.block[:count]
        admitted = were_admitted(receipts["status"])
        return transactions[admitted], receipts[admitted]

    def _state_root(self) -> bytes:
        """The state root of the present state."""
        transactions = [block.transactions for block in self._unseen]
        proposers = np.array([block.header.proposer for block in self._unseen])
        self._unseen = []
        unseen: Any = transactions[0] if len(transactions) == 1 else np.concatenate(transactions)
        return self.state.update(unseen, proposers)

    def go_back(self, blocks: list[Block]) -> None:
        """Take the book as restored to the state after the last of these blocks, which are the record from now on."""
        self.blocks = list(blocks)
        self._unseen = []
        self._base_fee = int(self.book.head[0].base_fee)
        self.state.update()

    def copy(self, book: Any) -> "History":
        """The same record for a copy of the book."""
        other = History(self.deployment, book, self.root_every)
        other.description, other.genesis = self.description, self.genesis
        other.blocks = list(self.blocks)
        return other
