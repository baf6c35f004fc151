"""A batch of worlds of an exchange: the book, the views, what was swapped, and one tick after another."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.deployments.exchange import blank
from chain.genesis import found
from chain.layout import Ordering, records
from sim.metrics.outcome import SwapOutcome
from sim.scenario import layout
from sim.scenarios.exchange.advance import advance, begin
from sim.scenarios.exchange.layout import INTENT, NEED, OUTSIDE, TALLY, TICK, Floor, Ring, Rows, floor_for, places_for
from sim.scenarios.exchange.measuring import gains
from sim.scenarios.exchange.parameters import MONEY, ExchangeParameters
from sim.scenarios.exchange.roles import ARBITRAGEUR, BUILDER, TRADER
from sim.sharing import share_out

ROLES = TRADER, ARBITRAGEUR, BUILDER


class Best(NamedTuple):
    """What a planner who knows all needs reaches."""

    surplus: NDArray[np.int64]
    """Shape (worlds, ticks, 1), µcoin."""


class Exchange:
    """A batch of worlds. Names: traders 0 to n-1, then arbitrageurs, then the builder, who proposes all blocks, then the
    founder of the pool, who holds its shares and mints no more credits."""

    def __init__(
        self,
        parameters: ExchangeParameters,
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
        self.book = blank(count, accounts, places_for(p), recorded=recorded)
        self.ring = Ring(
            records(OUTSIDE, count, 1), records(NEED, count, p.traders), records(INTENT, count, p.agents, 2),
            records(TALLY, count, p.agents), records(TICK, count, p.horizon),
        )  # fmt: skip
        sizes = p.traders, p.arbitrageurs, 1
        self._views = Rows(*(records(layout(role.view), count, n) for role, n in zip(ROLES, sizes, strict=True)))
        self.views: Mapping[str, NDArray[Any]] = {r.name: v.reshape(-1) for r, v in zip(ROLES, self._views, strict=True)}
        for view in self.views.values():
            view.flags.writeable = False
        ends = np.cumsum((0, *sizes))
        self.names: Mapping[str, NDArray[np.int64]] = {
            role.name: np.tile(np.arange(ends[k], ends[k + 1]), count) for k, role in enumerate(ROLES)
        }
        self._ends = ends[1:-1]
        self._gains = np.zeros((count, p.agents), np.int64)
        self._starts = np.array([MONEY] * p.traders + [p.purse] * (p.arbitrageurs + 1), np.int64)
        self._floors = [floor_for(p, accounts) for _ in range(max(1, min(threads, count)))]
        for view in self._views:
            view["fee_bps"] = p.fee_bps
        self.begin(0)

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: purses, a pool, new needs; with `seeds`, under new run seeds, one per world."""
        p = self.parameters
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        found(
            self.book,
            seeds=self.seeds,
            worlds=self.worlds,
            episode=episode,
            balances=[*self._starts.tolist(), p.pool_money],
            rows=self.rows,
            proposer=p.agents - 1,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
            ordering=Ordering.BUILDER,
        )
        self.book.terms["fee_bps"] = p.fee_bps
        self.book.terms["minter"] = self.book.identities["address"][:, p.agents, None]
        for kept in self.ring:
            kept.view(np.int64)[...] = 0
        begin(self.book, self.ring, self._views, np.append(self._starts, p.pool_credits), self._floors[0])

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count = self.seeds.size
        acted = Rows(*(actions[role.name].reshape(count, -1) for role in ROLES))

        def work(floor: Floor, first: int, stop: int) -> None:
            advance(self.book, self.ring, self._views, acted, floor, first, stop)

        share_out(count, self._floors, work)

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """What each agent has gained so far, µcoin, one per row: money, and the worth of the credits that it swapped; filled
        anew by each call."""
        gains(self.book, self.ring, self._starts, self._gains)
        parts = np.split(self._gains, self._ends, axis=1)
        return {role.name: part.reshape(-1) for role, part in zip(ROLES, parts, strict=True)}

    def outcome(self) -> SwapOutcome:
        """What happened in this episode, with what a planner reaches who serves every need that gains at the outside price."""
        p, ring = self.parameters, self.ring
        self.gains()
        return SwapOutcome(
            seeds=self.seeds,
            ticks=ring.ticks,
            best=Best(ring.ticks["best"][..., None]),
            tallies=ring.tallies,
            gained=self._gains.copy(),
            pool=self.book.terms["money"][:, 0] - p.pool_money + ring.outside["pool_worth"][:, 0],
            traders=p.traders,
        )
