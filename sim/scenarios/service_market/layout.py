"""What the service market keeps beside the ledger: private types, what is measured, views, and working memory."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.layout import NOBODY, record
from chain.sorting import Scratch, scratch_for
from sim.scenario import layout
from sim.scenarios.service_market.population import Population
from sim.scenarios.service_market.roles import OFFER

CRAFT = record("service", "cost", "skill_bps", "effort_cost", "capacity")
"""A provider's private type."""

TICK = record(
    "requests", "hires", "price", "value", "cost",  # of the needs and hires of this tick; value and cost in expectation
    "delivered", "good", "settled", "delay",  # of the same hires: deliveries, one per milestone; good, settled; blocks to payment
    "disputes", "upheld", "no_shows",
    "fees", "base_fee", "gas_used", "refused", "blocked",  # of the block of this tick; `blocked`: no place in the mempool
    "honest_paid", "scammed", "attackers_earned",  # where there are attackers: what honest clients paid for the hires of this
    # tick, the part of it that attackers got for worthless jobs, and all that attackers got for theirs
)  # fmt: skip
"""One tick of one world."""

TRADE = record("hires", "price")
"""Per tick and service."""

CLIENT_TALLY = record("jobs", "good", "value", "paid")
PROVIDER_TALLY = record("jobs", "good", "cost", "price", "disputes", "upheld")
"""Per agent, over the episode; `value` and `cost` in expectation, `paid` and `price` as agreed in escrow."""


class Private(NamedTuple):
    """Private truth and tallies, which no policy is shown: arrays with a leading world axis."""

    tastes: Any
    """Value of a good job, shape (worlds, clients, services), µcoin."""
    crafts: Any
    ticks: Any
    trades: Any
    clients: Any
    providers: Any
    calendar: Any
    """1 where a guest is awake, 0 where it is asleep; shape (worlds, ticks + 1, guests), clients first."""
    earned: Any
    """By row of a job with milestones: what its provider had been paid when that was last counted, µcoin; else of length 0."""


class ByRole(NamedTuple):
    """Views or actions of both roles, shape (worlds, agents)."""

    client: Any
    provider: Any


class Wants(NamedTuple):
    """Who takes part, and the parameters that decide what clients need and how much they value it."""

    population: Population

    horizon: int
    need_bps: int
    redraw_values: int
    value_low: int
    value_high: int
    jury_votes: int


class Desk(NamedTuple):
    """Working memory of one thread: it serves one world after another and is not part of the state."""

    scratch: Scratch
    waiting: NDArray[np.int64]
    """By account, 1 where its earlier transactions still wait for a block; zero between worlds."""
    board: Any
    """Open offers by service; the last row is the empty offer."""
    starts: NDArray[np.int64]
    """Where each service begins on the board."""


def desk_for(pool_size: int, accounts_size: int, services: int) -> Desk:
    """Working memory for worlds of these sizes."""
    board = np.zeros(accounts_size + 1, layout(OFFER))
    board["address"] = NOBODY
    return Desk(
        scratch_for(pool_size, accounts_size),
        np.zeros(accounts_size, np.int64),
        board,
        np.zeros(services + 1, np.int64),
    )
