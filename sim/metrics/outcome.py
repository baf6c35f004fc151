"""What metrics are computed from: one finished episode of a batch of worlds, private truth included."""

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


def ratio(above: Any, below: Any) -> NDArray[np.float64]:
    """Above ÷ below, NaN where there is nothing below."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)
