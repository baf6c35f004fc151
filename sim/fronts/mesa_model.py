"""Mesa: a scenario as a `mesa.Model`, its agents as members of AgentSets, its figures in a DataCollector.

Underneath is one world of `sim.world`: the same policies, the same dice, the same bytes. Each policy decides for all its agents
in one call, however many they are; agents propose in any order on one frozen view, and the model advances once. A subclass of
an agent may decide for itself:

>>> class Stubborn(ClientAgent):
...     def decide(self, view, proposed):
...         return {"hire": -1} if view.value < 80_000_000 else None
>>> model = ServiceMarketModel(preset="minimal", seed=7, agents={"client": Stubborn})
>>> while model.running:
...     model.step()
>>> sorted(model.datacollector.get_model_vars_dataframe())
['base_fee', 'efficiency', 'hires', 'mean_price', 'refused']

And any `mesa.Agent` of your own may join the market, on a seat that the scenario keeps for guests:

>>> import mesa
>>> class Bargainer(mesa.Agent):
...     def __init__(self, model):
...         super().__init__(model)
...         self.seat = model.join("client")
...
...     def step(self):
...         view = self.seat.view
...         cheapest = min(range(view.shown), key=lambda k: view.offers[k].price, default=-1)
...         if cheapest >= 0 and view.offers[cheapest].price < view.value:
...             self.seat.act(hire=cheapest)
>>> model = ServiceMarketModel(preset="minimal", seed=2, need_bps=5_000, client_guests=2)
>>> guests = [Bargainer(model), Bargainer(model)]
>>> while model.running:
...     model.step()
>>> [guest.seat.gained // COIN for guest in guests]
[113, 76]
"""

import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from agents.registry import nearest
from chain.errors import InputError
from chain.invariants import check
from chain.status import Status
from sim.experiments.arms import seeds_of
from sim.scenarios import find
from sim.seats import GuestSeat, address_of, join
from sim.world import World

with warnings.catch_warnings():  # in a notebook Mesa's progress bar asks for widgets, which nothing here needs
    warnings.filterwarnings("ignore", message="IProgress not found")
    import mesa

COIN = 1_000_000


class MarketAgent(mesa.Agent):  # type: ignore[misc] # Mesa has no types
    """An agent of one role. Every column of its view is an attribute: ``agent.balance``, ``agent.offers``, ..."""

    def __init__(self, model: "MesaModel", role: str, row: int) -> None:
        """The agent of this row of its role's view."""
        super().__init__(model)
        self.role, self.row = role, row

    def __setattr__(self, name: str, value: Any) -> None:
        """An agent that is given a `decide` of its own is asked in every tick; the others cost no call."""
        super().__setattr__(name, value)
        if name == "decide":
            self.model.deciding.append(self)

    def decide(self, view: Any, proposed: dict[str, int]) -> Mapping[str, Any] | None:
        """The agent's own decision: fields that replace those its policy proposed, or None to take the proposal as it is."""
        return None

    @property
    def name(self) -> int:
        """Its name on the ledger."""
        return int(self.model.world.economy.names[self.role][self.row])

    @property
    def view(self) -> Any:
        """What the agent is shown now: one record."""
        return self.model.world.economy.views[self.role][self.row]

    @property
    def address(self) -> int:
        """The account it acts from: that of its newest identity."""
        return address_of(self.model.world, self.role, self.row)

    def __getattr__(self, column: str) -> Any:
        """A column of the view."""
        if column.startswith("_") or "row" not in vars(self) or column not in self.view.dtype.names:
            raise AttributeError(f"{type(self).__name__} has no attribute {column!r}")
        value = self.view[column]
        return int(value) if np.ndim(value) == 0 else value


class ClientAgent(MarketAgent):
    """Buys services."""

    @property
    def jobs(self) -> int:
        """Jobs delivered to it in this episode."""
        return jobs_of(self)  # type: ignore[return-value]


class ProviderAgent(MarketAgent):
    """Sells services."""

    @property
    def jobs(self) -> int:
        """Jobs delivered by it in this episode."""
        return jobs_of(self)  # type: ignore[return-value]


def place_of(agent: Any) -> MarketAgent | GuestSeat | None:
    """Where an agent stands in the market: an agent of the market itself, a guest where its attribute `seat` is, else nowhere."""
    return agent if isinstance(agent, MarketAgent) else getattr(agent, "seat", None)


def balance_of(agent: Any) -> int | None:
    """Free money of an agent or a guest; None for others."""
    place = place_of(agent)
    return None if place is None else int(agent.model.world.economy.book.accounts["balance"][0, place.address])


def jobs_of(agent: Any) -> int | None:
    """Jobs delivered to an agent or a guest of the service market, or by it; None for others."""
    place = place_of(agent)
    return None if place is None else int(getattr(agent.model.world.economy.private, place.role + "s")[0, place.row]["jobs"])


class MesaModel(mesa.Model):  # type: ignore[misc]
    """One world of any scenario. `running` turns False when the episode ends.

    Agents of the model that are not its own, such as guests, get their `step()` called once a tick, before the world advances.
    """

    running: bool
    kinds: Mapping[str, type[MarketAgent]] = MappingProxyType({})
    """Role -> class of its agents, `MarketAgent` if not given."""
    model_figures: Mapping[str, Any] = MappingProxyType({"base_fee": "base_fee", "refused": "refused"})
    agent_figures: Mapping[str, Any] = MappingProxyType({"balance": balance_of})
    """What the DataCollector collects after every tick."""

    def __init__(
        self,
        scenario: str,
        preset: str = "standard",
        policies: Mapping[str, Any] | None = None,
        seed: int = 0,
        agents: Mapping[str, type[MarketAgent]] | None = None,
        collect: bool = True,
        **parameters: Any,
    ) -> None:
        """Build the world and seat its agents.

        Args:
            scenario: name of the economy.
            preset: name of its preset.
            policies: role -> policy or mixture, as in `sim.run`; it proposes for all its agents in one call.
            seed: run seed; equal seeds give equal ledgers.
            agents: role -> subclass of `MarketAgent` that may decide for itself.
            collect: whether the DataCollector collects after every tick, which asks every agent in turn.
            parameters: parameters of the scenario that replace the preset's.
        """
        economy = find(scenario)
        for role in agents or {}:
            if role not in (known := [r.name for r in economy.roles]):
                raise InputError(f"agents: role {role!r} given; {nearest(role, known)}")
        world = World(economy, economy.settings(preset, parameters), policies, seeds=seeds_of([seed]))
        super().__init__(rng=int(seed))
        self.world, self.collects = world, collect
        self.deciding: list[MarketAgent] = []
        for role in world.economy.names:
            kind = {**self.kinds, **(agents or {})}.get(role, MarketAgent)
            for row in range(world.residents(role)):
                kind(self, role, row)
        self.datacollector = mesa.DataCollector(
            model_reporters=dict(self.model_figures), agent_reporters=dict(self.agent_figures)
        )

    def join(self, role: str) -> GuestSeat:
        """Take a free seat of a role, from the present tick on; the scenario's parameters say how many there are.

        Raises:
            InputError: unknown role, or there is no free seat.
        """
        return join(self.world, role)

    def step(self) -> None:
        """One tick: guests act, policies propose, agents decide, one block is executed, figures are collected."""
        if not self.running:
            return
        for kind, guests in list(self.agents_by_type.items()):
            if not issubclass(kind, MarketAgent):
                guests.do("step")
        actions = self.world.actions()
        for agent in self._deciding():
            self._decide(agent, actions[agent.role])
        self.world.step(actions)
        if self.collects:
            self.datacollector.collect(self)
        if self.world.done:
            self.running = False
            check(self.world.economy.book)

    def _deciding(self) -> Iterator[MarketAgent]:
        """The agents that decide for themselves, by their class or one by one."""
        for kind, agents in self.agents_by_type.items():
            if issubclass(kind, MarketAgent) and kind.decide is not MarketAgent.decide:
                yield from agents
        yield from (agent for agent in self.deciding if agent in self.agents and type(agent).decide is MarketAgent.decide)

    def _decide(self, agent: MarketAgent, actions: Any) -> None:
        """Put an agent's own decision in the place of what its policy proposed."""
        proposed = {field: int(actions[agent.row][field]) for field in actions.dtype.names}
        own = agent.decide(agent.view, dict(proposed))
        if own is not None:
            actions[agent.row] = self.world.scenario.role(agent.role).read({**proposed, **own}, 1)[0]

    @property
    def outcome(self) -> Any:
        """What happened so far, with the private truth and the planner's optimum, as `sim.metrics` takes it; worked out anew."""
        return self.world.economy.outcome()

    @property
    def base_fee(self) -> int:
        """Per gas in the next block, µcoin."""
        return int(self.world.economy.book.head[0, 0].base_fee)

    @property
    def refused(self) -> int:
        """Transactions that the last block refused."""
        book = self.world.economy.book
        return int((book.receipts[0, : book.head[0, 0].receipts]["status"] != Status.OK).sum())


class ServiceMarketModel(MesaModel):
    """The service market."""

    kinds = MappingProxyType({"client": ClientAgent, "provider": ProviderAgent})
    model_figures = MappingProxyType({name: name for name in ("efficiency", "hires", "mean_price", "base_fee", "refused")})
    agent_figures = MappingProxyType({"balance": balance_of, "jobs": jobs_of})

    def __init__(self, **given: Any) -> None:
        """Build the market; the arguments are those of `MesaModel`, without the scenario."""
        super().__init__("service_market", **given)
        self._planned, self._best = 0, 0

    @property
    def efficiency(self) -> float:
        """Surplus realised so far ÷ the planner's optimum for the needs so far; a job counts once it is delivered."""
        economy: Any = self.world.economy
        if self._planned < self.world.tick:  # what is past stays as it is
            self._best += int(economy.best(range(self._planned, self.world.tick)).surplus.sum())
            self._planned = self.world.tick
        ticks = economy.private.ticks
        return float((ticks["value"] - ticks["cost"]).sum() / self._best) if self._best else float("nan")

    @property
    def hires(self) -> int:
        """Jobs hired in the last block."""
        return int(self._last["hires"])

    @property
    def mean_price(self) -> float:
        """Their mean price, coins; NaN without any."""
        return float(self._last["price"] / self.hires / COIN) if self.hires else float("nan")

    @property
    def _last(self) -> Any:
        """What was measured in the last tick."""
        economy: Any = self.world.economy
        return economy.private.ticks[0, max(self.world.tick - 1, 0)]
