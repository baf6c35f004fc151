"""`python -m tests.bench.scaling`: how sweeps scale, as the tables of docs/scaling.md."""

import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from sim.experiments.manifest import machine
from sim.experiments.sweep import sweep
from tests.bench.sweep_speed import many

CELLS, SEEDS, REPEATS = 300, 20, 3
ENGINES = (("workers", 1), ("workers", 2), ("ray", 1), ("ray", 2))


class Measured(NamedTuple):
    """A sweep that was timed."""

    wall_s: float
    driver_s: float
    """Processor time of the driver, which nobody can share with it."""


def timed(spec: dict[str, Any], engine: str, workers: int) -> Measured:
    """Run a sweep with an engine that runs already: what it takes to start it is another number."""
    with tempfile.TemporaryDirectory() as place:
        marks: list[tuple[float, float]] = []

        def mark(progress: Any) -> None:
            if progress.fresh == 1 or progress.fresh == progress.cells:
                marks.append((perf_counter(), process_time()))

        sweep(spec, out=Path(place) / "sweep", engine=engine, workers=workers, progress=mark)
    (began, busy), (ended, more) = marks[0], marks[-1]
    return Measured(ended - began, more - busy)


def projected(cells: int, cores: int, cell_s: float, serial_s: float) -> float:
    """Seconds that so many cells take: the workers share their time, the driver serves one cell after another."""
    return max(cells * cell_s / cores, cells * serial_s)


def main() -> None:
    """Measure, and print the tables."""
    console = Console(width=120)
    console.print(machine())
    table = Table("engine", "workers", "cells/s", "beside one worker", "driver, ms of its time a cell", title=f"{CELLS:,} cells")
    spec = many(CELLS, seeds=SEEDS)
    cell_s = serial_s = 0.0
    for engine, workers in ENGINES:
        found = [timed(spec, engine, workers) for _ in range(REPEATS)]
        wall, driver = (median(side) for side in zip(*found, strict=True))
        if (engine, workers) == ("workers", 1):
            cell_s, serial_s = wall / CELLS, driver / CELLS
        one = cell_s * CELLS
        table.add_row(engine, str(workers), f"{CELLS / wall:.1f}", f"{one / wall:.2f}", f"{1e3 * driver / CELLS:.2f}")
    console.print(table)
    console.print(f"serial fraction: {serial_s / cell_s:.4f} of a cell's {1e3 * cell_s:.1f} ms; processors: {os.cpu_count()}")
    future = Table(
        "a cell takes", *(f"{cores:,} cores" for cores in (1, 100, 10_000)), title="A million cells, hours (projected)"
    )
    for seconds in (cell_s, 1.0, 10.0, 60.0):
        hours = [projected(1_000_000, cores, seconds, serial_s) / 3_600 for cores in (1, 100, 10_000)]
        future.add_row(f"{seconds:.3g} s", *(f"{h:,.2g}" if h < 10 else f"{h:,.0f}" for h in hours))
    console.print(future)


if __name__ == "__main__":
    main()
