"""What must hold before any rule may touch a book that comes from outside: rules check what transactions say, and trust these."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.auctions_in_order import auctions_in_place
from chain.contracts import (
    constant_product,
    order_book,
    payee_escrow,
    posted_price,
    sealed_auction,
    service_escrow,
    service_market,
)
from chain.contracts.eigentrust import LEAST_ALPHA_BPS, MAX_POINTS, ONE
from chain.contracts.fungible_token import INFINITE, SPENDERS
from chain.contracts.order_book import MAX_UNITS
from chain.contracts.payee_escrow import State
from chain.contracts.posted_price import MASS
from chain.contracts.sealed_auction import Sealed
from chain.contracts.service_market import Phase
from chain.deployments.service_market import CONTROL_LIMITS
from chain.escrow_in_order import escrow_in_place
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
from chain.trust_in_order import trust_in_place

FAR = 2**62
"""No number of a state but its seed is further from 0: heights and counters have room to rise."""
_MONEY, _PRICE = (0, MAX_SUPPLY), (0, MAX_PRICE)
CONTRACTS = (service_market, posted_price, constant_product, payee_escrow, order_book, sealed_auction)
"""Those with terms."""
RANGES = {
    "head": {
        "height": (0, FAR), "base_fee": (0, MAX_BASE_FEE), "fee_quotient": (0, MAX_FEE_QUOTIENT), "gas_limit": (0, MAX_GAS),
        "registration_fee": _MONEY, "minted": _MONEY, "burned": _MONEY, "locked": _MONEY, "seed": (-(2**63), 2**63 - 1),
    },
    "accounts": {"balance": _MONEY, "nonce": (0, FAR), "asked": (0, 2**40)},
    "offers": {"price": _PRICE, "stake": _PRICE, "capacity": _PRICE, "taken": _PRICE},
    "jobs": {
        "price": _PRICE, "stake": _PRICE, "height": (0, FAR), "request": (0, 2**41),
        "quality_bps": (0, WHOLE_BPS), "effort_bps": (0, WHOLE_BPS),
    },
    "escrow": {"filled": (0, 0), **{term: (0, most) for term, most in service_escrow.TERM_LIMITS.items()}},
    "deals": {"earned": _PRICE, "rating_bps": (0, WHOLE_BPS)}, "seats": {"stake": _PRICE},
    "stakes": {"bonded": _MONEY, "locked": _MONEY, "unbonding": _MONEY},
    "sellers": {"price": _PRICE, "cost": _PRICE, "demand": (0, MASS), "revenue": _PRICE, "expense": _PRICE},
    "auctions": {"reserve": _PRICE, "bid": _PRICE, "next_bid": _PRICE, "price": _PRICE},
    "bids": {"phase": (0, max(Sealed)), "commitment": (0, 2**63 - 1), "deposit": _PRICE, "bid": _PRICE},
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
    "trusting": {"every": (1, 2**31), "alpha_bps": (LEAST_ALPHA_BPS, WHOLE_BPS)},
    "opinions": {"points": (1 - MAX_POINTS, MAX_POINTS - 1), "ratings": (0, FAR), "share": (0, ONE)},
    "trust": {"pretrust": (0, ONE), "trust": (0, ONE), "passed": (0, ONE), "score_bps": (0, WHOLE_BPS)},
}  # fmt: skip
"""By array: the least and the highest value of columns that rules compute with and do not check."""
ADDRESSES = {
    "head": ("proposer",),
    "identities": ("address", "owner", "latest"),
    "accounts": ("name", "owner"),
    "offers": ("listed",),
    "jobs": ("client", "provider"),
    "seats": ("juror",),
    "sellers": ("listed",),
    "auctions": ("buyer", "winner"),
    "allowances": ("spender",),
    "orders": ("owner",),
    "tape": ("buyer", "seller"),
    "controls": ("controller",),
    "trusting": ("keeper",),
    "opinions": ("whom",),
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
    per_account = (
        "identities",
        "offers",
        "stakes",
        "reputation",
        "sellers",
        "credits",
        "liquidity",
        "deposits",
        "holdings",
        "bids",
    )
    for name in per_account:
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
    if hasattr(book, "jobs") and not _jobs_in_place(book):
        yield "table jobs: those open are not those that the terms count"
    elif hasattr(book, "jobs") and not escrow_in_place(book):
        yield "table deals: they and the seats of juries are not those of the jobs"
    if hasattr(book, "auctions") and not auctions_in_place(book):
        yield "table auctions: those open are not those that the terms count and bids name"
    if hasattr(book, "tape") and not _orders_in_place(book.orders[0], book.terms[0, 0], book.tape.shape[1]):
        yield "table orders: those open are not those that the terms count, in their order"
    if hasattr(book, "trust") and not trust_in_place(book):
        yield "table trust: it, its keeper and the opinions are not those of the accounts"
    if hasattr(book, "controls") and not _controls_in_place(book.controls[0]):
        yield "table controls: they are not those of the governed parameters"


def _controls_in_place(controls: Any) -> bool:
    """Whether there is one per governed parameter, and none can lead out of its range."""
    limits = list(CONTROL_LIMITS.values())
    return controls.size == len(limits) and bool((controls["high"] <= limits).all())


def _jobs_in_place(book: Any) -> bool:
    """Whether the rows of jobs that are not closed for good hold jobs of two accounts, and all others closed ones or none."""
    jobs, terms = book.jobs[0], book.terms[0, 0]
    phases = [phase for phase in Phase if phase != Phase.DISPUTED or book.escrow.size]
    rows, closed, opened = jobs.size, int(terms.closed), int(terms.opened)
    if rows & (rows - 1) or not 0 <= closed <= opened <= closed + rows:
        return False
    counted = (np.arange(rows) - closed) % rows < opened - closed
    parties = (jobs["client"] >= 0) & (jobs["provider"] >= 0) & np.isin(jobs["phase"], phases)
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
