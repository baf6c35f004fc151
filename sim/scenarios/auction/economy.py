"""A batch of worlds of auctions: the book, the views, what was awarded, and one tick after another."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.deployments.auction import blank
from chain.genesis import found
from chain.layout import records
from sim.metrics.outcome import AuctionOutcome
from sim.scenario import layout
from sim.scenarios.auction.advance import advance, begin, gains
from sim.scenarios.auction.layout import AWARD, ENVELOPE, Hall, hall_for
from sim.scenarios.auction.parameters import BIDDER_MONEY, BUYER_MONEY, AuctionParameters
from sim.scenarios.auction.roles import BIDDER
from sim.sharing import share_out

ROWS = 2
"""Auctions that are open at a time: one opens with the block that ends the other."""


class Best(NamedTuple):
    """What a planner who knows all costs reaches."""

    surplus: NDArray[np.int64]
    """Shape (worlds, ticks, 1), µcoin."""


class Auctions:
    """A batch of worlds. Names: bidders 0 to n-1, then the buyer, then the proposer of blocks."""

    def __init__(
        self,
        parameters: AuctionParameters,
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
        count = self.seeds.size
        self.ticks = p.horizon
        self.book = blank(count, p.bidders + 2, p.bidders + 1, ROWS, recorded=recorded)
        self._awards: Any = records(AWARD, p.horizon, count)  # a tick of all worlds lies together, as it is written
        self.awards: Any = self._awards.swapaxes(0, 1)
        """What every tick awarded, shape (worlds, ticks)."""
        self.envelopes: Any = records(ENVELOPE, count, p.bidders)
        """What every bidder keeps to itself, shape (worlds, bidders)."""
        self._views: Any = records(layout(BIDDER.view), count, p.bidders)
        self.views: Mapping[str, NDArray[Any]] = {"bidder": self._views.reshape(-1)}
        self.views["bidder"].flags.writeable = False
        self.names: Mapping[str, NDArray[np.int64]] = {"bidder": np.tile(np.arange(p.bidders), count)}
        self._gains = np.zeros((count, p.bidders), np.int64)
        self._halls = [hall_for(p) for _ in range(max(1, min(threads, count)))]
        for name in ("reserve", "cost_high", "deposit", "second_price", "bidders"):
            self._views[name] = getattr(p, name)
        self.begin(0)

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: a ledger with one open auction; with `seeds`, under new run seeds, one per world."""
        p = self.parameters
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        found(
            self.book,
            seeds=self.seeds,
            worlds=self.worlds,
            episode=episode,
            balances=[BIDDER_MONEY] * p.bidders + [BUYER_MONEY, 0],
            rows=self.rows,
            proposer=p.bidders + 1,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
        )
        terms = self.book.terms
        terms["second_price"], terms["deposit"] = p.second_price, p.deposit
        terms["commit_window"] = terms["reveal_window"] = 1
        self._awards.view(np.int64)[...] = 0
        self.envelopes.view(np.int64)[...] = 0
        begin(self.book, self._views, self.envelopes, records(AWARD, 1)[0], self._halls[0])

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count = self.seeds.size
        acted = actions["bidder"].reshape(count, -1)
        tick = int(self.book.head[0, 0].tick)
        awards = self._awards[tick] if tick < self.ticks else records(AWARD, count)

        def work(hall: Hall, first: int, stop: int) -> None:
            advance(self.book, self._views, acted, self.envelopes, awards, hall, first, stop)

        share_out(count, self._halls, work)

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """What each bidder has gained so far, payments minus costs, fees and lost deposits, µcoin, one per row; filled anew by
        each call."""
        gains(self.book, self.envelopes, BIDDER_MONEY, self._gains)
        return {"bidder": self._gains.reshape(-1)}

    def outcome(self) -> AuctionOutcome:
        """What happened in this episode. Of a job that nobody won there is no value, no cost and no price."""
        p, awards = self.parameters, self.awards
        best = np.maximum(p.value - awards["least_cost"], 0) * awards["ended"]
        return AuctionOutcome(
            seeds=self.seeds,
            awards=awards,
            ticks={
                "value": p.value * awards["awarded"],
                "cost": awards["cost"],
                "price": awards["price"],
                "hires": awards["awarded"],
                "requests": awards["ended"],
            },
            best=Best(best[..., None]),
            reserve=p.reserve,
            bidders=self.envelopes,
            gained=self.gains()["bidder"].reshape(self.seeds.size, -1).copy(),
        )
