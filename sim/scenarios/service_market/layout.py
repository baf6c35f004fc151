"""What the service market keeps beside the ledger: private types, and what is measured. No policy is shown it."""

from typing import Any, NamedTuple

from chain.layout import record

CRAFT = record("service", "cost", "skill_bps", "effort_cost", "capacity")
"""A provider's private type."""

TICK = record(
    "requests", "hires", "price", "value", "cost",  # of the needs and hires of this tick; value and cost in expectation
    "delivered", "good", "settled", "delay",  # of the same hires: jobs delivered, good, settled; blocks from hire to payment
    "disputes", "upheld", "no_shows",
    "fees", "base_fee", "gas_used", "refused", "blocked",  # of the block of this tick; `blocked`: no place in the mempool
)  # fmt: skip
"""One tick of one world."""

TRADE = record("hires", "price")
"""Per tick and service."""

CLIENT_TALLY = record("jobs", "good", "value", "paid")
PROVIDER_TALLY = record("jobs", "good", "cost", "price", "disputes", "upheld")
"""Per agent, over the episode; `value` and `cost` in expectation, `paid` and `price` as agreed in escrow."""


class Private(NamedTuple):
    """Private truth and tallies: arrays with a leading world axis."""

    tastes: Any
    """Value of a good job, shape (worlds, clients, services), µcoin."""
    crafts: Any
    ticks: Any
    trades: Any
    clients: Any
    providers: Any
