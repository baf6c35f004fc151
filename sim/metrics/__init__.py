"""What is measured: one function per metric, and one line here.

A metric maps an outcome (`sim.metrics.outcome`) to one number per world; NaN where it is not defined.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.metrics.attack import attacker_profit, attacker_return, honest_welfare, loss_to_scam, profit_from_scam
from sim.metrics.auctions import bidder_surplus, saving
from sim.metrics.collusion import profit_gain
from sim.metrics.efficiency import efficiency
from sim.metrics.fairness import gini
from sim.metrics.fees import fee_overhead
from sim.metrics.prices import posted_price, price_error, price_level
from sim.metrics.service import fill_rate, settlement_delay
from sim.metrics.surplus import client_surplus, consumer_surplus, provider_surplus
from sim.metrics.swaps import (
    arbitrage_surplus,
    builder_surplus,
    pool_price_error,
    pool_surplus,
    sandwich_loss,
    swap_fees,
    trader_surplus,
)
from sim.metrics.trades import smith_alpha, trade_price, traded_share


class Metric(NamedTuple):
    """A metric with its unit, and whether more of it is better (None: neither)."""

    of: Callable[[Any], NDArray[np.float64]]
    """From an outcome of the scenarios that name this metric."""
    unit: str
    more_is_better: bool | None
    by_attack: bool = False
    """Whether it is about the accounts that an attack leaves honest, or about those that it controls: then it can be compared
    between the sides of one attack alone."""


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "efficiency": Metric(efficiency, "of optimum", True),
        "client_surplus": Metric(client_surplus, "of optimum", True),
        "provider_surplus": Metric(provider_surplus, "of optimum", None),
        "fill_rate": Metric(fill_rate, "of needs", True),
        "price_level": Metric(price_level, "coins", None),
        "price_error": Metric(price_error, "of competitive price", False),
        "settlement_delay": Metric(settlement_delay, "blocks", False),
        "fee_overhead": Metric(fee_overhead, "of optimum", False),
        "profit_gain": Metric(profit_gain, "of the way from Nash to monopoly", None),
        "posted_price": Metric(posted_price, "coins", None),
        "consumer_surplus": Metric(consumer_surplus, "of optimum", True),
        "saving": Metric(saving, "of reserve", None),
        "bidder_surplus": Metric(bidder_surplus, "of optimum", None),
        "traded_share": Metric(traded_share, "of competitive quantity", None),
        "trade_price": Metric(trade_price, "coins", None),
        "smith_alpha": Metric(smith_alpha, "of competitive price", False),
        "trader_surplus": Metric(trader_surplus, "of optimum", True),
        "arbitrage_surplus": Metric(arbitrage_surplus, "of optimum", None),
        "builder_surplus": Metric(builder_surplus, "of optimum", None),
        "pool_surplus": Metric(pool_surplus, "of optimum", None),
        "swap_fees": Metric(swap_fees, "of optimum", None),
        "pool_price_error": Metric(pool_price_error, "of outside price", False),
        "sandwich_loss": Metric(sandwich_loss, "of traders' volume", False),
        "gini": Metric(gini, "0 to 1", None),
        "honest_welfare": Metric(honest_welfare, "coins", True, by_attack=True),
        "attacker_profit": Metric(attacker_profit, "coins", False, by_attack=True),
        "attacker_return": Metric(attacker_return, "of capital", False, by_attack=True),
        "loss_to_scam": Metric(loss_to_scam, "of what honest clients paid", False, by_attack=True),
        "profit_from_scam": Metric(profit_from_scam, "of attackers' outlay", False, by_attack=True),
    }
)
