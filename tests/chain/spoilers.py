"""For every entry point a transaction that succeeds, and for every refusal it declares a way to spoil that transaction.

A case is a market with history and the transaction to come. A spoiler changes one thing, so spoilers can be combined: that
shows which refusal is named first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chain.contracts import (
    eigentrust,
    governance,
    jury,
    offers,
    order_book,
    posted_price,
    registry,
    reputation,
    sealed_auction,
    service_escrow,
    service_market,
    stake,
    token,
)
from chain.layout import MAX_PRICE, MAX_SUPPLY, Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain import auction_spoilers, escrow_spoilers, exchanges, order_spoilers
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, RIVAL, STAKE, TIP, done, market, shop, wait

CONTRACTS = (
    eigentrust,
    token,
    registry,
    stake,
    offers,
    service_market,
    service_escrow,
    jury,
    reputation,
    posted_price,
    order_book,
    governance,
    sealed_auction,
    *exchanges.CONTRACTS,
)
DECLARED = {kind: refusals for contract in CONTRACTS for kind, (_, refusals) in contract.ENTRY_POINTS.items()}


@dataclass
class Case:
    """A ledger and the transaction that comes next."""

    kind: Kind
    sender: int = CLIENT
    given: dict[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: market(jobs=2, delivery_window=40, dispute_window=40))

    def set(self, **given: int) -> None:
        """Change arguments."""
        self.given |= given


def _open_for_hire(case: Case) -> None:
    done(case.ledger, Kind.BOND, PROVIDER, amount=3 * STAKE)
    done(case.ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)


def _hired(case: Case) -> None:
    _open_for_hire(case)
    done(case.ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)


def _delivered(case: Case) -> None:
    _hired(case)
    done(case.ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)


def good(kind: Kind, ledger: Ledger | None = None) -> Case:
    """A case whose transaction succeeds; of a kind of the service market, on this ledger, if it is given."""
    case = Case(kind, given={"tip": TIP})
    case.ledger = ledger or case.ledger
    if kind in exchanges.GOOD:
        exchanges.GOOD[kind](case)
    elif kind == Kind.TRANSFER:
        case.set(to=OTHER, amount=500)
    elif kind in (Kind.REGISTER, Kind.BOND):
        case.set(amount=500)
    elif kind == Kind.UNBOND:
        _hired(case)
        case.sender = PROVIDER
        case.set(amount=STAKE)
    elif kind == Kind.WITHDRAW:
        done(case.ledger, Kind.BOND, CLIENT, amount=50)
        done(case.ledger, Kind.UNBOND, CLIENT, amount=20)
        [case.ledger.seal() for _ in range(3)]
    elif kind == Kind.POST:
        case.set(subject=1, amount=PRICE, stake=STAKE, count=1)
    elif kind == Kind.POST_PRICE:
        case.ledger = shop()
        case.set(amount=PRICE)
    elif kind in auction_spoilers.SPOILERS:
        auction_spoilers.prepare(case)
    elif kind in escrow_spoilers.SPOILERS:
        escrow_spoilers.prepare(case)
    elif kind in order_spoilers.SPOILERS:
        order_spoilers.prepare(case)
    elif kind == Kind.CHANGE_PARAMETER:
        control = {"controller": CLIENT, "step": 500, "low": 1_000, "high": 6_000, "wait": 3}
        case.ledger = market(controls={"slash_bps": control})
        wait(case.ledger, 3)
        case.set(subject=2, amount=5_400)
    elif kind == Kind.HIRE:
        _open_for_hire(case)
        case.set(to=PROVIDER, subject=1, amount=PRICE)
    elif kind == Kind.DELIVER:
        _hired(case)
        case.sender = PROVIDER
        case.set(subject=0, bps=10_000)
    else:
        _delivered(case)
        case.set(subject=0, bps=10_000)
    return case


def _spend_all(case: Case) -> None:
    """Leave the client enough for fees and nothing more."""
    money = case.ledger.balance(CLIENT)
    case.ledger.book.accounts[CLIENT].balance -= money - 900
    case.ledger.book.accounts[OTHER].balance += money - 900


def _no_spares(case: Case) -> None:
    for _ in range(2):
        done(case.ledger, Kind.REGISTER, OTHER)


def _unbond_again(case: Case) -> None:
    done(case.ledger, Kind.UNBOND, CLIENT, amount=20)


def _withdraw_before(case: Case) -> None:
    done(case.ledger, Kind.WITHDRAW, CLIENT)


def _take_offer_back(case: Case) -> None:
    case.ledger.book.offers[PROVIDER].capacity = 0


def _taken_in_the_same_block(case: Case) -> None:
    offer = case.ledger.book.offers[PROVIDER]
    offer.taken, offer.taken_height = offer.capacity, case.ledger.height + 1


def _unbond_stake(case: Case) -> None:
    done(case.ledger, Kind.UNBOND, PROVIDER, amount=3 * STAKE - 100)


def _fill_the_table(case: Case) -> None:
    done(case.ledger, Kind.POST, RIVAL, subject=0, amount=1, stake=10, count=2)
    done(case.ledger, Kind.BOND, RIVAL, amount=20)
    for _ in range(2):
        done(case.ledger, Kind.HIRE, OTHER, to=RIVAL, amount=1)


def _answer_before(case: Case) -> None:
    done(case.ledger, Kind.ACCEPT, CLIENT, subject=0, bps=1)


def _deliver_before(case: Case) -> None:
    done(case.ledger, Kind.DELIVER, PROVIDER, subject=0)


def _change_before(case: Case) -> None:
    done(case.ledger, Kind.CHANGE_PARAMETER, CLIENT, subject=2, amount=5_100)


def _by_another(case: Case) -> None:
    case.sender = OTHER


def given(**arguments: int) -> Callable[[Case], None]:
    """The spoiler that sets arguments."""
    return lambda case: case.set(**arguments)


_OTHERS_JOB = {
    Status.NO_SUCH_JOB: given(subject=1),
    Status.NOT_YOUR_JOB: _by_another,
    Status.BAD_SHARE: given(bps=10_001),
}
SPOILERS: dict[Kind, dict[Status, Callable[[Case], None]]] = {
    Kind.TRANSFER: {
        Status.BAD_AMOUNT: given(amount=MAX_SUPPLY + 1),
        Status.NO_SUCH_ACCOUNT: given(to=-1),
        Status.INSUFFICIENT_BALANCE: given(amount=MAX_SUPPLY),
    },
    Kind.REGISTER: {
        Status.BAD_AMOUNT: given(amount=MAX_SUPPLY + 1),
        Status.NO_SPARE_ACCOUNT: _no_spares,
        Status.INSUFFICIENT_BALANCE: given(amount=MAX_SUPPLY - 7),
    },
    Kind.BOND: {
        Status.BAD_AMOUNT: given(amount=MAX_SUPPLY + 1),
        Status.INSUFFICIENT_BALANCE: given(amount=MAX_SUPPLY),
    },
    Kind.UNBOND: {
        Status.BAD_AMOUNT: given(amount=MAX_SUPPLY + 1),
        Status.INSUFFICIENT_STAKE: given(amount=2 * STAKE + 1),
    },
    Kind.WITHDRAW: {
        Status.NOTHING_UNBONDING: _withdraw_before,
        Status.STILL_UNBONDING: _unbond_again,
    },
    Kind.POST: {
        Status.BAD_AMOUNT: given(amount=MAX_PRICE + 1),
        Status.NO_SUCH_SERVICE: given(subject=2),
        Status.BAD_CAPACITY: given(count=-1),
        Status.STAKE_TOO_SMALL: given(stake=9),
    },
    Kind.HIRE: {
        Status.NO_SUCH_ACCOUNT: given(to=-1),
        Status.OWN_OFFER: given(to=CLIENT),
        Status.NO_OFFER: _take_offer_back,
        Status.WRONG_SERVICE: given(subject=0),
        Status.PRICE_TOO_HIGH: given(amount=PRICE - 1),
        Status.NO_CAPACITY: _taken_in_the_same_block,
        Status.INSUFFICIENT_STAKE: _unbond_stake,
        Status.JOBS_FULL: _fill_the_table,
        Status.INSUFFICIENT_BALANCE: _spend_all,
    },
    Kind.POST_PRICE: {
        Status.BAD_AMOUNT: given(amount=MAX_PRICE + 1),
        Status.OWN_OFFER: _by_another,
    },
    Kind.CHANGE_PARAMETER: {
        Status.NO_SUCH_PARAMETER: given(subject=1),
        Status.NOT_THE_CONTROLLER: _by_another,
        Status.OUT_OF_BOUNDS: given(amount=6_001),
        Status.STEP_TOO_LARGE: given(amount=5_601),
        Status.TOO_SOON: _change_before,
    },
    Kind.DELIVER: _OTHERS_JOB | {Status.WRONG_PHASE: _deliver_before},
    Kind.ACCEPT: _OTHERS_JOB | {Status.WRONG_PHASE: _answer_before},
    Kind.DISPUTE: _OTHERS_JOB | {Status.WRONG_PHASE: _answer_before},
    **exchanges.SPOILERS,
    **order_spoilers.SPOILERS,
    **auction_spoilers.SPOILERS,
    **escrow_spoilers.SPOILERS,
}
EXCLUSIVE = {
    (Kind.HIRE, Status.NO_SUCH_ACCOUNT, Status.OWN_OFFER),
    (Kind.WITHDRAW, Status.NOTHING_UNBONDING, Status.STILL_UNBONDING),
    *exchanges.EXCLUSIVE,
    *order_spoilers.EXCLUSIVE,
    (Kind.REVEAL_BID, Status.ALREADY_REVEALED, Status.REVEALS_NOT_OPEN),
}
"""Pairs that can not both be true of one transaction."""
BEYOND = {
    (Kind.TRANSFER, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, -(2**63), 2**63 - 1)],
    (Kind.TRANSFER, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 5, 7, 2**63 - 1)],
    (Kind.REGISTER, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, MAX_SUPPLY - 6, 2**63 - 1)],
    (Kind.BOND, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, 0, 2**63 - 1)],
    (Kind.UNBOND, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, 0, 2**63 - 1)],
    (Kind.POST, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, 2**62, 2**63 - 1)],
    (Kind.POST, Status.NO_SUCH_SERVICE): [{"subject": a} for a in (-1, -(2**63), 2**63 - 1)],
    (Kind.POST, Status.BAD_CAPACITY): [{"count": a} for a in (MAX_PRICE + 1, -(2**63), 2**63 - 1)],
    (Kind.POST, Status.STAKE_TOO_SMALL): [{"stake": a} for a in (-1, 0, MAX_PRICE + 1, 2**63 - 1)],
    (Kind.POST_PRICE, Status.BAD_AMOUNT): [{"amount": a} for a in (-1, -(2**63), 2**62, 2**63 - 1)],
    (Kind.HIRE, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 5, 7, 2**63 - 1)],
    (Kind.HIRE, Status.WRONG_SERVICE): [{"subject": a} for a in (-1, 2, 2**63 - 1)],
    (Kind.HIRE, Status.PRICE_TOO_HIGH): [{"amount": a} for a in (-1, 0, -(2**63))],
    (Kind.CHANGE_PARAMETER, Status.NO_SUCH_PARAMETER): [{"subject": a} for a in (-1, 6, -(2**63), 2**63 - 1)],
    (Kind.CHANGE_PARAMETER, Status.OUT_OF_BOUNDS): [{"amount": a} for a in (-1, 999, -(2**63), 2**63 - 1)],
    (Kind.DELIVER, Status.NO_SUCH_JOB): [{"subject": a} for a in (-1, 2, -(2**63), 2**63 - 1)],
    (Kind.DELIVER, Status.BAD_SHARE): [{"bps": a} for a in (-1, -(2**63), 2**63 - 1)],
    (Kind.ACCEPT, Status.NO_SUCH_JOB): [{"subject": a} for a in (-1, 2, -(2**63), 2**63 - 1)],
    (Kind.DISPUTE, Status.BAD_SHARE): [{"bps": a} for a in (-1, -(2**63), 2**63 - 1)],
    **exchanges.BEYOND,
    **order_spoilers.BEYOND,
    **auction_spoilers.BEYOND,
    **escrow_spoilers.BEYOND,
}
"""More arguments outside what is allowed, up to the ends of 64 bits."""
