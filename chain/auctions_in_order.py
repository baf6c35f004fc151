"""What must hold of auctions and their bids: after every block, and of a book that comes from outside. See `chain.invariants`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts.sealed_auction import Sealed
from chain.layout import MAX_PRICE, NOBODY


def _numbered(table: Any, terms: Any) -> tuple[Any, Any]:
    """Of a table whose row is a number modulo its length: what numbers, from `closed` on, rows stand for, and which are open."""
    closed, rows = terms["closed"], table.shape[1]
    number = closed + (np.arange(rows) - closed) % rows
    return number, number < terms["opened"]


def auctioned(book: Any) -> Iterator[tuple[str, Any]]:
    """Every invariant of the auctions of a book, with whether it holds in each world."""
    auctions, bids, head = book.auctions, book.bids, book.head[:, 0]
    number, alive = _numbered(auctions, book.terms)
    sealed = bids["phase"] != Sealed.NONE
    held = np.where(alive, auctions["reserve"], 0).sum(axis=1) + np.where(sealed, bids["deposit"], 0).sum(axis=1)
    yield "locked = reserves of open auctions + deposits of bids", head["locked"] == held
    of = (bids["auction"][:, None, :] == number[:, :, None]) & sealed[:, None, :]
    revealed = of & (bids["phase"] == Sealed.REVEALED)[:, None, :]
    yield "every bid is one of an open auction", sealed.sum(axis=1) == (of & alive[:, :, None]).sum(axis=(1, 2))
    counted = (of.sum(axis=2) == auctions["commits"]) & (revealed.sum(axis=2) == auctions["reveals"])
    yield "open auctions count their bids", (counted | ~alive).all(axis=1)
    valid = np.where(revealed, bids["bid"][:, None, :], MAX_PRICE + 1)
    ordered = np.sort(np.concatenate([valid, auctions["reserve"][:, :, None]], axis=2), axis=2)
    least, others = ordered[:, :, 0], ordered[:, :, min(1, bids.shape[1])]
    won = auctions["winner"] != NOBODY
    right = np.where(won, (auctions["bid"] == least) & (auctions["next_bid"] == others), least == auctions["reserve"])
    yield "the lowest revealed bid leads", (right | ~alive).all(axis=1)
    yield "no auction has ended unsettled", (~alive | (auctions["reveal_until"] > head["height"][:, None])).all(axis=1)


def auctions_in_place(book: Any) -> bool:
    """Whether the terms count no more auctions than there are rows, those open have a buyer and pay no more than their reserve,
    and every bid is in one of them."""
    auctions, bids, terms = book.auctions[0], book.bids[0], book.terms[0, 0]
    rows, closed, opened = auctions.size, int(terms.closed), int(terms.opened)
    if rows & (rows - 1) or not 0 <= closed <= opened <= closed + rows:
        return False
    alive = (np.arange(rows) - closed) % rows < opened - closed
    sound = (auctions["buyer"] >= 0) & (np.maximum(auctions["bid"], auctions["next_bid"]) <= auctions["reserve"])
    placed = (bids["phase"] == Sealed.NONE) | ((closed <= bids["auction"]) & (bids["auction"] < opened))
    return bool((sound | ~alive).all() and placed.all())
