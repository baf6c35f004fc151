"""A ledger with two assets, money and credits, and a pool in which everybody swaps one for the other."""

from typing import NamedTuple

from chain.block import admit, close_block, has_room, note, open_block, write_receipt
from chain.contracts import constant_product, fungible_token, registry, token
from chain.contracts.constant_product import LIQUIDITY, TERMS
from chain.contracts.fungible_token import ALLOWANCE, CREDIT, SPENDERS
from chain.layout import NOBODY, Kind, Record, Records, core, records
from chain.mempool import next_tick
from chain.ordering import line_up
from chain.rule import rule, world
from chain.sorting import Scratch, scratch_for
from chain.status import Status

TERM_LIMITS, DEFAULTS = constant_product.TERM_LIMITS, constant_product.DEFAULTS
"""What can be set of the contracts, and what is set where nothing is said."""


class Book(NamedTuple):
    """The state: arrays of records with a leading world axis."""

    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    block: Records
    terms: Records
    credits: Records
    allowances: Records
    liquidity: Records


def blank(worlds: int, accounts: int, pool: int, *, recorded: bool = False) -> Book:
    """A book of zeros: so many worlds, account rows, and places in the mempool; `recorded`: blocks are kept for a history."""
    return Book(
        *core(worlds, accounts, pool, recorded),
        records(TERMS, worlds, 1),
        records(CREDIT, worlds, accounts),
        records(ALLOWANCE, worlds, accounts * SPENDERS),
        records(LIQUIDITY, worlds, accounts),
    )


@rule
def execute(book: Record, tx: Record) -> Status:
    """Call the entry point that the transaction names."""
    kind = tx.kind
    if kind == Kind.SWAP:
        return constant_product.swap(book, tx)
    if kind == Kind.ADD_LIQUIDITY:
        return constant_product.add_liquidity(book, tx)
    if kind == Kind.REMOVE_LIQUIDITY:
        return constant_product.remove_liquidity(book, tx)
    if kind == Kind.CREDIT_TRANSFER:
        return fungible_token.transfer(book.accounts, book.credits, tx)
    if kind == Kind.CREDIT_APPROVE:
        return fungible_token.approve(book.accounts, book.allowances, tx)
    if kind == Kind.CREDIT_TRANSFER_FROM:
        return fungible_token.transfer_from(book.accounts, book.credits, book.allowances, tx)
    if kind == Kind.CREDIT_MINT:
        return fungible_token.mint(book.accounts, book.credits, book.terms, tx)
    if kind == Kind.CREDIT_BURN:
        return fungible_token.burn(book.credits, book.terms, tx)
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
