"""Order books that are out of order are found: by what must hold after every block, and before any rule may touch them."""

from typing import Any

import numpy as np
import pytest

from chain.invariants import _orders, violations
from chain.layout import Kind
from chain.misplaced import misplaced
from chain.price_time import Side
from tests.chain.markets import done, pit
from tests.chain.recordings import lived


def lively_book() -> Any:
    """Three worlds with the same lively book; a bid and two asks far from all others are sure to stand in it."""
    ledger = lived("double_auction", 9, seed=4, order_window=0)
    for kind, price in ((Kind.PLACE_BID, 10), (Kind.PLACE_ASK, 200), (Kind.PLACE_ASK, 210)):
        ledger.book.terms[0].order_window = 30
        done(ledger, kind, int(np.argmax(ledger.book.holdings["units"])), amount=price, count=1)
    batch = ledger.batch
    return type(batch)(*(np.repeat(array, 3, axis=0) for array in batch))


def open_row(book: Any, side: int) -> int:
    """The first open order of a side."""
    return int(np.argmax((book.orders[1]["number"] > 0) & (book.orders[1]["side"] == side)))


WRONG = {
    "locked = money of open bids": ("orders", Side.BID, "price", -1),
    "offered units = units of open asks": ("orders", Side.ASK, "units", 1),
    "issued units = free and offered ones": ("holdings", None, "units", 1),
    "no holding is negative": ("holdings", None, "units", -(10**6)),
    "no open order is empty": ("orders", Side.ASK, "units", -100),
    "open orders are counted": ("terms", None, "open_bids", 1),
    "no open orders cross": ("orders", Side.ASK, "price", -205),
    "no order stands beyond its time": ("orders", Side.BID, "due", -100),
}
"""One number of a book in order, and what to add to it, so that the named check fails."""


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_number_is_found_and_named_with_its_world(name):
    book = lively_book()
    assert violations(book) == []
    table, side, column, change = WRONG[name]
    getattr(book, table)[column][1, 0 if side is None else open_row(book, side)] += change
    assert f"{name}: broken in world 1" in violations(book)


def test_every_check_is_tried_here():
    assert {name for name, _ in _orders(lively_book())} == set(WRONG)


OUT_OF_PLACE = {
    "two orders of a heap change places": lambda book, row: swap(book.orders["asks"][0], 0, 1),
    "an order names another place": lambda book, row: add(book.orders["place"], row, 1),
    "an order names a row out of the table": lambda book, row: add(book.orders["bids"], 0, 10**6),
    "an order has the number of another row": lambda book, row: add(book.orders["number"], row, 1),
    "an order is younger than the youngest": lambda book, row: add(book.orders["number"], row, 10**9 * book.orders.shape[1]),
    "an order is on the other side": lambda book, row: add(book.orders["side"], row, -1),
    "a neighbour by age is out of the table": lambda book, row: add(book.orders["newer"], row, 10**6),
    "the oldest is another one": lambda book, row: add(book.terms["oldest"], 0, 1),
    "a row counts as free that is not": lambda book, row: add(book.terms["freed"], 0, 1),
    "a count is negative": lambda book, row: add(book.terms["open_asks"], 0, -100),
}


def add(column: Any, row: int, change: int) -> None:
    column[0, row] += change


def swap(column: Any, a: int, b: int) -> None:
    column[[a, b]] = column[[b, a]]


@pytest.mark.parametrize("name", OUT_OF_PLACE)
def test_orders_that_do_not_fit_together_are_found_before_any_rule_indexes_with_them(name):
    book = lively_book()
    assert misplaced(book) == []
    assert book.terms["open_asks"][0, 0] > 1
    OUT_OF_PLACE[name](book, open_row(book, Side.ASK))
    (finding,) = misplaced(book)
    assert finding == "table orders: those open are not those that the terms count, in their order"


def test_a_book_without_rows_or_tape_is_found():
    book = pit().batch
    assert misplaced(book) == []
    for name in ("orders", "tape"):
        assert len(misplaced(book._replace(**{name: getattr(book, name)[:, :0]}))) == 1
