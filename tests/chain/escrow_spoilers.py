"""Cases on a market whose escrow has milestones, and a way to spoil a vote for every refusal: see `tests.chain.spoilers`."""

from collections.abc import Callable
from typing import Any

from chain.layout import Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, RIVAL, STAKE, done, parted


def in_parts(**given: int) -> Ledger:
    """A market with milestones and room for two jobs, whose windows are long."""
    return parted(jobs=2, delivery_window=40, dispute_window=40, vote_window=40, **given)


def prepare(case: Any) -> None:
    """Job 0 is before a jury of one seat, `OTHER`'s; job 1 is hired."""
    case.ledger = in_parts(jurors=1)
    done(case.ledger, Kind.BOND, OTHER, amount=50)
    done(case.ledger, Kind.BOND, PROVIDER, amount=3 * STAKE)
    done(case.ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    for _ in range(2):
        done(case.ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    done(case.ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)
    done(case.ledger, Kind.DISPUTE, CLIENT, subject=0)
    case.sender = OTHER
    case.set(subject=0, count=2)


def _by_another(case: Any) -> None:
    case.sender = RIVAL


def _vote_before(case: Any) -> None:
    done(case.ledger, Kind.VOTE, OTHER, subject=0, count=1)


def given(**arguments: int) -> Callable[[Any], None]:
    """The spoiler that sets arguments."""
    return lambda case: case.set(**arguments)


SPOILERS: dict[Kind, dict[Status, Callable[[Any], None]]] = {
    Kind.VOTE: {
        Status.NO_SUCH_JOB: given(subject=2),
        Status.WRONG_PHASE: given(subject=1),
        Status.NOT_A_JUROR: _by_another,
        Status.ALREADY_VOTED: _vote_before,
        Status.BAD_VOTE: given(count=3),
    },
}
BEYOND = {
    (Kind.VOTE, Status.NO_SUCH_JOB): [{"subject": a} for a in (-1, 2, -(2**63), 2**63 - 1)],
    (Kind.VOTE, Status.BAD_VOTE): [{"count": a} for a in (-1, 0, -(2**63), 2**63 - 1)],
}
"""More arguments outside what is allowed, up to the ends of 64 bits."""
