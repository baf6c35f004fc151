"""The tables of a run of the double auction: what each tick and each agent came to, world by world."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import TradeOutcome, ratio
from sim.metrics.prices import COIN

Columns: TypeAlias = Mapping[str, NDArray[Any]]


def tables(outcome: TradeOutcome) -> Mapping[str, Columns]:
    """Every table, by name."""
    return {"ticks": tick_rows(outcome), "agents": agent_rows(outcome)}


def tick_rows(outcome: TradeOutcome) -> Columns:
    """One row per world and tick.

    Columns: trades; price, the mean of the tick's trades, NaN without any; value and cost of what was traded; price_low and
    price_high, the competitive prices, equal in all rows of a world. Money in coins.
    """
    ticks = outcome.ticks
    worlds, length = ticks.shape
    return {
        "tick": np.tile(np.arange(length), worlds),
        "trades": ticks["trades"].reshape(-1),
        "price": ratio(ticks["price"], ticks["trades"]).reshape(-1) / COIN,
        "value": ticks["value"].reshape(-1) / COIN,
        "cost": ticks["cost"].reshape(-1) / COIN,
        "price_low": np.repeat(outcome.best.low / COIN, length),
        "price_high": np.repeat(outcome.best.high / COIN, length),
    }


def agent_rows(outcome: TradeOutcome) -> Columns:
    """One row per world and agent, buyers first.

    Columns: role, agent (its name), units traded, price, the mean of them, NaN without any; surplus, what it gained by them, in
    coins.
    """
    tallies, buyers = outcome.tallies, outcome.buyers
    worlds, agents = tallies.shape
    gained = np.where(np.arange(agents) < buyers, 1, -1) * (tallies["worth"] - tallies["money"])
    return {
        "role": np.tile(np.where(np.arange(agents) < buyers, "buyer", "supplier").astype(object), worlds),
        "agent": np.tile(np.arange(agents), worlds),
        "units": tallies["traded"].reshape(-1),
        "price": ratio(tallies["money"], tallies["traded"]).reshape(-1) / COIN,
        "surplus": gained.reshape(-1) / COIN,
    }
