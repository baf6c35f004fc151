"""How a cell is executed: from its description alone, in whatever process, to the rows that are published."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.attacks.registry import find_attack
from chain.errors import InputError
from sim.attack.sides import sided
from sim.experiments.arms import Arm, Seated, seat, seeds_of
from sim.experiments.code import code_digest
from sim.experiments.directory import found, publish
from sim.experiments.engines.engine import Done, Task
from sim.experiments.errors import Different, TooLarge, Unwritable
from sim.experiments.run import Batch, Experiment, joined, play
from sim.metrics import METRICS
from sim.metrics.contrasts import Columns
from sim.scenarios import find

MOST_WORDS = 600
"""Characters of an error that are kept."""
LEDGER = "ledger_"
"""Begins the names of tables that hold a final ledger."""


def work(task: Task) -> Done:
    """Execute a cell in this process and publish its rows. What goes wrong is told in what it returns.

    Raises:
        MemoryError: it takes more memory than it may.
    """
    name = str(task.cell["cell"])
    try:
        folder = Path(task.folder)
        if (there := found(folder, name)) is None:  # else who published it died before that was told, or slept meanwhile
            tables = tables_of(task.cell)
            there = int(tables[""]["seed"].size), publish(folder, name, tables)
        return Done(name, rows=there[0], sha256=there[1])
    except TooLarge as error:
        raise MemoryError(str(error)) from None
    except Unwritable as error:
        return Done(name, kind="disk", error=str(error))
    except Different as error:
        return Done(name, kind="different", error=str(error))
    except InputError as error:
        return Done(name, kind="error", error=" ".join(str(error).split())[:MOST_WORDS])


def tables_of(cell: Mapping[str, Any]) -> dict[str, Columns]:
    """Every table of a cell, its rows under the name "": cell, seed, digest (SHA-256 of that world's ledger), and the metrics.

    Raises:
        InputError: a policy failed, is not what it was when the cell was planned, or this process has other code.
    """
    experiment = experiment_of(cell)
    wanted = set(cell["record"])
    parts: list[dict[str, Columns]] = []
    for batch in play(experiment):
        seeds = batch.outcome.seeds
        rows: Columns = {"seed": seeds, "digest": np.array(batch.digests, object)}
        tables = {"": rows | {name: METRICS[name].of(batch.outcome) for name in cell["metrics"]}}
        if "series" in wanted:
            tables |= {name: _by_seed(seeds, columns) for name, columns in experiment.scenario.tables(batch.outcome).items()}
        if "ledgers" in wanted:
            tables |= _ledgers(batch)
        parts.append(tables)
    out = {name: joined([one[name] for one in parts]) for name in parts[0]}
    return {name: {"cell": np.full(columns["seed"].size, cell["cell"], object), **columns} for name, columns in out.items()}


def experiment_of(cell: Mapping[str, Any]) -> Experiment:
    """The experiment that a cell is: one arm.

    Raises:
        InputError: as `tables_of`.
    """
    if cell["code"] != code_digest():
        raise InputError("code: the sources of this process are not those that planned the cell; allowed are the same everywhere")
    scenario = find(cell["scenario"])
    settings = scenario.settings(cell["preset"], cell["given"])
    policies = {
        role: _seated(scenario.name, role, name, cell["preset"], tuple(cell["given"].items()))
        for role, name in cell["plays"].items()
    }
    for role, seated in policies.items():
        if seated.source != cell["policies"][role]["source_sha256"]:
            raise InputError(
                f"policy {role}={seated.label}: its file was changed since the cell was planned; allowed is the same"
            )
    arm = Arm("", policies)
    if (attack := cell["attack"]) is not None:
        arm = sided(scenario, settings, arm, find_attack(attack["name"]), attack["share"], attack["side"])
    return Experiment(scenario, cell["preset"], cell["given"], settings, (arm,), seeds_of(cell["seeds"]), 1)


@lru_cache(maxsize=256)
def _seated(scenario: str, role: str, name: str, preset: str, given: tuple[tuple[str, int], ...]) -> Seated:
    """A policy, opened once per process: its files are not read again for every cell."""
    economy = find(scenario)
    return seat(economy, economy.role(role), name, economy.settings(preset, dict(given)), trust=True)


def _by_seed(seeds: Any, columns: Mapping[str, Any]) -> Columns:
    """A table of so many rows per world, with the seed before each."""
    each = len(next(iter(columns.values()))) // seeds.size
    return {"seed": np.repeat(seeds, each), **columns}


def _ledgers(batch: Batch) -> dict[str, Columns]:
    """The final ledgers: of every array of the book a table with the seed, the row, and the fields of its records."""
    out = {}
    for name, records in batch.book._asdict().items():
        worlds, rows = records.shape
        place: Columns = {"seed": np.repeat(batch.outcome.seeds, rows), "row": np.tile(np.arange(rows, dtype=np.int64), worlds)}
        out[LEDGER + name] = place | {field: records[field].reshape(-1) for field in records.dtype.names}
    return out
