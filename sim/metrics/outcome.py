"""What metrics are computed from: one finished episode of a batch of worlds, private truth included."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Outcome:
    """Arrays with a leading world axis; money in µcoin."""

    seeds: NDArray[np.int64]
    ticks: Any
    """Records per tick, shape (worlds, ticks): requests, hires, price, value, cost, settled, delay, ..."""
    fees: NDArray[np.int64]
    """Base fees and tips paid in the whole episode, shape (worlds,)."""
    trades: Any
    """Records per tick and service, shape (worlds, ticks, services): hires, price."""
    best: Any
    """The planner's `surplus`, `quantity` and `price`, shape (worlds, ticks, services)."""
    clients: Any
    """Tallies per client, shape (worlds, clients)."""
    providers: Any
    """Tallies per provider, shape (worlds, providers)."""
    costs: NDArray[np.int64]
    """Full cost of a job, shape (worlds, providers)."""
    wealth: NDArray[np.int64]
    """Money of each agent at the end, clients first, shape (worlds, agents)."""
    gained: NDArray[np.int64]
    """The same minus its money at the start."""
    names: Any = ()
    """Name of each agent, clients first, shape (agents,)."""
    present: Any = np.True_
    """Whether each agent took part, shape (worlds, agents): a guest's seat that nobody took did not. Everybody, if not given."""
    attackers: Any = np.False_
    """Whether an attacker controls each agent, shape (agents,). Nobody, if not given."""


@dataclass(frozen=True)
class PriceOutcome:
    """The same for a market of posted prices: arrays with a leading world axis; money in µcoin."""

    seeds: NDArray[np.int64]
    sales: Any
    """Records per tick and seller, shape (worlds, ticks, sellers): price, quantity in millionths of the consumers, profit."""
    ticks: Mapping[str, NDArray[np.int64]]
    """Per tick, shape (worlds, ticks): `value` to consumers over buying nothing, `cost` of production."""
    best: Any
    """The planner's `surplus`, shape (worlds, ticks, 1): that of prices at cost."""
    consumers: NDArray[np.int64]
    """What consumers gained in each tick, shape (worlds, ticks): value minus what they paid."""
    costs: NDArray[np.int64]
    """Unit cost of each seller, shape (sellers,)."""
    nash: Any
    """`prices` and `profits` per tick of each seller where none gains by moving alone, shape (sellers,)."""
    monopoly: Any
    """The same where all sellers together earn most."""


@dataclass(frozen=True)
class AuctionOutcome:
    """The same for auctions of jobs: arrays with a leading world axis; money in µcoin."""

    seeds: NDArray[np.int64]
    awards: Any
    """Records per tick, shape (worlds, ticks): ended, awarded, price, cost, least_cost, commits, reveals, winner."""
    ticks: Mapping[str, NDArray[np.int64]]
    """Per tick, shape (worlds, ticks): `value` to the buyer, `cost` to the winner, `price`; `requests`, auctions that ended, and
    `hires`, those that somebody won."""
    best: Any
    """The planner's `surplus`, shape (worlds, ticks, 1): each job done at the lowest cost, where it is worth that."""
    reserve: int
    """The most that the buyer pays for a job."""
    bidders: Any
    """Tallies per bidder, shape (worlds, bidders): wins, paid, spent."""
    gained: NDArray[np.int64]
    """What each bidder gained, shape (worlds, bidders): payments minus costs, fees and lost deposits."""


@dataclass(frozen=True)
class TradeOutcome:
    """The same for a double auction of units: arrays with a leading world axis; money in µcoin."""

    seeds: NDArray[np.int64]
    ticks: Any
    """Records per tick, shape (worlds, ticks): trades, price, value, cost, consumers."""
    best: Any
    """The competitive equilibrium: `surplus`, shape (worlds, 1, 1); `quantity`, `low` and `high` price, shape (worlds,)."""
    consumers: NDArray[np.int64]
    """What buyers gained in each tick, shape (worlds, ticks): value minus what they paid."""
    tallies: Any
    """Records per agent, buyers first, shape (worlds, agents): traded, worth, money."""
    buyers: int
    """How many of the agents buy."""


@dataclass(frozen=True)
class SwapOutcome:
    """The same for swaps of credits against coins in a pool: arrays with a leading world axis; money in µcoin."""

    seeds: NDArray[np.int64]
    ticks: Any
    """Records per tick, shape (worlds, ticks): needs, swaps, refused, volume, fees, value, cost, sandwiches, lost, outside,
    pool, ..."""
    best: Any
    """The planner's `surplus`, shape (worlds, ticks, 1): every need that gains served at the outside price."""
    tallies: Any
    """Records per agent, traders first, then arbitrageurs, then the builder, shape (worlds, agents): swaps, refused, volume,
    worth."""
    gained: NDArray[np.int64]
    """What each agent gained, shape (worlds, agents): money, and the worth of the credits that it swapped."""
    pool: NDArray[np.int64]
    """What the pool gained, shape (worlds,): fees, minus what it lost to whoever knew better."""
    traders: int
    """How many of the agents are traders."""


def ratio(above: Any, below: Any) -> NDArray[np.float64]:
    """Above ÷ below, NaN where there is nothing below."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)
