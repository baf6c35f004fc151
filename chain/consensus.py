"""Forks: competing blocks, and going over to a longer branch.

1. Every node has a ledger of its own. A node that seals a block sends it to others, which `receive` it.
2. A block that follows the head is executed. One that follows an earlier block is kept beside, until its branch is strictly
   longer than the node's own: of branches of equal length the one that was first stays (Nakamoto, 2008).
3. To go over, the consensus state of the common ancestor is restored and the blocks of the other branch are executed. Orphaned
   transactions return to the mempool, and what the other branch holds leaves it. The tick, the mempool and what policies remember
   are not undone.
4. A block with `finality` blocks after it is final, and so is the head at which a node began: no branch without it is taken.
"""

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from chain.dice import What, below, draw, latency
from chain.errors import InputError, TamperedError
from chain.history import Block, History
from chain.layout import OUTSIDE, PASSING, SIGNED, TRANSACTION, Integers, Record, Records, records
from chain.mempool import clear, copy_signed, draw_latency
from chain.replay import check_header, check_links, execute, recorded

if TYPE_CHECKING:
    from chain.ledger import Ledger


class Reception(Enum):
    """What a node made of a block."""

    EXTENDED = "it follows the head, and is the head now"
    BESIDE = "it is kept beside: its branch is not longer"
    REORGANISED = "its branch is longer, and is the node's own now"
    KNOWN = "it was here before"
    UNKNOWN_PARENT = "its parent was never here"
    TOO_OLD = "its branch leaves out a final block"
    INVALID = "it breaks the rules"


def elect(head: Record, shares: Integers) -> int:
    """Who finds the next block: a draw of this tick, by shares of the computing power (whole numbers, in any unit).

    Raises:
        InputError: a share is negative or no whole number, all are 0, or they add up to 2^63 and more.
    """
    given = np.asarray(shares)
    if given.dtype.kind not in "iu" or given.min(initial=0) < 0 or not 0 < sum(given.tolist()) < 2**63:
        raise InputError(f"shares: {given.tolist()} given, allowed are whole numbers from 0, in all 1 to 2^63 - 1")
    total = np.cumsum(given)
    return int(np.searchsorted(total, below(np.uint64(draw(head, head.tick, 0, What.PROPOSER, 0)), int(total[-1])), side="right"))


def consensus_of(book: Any) -> list[Records]:
    """A copy of all that blocks decide."""
    return [array.copy() for name, array in zip(book._fields, book, strict=True) if name not in OUTSIDE]


def restore_consensus(book: Any, kept: list[Records]) -> None:
    """Restore what blocks decide. The tick, the mempool and its counts stay."""
    arrays = [(name, array) for name, array in zip(book._fields, book, strict=True) if name not in OUTSIDE]
    for (name, array), copy in zip(arrays, kept, strict=True):
        passing = {column: array[column].copy() for column in PASSING.get(name, ())}
        array[...] = copy
        for column, values in passing.items():
            array[column] = values


def requeue(book: Any, waiting: Records, orphaned: list[Block], included: list[Block]) -> None:
    """Fill the empty mempool of one world: with what was orphaned, then with what waited, both without what is included.

    What has no place any more is dropped, and counted in ``head.dropped``.
    """
    head, pool = book.head[0], book.pool
    signed = np.concatenate([block.transactions for block in orphaned]) if orphaned else records(SIGNED, 0)
    back = records(TRANSACTION, signed.size)
    for column in SIGNED.names:
        back[column] = signed[column]
    back["since"] = head.tick
    back["arrival"] = [latency(head, book.accounts[tx["sender"]].name, tx["nonce"]) for tx in signed]
    taken = {tx.tobytes() for block in included for tx in block.transactions}
    queue = [tx for tx in np.concatenate([back, waiting]) if _signed(tx) not in taken]
    for slot, tx in enumerate(queue[: pool.size]):
        pool[slot] = tx
        book.accounts[tx["sender"]].pending += 1
    head.pending = min(len(queue), pool.size)
    head.dropped += max(len(queue) - pool.size, 0)


def _signed(tx: Record) -> bytes:
    """The bytes of what was signed of a transaction in the mempool."""
    out = records(SIGNED, 1)
    copy_signed(tx, out[0])
    return out.tobytes()


class Forks:
    """What a node keeps so that it can go over to a longer branch: its last blocks and states, and blocks beside."""

    def __init__(self, ledger: "Ledger", history: History, finality: int) -> None:
        """Begin at the head of a ledger and its record; `finality` is at least 1."""
        self.ledger, self.history, self.finality = ledger, history, finality
        self.begun = history.head.height
        self.blocks: dict[bytes, Block] = {}
        self.states: dict[bytes, list[Records]] = {}
        self.remember()

    def copy(self, ledger: "Ledger", history: History) -> "Forks":
        """The same for a copy of the ledger."""
        other = Forks(ledger, history, self.finality)
        other.begun, other.blocks, other.states = self.begun, dict(self.blocks), dict(self.states)
        return other

    @property
    def final(self) -> int:
        """The height of the last final block."""
        return max(self.begun, self.history.head.height - self.finality)

    def remember(self) -> None:
        """Keep the block at the head and its state; forget what is final."""
        block = self.history.blocks[-1]
        self.blocks[block.header.hash] = block
        self.states[block.header.hash] = consensus_of(self.ledger.book)
        for name in [name for name, block in self.blocks.items() if block.header.height < self.final]:
            del self.blocks[name]
            self.states.pop(name, None)

    def receive(self, block: Block) -> Reception:
        """Take in a block that another node sealed.

        Raises:
            InputError: the mempool has less places than the block needs.
        """
        name, header, places = block.header.hash, block.header, self.ledger.book.pool.size
        if block.transactions.size > places:
            raise InputError(f"block: {block.transactions.size} transactions given, allowed are the mempool's {places} places")
        if name in self.blocks:
            return Reception.KNOWN
        if header.parent not in self.blocks:
            return Reception.TOO_OLD if header.height <= self.final else Reception.UNKNOWN_PARENT
        try:
            check_links(block, self.blocks[header.parent].header)
        except TamperedError:
            return Reception.INVALID
        head = self.history.head
        extends = header.parent == head.hash
        self.blocks[name] = block
        if header.height <= head.height:
            return Reception.BESIDE
        done = self._go_over(block)
        if done == Reception.TOO_OLD:
            self._forget(name)
        return Reception.EXTENDED if extends and done == Reception.REORGANISED else done

    def _go_over(self, tip: Block) -> Reception:
        """Make the branch that ends in this block the node's own."""
        history = self.history
        branch, start = [tip], history.blocks[0].header.height
        while True:
            parent, height = branch[0].header.parent, branch[0].header.height - 1
            if start <= height <= history.head.height and history.block(height).header.hash == parent:
                break
            if parent not in self.blocks:
                return Reception.TOO_OLD
            branch.insert(0, self.blocks[parent])
        if parent not in self.states:
            return Reception.TOO_OLD
        book, own = self.ledger.book, list(history.blocks)
        orphaned, before = own[height - start + 1 :], [array.copy() for array in book]
        tick, waiting = int(book.head[0].tick), book.pool[: int(book.head[0].pending)].copy()
        clear(book.head, book.accounts, book.pool)
        if orphaned:
            restore_consensus(book, self.states[parent])
            history.go_back(own[: height - start + 1])
        done = self._execute(branch)
        if done == Reception.INVALID:
            for array, kept in zip(book, before, strict=True):
                array[...] = kept
            history.go_back(own)
            return done
        book.head[0].tick = max(tick, history.head.tick + 1)
        draw_latency(book.head[0])
        requeue(book, waiting, orphaned, branch)
        return done

    def _execute(self, branch: list[Block]) -> Reception:
        """Execute a branch; an invalid block of it is forgotten."""
        ledger = self.ledger
        for block in branch:
            try:
                check_header(block.header, self.history.head, ledger.book)
                execute(ledger.deployment, ledger.batch, ledger.scratch, block)
                recorded(self.history, block)
            except TamperedError:
                self._forget(block.header.hash)
                return Reception.INVALID
            self.remember()
        return Reception.REORGANISED

    def _forget(self, name: bytes) -> None:
        """Forget a block beside and all that follow it, which came later."""
        gone = {name}
        for other, block in list(self.blocks.items()):
            if other in gone or block.header.parent in gone:
                gone.add(other)
                del self.blocks[other]
