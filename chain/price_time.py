"""Who trades first: the open orders of one side by price, and at one price by age, as a binary heap; and all of them by age.

The best order is at place 0; at each place stands an order no worse than those at places 2 k + 1 and 2 k + 2. To enter, to leave
and to be served costs as many steps as the number of orders has bits. An order is a row of the table; `place` of its record says
where in the heap it stands. `bids` and `asks` of the records hold the two heaps: record k names the row at place k. By age every
order names its neighbours; the ends of that line are `oldest` and `newest` of the terms.

Source: Williams, "Algorithm 232: Heapsort", Communications of the ACM 7, 1964.
"""

from enum import IntEnum

from chain.layout import NOBODY, Record, Records
from chain.rule import rule


class Side(IntEnum):
    """Which way an order trades."""

    BID = 0  # it buys
    ASK = 1  # it sells


@rule
def row_at(orders: Records, side: int, place: int) -> int:
    """The row of the order at a place of the heap."""
    return int(orders[place].bids if side == Side.BID else orders[place].asks)


@rule
def put(orders: Records, side: int, place: int, row: int) -> None:
    """Let an order stand at a place."""
    if side == Side.BID:
        orders[place].bids = row
    else:
        orders[place].asks = row
    orders[row].place = place


@rule
def comes_before(orders: Records, side: int, row: int, other: int) -> bool:
    """Whether an order has the better price, or the same price and the lower number."""
    price, against = orders[row].price, orders[other].price
    if price != against:
        return bool((price > against) == (side == Side.BID))
    return bool(orders[row].number < orders[other].number)


@rule
def rise(orders: Records, side: int, place: int, row: int) -> None:
    """Let an order stand at a place or above it: as far up as it comes before those it meets."""
    while place > 0:
        above = row_at(orders, side, (place - 1) // 2)
        if not comes_before(orders, side, row, above):
            break
        put(orders, side, place, above)
        place = (place - 1) // 2
    put(orders, side, place, row)


@rule
def sink(orders: Records, side: int, place: int, row: int, count: int) -> None:
    """Let an order stand at a place or below it, among `count` orders: as far down as others come before it."""
    while 2 * place + 1 < count:
        below = 2 * place + 1
        if below + 1 < count and comes_before(orders, side, row_at(orders, side, below + 1), row_at(orders, side, below)):
            below += 1
        next_row = row_at(orders, side, below)
        if not comes_before(orders, side, next_row, row):
            break
        put(orders, side, place, next_row)
        place = below
    put(orders, side, place, row)


@rule
def leave(orders: Records, side: int, place: int, count: int) -> None:
    """Take the order at a place out of a heap of `count` orders: the last one takes its place, and rises or sinks from there."""
    last = row_at(orders, side, count - 1)
    if place < count - 1:
        if place > 0 and comes_before(orders, side, last, row_at(orders, side, (place - 1) // 2)):
            rise(orders, side, place, last)
        else:
            sink(orders, side, place, last, count - 1)


@rule
def join_line(terms: Record, orders: Records, row: int, count: int) -> None:
    """Let an order be the last by age, after `count` others."""
    order = orders[row]
    order.older, order.newer = NOBODY, NOBODY
    if count == 0:
        terms.oldest = row
    else:
        order.older = terms.newest
        orders[terms.newest].newer = row
    terms.newest = row


@rule
def leave_line(terms: Record, orders: Records, row: int) -> None:
    """Take an order out of the line by age."""
    order = orders[row]
    if order.older == NOBODY:
        terms.oldest = order.newer
    else:
        orders[order.older].newer = order.newer
    if order.newer == NOBODY:
        terms.newest = order.older
    else:
        orders[order.newer].older = order.older
