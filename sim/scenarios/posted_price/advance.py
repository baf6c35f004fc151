"""One tick of the market of posted prices: transactions, a block, what is measured of it, and what is seen next."""

from typing import Any

from chain.contracts.posted_price import join, set_price
from chain.deployments.posted_price import seal
from chain.dice import What, below, draw
from chain.layout import NOBODY, Kind
from chain.mempool import next_tick, reserve
from chain.rule import rule, world
from sim.scenarios.posted_price.layout import Shop


@rule
def sign(book: Any, actions: Any, shop: Shop) -> None:
    """Post the prices that differ from those that stand; who still waits for an earlier post sends nothing new."""
    for s in range(actions.size):
        action = actions[s]
        address = book.identities[s].address
        price = action.price
        if price < 0:
            price = shop.grid[min(max(action.level, 0), shop.grid.size - 1)]
        if price != book.sellers[address].price and book.accounts[address].pending == 0:
            slot = reserve(book.head, book.accounts, book.pool, Kind.POST_PRICE, address, 0)
            if slot != NOBODY:
                book.pool[slot].amount = price


@rule
def measure(book: Any, sales: Any, tick: int) -> None:
    """Keep what every seller sold in this block; `sales` has shape (ticks, sellers), and ticks beyond it are not kept."""
    if tick >= sales.shape[0]:
        return
    for s in range(sales.shape[1]):
        seller, sale = book.sellers[book.identities[s].address], sales[tick, s]
        sale.price = seller.price
        sale.quantity = seller.demand * seller.served
        sale.profit = (seller.revenue - seller.expense) * seller.served


@rule
def observe(book: Any, view: Any, shop: Shop) -> None:
    """Fill the views of one world: its own price in a seller's row 0, the others' after it."""
    left = shop.horizon - book.head[0].tick
    sellers, top = view.size, shop.grid.size - 1
    for s in range(sellers):
        view[s].ticks_left = left
        own = view[s].sellers[0]
        price = book.sellers[book.identities[s].address].price
        own.price = price
        own.level = min(max(int((price - shop.lowest) * shop.per_level + 0.5), 0), top)
    for s in range(sellers):
        other = s
        for row in range(1, sellers):
            other = other + 1 if other + 1 < sellers else 0
            view[s].sellers[row] = view[other].sellers[0]


@rule
def step(book: Any, view: Any, actions: Any, sales: Any, shop: Shop) -> None:
    """Move one world one tick on: sign what the sellers want, execute one block, measure it, show it.

    Args:
        book: one world of `chain.deployments.posted_price.Book`.
        view: the views of its sellers, shape (sellers,); filled anew.
        actions: their actions, shape (sellers,).
        sales: filled in row `tick`, shape (ticks kept, sellers).
        shop: the grid and working memory.
    """
    sign(book, actions, shop)
    seal(book, shop.scratch)
    measure(book, sales, book.head[0].tick)
    next_tick(book.head[0])
    observe(book, view, shop)


@rule
def advance(books: Any, views: Any, actions: Any, sales: Any, shop: Shop, first: int, stop: int) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on: the arguments of `step` with a leading world axis.

    One world after another goes all the way, while its records are in the processor's nearest cache.
    """
    for w in range(first, stop):
        step(world(books, w), views[w], actions[w], sales[w], shop)


@rule
def begin(books: Any, views: Any, costs: Any, shop: Shop) -> None:
    """Open every seller of every world with its cost and a price drawn from the grid, and show it."""
    for w in range(views.shape[0]):
        book = world(books, w)
        for s in range(views.shape[1]):
            address = book.identities[s].address
            level = below(draw(book.head[0], 0, s, What.TYPE, 0), shop.grid.size)
            join(book, address, costs[s])
            set_price(book, address, shop.grid[level])
        observe(book, views[w], shop)


@rule
def gains(books: Any, start: int, out: Any) -> None:
    """Money of every seller minus its money at the start; `out` is filled, shape (worlds, sellers)."""
    for w in range(out.shape[0]):
        for s in range(out.shape[1]):
            out[w, s] = books.accounts[w, books.identities[w, s].address].balance - start
