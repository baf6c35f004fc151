"""What should come out, known without running the market: competitive equilibrium, and what zero intelligence realises of it.

Sorted values and costs are the curves of demand and supply. The competitive quantity counts every pair whose value is at least
its cost, marginal pairs without surplus included; competitive prices clear it: the last pair that trades agrees to them, and the
first that does not would not.
"""

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

NOWHERE = 2**62
"""Beyond every value and cost."""


class Equilibrium(NamedTuple):
    """Of many markets; arrays have the shape of `values` without its last axis."""

    surplus: NDArray[np.int64]
    """Largest sum of values minus costs, which every competitive price reaches."""
    quantity: NDArray[np.int64]
    """Units that trade, marginal ones without surplus included."""
    low: NDArray[np.float64]
    """Lowest competitive price; NaN where nothing trades."""
    high: NDArray[np.float64]
    """Highest competitive price; NaN where nothing trades."""


def equilibrium(values: ArrayLike, costs: ArrayLike) -> Equilibrium:
    """The competitive equilibrium of units with these values and costs, shapes (..., units wanted) and (..., units offered).

    >>> [int(x) for x in equilibrium([100, 90, 80, 70, 60], [40, 50, 60, 70, 80])]
    [120, 4, 70, 70]
    """
    demand, supply = -np.sort(-np.asarray(values, np.int64), axis=-1), np.sort(np.asarray(costs, np.int64), axis=-1)
    most = min(demand.shape[-1], supply.shape[-1])
    gain = demand[..., :most] - supply[..., :most]
    quantity = (gain >= 0).sum(axis=-1)
    surplus = np.where(gain >= 0, gain, 0).sum(axis=-1)

    def at(curve: NDArray[np.int64], place: NDArray[np.int64], beyond: int) -> NDArray[np.int64]:
        padded = np.concatenate([curve, np.full((*curve.shape[:-1], 1), beyond)], axis=-1)
        return np.take_along_axis(padded, np.minimum(place, curve.shape[-1])[..., None], -1)[..., 0]

    last = np.maximum(quantity - 1, 0)
    low = np.maximum(at(supply, last, 0), at(demand, quantity, -NOWHERE))
    high = np.minimum(at(demand, last, 0), at(supply, quantity, NOWHERE))
    trades = quantity > 0
    return Equilibrium(surplus, quantity, np.where(trades, low, np.nan), np.where(trades, high, np.nan))


def zero_intelligence_surplus(values: tuple[int, ...], costs: tuple[int, ...], lowest: int, highest: int) -> float:
    """The expected surplus of zero-intelligence traders of one unit each, if they quote for ever; exact but for rounding.

    One trader is drawn at a time, uniformly. It draws a price uniformly: a buyer from `lowest` to its value, a supplier from its
    cost to `highest`. A quote that crosses the best one of the other side trades at that one's price, and the book is wiped;
    otherwise it stands if it is the best of its side. Between trades that is a Markov chain over the best bid and ask and whose
    they are; it is solved for every set of traders who are left.

    Source: the institution of Gode and Sunder, "Allocative efficiency of markets with zero-intelligence traders", Journal of
    Political Economy 101, 1993.
    """

    @cache
    def expected(buyers: frozenset[int], suppliers: frozenset[int]) -> float:
        if not any(values[b] >= costs[s] for b, s in product(buyers, suppliers)):
            return 0.0
        chance = 1 / (len(buyers) + len(suppliers))
        start = (lowest - 1, -1, highest + 1, -1)
        states, chain, reward = {start: 0}, [], []
        waiting = [start]
        while waiting:
            state = waiting.pop(0)
            bid, bidder, ask, asker = state
            moves: list[tuple[float, tuple[int, int, int, int] | tuple[int, int]]] = []
            for b in buyers:
                each = chance / (values[b] - lowest + 1)
                for q in range(lowest, values[b] + 1):
                    moves.append((each, (b, asker) if q >= ask else (q, b, ask, asker) if q > bid else state))
            for s in suppliers:
                each = chance / (highest - costs[s] + 1)
                for q in range(costs[s], highest + 1):
                    moves.append((each, (bidder, s) if q <= bid else (bid, bidder, q, s) if q < ask else state))
            row: dict[int, float] = {}
            gained = 0.0
            for weight, move in moves:
                if len(move) == 2:
                    b, s = move
                    gained += weight * (values[b] - costs[s] + expected(buyers - {b}, suppliers - {s}))
                else:
                    if move not in states:
                        states[move] = len(states)
                        waiting.append(move)
                    row[states[move]] = row.get(states[move], 0.0) + weight
            chain.append(row)
            reward.append(gained)
        system = np.eye(len(states))
        for k, row in enumerate(chain):
            for to, weight in row.items():
                system[k, to] -= weight
        return float(np.linalg.solve(system, np.array(reward))[0])

    return expected(frozenset(range(len(values))), frozenset(range(len(costs))))
