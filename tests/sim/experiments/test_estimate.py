"""What a sweep will take is told before it is run."""

import subprocess
import sys

from sim.experiments.cells import plan_sweep
from sim.experiments.estimate import estimate
from sim.experiments.spec import checked
from tests.sim.experiments.sweeps import TINY, parts_of, swept


def test_cells_and_rows_are_counted_and_the_disk_is_judged_rightly(tmp_path):
    spec = {**TINY, "seeds": 40}
    found = estimate(plan_sweep(checked(spec)), workers=2)
    written = sum(len(content) for content in parts_of(swept(tmp_path / "tiny", {"seeds": 40})).values())
    assert (found.cells, found.rows) == (8, 320)
    assert 0.8 < found.disk_bytes / written < 1.25
    assert found.memory_bytes > 50e6


def test_twice_the_cells_take_twice_the_disk_and_more_worlds_more_memory():
    small = estimate(plan_sweep(checked(TINY)), workers=1)
    more = estimate(plan_sweep(checked({**TINY, "grid": {**TINY["grid"], "services": [1, 2]}})), workers=1)
    large = estimate(plan_sweep(checked({**TINY, "fixed": {"clients": 2_000, "gas_limit": 10**6}, "seeds": 40})), workers=1)
    assert more.cells == 2 * small.cells
    assert 1.8 < more.disk_bytes / small.disk_bytes < 2.2
    assert large.memory_bytes > small.memory_bytes + 10e6


def test_a_dry_run_writes_nothing(tmp_path):
    command = [sys.executable, "-m", "sim", "sweep", "policies", "--set", "seeds=3", "--set", "preset=minimal", "--set"]
    command += ["grid={providers: [2, 3]}", "--dry-run"]
    from pathlib import Path

    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(Path.cwd())}, capture_output=True, text=True, check=True)
    assert "8 cells of 3 seeds, 24 rows" in run.stdout
    assert "Nothing was written" in run.stdout
    assert list(tmp_path.iterdir()) == []
