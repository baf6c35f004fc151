"""What must hold after every block, whatever was submitted. Checked by tests and at the end of every recorded run."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.auctions_in_order import auctioned, auctions_in_place
from chain.contracts import posted_price, sealed_auction, service_market
from chain.contracts.posted_price import MASS
from chain.contracts.reputation import MAX_WEIGHT
from chain.contracts.sealed_auction import Sealed
from chain.contracts.service_market import Phase
from chain.errors import InvariantError
from chain.layout import (
    MAX_BASE_FEE,
    MAX_FEE_QUOTIENT,
    MAX_GAS,
    MAX_PRICE,
    MAX_SUPPLY,
    NOBODY,
    OUTSIDE,
    PASSING,
    WHOLE_BPS,
)

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
    if hasattr(book, "auctions"):
        findings += auctioned(book)
    return [f"{name}: broken in world {int(np.argmin(holds))}" for name, holds in findings if not holds.all()]


FAR = 2**62
"""No number of a state but its seed is further from 0: heights and counters have room to rise."""
_MONEY, _PRICE = (0, MAX_SUPPLY), (0, MAX_PRICE)
RANGES = {
    "head": {
        "height": (0, FAR), "base_fee": (0, MAX_BASE_FEE), "fee_quotient": (0, MAX_FEE_QUOTIENT), "gas_limit": (0, MAX_GAS),
        "registration_fee": _MONEY, "minted": _MONEY, "burned": _MONEY, "locked": _MONEY, "seed": (-(2**63), 2**63 - 1),
    },
    "accounts": {"balance": _MONEY, "nonce": (0, FAR)},
    "offers": {"price": _PRICE, "stake": _PRICE, "capacity": _PRICE, "taken": _PRICE},
    "jobs": {"price": _PRICE, "stake": _PRICE, "height": (0, FAR), "quality_bps": (0, WHOLE_BPS), "effort_bps": (0, WHOLE_BPS)},
    "stakes": {"bonded": _MONEY, "locked": _MONEY, "unbonding": _MONEY},
    "sellers": {"price": _PRICE, "cost": _PRICE, "demand": (0, MASS), "revenue": _PRICE, "expense": _PRICE},
    "auctions": {"reserve": _PRICE, "bid": _PRICE, "next_bid": _PRICE, "price": _PRICE},
    "bids": {"phase": (0, max(Sealed)), "commitment": (0, 2**63 - 1), "deposit": _PRICE, "bid": _PRICE},
    "terms": {
        term: (0, most)
        for contract in (service_market, posted_price, sealed_auction)
        for term, most in contract.TERM_LIMITS.items()
    },
}  # fmt: skip
"""By array: the least and the highest value of columns that rules compute with and do not check."""
ADDRESSES = {
    "head": ("proposer",),
    "identities": ("address", "owner", "latest"),
    "accounts": ("name", "owner"),
    "offers": ("listed",),
    "jobs": ("client", "provider"),
    "sellers": ("listed",),
    "auctions": ("buyer", "winner"),
}
"""By array: columns that hold an address or a name, or `NOBODY`; rules index with them."""


def misplaced(book: Any) -> list[str]:
    """What must hold before any rule may touch a book of one world that comes from outside: rules check what transactions say,
    and trust these. `violations` is for afterwards: it indexes with what is checked here."""
    return list(_out_of_range(book)) or list(_out_of_place(book))


def _out_of_range(book: Any) -> Iterator[str]:
    size = book.accounts.shape[1]
    for name, array in zip(book._fields, book, strict=True):
        decided = [column for column in array.dtype.names if column not in PASSING.get(name, ())]
        for column in decided if name not in OUTSIDE else ():
            low, high = RANGES.get(name, {}).get(column, (-FAR, FAR))
            low, high = (NOBODY, size - 1) if column in ADDRESSES.get(name, ()) else (low, high)
            values = array[column][0]
            wrong = (values < low) | (values > high)
            if wrong.any():
                row = int(np.argmax(wrong))
                yield f"table {name} {row}, field {column}: {values[row]} recorded, allowed is {low} to {high}"


def _out_of_place(book: Any) -> Iterator[str]:
    size, rows = book.accounts.shape[1], np.arange(book.accounts.shape[1])
    if book.head.shape[1] != 1 or (hasattr(book, "terms") and book.terms.shape[1] != 1):
        yield "head and terms: allowed is one record"
    for name in ("identities", "offers", "stakes", "reputation", "sellers", "bids"):
        if hasattr(book, name) and getattr(book, name).shape[1] != size:
            yield f"table {name}: it has not one record per account"
            return
    address = book.identities["address"][0]
    if not np.array_equal(np.sort(address), rows) or not np.array_equal(book.accounts["name"][0, address], rows):
        yield "table identities: not every name has a row of its own"
    elif not np.array_equal(book.accounts["owner"][0, address] >= 0, rows < book.head["registered"][0, 0]):
        yield "table accounts: those in use are not the first names"
    for name in ("accounts", "stakes"):
        money = [column for column, span in RANGES[name].items() if span == _MONEY] if hasattr(book, name) else []
        if sum(float(getattr(book, name)[column].sum(dtype=np.float64)) for column in money) > 4 * MAX_SUPPLY:
            yield f"table {name}: it holds more money than there can be"
    for name in ("offers", "sellers"):
        if hasattr(book, name):
            known, listed = getattr(book, name)["known"][0] != 0, getattr(book, name)["listed"][0]
            count = int(book.terms["listed"][0, 0])
            if known.sum() != count or not np.array_equal(np.sort(listed[:count]), np.flatnonzero(known)):
                yield f"table {name}: those listed are not those known"
    if hasattr(book, "jobs") and not _jobs_in_place(book.jobs[0], book.terms[0, 0]):
        yield "table jobs: those open are not those that the terms count"
    if hasattr(book, "auctions") and not auctions_in_place(book):
        yield "table auctions: those open are not those that the terms count and bids name"


def _jobs_in_place(jobs: Any, terms: Any) -> bool:
    """Whether the rows of jobs that are not closed for good hold jobs of two accounts, and all others closed ones or none."""
    rows, closed, opened = jobs.size, int(terms.closed), int(terms.opened)
    if rows & (rows - 1) or not 0 <= closed <= opened <= closed + rows:
        return False
    counted = (np.arange(rows) - closed) % rows < opened - closed
    parties = (jobs["client"] >= 0) & (jobs["provider"] >= 0) & (jobs["phase"] >= Phase.FUNDED) & (jobs["phase"] <= Phase.CLOSED)
    return bool(np.where(counted, parties, (jobs["phase"] == Phase.CLOSED) | (jobs["phase"] == 0)).all())


def check(book: Any) -> None:
    """Raise `InvariantError` unless every invariant holds in every world."""
    broken = violations(book)
    if broken:
        raise InvariantError("; ".join(broken))
