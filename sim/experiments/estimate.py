"""What a sweep will take: time, disk and memory, from a few cells that are played on a few worlds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiments.cells import Sweep, cells_of
from sim.experiments.directory import encoded
from sim.experiments.engines import memory
from sim.experiments.run import BATCH, BATCH_BYTES, world_bytes
from sim.experiments.work import experiment_of, tables_of
from sim.world import World

PROBES = 5
"""Cells that are played: the first, the last, and some between."""
FEW, MORE = 2, 10
"""Seeds with which each is played, to tell what a cell takes from what a world takes."""
ENOUGH_S = 1.0
"""A cell that takes longer with few seeds is not played with more."""
PUBLISHING_S = 0.003
"""About what it takes to bring a cell to the disk and to write it down."""


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take."""

    cells: int
    rows: int
    seconds: float
    """With so many workers as were asked for."""
    disk_bytes: float
    memory_bytes: float
    """At the peak, of all workers."""


def estimate(sweep: Sweep, workers: int) -> Estimate:
    """Play a few cells and conclude from them. Nothing is written. Compiles the rules if that was not done yet.

    Raises:
        InputError: a policy failed.
    """
    rows = set(np.linspace(0, sweep.cells - 1, PROBES).astype(int).tolist())
    found = [_probed(cell.description, len(sweep.seeds)) for cell in cells_of(sweep) if cell.row in rows]
    seconds, disk, _ = (float(column) for column in np.mean(found, axis=0))
    total = sweep.cells * (seconds + PUBLISHING_S) / min(workers, sweep.cells)
    peak = min(workers, sweep.cells) * (memory.peak() + max(row[2] for row in found))
    return Estimate(sweep.cells, sweep.cells * len(sweep.seeds), total, sweep.cells * disk, peak)


def _probed(cell: Mapping[str, Any], seeds: int) -> tuple[float, float, float]:
    """Seconds, bytes on disk and bytes in memory of a cell with so many seeds."""
    tables_of({**cell, "seeds": 1})
    few = _played(cell, min(seeds, FEW))
    more = _played(cell, min(seeds, MORE)) if seeds > FEW and few[0] < ENOUGH_S else few
    per_seed = [(b - a) / max(min(seeds, MORE) - FEW, 1) for a, b in zip(few, more, strict=True)]
    if more is few and seeds > FEW:
        per_seed = [value / FEW for value in few]
    experiment = experiment_of({**cell, "seeds": 1})
    each = world_bytes(World(experiment.scenario, experiment.parameters, seeds=[0]))
    seconds, disk = (a + max(slope, 0.0) * max(seeds - FEW, 0) for a, slope in zip(few, per_seed, strict=True))
    return seconds, disk, float(each * max(1, min(seeds, BATCH, BATCH_BYTES // each)))


def _played(cell: Mapping[str, Any], seeds: int) -> tuple[float, float]:
    """Seconds and bytes of a cell played with so many seeds."""
    clock = time.perf_counter()
    tables = tables_of({**cell, "seeds": seeds})
    size = sum(len(encoded(columns)) for columns in tables.values())
    return time.perf_counter() - clock, float(size)
