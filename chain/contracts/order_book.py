"""The order book: a continuous double auction of units of service against money.

1. The issuer issues units of service to accounts. A unit is worth what its holder makes of it; the book only moves it.
2. A bid offers a price for each of some units, an ask demands one. It trades at once with the best order of the other side, as
   long as their prices cross: the higher bid and the lower ask come first, and at one price the older order. The order that stood
   sets the price. Both may be filled in part.
3. What is left of it stands in the book: the money of a bid and the units of an ask are in the ledger's keeping.
4. Whoever placed an order can cancel it, or place another in its stead: what is left comes back first, and if nothing is left
   neither happens. Nobody trades with oneself: an order that meets an older one of its sender takes that one out.
5. An order stands for `order_window` blocks after its own; then it is given back. With 0 that is at the end of its own block.
6. With `wipe` every trade ends the round: all orders are given back, and what is left of the one that traded lapses.
7. The last trades are written on a tape.

Source: price and time priority as in the public limit order books of exchanges; the wiped book is the institution of Gode and
Sunder, "Allocative efficiency of markets with zero-intelligence traders", Journal of Political Economy 101, 1993.
"""

from chain.accounts import can_pay, is_open, lock, release, transfer
from chain.layout import MAX_PRICE, MAX_SUPPLY, NOBODY, Kind, Record, record
from chain.price_time import Side, join_line, leave, leave_line, rise, row_at
from chain.rule import rule
from chain.status import Status

TERMS = record(
    "order_window", "wipe",  # blocks that an order stands after its own; 1 where a trade ends the round
    "issuer", "issued",  # address of the account that issues units, and how many it has issued
    "open_bids", "open_asks", "oldest", "newest",  # orders in the book; rows of the first and the last by age, if there are any
    "placed", "freed",  # orders that ever stood; rows that stood and are free again
    "trades",  # number of the next trade
)  # fmt: skip
"""The contract's parameters and its counters: one record."""

TERM_LIMITS = {"order_window": 2**31, "wipe": 1, "issuer": 2**31}
"""Highest value of each parameter; the lowest is 0. The counters are not for setting."""

MAX_UNITS = 2**20
"""Most units of an order and of an issue: what an order is worth stays inside 64 bits."""

ORDER = record(
    "number", "owner", "side", "price", "units", "due",  # `number`: 0 in a free row; `due`: the last block in which it stands
    "place", "older", "newer",  # in the heap of its side; neighbours by age, or `NOBODY`
    "bids", "asks", "free",  # of place k: rows of the k-th bid and ask in their heaps (`chain/price_time.py`), and of the k-th
)  # fmt: skip
"""An order that stands, and three lists of rows. Number n lives in row n modulo the table's length."""

HOLDING = record("units", "offered", "latest")
"""By account: units that it can offer, units in open asks, and the number of the order that it placed last (0: none)."""

TRADE = record("buyer", "seller", "price", "units", "height")
"""A trade; number n lives in row n modulo the table's length."""


@rule
def order_row(book: Record, number: int) -> int:
    """The row of an open order, or `NOBODY`."""
    row = number % book.orders.size
    return int(row) if number > 0 and book.orders[row].number == number else NOBODY


@rule
def count_of(book: Record, side: int) -> int:
    """How many orders of a side are open."""
    terms = book.terms[0]
    return int(terms.open_bids if side == Side.BID else terms.open_asks)


@rule
def crosses(book: Record, side: int, price: int) -> bool:
    """Whether an order of this side and price would meet the best of the other side."""
    other = 1 - side
    if count_of(book, other) == 0:
        return False
    best = book.orders[row_at(book.orders, other, 0)].price
    return bool(price >= best if side == Side.BID else price <= best)


@rule
def is_full(book: Record) -> bool:
    """Whether no row is free."""
    terms = book.terms[0]
    return bool(terms.open_bids + terms.open_asks >= book.orders.size)


@rule
def stand(book: Record, tx: Record, side: int, units: int) -> int:
    """Put an order into a free row and what backs it into the ledger's keeping; returns its number."""
    terms, orders = book.terms[0], book.orders
    if terms.freed > 0:
        terms.freed -= 1
        row = orders[terms.freed].free
    else:
        row = terms.open_bids + terms.open_asks
    terms.placed += 1
    order = orders[row]
    order.number = terms.placed * orders.size + row
    order.owner, order.side, order.price, order.units = tx.sender, side, tx.amount, units
    order.due = book.head[0].height + terms.order_window
    join_line(terms, orders, row, terms.open_bids + terms.open_asks)
    rise(orders, side, count_of(book, side), row)
    if side == Side.BID:
        terms.open_bids += 1
        lock(book.accounts, book.head[0], tx.sender, tx.amount * units)
    else:
        terms.open_asks += 1
        book.holdings[tx.sender].units -= units
        book.holdings[tx.sender].offered += units
    book.holdings[tx.sender].latest = order.number
    return int(order.number)


@rule
def remove(book: Record, row: int) -> None:
    """Take an order out of the book; nothing backs it any more."""
    terms, order = book.terms[0], book.orders[row]
    leave(book.orders, order.side, order.place, count_of(book, order.side))
    leave_line(terms, book.orders, row)
    if order.side == Side.BID:
        terms.open_bids -= 1
    else:
        terms.open_asks -= 1
    order.number = 0
    book.orders[terms.freed].free = row
    terms.freed += 1


@rule
def give_back(book: Record, row: int) -> None:
    """Return to its owner what backs an order, and take the order out of the book."""
    order = book.orders[row]
    if order.side == Side.BID:
        release(book.accounts, book.head[0], order.owner, order.price * order.units)
    else:
        book.holdings[order.owner].units += order.units
        book.holdings[order.owner].offered -= order.units
    remove(book, row)


@rule
def trade(book: Record, taker: int, row: int, units: int) -> None:
    """Fill so many units of the order in a row, at its price, against free money or units of the taker."""
    order, holdings = book.orders[row], book.holdings
    money = order.price * units
    entry = book.tape[book.terms[0].trades % book.tape.size]
    if order.side == Side.ASK:
        transfer(book.accounts, taker, order.owner, money)
        holdings[order.owner].offered -= units
        holdings[taker].units += units
        entry.buyer, entry.seller = taker, order.owner
    else:
        release(book.accounts, book.head[0], taker, money)
        holdings[taker].units -= units
        holdings[order.owner].units += units
        entry.buyer, entry.seller = order.owner, taker
    entry.price, entry.units, entry.height = order.price, units, book.head[0].height
    book.terms[0].trades += 1
    order.units -= units
    if order.units == 0:
        remove(book, row)


@rule
def place(book: Record, tx: Record, side: int) -> None:
    """Trade while prices cross, then let the rest stand; `subject` becomes the number of the order that stands, or `NOBODY`."""
    terms, left, traded = book.terms[0], tx.count, False
    replaced = replaced_row(book, tx)
    if replaced != NOBODY:
        give_back(book, replaced)
    while left > 0 and crosses(book, side, tx.amount) and not (traded and terms.wipe != 0):
        row = row_at(book.orders, 1 - side, 0)
        if book.orders[row].owner == tx.sender:
            give_back(book, row)
        else:
            units = min(left, book.orders[row].units)
            trade(book, tx.sender, row, units)
            left -= units
            traded = True
    tx.subject = NOBODY
    if traded and terms.wipe != 0:
        while terms.open_bids + terms.open_asks > 0:
            give_back(book, terms.newest)
    elif left > 0:
        tx.subject = stand(book, tx, side, left)


@rule
def replaced_row(book: Record, tx: Record) -> int:
    """The row of the sender's open order that a new one takes the place of, or `NOBODY`."""
    row = order_row(book, tx.subject)
    return row if row != NOBODY and book.orders[row].owner == tx.sender else NOBODY


@rule
def refuse_place(book: Record, tx: Record, side: int) -> Status:
    """The conditions that bids and asks share, in order. What backs an order that is replaced counts for the new one."""
    if not (0 <= tx.amount <= MAX_PRICE and 0 < tx.count <= MAX_UNITS):
        return Status.BAD_AMOUNT
    row = replaced_row(book, tx)
    units, money = book.holdings[tx.sender].units, 0
    if row != NOBODY:
        order = book.orders[row]
        money = order.price * order.units if order.side == Side.BID else 0
        units += order.units if order.side == Side.ASK else 0
    if side == Side.BID and not can_pay(book.accounts, tx.sender, tx.amount * tx.count - money):
        return Status.INSUFFICIENT_BALANCE
    if tx.subject != 0 and order_row(book, tx.subject) == NOBODY:
        return Status.NO_SUCH_ORDER
    if tx.subject != 0 and row == NOBODY:
        return Status.NOT_YOUR_ORDER
    if side == Side.ASK and units < tx.count:
        return Status.INSUFFICIENT_UNITS
    if row == NOBODY and is_full(book) and not crosses(book, side, tx.amount):
        return Status.BOOK_FULL
    return Status.OK


@rule
def place_bid(book: Record, tx: Record) -> Status:
    """Offer `amount` for each of `count` units, in the place of the order of number `subject` if that is not 0."""
    # Conditions
    refusal = refuse_place(book, tx, Side.BID)
    if refusal != Status.OK:
        return refusal
    # Effects
    place(book, tx, Side.BID)
    return Status.OK


@rule
def place_ask(book: Record, tx: Record) -> Status:
    """Demand `amount` for each of `count` units, in the place of the order of number `subject` if that is not 0."""
    # Conditions
    refusal = refuse_place(book, tx, Side.ASK)
    if refusal != Status.OK:
        return refusal
    # Effects
    place(book, tx, Side.ASK)
    return Status.OK


@rule
def cancel_order(book: Record, tx: Record) -> Status:
    """Take back the order of number `subject`."""
    # Conditions
    row = order_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_ORDER
    if book.orders[row].owner != tx.sender:
        return Status.NOT_YOUR_ORDER
    # Effects
    give_back(book, row)
    return Status.OK


@rule
def issue(book: Record, address: int, units: int) -> None:
    """Create units and give them to an account. They fit: the caller checked."""
    book.holdings[address].units += units
    book.terms[0].issued += units


@rule
def issue_units(book: Record, tx: Record) -> Status:
    """Issue `count` units to the account at `to`."""
    # Conditions
    if not (0 < tx.count <= MAX_UNITS and book.terms[0].issued <= MAX_SUPPLY - tx.count):
        return Status.BAD_AMOUNT
    if not is_open(book.accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if tx.sender != book.terms[0].issuer:
        return Status.NOT_ISSUER
    # Effects
    issue(book, tx.to, tx.count)
    return Status.OK


@rule
def expire(book: Record) -> None:
    """At the end of a block: give back every order whose last block this was."""
    terms = book.terms[0]
    while terms.open_bids + terms.open_asks > 0 and book.orders[terms.oldest].due <= book.head[0].height:
        give_back(book, terms.oldest)


_NAMED = (Status.NO_SUCH_ORDER, Status.NOT_YOUR_ORDER)
ENTRY_POINTS = {
    Kind.PLACE_BID: (place_bid, (Status.BAD_AMOUNT, Status.INSUFFICIENT_BALANCE, *_NAMED, Status.BOOK_FULL)),
    Kind.PLACE_ASK: (place_ask, (Status.BAD_AMOUNT, *_NAMED, Status.INSUFFICIENT_UNITS, Status.BOOK_FULL)),
    Kind.CANCEL_ORDER: (cancel_order, _NAMED),
    Kind.ISSUE_UNITS: (issue_units, (Status.BAD_AMOUNT, Status.NO_SUCH_ACCOUNT, Status.NOT_ISSUER)),
}
"""Each entry point with its refusals, in order of precedence."""
