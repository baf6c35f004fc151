"""Who takes part: the names of the agents, and the calendar of the guests' seats.

Names: clients from 0, then providers, then the proposer of blocks, then the guests, clients first. So a seat for a guest shifts
the name of nobody else, and changes no draw of theirs. A role's row counts its own agents, and after them its guests.

The calendar says in which ticks each guest is awake. A guest that is asleep needs nothing and has no capacity: neither in what
it is shown, nor for the planner. A provider that went to sleep counts for the planner as long as its offer stands, since until
then it can be hired.
"""

from typing import Any, NamedTuple

from chain.layout import NOBODY
from chain.rule import rule


class Population(NamedTuple):
    """How many agents there are."""

    clients: int
    providers: int
    client_guests: int
    provider_guests: int
    client_attackers: int = 0
    """The last so many of the clients, guests apart: for what is measured alone."""
    provider_attackers: int = 0


@rule
def client_name(population: Population, row: int) -> int:
    """The name of the client in this row."""
    return row if row < population.clients else row + population.providers + 1


@rule
def provider_name(population: Population, row: int) -> int:
    """The name of the provider in this row."""
    name = population.clients + row
    return name if row < population.providers else name + 1 + population.client_guests


@rule
def client_row(population: Population, name: int) -> int:
    """The row of the client of this name, or `NOBODY` if it is none."""
    if name < population.clients:
        return name
    row = name - population.providers - 1
    return row if population.clients <= row < population.clients + population.client_guests else NOBODY


@rule
def provider_row(population: Population, name: int) -> int:
    """The row of the provider of this name, or `NOBODY` if it is none."""
    row = name - population.clients
    if 0 <= row < population.providers:
        return row
    row -= 1 + population.client_guests
    return row if population.providers <= row < population.providers + population.provider_guests else NOBODY


@rule
def client_attacks(population: Population, row: int) -> bool:
    """Whether an attacker controls the client in this row."""
    return population.clients - population.client_attackers <= row < population.clients


@rule
def provider_attacks(population: Population, row: int) -> bool:
    """Whether an attacker controls the provider in this row."""
    return population.providers - population.provider_attackers <= row < population.providers


@rule
def client_sleeps(population: Population, calendar: Any, tick: int, row: int) -> bool:
    """Whether the client in this row is a guest that is asleep."""
    return row >= population.clients and calendar[tick, row - population.clients] == 0


@rule
def provider_sleeps(population: Population, calendar: Any, tick: int, row: int) -> bool:
    """Whether the provider in this row is a guest that is asleep."""
    return row >= population.providers and calendar[tick, population.client_guests + row - population.providers] == 0
