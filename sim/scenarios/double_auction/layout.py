"""What the double auction keeps beside the ledger: private types, tallies, what each tick came to, and working memory."""

from typing import Any, NamedTuple

from chain.layout import record
from chain.sorting import Scratch, scratch_for
from sim.scenarios.double_auction.parameters import DoubleAuctionParameters

TICK = record("trades", "price", "value", "cost", "consumers")
"""One tick: units traded, the sum of their prices, their values to buyers and their costs to suppliers, and what buyers gained;
µcoin."""

TALLY = record("traded", "worth", "money")
"""One agent: units traded, the sum of their values or costs, and of their prices; µcoin."""


class Pit(NamedTuple):
    """What all worlds share, and the working memory of one thread."""

    buyers: int
    units: int
    turns: int
    lowest: int
    highest: int
    horizon: int
    scratch: Scratch


class Ring(NamedTuple):
    """What a batch of worlds keeps beside its book; arrays with a leading world axis."""

    types: Any
    """Value or cost of every unit of every agent, buyers first, best unit first, shape (worlds, agents, units)."""
    tallies: Any
    """Records `TALLY`, shape (worlds, agents)."""
    ticks: Any
    """Records `TICK`, shape (worlds, ticks)."""


def pit_for(parameters: DoubleAuctionParameters, accounts: int) -> Pit:
    """What all worlds share under these parameters, and working memory for ledgers of so many account rows."""
    p = parameters
    return Pit(p.buyers, p.units, p.turns, p.price_low, p.price_high, p.horizon, scratch_for(p.agents, accounts))
