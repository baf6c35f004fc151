"""Every movement of money in a recorded ledger but fees: whose money it was, whose it is then, and for which reason.

What moves between an account's balance and the ledger's keeping (escrow, stake) stays the money of that account. So what an
account has, free and kept, changes by movements whose payer and payee differ, and by fees and tips: nothing else.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from chain.contracts.service_market import Outcome
from chain.fees import GAS
from chain.layout import NOBODY, Integers, Kind, Records
from chain.status import Status
from sim.ledgers.auctions import auctioned
from sim.ledgers.escrows import earned_of, forfeits, positions_of
from sim.ledgers.pools import pooled
from sim.ledgers.reading import SALES, Recorded

LAST = 2**62
"""A position behind all transactions of a block."""
POOL = -2
"""In the place of an address: a pool of money and credits. What is in it is nobody's, until its shares are given back."""


class Reason(IntEnum):
    """Why money moved."""

    TRANSFER = 1
    REGISTER = 2  # to the account that was opened
    REGISTRATION_FEE = 3  # burned
    BOND = 4  # from the balance into stake
    WITHDRAW = 5  # stake back to the balance
    ESCROW = 6  # the price of a job, from the client's balance into the ledger's keeping
    PAYMENT = 7  # the price out of escrow, to the provider
    REFUND = 8  # the price out of escrow, back to the client
    COMPENSATION = 9  # the client's part of a slashed stake
    SLASH = 10  # the other part of it, burned
    SALE = 11  # at a posted price
    COST = 12  # of producing what was sold, burned
    SWAP_IN = 16  # paid into a pool for credits
    SWAP_OUT = 17  # out of a pool, for credits that were paid in
    LIQUIDITY_IN = 18  # into a pool, for shares
    LIQUIDITY_OUT = 19  # out of a pool, for shares that were given back
    DEPOSIT = 25  # of a sealed bid, into the ledger's keeping
    DEPOSIT_BACK = 26
    FORFEIT = 27  # the deposit of a bid that stayed sealed, burned
    VERDICT = 40  # stake of a juror who voted against the majority, or not at all, to one who voted with it
    VERDICT_BURNED = 41  # the part of it that nobody gets


FROM_KEEPING = (
    Reason.WITHDRAW, Reason.PAYMENT, Reason.REFUND, Reason.COMPENSATION, Reason.SLASH, Reason.DEPOSIT_BACK, Reason.FORFEIT,
    Reason.VERDICT, Reason.VERDICT_BURNED,
)  # fmt: skip
"""These do not lower the payer's balance: the money was in the ledger's keeping."""
INTO_KEEPING = (Reason.BOND, Reason.ESCROW, Reason.DEPOSIT)
"""These do not raise the payee's balance."""


class Transactions(NamedTuple):
    """All transactions of a record, in order of execution: one array per column."""

    height: Integers
    position: Integers
    """In the block."""
    signed: Records
    """Layout `SIGNED`."""
    receipts: Records
    """Layout `RECEIPT`."""
    gas: Integers
    burned: Integers
    """Money: the part of the fee that is the base fee's."""

    @property
    def done(self) -> Any:
        """Whether each was executed and not refused."""
        return self.receipts["status"] == Status.OK


class Movements(NamedTuple):
    """Movements of money in order, one array per column."""

    height: Integers
    position: Integers
    """Of the transaction that moved it; `NOBODY`: what the end of the block settled."""
    reason: Integers
    payer: Integers
    """`POOL`: it was a pool's."""
    payee: Integers
    """`NOBODY`: the money is burned; `POOL`: it is a pool's."""
    amount: Integers
    job: Integers


def transactions_of(recorded: Recorded) -> Transactions:
    """All transactions of a record."""
    blocks = recorded.blocks
    counts = np.array([block.transactions.size for block in blocks])
    height = np.repeat(recorded.first + np.arange(len(blocks)), counts)
    position = np.arange(height.size) - np.repeat(np.cumsum(counts) - counts, counts)
    signed: Any = np.concatenate([block.transactions for block in blocks])
    receipts: Any = np.concatenate([block.receipts for block in blocks])
    kind = signed["kind"]
    gas = GAS[np.where((kind > 0) & (kind < GAS.size), kind, Kind.TRANSFER)]
    base_fee = np.repeat(np.array([block.header.base_fee for block in blocks]), counts)
    return Transactions(height, position, signed, receipts, gas, gas * base_fee)


def share(amount: Integers, bps: int) -> Integers:
    """`amount` × `bps` / 10,000, rounded down, as `chain.accounts.share` has it."""
    return amount // 10_000 * bps + amount % 10_000 * bps // 10_000


def registrations(recorded: Recorded, tx: Transactions) -> tuple[Integers, Integers]:
    """The transactions that opened an account, and the addresses of those accounts: names are given in order."""
    opened = np.flatnonzero(tx.done & (tx.signed["kind"] == Kind.REGISTER))
    names = int(recorded.genesis["head"]["registered"][0]) + np.arange(opened.size)
    return opened, recorded.book.identities["address"][names]


def movements_of(recorded: Recorded, transactions: Transactions) -> Movements:
    """All movements of money of a record, those of 0 left out: in order of execution, what the end of a block settles last."""
    parts = [
        *_by_transactions(recorded, transactions),
        *_of_jobs(recorded, transactions),
        *_of_milestones(recorded, transactions),
        *_sales(recorded),
        *_of_auctions(recorded, transactions),
        *_of_pools(recorded, transactions),
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    movements = Movements(*columns)
    moved = np.flatnonzero(movements.amount > 0)
    place = np.where(movements.position == NOBODY, LAST, movements.position)[moved]
    order = moved[np.lexsort((place, movements.height[moved]))]
    return Movements(*(column[order] for column in columns))


def _part(height: Any, position: Any, reason: int, payer: Any, payee: Any, amount: Any, job: Any = NOBODY) -> Movements:
    """Movements for one reason; single numbers serve all."""
    return Movements(*(np.broadcast_to(np.asarray(x, np.int64), np.shape(height)) for x in
                       (height, position, reason, payer, payee, amount, job)))  # fmt: skip


def _by_transactions(recorded: Recorded, tx: Transactions) -> list[Movements]:
    """What transfers, registrations and stakes moved."""
    signed = tx.signed

    def done(kind: Kind) -> Integers:
        return np.flatnonzero(tx.done & (signed["kind"] == kind))

    moved = done(Kind.TRANSFER)
    place = tx.height[moved], tx.position[moved]
    parts = [_part(*place, Reason.TRANSFER, signed["sender"][moved], signed["to"][moved], signed["amount"][moved])]
    opened, address = registrations(recorded, tx)
    place, payer = (tx.height[opened], tx.position[opened]), signed["sender"][opened]
    parts.append(_part(*place, Reason.REGISTRATION_FEE, payer, NOBODY, int(recorded.book.head[0].registration_fee)))
    parts.append(_part(*place, Reason.REGISTER, payer, address, signed["amount"][opened]))
    if "stakes" in recorded.genesis:
        bonded = done(Kind.BOND)
        payer = signed["sender"][bonded]
        parts.append(_part(tx.height[bonded], tx.position[bonded], Reason.BOND, payer, payer, signed["amount"][bonded]))
        parts.append(_withdrawn(recorded, tx))
    return parts


def _withdrawn(recorded: Recorded, tx: Transactions) -> Movements:
    """What was withdrawn: of each account, all that it unbonded since it last withdrew."""
    kind, sender = tx.signed["kind"], tx.signed["sender"]
    events = np.flatnonzero(tx.done & ((kind == Kind.UNBOND) | (kind == Kind.WITHDRAW)))
    events = events[np.argsort(sender[events], kind="stable")]
    who, withdraws = sender[events], kind[events] == Kind.WITHDRAW
    unbonded = np.where(withdraws, 0, tx.signed["amount"][events])
    begins = np.flatnonzero(np.diff(who, prepend=NOBODY))
    unbonded[begins] += recorded.genesis["stakes"]["unbonding"][who[begins]]
    total = np.cumsum(unbonded)
    ends = np.flatnonzero(withdraws)
    before = np.where(begins > 0, total[begins - 1], 0)  # what those before it unbonded
    since = before[np.searchsorted(begins, ends, "right") - 1]
    again = np.flatnonzero(np.diff(who[ends], prepend=NOBODY) == 0)
    since[again] = total[ends[again - 1]]
    payer, rows = who[ends], events[ends]
    return _part(tx.height[rows], tx.position[rows], Reason.WITHDRAW, payer, payer, total[ends] - since)


def _of_jobs(recorded: Recorded, tx: Transactions) -> list[Movements]:
    """What jobs moved: prices into escrow and out of it, and stake that was slashed."""
    jobs: Any = recorded.jobs
    if not jobs.size:
        return []
    kind, about, terms = tx.signed["kind"], tx.receipts["subject"] - recorded.numbers[0], recorded.book.terms[0]
    hired = np.flatnonzero(tx.done & (kind == Kind.HIRE))
    job = about[hired]
    client, number = jobs["client"], recorded.numbers
    place = tx.height[hired], tx.position[hired]
    parts = [_part(*place, Reason.ESCROW, client[job], client[job], jobs["price"][job], number[job])]
    answered = np.flatnonzero(tx.done & ((kind == Kind.ACCEPT) | (kind == Kind.DISPUTE)))
    position = np.full(jobs.size, NOBODY)
    position[about[answered]] = tx.position[answered]
    outcome, provider = jobs["outcome"], jobs["provider"]
    ended = jobs["paid"] > recorded.first
    price, whole = jobs["price"] - earned_of(recorded), "deals" not in recorded.genesis
    if not whole:  # of the answers to milestones only the arbiter's last one ends a job early
        position[(outcome != Outcome.UPHELD) | (recorded.book.escrow[0].jurors > 0)] = NOBODY
    back = (outcome == Outcome.NO_SHOW) | ((outcome == Outcome.UPHELD) & (terms.pay_caught == 0))
    slashed = np.where(outcome == Outcome.UPHELD, share(jobs["stake"], int(terms.slash_bps)), 0)
    slashed = np.where(outcome == Outcome.NO_SHOW, share(jobs["stake"], int(terms.no_show_slash_bps)), slashed)
    compensation = share(slashed, int(terms.compensation_bps))
    for where, reason, payer, payee, amount in (
        (ended & ~back & whole, Reason.PAYMENT, client, provider, price),
        (ended & (back | (not whole)), Reason.REFUND, client, client, price),
        (ended, Reason.COMPENSATION, provider, client, compensation),
        (ended, Reason.SLASH, provider, np.full(jobs.size, NOBODY), slashed - compensation),
    ):
        of = np.flatnonzero(where)
        parts.append(_part(jobs["paid"][of], position[of], reason, payer[of], payee[of], amount[of], number[of]))
    return parts


def _of_milestones(recorded: Recorded, tx: Transactions) -> list[Movements]:
    """What was paid for milestones, and what jurors lost and won."""
    if "deals" not in recorded.genesis:
        return []
    escrow, jobs = recorded.book.escrow[0], recorded.jobs
    height, number, _, amount = recorded.escrowed.parts.T
    position = positions_of(recorded.escrowed.parts, tx, int(escrow.jurors))
    of = number - recorded.numbers[0] if number.size else number
    parts = [_part(height, position, Reason.PAYMENT, jobs["client"][of], jobs["provider"][of], amount, number)]
    lost = np.array(forfeits(recorded.escrowed.votes, int(escrow.juror_slash_bps)), np.int64).reshape(-1, 5)
    for burned, reason in ((False, Reason.VERDICT), (True, Reason.VERDICT_BURNED)):
        some = lost[(lost[:, 3] == NOBODY) == burned]
        parts.append(_part(some[:, 0], NOBODY, reason, some[:, 2], some[:, 3], some[:, 4], some[:, 1]))
    return parts


def _sales(recorded: Recorded) -> list[Movements]:
    """What was sold at posted prices, and what its production cost."""
    if not recorded.sales.size:
        return []
    height, seller, revenue, cost = (recorded.sales[:, k] for k in range(len(SALES)))
    consumers = int(recorded.book.terms[0].consumers)
    return [
        _part(height, NOBODY, Reason.SALE, consumers, seller, revenue),
        _part(height, NOBODY, Reason.COST, seller, NOBODY, cost),
    ]


def _of_auctions(recorded: Recorded, tx: Transactions) -> list[Movements]:
    """What auctions moved: reserves and deposits in and out, and payments."""
    if "auctions" not in recorded.genesis:
        return []
    last = recorded.first + len(recorded.blocks) - 1
    a, b = auctioned(recorded.genesis, tx, last)
    parts = []
    for when, place, reason, payer, payee, amount, number in (
        (a["height"], a["position"], Reason.ESCROW, a["buyer"], a["buyer"], a["reserve"], a["number"]),
        (b["height"], b["position"], Reason.DEPOSIT, b["bidder"], b["bidder"], b["deposit"], b["number"]),
        (a["end"], NOBODY, Reason.PAYMENT, a["buyer"], a["winner"], a["price"], a["number"]),
        (a["end"], NOBODY, Reason.REFUND, a["buyer"], a["buyer"], a["reserve"] - a["price"], a["number"]),
        (b["end"], NOBODY, Reason.DEPOSIT_BACK, b["bidder"], b["bidder"], b["deposit"] * b["revealed"], b["number"]),
        (b["end"], NOBODY, Reason.FORFEIT, b["bidder"], NOBODY, b["deposit"] * (1 - b["revealed"]), b["number"]),
    ):
        part = _part(when, place, reason, payer, payee, amount, number)
        parts.append(Movements(*(column[(when > recorded.first) & (when <= last)] for column in part)))
    return parts


def _of_pools(recorded: Recorded, tx: Transactions) -> list[Movements]:
    """What swaps and liquidity moved into a pool and out of it."""
    if "liquidity" not in recorded.genesis:
        return []
    rows, money, _ = pooled(recorded.genesis, tx)
    swaps = tx.signed["kind"][rows] == Kind.SWAP
    parts = []
    for which, reasons in ((swaps, (Reason.SWAP_IN, Reason.SWAP_OUT)), (~swaps, (Reason.LIQUIDITY_IN, Reason.LIQUIDITY_OUT))):
        for sign, reason in zip((1, -1), reasons, strict=True):
            of = np.flatnonzero(which & (sign * money > 0))
            who, pool = tx.signed["sender"][rows[of]], np.full(of.size, POOL)
            payer, payee = (who, pool) if sign > 0 else (pool, who)
            parts.append(_part(tx.height[rows[of]], tx.position[rows[of]], reason, payer, payee, sign * money[of]))
    return parts
