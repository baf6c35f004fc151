"""The checks of a pool's and an escrow's books: each of them can fail, and names what is broken."""

import pytest

from chain import invariants
from chain.contracts.payee_escrow import State
from chain.invariants import violations
from chain.layout import Kind
from chain.misplaced import misplaced
from tests.chain.exchanges import escrow, exchange, founded
from tests.chain.markets import CLIENT, PROVIDER, done

OF_A_POOL = {
    "locked = money in the pool": ("terms", 0, "money", 1),
    "supply of credits = balances + pool": ("credits", 3, "balance", 1),
    "no credits are negative": ("credits", 3, "balance", -1),
    "shares of the pool = those of accounts + locked ones": ("liquidity", 3, "shares", 1),
    "no shares are negative": ("liquidity", 3, "shares", -1),
    "reserves stand behind shares": ("terms", 0, "credits", -400_000),
    "no approval is negative, and one of 0 leaves no trace": ("allowances", 9, "spender", 4),
}
OF_AN_ESCROW = {
    "locked = money in escrow": ("head", 0, "locked", 1),
    "money in escrow = what payees are owed": ("deposits", 3, "amount", 1),
    "no deposit is negative": ("deposits", 3, "amount", -1),
}
"""One number of a book in order, and what to add to it, so that the named check fails."""


def pooled():
    """A ledger with a pool, and one approval in row 8."""
    ledger = founded(exchange())
    done(ledger, Kind.CREDIT_APPROVE, CLIENT, to=PROVIDER, amount=5)
    return ledger


def held():
    """A ledger whose escrow holds something."""
    ledger = escrow()
    done(ledger, Kind.ESCROW_DEPOSIT, CLIENT, to=PROVIDER, amount=5)
    return ledger


@pytest.mark.parametrize(("begin", "name"), [(pooled, n) for n in OF_A_POOL] + [(held, n) for n in OF_AN_ESCROW])
def test_one_wrong_number_is_found_and_named(begin, name):
    table, row, column, change = (OF_A_POOL | OF_AN_ESCROW)[name]
    book = begin().batch
    assert violations(book) == []
    getattr(book, table)[0, row][column] += change
    assert f"{name}: broken in world 0" in violations(book)


def test_every_check_is_tried_here():
    assert {name for name, _ in invariants._exchange(pooled().batch)} == set(OF_A_POOL)
    assert {name for name, _ in invariants._escrow(held().batch)} == set(OF_AN_ESCROW)


def test_only_a_closed_escrow_may_owe_what_it_does_not_hold():
    book = held().batch
    book.accounts["balance"][0, 1] += 5
    book.terms["held"] = book.head["locked"] = 0
    assert violations(book) == ["money in escrow = what payees are owed: broken in world 0"]
    book.terms["state"] = State.CLOSED
    assert violations(book) == []


def test_approvals_that_are_not_eight_per_account_and_tables_of_other_lengths_are_found():
    book = pooled().batch
    assert misplaced(book) == []
    assert misplaced(book._replace(allowances=book.allowances[:, :-1])) == ["table allowances: it has not 8 records per account"]
    for name in ("credits", "liquidity"):
        short = book._replace(**{name: getattr(book, name)[:, :-1]})
        assert misplaced(short) == [f"table {name}: it has not one record per account"]
    payees = held().batch
    assert misplaced(payees._replace(deposits=payees.deposits[:, :-1])) == ["table deposits: it has not one record per account"]


def test_more_credits_than_there_can_be_are_found_before_they_are_added_up():
    book = pooled().batch
    book.credits["balance"] = 2**62
    assert misplaced(book) == ["table credits: it holds more money than there can be"]
