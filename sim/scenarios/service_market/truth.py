"""The planner's optimum: what a benevolent planner who knows every private type could reach, exactly.

A good job of client i done by provider j is worth v_i × reliability - cost_j - effort_cost_j in expectation, and partial effort
is never better: value and cost are both linear in it. This surplus is a client's part minus a provider's part, so the best
assignment of a service pairs the highest values with the cheapest places, as long as that gains: a sorted merge. Each tick
is a market of its own, since needs and capacity last one tick.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = -(2**62)


class Plan(NamedTuple):
    """The optimum of many small markets; arrays have the shape of `worths` without its last axis."""

    surplus: NDArray[np.int64]
    """Highest total surplus, µcoin."""
    quantity: NDArray[np.int64]
    """Jobs of an optimal plan that gain something, marginal zero-surplus jobs left out."""
    price: NDArray[np.float64]
    """Middle of the interval of competitive prices; NaN where nothing is traded."""


def plan(worths: NDArray[np.int64], places: NDArray[np.int64]) -> Plan:
    """The best assignment of jobs to places.

    Args:
        worths: worth of one job to each client, shape (..., clients); `NEVER` where there is no need.
        places: cost of each place of capacity, shape (..., places), with as many leading axes; `-NEVER` where there is none.
    """
    demand = -np.sort(-worths, axis=-1)
    supply = np.sort(places, axis=-1)
    most = min(demand.shape[-1], supply.shape[-1])
    gains = demand[..., :most] - supply[..., :most]
    traded = (gains > 0) & (demand[..., :most] > NEVER) & (supply[..., :most] < -NEVER)
    quantity = traded.sum(axis=-1)
    surplus = np.where(traded, gains, 0).sum(axis=-1)
    return Plan(surplus, quantity, _clearing_price(demand, supply, quantity))


def _clearing_price(demand: NDArray[np.int64], supply: NDArray[np.int64], quantity: NDArray[np.int64]) -> NDArray[np.float64]:
    """Between the last pair that trades and the first that does not."""

    def at(curve: NDArray[np.int64], k: NDArray[np.int64], beyond: int) -> NDArray[np.float64]:
        curve, k = np.broadcast_arrays(curve, k[..., None])
        inside = k[..., 0] < curve.shape[-1]
        found = np.take_along_axis(curve, np.minimum(k[..., :1], curve.shape[-1] - 1), -1)[..., 0]
        return np.where(inside, found, beyond).astype(float)

    last = np.maximum(quantity - 1, 0)
    low = np.maximum(at(supply, last, 0), at(demand, quantity, NEVER))
    high = np.minimum(at(demand, last, 0), at(supply, quantity, -NEVER))
    return np.where(quantity > 0, (low + high) / 2, np.nan)


def slots_of(crafts: Any) -> int:
    """Highest capacity of any provider, at least 1."""
    return max(int(crafts["capacity"].max()), 1)


def places_of(crafts: Any, service: int) -> NDArray[np.int64]:
    """Cost of every place of capacity for one service, shape (worlds, providers × highest capacity)."""
    capacity = crafts["capacity"]
    slot = np.arange(slots_of(crafts))
    there = (slot < capacity[..., None]) & (crafts["service"] == service)[..., None]
    cost = (crafts["cost"] + crafts["effort_cost"])[..., None]
    return np.where(there, cost, -NEVER).reshape(len(crafts), -1)


def plan_market(
    needs: NDArray[np.int64],
    values: NDArray[np.int64],
    services: int,
    crafts: Any,
    reliability_bps: int,
    awake: Any = np.True_,
) -> Plan:
    """The optimum of every world, tick and service.

    Args:
        needs: needed service or -1, shape (worlds, ticks, clients).
        values: value of a good job of it, the same shape, µcoin.
        services: number of services.
        crafts: private types of the providers, shape (worlds, providers).
        reliability_bps: chance that a job with full effort turns out good.
        awake: which providers have their capacity, shape (worlds, ticks, providers); always, if not given.

    Returns:
        A plan whose arrays have shape (worlds, ticks, services).
    """
    worth = values // 10_000 * reliability_bps + values % 10_000 * reliability_bps // 10_000
    there = np.repeat(awake, slots_of(crafts), axis=-1) if np.ndim(awake) else awake
    parts = []
    for service in range(services):
        worths = np.where(needs == service, worth, NEVER)
        places = places_of(crafts, service)[:, None, :]
        parts.append(plan(worths, places if there is np.True_ else np.where(there, places, -NEVER)))
    return Plan(*(np.stack(arrays, axis=-1) for arrays in zip(*parts, strict=True)))
