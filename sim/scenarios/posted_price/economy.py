"""A batch of markets of posted prices: the book, the views, what was sold, and one tick after another."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.deployments.posted_price import blank
from chain.genesis import found
from chain.layout import records
from sim.metrics.outcome import PriceOutcome
from sim.scenario import layout
from sim.scenarios.posted_price import truth
from sim.scenarios.posted_price.advance import advance, begin, gains
from sim.scenarios.posted_price.layout import SALE, Shop, shop_for
from sim.scenarios.posted_price.parameters import CONSUMER_MONEY, SELLER_MONEY, PostedPriceParameters
from sim.scenarios.posted_price.roles import SELLER
from sim.sharing import share_out


class Benchmark(NamedTuple):
    """Prices, and profits per tick, of each seller; shape (sellers,), µcoin."""

    prices: NDArray[np.float64]
    profits: NDArray[np.float64]


class Best(NamedTuple):
    """What a benevolent planner reaches."""

    surplus: NDArray[np.int64]
    """Shape (worlds, ticks, 1), µcoin."""


class PostedPrice:
    """A batch of worlds. Names: sellers 0 to n-1, then the consumers, then the proposer of blocks."""

    def __init__(
        self,
        parameters: PostedPriceParameters,
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
        count, accounts = self.seeds.size, p.sellers + 2
        self.ticks = p.horizon
        self.book = blank(count, accounts, pool=p.sellers, recorded=recorded)
        self._sales: Any = records(SALE, p.horizon, count, p.sellers)  # a tick of all worlds lies together, as it is written
        self.sales: Any = self._sales.swapaxes(0, 1)
        """What each seller sold, shape (worlds, ticks, sellers)."""
        self._views: Any = records(layout(SELLER.view), count, p.sellers)
        self.views: Mapping[str, NDArray[Any]] = {"seller": self._views.reshape(-1)}
        self.views["seller"].flags.writeable = False
        self.names: Mapping[str, NDArray[np.int64]] = {"seller": np.tile(np.arange(p.sellers), count)}
        self._gains = np.zeros((count, p.sellers), np.int64)
        self._shops = [shop_for(p, accounts) for _ in range(max(1, min(threads, count)))]
        self._show_terms()
        self.begin(0)

    def _show_terms(self) -> None:
        """Fill the columns of the views that never change."""
        p, view = self.parameters, self._views
        for name in ("quality", "outside", "mu", "levels"):
            view[name] = getattr(p, name)
        view["cost"] = p.costs
        view["lowest"], view["highest"] = self._shops[0].grid[[0, -1]]
        for column in ("price", "level"):
            view["sellers"][column][..., p.sellers :] = -1

    def begin(self, episode: int, seeds: ArrayLike | None = None) -> None:
        """Start an episode: an empty ledger, prices drawn from the grid; with `seeds`, under new run seeds, one per world."""
        p = self.parameters
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        found(
            self.book,
            seeds=self.seeds,
            worlds=self.worlds,
            episode=episode,
            balances=[SELLER_MONEY] * p.sellers + [CONSUMER_MONEY, 0],
            rows=self.rows,
            proposer=p.sellers + 1,
            base_fee=p.base_fee,
            fee_quotient=p.fee_quotient,
            gas_limit=p.gas_limit,
        )
        terms = self.book.terms
        for name in ("quality", "outside", "mu"):
            terms[name] = getattr(p, name)
        terms["cost"] = p.cost_low
        terms["consumers"] = self.book.identities["address"][:, p.sellers, None]
        self._sales.view(np.int64)[...] = 0
        begin(self.book, self._views, np.array(p.costs, np.int64), self._shops[0])

    def advance(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Turn actions into transactions, execute one block, go one tick on, fill the views anew."""
        count = self.seeds.size
        acted = actions["seller"].reshape(count, -1)

        def work(shop: Shop, first: int, stop: int) -> None:
            advance(self.book, self._views, acted, self.sales, shop, first, stop)

        share_out(count, self._shops, work)

    def gains(self) -> Mapping[str, NDArray[np.int64]]:
        """Money that each seller has gained so far, profits minus fees, µcoin, one per row; filled anew by each call."""
        gains(self.book, SELLER_MONEY, self._gains)
        return {"seller": self._gains.reshape(-1)}

    def outcome(self) -> PriceOutcome:
        """What happened in this episode, with the benchmarks beside it.

        A seller that sold nothing in a tick counts as no choice there.
        """
        market, sales = self.parameters.market, self.sales
        offered = np.where(sales["quantity"] > 0, sales["price"], np.inf)
        consumers = np.rint(truth.consumer_surplus(market, offered)).astype(np.int64)
        cost = sales["quantity"] * np.array(market.costs, np.int64) // 1_000_000
        best = np.rint(truth.welfare(market, market.costs)).astype(np.int64)
        nash, monopoly = truth.nash_prices(market), truth.monopoly_prices(market)
        return PriceOutcome(
            seeds=self.seeds,
            sales=sales,
            ticks={"value": consumers + (sales["profit"] + cost).sum(axis=2), "cost": cost.sum(axis=2)},
            best=Best(np.full((*consumers.shape, 1), best)),
            consumers=consumers,
            costs=np.array(market.costs, np.int64),
            nash=Benchmark(nash, truth.profits(market, nash)),
            monopoly=Benchmark(monopoly, truth.profits(market, monopoly)),
        )
