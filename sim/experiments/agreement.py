"""Whether the files of a sweep directory agree: with each other, and with what its spec plans.

A digest tells that a file was not changed since it was named; this tells that what is named belongs together.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.experiments import catalogue
from sim.experiments.cells import Sweep
from sim.experiments.directory import CELLS, MANIFEST, PLAN, SPEC
from sim.experiments.opening import as_yaml, described
from sim.metrics.contrasts import Columns

CIRCUMSTANCES = {"base", "code", "versions", "checkout", "machine", "started"}
"""Fields of a plan that its spec does not give."""


def disagreements(folder: Path, manifest: Mapping[str, Any], plan: Mapping[str, Any], cells: Columns) -> list[str]:
    """In what the manifest, the plan, the spec and the table of cells contradict each other, a line each."""
    repeated = [name for name in manifest if name in plan and name not in ("cells", "format", "version")]
    out = [f"{MANIFEST}: {name} is not that of the plan" for name in repeated if manifest[name] != plan[name]]
    counts = {status: int((cells["status"] == status).sum()) for status in ("done", "failed", "missing")}
    if len(cells["cell"]) != plan["cells"]:
        out.append(f"{CELLS}: {len(cells['cell'])} cells, {plan['cells']} are planned")
    if manifest["cells"] != counts or manifest["rows"] != int(cells["rows"].sum()):
        out.append(f"{MANIFEST}: its counts of cells and rows are not those of {CELLS}")
    if manifest["complete"] != (counts["missing"] == 0):
        out.append(f"{MANIFEST}: complete is {manifest['complete']}, {counts['missing']} cells were not run")
    if (folder / SPEC).read_bytes() != as_yaml(plan["spec"]):
        out.append(f"{SPEC}: it is not the spec of the plan")
    return out


def misplanned(plan: Mapping[str, Any], cells: Columns, sweep: Sweep) -> list[str]:
    """What of the plan and the table of cells is not what the spec, planned again by the same code, gives; a line each."""
    now = json.loads(json.dumps(described(sweep, Path(plan["base"]))))
    out = [
        f"{PLAN}: {name} is not what its spec gives" for name in now if name not in CIRCUMSTANCES and plan.get(name) != now[name]
    ]
    planned = catalogue.planned(sweep)
    if extra := set(cells) - set(planned) - set(catalogue.SETTLED):
        out.append(f"{CELLS}: {', '.join(sorted(extra))} is no column of it")
    for name, values in planned.items():
        stored = cells.get(name, np.empty(0))
        if stored.shape != values.shape:
            out.append(f"{CELLS}: {name} has {stored.size} values, its spec gives {values.size}")
        elif (differs := stored != values).any():
            row = int(differs.argmax())
            out.append(f"{CELLS}: {name} of cell {row} is {stored[row]}, its spec gives {values[row]}")
    return out
