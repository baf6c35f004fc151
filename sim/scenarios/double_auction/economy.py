"""A batch of double auctions: the book, the views, what was traded, and one tick after another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.deployments.double_auction import blank
from chain.genesis import found
from chain.layout import records
from chain.rule import world
from sim.metrics.outcome import TradeOutcome
from sim.scenario import layout
from sim.scenarios.double_auction import truth
from sim.scenarios.double_auction.advance import advance, begin, draw_types, gains
from sim.scenarios.double_auction.layout import TALLY, TICK, Pit, Ring, pit_for
from sim.scenarios.double_auction.parameters import MONEY, DoubleAuctionParameters
from sim.scenarios.double_auction.roles import BUYER, SUPPLIER
from sim.sharing import share_out


class DoubleAuction:
    """A batch of worlds. Names: buyers 0 to n-1, then the suppliers, then the proposer of blocks, who issues their units."""

    def __init__(
        self,
        parameters: DoubleAuctionParameters,
        *,
        seeds: ArrayLike,
        worlds: ArrayLike | None = None,
        rows: Sequence[int] | None = None,
        threads: int = 1,
        recorded: bool = False,
    ) -> None:
        """Lay out the worlds.

        Args:
            parameters: what is set.
            seeds: run seed of each world.
            worlds: the coordinate `world` of each world, if they share a seed.
            rows: account row of each name, a permutation; it changes no outcome.
            threads: worlds are shared out over so many threads; it changes no outcome.
            recorded: whether the book keeps blocks for a history (`chain.history`); it changes no outcome.
        """
        p = self.parameters = parameters
        self.seeds = np.atleast_1d(np.asarray(seeds, np.int64))
        self.worlds, self.rows = worlds, rows
        count, accounts = self.seeds.size, p.agents + 1
        self.ticks = p.horizon
        self.book = blank(count, accounts, p.agents, orders=p.agents, tape=p.agents, recorded=recorded)
        types = np.zeros((count, p.agents, p.units), np.int64)
        self.ring = Ring(types, records(TALLY, count, p.agents), records(TICK, count, p.horizon))
        self._views = tuple(records(layout(role.view), count, n) for role, n in ((BUYER, p.buyers), (SUPPLIER, p.suppliers)))
        self.views: Mapping[str, NDArray[Any]] = {
            role.name: view.reshape(-1) for role, view in zip((BUYER, SUPPLIER), self._views, strict=True)
        }
        for view in self.views.values():
            view.flags.writeable = False
        self.names: Mapping[str, NDArray[np.int64]] = {
            "buyer": np.tile(np.arange(p.buyers), count),
            "supplier": np.tile(np.arange(p.buyers, p.agents), count),
        }
        self._gains = np.zeros((count, p.agents), np.int64)
        self._pits = [pit_for(p, accounts) for _ in range(max(1, min(threads, count)))]
        for view in self._views:
            view["horizon"], view["lowest"], view["highest"] = p.horizon, p.price_low, p.price_high
        self.begin(0)

    def _set_types(self) -> None:
        """Draw the values and costs of all units, or spread them evenly and deal them out in turn."""
        p, types = self.parameters, self.ring.types
        ends = (slice(0, p.buyers), p.value_low, p.value_high, False), (slice(p.buyers, None), p.cost_low, p.cost_high, True)
        for agents, low, high, rising in ends:
            part = types[:, agents]
            if p.drawn:
                for w in range(len(part)):
                    draw_types(world(self.book, w).head[0], part[w], low, high, agents.start, rising)
                continue
            steps = np.arange(part[0].size) * (high - low) // max(part[0].size - 1, 1)
            part[...] = (low + steps if rising else high - steps).reshape(p.units, -1).T

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: an empty book, new types; with `seeds`, under new run seeds, one per world."""
        p = self.parameters
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        found(
            self.book,
            seeds=self.seeds,
            worlds=self.worlds,
            episode=episode,
            balances=[MONEY] * p.agents + [0],
            rows=self.rows,
            proposer=p.agents,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
        )
        terms = self.book.terms
        terms["order_window"], terms["wipe"] = p.order_window, p.wipe
        terms["issuer"] = self.book.identities["address"][:, p.agents, None]
        for kept in (self.ring.tallies, self.ring.ticks):
            kept.view(np.int64)[...] = 0
        self._set_types()
        begin(self.book, self._views, self.ring, self._pits[0])

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count = self.seeds.size
        acted = tuple(actions[role.name].reshape(count, -1) for role in (BUYER, SUPPLIER))

        def work(pit: Pit, first: int, stop: int) -> None:
            advance(self.book, self._views, acted, self.ring, pit, first, stop)

        share_out(count, self._pits, work)

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """What each agent has gained so far, µcoin, one per row: money, and values received minus costs; filled anew by each
        call."""
        buyers = self.parameters.buyers
        gains(self.book, self.ring.tallies, MONEY, buyers, self._gains)
        return {"buyer": self._gains[:, :buyers].reshape(-1), "supplier": self._gains[:, buyers:].reshape(-1)}

    def outcome(self) -> TradeOutcome:
        """What happened in this episode, with the competitive equilibrium beside it."""
        p, count = self.parameters, self.seeds.size
        values, costs = (part.reshape(count, -1) for part in (self.ring.types[:, : p.buyers], self.ring.types[:, p.buyers :]))
        best = truth.equilibrium(values, costs)
        return TradeOutcome(
            seeds=self.seeds,
            ticks=self.ring.ticks,
            best=best._replace(surplus=best.surplus[:, None, None]),
            consumers=self.ring.ticks["consumers"],
            tallies=self.ring.tallies,
            buyers=p.buyers,
        )
