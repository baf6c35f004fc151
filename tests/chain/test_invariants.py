"""The checks of the books: each of them can fail, names what is broken, and in which world."""

import numpy as np
import pytest

from chain import invariants
from chain.contracts.service_market import Phase
from chain.deployments import token
from chain.errors import InvariantError, LedgerLabError
from chain.genesis import found
from chain.invariants import check, violations
from chain.layout import MAX_SUPPLY, NOBODY
from tests.chain.swarm import swarm

NUMBERS = {
    "minted = balances + locked + burned": ("accounts", 3, "balance", 1),
    "no balance is negative": ("accounts", 3, "balance", -(10**13)),
    "nothing burned or locked is negative": ("head", 0, "burned", -(10**13)),
    "minted supply within bounds": ("head", 0, "minted", MAX_SUPPLY),
    "spare rows hold nothing": ("accounts", 17, "balance", 1),
    "pending transactions are counted": ("accounts", 3, "pending", 1),
    "registered names are the open rows": ("head", 0, "registered", 1),
    "locked = escrow of open jobs + stakes": ("stakes", 3, "bonded", 1),
    "locked stake = stakes of open jobs": ("stakes", 3, "locked", 1),
    "locked stake is bonded": ("stakes", 3, "locked", 10**13),
    "no stake is negative": ("stakes", 3, "unbonding", -(10**13)),
    "no reputation outweighs the bound": ("reputation", 3, "weight", 2**49),
    "no mean rating is outside 0 to 10,000 bps": ("reputation", 3, "points", 2**62),
}
"""One number of a book in order, and what to add to it, so that the named check fails."""


def lively():
    """Three worlds after some blocks; in world 1 the last row is made spare again."""
    book, _ = swarm(worlds=3, blocks=30, per_block=40, seed=8)
    return book


def close_a_row(book):
    """Take an account without any history out of use."""
    book.accounts[1, 17].owner = NOBODY
    book.head[1, 0].registered -= 1
    money = book.accounts[1, 17].balance
    book.accounts[1, 17].balance = 0
    book.accounts[1, 3].balance += money


def test_a_book_in_order_has_no_violations():
    book = lively()
    assert violations(book) == []
    check(book)


@pytest.mark.parametrize("name", NUMBERS)
def test_one_wrong_number_is_found_and_named_with_its_world(name):
    field, row, column, change = NUMBERS[name]
    book = lively()
    if row == 17 and book.accounts[1, 17].owner >= 0:
        close_a_row(book)
        assert violations(book) == []
    getattr(book, field)[1, row][column] += change
    assert f"{name}: broken in world 1" in violations(book)
    with pytest.raises(InvariantError, match="broken in world 1"):
        check(book)


def test_a_deadline_that_passed_is_found():
    book = lively()
    open_jobs = (book.jobs["phase"][1] > 0) & (book.jobs["phase"][1] < Phase.CLOSED)
    assert open_jobs.any()
    book.jobs["due"][1, np.flatnonzero(open_jobs)[0]] = book.head[1, 0].height
    assert violations(book) == ["no deadline has passed unsettled: broken in world 1"]


def test_a_lost_job_is_found():
    book = lively()
    open_jobs = (book.jobs["phase"][1] > 0) & (book.jobs["phase"][1] < Phase.PAID) & (book.jobs["price"][1] > 0)
    book.jobs["phase"][1, np.flatnonzero(open_jobs)[0]] = Phase.CLOSED
    assert "locked = escrow of open jobs + stakes: broken in world 1" in violations(book)


def test_every_check_is_tried_here():
    book = lively()
    names = {name for name, _ in (*invariants._core(book), *invariants._market(book))}
    assert names == set(NUMBERS) | {"no deadline has passed unsettled"}


def test_a_ledger_of_money_is_checked_too():
    book = token.blank(2, 3, 4)
    found(book, seeds=1, balances=[5, 6])
    check(book)
    book.accounts[1, 0].balance += 1
    with pytest.raises(InvariantError, match=r"minted = balances \+ locked \+ burned: broken in world 1"):
        check(book)
    assert issubclass(InvariantError, LedgerLabError)
