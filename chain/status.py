"""Why a transaction was refused: every reason, in order of precedence, so that one transaction has one answer.

The first group keeps a transaction out of the block: nothing changes at all. From `EXPIRED` on it was included: the
sender's nonce went up and the fee was paid, and nothing else changed.
"""

from enum import IntEnum
from typing import Any, NamedTuple

from chain.layout import NOBODY, Kind


class Status(IntEnum):
    """One word per receipt: `OK`, or the first condition that did not hold."""

    OK = 0
    # Not admitted: nothing changes.
    POOL_FULL = 1
    NO_SUCH_SENDER = 2
    UNDERPRICED = 3  # another one with this nonce waits, and this one does not offer enough more
    REPLACED = 4  # another one with this nonce offered enough more
    EVICTED = 5  # the mempool was full, and this one offered least
    BAD_NONCE = 6
    BAD_TIP = 7
    BAD_MAX_FEE = 8
    TOO_MUCH_GAS = 9
    CANNOT_PAY_FEE = 10
    # Admitted and refused: nonce and fee change.
    EXPIRED = 20
    UNKNOWN_KIND = 21
    BAD_AMOUNT = 22
    NO_SUCH_ACCOUNT = 23
    NOTHING_UNBONDING = 31
    STILL_UNBONDING = 32
    NO_SUCH_SERVICE = 40
    BAD_CAPACITY = 41
    STAKE_TOO_SMALL = 42
    OWN_OFFER = 43
    NO_OFFER = 44
    WRONG_SERVICE = 45
    PRICE_TOO_HIGH = 46
    NO_CAPACITY = 47
    NO_SUCH_JOB = 50
    NOT_YOUR_JOB = 51
    WRONG_PHASE = 52
    BAD_SHARE = 53
    NOT_A_JUROR = 54  # of this job's jury
    ALREADY_VOTED = 55
    BAD_VOTE = 56
    INSUFFICIENT_STAKE = 60
    JOBS_FULL = 61
    NO_SPARE_ACCOUNT = 62
    INSUFFICIENT_BALANCE = 63
    # Of credits, the pool and the payee escrow
    NO_SUCH_ASSET = 70
    NOT_MINTER = 71
    SUPPLY_FULL = 72
    ALLOWANCES_FULL = 73
    INSUFFICIENT_ALLOWANCE = 74
    INSUFFICIENT_CREDITS = 75
    NO_LIQUIDITY = 76
    NO_SHARES = 77
    INSUFFICIENT_SHARES = 78
    TOO_LITTLE_OUT = 79
    NOT_OWNER = 80
    UNCONDITIONAL = 81
    ESCROW_NOT_ACTIVE = 82
    ESCROW_NOT_REFUNDING = 83
    ESCROW_NOT_CLOSED = 84
    # Of auctions
    BAD_COMMITMENT = 90
    NO_SUCH_AUCTION = 91
    OWN_AUCTION = 92
    COMMITS_CLOSED = 93
    BID_STANDS = 94  # an account has one bid at a time
    NO_BID = 95
    ALREADY_REVEALED = 96
    REVEALS_NOT_OPEN = 97
    WRONG_REVEAL = 98
    AUCTIONS_FULL = 99
    # Of the order book
    NO_SUCH_ORDER = 110
    NOT_YOUR_ORDER = 111
    INSUFFICIENT_UNITS = 112
    BOOK_FULL = 113
    NOT_ISSUER = 114
    # Of governance
    NO_SUCH_PARAMETER = 120
    NOT_THE_CONTROLLER = 121
    OUT_OF_BOUNDS = 122
    STEP_TOO_LARGE = 123
    TOO_SOON = 124


ADMITTED_FROM = Status.EXPIRED
"""Statuses from this one on, and `OK`, belong to transactions that were included and paid their fee."""


def were_admitted(statuses: Any) -> Any:
    """Which of an array of statuses belong to transactions that are in a block."""
    return (statuses == Status.OK) | (statuses >= ADMITTED_FROM)


class Receipt(NamedTuple):
    """What became of a transaction. `fee` in the smallest unit; `subject` is the job or order it was about, or None."""

    kind: Kind | int
    sender: int
    nonce: int
    status: Status
    fee: int
    height: int
    subject: int | None


def receipt_of(row: Any) -> Receipt:
    """The receipt that a record of layout `RECEIPT` is."""
    kind = Kind(row.kind) if row.kind in Kind.__members__.values() else int(row.kind)
    subject = None if row.subject == NOBODY else int(row.subject)
    return Receipt(kind, int(row.sender), int(row.nonce), Status(row.status), int(row.fee), int(row.height), subject)
