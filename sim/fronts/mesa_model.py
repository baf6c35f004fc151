"""Mesa: a scenario as a `mesa.Model`, its agents as members of AgentSets, its figures in a DataCollector.

Underneath is one world of `sim.world`: the same policies, the same dice, the same bytes. Agents propose in any order on one
frozen view, and the model advances once. A subclass of an agent may decide for itself:

>>> class Stubborn(ClientAgent):
...     def decide(self, view, proposed):
...         return {"hire": -1} if view.value < 80_000_000 else None
>>> model = MesaModel(preset="minimal", seed=7, agents={"client": Stubborn})
>>> while model.running:
...     model.step()
>>> sorted(model.datacollector.get_model_vars_dataframe())
['base_fee', 'efficiency', 'hires', 'mean_price', 'refused']
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from agents.registry import nearest
from chain.errors import InputError
from chain.invariants import check
from chain.status import Status
from sim.arms import seeds_of
from sim.metrics.outcome import Outcome
from sim.scenarios import find
from sim.world import World

with warnings.catch_warnings():  # in a notebook Mesa's progress bar asks for widgets, which nothing here needs
    warnings.filterwarnings("ignore", message="IProgress not found")
    import mesa

COIN = 1_000_000


class MarketAgent(mesa.Agent):  # type: ignore[misc] # Mesa has no types
    """An agent of one role. Every column of its view is an attribute: ``agent.balance``, ``agent.offers``, ..."""

    def __init__(self, model: "MesaModel", role: str, row: int) -> None:
        """Take a seat: the agent of this row of its role's view."""
        super().__init__(model)
        self.role, self.row = role, row
        self.name = int(model.world.economy.names[role][row])

    def decide(self, view: Any, proposed: dict[str, int]) -> Mapping[str, Any] | None:
        """The agent's own decision: fields that replace those its policy proposed, or None to take the proposal as it is."""
        return None

    @property
    def view(self) -> Any:
        """What the agent is shown now: one record."""
        return self.model.world.economy.views[self.role][self.row]

    @property
    def address(self) -> int:
        """The account it acts from: that of its newest identity."""
        identities = self.model.world.economy.book.identities[0]
        return int(identities[identities[self.name].latest].address)

    @property
    def jobs(self) -> int:
        """Jobs delivered to it, or by it, in this episode."""
        return int(getattr(self.model.outcome, self.role + "s")[0, self.row]["jobs"])

    def __getattr__(self, column: str) -> Any:
        """A column of the view."""
        if column.startswith("_") or "row" not in vars(self) or column not in self.view.dtype.names:
            raise AttributeError(f"{type(self).__name__} has no attribute {column!r}")
        value = self.view[column]
        return int(value) if np.ndim(value) == 0 else value


class ClientAgent(MarketAgent):
    """Buys services."""


class ProviderAgent(MarketAgent):
    """Sells services."""


class MesaModel(mesa.Model):  # type: ignore[misc]
    """One world of a scenario. `running` turns False when the episode ends."""

    running: bool
    kinds: Mapping[str, type[MarketAgent]] = {"client": ClientAgent, "provider": ProviderAgent}

    def __init__(
        self,
        scenario: str = "service_market",
        preset: str = "standard",
        policies: Mapping[str, Any] | None = None,
        seed: int = 0,
        agents: Mapping[str, type[MarketAgent]] | None = None,
        **parameters: Any,
    ) -> None:
        """Build the world and seat its agents.

        Args:
            scenario: name of the economy.
            preset: name of its preset.
            policies: role -> policy, as in `sim.run`; it proposes for all agents of the role in one call.
            seed: run seed; equal seeds give equal ledgers.
            agents: role -> subclass of `MarketAgent` that may decide for itself.
            parameters: parameters of the scenario that replace the preset's.
        """
        economy = find(scenario)
        for role in agents or {}:
            if role not in (known := [r.name for r in economy.roles]):
                raise InputError(f"agents: role {role!r} given; {nearest(role, known)}")
        world = World(economy, economy.settings(preset, parameters), policies, seeds=seeds_of([seed]))
        super().__init__(rng=int(seed))
        self.world = world
        self.outcome: Outcome = self.world.economy.outcome()
        for role, names in self.world.economy.names.items():
            kind = {**self.kinds, **(agents or {})}.get(role, MarketAgent)
            for row in range(names.size):
                kind(self, role, row)
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in ("efficiency", "hires", "mean_price", "base_fee", "refused")},
            agent_reporters={"balance": "balance", "jobs": "jobs"},
        )

    def step(self) -> None:
        """One tick: policies propose, agents decide, one block is executed, figures are collected."""
        if not self.running:
            return
        actions = self.world.actions()
        for agent in self.agents:
            if getattr(agent.decide, "__func__", None) is not MarketAgent.decide:
                self._decide(agent, actions[agent.role])
        self.world.step(actions)
        self.outcome = self.world.economy.outcome()
        self.datacollector.collect(self)
        if self.world.done:
            self.running = False
            check(self.world.economy.book)

    def _decide(self, agent: MarketAgent, actions: Any) -> None:
        """Put an agent's own decision in the place of what its policy proposed."""
        proposed = {field: int(actions[agent.row][field]) for field in actions.dtype.names}
        own = agent.decide(agent.view, dict(proposed))
        if own is not None:
            actions[agent.row] = self.world.scenario.role(agent.role).read({**proposed, **own}, 1)[0]

    @property
    def efficiency(self) -> float:
        """Surplus realised so far ÷ the planner's optimum for the needs so far; a job counts once it is delivered."""
        ticks = self.outcome.ticks[0]
        best = self.outcome.best.surplus[0, : self.world.tick].sum()
        return float((ticks["value"] - ticks["cost"]).sum() / best) if best else float("nan")

    @property
    def hires(self) -> int:
        """Jobs hired in the last block."""
        return int(self._hired["hires"].sum())

    @property
    def mean_price(self) -> float:
        """Their mean price, coins; NaN without any."""
        return float(self._hired["price"].sum() / self.hires / COIN) if self.hires else float("nan")

    @property
    def base_fee(self) -> int:
        """Per gas in the next block, µcoin."""
        return int(self.world.economy.book.head[0, 0].base_fee)

    @property
    def refused(self) -> int:
        """Transactions that the last block refused."""
        book = self.world.economy.book
        return int((book.receipts[0, : book.head[0, 0].receipts]["status"] != Status.OK).sum())

    @property
    def _hired(self) -> Any:
        """The trades of the last tick, by service; none after the horizon."""
        last = self.world.tick - 1
        return self.outcome.trades[0, max(last, 0) : last + 1]


class ServiceMarketModel(MesaModel):
    """The service market."""
