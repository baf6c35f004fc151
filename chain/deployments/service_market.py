"""The ledger of the service market: money, identities, stake, reputation and the market with its escrow.

Which escrow, its book says: that of milestones and juries where `escrow` holds its terms (`chain/deployments/service_escrow.py`).
"""

from typing import NamedTuple

from chain.block import admit, close_block, has_room, note, open_block, write_receipt
from chain.contracts import governance, jury, offers, registry, service_escrow, service_market, stake, token
from chain.contracts.eigentrust import OPINION, TRUST, TRUSTING, settle_trust
from chain.contracts.governance import CONTROL
from chain.contracts.jury import SEAT, URN
from chain.contracts.offers import OFFER
from chain.contracts.reputation import REPUTATION
from chain.contracts.service_escrow import DEAL, ESCROW
from chain.contracts.service_market import JOB, TERMS
from chain.contracts.stake import STAKE
from chain.layout import NOBODY, Kind, Record, Records, core, records
from chain.mempool import next_tick
from chain.ordering import line_up
from chain.rule import prefetch, rule, world
from chain.sorting import Scratch, scratch_for
from chain.status import Status

TERM_LIMITS = service_market.TERM_LIMITS
"""What can be set of the market's contract."""
GOVERNED = ("min_stake", "arbiter_bps", "slash_bps", "no_show_slash_bps", "compensation_bps", "rating_decay_bps")
"""What a controller can change while the market runs; parameter n of `controls` is the n-th of these."""
CONTROL_LIMITS = {name: TERM_LIMITS[name] for name in GOVERNED}
LARGE, FAR, NEAR = 1_024, 16, 8
"""Blocks of more transactions than this look so many places ahead."""


class Book(NamedTuple):
    """The state: arrays of records with a leading world axis."""

    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    block: Records
    terms: Records
    offers: Records
    jobs: Records
    stakes: Records
    reputation: Records
    controls: Records
    escrow: Records
    deals: Records
    seats: Records
    urn: Records
    trusting: Records
    opinions: Records
    trust: Records


def blank(worlds: int, accounts: int, pool: int, jobs: int = 1024, *, recorded: bool = False) -> Book:
    """A book of zeros: so many worlds, account rows, places in the mempool, and at least so many jobs at a time;
    `recorded`: blocks are kept for a history. `chain.contracts.eigentrust.with_trust` makes room for trust."""
    return Book(
        *core(worlds, accounts, pool, recorded),
        records(TERMS, worlds, 1),
        records(OFFER, worlds, accounts),
        records(JOB, worlds, 1 << max(jobs - 1, 1).bit_length()),
        records(STAKE, worlds, accounts),
        records(REPUTATION, worlds, accounts),
        records(CONTROL, worlds, len(GOVERNED)),
        records(ESCROW, worlds, 0),
        records(DEAL, worlds, 0),
        records(SEAT, worlds, 0),
        records(URN, worlds, 0),
        records(TRUSTING, worlds, 0),
        records(OPINION, worlds, 0),
        records(TRUST, worlds, 0),
    )


@rule
def governed(terms: Record, parameter: int) -> int:
    """The present value of a parameter that can be governed; 0 if there is none of this number."""
    if parameter == 0:
        return int(terms.min_stake)
    if parameter == 1:
        return int(terms.arbiter_bps)
    if parameter == 2:
        return int(terms.slash_bps)
    if parameter == 3:
        return int(terms.no_show_slash_bps)
    if parameter == 4:
        return int(terms.compensation_bps)
    if parameter == 5:
        return int(terms.rating_decay_bps)
    return 0


@rule
def change_parameter(book: Record, tx: Record) -> Status:
    """Change a parameter of the market, if its controller may."""
    terms = book.terms[0]
    status = governance.change(book.head, book.controls, governed(terms, tx.subject), tx)
    if status == Status.OK:
        if tx.subject == 0:
            terms.min_stake = tx.amount
        elif tx.subject == 1:
            terms.arbiter_bps = tx.amount
        elif tx.subject == 2:
            terms.slash_bps = tx.amount
        elif tx.subject == 3:
            terms.no_show_slash_bps = tx.amount
        elif tx.subject == 4:
            terms.compensation_bps = tx.amount
        elif tx.subject == 5:
            terms.rating_decay_bps = tx.amount
    return status


@rule
def execute_escrow(book: Record, tx: Record) -> Status:
    """The same for the escrow with milestones, as far as it has entry points of its own."""
    kind = tx.kind
    if kind == Kind.HIRE:
        return service_escrow.hire(book, tx)
    if kind == Kind.DELIVER:
        return service_escrow.deliver(book, tx)
    if kind == Kind.ACCEPT:
        return service_escrow.accept(book, tx)
    return service_escrow.dispute(book, tx)


@rule
def execute(book: Record, tx: Record) -> Status:
    """Call the entry point that the transaction names."""
    kind = tx.kind
    if book.escrow.size > 0 and Kind.HIRE <= kind <= Kind.DISPUTE:
        return execute_escrow(book, tx)
    if kind == Kind.HIRE:
        return service_market.hire(book, tx)
    if kind == Kind.DELIVER:
        return service_market.deliver(book, tx)
    if kind == Kind.ACCEPT:
        return service_market.accept(book, tx)
    if kind == Kind.DISPUTE:
        return service_market.dispute(book, tx)
    if kind == Kind.POST:
        return offers.post(book, tx)
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
    if kind == Kind.CHANGE_PARAMETER:
        return change_parameter(book, tx)
    if kind == Kind.VOTE:
        return jury.vote(book, tx)
    return Status.UNKNOWN_KIND


@rule
def look_ahead(book: Record, scratch: Scratch, place: int, count: int) -> None:
    """In a large block, fetch what the coming transactions will touch: their records lie scattered over memory."""
    if place + FAR < count:
        prefetch(book.pool, scratch.places[place + FAR])
    if place + NEAR < count:
        tx = book.pool[scratch.places[place + NEAR]]
        prefetch(book.accounts, tx.sender)
        if tx.kind == Kind.HIRE:
            prefetch(book.accounts, tx.to)
            prefetch(book.offers, tx.to)
            prefetch(book.stakes, tx.to)
        else:
            prefetch(book.jobs, tx.subject & (book.jobs.size - 1))


@rule
def seal(book: Record, scratch: Scratch) -> None:
    """Execute one block: give every transaction its place, run them while there is gas, settle what is due."""
    open_block(book.head)
    count = line_up(book.head, book.accounts, book.pool, book.receipts, scratch)
    for place in range(count):
        if count > LARGE:
            look_ahead(book, scratch, place, count)
        tx = book.pool[scratch.places[place]]
        if not has_room(book.head, tx):
            break
        note(book.head, book.block, tx)
        status = admit(book.head, book.accounts, tx)
        if status == Status.OK:
            status = execute(book, tx)
        job = tx.subject if Kind.HIRE <= tx.kind <= Kind.DISPUTE or tx.kind == Kind.VOTE else NOBODY
        write_receipt(book.head, book.accounts, book.receipts, tx, status, job)
    if book.escrow.size > 0:
        service_escrow.settle(book)
    else:
        service_market.settle(book)
    settle_trust(book)
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
