"""What went into the pool of a recorded ledger and came out of it, told from its transactions: the contract's arithmetic once
more, on the reserves that each of them met."""

from typing import Any, NamedTuple

import numpy as np

from chain.arithmetic import multiply_divide
from chain.contracts.constant_product import CREDITS, LOCKED_SHARES, MONEY, amount_out, optimal_amounts, shares_for
from chain.layout import Integers, Kind

KINDS = (Kind.SWAP, Kind.ADD_LIQUIDITY, Kind.REMOVE_LIQUIDITY)


class Pooled(NamedTuple):
    """The transactions that changed the reserves, in order, one array per column."""

    row: Integers
    """Of the transaction, among all of the record."""
    money: Integers
    """By which it raised the money in the pool, or lowered it."""
    credits: Integers
    """The same for credits."""


def pooled(genesis: Any, transactions: Any) -> Pooled:
    """All that went into the pool of a record and came out of it.

    Args:
        genesis: the tables of the state where it begins.
        transactions: of it (`sim.ledgers.movements.Transactions`).
    """
    terms, signed = genesis["terms"][:1].copy()[0], transactions.signed
    rows = np.flatnonzero(transactions.done & np.isin(signed["kind"], KINDS))
    changes = np.zeros((rows.size, 2), np.int64)
    for k, row in enumerate(rows.tolist()):
        money, credits, shares = change(terms, signed[row])
        changes[k] = money, credits
        terms.money += money
        terms.credits += credits
        terms.shares += shares
    return Pooled(rows, changes[:, 0], changes[:, 1])


def change(terms: Any, tx: Any) -> tuple[int, int, int]:
    """By how much a transaction that was not refused changed money, credits and shares of a pool."""
    amount = int(tx.amount)
    if tx.kind == Kind.ADD_LIQUIDITY:
        money, credits = optimal_amounts(terms, amount, tx.stake)
        return money, credits, shares_for(terms, money, credits) + (LOCKED_SHARES if terms.shares == 0 else 0)
    if tx.kind == Kind.REMOVE_LIQUIDITY:
        money, credits = (multiply_divide(amount, reserve, terms.shares) for reserve in (terms.money, terms.credits))
        return -money, -credits, -amount
    if tx.subject == MONEY:
        return amount, -amount_out(amount, terms.money, terms.credits, terms.fee_bps), 0
    assert tx.subject == CREDITS
    return -amount_out(amount, terms.credits, terms.money, terms.fee_bps), amount, 0
