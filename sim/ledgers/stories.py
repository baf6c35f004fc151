"""One job's life and one account's history, told from a recorded ledger line by line."""

from typing import Any, NamedTuple

import numpy as np

from chain.contracts.constant_product import CREDITS, MONEY
from chain.contracts.jury import Vote
from chain.errors import InputError, whole
from chain.layout import NOBODY, Kind
from chain.status import Status
from sim.ledgers.movements import FROM_KEEPING, INTO_KEEPING, LAST, Movements, Reason, Transactions
from sim.ledgers.reading import Recorded

ABOUT_JOBS = (Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE, Kind.VOTE)
"""Their argument `subject` is a job."""
ASSETS = {MONEY: "of money for credits", CREDITS: "credits for money"}
"""What a swap pays in."""


class Line(NamedTuple):
    """Something that happened to a job."""

    height: int
    position: int
    """Of the transaction; `NOBODY`: the end of the block."""
    who: int
    """Address; `NOBODY`: the rules."""
    what: str
    status: str
    moved: str
    """Money, in words."""


class Entry(NamedTuple):
    """Something that happened to an account."""

    height: int
    position: int
    what: str
    status: str
    change: int
    """Of its balance."""
    balance: int | None
    """After the block, where the block's last entry stands."""


def kind_name(kind: int) -> str:
    """The name of an entry point, or the number of none.

    >>> kind_name(7), kind_name(99)
    ('HIRE', 'kind 99')
    """
    return Kind(kind).name if kind in list(Kind) else f"kind {kind}"


def vote_name(vote: int) -> str:
    """What a juror said, or the number of nothing.

    >>> vote_name(2), vote_name(9)
    ('REFUND', '9')
    """
    return Vote(vote).name if vote in list(Vote) else str(vote)


def in_words(reason: int, payer: int, payee: int, amount: int) -> str:
    """A movement of money in words.

    >>> in_words(Reason.PAYMENT, 1, 2, 1000), in_words(Reason.SLASH, 2, -1, 30)
    ('1_000 out of escrow to 2', '30 of the stake of 2 burned')
    """
    return {
        Reason.TRANSFER: f"{amount:_} from {payer} to {payee}",
        Reason.REGISTER: f"{amount:_} from {payer} to {payee}, opened",
        Reason.REGISTRATION_FEE: f"{amount:_} of {payer} burned for a new account",
        Reason.BOND: f"{amount:_} of {payer} into stake",
        Reason.WITHDRAW: f"{amount:_} out of stake to {payer}",
        Reason.ESCROW: f"{amount:_} of {payer} into escrow",
        Reason.PAYMENT: f"{amount:_} out of escrow to {payee}",
        Reason.REFUND: f"{amount:_} out of escrow back to {payee}",
        Reason.COMPENSATION: f"{amount:_} of the stake of {payer} to {payee}",
        Reason.SLASH: f"{amount:_} of the stake of {payer} burned",
        Reason.SALE: f"{amount:_} from {payer} to {payee} for goods",
        Reason.COST: f"{amount:_} of {payer} burned in production",
        Reason.SWAP_IN: f"{amount:_} of {payer} into the pool for credits",
        Reason.SWAP_OUT: f"{amount:_} out of the pool to {payee} for credits",
        Reason.LIQUIDITY_IN: f"{amount:_} of {payer} into the pool for shares",
        Reason.LIQUIDITY_OUT: f"{amount:_} out of the pool to {payee} for shares",
        Reason.DEPOSIT: f"{amount:_} of {payer} deposited",
        Reason.DEPOSIT_BACK: f"deposit of {amount:_} back to {payee}",
        Reason.FORFEIT: f"deposit of {amount:_} of {payer} burned",
        Reason.VERDICT: f"{amount:_} of the stake of juror {payer} to juror {payee}",
        Reason.VERDICT_BURNED: f"{amount:_} of the stake of juror {payer} burned",
    }[Reason(reason)]


def words_of(movements: Movements, rows: Any) -> str:
    """Some movements in words."""
    parts = (movements.reason[rows], movements.payer[rows], movements.payee[rows], movements.amount[rows])
    return "; ".join(in_words(*one) for one in zip(*(part.tolist() for part in parts), strict=True))


def job_index(recorded: Recorded, number: int) -> int:
    """The row of a job in the record.

    Raises:
        InputError: there is no such job.
    """
    if not recorded.numbers.size:
        raise InputError(f"job: {number} given, this ledger has no jobs")
    first, last = (int(recorded.numbers[k]) for k in (0, -1))
    return whole("job", number, first, last) - first


def life_of(recorded: Recorded, tx: Transactions, movements: Movements, number: int) -> list[Line]:
    """Every transaction about a job, refused ones included, what moved with it, and how it ended.

    Raises:
        InputError: there is no such job.
    """
    from sim.ledgers.frames import closed_at

    row = job_index(recorded, number)
    job: Any = recorded.jobs[row]
    mine = np.flatnonzero(movements.job == number)
    kind, asked = tx.signed["kind"], tx.signed["subject"]
    about = (tx.receipts["subject"] == number) | (np.isin(kind, ABOUT_JOBS) & (asked == number))
    lines, explained = [], np.zeros(mine.size, bool)
    for k in np.flatnonzero(about).tolist():
        height, position = int(tx.height[k]), int(tx.position[k])
        with_it = (movements.height[mine] == height) & (movements.position[mine] == position)
        explained |= with_it
        share = f", {tx.signed['bps'][k] / 100:g} %" if kind[k] in ABOUT_JOBS else ""
        what = {
            Kind.DELIVER: f"DELIVER{share} effort",
            Kind.HIRE: f"HIRE of {int(tx.signed['to'][k])}",
            Kind.VOTE: f"VOTE {vote_name(int(tx.signed['count'][k]))}",
        }.get(kind[k], f"{kind_name(int(kind[k]))}{share} rating")
        status, who = Status(int(tx.receipts["status"][k])).name, int(tx.signed["sender"][k])
        lines.append(Line(height, position, who, what, status, words_of(movements, mine[with_it])))
    settled = mine[~explained]
    for height in np.unique(movements.height[settled]).tolist():
        rows = settled[movements.height[settled] == height]
        lines.append(Line(height, NOBODY, NOBODY, "deadline", "", words_of(movements, rows)))
    closed = int(closed_at(recorded)[row])
    if closed != NOBODY:
        lines.append(Line(closed, NOBODY, NOBODY, "closed", "", f"stake of {int(job['provider'])} is free again"))
    return sorted(lines, key=lambda line: (line.height, LAST if line.position == NOBODY else line.position))


def history_of(recorded: Recorded, tx: Transactions, movements: Movements, address: int) -> list[Entry]:
    """What an account sent, received and earned, with its balance after every block in which something happened to it.

    The record was read with this account to be watched (`sim.ledgers.reading.read`). The changes of a block add up to that of the
    balance: what contracts moved that `sim.ledgers.movements` does not tell apart (payee escrow, order book) stands last.
    """
    m = movements
    mine = np.flatnonzero((m.payer == address) | (m.payee == address))
    minus = (m.payer[mine] == address) & ~np.isin(m.reason[mine], FROM_KEEPING)
    plus = (m.payee[mine] == address) & ~np.isin(m.reason[mine], INTO_KEEPING)
    change = m.amount[mine] * plus - m.amount[mine] * minus
    by_place: dict[tuple[int, int], list[int]] = {}
    for k, place in enumerate(zip(m.height[mine].tolist(), m.position[mine].tolist(), strict=True)):
        by_place.setdefault(place, []).append(k)
    entries: list[tuple[int, int, str, str, int]] = []
    for k in np.flatnonzero(tx.signed["sender"] == address).tolist():
        place = int(tx.height[k]), int(tx.position[k])
        rows = by_place.pop(place, [])
        said = told(tx, k, words_of(m, mine[rows]))
        total = int(change[rows].sum()) - int(tx.receipts["fee"][k])
        status = Status(int(tx.receipts["status"][k])).name
        entries.append((*place, said, status, total))
    for (height, position), rows in by_place.items():
        entries.append((height, position, words_of(m, mine[rows]), "", int(change[rows].sum())))
    for k, block in enumerate(recorded.blocks):
        if block.header.proposer == address and block.header.transactions:
            of = tx.height == block.header.height
            earned = int((tx.receipts["fee"][of] - tx.burned[of]).sum())
            if earned:
                entries.append((recorded.first + k, LAST, "tips as proposer", "", earned))
    untold = np.diff(recorded.balances)
    for height, _, _, _, total in entries:
        untold[height - recorded.first - 1] -= total
    for k in np.flatnonzero(untold).tolist():
        entries.append((recorded.first + 1 + k, LAST, "in and out of contracts", "", int(untold[k])))
    entries.sort(key=lambda entry: (entry[0], LAST if entry[1] == NOBODY else entry[1]))
    out = []
    for k, entry in enumerate(entries):
        last = k + 1 == len(entries) or entries[k + 1][0] != entry[0]
        balance = int(recorded.balances[entry[0] - recorded.first]) if last else None
        out.append(Entry(entry[0], NOBODY if entry[1] == LAST else entry[1], *entry[2:], balance))
    return out


def told(tx: Transactions, k: int, moved: str) -> str:
    """A transaction with what it moved, where that says more than its arguments."""
    kind = int(tx.signed["kind"][k])
    said = " ".join(part for part in (kind_name(kind), about(tx, k)) if part)
    return f"{said}: {moved}" if moved and kind not in (Kind.TRANSFER, Kind.BOND) else said


def about(tx: Transactions, k: int) -> str:
    """The arguments of a transaction, as far as they say something."""
    signed, kind = tx.signed[k], int(tx.signed["kind"][k])
    shown: dict[int, str] = {
        Kind.TRANSFER: f"{int(signed['amount']):_} to {int(signed['to'])}",
        Kind.REGISTER: f"{int(signed['amount']):_} to a new account",
        Kind.BOND: f"{int(signed['amount']):_}",
        Kind.UNBOND: f"{int(signed['amount']):_}",
        Kind.POST: f"service {int(signed['subject'])} at {int(signed['amount']):_}, {int(signed['count'])} jobs per block",
        Kind.HIRE: f"of {int(signed['to'])} for at most {int(signed['amount']):_}",
        Kind.DELIVER: f"job {int(signed['subject'])}, {int(signed['bps']) / 100:g} % effort",
        Kind.ACCEPT: f"job {int(signed['subject'])}, {int(signed['bps']) / 100:g} % rating",
        Kind.DISPUTE: f"job {int(signed['subject'])}, {int(signed['bps']) / 100:g} % rating",
        Kind.VOTE: f"{vote_name(int(signed['count']))} in job {int(signed['subject'])}",
        Kind.POST_PRICE: f"{int(signed['amount']):_}",
        Kind.OPEN_AUCTION: f"under a reserve of {int(signed['amount']):_}",
        Kind.COMMIT_BID: f"in auction {int(signed['subject'])}",
        Kind.REVEAL_BID: f"of {int(signed['amount']):_} in auction {int(signed['subject'])}",
        Kind.SWAP: f"{int(signed['amount']):_} {ASSETS.get(int(signed['subject']), '')}, {int(signed['count']):_} at least",
        Kind.ADD_LIQUIDITY: f"{int(signed['amount']):_} and {int(signed['stake']):_} credits at most",
        Kind.REMOVE_LIQUIDITY: f"{int(signed['amount']):_} shares",
    }
    return shown.get(kind, "")
