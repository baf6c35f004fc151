"""What the exchange keeps beside the ledger: needs, what was signed and why, tallies, the outside price, and working memory."""

from typing import Any, NamedTuple

import numpy as np

from chain.layout import Integers, record, records
from chain.sorting import Scratch, scratch_for
from sim.scenario import OFFERS_SHOWN
from sim.scenarios.exchange.parameters import ExchangeParameters

NEED = record("buys", "credits", "value")
"""By trader: what it needs in this tick: 1 if it buys credits, how many (0: none), and what each is worth to it."""

INTENT = record("asset", "paid", "need", "value", "price")
"""A swap that was signed: what it pays in (`constant_product.MONEY` or `CREDITS`) and how much; the need behind it (0: none)
with its value, and the outside price when it was signed. Nonce n of an agent is in place n modulo 2: no agent has more than two
waiting."""

TALLY = record("swaps", "refused", "volume", "worth")
"""By agent: swaps that were done and refused, what they paid in, in µcoin, and the worth of the credits that they brought minus
that of those that they took."""

OUTSIDE = record("price", "pool_worth")
"""The outside price of a credit, and the worth of the credits that came into the pool minus that of those that left it."""

TICK = record(
    "needs", "best",  # traders with a need, and the surplus of a planner who serves them
    "swaps", "refused", "volume", "fees",  # of traders, and what their swaps paid in; the pool's fees from all swaps
    "value", "cost",  # of the credits that traders bought or sold
    "sandwiches", "lost",  # victims, and what they would have got more if they had come first
    "outside", "pool",  # prices of a credit: outside in this tick, in the pool after its block
)  # fmt: skip
"""One tick: counts, and amounts in µcoin."""


class Floor(NamedTuple):
    """What all worlds share, and the working memory of one thread."""

    traders: int
    arbitrageurs: int
    horizon: int
    price: int
    step_bps: int
    need_bps: int
    need_low: int
    need_high: int
    spread_bps: int
    shown: Integers
    """Slots of the waiting swaps that the builder is shown, largest first."""
    sizes: Integers
    """What they pay in, in µcoin at the pool's ratio."""
    least: Integers
    """By trader: the least that must come out of what it signs, or `NOBODY`."""
    spare: Any
    """A record `TICK` for ticks beyond those that are kept."""
    scratch: Scratch


class Ring(NamedTuple):
    """What a batch of worlds keeps beside its book; arrays with a leading world axis."""

    outside: Any
    """Records `OUTSIDE`, shape (worlds, 1)."""
    needs: Any
    """Records `NEED`, shape (worlds, traders)."""
    intents: Any
    """Records `INTENT`, shape (worlds, agents, 2)."""
    tallies: Any
    """Records `TALLY`, shape (worlds, agents)."""
    ticks: Any
    """Records `TICK`, shape (worlds, ticks)."""


class Rows(NamedTuple):
    """Views or actions of all roles; arrays of shape (worlds, agents of the role)."""

    traders: Any
    arbitrageurs: Any
    builders: Any


def places_for(parameters: ExchangeParameters) -> int:
    """Places that the mempool needs: two swaps of every agent wait at most."""
    return 2 * parameters.agents


def floor_for(parameters: ExchangeParameters, accounts: int) -> Floor:
    """What all worlds share under these parameters, and working memory for ledgers of so many account rows."""
    p, size = parameters, OFFERS_SHOWN
    shown, sizes = np.zeros(size, np.int64), np.zeros(size, np.int64)
    return Floor(
        p.traders, p.arbitrageurs, p.horizon, p.price, p.step_bps, p.need_bps, p.need_low, p.need_high, p.spread_bps, shown,
        sizes, np.zeros(p.traders, np.int64), records(TICK, 1), scratch_for(places_for(p), accounts),
    )  # fmt: skip
