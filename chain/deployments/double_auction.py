"""A ledger with an order book: units of service are traded against money in a continuous double auction."""

from typing import NamedTuple

from chain.block import admit, close_block, has_room, note, open_block, write_receipt
from chain.contracts import order_book, registry, token
from chain.contracts.order_book import HOLDING, ORDER, TERMS, TRADE
from chain.layout import NOBODY, Kind, Record, Records, core, records
from chain.mempool import next_tick
from chain.ordering import line_up
from chain.rule import rule, world
from chain.sorting import Scratch, scratch_for
from chain.status import Status

TERM_LIMITS = order_book.TERM_LIMITS
"""What can be set of the order book."""


class Book(NamedTuple):
    """The state: arrays of records with a leading world axis."""

    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    block: Records
    terms: Records
    orders: Records
    holdings: Records
    tape: Records


def blank(worlds: int, accounts: int, pool: int, orders: int = 1024, tape: int = 64, *, recorded: bool = False) -> Book:
    """A book of zeros: so many worlds, account rows, places in the mempool, open orders and last trades;
    `recorded`: blocks are kept for a history."""
    return Book(
        *core(worlds, accounts, pool, recorded),
        records(TERMS, worlds, 1),
        records(ORDER, worlds, orders),
        records(HOLDING, worlds, accounts),
        records(TRADE, worlds, tape),
    )


@rule
def execute(book: Record, tx: Record) -> Status:
    """Call the entry point that the transaction names."""
    if tx.kind == Kind.PLACE_BID:
        return order_book.place_bid(book, tx)
    if tx.kind == Kind.PLACE_ASK:
        return order_book.place_ask(book, tx)
    if tx.kind == Kind.CANCEL_ORDER:
        return order_book.cancel_order(book, tx)
    if tx.kind == Kind.ISSUE_UNITS:
        return order_book.issue_units(book, tx)
    if tx.kind == Kind.TRANSFER:
        return token.transfer(book.accounts, tx)
    if tx.kind == Kind.REGISTER:
        return registry.register(book.head, book.accounts, book.identities, tx)
    return Status.UNKNOWN_KIND


@rule
def seal(book: Record, scratch: Scratch) -> None:
    """Execute one block: give every transaction its place, run them while there is gas, then give back what is past its
    time."""
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
        order = tx.subject if Kind.PLACE_BID <= tx.kind <= Kind.CANCEL_ORDER else NOBODY
        write_receipt(book.head, book.accounts, book.receipts, tx, status, order)
    order_book.expire(book)
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
