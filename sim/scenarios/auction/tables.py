"""The tables of a run of the auctions: what each tick and each bidder came to, world by world."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.metrics.efficiency import realised
from sim.metrics.outcome import AuctionOutcome, ratio
from sim.metrics.prices import COIN

Columns: TypeAlias = Mapping[str, NDArray[Any]]


def tables(outcome: AuctionOutcome) -> Mapping[str, Columns]:
    """Every table, by name."""
    return {"ticks": tick_rows(outcome), "agents": agent_rows(outcome)}


def tick_rows(outcome: AuctionOutcome) -> Columns:
    """One row per world and tick.

    Columns: ended, auctions that ended with it; awarded, those that somebody won; commits and reveals, of those; price, cost of
    the winner and least_cost in coins (NaN where none was awarded, or none ended); realised and optimal, surplus and that of the
    planner, in coins; winner, its name, or -1.
    """
    awards = outcome.awards
    worlds, length = awards.shape
    ended, awarded = awards["ended"], awards["awarded"]
    columns: dict[str, Any] = {
        "ended": ended,
        "awarded": awarded,
        "commits": awards["commits"],
        "reveals": awards["reveals"],
        "price": ratio(awards["price"], awarded) / COIN,
        "cost": ratio(awards["cost"], awarded) / COIN,
        "least_cost": ratio(awards["least_cost"], ended) / COIN,
        "realised": realised(outcome) / COIN,
        "optimal": outcome.best.surplus.sum(axis=2) / COIN,
        "winner": np.where(awarded > 0, awards["winner"], -1),
    }
    return {"tick": np.tile(np.arange(length), worlds)} | {
        name: np.ascontiguousarray(values).reshape(-1) for name, values in columns.items()
    }


def agent_rows(outcome: AuctionOutcome) -> Columns:
    """One row per world and bidder.

    Columns: role, agent (its name); jobs that it won; price and cost, means over those in coins; surplus in coins: payments minus
    costs, fees and lost deposits.
    """
    bidders = outcome.bidders
    worlds, count = bidders.shape
    return {
        "role": np.full(worlds * count, "bidder", object),
        "agent": np.tile(np.arange(count), worlds),
        "jobs": np.ascontiguousarray(bidders["wins"]).reshape(-1),
        "price": ratio(bidders["paid"], bidders["wins"]).reshape(-1) / COIN,
        "cost": ratio(bidders["spent"], bidders["wins"]).reshape(-1) / COIN,
        "surplus": outcome.gained.reshape(-1) / COIN,
    }
