"""How fast sweeps are: what a cell costs beside its simulation, what a second worker brings, and a billion decisions.

The Mesa model is that of `mesa_market`, with the same numbers of agents, whose clients hire the cheapest offer too.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from sim.experiments.cells import cells_of, plan_sweep
from sim.experiments.conclusions.page import write_report
from sim.experiments.engines.engine import Done, Task
from sim.experiments.engines.workers import Workers
from sim.experiments.loading import Results
from sim.experiments.query import query
from sim.experiments.run import play
from sim.experiments.spec import checked
from sim.experiments.sweep import sweep
from sim.experiments.work import experiment_of
from sim.metrics import METRICS
from tests.bench.mesa_market import run as run_mesa
from tests.bench.start_up import Wait
from tests.bench.timing import Ratio, Side, seconds
from tests.sim.experiments.synthetic import grid
from tests.sim.experiments.synthetic import results as synthetic

BASE = {
    "scenario": "service_market",
    "policies": {"client": "cheapest"},
    "metrics": ["efficiency", "client_surplus", "fill_rate"],
}
CLIENTS, PROVIDERS, TICKS, SEEDS, CELLS = 80, 20, 197, 50, 1_000
"""A cell takes 1,000,000 decisions: 100 agents in 200 ticks, the last three of which close the market, in 50 worlds."""
MESA_TICKS = 40


def many(cells: int, **more: Any) -> dict[str, Any]:
    """A spec of so many cells that differ in the stake."""
    return {"name": "bench", **BASE, "grid": {"min_stake": [k * 10_000 for k in range(cells)]}, **more}


def billion(cells: int) -> dict[str, Any]:
    """So many cells of a million decisions each."""
    return many(cells, fixed={"clients": CLIENTS, "providers": PROVIDERS, "horizon": TICKS, "gas_limit": 20_000}, seeds=SEEDS)


@contextmanager
def folder() -> Iterator[Path]:
    """A directory for a sweep."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place) / "sweep"


def swept(spec: dict[str, Any], **given: Any) -> float:
    """Seconds that a sweep takes from spec to manifest."""
    with folder() as out:
        start = perf_counter()
        sweep(spec, out=out, **given)
        return perf_counter() - start


def overhead() -> float:
    """Seconds of a cell that are not simulation: planning, publishing and sealing included."""
    spec = many(200, preset="minimal", seeds=20)
    planned = list(cells_of(plan_sweep(checked(spec))))

    def simulated() -> float:
        start = perf_counter()
        for cell in planned:
            for batch in play(experiment_of(cell.description)):
                for name in BASE["metrics"]:
                    METRICS[name].of(batch.outcome)
        return perf_counter() - start

    simulated()
    both = [(swept(spec, engine="inline"), simulated()) for _ in range(3)]
    return median(whole - bare for whole, bare in both) / len(planned)


def nothing(task: Task) -> Done:
    """Work that takes no time."""
    return Done(str(task.cell["cell"]), worker="nobody")


def fresh_worker(workers: int = 10) -> float:
    """Seconds until a fresh worker has done its first task, once the server that forks workers runs."""

    def first() -> float:
        engine = Workers(nothing, 1, scenario="service_market")
        start = perf_counter()
        list(engine.run(iter([Task("", {"cell": "first"})])))
        took = perf_counter() - start
        engine.close()
        return took

    first()
    return median(first() for _ in range(workers))


def two_workers(pairs: int = 3) -> Ratio:
    """A thousand cells with two workers, beside one."""
    spec = many(CELLS, seeds=20)
    swept(many(20), workers=2)
    rates = [(CELLS / swept(spec, workers=2), CELLS / swept(spec, workers=1)) for _ in range(pairs)]
    ratios = [two / one for two, one in rates]
    two, one = (median(side) for side in zip(*rates, strict=True))
    what = f"sweep of {CELLS:,} cells, two workers beside one"
    return Ratio(what, "cells/s", two, one, median(ratios), min(ratios), max(ratios), 1.8)


def billion_decisions(cells: int = CELLS) -> tuple[Ratio, str]:
    """A billion decisions with two workers, beside Mesa on a sample before and after; and a line on the time."""
    agents, ticks = CLIENTS + PROVIDERS, TICKS + 3
    mesa = Side(agents * MESA_TICKS, lambda: None, lambda _: run_mesa(CLIENTS, PROVIDERS, MESA_TICKS, seed=1))
    seconds(mesa)
    before = seconds(mesa)
    took = swept(billion(cells), workers=2)
    baseline = [mesa.work / before, mesa.work / seconds(mesa)]
    ours = cells * SEEDS * ticks * agents / took
    ratios = [ours / rate for rate in baseline]
    what = f"{cells * SEEDS * ticks * agents:.0e} decisions, two workers, beside Mesa on one core"
    ratio = Ratio(what, "decisions/s", ours, median(baseline), median(ratios), min(ratios), max(ratios), 0)
    return ratio, f"{what}: {took:.0f} s from spec to manifest."


def timed(work: Callable[[], Any]) -> float:
    """Seconds that something takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def reading() -> list[Wait]:
    """How long the report of a million rows takes, and a query over a thousand parts."""
    with folder() as out:
        sweep(many(CELLS, preset="minimal", seeds=5), out=out, workers=2)
        question = "SELECT min_stake, avg(efficiency) FROM runs GROUP BY ALL"
        query(out, question)
        asked = median(timed(lambda: query(out, question)) for _ in range(5))
    with folder() as out:
        out.mkdir()
        reported = timed(lambda: write_report(million(out)))
    return [Wait("query over 1,000 parts", asked, 1), Wait("report of 1,000,000 rows", reported, 20)]


def million(out: Path) -> Results:
    """The rows of 250 points, four arms and a thousand seeds, of five metrics."""
    metrics = [{"name": name, "unit": "coins", "more_is_better": True} for name in ("a", "b", "c", "d", "e")]
    clients = ["random", "cheapest", "best_rated", "thompson"]
    random = np.random.default_rng(0)
    points = grid(min_stake=range(25), arbiter_bps=range(10))

    def value(metric: str, cell: dict[str, Any]) -> Any:
        return clients.index(cell["client"]) / 10 + cell["min_stake"] / 50 + random.normal(size=1_000)

    return synthetic(out, value, points=points, policies={"client": clients}, seeds=1_000, metrics=metrics)


def sweep_speed() -> tuple[list[Ratio], list[Wait], list[str]]:
    """Everything about sweeps."""
    waits = [Wait("a cell, its simulation aside", overhead(), 0.005), Wait("a fresh worker", fresh_worker(), 0.05)]
    workers = two_workers()
    decisions, line = billion_decisions()
    return [workers, decisions], waits + reading(), [line]
