"""The tables of a run of the market of posted prices: what each tick and each seller came to, world by world."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chain.contracts.posted_price import MASS
from sim.metrics.efficiency import realised
from sim.metrics.outcome import PriceOutcome, ratio
from sim.metrics.prices import COIN

Columns: TypeAlias = Mapping[str, NDArray[Any]]


def tables(outcome: PriceOutcome) -> Mapping[str, Columns]:
    """Every table, by name."""
    return {"ticks": tick_rows(outcome), "agents": agent_rows(outcome)}


def tick_rows(outcome: PriceOutcome) -> Columns:
    """One row per world and tick.

    Columns: price, lowest_price and highest_price, over the sellers; quantity, sold by all, as a share of the consumers; profit,
    mean per seller; consumer_surplus; efficiency; nash_price, monopoly_price and mean_cost, means over the sellers, equal in all
    rows. Money in coins.
    """
    sales = outcome.sales
    worlds, length, _ = sales.shape
    price, best = sales["price"] / COIN, outcome.best.surplus.sum(axis=2)
    columns: dict[str, Any] = {
        "price": price.mean(axis=2),
        "lowest_price": price.min(axis=2),
        "highest_price": price.max(axis=2),
        "quantity": sales["quantity"].sum(axis=2) / MASS,
        "profit": sales["profit"].mean(axis=2) / COIN,
        "consumer_surplus": outcome.consumers / COIN,
        "efficiency": ratio(realised(outcome), best),
        "nash_price": np.full((worlds, length), outcome.nash.prices.mean() / COIN),
        "monopoly_price": np.full((worlds, length), outcome.monopoly.prices.mean() / COIN),
        "mean_cost": np.full((worlds, length), outcome.costs.mean() / COIN),
    }
    return {"tick": np.tile(np.arange(length), worlds)} | {
        name: np.ascontiguousarray(values).reshape(-1) for name, values in columns.items()
    }


def agent_rows(outcome: PriceOutcome) -> Columns:
    """One row per world and seller, means over the ticks.

    Columns: role, agent (its name); cost, price in coins; quantity, as a share of the consumers; profit, nash_profit and
    monopoly_profit per tick in coins.
    """
    sales = outcome.sales
    worlds, _, sellers = sales.shape
    per_seller = {"cost": outcome.costs, "nash_profit": outcome.nash.profits, "monopoly_profit": outcome.monopoly.profits}
    return {
        "role": np.full(worlds * sellers, "seller", object),
        "agent": np.tile(np.arange(sellers), worlds),
        "price": sales["price"].mean(axis=1).reshape(-1) / COIN,
        "quantity": sales["quantity"].mean(axis=1).reshape(-1) / MASS,
        "profit": sales["profit"].mean(axis=1).reshape(-1) / COIN,
    } | {name: np.tile(values / COIN, worlds) for name, values in per_seller.items()}
