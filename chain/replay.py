"""Executing recorded blocks again: what an audit, an import and a node that receives a block have in common.

An audit trusts nothing. It checks the hashes from the genesis on, executes every block with the rules that are here, and compares
what comes out with what was recorded: every receipt, the fee market, the state root. The first difference is an error.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chain.deployments import find
from chain.errors import InputError, TamperedError
from chain.fees import is_gas_limit
from chain.history import NO_ROOT, Block, Header, History, chunks_of
from chain.invariants import violations
from chain.journal import Journal, read, table_of
from chain.layout import PASSING, RECEIPT, SIGNED, Integers, Ordering, Records
from chain.mempool import draw_latency
from chain.merkle import tree_hash
from chain.misplaced import misplaced
from chain.rule import source_digest, world
from chain.sorting import scratch_for
from chain.state import tables_of
from chain.status import Status, were_admitted

MAX_TICK, MAX_PAUSE = 2**61, 2**32
"""How far from 0 a record may begin, and most ticks from one block to the next: a block far ahead would leave none for others."""
Watch = Callable[[Any, Block], None]
"""Called with the book of one world and a block, right after the block was executed again."""


class Replayed(NamedTuple):
    """A ledger that holds."""

    deployment: Any
    batch: Any
    """Its state: a book of one world."""
    history: History

    @property
    def transactions(self) -> int:
        """How many were executed again."""
        return sum(block.header.transactions for block in self.history.blocks)


def check_links(block: Block, parent: Header) -> None:
    """See that a block follows its parent and holds what its header says. Nothing is executed.

    Raises:
        TamperedError: it does not; the error names the field.
    """
    header, height = block.header, parent.height + 1
    if header.height != height:
        raise TamperedError(f"{header.height} recorded, allowed is {height}", height, "header", field="height")
    if header.parent != parent.hash:
        raise TamperedError("it is not the hash of the header before", height, "header", field="parent")
    if header.transactions != block.transactions.size or block.receipts.size != block.transactions.size:
        given = f"{header.transactions} recorded, {block.transactions.size} are there with {block.receipts.size} receipts"
        raise TamperedError(given, height, "header", field="transactions")
    for part, table, root in (
        ("transactions", block.transactions, header.transactions_root),
        ("receipts", block.receipts, header.receipts_root),
    ):
        if tree_hash(chunks_of(table)) != root:
            raise TamperedError(f"it is not the root of the {part} in the block", height, "header", field=f"{part}_root")


def check_header(header: Header, parent: Header, book: Any) -> None:
    """See that a header can follow in this state.

    Raises:
        TamperedError: it can not; the error names the field.
    """
    head, accounts, height, tick = book.head[0], book.accounts, header.height, header.tick
    if not parent.tick < tick <= parent.tick + MAX_PAUSE:
        raise TamperedError(f"{tick} recorded, allowed is 1 to {MAX_PAUSE} after {parent.tick}", height, "header", field="tick")
    if not 0 <= header.proposer < accounts.size or accounts[header.proposer].owner < 0:
        raise TamperedError(f"{header.proposer} recorded, there is no such account", height, "header", field="proposer")
    if header.base_fee != head.base_fee:
        raise TamperedError(f"{header.base_fee} recorded, it was {head.base_fee}", height, "header", field="base_fee")
    if not is_gas_limit(header.gas_limit, parent.gas_limit):
        raise TamperedError(f"{header.gas_limit} recorded, too far from {parent.gas_limit}", height, "header", field="gas_limit")


def check_signed(block: Block, accounts: Records) -> None:
    """See that a block's transactions can be executed in its order: every sender's nonces follow one another, and no limit is
    below the base fee. Whatever else they say is for the rules to judge.

    Raises:
        TamperedError: they can not; the error names the first transaction and the field.
    """
    signed, height, base_fee = block.transactions, block.header.height, block.header.base_fee
    sender: Integers = signed["sender"]
    strange = (sender < 0) | (sender >= accounts.size)
    order = np.argsort(sender, kind="stable")
    of = sender[order]
    nonce = np.empty(sender.size, np.int64)
    nonce[order] = accounts["nonce"][np.where(strange, 0, sender)[order]] + np.arange(of.size) - np.searchsorted(of, of)
    wrong = np.stack([strange, signed["nonce"] != nonce, signed["max_fee"] < base_fee], axis=1)
    if wrong.any():
        row, k = (int(place[0]) for place in np.nonzero(wrong))
        field = ("sender", "nonce", "max_fee")[k]
        allowed = ("an account", f"{nonce[row]}, the sender's next one", f"the base fee, {base_fee}, and more")[k]
        raise TamperedError(f"{signed[field][row]} recorded, allowed is {allowed}", height, "transaction", row, field)


def fill(book: Any, signed: Records) -> None:
    """Put a recorded block into the empty mempool, in its order. A sender may be opened by the block itself."""
    head, pool, count = book.head[0], book.pool, signed.size
    for column in SIGNED.names:
        pool[column][:count] = signed[column]
    pool["since"][:count], pool["arrival"][:count], pool["rank"][:count] = head.tick, 0, np.arange(count)
    np.add.at(book.accounts["pending"], signed["sender"], 1)
    head.pending = count


def execute(deployment: Any, batch: Any, scratch: Any, block: Block) -> None:
    """Execute a recorded block in world 0, in its order, whatever the mempool's ordering is. The mempool must be empty, and have
    a place for each of its transactions.

    Raises:
        TamperedError: a transaction can not stand there, or does something else than was recorded.
    """
    book, header = world(batch, 0), block.header
    check_signed(block, book.accounts)
    head = book.head[0]
    kept = int(head.ordering), int(head.capacity)
    head.tick, head.proposer, head.gas_limit = header.tick, header.proposer, header.gas_limit
    head.ordering, head.capacity = Ordering.BUILDER, book.pool.size
    fill(book, block.transactions)
    deployment.seal_worlds(batch, scratch, 0, 1)
    head.ordering, head.capacity = kept
    compare(block, book.receipts[: int(head.receipts)], int(head.gas_used))


def compare(block: Block, receipts: Any, gas_used: int) -> None:
    """Compare what a block did with its record.

    Raises:
        TamperedError: something differs; the error names the first transaction and field.
    """
    height, count = block.header.height, min(receipts.size, block.receipts.size)
    was, now = table_of(block.receipts[:count]), table_of(receipts[:count])
    if not np.array_equal(was, now):
        row, column = (int(place[0]) for place in np.nonzero(was != now))
        field, value = RECEIPT.names[column], int(now[row, column])
        shown = Status(value).name if field == "status" else value
        raise TamperedError(f"{was[row, column]} recorded, executed again it is {shown}", height, "receipt", row, field)
    left_out = ~were_admitted(receipts["status"])
    if left_out.any():
        row = int(np.argmax(left_out))
        what = f"{Status(receipts['status'][row]).name}, so it has no place in a block"
        raise TamperedError(what, height, "transaction", row)
    if receipts.size < block.receipts.size:
        raise TamperedError("the block has no gas left for it", height, "transaction", int(receipts.size))
    if gas_used != block.header.gas_used:
        raise TamperedError(f"{block.header.gas_used} recorded, it was {gas_used}", height, "header", field="gas_used")


def founded(journal: Journal, places: int) -> tuple[Any, Any]:
    """The deployment of a journal, and a book of one world in the state of its genesis; its mempool is empty, and by tip.

    Raises:
        InputError: it was recorded by another version, with other contracts or columns.
    """
    deployment = find(journal.about["deployment"])
    most = max(places, *(block.transactions.size for block in journal.blocks))
    rows = journal.tables["accounts"].shape[0] if "accounts" in journal.tables else 1
    batch = deployment.blank(1, rows, most, recorded=True)
    given = {name: table["columns"] for name, table in journal.about["tables"].items()}
    known = {name: list(array.dtype.names) for name, array in tables_of(world(batch, 0)).items() if array.size or name in given}
    for name in known.keys() | given.keys():
        if known.get(name) != given.get(name):
            raise InputError(
                f"file: its table {name} has columns {given.get(name)}, allowed are {known.get(name)} of this version"
            )
    check_passing(journal)
    filled = {}
    for name, table in journal.tables.items():
        array = np.zeros((1, table.shape[0]), getattr(batch, name).dtype)
        array.view(np.int64).reshape(table.shape)[...] = table
        filled[name] = array
    batch = batch._replace(**filled)
    wrong = misplaced(batch) or violations(batch)
    if wrong:
        raise TamperedError(wrong[0], journal.blocks[0].header.height, "state")
    batch.head["capacity"] = batch.pool.shape[1]
    return deployment, batch


def check_passing(journal: Journal) -> None:
    """See that the tables at the genesis say nothing of what is no part of the state: no root vouches for it.

    Raises:
        TamperedError: they do.
    """
    for name, columns in PASSING.items():
        for column in columns:
            values = journal.tables[name][:, journal.about["tables"][name]["columns"].index(column)]
            if values.any():
                row = int(np.argmax(values != 0))
                height, given = journal.blocks[0].header.height, f"{values[row]} recorded, allowed is 0"
                raise TamperedError(given, height, f"table {name}", row, column)


def replay(journal: Journal, watch: Watch | None = None, places: int = 1) -> Replayed:
    """Check a journal's hashes and execute every block again.

    Args:
        journal: as `chain.journal.read` gives it.
        watch: called with the book and the block after each block.
        places: in the mempool; as many as the largest block needs, if those are more.

    Raises:
        TamperedError: the first difference.
        InputError: it was recorded by another version.
    """
    first = journal.blocks[0].header
    if first.parent != sha256(journal.description).digest():
        raise TamperedError("it is not the hash of the description", first.height, "header", field="parent")
    deployment, batch = founded(journal, places)
    book = world(batch, 0)
    history = History(deployment, book, journal.about["root_every"])
    history.description = journal.description
    if first.state_root != history.state.root:
        raise TamperedError("it is not the root of the tables at the genesis", first.height, "header", field="state_root")
    check_first(first, book)
    book.head[0].tick = first.tick + 1
    draw_latency(book.head[0])
    history.blocks[0] = journal.blocks[0]
    scratch = scratch_for(book.pool.size, book.accounts.size)
    for block in journal.blocks[1:]:
        check_links(block, history.head)
        check_header(block.header, history.head, book)
        execute(deployment, batch, scratch, block)
        recorded(history, block)
        if watch is not None:
            watch(book, block)
    if history.head.hash != journal.last:
        raise TamperedError("it is not the hash of the last header", part="end")
    if len(journal.blocks) != journal.sealed:
        raise TamperedError(f"{journal.sealed} blocks recorded, {len(journal.blocks)} are there", part="end")
    return Replayed(deployment, batch, history)


def check_first(first: Header, book: Any) -> None:
    """See that the genesis header says what its state says.

    Raises:
        TamperedError: it does not; the error names the field.
    """
    head = book.head[0]
    expected = {
        "height": head.height, "proposer": head.proposer, "base_fee": head.base_fee, "gas_limit": head.gas_limit,
        "gas_used": 0, "transactions": 0, "transactions_root": tree_hash([]), "receipts_root": tree_hash([]),
    }  # fmt: skip
    for field, value in expected.items():
        if getattr(first, field) != value:
            raise TamperedError("it is not what the state at the genesis says", int(head.height), "header", field=field)
    if not -MAX_TICK < first.tick < MAX_TICK:
        given = f"{first.tick} recorded, allowed is {1 - MAX_TICK} to {MAX_TICK - 1}"
        raise TamperedError(given, int(head.height), "header", field="tick")


def recorded(history: History, block: Block) -> None:
    """Take a block into a history that was executed again, with the receipts that it has, and whose links were checked.

    Raises:
        TamperedError: its state root, or anything else of its header, is not what came out.
    """
    header, again = block.header, history.add(block).header
    for field, was, now in zip(header._fields, header, again, strict=True):
        if was != now:
            wrong = "none recorded" if was == NO_ROOT else "it is not the root of the state after the block"
            wrong = wrong if field == "state_root" else f"{was!r} recorded, it was {now!r}"
            raise TamperedError(wrong, header.height, "header", field=field)


def audit(path: Path, watch: Watch | None = None, places: int = 1) -> Replayed:
    """Execute a recorded ledger again from its genesis.

    Args:
        path: a file that `chain.journal.export` wrote.
        watch: called with the book and the block after each block.
        places: in the mempool; as many as the largest block needs, if those are more.

    Raises:
        InputError: the file is no recorded ledger, or one of another version.
        TamperedError: the first difference, with block, transaction and field.
    """
    journal = read(path)
    try:
        return replay(journal, watch, places)
    except TamperedError as error:
        if journal.about.get("rules") == source_digest():
            raise
        what = f"{error.what} (it was recorded under other rules than those that are here)"
        raise TamperedError(what, error.block, error.part, error.row, error.field) from None
