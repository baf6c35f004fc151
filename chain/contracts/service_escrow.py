"""Service escrow with milestones, disputes before an arbiter or a jury, and slashing: in place of the escrow of `service_market`.

1. Offers, hires, ratings and the stake behind a job are those of `service_market`. A hire locks the whole price.
2. The price is paid in `milestones` equal parts, what does not divide with the last. The provider delivers part by part, each
   with an effort of its own; whether a part turns out good is a draw of its own.
3. The client accepts a part, which pays it, or disputes it. Silence settles: nothing delivered by the deadline refunds all that
   is unpaid (and may slash); no answer by the end of the dispute window pays the part. Whoever is paid for a part that is not
   the last has the delivery window anew for the next one.
4. Without `jurors` the arbiter of `service_market` decides a dispute at once; otherwise a jury does, `vote_window` blocks later
   (`chain/contracts/jury.py`).
5. Work found bad gives the client all that is unpaid (but the part in question to the provider with `pay_caught`), takes a part
   of the provider's stake, and ends the job. Otherwise the part is paid. The answer that ends a job leaves its rating.

With one milestone and no jurors every block is what it is with `service_market`.

Draws belong to the deal (client, tick of the hire, request number in it) and the number of the milestone.
"""

from chain.accounts import release, share
from chain.contracts import service_market
from chain.contracts.jury import MAX_JURORS, Vote, empanel, verdict
from chain.contracts.service_market import (
    ANSWER,
    Outcome,
    Phase,
    forget,
    free_job_stake,
    hand_over,
    job_row,
    rate_job,
    refuse_answer,
    refuse_delivery,
)
from chain.dice import What, chance, draw
from chain.layout import MAX_PRICE, NOBODY, WHOLE_BPS, Kind, Record, record
from chain.rule import rule
from chain.status import Status

MAX_MILESTONES = 64

ESCROW = record("milestones", "jurors", "juror_stake", "juror_slash_bps", "vote_window", "filled")
"""The contract's parameters beside those of `service_market`, and how many names have their tickets in the urn of this block (0
between blocks): one record; none where it is not deployed."""

TERM_LIMITS = {
    "milestones": MAX_MILESTONES,
    "jurors": MAX_JURORS,
    "juror_stake": MAX_PRICE,
    "juror_slash_bps": WHOLE_BPS,
    "vote_window": 2**31,
}
"""Highest value of each parameter; the lowest is 0, and no milestones are one."""

DEAL = record("part", "earned", "seats", "rating_bps")
"""By row of a job: the milestone it is at, from 0; what the provider was paid so far; of its latest dispute before a jury the
number of seats, and the client's rating, which waits for the verdict."""


@rule
def parts_of(book: Record) -> int:
    """How many milestones a job has."""
    return max(int(book.escrow[0].milestones), 1)


@rule
def part_price(price: int, parts: int, part: int) -> int:
    """What is paid for a milestone: the whole price divided, the remainder with the last."""
    each = price // max(parts, 1)
    return price - each * (parts - 1) if part == parts - 1 else each


@rule
def draw_number(book: Record, row: int) -> int:
    """The number of a job's present milestone among the client's draws of the tick of its hires."""
    return int(book.jobs[row].request * parts_of(book) + book.deals[row].part)


@rule
def hire(book: Record, tx: Record) -> Status:
    """Lock the price of the offer at `to`, for service `subject`, if it asks at most `amount`."""
    status = service_market.hire(book, tx)
    if status == Status.OK:
        deal = book.deals[job_row(book, tx.subject)]
        deal.part = 0
        deal.earned = 0
        deal.seats = 0
        deal.rating_bps = 0
    return status


@rule
def deliver(book: Record, tx: Record) -> Status:
    """Hand over the present milestone of job `subject`, worked on with effort `bps`."""
    # Conditions
    refusal = refuse_delivery(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    row = job_row(book, tx.subject)
    hand_over(book, book.jobs[row], tx.bps, draw_number(book, row))
    return Status.OK


@rule
def pay_part(book: Record, row: int, outcome: int) -> bool:
    """Pay the provider for the present milestone. If it was the last, the job is paid with this outcome, and the answer is True;
    otherwise the next one begins."""
    head, job, deal, parts = book.head[0], book.jobs[row], book.deals[row], parts_of(book)
    amount = part_price(job.price, parts, deal.part)
    release(book.accounts, head, job.provider, amount)
    deal.earned += amount
    deal.part += 1
    if deal.part < parts:
        job.phase = Phase.FUNDED
        job.due = head.height + book.terms[0].delivery_window
        return False
    job.paid = head.height
    job.phase = Phase.PAID
    job.outcome = outcome
    return True


@rule
def refund(book: Record, row: int, outcome: int) -> None:
    """End a job in which the provider failed: all that is unpaid to the client, but for the part in question where the caught are
    paid, and a part of the stake slashed."""
    head, job, deal, terms = book.head[0], book.jobs[row], book.deals[row], book.terms[0]
    kept, slash_bps = 0, terms.no_show_slash_bps
    if outcome == Outcome.UPHELD:
        kept = part_price(job.price, parts_of(book), deal.part) if terms.pay_caught != 0 else 0
        slash_bps = terms.slash_bps
    release(book.accounts, head, job.client, job.price - deal.earned - kept)
    release(book.accounts, head, job.provider, kept)
    deal.earned += kept
    job.paid = head.height
    job.phase = Phase.CLOSED
    job.outcome = outcome
    free_job_stake(book, job, share(job.stake, slash_bps))


@rule
def conclude(book: Record, row: int, outcome: int, rating_bps: int) -> None:
    """Pay the present milestone or refund what is left, as this outcome says; if that ends the job, leave the rating, if any."""
    ended = True
    if outcome == Outcome.UPHELD or outcome == Outcome.NO_SHOW:
        refund(book, row, outcome)
    else:
        ended = pay_part(book, row, outcome)
    if ended and rating_bps != NOBODY:
        rate_job(book, book.jobs[row], rating_bps)


@rule
def accept(book: Record, tx: Record) -> Status:
    """Pay the present milestone of job `subject`; with the last one, rate the provider with `bps`."""
    # Conditions
    refusal = refuse_answer(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    conclude(book, job_row(book, tx.subject), Outcome.ACCEPTED, tx.bps)
    return Status.OK


@rule
def dispute(book: Record, tx: Record) -> Status:
    """Call the arbiter or a jury on the present milestone of job `subject`; `bps` rates the provider if that ends the job."""
    # Conditions
    refusal = refuse_answer(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    row = job_row(book, tx.subject)
    head, job, deal = book.head[0], book.jobs[row], book.deals[row]
    if book.escrow[0].jurors > 0:
        deal.rating_bps = tx.bps
        job.phase = Phase.DISPUTED
        job.due = head.height + book.escrow[0].vote_window
        empanel(book, row, draw_number(book, row))
        return Status.OK
    word = draw(head, job.tick, book.accounts[job.client].name, What.ARBITER, draw_number(book, row))
    upheld = job.quality_bps < WHOLE_BPS and chance(word, book.terms[0].arbiter_bps)
    conclude(book, row, Outcome.UPHELD if upheld else Outcome.REJECTED, tx.bps)
    return Status.OK


@rule
def pass_deadline(book: Record, row: int) -> None:
    """What the end of a window brings for a job."""
    job, outcome, rating_bps = book.jobs[row], Outcome.SILENT, NOBODY
    if job.phase == Phase.PAID:
        job.phase = Phase.CLOSED
        free_job_stake(book, job, 0)
        return
    if job.phase == Phase.FUNDED:
        outcome = Outcome.NO_SHOW
    elif job.phase == Phase.DISPUTED:
        rating_bps = book.deals[row].rating_bps
        outcome = Outcome.UPHELD if verdict(book, row) == Vote.REFUND else Outcome.REJECTED
    conclude(book, row, outcome, rating_bps)


@rule
def settle(book: Record) -> None:
    """At the end of a block: settle what deadlines settle, and forget the oldest jobs that are closed."""
    head, terms = book.head[0], book.terms[0]
    soonest = min(terms.delivery_window, terms.dispute_window, book.escrow[0].vote_window)
    for number in range(terms.closed, terms.opened):
        row = number & (book.jobs.size - 1)
        job = book.jobs[row]
        if head.height < job.height + soonest:
            break  # this job and all younger ones have time left
        while job.phase != Phase.CLOSED and head.height >= job.due:
            pass_deadline(book, row)
    book.escrow[0].filled = 0
    forget(book)


ENTRY_POINTS = {
    Kind.HIRE: (hire, service_market.ENTRY_POINTS[Kind.HIRE][1]),
    Kind.DELIVER: (deliver, ANSWER),
    Kind.ACCEPT: (accept, ANSWER),
    Kind.DISPUTE: (dispute, ANSWER),
}
"""Each entry point with its refusals, in order of precedence."""
