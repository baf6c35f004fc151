"""The Mesa front beside the same market hand-written in Mesa: whole steps of one world, neither side collects figures.

Ours decides too: clients hire the cheapest offer and providers ask their cost and a fifth, as the agents of the other side do.
Its agents are members of AgentSets, and its ledger is the compiled one.
"""

from typing import Any

from sim.fronts.mesa_model import ServiceMarketModel
from tests.bench.mesa_market import MesaMarket
from tests.bench.timing import Ratio, Side, compare

SIZES = ((32, 8, 50), (800, 200, 20))
"""Clients, providers, ticks."""


def ours(clients: int, providers: int, ticks: int) -> ServiceMarketModel:
    """Our model: 60 gas of room for each agent, as on the other side."""
    return ServiceMarketModel(
        policies={"client": "cheapest", "provider": "cost_plus"},
        collect=False,
        clients=clients,
        providers=providers,
        horizon=ticks,
        gas_limit=2 * 60 * (clients + providers),
        capacity_low=8,
        capacity_high=8,
    )


def steps(ticks: int) -> Any:
    """So many steps of a model."""

    def run(model: Any) -> None:
        for _ in range(ticks):
            model.step()

    return run


def mesa_speed(pairs: int = 5) -> list[Ratio]:
    """The comparison, for a few agents and for many."""
    out = []
    for clients, providers, ticks in SIZES:
        agents = clients + providers
        mine = Side(agents * ticks, lambda size=(clients, providers, ticks): ours(*size), steps(ticks))
        theirs = Side(agents * ticks, lambda size=(clients, providers): MesaMarket(*size, seed=1), steps(ticks))
        out.append(compare(f"Mesa front, {agents:,} agents, beside plain Mesa", "agent-steps/s", mine, theirs, 1.0, pairs))
    return out
