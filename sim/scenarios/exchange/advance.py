"""One tick of the exchange: swaps, a block, what is measured of it, and what is seen next."""

from typing import Any

from chain.contracts.constant_product import MONEY, deposit, shares_for
from chain.contracts.fungible_token import issue
from chain.deployments.exchange import seal
from chain.dice import What, below, chance, draw, lanes, swap
from chain.mempool import next_tick
from chain.rule import rule, world
from sim.scenarios.exchange.layout import Floor, Ring
from sim.scenarios.exchange.measuring import measure, surplus
from sim.scenarios.exchange.parameters import PRICE_FACTOR
from sim.scenarios.exchange.signing import choose_waiting, publish, sign


@rule
def moved(price: int, step_bps: int, word: Any) -> int:
    """A price moved by up to so much, up or down, uniformly in hundredths of a basis point."""
    return int(price + price * (below(word, 2 * step_bps * 100 + 1) - step_bps * 100) // 1_000_000)


@rule
def draw_needs(book: Any, ring: Ring, floor: Floor) -> None:
    """Move the outside price, and draw what every trader needs in this tick; in the last one nobody needs anything, since what is
    signed in it is never executed."""
    head, outside = book.head[0], ring.outside[0]
    if head.tick == 0:
        outside.price = floor.price
    else:
        price = moved(outside.price, floor.step_bps, draw(head, head.tick, 0, What.OUTSIDE, 0))
        outside.price = min(max(price, floor.price // PRICE_FACTOR), floor.price * PRICE_FACTOR)
    if head.tick < ring.ticks.size:
        ring.ticks[head.tick].outside = outside.price
    for k in range(ring.needs.size):
        need = ring.needs[k]
        need.credits, need.buys, need.value = 0, 0, outside.price
        words = lanes(head, head.tick, k, What.NEED, 0)
        if head.tick >= ring.ticks.size - 1 or not chance(words[0], floor.need_bps):
            continue
        need.buys = below(swap(words[0]), 2)
        need.credits = floor.need_low + below(words[1], floor.need_high - floor.need_low + 1)
        need.value = moved(outside.price, floor.spread_bps, words[2])
        tick = ring.ticks[head.tick]
        tick.needs += 1
        tick.best += max(surplus(need.buys != 0, need.credits, need.value, outside.price), 0)


@rule
def show_pool(book: Any, view: Any, floor: Floor) -> None:
    """Fill what everybody is shown."""
    view.ticks_left = floor.horizon - book.head[0].tick
    view.pool_money = book.terms[0].money
    view.pool_credits = book.terms[0].credits


@rule
def show_purse(book: Any, view: Any, name: int, price: int) -> None:
    """Fill what those are shown who know the outside price."""
    address = book.identities[name].address
    view.price = price
    view.money = book.accounts[address].balance
    view.credits = book.credits[address].balance


@rule
def observe(book: Any, ring: Ring, views: Any, floor: Floor) -> None:
    """Fill the views of one world."""
    for k in range(floor.traders):
        view, need = views.traders[k], ring.needs[k]
        show_pool(book, view, floor)
        view.buys, view.need, view.value = need.buys, need.credits, need.value
        view.waiting = book.accounts[book.identities[k].address].pending
    price = ring.outside[0].price
    for k in range(floor.arbitrageurs):
        show_pool(book, views.arbitrageurs[k], floor)
        show_purse(book, views.arbitrageurs[k], floor.traders + k, price)
    builder = views.builders[0]
    show_pool(book, builder, floor)
    show_purse(book, builder, floor.traders + floor.arbitrageurs, price)
    count = choose_waiting(book, floor)
    for place in range(floor.shown.size):
        shown = builder.waiting[place]
        shown.pays_credits, shown.pay, shown.least = 0, -1, 0
        if place < count:
            tx = book.pool[floor.shown[place]]
            shown.pays_credits, shown.pay, shown.least = 0 if tx.subject == MONEY else 1, tx.amount, tx.count


@rule
def step(book: Any, ring: Ring, views: Any, actions: Any, floor: Floor) -> None:
    """Move one world one tick on: sign what the agents want, execute one block, measure it, show it.

    Args:
        book: one world of `chain.deployments.exchange.Book`.
        ring: what is kept beside it.
        views: of all roles; filled anew.
        actions: of all roles.
        floor: what all worlds share, and working memory.
    """
    terms, tick = book.terms[0], book.head[0].tick
    money, credits = terms.money, terms.credits
    sign(book, ring, actions, floor)
    seal(book, floor.scratch)
    measure(book, ring, ring.ticks[tick] if tick < ring.ticks.size else floor.spare[0], money, credits, floor)
    publish(book, ring, actions.traders, floor)
    next_tick(book.head[0])
    draw_needs(book, ring, floor)
    observe(book, ring, views, floor)


@rule
def advance(books: Any, ring: Ring, views: Any, actions: Any, floor: Floor, first: int, stop: int) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on: the arguments of `step` with a leading world axis."""
    for w in range(first, stop):
        step(world(books, w), world(ring, w), world(views, w), world(actions, w), floor)


@rule
def begin(books: Any, ring: Ring, views: Any, purses: Any, floor: Floor) -> None:
    """Give everybody in every world as many credits as it has money, let the last of them found the pool with all it has, draw
    needs and show them. `purses` has the credits of every name."""
    for w in range(views.traders.shape[0]):
        book = world(books, w)
        for name in range(purses.size):
            issue(book.credits, book.terms, book.identities[name].address, purses[name])
        founder = book.identities[purses.size - 1].address
        money, credits = book.accounts[founder].balance, book.credits[founder].balance
        deposit(book, founder, money, credits, shares_for(book.terms[0], money, credits))
        draw_needs(book, world(ring, w), floor)
        observe(book, world(ring, w), world(views, w), floor)
