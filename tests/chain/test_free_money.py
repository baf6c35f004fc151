"""No free money: a search over more than 100,000 sequences finds no closed loop that gains, and finds one where there is one."""

from copy import copy
from types import SimpleNamespace
from typing import Any

import pytest

from chain.layout import Kind
from chain.rule import rule
from chain.status import Status
from tests.chain.arenas import Market, Orders, Parted, Pool
from tests.chain.free_money import IDLE, Found, search

ARENAS = {
    "pool without a fee": Pool(0),
    "pool": Pool(30),
    "order book": Orders(0),
    "order book that is wiped": Orders(1),
    "service market": Market(),
    "service market that pays who is caught": Market(pay_caught=1, arbiter_bps=10_000),
    "service escrow with milestones": Parted(milestones=3),
    "service escrow with juries": Parted(milestones=2, jurors=3, juror_stake=100, juror_slash_bps=3_333, vote_window=2),
}
SEQUENCES = 20_000
LONG = 10
assert SEQUENCES * len(ARENAS) >= 100_000


def assert_nothing_gained(found: Found) -> None:
    assert found.accepted > 3, "the adversary hardly does anything"
    assert -IDLE < found.gain <= 0, found


@pytest.mark.parametrize("name", ARENAS)
def test_no_closed_loop_gains(name):
    assert_nothing_gained(search(ARENAS[name], sequences=SEQUENCES, seed=11))


@pytest.mark.slow
@pytest.mark.parametrize("name", ARENAS)
def test_no_long_closed_loop_gains(name):
    assert_nothing_gained(search(ARENAS[name], sequences=LONG * SEQUENCES, seed=13, steps=24, least=8))


@rule
def give_one_more(batch: Any, kind: int, first: int, stop: int) -> None:
    """Whoever has succeeded with a transaction of this kind gets one unit of money more."""
    for w in range(first, stop):
        receipt = batch.receipts[w, 0]
        if receipt.kind == kind and receipt.status == Status.OK:
            batch.accounts[w, receipt.sender].balance += 1


def flawed(arena: Any, kind: Kind) -> Any:
    """The same arena with that flaw."""
    sound = arena.deployment

    def advance(batch: Any, first: int, stop: int) -> None:
        sound.advance(batch, first, stop)
        give_one_more(batch, kind, first, stop)

    out = copy(arena)
    out.deployment = SimpleNamespace(**(vars(sound) | {"advance": advance}))
    return out


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pool without a fee", Kind.SWAP),
        ("pool without a fee", Kind.REMOVE_LIQUIDITY),
        ("order book", Kind.CANCEL_ORDER),
        ("order book that is wiped", Kind.PLACE_ASK),
        ("service market", Kind.ACCEPT),
        ("service market that pays who is caught", Kind.DELIVER),
        ("service escrow with milestones", Kind.ACCEPT),
        ("service escrow with juries", Kind.VOTE),
    ],
)
def test_where_an_operation_gives_one_unit_too_much_the_search_finds_it(name, kind):
    assert search(flawed(ARENAS[name], kind), sequences=20_000, seed=7).gain > 0
