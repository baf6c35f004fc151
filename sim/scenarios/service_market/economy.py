"""A batch of service markets: the book, the private truth, the views, and one tick after another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.contracts.eigentrust import entrust, with_trust
from chain.deployments import service_escrow, service_market
from chain.errors import InputError
from chain.genesis import found
from chain.layout import NOBODY, records
from sim.attack.attackers import Attackers
from sim.metrics.outcome import Outcome
from sim.scenario import layout
from sim.scenarios.service_market.advance import advance, begin, gains
from sim.scenarios.service_market.layout import (
    CLIENT_TALLY,
    CRAFT,
    PROVIDER_TALLY,
    TICK,
    TRADE,
    ByRole,
    Desk,
    Private,
    Wants,
    desk_for,
)
from sim.scenarios.service_market.parameters import ServiceMarketParameters
from sim.scenarios.service_market.population import Population, client_name, provider_name
from sim.scenarios.service_market.roles import CLIENT, PROVIDER
from sim.scenarios.service_market.truth import Plan, plan_market
from sim.scenarios.service_market.types import all_needs, draw_types
from sim.sharing import share_out

TERMS = (
    "services", "min_stake", "unbonding_window", "delivery_window", "dispute_window", "reliability_bps",
    "arbiter_bps", "slash_bps", "no_show_slash_bps", "compensation_bps", "pay_caught",
    "rating_decay_bps", "rating_by_payment", "backed_offers",
)  # fmt: skip
ESCROW = ("milestones", "jurors", "juror_stake", "juror_slash_bps", "vote_window")
"""Terms of the escrow with milestones, where it is deployed."""


class ServiceMarket:
    """A batch of worlds. Names of agents: clients from 0, then providers, then the proposer of blocks, then guests."""

    def __init__(
        self,
        parameters: ServiceMarketParameters,
        *,
        seeds: ArrayLike,
        worlds: ArrayLike | None = None,
        rows: Sequence[int] | None = None,
        threads: int = 1,
        recorded: bool = False,
        attackers: Attackers | None = None,
    ) -> None:
        """Lay out the worlds.

        Args:
            parameters: what is set.
            seeds: run seed of each world.
            worlds: the coordinate `world` of each world, if they share a seed.
            rows: account row of each name, a permutation; it changes no outcome.
            threads: worlds are shared out over so many threads; it changes no outcome.
            recorded: whether the book keeps blocks for a history (`chain.history`); it changes no outcome.
            attackers: whose agents have the money of their capability, and are measured apart; none, if not given.
        """
        p = self.parameters = parameters
        self.seeds = np.atleast_1d(np.asarray(seeds, np.int64))
        self.worlds, self.rows = worlds, rows
        attacking = {} if attackers is None else attackers.counts
        self.population = Population(
            p.clients,
            p.providers,
            p.client_guests,
            p.provider_guests,
            attacking.get("client", 0),
            attacking.get("provider", 0),
        )
        self.guests: Mapping[str, int] = {"client": p.client_guests, "provider": p.provider_guests}
        guests = p.client_guests + p.provider_guests
        clients, providers = p.clients + p.client_guests, p.providers + p.provider_guests
        count, agents = self.seeds.size, clients + providers
        votes = p.vote_window if p.jurors else 0
        self.drain = (p.delivery_window + p.dispute_window + votes) * max(p.milestones, 1) + 2
        self.ticks = 1 + p.horizon + self.drain
        self.book = self._blank(count, agents, providers, clients * (self.drain + 1), recorded)
        self.private = Private(
            np.zeros((count, clients, p.services), np.int64),
            records(CRAFT, count, providers),
            records(TICK, count, self.ticks),
            records(TRADE, count, self.ticks, p.services),
            records(CLIENT_TALLY, count, clients),
            records(PROVIDER_TALLY, count, providers),
            np.zeros((count, self.ticks + 1, guests), np.int64),
            np.zeros(self.book.deals.shape, np.int64),
        )
        self._views = ByRole(records(layout(CLIENT.view), count, clients), records(layout(PROVIDER.view), count, providers))
        self.views: Mapping[str, NDArray[Any]] = {role: view.reshape(-1) for role, view in self._views._asdict().items()}
        for view in self.views.values():
            view.flags.writeable = False  # what an agent is shown is also what the ledger signs by
        self._order = ByRole(
            np.array([client_name(self.population, row) for row in range(clients)], np.int64),
            np.array([provider_name(self.population, row) for row in range(providers)], np.int64),
        )
        self.names: Mapping[str, NDArray[np.int64]] = {r: np.tile(names, count) for r, names in self._order._asdict().items()}
        self._start = ByRole(np.full(clients, p.client_balance), np.full(providers, p.provider_balance))
        if attackers is not None and (budget := attackers.capability.budget) is not None:
            self._start.client[p.clients - self.population.client_attackers : p.clients] = budget
            self._start.provider[p.providers - self.population.provider_attackers : p.providers] = budget
        self._wants = Wants(self.population, p.horizon, p.need_bps, p.redraw_values, p.value_low, p.value_high, p.jury_votes)
        self._gains = ByRole(np.zeros((count, clients), np.int64), np.zeros((count, providers), np.int64))
        sizes = self.book.pool.shape[1], self.book.accounts.shape[1], p.services
        self._desks = [desk_for(*sizes) for _ in range(max(1, min(threads, count)))]
        self.begin(0)

    def _blank(self, worlds: int, agents: int, providers: int, jobs: int, recorded: bool) -> service_market.Book:
        """A book with room for so many jobs at a time, for all that these agents can want in a tick, and for trust if wanted."""
        p = self.parameters
        accounts, pool = agents + 1 + p.spare, 3 * agents + 3 * providers + jobs
        if p.milestones:
            votes = (agents - providers) * p.jurors * (p.vote_window + 1)
            book = service_escrow.blank(worlds, accounts, pool + votes, jobs, p.jurors, recorded=recorded)
        else:
            book = service_market.blank(worlds, accounts, pool, jobs, recorded=recorded)
        return with_trust(book) if p.trust_every > 0 else book

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: new private types, an empty ledger; with `seeds`, under new run seeds, one per world."""
        p = self.parameters
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        found(
            self.book,
            seeds=self.seeds,
            worlds=self.worlds,
            episode=episode,
            balances=self._balances(),
            rows=self.rows,
            proposer=p.clients + p.providers,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
            ordering=p.ordering,
            registration_fee=p.registration_fee,
        )
        for term in TERMS:
            self.book.terms[term] = getattr(p, term)
        for term in ESCROW if p.milestones else ():
            self.book.escrow[term] = getattr(p, term)
        if p.trust_every > 0:
            first = self.book.identities["address"][0, : max(1, p.clients * p.pretrusted_bps // 10_000)]
            pretrusted = dict.fromkeys(first.tolist(), 1)
            entrust(self.book, every=p.trust_every, pretrusted=pretrusted, alpha_bps=p.trust_alpha_bps)
        for array in (*self.private, *self._views):
            array.view(np.int64)[...] = 0
        for view in self._views:
            view["offers"]["address"] = NOBODY
        low_high = (p.value_low, p.value_high, p.cost_low, p.cost_high, p.skill_low_bps, 10_000, p.capacity_low, p.capacity_high)
        ranges = np.array([*low_high, p.effort_cost])
        draw_types(self.book.head, self.private.tastes, self.private.crafts, ranges, self.population)
        begin(self.book, self.private, self._views, self._desks[0], self._wants)

    def _balances(self) -> NDArray[np.int64]:
        """Money of each name at the start."""
        who, (clients, providers) = self.population, self._start
        return np.concatenate(
            [clients[: who.clients], providers[: who.providers], [0], clients[who.clients :], providers[who.providers :]]
        )

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count = self.seeds.size
        by_role = ByRole(*(actions[role].reshape(count, -1) for role in ByRole._fields))

        def work(desk: Desk, first: int, stop: int) -> None:
            advance(self.book, self.private, self._views, by_role, desk, self._wants, first, stop)

        share_out(count, self._desks, work)

    def wake(self, role: str, agent: int, *, world: int = 0, awake: bool = True) -> None:
        """Wake a guest from the present tick on, or send it to sleep; the views are filled anew.

        Args:
            role: name of the role.
            agent: its place among all agents of the role in one world; the guests' seats are the last ones.
            world: which world.
            awake: False sends it to sleep. It answers for what it owes; a provider's offer comes down in the next block.

        Raises:
            InputError: this is no seat for a guest.
        """
        residents = {"client": self.population.clients, "provider": self.population.providers}
        guest = agent - residents.get(role, 0)
        if not 0 <= guest < self.guests.get(role, 0):
            raise InputError(f"wake: {role} {agent} given, allowed are the guests' seats, the last ones of {self.guests}")
        column = guest if role == "client" else self.population.client_guests + guest
        self.private.calendar[world, self.book.head[world, 0].tick :, column] = awake
        begin(self.book, self.private, self._views, self._desks[0], self._wants)

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """By role: money gained so far, plus value received (clients) or minus cost of work (providers), µcoin, one per row.

        The arrays are filled anew by each call. A price counts when it is paid: what waits in escrow is nobody's.
        """
        gains(self.book, self.private, self._start, self._gains, self.population)
        return {role: gained.reshape(-1) for role, gained in self._gains._asdict().items()}

    def needs(self, ticks: range | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Needed service or -1, and the value of a good job of it in µcoin, both of shape (worlds, ticks, clients).

        Args:
            ticks: those meant, without gaps; all up to the horizon, if not given.
        """
        ticks = range(self.parameters.horizon + 1) if ticks is None else ticks
        shape = self.seeds.size, len(ticks), self._order.client.size
        needs, values = np.empty(shape, np.int64), np.empty(shape, np.int64)
        all_needs(self.book.head, self.private.tastes, self.private.calendar, self._wants, ticks.start, needs, values)
        return needs, values

    def awake(self, ticks: range) -> NDArray[np.bool_]:
        """Whether each agent is awake, clients first, shape (worlds, ticks, agents)."""
        who = self.population
        calendar = self.private.calendar[:, ticks.start : ticks.stop] != 0
        always = np.ones((*calendar.shape[:2], max(who.clients, who.providers)), bool)
        guests = np.split(calendar, [who.client_guests], axis=2)
        return np.concatenate([always[:, :, : who.clients], guests[0], always[:, :, : who.providers], guests[1]], axis=2)

    def best(self, ticks: range | None = None) -> Plan:
        """The planner's optimum for the needs of these ticks, of all if not given; shapes (worlds, ticks, services)."""
        p = self.parameters
        ticks = range(p.horizon + 1) if ticks is None else ticks
        awake = self.awake(ticks)[:, :, self._order.client.size :] if self.guests["provider"] else np.True_
        return plan_market(*self.needs(ticks), p.services, self.private.crafts, p.reliability_bps, awake)

    def outcome(self) -> Outcome:
        """What happened in this episode, with the planner's optimum beside it."""
        p, private, (clients, providers) = self.parameters, self.private, self._order
        ticks = slice(0, p.horizon + 1)
        wealth = self.wealth()[:, np.concatenate(self._order)]
        who = self.population
        attackers = np.zeros(clients.size + providers.size, bool)
        attackers[who.clients - who.client_attackers : who.clients] = True
        attackers[clients.size + who.providers - who.provider_attackers : clients.size + who.providers] = True
        return Outcome(
            seeds=self.seeds,
            ticks=private.ticks[:, ticks],
            fees=private.ticks["fees"].sum(axis=1),
            trades=private.trades[:, ticks],
            best=self.best(),
            clients=private.clients,
            providers=private.providers,
            costs=private.crafts["cost"] + private.crafts["effort_cost"],
            wealth=wealth,
            gained=wealth - np.concatenate(self._start),
            names=np.concatenate(self._order),
            present=self.awake(range(p.horizon + 1)).any(axis=1),
            attackers=attackers,
        )

    def wealth(self) -> NDArray[np.int64]:
        """Money of each agent, over all its accounts, stake included; shape (worlds, names)."""
        book = self.book
        money = book.accounts["balance"] + book.stakes["bonded"] + book.stakes["unbonding"]
        owner = book.accounts["owner"]
        out = np.zeros_like(money)
        world, row = np.nonzero(owner >= 0)
        np.add.at(out, (world, owner[world, row]), money[world, row])
        return out
