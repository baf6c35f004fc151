"""Private types and needs: what each episode draws before anybody acts. All of it is exogenous, equal in every arm."""

from typing import Any

from chain.dice import What, below, chance, draw, lane, lanes, swap
from chain.layout import NOBODY
from chain.rule import rule
from sim.scenarios.service_market.layout import Wants
from sim.scenarios.service_market.population import Population, client_name, client_sleeps, provider_name

EVERYBODY = 0
"""Draws of needs belong to the market as a whole; the index is the client's row."""


@rule
def between(word: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`, ends included."""
    return low + below(word, high - low + 1)


@rule
def draw_types(heads: Any, tastes: Any, crafts: Any, ranges: Any, population: Population) -> None:
    """Draw values, costs, skills and capacities of every world.

    Args:
        heads: heads of the worlds, shape (worlds, 1).
        tastes: filled, shape (worlds, clients, services).
        crafts: filled, shape (worlds, providers).
        ranges: value, cost, skill, capacity (low and high each), effort cost at full skill: nine whole numbers.
        population: who takes part.
    """
    clients, services = tastes.shape[1], tastes.shape[2]
    for w in range(heads.shape[0]):
        head = heads[w, 0]
        for c in range(clients):
            for s in range(services):
                tastes[w, c, s] = between(draw(head, 0, client_name(population, c), What.TYPE, s), ranges[0], ranges[1])
        for p in range(crafts.shape[1]):
            block = lanes(head, 0, provider_name(population, p), What.TYPE, 0)
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
def value_of(head: Any, tastes: Any, wants: Wants, tick: int, client: int, service: int) -> int:
    """What a good job of a service, needed in this tick, is worth to a client, µcoin."""
    if wants.redraw_values == 0:
        return int(tastes[client, service])
    return between(draw(head, tick, client_name(wants.population, client), What.TYPE, service), wants.value_low, wants.value_high)


@rule
def all_needs(heads: Any, tastes: Any, calendar: Any, wants: Wants, first: int, needs: Any, values: Any) -> None:
    """Every need of every world and its value, for the planner, from the tick `first` on; both are filled and have shape (worlds,
    ticks, clients). Tick 0 has none, nor has any after the horizon, nor a guest that is asleep."""
    for w in range(needs.shape[0]):
        for k in range(needs.shape[1]):
            t = first + k
            block = lanes(heads[w, 0], t, EVERYBODY, What.NEED, 0)
            for c in range(needs.shape[2]):
                if c & 3 == 0:
                    block = lanes(heads[w, 0], t, EVERYBODY, What.NEED, c >> 2)
                need = need_from(lane(block, c), wants.need_bps, tastes.shape[2])
                if t < 1 or t > wants.horizon or client_sleeps(wants.population, calendar[w], t, c):
                    need = NOBODY
                needs[w, k, c] = need
                values[w, k, c] = value_of(heads[w, 0], tastes[w], wants, t, c, need) if need != NOBODY else 0
