"""Algorithmic collusion: sessions of sellers that learn prices, how far above competition they end, and how they punish.

Every session learns on a ledger of its own until no greedy policy changes any more. Then its sellers play on without learning:
the cycle of states that they have come to gives prices and profits; and in forks of the ledger one of them is forced, for one
period, to its best answer to the prices of the others.

Source: Calvano, Calzolari, Denicolò and Pastorello, "Artificial intelligence, algorithmic pricing, and collusion", American
Economic Review 110(10), 2020.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.learned.tabular import Learning
from chain.errors import InputError, whole
from sim.experiments.arms import MOST_THREADS
from sim.metrics.contrasts import Columns
from sim.scenarios import find
from sim.scenarios.posted_price.parameters import COIN, PostedPriceParameters
from sim.scenarios.posted_price.sessions import Session, check_size
from sim.scenarios.posted_price.truth import monopoly_prices, nash_prices, profits

CHUNK = 2**17
"""Periods between two looks at whether to stop."""
MOST_SESSIONS = 100_000
BEFORE, AFTER = 2, 15
"""Periods around a deviation that are kept."""
MOST_PHASES = 12
"""Deviations are tried in so many states of a cycle, and from every seller."""
REMAINDER = 1e-4
"""What follows a deviation is counted until the discount factor has fallen to this."""
MOST_FOLLOWED = 1_000
"""At most so many periods."""


@dataclass(frozen=True)
class Collusion:
    """The settings of the experiment, checked; the defaults are the baseline of Calvano and others."""

    sessions: int
    """Run seeds 0 to sessions - 1."""
    learning: Learning
    stable: int
    """Learning has converged when no greedy policy has changed for so many periods."""
    limit: int
    """Periods after which a session ends in any case."""
    given: Mapping[str, Any]
    """Parameters of the market that replace those of the preset `standard`."""
    parameters: PostedPriceParameters
    threads: int

    @property
    def benchmarks(self) -> dict[str, tuple[float, float]]:
        """Price and profit in a period, mean over the sellers, coins: by name."""
        market = self.parameters.market
        prices = {"Nash": nash_prices(market), "monopoly": monopoly_prices(market)}
        return {name: (float(p.mean()) / COIN, float(profits(market, p).mean()) / COIN) for name, p in prices.items()}


def plan(
    sessions: int = 1_000,
    *,
    alpha: float = 0.15,
    beta: float = 4e-6,
    delta: float = 0.95,
    stable: int = 100_000,
    limit: int = 10**9,
    threads: int = 1,
    **parameters: Any,
) -> Collusion:
    """Check everything that the experiment is made of; nothing is run. The arguments are those of `sim.reproduce`.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    whole("sessions", sessions, 1, MOST_SESSIONS)
    whole("stable", stable, 1, 10**9)
    whole("limit", limit, 1, 10**9)
    whole("threads", threads, 1, MOST_THREADS)
    learning = Learning(
        number("alpha", alpha, "above 0 to 1", lambda x: 0 < x <= 1),
        number("delta", delta, "0 to below 1", lambda x: 0 <= x < 1),
        number("beta", beta, "0 to 1", lambda x: 0 <= x <= 1),
    )
    if "horizon" in parameters:
        raise InputError("horizon: not a setting of this experiment; allowed is limit, the most periods of a session")
    settings = find("posted_price").settings("standard", parameters)
    check_size(settings)
    return Collusion(sessions, learning, stable, limit, parameters, settings, threads)


def number(name: str, given: Any, allowed: str, holds: Callable[[float], bool]) -> float:
    """A number that is in its range.

    Raises:
        InputError: it is not.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not holds(given):
        raise InputError(f"{name}: {given!r} given, allowed is a number from {allowed}")
    return float(given)


class Measured(NamedTuple):
    """What came of one session."""

    row: dict[str, Any]
    """Its row of the table `runs`."""
    impulse: Columns
    """Its rows of the table `impulse`."""


def play(e: Collusion, progress: Callable[[int, int], None] | None = None) -> Iterator[Measured]:
    """Play all sessions and yield what came of them, in the order of their seeds, whatever the number of threads.

    Args:
        e: what to play.
        progress: called with (sessions done, sessions in all).
    """
    stopping, idle = Event(), SimpleQueue[Session]()
    threads = min(e.threads, e.sessions)
    benchmarks = e.benchmarks
    for _ in range(threads):
        idle.put(Session(e.parameters, e.learning, stable=e.stable))

    def work(seed: int) -> Measured | None:
        session = idle.get()
        try:
            session.begin(seed)
            while session.ticks < e.limit and not session.learn(min(CHUNK, e.limit - session.ticks)):
                if stopping.is_set():
                    return None
            return measured(session, benchmarks, seed)
        finally:
            idle.put(session)

    pool = ThreadPoolExecutor(threads)
    try:
        for done, future in enumerate([pool.submit(work, seed) for seed in range(e.sessions)], start=1):
            result = future.result()
            assert result is not None
            yield result
            if progress is not None:
                progress(done, e.sessions)
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


def measured(session: Session, benchmarks: Mapping[str, tuple[float, float]], seed: int) -> Measured:
    """Play a session on, without learning, and measure it."""
    row: dict[str, Any] = {"arm": f"sellers={session.parameters.sellers}", "seed": seed, "digest": session.digest()}
    row |= {"converged": int(session.converged), "periods": session.ticks}
    lead, length = session.cycle()
    session.play(lead)
    cycle = session.play(length)
    nash, monopoly = benchmarks["Nash"][1], benchmarks["monopoly"][1]
    prices = session.room.shop.grid[cycle["level"]] / COIN
    row |= {"cycle": length, "profit_gain": (cycle["gain"].mean() / COIN - nash) / (monopoly - nash), "price": prices.mean()}
    row |= {f"price_{s}": price for s, price in enumerate(prices.mean(axis=0).tolist())}
    row |= {f"profit_{s}": profit / COIN for s, profit in enumerate(cycle["gain"].mean(axis=0).tolist())}
    answers, paths = deviations(session, cycle)
    row |= answers
    periods = np.arange(-BEFORE, AFTER + 1)
    impulse = {"arm": np.full(periods.size, row["arm"], object), "seed": np.full(periods.size, seed), "period": periods}
    return Measured(row, impulse | {"deviator": paths[0], "rivals": paths[1]})


def followed(delta: float) -> int:
    """Periods after a deviation that are counted: all but `REMAINDER` of the discounted future, within limits."""
    needed = math.log(REMAINDER) / math.log(delta) if delta > 0 else 1
    return min(max(AFTER, math.ceil(needed)), MOST_FOLLOWED)


def deviations(session: Session, cycle: Any) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Force every seller in turn to deviate, in every state of the cycle, each time in a fork of the ledger.

    Args:
        session: at the beginning of the cycle; it is there again afterwards.
        cycle: what is played in it, records `MOVE` of shape (length, sellers).

    Returns:
        Shares and means over the deviations (NaN where no seller has a better answer than what it plays): `deviation_gain`, the
        discounted gain as a share of what not deviating earns; `unprofitable`, how often that is below 0; `punished`, how often
        the rivals' mean price in the next period is below what it would have been; `returned`, how often the prices of period
        `AFTER` are some of the cycle's. And the mean prices of deviator and rivals in every period, shape (2, periods), coins.
    """
    length, sellers = cycle.shape
    grid = session.room.shop.grid / COIN
    future = followed(session.learning.delta)
    weights = session.learning.delta ** np.arange(future + 1)
    kept = session.keep()
    states = {tuple(levels) for levels in cycle["level"].tolist()}
    answers, paths = [], []
    for deviator in range(sellers):
        rivals = [s for s in range(sellers) if s != deviator]
        for phase in range(min(length, MOST_PHASES)):
            around = (phase + np.arange(-BEFORE, future + 1)) % length
            levels = cycle["level"][around].copy()
            planned, expected = levels[BEFORE:].copy(), cycle["gain"][around[BEFORE:], deviator]
            forced = np.full((phase + 1 + future, sellers), -1)
            forced[phase, deviator] = best = best_answer(session.profits[deviator], deviator, planned[0])
            session.restore(kept)
            moves = session.play(len(forced), forced)[phase:]
            levels[BEFORE:] = moves["level"]
            prices = grid[levels]
            paths.append((prices[:, deviator], prices[:, rivals].mean(axis=1)))
            if best != planned[0, deviator]:
                gain = weights @ (moves["gain"][:, deviator] - expected) / (weights @ expected)
                hurt = grid[moves["level"][1, rivals]].mean() < grid[planned[1, rivals]].mean()
                answers.append((gain, gain < 0, hurt, tuple(moves["level"][AFTER].tolist()) in states))
    session.restore(kept)
    found = np.mean(answers, axis=0) if answers else np.full(4, np.nan)
    names = ("deviation_gain", "unprofitable", "punished", "returned")
    return dict(zip(names, found.tolist(), strict=True)), np.mean(paths, axis=0)[:, : BEFORE + AFTER + 1]


def best_answer(profits: NDArray[np.int64], seller: int, levels: NDArray[np.int64]) -> int:
    """The level that earns a seller most in one period, the others' levels being given; the lowest of equal ones."""
    place = [slice(None) if s == seller else level for s, level in enumerate(levels.tolist())]
    return int(profits[tuple(place)].argmax())


def columns(rows: list[dict[str, Any]]) -> Columns:
    """Rows as a table."""
    kinds = {"arm": object, "digest": object}
    return {name: np.array([row[name] for row in rows], kinds.get(name)) for name in rows[0]}
