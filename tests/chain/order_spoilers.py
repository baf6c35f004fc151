"""For every entry point of the order book a transaction that succeeds, and for every refusal a way to spoil it: collected by
`tests.chain.spoilers`."""

from collections.abc import Callable
from typing import Any

from chain.layout import MAX_PRICE, MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RIVAL, done, pit

ROWS = 4
Spoiler = Callable[[Any], None]


def prepare(case: Any) -> None:
    """A book with two asks at 100 and 110 and a bid at 90; the client holds ten units and comes next, the issuer if units are
    issued."""
    ledger = case.ledger = pit(orders=ROWS)
    for address in (CLIENT, PROVIDER):
        done(ledger, Kind.ISSUE_UNITS, RIVAL, to=address, count=10)
    done(ledger, Kind.PLACE_ASK, PROVIDER, amount=110, count=3)
    done(ledger, Kind.PLACE_ASK, PROVIDER, amount=100, count=3)
    case.set(amount=90, count=2)
    if case.kind == Kind.PLACE_ASK:
        case.set(amount=120)
    elif case.kind == Kind.CANCEL_ORDER:
        case.set(subject=done(ledger, Kind.PLACE_BID, CLIENT, amount=90, count=2).subject)
    elif case.kind == Kind.ISSUE_UNITS:
        case.set(to=CLIENT)
        case.sender = RIVAL


def _fill_the_book(case: Any) -> None:
    for _ in range(ROWS - 2):
        done(case.ledger, Kind.PLACE_BID, OTHER, amount=1, count=1)


def _spend_all(case: Any) -> None:
    money = case.ledger.balance(CLIENT)
    case.ledger.book.accounts[CLIENT].balance -= money - 1_000
    case.ledger.book.accounts[OTHER].balance += money - 1_000
    case.set(amount=90, count=2, tip=4)


def _cancel_before(case: Any) -> None:
    done(case.ledger, Kind.CANCEL_ORDER, CLIENT, subject=case.given["subject"])


def _replace_anothers(case: Any) -> None:
    case.set(subject=int(case.ledger.book.holdings[PROVIDER].latest))


def _by_another(case: Any) -> None:
    case.sender = OTHER


def given(**arguments: int) -> Spoiler:
    """The spoiler that sets arguments."""
    return lambda case: case.set(**arguments)


SPOILERS: dict[Kind, dict[Status, Spoiler]] = {
    Kind.PLACE_BID: {
        Status.BAD_AMOUNT: given(count=0),
        Status.INSUFFICIENT_BALANCE: _spend_all,
        Status.NO_SUCH_ORDER: given(subject=1),
        Status.NOT_YOUR_ORDER: _replace_anothers,
        Status.BOOK_FULL: _fill_the_book,
    },
    Kind.PLACE_ASK: {
        Status.BAD_AMOUNT: given(amount=MAX_PRICE + 1),
        Status.NO_SUCH_ORDER: given(subject=1),
        Status.NOT_YOUR_ORDER: _replace_anothers,
        Status.INSUFFICIENT_UNITS: given(count=11),
        Status.BOOK_FULL: _fill_the_book,
    },
    Kind.CANCEL_ORDER: {
        Status.NO_SUCH_ORDER: _cancel_before,
        Status.NOT_YOUR_ORDER: _by_another,
    },
    Kind.ISSUE_UNITS: {
        Status.BAD_AMOUNT: given(count=0),
        Status.NO_SUCH_ACCOUNT: given(to=-1),
        Status.NOT_ISSUER: _by_another,
    },
}
EXCLUSIVE = {(kind, Status.NO_SUCH_ORDER, Status.NOT_YOUR_ORDER) for kind in (Kind.PLACE_BID, Kind.PLACE_ASK, Kind.CANCEL_ORDER)}
_WILD = (-1, -(2**63), 2**62, 2**63 - 1)
BEYOND = {
    (Kind.PLACE_BID, Status.BAD_AMOUNT): [{"amount": a} for a in _WILD] + [{"count": a} for a in (*_WILD, 2**20 + 1)],
    (Kind.PLACE_ASK, Status.BAD_AMOUNT): [{"amount": a} for a in _WILD] + [{"count": a} for a in (*_WILD, 2**20 + 1, 0)],
    (Kind.PLACE_BID, Status.INSUFFICIENT_BALANCE): [{"amount": MAX_PRICE, "count": 2**20}],
    (Kind.PLACE_BID, Status.NO_SUCH_ORDER): [{"subject": a} for a in (*_WILD, 1, 5, MAX_SUPPLY)],
    (Kind.PLACE_ASK, Status.NO_SUCH_ORDER): [{"subject": a} for a in (*_WILD, 1, 5, MAX_SUPPLY)],
    (Kind.CANCEL_ORDER, Status.NO_SUCH_ORDER): [{"subject": a} for a in (*_WILD, 0, 1, 5, MAX_SUPPLY)],
    (Kind.ISSUE_UNITS, Status.BAD_AMOUNT): [{"count": a} for a in (*_WILD, 2**20 + 1)],
    (Kind.ISSUE_UNITS, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 5, 7, 2**63 - 1)],
}
