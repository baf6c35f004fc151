"""What the ledger remembers: record layouts, limits and the words for kinds of transactions.

The state of an economy is a **book**: a `NamedTuple` of arrays of records, each with a leading world axis. Every column is
a 64-bit integer, so records have no padding and equal states have equal bytes. A deployment (`chain.deployments`) says
which arrays its book holds.
"""

from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

Records: TypeAlias = np.recarray[Any, Any]
"""An array of records: ``accounts[row].balance`` reads one column of one record."""
Record: TypeAlias = Any
"""One record, as rules see it."""
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

NOBODY = -1
"""No account, no job, no offer. Never used as an index."""
WHOLE_BPS = 10_000
"""Basis points in a whole."""
MAX_SUPPLY = 2**62
"""Most money that can ever be minted, so that no credit can overflow."""
MAX_PRICE = 2**40
"""Highest price, stake and tip per gas: products with gas and sums over jobs stay inside 64 bits."""
MAX_BASE_FEE = 2**40
"""Highest base fee: what a transaction costs stays inside 64 bits."""
MAX_FEE_QUOTIENT = 2**32
MAX_GAS = 2**30
"""Highest gas limit of a block."""
NO_LIMIT = 2**62
"""As `max_fee` of a transaction: it pays whatever the base fee is."""
NO_DEADLINE = 2**62


class Kind(IntEnum):
    """The entry points that a transaction can call."""

    TRANSFER = 1
    REGISTER = 2
    BOND = 3
    UNBOND = 4
    WITHDRAW = 5
    POST = 6
    HIRE = 7
    DELIVER = 8
    ACCEPT = 9
    DISPUTE = 10
    POST_PRICE = 11
    # Credits, the pool, the payee escrow
    CREDIT_TRANSFER = 12
    CREDIT_APPROVE = 13
    CREDIT_TRANSFER_FROM = 14
    CREDIT_MINT = 15
    CREDIT_BURN = 16
    ADD_LIQUIDITY = 17
    REMOVE_LIQUIDITY = 18
    SWAP = 19
    ESCROW_DEPOSIT = 20
    ESCROW_WITHDRAW = 21
    ESCROW_REFUND = 22
    ESCROW_CLOSE = 23
    ESCROW_COLLECT = 24
    # Auctions
    OPEN_AUCTION = 25
    COMMIT_BID = 26
    REVEAL_BID = 27
    # The order book
    PLACE_BID = 30
    PLACE_ASK = 31
    CANCEL_ORDER = 32
    ISSUE_UNITS = 33
    # Governance
    CHANGE_PARAMETER = 35
    # Juries
    VOTE = 40


class Ordering(IntEnum):
    """Who comes first in a block. A sender's own transactions always come by nonce."""

    TIP = 0  # the higher tip; among equal tips as in ARRIVAL
    ARRIVAL = 1  # who has waited longer; in one tick the earlier drawn arrival
    RANDOM = 2  # drawn anew for every block
    BUILDER = 3  # by `rank`, which whoever builds the block sets, equal ones as in ARRIVAL; a negative rank is left out


def record(*columns: str) -> Any:
    """A record of 64-bit integers with named columns."""
    return np.dtype((np.record, np.dtype([(column, np.int64) for column in columns], align=True)))


HEAD = record(
    "seed", "world", "episode",  # coordinates of every draw
    "height", "base_fee", "fee_quotient", "gas_limit", "gas_used",  # the fee market; gas_used of the last block
    "proposer",  # address that earns the tips
    "registered", "registration_fee",  # identities in use; price of one more
    "minted", "burned", "locked",  # minted = balances + locked + burned
    "fees_burned", "tips",  # totals: base fees, tips
    "tick", "latency",  # engine steps, never falls; the draw that keys this tick's arrivals
    "pending", "capacity", "ordering",  # transactions in the mempool, and how many it keeps; an `Ordering`
    "receipts", "dropped",  # receipts of the last block; all transactions that found the mempool full
)  # fmt: skip
"""The head of the chain: one record per world."""

ACCOUNT = record("name", "owner", "balance", "nonce", "pending", "asked", "asked_tick")
"""`name` is stable whatever the row; `owner` is the name of the agent behind it (`NOBODY`: a spare row); `asked`
counts the deals that it opened in `asked_tick`."""

IDENTITY = record("address", "owner", "latest", "since")
"""By name: its address, the agent that owns it, that agent's newest identity, and the height of registration."""

SIGNED = record("kind", "sender", "nonce", "tip", "max_fee", "deadline", "to", "subject", "amount", "stake", "count", "bps")
"""What a sender signs. `tip` and `max_fee` are money per gas: `max_fee` is the most it pays in all, base fee included. `deadline`
is the last height at which it may take effect; the columns after it are arguments."""
ARGUMENTS = ("to", "subject", "amount", "stake", "count", "bps")

TRANSACTION = record("since", "arrival", "rank", *SIGNED.names)
"""A request in the mempool: the tick in which it was submitted, the drawn latency of its arrival, its place in the next block
where a builder orders it, and what was signed."""

RECEIPT = record("kind", "sender", "nonce", "status", "fee", "height", "subject")
"""What became of a transaction; `subject` is the job, order or auction it was about, or `NOBODY`."""


def records(layout: Any, *shape: int) -> Records:
    """Zeroed records: equal states must have equal bytes."""
    return np.zeros(shape, layout)  # type: ignore[return-value]


def core(worlds: int, accounts: int, pool: int, recorded: bool) -> tuple[Records, Records, Records, Records, Records, Records]:
    """The arrays with which every book begins, of zeros: head, accounts, identities, pool, receipts, and the block where blocks
    are kept for a history."""
    return (
        records(HEAD, worlds, 1),
        records(ACCOUNT, worlds, accounts),
        records(IDENTITY, worlds, accounts),
        records(TRANSACTION, worlds, pool),
        records(RECEIPT, worlds, pool),
        records(SIGNED, worlds, pool if recorded else 0),
    )


PASSING = {"head": HEAD.names[HEAD.names.index("tick") :], "accounts": ("pending",)}
"""By array: the columns that belong to the engine and the mempool. They are no part of what blocks decide: a reorganisation does
not undo them, and no state root covers them."""
OUTSIDE = ("pool", "receipts", "block", "urn")
"""The arrays of a book that are no state: what waits, and what the last block did or counted."""
