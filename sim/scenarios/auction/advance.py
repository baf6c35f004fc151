"""One tick of the auctions: transactions, a block, what is measured of it, and what is seen next."""

from typing import Any

from chain.contracts import sealed_auction
from chain.contracts.sealed_auction import Sealed
from chain.deployments.auction import seal
from chain.dice import What, below, commitment, draw, positive
from chain.layout import NOBODY, Kind
from chain.mempool import next_tick, reserve
from chain.rule import rule, world
from sim.scenarios.auction.layout import Hall

NEITHER, COMMITS, REVEALS = 0, 1, 2
"""What the next block takes of the youngest auction."""


@rule
def phase_of(book: Any) -> int:
    """What the next block takes."""
    terms, height = book.terms[0], book.head[0].height
    if terms.opened == terms.closed:
        return NEITHER
    auction = book.auctions[(terms.opened - 1) & (book.auctions.size - 1)]
    if height < auction.commit_until:
        return COMMITS
    return REVEALS if height < auction.reveal_until else NEITHER


@rule
def sign(book: Any, actions: Any, envelopes: Any, hall: Hall) -> None:
    """Seal the bids that bidders want, or reveal what they sealed; who still waits for a transaction sends nothing new. The buyer
    opens the next auction with the block that ends this one."""
    head, phase, number = book.head[0], phase_of(book), book.terms[0].opened - 1
    for s in range(actions.size):
        action, envelope = actions[s], envelopes[s]
        address = book.identities[s].address
        bid = book.bids[address]
        if book.accounts[address].pending != 0:
            continue
        if phase == COMMITS and action.bid >= 0 and bid.phase == Sealed.NONE:
            slot = reserve(book.head, book.accounts, book.pool, Kind.COMMIT_BID, address, 0)
            if slot != NOBODY:
                envelope.bid = action.bid
                envelope.salt = positive(draw(head, head.tick, s, What.SALT, 0))
                tx = book.pool[slot]
                tx.subject = number
                tx.count = commitment(s, number, envelope.bid, envelope.salt)
        elif phase == REVEALS and action.reveal != 0 and bid.phase == Sealed.COMMITTED:
            slot = reserve(book.head, book.accounts, book.pool, Kind.REVEAL_BID, address, 0)
            if slot != NOBODY:
                tx = book.pool[slot]
                tx.subject = bid.auction
                tx.amount = envelope.bid
                tx.count = envelope.salt
    buyer = book.identities[actions.size].address
    last = book.auctions[number & (book.auctions.size - 1)]
    if book.accounts[buyer].pending == 0 and (phase == NEITHER or (phase == REVEALS and head.height + 1 >= last.reveal_until)):
        slot = reserve(book.head, book.accounts, book.pool, Kind.OPEN_AUCTION, buyer, 0)
        if slot != NOBODY:
            book.pool[slot].amount = hall.reserve


@rule
def measure(book: Any, envelopes: Any, award: Any, closed: int) -> None:
    """Keep what became of the auction that has ended with this block, if one has; `closed` is how many had before."""
    award.winner = NOBODY
    if book.terms[0].closed == closed:
        return
    auction = book.auctions[closed & (book.auctions.size - 1)]
    award.ended = 1
    award.commits = auction.commits
    award.reveals = auction.reveals
    award.least_cost = envelopes[0].cost
    for s in range(envelopes.size):
        award.least_cost = min(award.least_cost, envelopes[s].cost)
    if auction.winner != NOBODY:
        winner = book.accounts[auction.winner].name
        envelope = envelopes[winner]
        award.awarded = 1
        award.winner = winner
        award.price = auction.price
        award.cost = envelope.cost
        envelope.wins += 1
        envelope.paid += auction.price
        envelope.spent += envelope.cost


@rule
def draw_costs(book: Any, envelopes: Any, hall: Hall) -> None:
    """Draw every bidder's cost of the job of the youngest auction, unless that was done: a function of the names of both."""
    number = book.terms[0].opened - 1
    for s in range(envelopes.size):
        envelope = envelopes[s]
        if envelope.auction != number:
            envelope.auction = number
            envelope.cost = below(draw(book.head[0], number, s, What.TYPE, 0), hall.cost_high + 1)
            envelope.bid = NOBODY


@rule
def observe(book: Any, view: Any, envelopes: Any, award: Any, hall: Hall) -> None:
    """Fill the views of one world."""
    left, phase = hall.horizon - book.head[0].tick, phase_of(book)
    for s in range(view.size):
        shown, envelope = view[s], envelopes[s]
        shown.ticks_left = left
        shown.phase = phase
        shown.cost = envelope.cost
        shown.sealed = envelope.bid
        if award.ended != 0:
            shown.last_price = award.price if award.awarded != 0 else NOBODY
            shown.won = 1 if award.winner == s else 0


@rule
def step(book: Any, view: Any, actions: Any, envelopes: Any, award: Any, hall: Hall) -> None:
    """Move one world one tick on: sign what the bidders want, execute one block, measure it, show it.

    Args:
        book: one world of `chain.deployments.auction.Book`.
        view: the views of its bidders, shape (bidders,); filled anew.
        actions: their actions, shape (bidders,).
        envelopes: what they keep to themselves, shape (bidders,).
        award: the record of this tick, zeros; filled.
        hall: the setting and working memory.
    """
    closed = book.terms[0].closed
    sign(book, actions, envelopes, hall)
    seal(book, hall.scratch)
    measure(book, envelopes, award, closed)
    draw_costs(book, envelopes, hall)
    next_tick(book.head[0])
    observe(book, view, envelopes, award, hall)


@rule
def advance(books: Any, views: Any, actions: Any, envelopes: Any, awards: Any, hall: Hall, first: int, stop: int) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on: the arguments of `step` with a leading world axis; `awards` are
    those of this tick."""
    for w in range(first, stop):
        step(world(books, w), views[w], actions[w], envelopes[w], awards[w], hall)


@rule
def begin(books: Any, views: Any, envelopes: Any, award: Any, hall: Hall) -> None:
    """Open the first auction of every world, draw costs and show them; `award` is a record of zeros."""
    for w in range(views.shape[0]):
        book = world(books, w)
        sealed_auction.begin(book, book.identities[views.shape[1]].address, hall.reserve)
        for s in range(views.shape[1]):
            envelopes[w, s].auction = NOBODY
            views[w, s].last_price = NOBODY
            views[w, s].won = 0
        draw_costs(book, envelopes[w], hall)
        observe(book, views[w], envelopes[w], award, hall)


@rule
def gains(books: Any, envelopes: Any, start: int, out: Any) -> None:
    """Money of every bidder, its deposit included, minus its money at the start and what its jobs cost it; `out` is filled, shape
    (worlds, bidders)."""
    for w in range(out.shape[0]):
        for s in range(out.shape[1]):
            address = books.identities[w, s].address
            bid = books.bids[w, address]
            kept = bid.deposit if bid.phase != Sealed.NONE else 0
            out[w, s] = books.accounts[w, address].balance + kept - start - envelopes[w, s].spent
