"""How a ledger begins: accounts opened and funded, the fee market set. The only place where money is minted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chain.accounts import mint
from chain.contracts.registry import open_account
from chain.errors import InputError, whole
from chain.layout import MAX_BASE_FEE, MAX_FEE_QUOTIENT, MAX_GAS, MAX_SUPPLY, NOBODY, Integers, Ordering, Record, Records
from chain.mempool import draw_latency
from chain.rule import rule


@rule
def open_accounts(head: Records, accounts: Records, identities: Records, rows: Integers, balances: Integers) -> None:
    """Lay out the rows of all names and open one funded account per balance, in each world."""
    for w in range(head.shape[0]):
        for name in range(rows.size):
            identity = identities[w, name]
            identity.address = rows[name]
            identity.owner = NOBODY
            identity.latest = NOBODY
            identity.since = NOBODY
            accounts[w, rows[name]].name = name
            accounts[w, rows[name]].owner = NOBODY
        for name in range(balances.size):
            address = open_account(head[w], accounts[w], identities[w], name)
            mint(accounts[w], head[w, 0], address, balances[name])
        draw_latency(head[w, 0])


def check_all(field: str, given: ArrayLike, low: int, high: int) -> None:
    """Check one or many whole numbers; a batch of thousands of worlds begins often.

    Raises:
        InputError: one of them is no whole number, or outside the range.
    """
    numbers = np.atleast_1d(given)
    if numbers.dtype.kind in "iu" and numbers.size > 0 and numbers.min() >= low and numbers.max() <= high:
        return
    for number in numbers.tolist():
        whole(field, number, low, high)


def clear(book: Any) -> None:
    """Set every array of a book to zeros."""
    for array in book:
        array.view(np.int64)[...] = 0


def found(
    book: Any,
    *,
    seeds: ArrayLike,
    balances: ArrayLike,
    worlds: ArrayLike | None = None,
    episode: int = 0,
    rows: Sequence[int] | None = None,
    proposer: int = 0,
    base_fee: int = 0,
    fee_quotient: int = 0,
    gas_limit: int = MAX_GAS,
    registration_fee: int = 0,
    ordering: int = Ordering.TIP,
    capacity: int | None = None,
) -> None:
    """Start every world of a book from nothing.

    Args:
        book: a book of zeros or of an earlier episode; it is overwritten.
        seeds: the run seed of each world; one number serves all.
        balances: money of names 0 to n-1; names from n on stay spare.
        worlds: the coordinate `world` of each world, 0 if not given (worlds that differ by seed need none).
        episode: the coordinate `episode`.
        rows: the row of each name, a permutation; the name itself if not given.
        proposer: name of the account that earns the tips.
        base_fee: money per gas, burned.
        fee_quotient: EIP-1559's denominator; 0 keeps the base fee constant.
        gas_limit: gas per block.
        registration_fee: money burned by one more identity.
        ordering: who comes first in a block, an `Ordering`.
        capacity: transactions that the mempool keeps; as many as it has places for, if not given.

    Raises:
        InputError: a value is outside its range.
    """
    size = book.accounts.shape[1]
    money = [whole("balances", m, 0, MAX_SUPPLY) for m in np.atleast_1d(balances).tolist()]
    if not money:
        raise InputError("balances: [] given, allowed is one amount and more")
    layout = np.arange(size) if rows is None else np.asarray(rows)
    if len(money) > size or layout.dtype.kind not in "iu" or not np.array_equal(np.sort(layout), np.arange(size)):
        raise InputError(f"rows: {size} account rows need a permutation of 0 to {size - 1} and at most {size} balances")
    if sum(money) > MAX_SUPPLY:
        raise InputError(f"balances: allowed are amounts from 0 that add up to at most {MAX_SUPPLY}")
    places = book.pool.shape[1]
    for field, value, highest in (
        ("proposer", proposer, len(money) - 1),
        ("base_fee", base_fee, MAX_BASE_FEE),
        ("fee_quotient", fee_quotient, MAX_FEE_QUOTIENT),
        ("gas_limit", gas_limit, MAX_GAS),
        ("registration_fee", registration_fee, MAX_SUPPLY),
        ("episode", episode, 2**32 - 1),
        ("ordering", ordering, max(Ordering)),
        ("capacity", places if capacity is None else capacity, places),
    ):
        whole(field, value, 0, highest)
    check_all("worlds", 0 if worlds is None else worlds, 0, 2**32 - 1)
    check_all("seeds", seeds, -(2**63), 2**63 - 1)
    clear(book)
    head: Record = book.head
    head["seed"] = np.reshape(np.broadcast_to(seeds, head.shape[0]), (-1, 1))
    head["world"] = np.reshape(np.broadcast_to(0 if worlds is None else worlds, head.shape[0]), (-1, 1))
    head["episode"], head["gas_limit"], head["registration_fee"] = episode, gas_limit, registration_fee
    head["ordering"], head["capacity"] = ordering, places if capacity is None else capacity
    head["base_fee"], head["fee_quotient"], head["proposer"] = base_fee, fee_quotient, layout[proposer]
    open_accounts(book.head, book.accounts, book.identities, layout.astype(np.int64), np.array(money, np.int64))
