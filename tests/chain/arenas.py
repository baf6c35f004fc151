"""Markets in which an adversary with some accounts looks for free money; whoever else is there has put something up and stands
still."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts.constant_product import CREDITS, MONEY, amount_out
from chain.deployments import double_auction, exchange, service_escrow, service_market
from chain.genesis import found
from chain.layout import MAX_PRICE, Kind, Records
from chain.rule import rule
from tests.chain.free_money import execute, portion, requests

MINE, OTHER, STRANGER = 0, 1, 2
"""The adversary's accounts, and who stands still."""
PURSE = 10**12


def mine(batch: Any, accounts: int = 2) -> Any:
    """Free money of the adversary, by world."""
    return batch.accounts["balance"][:, :accounts].sum(axis=1)


def chosen(gene: Any) -> Any:
    """One of the adversary's accounts."""
    return gene % 2


@rule
def least_paid(out: int, reserve_in: int, reserve_out: int, fee_bps: int, most: int) -> int:
    """The least amount that a pool gives `out` for, at most `most`."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if amount_out(middle, reserve_in, reserve_out, fee_bps) >= out:
            high = middle
        else:
            low = middle + 1
    return low


@rule
def least_paid_each(terms: Any, missing: Any, paid: Any) -> None:
    """The least money that buys the credits that are missing, in every world."""
    for w in range(missing.size):
        if 0 < missing[w] < terms[w, 0].credits:
            t = terms[w, 0]
            paid[w] = least_paid(missing[w], t.money, t.credits, t.fee_bps, PURSE)


class Pool:
    """The constant-product market maker: swaps, liquidity given and taken back, credits moved."""

    deployment: Any = exchange
    reserves = ((10**6, 4 * 10**6), (1_100, 1_100), (10**9, 1_100), (1_100, 10**9), (10**11, 10**11))

    def __init__(self, fee_bps: int) -> None:
        self.fee_bps = fee_bps

    def begin(self, worlds: int) -> Any:
        """Worlds with pools of many sizes, some of dust."""
        batch = exchange.blank(worlds, 3, 4)
        found(batch, seeds=1, balances=[PURSE] * 3)
        batch.terms["fee_bps"], batch.terms["minter"] = self.fee_bps, STRANGER
        for account in (MINE, OTHER, STRANGER):
            assert execute(self, batch, requests(Kind.CREDIT_MINT, np.full(worlds, STRANGER), to=account, amount=PURSE)).all()
        money, credits = np.resize(self.reserves, (worlds, 2)).T
        assert execute(self, batch, requests(Kind.ADD_LIQUIDITY, np.full(worlds, STRANGER), amount=money, stake=credits)).all()
        return batch

    def step(self, batch: Any, genes: Any) -> Records:
        """Swap, add or remove; credits change hands, too."""
        word, who, size, other = genes.T
        rows, who = np.arange(len(genes)), chosen(who)
        terms = batch.terms[:, 0]
        kind = np.array([Kind.SWAP, Kind.SWAP, Kind.SWAP, Kind.ADD_LIQUIDITY, Kind.REMOVE_LIQUIDITY, Kind.CREDIT_TRANSFER])[
            word % 6
        ]
        asset = other % 2
        of = np.where(asset == MONEY, terms["money"], terms["credits"]) * 4
        of = np.where(kind == Kind.REMOVE_LIQUIDITY, batch.liquidity["shares"][rows, who], of)
        amount = portion(of, size)
        return requests(kind, who, to=1 - who, subject=asset, amount=amount, stake=portion(terms["credits"] * 4, other // 2))

    def close(self, batch: Any) -> Iterator[Records]:
        """Take liquidity back, gather all credits, sell what is too much of them, buy what is missing."""
        everywhere = np.zeros(len(batch.head), np.int64)
        for account in (MINE, OTHER):
            yield requests(Kind.REMOVE_LIQUIDITY, everywhere + account, amount=batch.liquidity["shares"][:, account])
        yield requests(Kind.CREDIT_TRANSFER, everywhere + OTHER, to=MINE, amount=batch.credits["balance"][:, OTHER])
        over = batch.credits["balance"][:, MINE] - 2 * PURSE
        yield requests(Kind.SWAP, everywhere + MINE, subject=CREDITS, amount=np.maximum(over, 0))
        paid = everywhere.copy()
        least_paid_each(batch.terms, -over, paid)
        yield requests(Kind.SWAP, everywhere + MINE, subject=MONEY, amount=paid)

    def wealth(self, batch: Any) -> Any:
        """Money, if no credits are missing."""
        held = batch.credits["balance"][:, MINE] + batch.credits["balance"][:, OTHER]
        return np.where(held >= 2 * PURSE, mine(batch), 0)


class Orders:
    """The order book: quotes of any price and size in one's own name or the other, and orders taken back."""

    deployment: Any = double_auction
    units, rows = 60, 32

    def __init__(self, wipe: int) -> None:
        self.wipe = wipe

    def begin(self, worlds: int) -> Any:
        """Worlds in which somebody else demands 70 and offers 60, in more than one order."""
        batch = double_auction.blank(worlds, 3, 4, orders=self.rows)
        found(batch, seeds=1, balances=[PURSE] * 3)
        batch.terms["order_window"], batch.terms["wipe"], batch.terms["issuer"] = 2**31, self.wipe, STRANGER
        for account in (MINE, OTHER, STRANGER):
            issued = requests(Kind.ISSUE_UNITS, np.full(worlds, STRANGER), to=account, count=self.units)
            assert execute(self, batch, issued).all()
        for kind, price in ((Kind.PLACE_ASK, 70), (Kind.PLACE_ASK, 75), (Kind.PLACE_BID, 60), (Kind.PLACE_BID, 55)):
            assert execute(self, batch, requests(kind, np.full(worlds, STRANGER), amount=price, count=self.units // 3)).all()
        return batch

    def step(self, batch: Any, genes: Any) -> Records:
        """Quote, in the stead of the last order or besides, or cancel it."""
        word, who, price, count = genes.T
        who = chosen(who)
        kind = np.array([Kind.PLACE_BID, Kind.PLACE_ASK, Kind.PLACE_BID, Kind.PLACE_ASK, Kind.CANCEL_ORDER])[word % 5]
        latest = batch.holdings["latest"][np.arange(len(genes)), who]
        named = np.where((kind == Kind.CANCEL_ORDER) | (word // 5 % 3 == 0), latest, 0)
        return requests(kind, who, amount=price % 100, count=1 + count % 25, subject=named)

    def close(self, batch: Any) -> Iterator[Records]:
        """Cancel what stands, sell the units that are too many, buy those that are missing."""
        rows = np.arange(len(batch.head))
        for _ in range(self.rows):
            own = (batch.orders["number"] > 0) & (batch.orders["owner"] != STRANGER)
            if not own.any():
                break
            order = batch.orders[rows, own.argmax(axis=1)]
            yield requests(Kind.CANCEL_ORDER, order["owner"] % 3, subject=np.where(own.any(axis=1), order["number"], 0))
        for _ in range(4):  # with `wipe` an order trades with one other at most
            for who in (MINE, OTHER):
                over = batch.holdings["units"][:, who] - self.units
                kind = np.where(over > 0, Kind.PLACE_ASK, Kind.PLACE_BID)
                yield requests(kind, rows * 0 + who, amount=np.where(over > 0, 0, 10**6), count=np.abs(over))

    def wealth(self, batch: Any) -> Any:
        """Money, if no units are missing."""
        held = batch.holdings["units"][:, MINE] + batch.holdings["units"][:, OTHER]
        return np.where(held >= 2 * self.units, mine(batch), 0)


class Market:
    """The service market: one account hires another; stakes, deliveries, disputes and silence. All of it is the adversary's."""

    deployment: Any = service_market
    accounts, price, window = 2, 1_000, 3
    kinds: tuple[Kind, ...] = (
        Kind.POST, Kind.HIRE, Kind.HIRE, Kind.DELIVER, Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE, Kind.DISPUTE, Kind.BOND,
        Kind.BOND, Kind.UNBOND, Kind.WITHDRAW,
    )  # fmt: skip

    def __init__(self, **terms: int) -> None:
        self.terms = {
            "services": 2, "delivery_window": self.window, "dispute_window": self.window, "reliability_bps": 9_000,
            "arbiter_bps": 8_000, "slash_bps": 5_000, "no_show_slash_bps": 3_333, "compensation_bps": 10_000,
        } | terms  # fmt: skip

    def begin(self, worlds: int) -> Any:
        """Worlds in which every account has bonded stake, and offers."""
        batch = self.deployment.blank(worlds, self.accounts, 4, jobs=32)
        found(batch, seeds=np.arange(worlds), balances=[PURSE] * self.accounts)
        tables = getattr(self.deployment, "TERM_TABLES", {})
        for name, value in self.terms.items():
            getattr(batch, tables.get(name, "terms"))[name] = value
        for who in range(self.accounts):
            for kind in (Kind.BOND, Kind.POST):
                signed = requests(kind, np.full(worlds, who), amount=self.price, stake=self.price // 10, count=3)
                assert execute(self, batch, signed).all()
        return batch

    def step(self, batch: Any, genes: Any) -> Records:
        """Offer, hire, deliver, answer, bond and unbond; vote, where there are juries."""
        word, who, size, other = genes.T
        who, to = who % self.accounts, (who + 1 + other % (self.accounts - 1)) % self.accounts
        kind = np.array(self.kinds)[word % len(self.kinds)]
        terms = batch.terms[:, 0]
        job = terms["closed"] + other % np.maximum(terms["opened"] - terms["closed"], 1)
        about = np.where((kind == Kind.POST) | (kind == Kind.HIRE), other // 7 % 2, job)
        amount = np.where(kind == Kind.HIRE, MAX_PRICE, 1 + size % (3 * self.price))
        count = np.where(kind == Kind.VOTE, 1 + other // 11 % 2, 3)
        return requests(
            kind, who, to=to, subject=about, amount=amount, stake=size // 7 % self.price, count=count, bps=other % 10_001
        )

    def close(self, batch: Any) -> Iterator[Records]:
        """Let every deadline pass, then take all stake back."""
        everywhere = np.zeros(len(batch.head), np.int64)
        longest = 2 * self.window + self.terms.get("vote_window", 0)
        for _ in range(longest * self.terms.get("milestones", 1) + 2):
            yield requests(Kind.WITHDRAW, everywhere)
        for kind in (Kind.UNBOND, Kind.WITHDRAW):
            for who in range(self.accounts):
                yield requests(kind, everywhere + who, amount=batch.stakes["bonded"][:, who])

    def wealth(self, batch: Any) -> Any:
        """Money, that in stake included."""
        return mine(batch, self.accounts) + batch.stakes["bonded"].sum(axis=1) + batch.stakes["unbonding"].sum(axis=1)


class Parted(Market):
    """The same with milestones and juries, in which the adversary's third account may sit."""

    deployment: Any = service_escrow
    accounts, kinds = 3, (*Market.kinds, Kind.VOTE, Kind.VOTE)
