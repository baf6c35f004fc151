"""What must hold after every block, whatever was submitted. Checked by tests and at the end of every recorded run."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.auctions_in_order import auctioned
from chain.contracts.constant_product import LOCKED_SHARES
from chain.contracts.payee_escrow import State
from chain.contracts.posted_price import MASS
from chain.contracts.reputation import MAX_WEIGHT
from chain.contracts.service_market import Phase
from chain.errors import InvariantError
from chain.escrow_in_order import UNPAID, escrowed, held_of, sitting
from chain.layout import (
    MAX_PRICE,
    MAX_SUPPLY,
    WHOLE_BPS,
)
from chain.price_time import Side
from chain.trust_in_order import entrusted

Finding = tuple[str, "np.ndarray[Any, Any]"]


def _core(book: Any) -> Iterator[Finding]:
    head, accounts = book.head[:, 0], book.accounts
    held = accounts["balance"].sum(axis=1) + head["locked"]
    yield "minted = balances + locked + burned", head["minted"] == held + head["burned"]
    yield "no balance is negative", (accounts["balance"] >= 0).all(axis=1)
    yield "nothing burned or locked is negative", (head["burned"] >= 0) & (head["locked"] >= 0)
    yield "minted supply within bounds", (head["minted"] >= 0) & (head["minted"] <= MAX_SUPPLY)
    yield "spare rows hold nothing", (np.where(accounts["owner"] < 0, accounts["balance"], 0) == 0).all(axis=1)
    yield "pending transactions are counted", accounts["pending"].sum(axis=1) == head["pending"]
    yield "registered names are the open rows", (accounts["owner"] >= 0).sum(axis=1) == head["registered"]


def _market(book: Any) -> Iterator[Finding]:
    jobs, stakes, head = book.jobs, book.stakes, book.head[:, 0]
    escrow = held_of(jobs, book.deals).sum(axis=1)
    pledged = stakes["bonded"].sum(axis=1) + stakes["unbonding"].sum(axis=1)
    yield "locked = escrow of open jobs + stakes", head["locked"] == escrow + pledged
    alive = np.isin(jobs["phase"], (*UNPAID, Phase.PAID))
    owed = np.zeros_like(stakes["locked"])
    worlds = np.broadcast_to(np.arange(jobs.shape[0])[:, None], jobs.shape)
    np.add.at(owed, (worlds[alive], jobs["provider"][alive]), jobs["stake"][alive])
    world, seat = np.nonzero(sitting(jobs, book.deals, book.seats))
    np.add.at(owed, (world, book.seats["juror"][world, seat]), book.seats["stake"][world, seat])
    yield "locked stake = stakes of open jobs", (stakes["locked"] == owed).all(axis=1)
    yield "locked stake is bonded", (stakes["bonded"] >= stakes["locked"]).all(axis=1)
    yield "no stake is negative", ((stakes["locked"] >= 0) & (stakes["unbonding"] >= 0)).all(axis=1)
    points, weight = book.reputation["points"], book.reputation["weight"]
    yield "no reputation outweighs the bound", ((weight >= 0) & (weight < MAX_WEIGHT)).all(axis=1)
    yield "no mean rating is outside 0 to 10,000 bps", ((points >= 0) & (points <= WHOLE_BPS * weight)).all(axis=1)
    yield "no deadline has passed unsettled", (~alive | (jobs["due"] > head["height"][:, None])).all(axis=1)


def _posted(book: Any) -> Iterator[Finding]:
    sellers, listed = book.sellers, book.terms["listed"][:, 0]
    yield "every seller is listed once", (sellers["known"] == 1).sum(axis=1) == listed
    yield "no seller is listed twice", _all_different(sellers["listed"], listed)
    yield "no demand is negative", (sellers["demand"] >= 0).all(axis=1)
    yield "demand is at most the mass of consumers", sellers["demand"].sum(axis=1) <= MASS


def _exchange(book: Any) -> Iterator[Finding]:
    terms, credits, shares = book.terms[:, 0], book.credits["balance"], book.liquidity["shares"]
    yield "locked = money in the pool", book.head["locked"][:, 0] == terms["money"]
    yield "supply of credits = balances + pool", terms["supply"] == credits.sum(axis=1) + terms["credits"]
    yield "no credits are negative", (credits >= 0).all(axis=1) & (terms["credits"] >= 0)
    founded = terms["shares"] > 0
    yield "shares of the pool = those of accounts + locked ones", terms["shares"] == shares.sum(axis=1) + founded * LOCKED_SHARES
    yield "no shares are negative", (shares >= 0).all(axis=1)
    yield "reserves stand behind shares", ((terms["money"] > 0) == founded) & ((terms["credits"] > 0) == founded)
    spender, amount = book.allowances["spender"], book.allowances["amount"]
    yield "no approval is negative, and one of 0 leaves no trace", ((amount > 0) | ((amount == 0) & (spender == 0))).all(axis=1)


def _escrow(book: Any) -> Iterator[Finding]:
    terms, owed = book.terms[:, 0], book.deposits["amount"].sum(axis=1)
    yield "locked = money in escrow", book.head["locked"][:, 0] == terms["held"]
    collected = (terms["state"] == State.CLOSED) & (terms["held"] == 0)
    yield "money in escrow = what payees are owed", (terms["held"] == owed) | collected
    yield "no deposit is negative", (book.deposits["amount"] >= 0).all(axis=1)


def _orders(book: Any) -> Iterator[Finding]:
    orders, holdings, terms, head = book.orders, book.holdings, book.terms[:, 0], book.head[:, 0]
    is_open = orders["number"] > 0
    bid, ask = is_open & (orders["side"] == Side.BID), is_open & (orders["side"] == Side.ASK)
    yield "locked = money of open bids", head["locked"] == np.where(bid, orders["price"] * orders["units"], 0).sum(axis=1)
    offered = np.zeros_like(holdings["offered"])
    world, row = np.nonzero(ask)
    np.add.at(offered, (world, orders["owner"][world, row]), orders["units"][world, row])
    yield "offered units = units of open asks", (holdings["offered"] == offered).all(axis=1)
    yield "issued units = free and offered ones", holdings["units"].sum(axis=1) + offered.sum(axis=1) == terms["issued"]
    yield "no holding is negative", (holdings["units"] >= 0).all(axis=1)
    yield "no open order is empty", (~is_open | (orders["units"] > 0)).all(axis=1)
    yield "open orders are counted", (bid.sum(axis=1) == terms["open_bids"]) & (ask.sum(axis=1) == terms["open_asks"])
    best_bid, best_ask = np.where(bid, orders["price"], -1).max(axis=1), np.where(ask, orders["price"], MAX_PRICE + 1).min(axis=1)
    yield "no open orders cross", best_bid < best_ask
    yield "no order stands beyond its time", (~is_open | (orders["due"] > head["height"][:, None])).all(axis=1)


def _all_different(addresses: Any, count: Any) -> Any:
    """Whether the first `count` addresses of each world are different ones."""
    used = np.arange(addresses.shape[1]) < count[:, None]
    ranked = np.sort(np.where(used, addresses, -1 - np.arange(addresses.shape[1])), axis=1)
    return (np.diff(ranked, axis=1) > 0).all(axis=1)


def violations(book: Any) -> list[str]:
    """Every invariant that does not hold, with the first world in which it does not."""
    findings = list(_core(book))
    if hasattr(book, "jobs"):
        findings += [*_market(book), *(escrowed(book) if book.escrow.size else ())]
    if hasattr(book, "trust") and book.trust.size:
        findings += entrusted(book)
    if hasattr(book, "sellers"):
        findings += _posted(book)
    if hasattr(book, "auctions"):
        findings += auctioned(book)
    if hasattr(book, "liquidity"):
        findings += _exchange(book)
    if hasattr(book, "deposits"):
        findings += _escrow(book)
    if hasattr(book, "tape"):
        findings += _orders(book)
    return [f"{name}: broken in world {int(np.argmin(holds))}" for name, holds in findings if not holds.all()]


def check(book: Any) -> None:
    """Raise `InvariantError` unless every invariant holds in every world."""
    broken = violations(book)
    if broken:
        raise InvariantError("; ".join(broken))
