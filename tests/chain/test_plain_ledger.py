"""Two ledgers, one written for speed and one as plainly as can be, agree on every number after every block."""

import numpy as np
import pytest

from chain.contracts.service_market import Outcome
from chain.layout import SIGNED, Ordering
from chain.mempool import submit
from chain.rule import world
from chain.status import Status
from tests.chain.plain_ledger import PlainLedger
from tests.chain.swarm import JOBS, POOL, REASONS, blank_tally, economy, propose, seal

SETTINGS = ("seed", "world", "episode", "base_fee", "fee_quotient", "gas_limit", "registration_fee", "ordering", "capacity")
HEAD = ("height", "base_fee", "gas_used", "minted", "burned", "locked", "fees_burned", "tips", "tick", "dropped", "proposer")
OFFER = ("service", "price", "stake", "capacity", "taken", "taken_height", "known")
WAITING = (*SIGNED.names, "since", "arrival", "rank")


def rows_of(array, columns, addresses):
    return {a: {column: int(array[a][column]) for column in columns} for a in addresses}


def fast_tables(view):
    """Everything a block decides or leaves waiting, from the arrays of one world."""
    head, terms = view.head[0], view.terms[0]
    used = np.flatnonzero(view.accounts["owner"] >= 0).tolist()
    numbers = range(max(0, int(terms.opened) - view.jobs.size), int(terms.opened))
    jobs = view.jobs[np.array(numbers, int) & (view.jobs.size - 1)]
    receipts = view.receipts[: head.receipts]
    return {
        "head": {column: int(head[column]) for column in HEAD} | {"key": int(head.latency)},
        "accounts": rows_of(view.accounts, ("name", "owner", "balance", "nonce", "asked", "asked_tick"), used),
        "pending": {a: int(view.accounts[a].pending) for a in used},
        "identities": list(rows_of(view.identities, view.identities.dtype.names, range(head.registered)).values()),
        "stakes": rows_of(view.stakes, view.stakes.dtype.names, used),
        "offers": rows_of(view.offers, OFFER, used),
        "ratings": rows_of(view.reputation, view.reputation.dtype.names, used),
        "listed": view.offers["listed"][: terms.listed].tolist(),
        "jobs": dict(zip(numbers, jobs.tolist(), strict=True)),
        "deals": deals_of(view, numbers),
        "jobs forgotten": int(terms.closed),
        "receipts": receipts.tolist(),
        "waiting": view.pool[list(WAITING)][: head.pending].tolist(),
    }


def deals_of(view, numbers):
    """By number of a job its milestones, with its latest jury; nothing where the first escrow is deployed."""
    if not view.escrow.size:
        return {}
    places, out = view.seats.size // view.jobs.size, {}
    for number in numbers:
        row = number & (view.jobs.size - 1)
        deal = view.deals[row]
        out[number] = (deal.tolist(), view.seats[row * places : row * places + int(deal.seats)].tolist())
    return out


def plain_deals_of(state, numbers):
    """The same of the plain ledger."""
    if not state.escrow:
        return {}
    jobs = {number: state.jobs[number] for number in numbers}
    return {n: (tuple(job["deal"].values()), [tuple(seat.values()) for seat in job["jury"]]) for n, job in jobs.items()}


def plain_tables(ledger, job_columns):
    """The same of the plain ledger."""
    state = ledger.state
    numbers = range(max(0, len(state.jobs) - state.places), len(state.jobs))
    senders = [tx["sender"] for tx in ledger.pool]
    clock = {"tick": ledger.tick, "dropped": ledger.dropped, "key": ledger.key}
    return {
        "head": {column: (state.head | clock)[column] for column in (*HEAD, "key")},
        "accounts": state.accounts,
        "pending": {a: senders.count(a) for a in state.accounts},
        "identities": state.identities,
        "stakes": state.stakes,
        "offers": state.offers,
        "ratings": state.ratings,
        "listed": state.listed,
        "jobs": {n: tuple(state.jobs[n][column] for column in job_columns) for n in numbers},
        "deals": plain_deals_of(state, numbers),
        "jobs forgotten": state.closed,
        "receipts": [tuple(receipt) for receipt in ledger.receipts],
        "waiting": [tuple(tx[column] for column in WAITING) for tx in ledger.pool],
    }


def require_equal(view, ledger):
    """Fail with the first table in which the two ledgers differ."""
    fast, plain = fast_tables(view), plain_tables(ledger, view.jobs.dtype.names)
    assert fast.keys() == plain.keys()
    for table, rows in fast.items():
        assert rows == plain[table], f"{table} in block {view.head[0].height}"


def twins(w, rng, parted):
    """A fast ledger and a plain one in the same state, with accounts in any rows; worlds differ in ordering, fees and terms."""
    rows = rng.permutation(18)
    book = economy(1, first=w, rows=rows, seed=-7, parted=parted)
    view = world(book, 0)
    head, terms = view.head[0], view.terms[0]
    head.base_fee, head.fee_quotient = ((2, 64), (500, 8))[w // 4 % 2]
    terms.pay_caught = w // 2 % 2
    names = [*terms.dtype.names[: terms.dtype.names.index("closed")]]
    plain = PlainLedger(
        balances=view.accounts["balance"][rows[: head.registered]].tolist(),
        rows=rows.tolist(),
        places=POOL,
        jobs=JOBS,
        terms={name: int(terms[name]) for name in names},
        escrow={name: int(view.escrow[0][name]) for name in view.escrow.dtype.names} if parted else None,
        **{name: int(head[name]) for name in SETTINGS},
    )
    require_equal(view, plain)
    return book, plain


def hand_in(view, plain, requests):
    """Submit each transaction to both; returns how many the mempool refused, by status."""
    refused = np.zeros(max(Status) + 1, int)
    for k in range(requests.size):
        status = submit(view.head, view.accounts, view.pool, requests[k : k + 1])
        signed = dict(zip(SIGNED.names, requests[k].tolist(), strict=True))
        assert status == plain.submit(signed), signed
        refused[status] += status != Status.OK
    return refused


def compare(worlds, blocks, per_block, seed, parted=False):
    """Play random transactions on both ledgers: counts by status, transactions, and the blocks after which something waited for a
    lower base fee, and for a builder; and the jobs by how they ended."""
    rng = np.random.default_rng(seed)
    tally, size, waited, left_out = np.zeros(max(Status) + 1, int), 0, 0, 0
    nothing, ended = blank_tally(), np.zeros(len(Outcome), int)
    for w in range(worlds):
        book, plain = twins(w, rng, parted)
        view = world(book, 0)
        for block in range(blocks):
            gas_limit = 85 if block % 16 == 15 else 5_000
            view.head[0].gas_limit = plain.state.head["gas_limit"] = gas_limit
            requests = propose(book, rng, int(rng.integers(0, 2 * per_block + 1)), wild=0.02)[0]
            tally += hand_in(view, plain, requests)
            height, base_fee = int(view.head[0].height), int(view.head[0].base_fee)
            seal(book, nothing)
            receipts = plain.seal(lambda tx, height=height: (tx["arrival"] % 100 + height) % 100 - 1)
            require_equal(view, plain)
            size += requests.size
            tally += np.bincount([receipt.status for receipt in receipts], minlength=tally.size)
            waited += any(tx["max_fee"] < base_fee for tx in plain.pool)
            left_out += plain.ordering == Ordering.BUILDER and any(tx["rank"] < 0 for tx in plain.pool)
        ended += np.bincount([job["outcome"] for job in plain.state.jobs], minlength=ended.size)
    return tally, size, waited, left_out, ended


def seldom(tally, least):
    return [status.name for status in REASONS if tally[status] < least]


def test_thousands_of_transactions_come_out_the_same():
    tally, size, waited, left_out, _ = compare(worlds=4, blocks=24, per_block=40, seed=1)
    assert size > 3_500
    assert (waited > 10, left_out > 3) == (True, True)
    assert tally[[Status.OK, Status.REPLACED, Status.UNDERPRICED, Status.EVICTED, Status.BAD_NONCE]].min() > 20


@pytest.mark.slow
def test_a_hundred_thousand_transactions_come_out_the_same_whatever_they_meet():
    tally, size, waited, left_out, ended = compare(worlds=16, blocks=128, per_block=52, seed=2)
    assert size > 100_000
    assert (waited > 100, left_out > 50) == (True, True)
    assert seldom(tally, 20) == []
    assert ended[Outcome.ACCEPTED :].min() > 20


def test_with_milestones_and_juries_thousands_of_transactions_come_out_the_same():
    tally, size, *_ = compare(worlds=4, blocks=24, per_block=40, seed=3, parted=True)
    assert size > 3_500
    assert tally[[Status.OK, Status.WRONG_PHASE, Status.ALREADY_VOTED]].min() > 20


@pytest.mark.slow
def test_with_milestones_and_juries_whatever_they_meet_comes_out_the_same():
    tally, size, _, _, ended = compare(worlds=12, blocks=128, per_block=52, seed=4, parted=True)
    assert size > 70_000
    assert tally[[Status.NOT_A_JUROR, Status.ALREADY_VOTED, Status.BAD_VOTE]].min() > 20
    assert ended[Outcome.ACCEPTED :].min() > 20
