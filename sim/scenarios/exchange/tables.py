"""The tables of a run of the exchange: what each tick and each agent came to, world by world."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.metrics.efficiency import realised
from sim.metrics.outcome import SwapOutcome
from sim.metrics.prices import COIN

Columns: TypeAlias = Mapping[str, NDArray[Any]]


def tables(outcome: SwapOutcome) -> Mapping[str, Columns]:
    """Every table, by name."""
    return {"ticks": tick_rows(outcome), "agents": agent_rows(outcome)}


def tick_rows(outcome: SwapOutcome) -> Columns:
    """One row per world and tick.

    Columns: needs, traders who had one; swaps of traders, done and refused; sandwiches; volume of traders, fees, and what
    victims lost, in coins; outside and pool, prices of a credit in coins; realised and optimal, surplus and that of the
    planner, in coins.
    """
    ticks = outcome.ticks
    worlds, length = ticks.shape
    counts = {name: ticks[name] for name in ("needs", "swaps", "refused", "sandwiches")}
    money = {name: ticks[name] / COIN for name in ("volume", "fees", "lost", "outside", "pool")}
    columns = counts | money | {"realised": realised(outcome) / COIN, "optimal": outcome.best.surplus.sum(axis=2) / COIN}
    return {"tick": np.tile(np.arange(length), worlds)} | {
        name: np.ascontiguousarray(values).reshape(-1) for name, values in columns.items()
    }


def agent_rows(outcome: SwapOutcome) -> Columns:
    """One row per world and agent: traders, arbitrageurs, the builder.

    Columns: role, agent (its name); swaps that were done and refused; volume of what it paid in, and surplus, what it gained,
    in coins.
    """
    tallies = outcome.tallies
    worlds, agents = tallies.shape
    roles = np.array(["trader"] * outcome.traders + ["arbitrageur"] * (agents - outcome.traders - 1) + ["builder"], object)
    return {
        "role": np.tile(roles, worlds),
        "agent": np.tile(np.arange(agents), worlds),
        "swaps": tallies["swaps"].reshape(-1),
        "refused": tallies["refused"].reshape(-1),
        "volume": tallies["volume"].reshape(-1) / COIN,
        "surplus": outcome.gained.reshape(-1) / COIN,
    }
