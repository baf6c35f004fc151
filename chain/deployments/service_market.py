"""The ledger of the service market: money, identities, stake, reputation and the market with its escrow."""

from typing import NamedTuple

from chain.block import admit, close_block, has_room, open_block, write_receipt
from chain.contracts import registry, service_market, stake, token
from chain.contracts.reputation import REPUTATION
from chain.contracts.service_market import JOB, OFFER, TERMS
from chain.contracts.stake import STAKE
from chain.layout import ACCOUNT, HEAD, IDENTITY, RECEIPT, TRANSACTION, Kind, Record, Records, records
from chain.ordering import Scratch, leave, line_up, scratch_for, take
from chain.rule import rule, world
from chain.status import Status


class Book(NamedTuple):
    """The state: arrays of records with a leading world axis."""

    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    terms: Records
    offers: Records
    jobs: Records
    stakes: Records
    reputation: Records


def blank(worlds: int, accounts: int, pool: int, jobs: int = 1024) -> Book:
    """A book of zeros: so many worlds, account rows, places in the mempool, and at least so many jobs at a time."""
    return Book(
        records(HEAD, worlds, 1),
        records(ACCOUNT, worlds, accounts),
        records(IDENTITY, worlds, accounts),
        records(TRANSACTION, worlds, pool),
        records(RECEIPT, worlds, pool),
        records(TERMS, worlds, 1),
        records(OFFER, worlds, accounts),
        records(JOB, worlds, 1 << max(jobs - 1, 1).bit_length()),
        records(STAKE, worlds, accounts),
        records(REPUTATION, worlds, accounts),
    )


@rule
def execute(book: Record, tx: Record) -> Status:
    """Call the entry point that the transaction names."""
    kind = tx.kind
    if kind == Kind.HIRE:
        return service_market.hire(book, tx)
    if kind == Kind.DELIVER:
        return service_market.deliver(book, tx)
    if kind == Kind.ACCEPT:
        return service_market.accept(book, tx)
    if kind == Kind.DISPUTE:
        return service_market.dispute(book, tx)
    if kind == Kind.POST:
        return service_market.post(book, tx)
    if kind == Kind.TRANSFER:
        return token.transfer(book.accounts, tx)
    if kind == Kind.BOND:
        return stake.bond(book.head, book.accounts, book.stakes, tx)
    if kind == Kind.UNBOND:
        return stake.unbond(book.head, book.stakes, book.terms[0].unbonding_window, tx)
    if kind == Kind.WITHDRAW:
        return stake.withdraw(book.head, book.accounts, book.stakes, tx)
    if kind == Kind.REGISTER:
        return registry.register(book.head, book.accounts, book.identities, tx)
    return Status.UNKNOWN_KIND


@rule
def seal(book: Record, scratch: Scratch) -> None:
    """Execute one block: give every transaction its place, run them while there is gas, settle what is due."""
    open_block(book.head)
    count = line_up(book.head, book.pool, scratch)
    for place in range(count):
        tx = book.pool[take(book.pool, place, scratch)]
        if not has_room(book.head, tx):
            leave(book.pool, place, count, scratch)
            break
        status = admit(book.head, book.accounts, tx)
        if status == Status.OK:
            status = execute(book, tx)
        write_receipt(book.head, book.receipts, tx, status, tx.subject)
    service_market.settle(book)
    close_block(book.head, book.accounts, book.pool)


@rule
def seal_worlds(book: Record, scratch: Scratch, first: int, stop: int) -> None:
    """Seal one block in each world from `first` to `stop` - 1, and go one tick on."""
    for w in range(first, stop):
        view = world(book, w)
        seal(view, scratch)
        view.head[0].tick += 1


def advance(book: Book, first: int, stop: int) -> None:
    """Seal one block in each world from `first` to `stop` - 1, and go one tick on, with working memory of its own."""
    seal_worlds(book, scratch_for(book.pool.shape[1], book.accounts.shape[1]), first, stop)
