"""Money is conserved after every block, whatever is submitted."""

import numpy as np
import pytest

from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.machine import play
from tests.chain.markets import market
from tests.chain.swarm import POSSIBLE, SERVED, swarm


def test_a_market_that_hypothesis_plays_keeps_its_books():
    play(games=60)


@pytest.mark.slow
def test_a_market_that_hypothesis_plays_at_length_keeps_its_books():
    play(games=300, steps=80)


def test_a_small_swarm_keeps_the_books():
    book, tally = swarm(worlds=8, blocks=25, per_block=100, seed=1)
    assert tally.sum() > 15_000
    assert (tally[SERVED, Status.OK] > 20).all()
    assert (
        book.head["minted"] == book.accounts["balance"].sum(axis=1, keepdims=True) + book.head["locked"] + book.head["burned"]
    ).all()


@pytest.mark.slow
def test_a_million_operations_of_every_kind_and_outcome_keep_the_books():
    book, tally = swarm(worlds=64, blocks=150, per_block=128, seed=2)
    assert tally.sum() > 1_000_000
    missing = [status.name for status in POSSIBLE if tally[:, status].sum() < 20]
    assert missing == []
    seldom = [kind.name for kind in SERVED if tally[kind, Status.OK] < 500]
    assert seldom == []
    assert np.unique(book.head["burned"]).size == 64, "the worlds differ"


def test_the_whole_supply_can_stand_in_one_balance_and_no_credit_overflows():
    ledger = market(balances=[0, MAX_SUPPLY, 0, 0, 0], base_fee=0)
    for amount in (2**63 - 1, 2**62 + 1, -1, -(2**63), 2**62):
        for kind in (Kind.TRANSFER, Kind.BOND, Kind.UNBOND, Kind.REGISTER):
            ledger.submit(kind, 1, to=2, amount=amount)
        ledger.submit(Kind.POST, 1, amount=amount, stake=amount, count=amount, subject=amount, tip=0)
        ledger.submit(Kind.HIRE, 1, to=2, amount=amount, subject=amount)
        ledger.seal()
        ledger.check()
    assert ledger.balance(2) == MAX_SUPPLY
    assert ledger.balance(1) == 0
    ledger.submit(Kind.TRANSFER, 2, to=2, amount=MAX_SUPPLY)
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK]
    assert ledger.balance(2) == MAX_SUPPLY
    ledger.check()
