"""Private types and needs: what each episode draws before anybody acts. All of it is exogenous, equal in every arm."""

from typing import Any

from chain.dice import What, below, chance, draw, lane, lanes, swap
from chain.rule import rule

EVERYBODY = 0
"""Draws of needs belong to the market as a whole; the index is the client's name."""


@rule
def between(word: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`, ends included."""
    return low + below(word, high - low + 1)


@rule
def draw_types(heads: Any, tastes: Any, crafts: Any, ranges: Any) -> None:
    """Draw values, costs, skills and capacities of every world.

    Args:
        heads: heads of the worlds, shape (worlds, 1).
        tastes: filled, shape (worlds, clients, services).
        crafts: filled, shape (worlds, providers).
        ranges: value, cost, skill, capacity (low and high each), effort cost at full skill: nine whole numbers.
    """
    clients, services = tastes.shape[1], tastes.shape[2]
    for w in range(heads.shape[0]):
        head = heads[w, 0]
        for c in range(clients):
            for s in range(services):
                tastes[w, c, s] = between(draw(head, 0, c, What.TYPE, s), ranges[0], ranges[1])
        for p in range(crafts.shape[1]):
            block = lanes(head, 0, clients + p, What.TYPE, 0)
            craft = crafts[w, p]
            craft.service = p % services
            craft.cost = between(block[0], ranges[2], ranges[3])
            craft.skill_bps = between(block[1], ranges[4], ranges[5])
            craft.capacity = between(block[2], ranges[6], ranges[7])
            craft.effort_cost = ranges[8] * 10_000 // craft.skill_bps


@rule
def need_from(word: Any, need_bps: int, services: int) -> int:
    """The service that a client needs, or -1, from its draw of this tick."""
    if chance(word, need_bps):
        return below(swap(word), services)
    return -1


@rule
def all_needs(heads: Any, horizon: int, need_bps: int, services: int, out: Any) -> None:
    """Every need of every world, for the planner: `out` has shape (worlds, horizon + 1, clients); tick 0 has none."""
    for w in range(out.shape[0]):
        for c in range(out.shape[2]):
            out[w, 0, c] = -1
        for t in range(1, horizon + 1):
            block = lanes(heads[w, 0], t, EVERYBODY, What.NEED, 0)
            for c in range(out.shape[2]):
                if c & 3 == 0:
                    block = lanes(heads[w, 0], t, EVERYBODY, What.NEED, c >> 2)
                out[w, t, c] = need_from(lane(block, c), need_bps, services)
