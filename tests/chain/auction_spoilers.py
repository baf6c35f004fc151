"""The transactions of sealed-bid auctions that succeed, and a way to spoil each for every refusal: see `tests.chain.spoilers`."""

from collections.abc import Callable
from typing import Any

from chain.layout import MAX_PRICE, Kind
from chain.status import Status
from tests.chain.auctions import RESERVE, SALT, hall, word
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RIVAL, done, wait

BID = 400


def prepare(case: Any) -> None:
    """Give a case of one of these kinds its ledger and its arguments: the bidder at `CLIENT`, an auction of the provider's."""
    case.ledger = hall(commit_window=2, reveal_window=40)
    if case.kind == Kind.OPEN_AUCTION:
        case.set(amount=RESERVE)
        return
    done(case.ledger, Kind.OPEN_AUCTION, PROVIDER, amount=RESERVE)
    seal = {"subject": 0, "count": word(case.ledger, CLIENT, 0, BID)}
    if case.kind == Kind.COMMIT_BID:
        case.set(**seal)
        return
    done(case.ledger, Kind.COMMIT_BID, CLIENT, **seal)
    wait(case.ledger, 1)
    case.set(subject=0, amount=BID, count=SALT)


def _spend_all(case: Any) -> None:
    """Leave the sender enough for fees and nothing more."""
    money = case.ledger.balance(case.sender)
    case.ledger.book.accounts[case.sender].balance -= money - 410
    case.ledger.book.accounts[OTHER].balance += money - 410


def _fill_the_table(case: Any) -> None:
    for _ in range(case.ledger.book.auctions.size):
        case.ledger.submit(Kind.OPEN_AUCTION, RIVAL)
    case.ledger.seal()


def _as_buyer(case: Any) -> None:
    case.ledger.book.auctions[0].buyer = case.sender


def _wait_for_reveals(case: Any) -> None:
    wait(case.ledger, 2)


def _commit_before(case: Any) -> None:
    done(case.ledger, Kind.COMMIT_BID, case.sender, subject=0, count=1)


def _reveal_before(case: Any) -> None:
    done(case.ledger, Kind.REVEAL_BID, CLIENT, subject=0, amount=BID, count=SALT)


def _still_open_for_commits(case: Any) -> None:
    case.ledger.book.auctions[0].commit_until = case.ledger.height + 20


def _by_another(case: Any) -> None:
    case.sender = RIVAL


def given(**arguments: int) -> Callable[[Any], None]:
    """The spoiler that sets arguments."""
    return lambda case: case.set(**arguments)


SPOILERS: dict[Kind, dict[Status, Callable[[Any], None]]] = {
    Kind.OPEN_AUCTION: {
        Status.BAD_AMOUNT: given(amount=MAX_PRICE + 1),
        Status.INSUFFICIENT_BALANCE: _spend_all,
        Status.AUCTIONS_FULL: _fill_the_table,
    },
    Kind.COMMIT_BID: {
        Status.INSUFFICIENT_BALANCE: _spend_all,
        Status.BAD_COMMITMENT: given(count=-1),
        Status.NO_SUCH_AUCTION: given(subject=1),
        Status.OWN_AUCTION: _as_buyer,
        Status.COMMITS_CLOSED: _wait_for_reveals,
        Status.BID_STANDS: _commit_before,
    },
    Kind.REVEAL_BID: {
        Status.BAD_AMOUNT: given(amount=MAX_PRICE + 1),
        Status.NO_SUCH_AUCTION: given(subject=1),
        Status.NO_BID: _by_another,
        Status.ALREADY_REVEALED: _reveal_before,
        Status.REVEALS_NOT_OPEN: _still_open_for_commits,
        Status.WRONG_REVEAL: given(count=SALT + 1),
    },
}
BEYOND = {
    (Kind.OPEN_AUCTION, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, -(2**63), 2**62, 2**63 - 1)],
    (Kind.COMMIT_BID, Status.BAD_COMMITMENT): [{"count": -(2**63)}],
    (Kind.COMMIT_BID, Status.NO_SUCH_AUCTION): [{"subject": a} for a in (-1, 64, -(2**63), 2**63 - 1)],
    (Kind.REVEAL_BID, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, -(2**63), 2**62, 2**63 - 1)],
    (Kind.REVEAL_BID, Status.NO_SUCH_AUCTION): [{"subject": a} for a in (-1, 64, -(2**63), 2**63 - 1)],
    (Kind.REVEAL_BID, Status.WRONG_REVEAL): [{"count": a} for a in (-1, 0, -(2**63), 2**63 - 1)],
}
"""More arguments outside what is allowed, up to the ends of 64 bits."""
