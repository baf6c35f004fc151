"""A sweep as it lies in memory: its plan, its cells and the rows of their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.metrics.contrasts import Columns


@dataclass(frozen=True)
class Results:
    """A sweep directory, read."""

    folder: Path
    plan: Mapping[str, Any]
    """plan.json"""
    cells: Columns
    """One row per cell in the order of the plan."""
    runs: Columns
    """Rows of finished cells: row (in `cells`), seed, digest, and one column per metric; sorted by row, then as the
    plan's seeds."""
    notes: list[str]
    """Facts for the limitations, one sentence each."""

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric of every run, shape (cells, seeds); NaN where a run is missing or the metric is not defined."""
        seeds = np.asarray(self.plan["seeds"], np.int64)
        order = np.argsort(seeds, kind="stable")
        column = order[np.searchsorted(seeds[order], np.asarray(self.runs["seed"], np.int64))]
        out = np.full((len(self.cells["cell"]), seeds.size), np.nan)
        out[np.asarray(self.runs["row"], np.int64), column] = self.runs[metric]
        return out
