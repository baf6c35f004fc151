"""The service market: offers, hires in escrow, deliveries, disputes.

1. A provider posts one standing offer: a service, a price, the stake behind each job, and how many jobs it takes per block
   (`chain/contracts/offers.py`).
2. A client hires: the price leaves its balance and is held in escrow; the stake of the job is locked.
3. The provider delivers, with an effort that no view shows. The job turns out good (quality 10,000 bps) with probability
   effort × reliability, else worthless (0). The draw belongs to the deal (client, tick of the hire, request number in it).
4. The client, who sees the quality, accepts with a rating, or disputes. Of a dispute the arbiter verifies the truth with a stated
   probability. A verified bad job is upheld: the client gets its money back (unless `pay_caught`), and part of the stake is
   slashed. Otherwise the provider is paid. Its rating stays in any case; older ones, and those of cheap jobs, may weigh less.
5. Silence settles: no delivery by the deadline refunds the client (and may slash); no answer by the end of the dispute
   window pays the provider. The stake stays locked until the dispute window has ended, however the job was paid.
"""

from enum import IntEnum

from chain.accounts import can_pay, is_open, lock, release, request_number, share
from chain.contracts.eigentrust import form_opinion
from chain.contracts.reputation import rate
from chain.contracts.stake import free_stake, slash
from chain.dice import What, chance, draw
from chain.layout import MAX_PRICE, NOBODY, WHOLE_BPS, Kind, Record, record
from chain.rule import rule
from chain.status import Status


class Phase(IntEnum):
    """Where a job stands."""

    FUNDED = 1  # hired: price and stake are locked
    DELIVERED = 2  # the dispute window is open
    PAID = 3  # the price is paid out; the stake is locked until the window ends
    CLOSED = 4
    DISPUTED = 5  # a jury votes: only where one is deployed (`chain/contracts/service_escrow.py`)


class Outcome(IntEnum):
    """How a job ended."""

    OPEN = 0
    ACCEPTED = 1
    SILENT = 2  # nobody answered: the provider was paid
    REJECTED = 3  # disputed in vain: the provider was paid
    UPHELD = 4  # the dispute was verified: refund and slashing
    NO_SHOW = 5  # never delivered: refund


TERMS = record(
    "services", "min_stake", "unbonding_window", "delivery_window", "dispute_window",
    "reliability_bps", "arbiter_bps", "slash_bps", "no_show_slash_bps", "compensation_bps", "pay_caught", "rating_decay_bps",
    "rating_by_payment", "backed_offers",
    "closed", "opened",  # jobs with numbers below `closed` are closed; the next job's number is `opened`
    "listed",  # accounts that ever offered
)  # fmt: skip
"""The contract's parameters (windows in blocks) and its counters: one record."""

TERM_LIMITS = {
    "services": 2**20,
    "min_stake": MAX_PRICE,
    "unbonding_window": 2**31,
    "delivery_window": 2**31,
    "dispute_window": 2**31,
    "reliability_bps": WHOLE_BPS,
    "arbiter_bps": WHOLE_BPS,
    "slash_bps": WHOLE_BPS,
    "no_show_slash_bps": WHOLE_BPS,
    "compensation_bps": WHOLE_BPS,
    "pay_caught": 1,
    "rating_decay_bps": WHOLE_BPS,
    "rating_by_payment": 1,
    "backed_offers": 1,
}
"""Highest value of each parameter; the lowest is 0. The counters are not for setting."""

JOB = record(
    "client", "provider", "service", "price", "stake",
    "phase", "outcome", "due",  # `due`: the last block in which the next step may happen
    "tick", "request",  # engine tick of the hire, and how many jobs the client had hired in it before
    "height", "delivered", "paid",  # blocks: hired, delivered, money settled
    "effort_bps", "quality_bps",
)  # fmt: skip
"""A job; number n lives in row n modulo the table's length (a power of two)."""


@rule
def job_row(book: Record, job: int) -> int:
    """The row of a job that is not closed for good, or `NOBODY`."""
    terms = book.terms[0]
    if terms.closed <= job < terms.opened:
        return int(job & (book.jobs.size - 1))
    return NOBODY


@rule
def hire(book: Record, tx: Record) -> Status:
    """Lock the price of the offer at `to`, for service `subject`, if it asks at most `amount`."""
    # Conditions
    head, terms = book.head[0], book.terms[0]
    if not is_open(book.accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if tx.to == tx.sender:
        return Status.OWN_OFFER
    offer = book.offers[tx.to]
    if offer.capacity == 0:
        return Status.NO_OFFER
    if offer.service != tx.subject:
        return Status.WRONG_SERVICE
    if offer.price > tx.amount:
        return Status.PRICE_TOO_HIGH
    taken = offer.taken if offer.taken_height == head.height else 0
    if taken >= offer.capacity:
        return Status.NO_CAPACITY
    if free_stake(book.stakes, tx.to) < offer.stake:
        return Status.INSUFFICIENT_STAKE
    if terms.opened - terms.closed >= book.jobs.size:
        return Status.JOBS_FULL
    if not can_pay(book.accounts, tx.sender, offer.price):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    lock(book.accounts, head, tx.sender, offer.price)
    book.stakes[tx.to].locked += offer.stake
    offer.taken = taken + 1
    offer.taken_height = head.height
    job = book.jobs[terms.opened & (book.jobs.size - 1)]
    job.client = tx.sender
    job.provider = tx.to
    job.service = offer.service
    job.price = offer.price
    job.stake = offer.stake
    job.phase = Phase.FUNDED
    job.outcome = Outcome.OPEN
    job.due = head.height + terms.delivery_window
    job.tick = head.tick
    job.request = request_number(book.accounts, head, tx.sender)
    job.height = head.height
    job.delivered = NOBODY
    job.paid = NOBODY
    job.effort_bps = 0
    job.quality_bps = 0
    tx.subject = terms.opened
    terms.opened += 1
    return Status.OK


@rule
def refuse_delivery(book: Record, tx: Record) -> Status:
    """The conditions of a delivery."""
    row = job_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_JOB
    job = book.jobs[row]
    if job.provider != tx.sender:
        return Status.NOT_YOUR_JOB
    if job.phase != Phase.FUNDED:
        return Status.WRONG_PHASE
    if not 0 <= tx.bps <= WHOLE_BPS:
        return Status.BAD_SHARE
    return Status.OK


@rule
def hand_over(book: Record, job: Record, effort_bps: int, index: int) -> None:
    """Open the dispute window of a job, or of a part of it, whose quality is the draw of this index among the client's."""
    head, terms = book.head[0], book.terms[0]
    word = draw(head, job.tick, book.accounts[job.client].name, What.DELIVERY, index)
    job.quality_bps = WHOLE_BPS if chance(word, share(effort_bps, terms.reliability_bps)) else 0
    job.effort_bps = effort_bps
    job.phase = Phase.DELIVERED
    job.delivered = head.height
    job.due = head.height + terms.dispute_window


@rule
def deliver(book: Record, tx: Record) -> Status:
    """Hand over job `subject`, worked on with effort `bps`. The quality is drawn here."""
    # Conditions
    refusal = refuse_delivery(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    job = book.jobs[job_row(book, tx.subject)]
    hand_over(book, job, tx.bps, job.request)
    return Status.OK


@rule
def refuse_answer(book: Record, tx: Record) -> Status:
    """The conditions that accepting and disputing share."""
    row = job_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_JOB
    job = book.jobs[row]
    if job.client != tx.sender:
        return Status.NOT_YOUR_JOB
    if job.phase != Phase.DELIVERED:
        return Status.WRONG_PHASE
    if not 0 <= tx.bps <= WHOLE_BPS:
        return Status.BAD_SHARE
    return Status.OK


@rule
def pay_out(book: Record, job: Record, to: int, phase: int, outcome: int) -> None:
    """Release the escrow of a job to the provider or back to the client."""
    release(book.accounts, book.head[0], to, job.price)
    job.paid = book.head[0].height
    job.phase = phase
    job.outcome = outcome


@rule
def free_job_stake(book: Record, job: Record, slashed: int) -> None:
    """End the pledge of a job: slash a part for the client's good, unlock the rest."""
    if slashed > 0:
        compensation_bps = book.terms[0].compensation_bps
        slash(book.head, book.accounts, book.stakes, job.provider, slashed, job.client, compensation_bps)
    book.stakes[job.provider].locked -= job.stake - slashed


@rule
def rate_job(book: Record, job: Record, bps: int) -> None:
    """Leave the client's rating of a job, as heavy as the contract says."""
    terms = book.terms[0]
    payment = job.price if terms.rating_by_payment != 0 else 0
    rate(book.reputation, job.provider, bps, payment, terms.rating_decay_bps)
    if book.trust.size > 0:
        places = book.opinions.size // book.trust.size
        form_opinion(book.opinions, places, job.client, job.provider, bps, payment, terms.rating_decay_bps)


@rule
def accept(book: Record, tx: Record) -> Status:
    """Pay the provider of job `subject` and rate it with `bps`."""
    # Conditions
    refusal = refuse_answer(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    job = book.jobs[job_row(book, tx.subject)]
    pay_out(book, job, job.provider, Phase.PAID, Outcome.ACCEPTED)
    rate_job(book, job, tx.bps)
    return Status.OK


@rule
def dispute(book: Record, tx: Record) -> Status:
    """Call the arbiter on job `subject` and rate it with `bps`."""
    # Conditions
    refusal = refuse_answer(book, tx)
    if refusal != Status.OK:
        return refusal
    # Effects
    terms = book.terms[0]
    job = book.jobs[job_row(book, tx.subject)]
    word = draw(book.head[0], job.tick, book.accounts[job.client].name, What.ARBITER, job.request)
    rate_job(book, job, tx.bps)
    if job.quality_bps < WHOLE_BPS and chance(word, terms.arbiter_bps):
        to = job.provider if terms.pay_caught != 0 else job.client
        pay_out(book, job, to, Phase.CLOSED, Outcome.UPHELD)
        free_job_stake(book, job, share(job.stake, terms.slash_bps))
    else:
        pay_out(book, job, job.provider, Phase.PAID, Outcome.REJECTED)
    return Status.OK


@rule
def settle(book: Record) -> None:
    """At the end of a block: release what deadlines release, and forget the oldest jobs that are closed."""
    head, terms = book.head[0], book.terms[0]
    soonest = min(terms.delivery_window, terms.dispute_window)
    for number in range(terms.closed, terms.opened):
        job = book.jobs[number & (book.jobs.size - 1)]
        if head.height < job.height + soonest:
            break  # this job and all younger ones have time left
        if job.phase == Phase.CLOSED or head.height < job.due:
            continue
        if job.phase == Phase.FUNDED:
            pay_out(book, job, job.client, Phase.CLOSED, Outcome.NO_SHOW)
            free_job_stake(book, job, share(job.stake, terms.no_show_slash_bps))
        else:
            if job.phase == Phase.DELIVERED:
                pay_out(book, job, job.provider, Phase.CLOSED, Outcome.SILENT)
            job.phase = Phase.CLOSED
            free_job_stake(book, job, 0)
    forget(book)


@rule
def forget(book: Record) -> None:
    """Give the rows of the oldest jobs back, as long as they are closed."""
    terms = book.terms[0]
    while terms.closed < terms.opened and book.jobs[terms.closed & (book.jobs.size - 1)].phase == Phase.CLOSED:
        terms.closed += 1


ANSWER = (Status.NO_SUCH_JOB, Status.NOT_YOUR_JOB, Status.WRONG_PHASE, Status.BAD_SHARE)
ENTRY_POINTS = {
    Kind.HIRE: (
        hire,
        (
            Status.NO_SUCH_ACCOUNT,
            Status.OWN_OFFER,
            Status.NO_OFFER,
            Status.WRONG_SERVICE,
            Status.PRICE_TOO_HIGH,
            Status.NO_CAPACITY,
            Status.INSUFFICIENT_STAKE,
            Status.JOBS_FULL,
            Status.INSUFFICIENT_BALANCE,
        ),
    ),
    Kind.DELIVER: (deliver, ANSWER),
    Kind.ACCEPT: (accept, ANSWER),
    Kind.DISPUTE: (dispute, ANSWER),
}
"""Each entry point with its refusals, in order of precedence."""
