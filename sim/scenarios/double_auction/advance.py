"""One tick of the double auction: quotes, a block, what is measured of it, and what is seen next."""

from typing import Any

from chain.contracts.order_book import issue, order_row
from chain.deployments.double_auction import seal
from chain.dice import What, below, draw
from chain.layout import NOBODY, Kind
from chain.mempool import next_tick, reserve
from chain.price_time import Side, row_at
from chain.rule import rule, world
from sim.scenarios.double_auction.layout import Pit


@rule
def best_price(book: Any, side: int) -> int:
    """The best price that stands on a side, or -1."""
    count = book.terms[0].open_bids if side == Side.BID else book.terms[0].open_asks
    return int(book.orders[row_at(book.orders, side, 0)].price) if count > 0 else -1


@rule
def sign(book: Any, views: Any, actions: Any, side: int, first: int, pit: Pit) -> None:
    """Quote the prices that the agents of one side want where it is their turn; the first of them has the name `first`.

    One order of one unit per agent: a new price takes the place of what stands. Who still waits for an earlier one sends nothing.
    """
    other = best_price(book, 1 - side)
    kind = Kind.PLACE_BID if side == Side.BID else Kind.PLACE_ASK
    for k in range(actions.size):
        price = actions[k].price
        if price >= 0:
            price = min(max(price, pit.lowest), pit.highest)
        if actions[k].accept != 0 and other >= 0:
            price = other
        if price < 0 or views[k].turn == 0 or views[k].left == 0:
            continue
        address = book.identities[first + k].address
        row = order_row(book, book.holdings[address].latest)
        if book.accounts[address].pending != 0 or (row != NOBODY and book.orders[row].price == price):
            continue
        slot = reserve(book.head, book.accounts, book.pool, kind, address, 0)
        if slot != NOBODY:
            tx = book.pool[slot]
            tx.amount = price
            tx.count = 1
            tx.subject = 0 if row == NOBODY else book.orders[row].number


@rule
def settle(types: Any, tallies: Any, agent: int, price: int) -> int:
    """Enter a unit that an agent traded; returns its value or cost, 0 beyond its last unit."""
    tally = tallies[agent]
    worth = types[agent, tally.traded] if tally.traded < types.shape[1] else 0
    tally.traded += 1
    tally.worth += worth
    tally.money += price
    return int(worth)


@rule
def measure(book: Any, types: Any, tallies: Any, ticks: Any, before: int) -> None:
    """Enter the trades from number `before` on, all of this block; ticks beyond those kept are left out."""
    tick = book.head[0].tick
    for number in range(before, book.terms[0].trades):
        trade = book.tape[number % book.tape.size]
        value = settle(types, tallies, book.accounts[trade.buyer].name, trade.price)
        cost = settle(types, tallies, book.accounts[trade.seller].name, trade.price)
        if tick < ticks.size:
            ticks[tick].trades += 1
            ticks[tick].price += trade.price
            ticks[tick].value += value
            ticks[tick].cost += cost
            ticks[tick].consumers += value - trade.price


@rule
def standing(book: Any, address: int) -> int:
    """The price of an agent's own order, or -1."""
    row = order_row(book, book.holdings[address].latest)
    return int(book.orders[row].price) if row != NOBODY else -1


@rule
def observe(book: Any, buyers: Any, suppliers: Any, types: Any, tallies: Any, pit: Pit) -> None:
    """Fill the views of one world, and draw whose turn it is."""
    head, everybody = book.head[0], 1 if pit.turns == 0 else 0
    bid, ask, last, left = best_price(book, Side.BID), best_price(book, Side.ASK), -1, pit.horizon - head.tick
    if book.terms[0].trades > 0:
        last = book.tape[(book.terms[0].trades - 1) % book.tape.size].price
    for k in range(buyers.size):
        view, traded = buyers[k], tallies[k].traded
        view.ticks_left, view.turn, view.best_bid, view.best_ask, view.last_price = left, everybody, bid, ask, last
        view.left = max(pit.units - traded, 0)
        view.value = types[k, traded] if traded < pit.units else -1
        view.bid = standing(book, book.identities[k].address)
    for k in range(suppliers.size):
        agent = pit.buyers + k
        view, traded = suppliers[k], tallies[agent].traded
        view.ticks_left, view.turn, view.best_bid, view.best_ask, view.last_price = left, everybody, bid, ask, last
        view.left = max(pit.units - traded, 0)
        view.cost = types[agent, traded] if traded < pit.units else -1
        view.ask = standing(book, book.identities[agent].address)
    for turn in range(pit.turns):
        agent = below(draw(head, head.tick, 0, What.TURN, turn), buyers.size + suppliers.size)
        if agent < buyers.size:
            buyers[agent].turn = 1
        else:
            suppliers[agent - buyers.size].turn = 1


@rule
def step(book: Any, buyers: Any, suppliers: Any, bids: Any, asks: Any, types: Any, tallies: Any, ticks: Any, pit: Pit) -> None:
    """Move one world one tick on: sign what the agents quote, execute one block, measure it, show it.

    Args:
        book: one world of `chain.deployments.double_auction.Book`.
        buyers, suppliers: their views; filled anew.
        bids, asks: their actions.
        types, tallies, ticks: as in `Ring`, of this world.
        pit: what all worlds share, and working memory.
    """
    before = book.terms[0].trades
    sign(book, buyers, bids, Side.BID, 0, pit)
    sign(book, suppliers, asks, Side.ASK, pit.buyers, pit)
    seal(book, pit.scratch)
    measure(book, types, tallies, ticks, before)
    next_tick(book.head[0])
    observe(book, buyers, suppliers, types, tallies, pit)


@rule
def advance(books: Any, views: Any, actions: Any, ring: Any, pit: Pit, first: int, stop: int) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on: the arguments of `step` with a leading world axis; views and
    actions are pairs of buyers' and suppliers'.

    One world after another goes all the way, while its records are in the processor's nearest cache.
    """
    for w in range(first, stop):
        step(
            world(books, w), views[0][w], views[1][w], actions[0][w], actions[1][w],
            ring.types[w], ring.tallies[w], ring.ticks[w], pit,
        )  # fmt: skip


@rule
def draw_types(head: Any, types: Any, low: int, high: int, first: int, rising: bool) -> None:
    """Draw the units of some agents of one world, uniform on [low, high], each agent's best one first; the first agent has the
    name `first`."""
    for agent in range(types.shape[0]):
        for unit in range(types.shape[1]):
            worth = low + below(draw(head, 0, first + agent, What.TYPE, unit), high - low + 1)
            place = unit
            while place > 0 and (types[agent, place - 1] > worth) == rising and types[agent, place - 1] != worth:
                types[agent, place] = types[agent, place - 1]
                place -= 1
            types[agent, place] = worth


@rule
def begin(books: Any, views: Any, ring: Any, pit: Pit) -> None:
    """Give the suppliers of every world their units, and show it."""
    for w in range(views[0].shape[0]):
        book = world(books, w)
        for k in range(views[1].shape[1]):
            issue(book, book.identities[pit.buyers + k].address, pit.units)
        observe(book, views[0][w], views[1][w], ring.types[w], ring.tallies[w], pit)


@rule
def gains(books: Any, tallies: Any, start: int, buyers: int, out: Any) -> None:
    """What every agent gained: money, with that of a bid that stands, minus its money at the start; and the values of units
    bought minus the costs of units sold. `out` is filled, shape (worlds, agents)."""
    for w in range(out.shape[0]):
        book = world(books, w)
        for k in range(out.shape[1]):
            address = book.identities[k].address
            row = order_row(book, book.holdings[address].latest)
            kept = book.orders[row].price * book.orders[row].units if row != NOBODY and k < buyers else 0
            worth = tallies[w, k].worth if k < buyers else -tallies[w, k].worth
            out[w, k] = book.accounts[address].balance + kept - start + worth
