"""The ceiling of tabular sessions: one compiled loop in which two learners set prices, and nothing else happens.

No ledger, no accounts, no blocks: profits are looked up in a table. It is written apart from the rules of
`agents.learned.tabular`, for two sellers only, and draws the same dice: so it is also an independent check of a session on the
ledger.

Source: Calvano, Calzolari, Denicolò and Pastorello, "Artificial intelligence, algorithmic pricing, and collusion", American
Economic Review 110(10), 2020.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.dice import What, below, draw, lane, lanes, swap, unit
from chain.layout import HEAD, record, records
from chain.rule import rule

COIN = 1_000_000
PLACE = record("tick", "state", "unchanged")
"""Where a session stands: next period, last period's levels, periods since a greedy policy changed."""


class Sessions(NamedTuple):
    """Sessions of two learners; every array has a leading axis of sessions."""

    heads: Any
    places: Any
    q: NDArray[np.float64]
    """Value of a level in a state, shape (sessions, 2, states, levels)."""
    best: NDArray[np.int64]
    """The greedy level in a state, shape (sessions, 2, states)."""


def sessions(seeds: Any, profits: NDArray[np.int64], delta: float) -> Sessions:
    """Begin: last levels drawn, values at the discounted profit against a rival who picks any level alike.

    Args:
        seeds: one run seed per session.
        profits: of each seller by the levels of both, shape (2, levels, levels), µcoin.
        delta: discount factor.
    """
    seeds = np.atleast_1d(seeds)
    count, levels = seeds.size, profits.shape[1]
    heads, places = records(HEAD, count), records(PLACE, count)
    heads["seed"] = seeds
    for head, place in zip(heads, places, strict=True):
        first, second = (below(np.uint64(draw(head, 0, who, What.TYPE, 0)), levels) for who in (0, 1))
        place.state = first * levels + second
    sums = np.stack([profits[0].sum(axis=1), profits[1].sum(axis=0)])
    start = sums / levels / COIN / (1 - delta)
    q = np.tile(start[:, None, :], (count, 1, levels * levels, 1))
    return Sessions(heads, places, q, q.argmax(axis=3))


@rule
def revise(q: Any, best: Any, state: int, level: int, value: float) -> bool:
    """Set the value of a level; whether another level is now the greedy one. Ties keep the level that was greedy."""
    row = q[state]
    old = row[level]
    row[level] = value
    greedy = best[state]
    if level != greedy:
        if value > row[greedy]:
            best[state] = level
            return True
        return False
    if value >= old:
        return False
    for other in range(row.size):
        if row[other] > row[greedy]:
            greedy = other
    best[state] = greedy
    return bool(greedy != level)


@rule
def learn(
    head: Any, place: Any, profits: Any, q: Any, best: Any, alpha: float, delta: float, beta: float, stop: int, stable: int
) -> None:
    """Play one session up to period `stop`, or until no greedy policy has changed for `stable` periods; `profits` in coins."""
    levels = profits.shape[1]
    tick, state, unchanged = place.tick, place.state, place.unchanged
    first = lanes(head, tick >> 2, 0, What.EXPLORE, 0)
    second = lanes(head, tick >> 2, 1, What.EXPLORE, 0)
    while tick < stop and unchanged < stable:
        if tick & 3 == 0:
            first = lanes(head, tick >> 2, 0, What.EXPLORE, 0)
            second = lanes(head, tick >> 2, 1, What.EXPLORE, 0)
        epsilon = math.exp(-beta * tick)
        word = lane(first, tick)
        a = below(swap(word), levels) if unit(word) < epsilon else best[0, state]
        word = lane(second, tick)
        b = below(swap(word), levels) if unit(word) < epsilon else best[1, state]
        after = a * levels + b
        target = profits[0, a, b] + delta * q[0, after, best[0, after]]
        other = profits[1, a, b] + delta * q[1, after, best[1, after]]
        changed = revise(q[0], best[0], state, a, (1 - alpha) * q[0, state, a] + alpha * target)
        changed |= revise(q[1], best[1], state, b, (1 - alpha) * q[1, state, b] + alpha * other)
        unchanged = 0 if changed else unchanged + 1
        state = after
        tick += 1
    place.tick, place.state, place.unchanged = tick, state, unchanged
