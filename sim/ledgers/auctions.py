"""What auctions moved in a recorded ledger, told from its transactions alone: who opened, who sealed and revealed what."""

from typing import Any, NamedTuple

import numpy as np

from chain.contracts.sealed_auction import Sealed
from chain.layout import NOBODY, Integers, Kind

Table = dict[str, Integers]


class Auctioned(NamedTuple):
    """Auctions that were open where the record begins, or opened since, and the bids in them: columns by name."""

    auctions: Table
    """number, buyer, reserve; height and position of the opening (-1, -1: before the record); end; winner, price."""
    bids: Table
    """number and bidder; height and position of the commit; deposit; revealed (0 or 1), bid; end."""


def locked_in(tables: Any, size: int) -> Integers:
    """What accounts have locked in auctions, in tables of a state: reserves and deposits."""
    out = np.zeros(size, np.int64)
    if "auctions" in tables:
        terms, auctions, bids = tables["terms"][0], tables["auctions"], tables["bids"]
        alive = np.arange(int(terms["closed"]), int(terms["opened"])) % auctions.size
        np.add.at(out, auctions["buyer"][alive], auctions["reserve"][alive])
        out += np.where(bids["phase"] != Sealed.NONE, bids["deposit"], 0)
    return out


def auctioned(genesis: Any, transactions: Any, last: int) -> Auctioned:
    """All auctions and bids of a record.

    Args:
        genesis: the tables of the state where it begins.
        transactions: of it (`sim.ledgers.movements.Transactions`).
        last: its last height.
    """
    auctions, bids = _opened(genesis, transactions), _sealed(genesis, transactions)
    first = int(genesis["terms"]["closed"][0])
    of = bids["number"] - first
    bids["end"] = auctions["end"][of]
    valid = np.flatnonzero((bids["revealed"] == 1) & (bids["bid"] <= auctions["reserve"][of]))
    ranked = valid[np.lexsort((valid, bids["bid"][valid], of[valid]))]  # of equal bids the one that was committed first
    places = np.flatnonzero(np.diff(of[ranked], prepend=NOBODY))
    winning, won = ranked[places], of[ranked[places]]
    following = np.append(ranked, NOBODY)[places + 1]
    others = np.where((following != NOBODY) & (of[following] == won), bids["bid"][following], auctions["reserve"][won])
    winner, price = np.full(auctions["number"].size, NOBODY), np.zeros(auctions["number"].size, np.int64)
    winner[won] = bids["bidder"][winning]
    price[won] = others if genesis["terms"]["second_price"][0] else bids["bid"][winning]
    ended = auctions["end"] <= last
    return Auctioned(auctions | {"winner": np.where(ended, winner, NOBODY), "price": np.where(ended, price, 0)}, bids)


def _opened(genesis: Any, tx: Any) -> Table:
    """The auctions, by number: consecutive."""
    terms, rows = genesis["terms"][0], genesis["auctions"]
    earlier = np.arange(int(terms["closed"]), int(terms["opened"]))
    before = rows[earlier % rows.size]
    opened = np.flatnonzero(tx.done & (tx.signed["kind"] == Kind.OPEN_AUCTION))
    end = tx.height[opened] + int(terms["commit_window"]) + int(terms["reveal_window"])
    none = np.full(earlier.size, NOBODY)
    return {
        "number": np.concatenate([earlier, tx.receipts["subject"][opened]]),
        "buyer": np.concatenate([before["buyer"], tx.signed["sender"][opened]]),
        "reserve": np.concatenate([before["reserve"], tx.signed["amount"][opened]]),
        "height": np.concatenate([none, tx.height[opened]]),
        "position": np.concatenate([none, tx.position[opened]]),
        "end": np.concatenate([before["reveal_until"], end]),
    }


def _sealed(genesis: Any, tx: Any) -> Table:
    """The bids, in the order of their commits within each auction."""
    rows = genesis["bids"]
    earlier = np.flatnonzero(rows["phase"] != Sealed.NONE)
    earlier = earlier[np.argsort(rows["rank"][earlier], kind="stable")]
    before, none = rows[earlier], np.full(earlier.size, NOBODY)
    sealed = np.flatnonzero(tx.done & (tx.signed["kind"] == Kind.COMMIT_BID))
    number = np.concatenate([before["auction"], tx.signed["subject"][sealed]])
    bidder = np.concatenate([earlier, tx.signed["sender"][sealed]])
    shown = np.flatnonzero(tx.done & (tx.signed["kind"] == Kind.REVEAL_BID))
    size = rows.size
    keys = number * size + bidder
    order = np.argsort(keys)
    place = order[np.searchsorted(keys, tx.signed["subject"][shown] * size + tx.signed["sender"][shown], sorter=order)]
    zeros = np.zeros(sealed.size, np.int64)
    revealed = np.concatenate([(before["phase"] == Sealed.REVEALED).astype(np.int64), zeros])
    bid = np.concatenate([before["bid"], zeros])
    revealed[place], bid[place] = 1, tx.signed["amount"][shown]
    return {
        "number": number,
        "bidder": bidder,
        "height": np.concatenate([none, tx.height[sealed]]),
        "position": np.concatenate([none, tx.position[sealed]]),
        "deposit": np.concatenate([before["deposit"], np.full(sealed.size, int(genesis["terms"]["deposit"][0]))]),
        "revealed": revealed,
        "bid": bid,
    }
