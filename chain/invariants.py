"""What must hold after every block, whatever was submitted. Checked by tests and at the end of every recorded run."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts.posted_price import MASS
from chain.contracts.reputation import MAX_WEIGHT
from chain.contracts.service_market import Phase
from chain.errors import InvariantError
from chain.layout import MAX_SUPPLY, WHOLE_BPS

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
    unpaid = (jobs["phase"] == Phase.FUNDED) | (jobs["phase"] == Phase.DELIVERED)
    escrow = np.where(unpaid, jobs["price"], 0).sum(axis=1)
    pledged = stakes["bonded"].sum(axis=1) + stakes["unbonding"].sum(axis=1)
    yield "locked = escrow of open jobs + stakes", head["locked"] == escrow + pledged
    alive = unpaid | (jobs["phase"] == Phase.PAID)
    owed = np.zeros_like(stakes["locked"])
    worlds = np.broadcast_to(np.arange(jobs.shape[0])[:, None], jobs.shape)
    np.add.at(owed, (worlds[alive], jobs["provider"][alive]), jobs["stake"][alive])
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


def _all_different(addresses: Any, count: Any) -> Any:
    """Whether the first `count` addresses of each world are different ones."""
    used = np.arange(addresses.shape[1]) < count[:, None]
    ranked = np.sort(np.where(used, addresses, -1 - np.arange(addresses.shape[1])), axis=1)
    return (np.diff(ranked, axis=1) > 0).all(axis=1)


def violations(book: Any) -> list[str]:
    """Every invariant that does not hold, with the first world in which it does not."""
    findings = list(_core(book))
    if hasattr(book, "jobs"):
        findings += _market(book)
    if hasattr(book, "sellers"):
        findings += _posted(book)
    return [f"{name}: broken in world {int(np.argmin(holds))}" for name, holds in findings if not holds.all()]


ADDRESSES = {
    "head": ("proposer",),
    "identities": ("address", "owner", "latest"),
    "accounts": ("name", "owner"),
    "offers": ("listed",),
    "jobs": ("client", "provider"),
    "sellers": ("listed",),
}
"""By array: columns that hold an address or a name, or `NOBODY`; rules index with them."""


def misplaced(book: Any) -> list[str]:
    """What must hold before any rule may touch a book that comes from outside: rules check what transactions say, not these."""
    size = book.accounts.shape[1]
    wrong = []
    for name, columns in ADDRESSES.items():
        for column in columns if hasattr(book, name) else ():
            values = getattr(book, name)[column]
            if not ((values >= -1) & (values < size)).all():
                wrong.append(f"{name}: a {column} is outside of the accounts")
    for name in ("identities", "offers", "stakes", "reputation", "sellers"):
        if hasattr(book, name) and getattr(book, name).shape[1] != size:
            wrong.append(f"{name}: it has not one record per account")
    if book.head.shape[1] != 1 or not np.array_equal(np.sort(book.identities["address"][0]), np.arange(size)):
        wrong.append("identities: not every name has a row of its own")
    if hasattr(book, "terms"):
        terms = book.terms
        if terms.shape[1] != 1 or not ((terms["listed"] >= 0) & (terms["listed"] <= size)).all():
            wrong.append("terms: listed is more than there are accounts")
    if hasattr(book, "jobs"):
        rows, alive = book.jobs.shape[1], book.terms["opened"] - book.terms["closed"]
        if rows & (rows - 1) or not ((book.terms["closed"] >= 0) & (alive >= 0) & (alive <= rows)).all():
            wrong.append("jobs: more are open than there is room for")
    return wrong


def check(book: Any) -> None:
    """Raise `InvariantError` unless every invariant holds in every world."""
    broken = violations(book)
    if broken:
        raise InvariantError("; ".join(broken))
