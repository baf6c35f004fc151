"""A swarm of random transactions, sensible and wild, in many worlds at once; the books are checked after every block.

The same function drives the honest test, the canaries and the comparison of the three modes.
"""

from typing import Any

import numpy as np

from chain.contracts import offers, registry, stake, token
from chain.contracts import service_market as market
from chain.deployments import service_escrow, service_market
from chain.genesis import found
from chain.invariants import check
from chain.layout import NO_DEADLINE, NO_LIMIT, SIGNED, Kind, Ordering, Records, records
from chain.mempool import submit
from chain.rule import world
from chain.status import ADMITTED_FROM, Status
from tests.chain.markets import TERMS

WILD = np.array([-(2**63), -(2**62), -1, 0, 1, 9_999, 10_001, 2**40, 2**40 + 1, 2**62, 2**62 + 1, 2**63 - 1], np.int64)
WILD_KINDS = np.array([-(2**63), -1, 0, max(Kind) + 1, 99, 2**62], np.int64)
FIRST = (token, registry, stake, offers, market)
SERVED_BY = {kind: entry for contract in FIRST for kind, entry in contract.ENTRY_POINTS.items()}
SERVED = sorted(SERVED_BY)
"""The kinds that this ledger knows."""
REASONS = sorted(
    {status for _, refusals in SERVED_BY.values() for status in refusals}
    | {status for status in Status if status < ADMITTED_FROM}
    | {Status.EXPIRED, Status.UNKNOWN_KIND}
)
"""What can come out on this ledger."""
KINDS = np.array([Kind.HIRE] * 5 + [Kind.DELIVER] * 4 + [Kind.ACCEPT, Kind.DISPUTE] * 2 + SERVED, np.int64)
WITH_VOTES = np.array([*KINDS, *[Kind.DISPUTE] * 3, *[Kind.VOTE] * 8], np.int64)
"""The same where juries vote."""
POOL, JOBS = 160, 64
Tally = "np.ndarray[Any, np.dtype[np.int64]]"
"""How often each (kind, status) came out; kinds that do not exist are counted in row 0."""


def economy(
    worlds: int,
    *,
    rows: Any = None,
    seed: int = 0,
    first: int = 0,
    pool: int = POOL,
    gas_limit: int = 5_000,
    parted: bool = False,
) -> Any:
    """Worlds with eight rich names, two poor ones and spare rows; half of the disputes fail, half of the deliveries are bad.
    In every other world ratings decay, in two of four they weigh as much as their job's price, and all four orderings occur. The
    mempool keeps three quarters of what it has places for.

    `parted`: jobs have up to three milestones, and disputes an arbiter or juries of up to five seats.
    """
    book = (service_escrow if parted else service_market).blank(worlds, 18, pool, JOBS, **({"jurors": 5} if parted else {}))
    found(
        book,
        seeds=seed,
        worlds=first + np.arange(worlds),
        rows=rows,
        balances=[10**12] * 8 + [90, 5_000],
        base_fee=2,
        fee_quotient=64,
        gas_limit=gas_limit,
        registration_fee=5,
        capacity=pool * 3 // 4,
    )
    book.head["ordering"] = book.head["world"] % len(Ordering)
    for term, value in (TERMS | {"reliability_bps": 6_000, "arbiter_bps": 7_000}).items():
        book.terms[term] = value
    book.terms["rating_decay_bps"][:, 0] = np.where(book.head["world"][:, 0] % 2, 1_500, 0)
    book.terms["rating_by_payment"][:, 0] = book.head["world"][:, 0] // 2 % 2
    if parted:
        number = book.head["world"]
        book.escrow["milestones"], book.escrow["jurors"] = number % 3 + 1, np.array([5, 3, 0, 4])[number % 4]
        book.escrow["juror_stake"], book.escrow["juror_slash_bps"], book.escrow["vote_window"] = 30, 3_333, 3
    return book


def share_of(rng: Any, amounts: Any) -> Any:
    """Whole amounts between 0 and these, mostly small."""
    return (rng.random(amounts.shape) ** 4 * np.maximum(amounts, 0)).astype(np.int64)


def name_jobs(book: Any, rng: Any, tx: Any) -> None:
    """Point deliveries and answers at open jobs, and mostly at the right sender."""
    w = np.arange(tx.shape[0])[:, None]
    terms = book.terms
    number = terms["closed"] + share_of(rng, terms["opened"] - terms["closed"] + 0 * tx["kind"])
    number += (rng.random(tx.shape) * np.maximum(terms["opened"] - number, 0)).astype(np.int64)
    job = book.jobs[w, number & (book.jobs.shape[1] - 1)]
    about_job = np.isin(tx["kind"], (Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE))
    tx["subject"] = np.where(about_job, number, tx["subject"])
    party = np.where(tx["kind"] == Kind.DELIVER, job["provider"], job["client"])
    tx["sender"] = np.where(about_job & (rng.random(tx.shape) < 0.9), party, tx["sender"])
    if book.seats.size:
        name_votes(book, rng, tx)


def name_votes(book: Any, rng: Any, tx: Any) -> None:
    """Point votes mostly at disputes before a jury and at the right juror, and let most of them say something."""
    w = np.arange(tx.shape[0])[:, None]
    votes, waiting = tx["kind"] == Kind.VOTE, book.jobs["phase"] == market.Phase.DISPUTED
    row = np.argmax(np.where(waiting[:, None, :], rng.random((*tx.shape, waiting.shape[1])), 0), axis=2)
    closed, places = book.terms["closed"], book.seats.shape[1] // book.jobs.shape[1]
    tx["subject"] = np.where(votes, closed + (row - closed) % book.jobs.shape[1], tx["subject"])
    seat = book.seats[w, row * places + rng.integers(0, 3, tx.shape)]
    tx["sender"] = np.where(votes & (rng.random(tx.shape) < 0.9), seat["juror"], tx["sender"])
    tx["count"] = np.where(votes & (rng.random(tx.shape) < 0.9), rng.integers(1, 3, tx.shape), tx["count"])


def name_amounts(book: Any, rng: Any, tx: Any) -> None:
    """Amounts that the sender could mean, by kind."""
    w = np.arange(tx.shape[0])[:, None]
    offer, stake = book.offers[w, tx["to"]], book.stakes[w, tx["sender"]]
    amount = share_of(rng, book.accounts["balance"][w, tx["sender"]] // 1_000)
    kind = tx["kind"]
    amount = np.where(kind == Kind.POST, rng.integers(0, 500, tx.shape), amount)
    amount = np.where(kind == Kind.HIRE, offer["price"] + rng.integers(-20, 400, tx.shape), amount)
    amount = np.where(kind == Kind.UNBOND, share_of(rng, stake["bonded"]) + 1, amount)
    tx["amount"] = amount
    right_service = (kind == Kind.HIRE) & (rng.random(tx.shape) < 0.9)
    tx["subject"] = np.where(right_service, offer["service"], tx["subject"])


def number_in_turn(book: Any, rng: Any, tx: Any) -> None:
    """Give every transaction its sender's next nonce, or, now and then, its last one once more at another tip."""
    w = np.arange(tx.shape[0])[:, None]
    start = book.accounts["nonce"] + book.accounts["pending"]
    sender, again = tx["sender"], rng.random(tx.shape) < 0.03
    same = (sender[:, :, None] == sender[:, None, :]) & ~again[:, None, :]
    tx["nonce"] = start[w, sender] + np.tril(same, -1).sum(axis=2) - again
    tx["tip"] += again * rng.integers(-1, 3, tx.shape)


def limit_fees(book: Any, rng: Any, tx: Any) -> None:
    """One in ten pays no more than about the base fee and its tip, one in a hundred less than the base fee or a wild limit."""
    base_fee, dice = book.head["base_fee"], rng.random(tx.shape)
    tx["max_fee"] = np.where(dice < 0.1, base_fee + np.clip(tx["tip"] + rng.integers(-1, 3, tx.shape), 0, 4), NO_LIMIT)
    tx["max_fee"] = np.where(dice < 0.01, base_fee - 1, tx["max_fee"])
    tx["max_fee"] = np.where(dice > 0.99, rng.choice(WILD, tx.shape), tx["max_fee"])


def propose(book: Any, rng: Any, count: int, wild: float = 0.012) -> Records:
    """So many random transactions per world, most of them sensible in its present state."""
    shape = (book.accounts.shape[0], count)
    tx = records(SIGNED, *shape)
    w = np.arange(shape[0])[:, None]
    registered = book.head["registered"]
    tx["kind"] = rng.choice(WITH_VOTES if book.seats.size else KINDS, shape)
    tx["sender"] = book.identities["address"][w, rng.integers(0, registered, shape)]
    tx["to"] = book.identities["address"][w, rng.integers(0, registered, shape)]
    tx["tip"] = rng.integers(0, 4, shape)
    tx["stake"] = rng.integers(8, 60, shape)
    tx["count"] = rng.integers(0, 6, shape)
    tx["bps"] = rng.integers(0, 10_001, shape)
    tx["subject"] = rng.integers(0, 2, shape)
    tx["deadline"] = np.where(rng.random(shape) < 0.02, book.head["height"] + rng.integers(0, 3, shape), NO_DEADLINE)
    name_jobs(book, rng, tx)
    name_amounts(book, rng, tx)
    number_in_turn(book, rng, tx)
    limit_fees(book, rng, tx)
    for column in SIGNED.names:
        if column == "max_fee":
            continue
        values = WILD_KINDS if column == "kind" else WILD
        tx[column] = np.where(rng.random(shape) < wild, rng.choice(values, shape), tx[column])
    return tx


def hand_in(book: Any, w: int, requests: Records, tally: Any) -> None:
    """Submit the transactions of one world; those that the mempool refuses are counted and left out."""
    view = world(book, w)
    start = 0
    while start < requests.size:
        before = int(view.head[0].pending)
        status = submit(view.head, view.accounts, view.pool, requests[start:])
        if status == Status.OK:
            return
        tally[0, status] += 1
        start += int(view.head[0].pending) - before + 1


def seal(book: Any, tally: Any) -> None:
    """Execute one block in every world, count what came out, and check the books. A builder that orders leaves some out."""
    book.pool["rank"] = (book.pool["arrival"] % 100 + book.head["height"]) % 100 - 1
    service_market.advance(book, 0, book.head.shape[0])
    included = np.arange(book.receipts.shape[1]) < book.head["receipts"]
    receipts = book.receipts[included]
    kinds = np.where((receipts["kind"] > 0) & (receipts["kind"] <= max(Kind)), receipts["kind"], 0)
    np.add.at(tally, (kinds, receipts["status"]), 1)
    check(book)


def blank_tally() -> Any:
    """How often each (kind, status) came out so far: never."""
    return np.zeros((max(Kind) + 1, max(Status) + 1), np.int64)


def swarm(worlds: int, blocks: int, per_block: int, *, seed: int = 0, parted: bool = False) -> tuple[Any, Any]:
    """Let the swarm loose; returns the book and the tally. Raises `InvariantError` at the first block that does not balance."""
    book, rng = economy(worlds, seed=seed, parted=parted), np.random.default_rng(seed)
    tally = blank_tally()
    for block in range(blocks):
        book.head["gas_limit"] = 85 if block % 16 == 15 else 5_000  # now and then too little for a dispute
        requests = propose(book, rng, int(rng.integers(0, 2 * per_block + 1)))
        for w in range(worlds):
            hand_in(book, w, requests[w], tally)
        seal(book, tally)
    return book, tally
