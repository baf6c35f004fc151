"""What must hold after every block, whatever was submitted. Checked by tests and at the end of every recorded run."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts import constant_product, order_book, payee_escrow, posted_price, service_market
from chain.contracts.constant_product import LOCKED_SHARES
from chain.contracts.fungible_token import INFINITE, SPENDERS
from chain.contracts.order_book import MAX_UNITS
from chain.contracts.payee_escrow import State
from chain.contracts.posted_price import MASS
from chain.contracts.reputation import MAX_WEIGHT
from chain.contracts.service_market import Phase
from chain.deployments.service_market import CONTROL_LIMITS
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
from chain.price_time import Side

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
    best_bid, best_ask = np.where(bid, orders["price"], -1).max(axis=1), np.where(ask, orders["price"], FAR).min(axis=1)
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
        findings += _market(book)
    if hasattr(book, "sellers"):
        findings += _posted(book)
    if hasattr(book, "liquidity"):
        findings += _exchange(book)
    if hasattr(book, "deposits"):
        findings += _escrow(book)
    if hasattr(book, "tape"):
        findings += _orders(book)
    return [f"{name}: broken in world {int(np.argmin(holds))}" for name, holds in findings if not holds.all()]


FAR = 2**62
"""No number of a state but its seed is further from 0: heights and counters have room to rise."""
_MONEY, _PRICE = (0, MAX_SUPPLY), (0, MAX_PRICE)
CONTRACTS = (service_market, posted_price, constant_product, payee_escrow, order_book)
"""Those with terms."""
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
    "credits": {"balance": _MONEY}, "liquidity": {"shares": _MONEY}, "deposits": {"amount": _MONEY},
    "allowances": {"amount": (0, INFINITE)},
    "orders": {"price": _PRICE, "units": (0, MAX_UNITS), "side": (0, 1), "number": (0, FAR)},
    "holdings": {"units": _MONEY, "offered": _MONEY, "latest": (0, FAR)},
    "tape": {"price": _PRICE, "units": (0, MAX_UNITS)},
    "terms": {
        **dict.fromkeys(("supply", "money", "credits", "shares", "held", "issued"), _MONEY),
        "state": (0, max(State)), "trades": (0, FAR), "placed": (0, 2**40),
        **{term: (0, most) for contract in CONTRACTS for term, most in contract.TERM_LIMITS.items()},
    },
    "controls": {"low": _MONEY, "high": _MONEY, "step": _MONEY, "wait": (0, 2**31), "changed": (0, FAR)},
}  # fmt: skip
"""By array: the least and the highest value of columns that rules compute with and do not check."""
ADDRESSES = {
    "head": ("proposer",),
    "identities": ("address", "owner", "latest"),
    "accounts": ("name", "owner"),
    "offers": ("listed",),
    "jobs": ("client", "provider"),
    "sellers": ("listed",),
    "allowances": ("spender",),
    "orders": ("owner",),
    "tape": ("buyer", "seller"),
    "controls": ("controller",),
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
    for name in ("identities", "offers", "stakes", "reputation", "sellers", "credits", "liquidity", "deposits", "holdings"):
        if hasattr(book, name) and getattr(book, name).shape[1] != size:
            yield f"table {name}: it has not one record per account"
            return
    if hasattr(book, "allowances") and book.allowances.shape[1] != size * SPENDERS:
        yield f"table allowances: it has not {SPENDERS} records per account"
        return
    address = book.identities["address"][0]
    if not np.array_equal(np.sort(address), rows) or not np.array_equal(book.accounts["name"][0, address], rows):
        yield "table identities: not every name has a row of its own"
    elif not np.array_equal(book.accounts["owner"][0, address] >= 0, rows < book.head["registered"][0, 0]):
        yield "table accounts: those in use are not the first names"
    for name in ("accounts", "stakes", "credits", "liquidity", "deposits"):
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
    if hasattr(book, "tape") and not _orders_in_place(book.orders[0], book.terms[0, 0], book.tape.shape[1]):
        yield "table orders: those open are not those that the terms count, in their order"
    if hasattr(book, "controls") and not _controls_in_place(book.controls[0]):
        yield "table controls: they are not those of the governed parameters"


def _controls_in_place(controls: Any) -> bool:
    """Whether there is one per governed parameter, and none can lead out of its range."""
    limits = list(CONTROL_LIMITS.values())
    return controls.size == len(limits) and bool((controls["high"] <= limits).all())


def _jobs_in_place(jobs: Any, terms: Any) -> bool:
    """Whether the rows of jobs that are not closed for good hold jobs of two accounts, and all others closed ones or none."""
    rows, closed, opened = jobs.size, int(terms.closed), int(terms.opened)
    if rows & (rows - 1) or not 0 <= closed <= opened <= closed + rows:
        return False
    counted = (np.arange(rows) - closed) % rows < opened - closed
    parties = (jobs["client"] >= 0) & (jobs["provider"] >= 0) & (jobs["phase"] >= Phase.FUNDED) & (jobs["phase"] <= Phase.CLOSED)
    return bool(np.where(counted, parties, (jobs["phase"] == Phase.CLOSED) | (jobs["phase"] == 0)).all())


def _orders_in_place(orders: Any, terms: Any, tape: int) -> bool:
    """Whether the open orders are those in the two heaps and in the list by age, each in its order, and all other rows that ever
    held one are in the list of free rows."""
    bids, asks, freed = int(terms.open_bids), int(terms.open_asks), int(terms.freed)
    count, rows = bids + asks, orders.size
    if tape < 1 or rows < 1 or min(bids, asks, freed) < 0 or count + freed > rows:
        return False
    listed = np.concatenate([orders["bids"][:bids], orders["asks"][:asks], orders["free"][:freed]])
    if not np.array_equal(np.sort(listed), np.arange(count + freed)) or (orders["number"][listed[count:]] != 0).any():
        return False
    for heap, side in ((listed[:bids], Side.BID), (listed[bids:count], Side.ASK)):
        order, above = orders[heap], orders[heap[(np.arange(heap.size) - 1).clip(0) // 2]]
        price, better = order["price"], above["price"] > order["price"] if side == Side.BID else above["price"] < order["price"]
        in_turn = better | ((above["price"] == price) & (above["number"] <= order["number"]))
        if not (in_turn & (order["side"] == side) & (order["place"] == np.arange(heap.size))).all():
            return False
    aged = listed[:count][np.argsort(orders["number"][listed[:count]])]
    linked = orders[aged]
    number = linked["number"]
    if (number <= 0).any() or (number % rows != aged).any() or (number // rows > terms.placed).any():
        return False
    ends = (int(terms.oldest), int(terms.newest)) == (aged[0], aged[-1]) if count else True
    neighbours = np.concatenate([[NOBODY], aged, [NOBODY]])
    in_age = np.array_equal(linked["older"], neighbours[:-2]) and np.array_equal(linked["newer"], neighbours[2:])
    return bool(ends and in_age and (orders["number"][count + freed :] == 0).all())


def check(book: Any) -> None:
    """Raise `InvariantError` unless every invariant holds in every world."""
    broken = violations(book)
    if broken:
        raise InvariantError("; ".join(broken))
