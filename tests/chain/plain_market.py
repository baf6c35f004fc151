"""The service market once more, in plain Python: dicts and whole numbers of any size, as slow as it likes.

Written from the rundowns of the contracts, without their code. `tests/chain/plain_ledger.py` calls it.
"""

from dataclasses import dataclass, field
from typing import Any

from chain.layout import Kind
from chain.status import Status
from tests.chain.plain_dice import draw

Row = dict[str, int]
Tx = dict[str, int]
LARGEST, MOST_MONEY, WHOLE = 2**40, 2**62, 10_000
FUNDED, DELIVERED, PAID, CLOSED = 1, 2, 3, 4
OPEN, ACCEPTED, SILENT, REJECTED, UPHELD, NO_SHOW = range(6)
DELIVERY, ARBITER = 2, 3


@dataclass
class State:
    """What blocks decide: everything but the mempool and the clock. Accounts are those in use, by address."""

    head: Row
    terms: Row
    rows: list[int]
    tick: int = 0
    accounts: dict[int, Row] = field(default_factory=dict)
    identities: list[Row] = field(default_factory=list)
    stakes: dict[int, Row] = field(default_factory=dict)
    offers: dict[int, Row] = field(default_factory=dict)
    ratings: dict[int, Row] = field(default_factory=dict)
    jobs: list[Row] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)
    closed: int = 0
    places: int = 0
    escrow: Row = field(default_factory=dict)
    """Terms of the escrow with milestones; none where the first one is deployed."""
    urn: list[tuple[int, int]] = field(default_factory=list)
    """Who has how many tickets for juries, in the present block; empty as long as there was no dispute."""

    def lock(self, address: int, amount: int) -> None:
        """Take money into keeping; a negative amount gives it back."""
        self.accounts[address]["balance"] -= amount
        self.head["locked"] += amount

    def burn(self, address: int, amount: int) -> None:
        """Destroy free money."""
        self.accounts[address]["balance"] -= amount
        self.head["burned"] += amount

    def open_account(self, owner: int, balance: int) -> None:
        """Give the next name to an owner, itself where it has none (-1)."""
        name = len(self.identities)
        owner = name if owner < 0 else owner
        address, now = self.rows[name], self.head["height"]
        self.identities.append({"address": address, "owner": owner, "latest": -1, "since": now})
        self.identities[owner]["latest"] = name
        self.accounts[address] = {"name": name, "owner": owner, "balance": balance, "nonce": 0, "asked": 0, "asked_tick": 0}
        self.stakes[address] = {"bonded": 0, "locked": 0, "unbonding": 0, "ready": 0}
        self.ratings[address] = {"points": 0, "weight": 0, "ratings": 0}
        none = ("service", "price", "stake", "capacity", "taken", "taken_height", "known")
        self.offers[address] = dict.fromkeys(none, 0)


def part(amount: int, bps: int) -> int:
    """A share in basis points, rounded down."""
    return amount * bps // WHOLE


def happens(state: State, job: Row, what: int, bps: int) -> bool:
    """A drawn event of a job, with a probability in basis points."""
    name = state.accounts[job["client"]]["name"]
    return draw(state.head, job["tick"], name, what, job["request"]) * WHOLE >> 64 < bps


def bond(state: State, tx: Tx) -> Status:
    """Put up stake."""
    if not 1 <= tx["amount"] <= MOST_MONEY:
        return Status.BAD_AMOUNT
    if state.accounts[tx["sender"]]["balance"] < tx["amount"]:
        return Status.INSUFFICIENT_BALANCE
    state.lock(tx["sender"], tx["amount"])
    state.stakes[tx["sender"]]["bonded"] += tx["amount"]
    return Status.OK


def unbond(state: State, tx: Tx) -> Status:
    """Start to take free stake back."""
    stake = state.stakes[tx["sender"]]
    if not 1 <= tx["amount"] <= MOST_MONEY:
        return Status.BAD_AMOUNT
    if stake["bonded"] - stake["locked"] < tx["amount"]:
        return Status.INSUFFICIENT_STAKE
    stake["bonded"] -= tx["amount"]
    stake["unbonding"] += tx["amount"]
    stake["ready"] = state.head["height"] + state.terms["unbonding_window"]
    return Status.OK


def withdraw(state: State, tx: Tx) -> Status:
    """Collect what has finished unbonding."""
    stake = state.stakes[tx["sender"]]
    if not stake["unbonding"]:
        return Status.NOTHING_UNBONDING
    if stake["ready"] > state.head["height"]:
        return Status.STILL_UNBONDING
    state.lock(tx["sender"], -stake["unbonding"])
    stake["unbonding"] = 0
    return Status.OK


def post(state: State, tx: Tx) -> Status:
    """Put up an offer."""
    if not 0 <= tx["amount"] <= LARGEST:
        return Status.BAD_AMOUNT
    if tx["subject"] not in range(state.terms["services"]):
        return Status.NO_SUCH_SERVICE
    if not 0 <= tx["count"] <= LARGEST:
        return Status.BAD_CAPACITY
    if not state.terms["min_stake"] <= tx["stake"] <= LARGEST:
        return Status.STAKE_TOO_SMALL
    if tx["sender"] not in state.listed:
        state.listed.append(tx["sender"])
    offered = {"service": tx["subject"], "price": tx["amount"], "stake": tx["stake"], "capacity": tx["count"], "known": 1}
    state.offers[tx["sender"]].update(offered)
    return Status.OK


def refuse_hire(state: State, tx: Tx) -> Status:
    """Why a hire can not be."""
    if tx["to"] not in state.accounts:
        return Status.NO_SUCH_ACCOUNT
    if tx["to"] == tx["sender"]:
        return Status.OWN_OFFER
    offer, stake = state.offers[tx["to"]], state.stakes[tx["to"]]
    taken = offer["taken"] if offer["taken_height"] == state.head["height"] else 0
    for status, refused in (
        (Status.NO_OFFER, offer["capacity"] == 0),
        (Status.WRONG_SERVICE, offer["service"] != tx["subject"]),
        (Status.PRICE_TOO_HIGH, offer["price"] > tx["amount"]),
        (Status.NO_CAPACITY, taken >= offer["capacity"]),
        (Status.INSUFFICIENT_STAKE, stake["bonded"] - stake["locked"] < offer["stake"]),
        (Status.JOBS_FULL, len(state.jobs) - state.closed >= state.places),
        (Status.INSUFFICIENT_BALANCE, state.accounts[tx["sender"]]["balance"] < offer["price"]),
    ):
        if refused:
            return status
    return Status.OK


def hire(state: State, tx: Tx) -> Status:
    """Open a job."""
    refused = refuse_hire(state, tx)
    if refused:
        return refused
    now, client, offer = state.head["height"], state.accounts[tx["sender"]], state.offers[tx["to"]]
    state.lock(tx["sender"], offer["price"])
    state.stakes[tx["to"]]["locked"] += offer["stake"]
    offer["taken"] = 1 + (offer["taken"] if offer["taken_height"] == now else 0)
    offer["taken_height"] = now
    request = client["asked"] if client["asked_tick"] == state.tick else 0
    client["asked"], client["asked_tick"] = request + 1, state.tick
    job = {"client": tx["sender"], "provider": tx["to"], "tick": state.tick, "request": request, "height": now}
    job |= {column: offer[column] for column in ("service", "price", "stake")}
    job |= {"phase": FUNDED, "outcome": OPEN, "due": now + state.terms["delivery_window"]}
    job |= {"delivered": -1, "paid": -1, "effort_bps": 0, "quality_bps": 0}
    tx["subject"] = len(state.jobs)
    state.jobs.append(job)
    return Status.OK


def find_job(state: State, tx: Tx, party: str, phase: int) -> tuple[Status, Row]:
    """The job that a transaction is about, if its sender is that party and it is the time."""
    if not state.closed <= tx["subject"] < len(state.jobs):
        return Status.NO_SUCH_JOB, {}
    job = state.jobs[tx["subject"]]
    if job[party] != tx["sender"]:
        return Status.NOT_YOUR_JOB, job
    if job["phase"] != phase:
        return Status.WRONG_PHASE, job
    return (Status.OK if 0 <= tx["bps"] <= WHOLE else Status.BAD_SHARE), job


def deliver(state: State, tx: Tx) -> Status:
    """Hand a job over: good with probability effort × reliability."""
    status, job = find_job(state, tx, "provider", FUNDED)
    if status:
        return status
    now = state.head["height"]
    good = happens(state, job, DELIVERY, part(tx["bps"], state.terms["reliability_bps"]))
    job.update(phase=DELIVERED, delivered=now, due=now + state.terms["dispute_window"])
    job.update(effort_bps=tx["bps"], quality_bps=WHOLE if good else 0)
    return Status.OK


def pay(state: State, job: Row, party: str, phase: int, outcome: int) -> None:
    """Pay the price of a job out of escrow."""
    state.lock(job[party], -job["price"])
    job.update(phase=phase, outcome=outcome, paid=state.head["height"])


def end_pledge(state: State, job: Row, slash_bps: int) -> None:
    """Give the stake of a job back, but for a part: the client is compensated with some of it, and the rest is burned."""
    stake, slashed = state.stakes[job["provider"]], part(job["stake"], slash_bps)
    stake["locked"] -= job["stake"]
    stake["bonded"] -= slashed
    gift = part(slashed, state.terms["compensation_bps"])
    state.lock(job["client"], -gift)
    state.head["locked"] -= slashed - gift
    state.head["burned"] += slashed - gift


def rate(state: State, job: Row, bps: int) -> None:
    """Leave a rating: older ones are forgotten in part, and payments may weigh."""
    ratings, decay = state.ratings[job["provider"]], state.terms["rating_decay_bps"]
    weight = max(job["price"] * state.terms["rating_by_payment"], 2**16)
    ratings["points"] = part(ratings["points"], WHOLE - decay) + bps * weight
    ratings["weight"] += weight - part(ratings["weight"], decay)
    ratings["ratings"] += 1
    if ratings["weight"] >= 2**49:
        ratings["points"] //= 2
        ratings["weight"] = (ratings["weight"] + 1) // 2


def accept(state: State, tx: Tx) -> Status:
    """Pay the provider and rate it."""
    status, job = find_job(state, tx, "client", DELIVERED)
    if not status:
        pay(state, job, "provider", PAID, ACCEPTED)
        rate(state, job, tx["bps"])
    return status


def dispute(state: State, tx: Tx) -> Status:
    """Rate the provider and call the arbiter, who sees the truth now and then."""
    status, job = find_job(state, tx, "client", DELIVERED)
    if status:
        return status
    rate(state, job, tx["bps"])
    if job["quality_bps"] < WHOLE and happens(state, job, ARBITER, state.terms["arbiter_bps"]):
        pay(state, job, "provider" if state.terms["pay_caught"] else "client", CLOSED, UPHELD)
        end_pledge(state, job, state.terms["slash_bps"])
    else:
        pay(state, job, "provider", PAID, REJECTED)
    return Status.OK


def settle(state: State) -> None:
    """At the end of a block, let silence decide every job whose time has come; then forget the oldest closed ones."""
    for job in state.jobs[state.closed :]:
        if job["due"] > state.head["height"] or job["phase"] == CLOSED:
            continue
        if job["phase"] == FUNDED:
            pay(state, job, "client", CLOSED, NO_SHOW)
            end_pledge(state, job, state.terms["no_show_slash_bps"])
            continue
        if job["phase"] == DELIVERED:
            pay(state, job, "provider", CLOSED, SILENT)
        job["phase"] = CLOSED
        end_pledge(state, job, 0)
    while state.closed < len(state.jobs) and state.jobs[state.closed]["phase"] == CLOSED:
        state.closed += 1


ENTRY_POINTS: dict[int, Any] = {
    Kind.BOND: bond,
    Kind.UNBOND: unbond,
    Kind.WITHDRAW: withdraw,
    Kind.POST: post,
    Kind.HIRE: hire,
    Kind.DELIVER: deliver,
    Kind.ACCEPT: accept,
    Kind.DISPUTE: dispute,
}
