"""A batch of service markets: the book, the private truth, the views, and one tick after another."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.deployments.service_market import blank
from chain.genesis import found
from chain.layout import NOBODY, records
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
from sim.scenarios.service_market.roles import CLIENT, PROVIDER
from sim.scenarios.service_market.truth import plan_market
from sim.scenarios.service_market.types import all_needs, draw_types

TERMS = (
    "services", "min_stake", "unbonding_window", "delivery_window", "dispute_window", "reliability_bps",
    "arbiter_bps", "slash_bps", "no_show_slash_bps", "compensation_bps", "pay_caught",
)  # fmt: skip


class ServiceMarket:
    """A batch of worlds. Names of agents: clients 0 to C-1, then providers, then the proposer of blocks."""

    def __init__(
        self,
        parameters: ServiceMarketParameters,
        *,
        seeds: ArrayLike,
        worlds: ArrayLike | None = None,
        rows: Sequence[int] | None = None,
        threads: int = 1,
    ) -> None:
        """Lay out the worlds.

        Args:
            parameters: what is set.
            seeds: run seed of each world.
            worlds: the coordinate `world` of each world, if they share a seed.
            rows: account row of each name, a permutation; it changes no outcome.
            threads: worlds are shared out over so many threads; it changes no outcome.
        """
        p = self.parameters = parameters
        self.seeds = np.atleast_1d(np.asarray(seeds, np.int64))
        self.worlds, self.rows = worlds, rows
        count, agents = self.seeds.size, p.clients + p.providers
        self.drain = p.delivery_window + p.dispute_window + 2
        self.ticks = 1 + p.horizon + self.drain
        alive = p.clients * (self.drain + 1)
        self.book = blank(count, agents + 1 + p.spare, pool=3 * agents + 3 * p.providers + alive, jobs=alive)
        self.private = Private(
            np.zeros((count, p.clients, p.services), np.int64),
            records(CRAFT, count, p.providers),
            records(TICK, count, self.ticks),
            records(TRADE, count, self.ticks, p.services),
            records(CLIENT_TALLY, count, p.clients),
            records(PROVIDER_TALLY, count, p.providers),
        )
        self._views = ByRole(records(layout(CLIENT.view), count, p.clients), records(layout(PROVIDER.view), count, p.providers))
        self.views: Mapping[str, NDArray[Any]] = {role: view.reshape(-1) for role, view in self._views._asdict().items()}
        for view in self.views.values():
            view.flags.writeable = False  # what an agent is shown is also what the ledger signs by
        self.names: Mapping[str, NDArray[np.int64]] = {
            "client": np.tile(np.arange(p.clients), count),
            "provider": np.tile(np.arange(p.clients, agents), count),
        }
        self._wants = Wants(p.horizon, p.need_bps, p.redraw_values, p.value_low, p.value_high)
        self._gains = ByRole(np.zeros((count, p.clients), np.int64), np.zeros((count, p.providers), np.int64))
        sizes = self.book.pool.shape[1], self.book.accounts.shape[1], p.services
        self._desks = [desk_for(*sizes) for _ in range(max(1, min(threads, count)))]
        self.begin(0)

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
            balances=[p.client_balance] * p.clients + [p.provider_balance] * p.providers + [0],
            rows=self.rows,
            proposer=p.clients + p.providers,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
            registration_fee=p.registration_fee,
        )
        for term in TERMS:
            self.book.terms[term] = getattr(p, term)
        for array in (*self.private, *self._views):
            array.view(np.int64)[...] = 0
        for view in self._views:
            view["offers"]["address"] = NOBODY
        low_high = (p.value_low, p.value_high, p.cost_low, p.cost_high, p.skill_low_bps, 10_000, p.capacity_low, p.capacity_high)
        draw_types(self.book.head, self.private.tastes, self.private.crafts, np.array([*low_high, p.effort_cost]))
        begin(self.book, self.private, self._views, self._desks[0], self._wants)

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count, desks = self.seeds.size, self._desks
        by_role = ByRole(*(actions[role].reshape(count, -1) for role in ByRole._fields))

        def work(desk: Desk, first: int, stop: int) -> None:
            advance(self.book, self.private, self._views, by_role, desk, self._wants, first, stop)

        if len(desks) == 1:
            work(desks[0], 0, count)
            return
        edges = [count * k // len(desks) for k in range(len(desks) + 1)]
        with ThreadPoolExecutor(len(desks)) as pool:
            list(pool.map(work, desks, edges[:-1], edges[1:]))

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """By role: money gained so far, plus value received (clients) or minus cost of work (providers), µcoin, one per row.

        The arrays are filled anew by each call. A price counts when it is paid: what waits in escrow is nobody's.
        """
        p = self.parameters
        gains(self.book, self.private, ByRole(p.client_balance, p.provider_balance), self._gains)
        return {role: gained.reshape(-1) for role, gained in self._gains._asdict().items()}

    def needs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Needed service or -1, and the value of a good job of it in µcoin, both of shape (worlds, horizon + 1, clients)."""
        needs, values = (
            np.empty((self.seeds.size, self.parameters.horizon + 1, self.parameters.clients), np.int64) for _ in "nv"
        )
        all_needs(self.book.head, self.private.tastes, self._wants, needs, values)
        return needs, values

    def outcome(self) -> Outcome:
        """What happened in this episode, with the planner's optimum beside it."""
        p, private = self.parameters, self.private
        best = plan_market(*self.needs(), p.services, private.crafts, p.reliability_bps)
        ticks = slice(0, p.horizon + 1)
        agents = p.clients + p.providers
        wealth = self.wealth()[:, :agents]
        start = np.repeat([p.client_balance, p.provider_balance], [p.clients, p.providers])
        return Outcome(
            seeds=self.seeds,
            ticks=private.ticks[:, ticks],
            fees=private.ticks["fees"].sum(axis=1),
            trades=private.trades[:, ticks],
            best=best,
            clients=private.clients,
            providers=private.providers,
            costs=private.crafts["cost"] + private.crafts["effort_cost"],
            wealth=wealth,
            gained=wealth - start,
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
