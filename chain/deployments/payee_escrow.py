"""A ledger with an escrow, out of which an owner pays payees."""

from typing import NamedTuple

from chain.block import admit, close_block, has_room, note, open_block, write_receipt
from chain.contracts import payee_escrow, registry, token
from chain.contracts.payee_escrow import DEPOSIT, TERMS
from chain.layout import NOBODY, Kind, Record, Records, core, records
from chain.mempool import next_tick
from chain.ordering import line_up
from chain.rule import rule, world
from chain.sorting import Scratch, scratch_for
from chain.status import Status

TERM_LIMITS = payee_escrow.TERM_LIMITS
"""What can be set of the escrow's contract."""


class Book(NamedTuple):
    """The state: arrays of records with a leading world axis."""

    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    block: Records
    terms: Records
    deposits: Records


def blank(worlds: int, accounts: int, pool: int, *, recorded: bool = False) -> Book:
    """A book of zeros: so many worlds, account rows, and places in the mempool; `recorded`: blocks are kept for a history."""
    return Book(
        *core(worlds, accounts, pool, recorded),
        records(TERMS, worlds, 1),
        records(DEPOSIT, worlds, accounts),
    )


@rule
def execute(book: Record, tx: Record) -> Status:
    """Call the entry point that the transaction names."""
    kind = tx.kind
    if kind == Kind.ESCROW_DEPOSIT:
        return payee_escrow.deposit(book, tx)
    if kind == Kind.ESCROW_WITHDRAW:
        return payee_escrow.withdraw(book, tx)
    if kind == Kind.ESCROW_REFUND:
        return payee_escrow.refund(book, tx)
    if kind == Kind.ESCROW_CLOSE:
        return payee_escrow.close(book, tx)
    if kind == Kind.ESCROW_COLLECT:
        return payee_escrow.collect(book, tx)
    if kind == Kind.TRANSFER:
        return token.transfer(book.accounts, tx)
    if kind == Kind.REGISTER:
        return registry.register(book.head, book.accounts, book.identities, tx)
    return Status.UNKNOWN_KIND


@rule
def seal(book: Record, scratch: Scratch) -> None:
    """Execute one block: give every transaction its place, run them while there is gas."""
    open_block(book.head)
    count = line_up(book.head, book.accounts, book.pool, book.receipts, scratch)
    for place in range(count):
        tx = book.pool[scratch.places[place]]
        if not has_room(book.head, tx):
            break
        note(book.head, book.block, tx)
        status = admit(book.head, book.accounts, tx)
        if status == Status.OK:
            status = execute(book, tx)
        write_receipt(book.head, book.accounts, book.receipts, tx, status, NOBODY)
    close_block(book.head, book.pool)


@rule
def seal_worlds(book: Record, scratch: Scratch, first: int, stop: int) -> None:
    """Seal one block in each world from `first` to `stop` - 1, and go one tick on."""
    for w in range(first, stop):
        view = world(book, w)
        seal(view, scratch)
        next_tick(view.head[0])


def advance(book: Book, first: int, stop: int) -> None:
    """Seal one block in each world from `first` to `stop` - 1, and go one tick on, with working memory of its own."""
    seal_worlds(book, scratch_for(book.pool.shape[1], book.accounts.shape[1]), first, stop)
