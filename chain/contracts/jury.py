"""Juries: disputes about jobs decided by accounts that are drawn by stake, and vote with a part of it at risk.

1. A dispute draws so many seats among the accounts that are not party to the job, in proportion to their free stake: each ticket
   is a whole `juror_stake` of it, and no ticket is drawn twice. So an account may have several seats, and can answer for all of
   them. Each seat locks `juror_stake`. Where there are fewer tickets, there are fewer seats. Tickets are given out at the first
   dispute of a block; one whose stake was used or taken back since then wins nothing. Whose agent an account belongs to, nobody
   can tell: other accounts of a party may sit.
2. Jurors vote for payment or refund, once, openly, with all their seats at once, until `vote_window` blocks after the dispute.
3. Then the majority of the votes given decides. With as many on both sides, or none at all, the provider is paid.
4. A seat of the minority, or a silent one, loses `juror_slash_bps` of its stake to those of the majority, in equal parts. What
   does not divide is burned; all of it, where there is no majority. All other stake is free again.

A block with disputes costs one walk over the accounts in use, and a dispute a search among them for each seat. Both go by name,
so that rows make no difference. Draws belong to the deal, the milestone and the seat.

Source: seats by stake, and losers who pay those who voted with the majority, as in Lesaege, Ast and George, "Kleros: short paper
v1.0.7", 2019; there a juror can be drawn for more seats than its stake covers, and votes can be hidden.
"""

from enum import IntEnum

from chain.accounts import burn_locked, release, share
from chain.contracts.service_market import Phase, job_row
from chain.contracts.stake import free_stake
from chain.dice import What, below, draw
from chain.layout import NOBODY, Kind, Record, record
from chain.rule import rule
from chain.status import Status

MAX_JURORS = 31


class Vote(IntEnum):
    """What a juror says."""

    NONE = 0
    PAY = 1
    REFUND = 2


URN = record("passed")
"""By name: the tickets of all names up to this one, in the block that was filled last. No state: it is counted when needed."""

SEAT = record("ticket", "juror", "stake", "vote")
"""A seat of a jury, as many rows for each row of a job: the number of the ticket that won it, whose it is, what it locks, and the
vote. Seats of a verdict stay until the next dispute of a job in this row."""


@rule
def places_of(book: Record) -> int:
    """Rows for seats that each row of a job has."""
    return int(book.seats.size // max(book.jobs.size, 1))


@rule
def fill_urn(book: Record) -> None:
    """Count the tickets of all accounts, by name: once in a block, at its first dispute."""
    escrow, passed = book.escrow[0], 0
    if escrow.filled == 0:
        for name in range(book.head[0].registered):
            passed += free_stake(book.stakes, book.identities[name].address) // max(int(escrow.juror_stake), 1)
            book.urn[name].passed = passed
        escrow.filled = book.head[0].registered


@rule
def before(book: Record, name: int) -> int:
    """The tickets of all names below this one, in the urn."""
    last = min(name, int(book.escrow[0].filled)) - 1
    return int(book.urn[last].passed) if last >= 0 else 0


@rule
def name_of(book: Record, ticket: int) -> int:
    """Whose ticket of the urn this is."""
    low, high = 0, int(book.escrow[0].filled) - 1
    while low < high:
        middle = (low + high) // 2
        if book.urn[middle].passed > ticket:
            high = middle
        else:
            low = middle + 1
    return low


@rule
def draw_tickets(book: Record, row: int, number: int) -> int:
    """Draw the tickets of a jury, no party's and no ticket twice, into the job's rows of seats, in rising order.

    Args:
        row: of the job.
        number: of the dispute among the client's draws of the tick of the hire.

    Returns:
        How many were drawn.
    """
    head, job, jurors, places = book.head[0], book.jobs[row], int(book.escrow[0].jurors), places_of(book)
    client, provider = int(book.accounts[job.client].name), int(book.accounts[job.provider].name)
    one, other = min(client, provider), max(client, provider)
    start, gap = before(book, one), before(book, one + 1) - before(book, one)
    restart, second_gap = before(book, other), before(book, other + 1) - before(book, other)
    total = before(book, int(book.escrow[0].filled)) - gap - second_gap
    count, seats = min(jurors, places, total), row * places
    for k in range(count):
        ticket = below(draw(head, job.tick, client, What.JURY, number * MAX_JURORS + k), total - k)
        place = 0
        while place < k and book.seats[seats + place].ticket <= ticket:
            ticket += 1  # the so-manyeth of those that are left
            place += 1
        for j in range(k, place, -1):
            book.seats[seats + j].ticket = book.seats[seats + j - 1].ticket
        book.seats[seats + place].ticket = ticket
    for k in range(seats, seats + count):  # so far the parties' were not counted
        ticket = book.seats[k].ticket
        ticket += gap if ticket >= start else 0
        ticket += second_gap if ticket >= restart else 0
        book.seats[k].ticket = ticket
    return count


@rule
def empanel(book: Record, row: int, number: int) -> None:
    """Draw a jury for a job and lock the stake of its seats; `number` as in `draw_tickets`."""
    fill_urn(book)
    juror_stake, seats, seated = int(book.escrow[0].juror_stake), row * places_of(book), 0
    for k in range(draw_tickets(book, row, number)):
        ticket = book.seats[seats + k].ticket
        address = book.identities[name_of(book, ticket)].address
        if free_stake(book.stakes, address) >= juror_stake:
            seat = book.seats[seats + seated]
            seat.ticket = ticket
            seat.juror = address
            seat.stake = juror_stake
            seat.vote = Vote.NONE
            book.stakes[address].locked += juror_stake
            seated += 1
    book.deals[row].seats = seated


@rule
def first_seat(book: Record, row: int, address: int) -> int:
    """The row of the first seat that an account has in the jury of a job, or `NOBODY`."""
    seats = row * places_of(book)
    for k in range(book.deals[row].seats):
        if book.seats[seats + k].juror == address:
            return seats + k
    return NOBODY


@rule
def vote(book: Record, tx: Record) -> Status:
    """Vote `count`, a `Vote`, in the jury of job `subject`."""
    # Conditions
    row = job_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_JOB
    if book.jobs[row].phase != Phase.DISPUTED:
        return Status.WRONG_PHASE
    first = first_seat(book, row, tx.sender)
    if first == NOBODY:
        return Status.NOT_A_JUROR
    if book.seats[first].vote != Vote.NONE:
        return Status.ALREADY_VOTED
    if tx.count != Vote.PAY and tx.count != Vote.REFUND:
        return Status.BAD_VOTE
    # Effects
    for k in range(first, row * places_of(book) + book.deals[row].seats):
        if book.seats[k].juror == tx.sender:
            book.seats[k].vote = tx.count
    return Status.OK


@rule
def verdict(book: Record, row: int) -> Vote:
    """What a jury decides: what the majority of its votes says, or `Vote.NONE`. Its stake is free then; winners get what losers
    forfeit."""
    head, slash_bps, first = book.head[0], book.escrow[0].juror_slash_bps, row * places_of(book)
    stop = first + book.deals[row].seats
    pay, refund, forfeited = 0, 0, 0
    for k in range(first, stop):
        pay += 1 if book.seats[k].vote == Vote.PAY else 0
        refund += 1 if book.seats[k].vote == Vote.REFUND else 0
    majority, winners = Vote.NONE, 0
    if pay != refund:
        majority, winners = (Vote.PAY, pay) if pay > refund else (Vote.REFUND, refund)
    for k in range(first, stop):
        seat = book.seats[k]
        stake = book.stakes[seat.juror]
        stake.locked -= seat.stake
        if seat.vote == Vote.NONE or (seat.vote != majority and majority != Vote.NONE):
            lost = share(seat.stake, slash_bps)
            stake.bonded -= lost
            forfeited += lost
    each = forfeited // max(winners, 1)
    for k in range(first, stop):
        if winners > 0 and book.seats[k].vote == majority:
            release(book.accounts, head, book.seats[k].juror, each)
    burn_locked(head, forfeited - each * winners)
    return majority


ENTRY_POINTS = {
    Kind.VOTE: (
        vote,
        (Status.NO_SUCH_JOB, Status.WRONG_PHASE, Status.NOT_A_JUROR, Status.ALREADY_VOTED, Status.BAD_VOTE),
    ),
}
"""The entry point with its refusals, in order of precedence."""
