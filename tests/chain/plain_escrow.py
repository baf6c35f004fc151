"""The escrow with milestones and juries once more, in plain Python, as slow as it likes: see `tests/chain/plain_market.py`.

Written from the rundowns of the contracts, without their code. A job's own milestones are in its `deal`, its jury in its `jury`.
"""

from typing import Any

from chain.layout import Kind
from chain.status import Status
from tests.chain import plain_market as market
from tests.chain.plain_dice import draw
from tests.chain.plain_market import (
    ACCEPTED,
    CLOSED,
    DELIVERED,
    DELIVERY,
    FUNDED,
    NO_SHOW,
    PAID,
    REJECTED,
    SILENT,
    UPHELD,
    WHOLE,
    State,
    Tx,
    end_pledge,
    find_job,
    part,
    rate,
)

DISPUTED = 5
ARBITER, JURY = 3, 40
NONE, PAY, REFUND = range(3)
MOST_JURORS = 31
Job = dict[str, Any]


def word(state: State, job: Job, what: int, index: int) -> int:
    """A drawn word of the present milestone."""
    return draw(state.head, job["tick"], state.accounts[job["client"]]["name"], what, index)


def turn(state: State, job: Job) -> int:
    """Which one of the client's milestones of a tick this is, if all of its jobs had all of theirs one after another."""
    return job["request"] * milestones(state) + job["deal"]["part"]


def milestones(state: State) -> int:
    """Parts of a job."""
    return max(state.escrow["milestones"], 1)


def prices(state: State, job: Job) -> list[int]:
    """What each milestone costs."""
    each, rest = divmod(job["price"], milestones(state))
    return [each] * (milestones(state) - 1) + [each + rest]


def hire(state: State, tx: Tx) -> Status:
    """Open a job."""
    status = market.hire(state, tx)
    if not status:
        state.jobs[-1]["deal"] = {"part": 0, "earned": 0, "seats": 0, "rating_bps": 0}
        state.jobs[-1]["jury"] = []
    return status


def deliver(state: State, tx: Tx) -> Status:
    """Hand a milestone over."""
    status, job = find_job(state, tx, "provider", FUNDED)
    if not status:
        now, chance = state.head["height"], part(tx["bps"], state.terms["reliability_bps"])
        good = word(state, job, DELIVERY, turn(state, job)) * WHOLE >> 64 < chance
        job.update(phase=DELIVERED, delivered=now, due=now + state.terms["dispute_window"])
        job.update(effort_bps=tx["bps"], quality_bps=WHOLE if good else 0)
    return status


def give(state: State, job: Job, provider: int, client: int) -> None:
    """Money out of escrow."""
    state.lock(job["provider"], -provider)
    state.lock(job["client"], -client)
    job["deal"]["earned"] += provider


def go_on(state: State, job: Job, outcome: int, rating: int | None) -> None:
    """Pay a milestone, or give back what is left of the price; one or the other may be the end of the job."""
    now, price = state.head["height"], prices(state, job)[job["deal"]["part"]]
    unpaid = job["price"] - job["deal"]["earned"]
    if outcome in (UPHELD, NO_SHOW):
        kept = price if outcome == UPHELD and state.terms["pay_caught"] else 0
        give(state, job, kept, unpaid - kept)
        job.update(phase=CLOSED, outcome=outcome, paid=now)
        end_pledge(state, job, state.terms["slash_bps" if outcome == UPHELD else "no_show_slash_bps"])
    else:
        give(state, job, price, 0)
        job["deal"]["part"] += 1
        if job["deal"]["part"] < milestones(state):
            job.update(phase=FUNDED, due=now + state.terms["delivery_window"])
            return
        job.update(phase=PAID, outcome=outcome, paid=now)
    if rating is not None:
        rate(state, job, rating)


def accept(state: State, tx: Tx) -> Status:
    """Pay a milestone."""
    status, job = find_job(state, tx, "client", DELIVERED)
    if not status:
        go_on(state, job, ACCEPTED, tx["bps"])
    return status


def dispute(state: State, tx: Tx) -> Status:
    """Call the arbiter, or draw a jury."""
    status, job = find_job(state, tx, "client", DELIVERED)
    if status:
        return status
    if state.escrow["jurors"]:
        now = state.head["height"]
        job.update(phase=DISPUTED, due=now + state.escrow["vote_window"], jury=jury_of(state, job))
        job["deal"].update(rating_bps=tx["bps"], seats=len(job["jury"]))
    else:
        sees = word(state, job, ARBITER, turn(state, job)) * WHOLE >> 64 < state.terms["arbiter_bps"]
        go_on(state, job, UPHELD if sees and not job["quality_bps"] else REJECTED, tx["bps"])
    return Status.OK


def jury_of(state: State, job: Job) -> list[Tx]:
    """Draw tickets one after another out of an urn in which every account, in the order of names, has as many as it can back."""
    stake = state.escrow["juror_stake"]
    if not state.urn:
        for identity in state.identities:
            free = state.stakes[identity["address"]]["bonded"] - state.stakes[identity["address"]]["locked"]
            state.urn.append((identity["address"], free // max(stake, 1)))
    count = sum(held for owner, held in state.urn if owner not in (job["client"], job["provider"]))
    drawn: list[int] = []
    for seat in range(min(state.escrow["jurors"], count)):
        left = word(state, job, JURY, turn(state, job) * MOST_JURORS + seat) * (count - seat) >> 64
        for earlier in sorted(drawn):
            left += earlier <= left
        drawn.append(left)
    seats = []
    for juror, ticket in (owner_of(state, job, place) for place in sorted(drawn)):
        if state.stakes[juror]["bonded"] - state.stakes[juror]["locked"] < stake:
            continue
        state.stakes[juror]["locked"] += stake
        seats.append({"ticket": ticket, "juror": juror, "stake": stake, "vote": NONE})
    return seats


def owner_of(state: State, job: Job, place: int) -> tuple[int, int]:
    """Whose is the so-manyeth ticket that is no party's, and its number among all."""
    start = 0
    for owner, held in state.urn:
        if owner not in (job["client"], job["provider"]):
            if place < held:
                return owner, start + place
            place -= held
        start += held
    raise AssertionError("there are not so many tickets")


def vote(state: State, tx: Tx) -> Status:
    """Vote in a jury."""
    if not state.closed <= tx["subject"] < len(state.jobs):
        return Status.NO_SUCH_JOB
    job = state.jobs[tx["subject"]]
    if job["phase"] != DISPUTED:
        return Status.WRONG_PHASE
    mine = [seat for seat in job["jury"] if seat["juror"] == tx["sender"]]
    if not mine:
        return Status.NOT_A_JUROR
    if mine[0]["vote"]:
        return Status.ALREADY_VOTED
    if tx["count"] not in (PAY, REFUND):
        return Status.BAD_VOTE
    for seat in mine:
        seat["vote"] = tx["count"]
    return Status.OK


def judge(state: State, job: Job) -> int:
    """Count the votes, and settle with the jurors."""
    votes = [seat["vote"] for seat in job["jury"]]
    pay, refund = votes.count(PAY), votes.count(REFUND)
    right = {PAY, REFUND} if pay == refund else {PAY} if pay > refund else {REFUND}
    pot = 0
    for seat in job["jury"]:
        state.stakes[seat["juror"]]["locked"] -= seat["stake"]
        if seat["vote"] not in right:
            lost = part(seat["stake"], state.escrow["juror_slash_bps"])
            state.stakes[seat["juror"]]["bonded"] -= lost
            pot += lost
    winners = [seat["juror"] for seat in job["jury"] if seat["vote"] in right] if len(right) == 1 else []
    for juror in winners:
        state.lock(juror, -(pot // len(winners)))
    left = pot % len(winners) if winners else pot
    state.head["locked"] -= left
    state.head["burned"] += left
    return UPHELD if right == {REFUND} else REJECTED


def settle(state: State) -> None:
    """At the end of a block, let time decide whatever is due, in the order of jobs; then forget the oldest closed ones."""
    for job in state.jobs[state.closed :]:
        while job["due"] <= state.head["height"] and job["phase"] != CLOSED:
            if job["phase"] == PAID:
                job["phase"] = CLOSED
                end_pledge(state, job, 0)
            elif job["phase"] == DISPUTED:
                go_on(state, job, judge(state, job), job["deal"]["rating_bps"])
            else:
                go_on(state, job, NO_SHOW if job["phase"] == FUNDED else SILENT, None)
    state.urn.clear()
    while state.closed < len(state.jobs) and state.jobs[state.closed]["phase"] == CLOSED:
        state.closed += 1


ENTRY_POINTS: dict[int, Any] = market.ENTRY_POINTS | {
    Kind.HIRE: hire,
    Kind.DELIVER: deliver,
    Kind.ACCEPT: accept,
    Kind.DISPUTE: dispute,
    Kind.VOTE: vote,
}
