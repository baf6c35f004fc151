"""Workers of this machine survive their tasks, and do not survive their driver."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chain.errors import InputError, LedgerLabError
from sim.experiments.engines import memory, pool
from sim.experiments.engines.engine import Limits
from sim.experiments.engines.workers import Workers
from tests.sim.experiments.engines import fakes
from tests.sim.experiments.engines.conftest import HOUSE

linux = pytest.mark.skipif(not memory.CAN_LIMIT, reason="limits of memory are those of Linux")


@pytest.fixture
def opened():
    """Opens engines, which are closed after the test, and no process of theirs is left."""
    engines = []

    def open_one(workers=2, limits=None, scenario="", work=fakes.work):
        engines.append(Workers(work, workers, limits, scenario))
        return engines[-1]

    yield open_one
    pids = [seat.pid for engine in engines for seat in engine.seats]
    for engine in engines:
        engine.close()
    assert [pid for pid in pids if alive(pid)] == []


def alive(pid):
    """Whether a process runs; one that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds=10.0):
    """Wait until something holds, at most so long; whether it does."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return held


def outcomes(engine, tasks):
    """By the last digit of the cell: how it went. Every task has exactly one."""
    results = list(engine.run(iter(tasks)))
    assert sorted(done.cell for done in results) == sorted(task.cell["cell"] for task in tasks)
    return {int(done.cell, 16): done for done in results}


def said(folder, k=0):
    """What a task told of its process."""
    return json.loads((folder / f"{k:016x}.said").read_text())


def test_every_task_is_done_once_and_keeps_what_its_work_said(opened, tmp_path):
    done = outcomes(opened(3), fakes.tasks_of(tmp_path, *["pass"] * 100, rows=5, sha256="ab"))
    assert {(d.error, d.kind, d.rows, d.sha256) for d in done.values()} == {("", "", 5, "ab")}
    assert all(d.wall_s > 0 and d.peak_mb > 1 for d in done.values())


def test_workers_live_longer_than_a_task_and_a_run(opened, tmp_path):
    engine = opened(1)
    first, second = (outcomes(engine, fakes.tasks_of(tmp_path, "pass", "pass", "raise")) for _ in range(2))
    assert len({d.worker for d in [*first.values(), *second.values()]}) == 1


def test_a_worker_is_replaced_after_a_number_of_tasks(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "CELLS_OF_A_PROCESS", 3)
    done = outcomes(opened(1), fakes.tasks_of(tmp_path, *["pass"] * 7))
    assert len({d.worker for d in done.values()}) == 3


def test_what_raises_fails_alone(opened, tmp_path):
    done = outcomes(opened(1), fakes.tasks_of(tmp_path, "raise", "pass", "leave"))
    assert [(d.kind, d.error) for _, d in sorted(done.items())] == [
        ("error", "RuntimeError: a policy did it"),
        ("", ""),
        ("error", "SystemExit: 3"),
    ]


@pytest.mark.parametrize("deed", ["spin", "sleep"])
def test_what_never_returns_is_stopped_at_its_limit_and_not_tried_again(deed, opened, tmp_path):
    done = outcomes(opened(1, Limits(seconds=0.5)), fakes.tasks_of(tmp_path, deed, "pass"))
    assert (done[0].kind, done[0].error) == ("time", "stopped after 0.5 s, the limit of a cell")
    assert 0.5 <= done[0].wall_s < 5
    assert done[0].peak_mb > 1
    assert done[1].kind == ""
    (pid,) = fakes.pids_of(tmp_path)["0" * 16]
    assert done[0].worker.endswith(f":{pid}")
    assert not alive(pid)


def test_time_is_counted_from_when_a_task_begins_not_from_when_its_worker_starts(opened, tmp_path):
    assert outcomes(opened(2, Limits(seconds=0.2)), fakes.tasks_of(tmp_path, *["pass"] * 4))[3].kind == ""


@linux
def test_what_eats_memory_runs_out_of_it_and_its_worker_lives_on(opened, tmp_path):
    done = outcomes(opened(1, Limits(memory_mb=100)), fakes.tasks_of(tmp_path, "eat", "pass", "tell"))
    assert (done[0].kind, done[0].error) == ("memory", "out of memory, the limit of a cell is 100 MB")
    assert (done[1].kind, done[1].worker) == ("", done[0].worker)


@linux
def test_memory_that_is_no_data_of_the_process_is_seen_from_outside(opened, tmp_path):
    done = outcomes(opened(1, Limits(seconds=20, memory_mb=100)), fakes.tasks_of(tmp_path, "eat_shared", "pass"))
    assert (done[0].kind, done[0].error) == ("memory", "out of memory, the limit of a cell is 100 MB")
    assert done[1].kind == ""
    assert done[1].worker != done[0].worker


@pytest.mark.parametrize(("deed", "how"), [("die", "exit code 7"), ("crash", "SIGSEGV")])
def test_what_kills_its_process_is_tried_twice_on_two_of_them(deed, how, opened, tmp_path):
    done = outcomes(opened(1), fakes.tasks_of(tmp_path, deed, "pass"))
    assert (done[0].kind, done[0].error) == ("died", f"its process died twice ({how})")
    assert done[1].kind == ""
    assert len(set(fakes.pids_of(tmp_path)["0" * 16])) == 2


def test_a_fault_of_the_machine_fails_no_task(opened, tmp_path):
    done = outcomes(opened(2), fakes.tasks_of(tmp_path, "die_once", "pass"))
    assert [d.kind for d in done.values()] == ["", ""]
    assert len(set(fakes.pids_of(tmp_path)["0" * 16])) == 2


def test_a_worker_that_is_killed_from_outside_between_two_runs_is_replaced(opened, tmp_path):
    engine = opened(1)
    outcomes(engine, fakes.tasks_of(tmp_path, "pass"))
    pid = engine.seats[0].pid
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not alive(pid))
    assert outcomes(engine, fakes.tasks_of(tmp_path, "pass"))[0].kind == ""


def test_tasks_are_pulled_only_for_workers_that_are_free(opened, tmp_path):
    pulled, finished = 0, 0

    def tasks():
        nonlocal pulled
        for task in fakes.tasks_of(tmp_path, *["nap"] * 8, nap_s=0.05):
            assert pulled - finished <= 2 + 1  # one per worker, and one whose result is on its way to us
            pulled += 1
            yield task

    for _ in opened(2).run(tasks()):
        finished += 1
    assert pulled == finished == 8


def test_closing_early_stops_what_is_under_way(opened, tmp_path):
    engine = opened(2)
    results = engine.run(iter(fakes.tasks_of(tmp_path, "pass", "sleep", "spin")))
    assert next(results).kind == ""
    assert until(lambda: fakes.pids_of(tmp_path))
    results.close()
    pids = [pid for (pid,) in fakes.pids_of(tmp_path).values()]
    assert [pid for pid in pids if alive(pid)] == []
    assert outcomes(engine, fakes.tasks_of(tmp_path, "pass"))[0].kind == ""


def test_what_a_task_started_ends_with_it(opened, tmp_path):
    outcomes(opened(1, Limits(seconds=1)), fakes.tasks_of(tmp_path, "start_others"))
    child = int((tmp_path / "child").read_text())
    assert until(lambda: not alive(child), 2)


def test_workers_are_born_with_the_rules_of_the_scenario(opened, tmp_path):
    """A preload that failed would be silent: every worker would load by itself, in a second instead of milliseconds."""
    script = (
        "from sim.experiments.engines.workers import Workers\n"
        "from tests.sim.experiments.engines import fakes\n"
        "for scenario, warm in (('posted_price', True), ('service_market', False), ('', True)):\n"
        "    engine = Workers(fakes.work, 1, None, scenario)\n"
        f"    assert [d.error for d in engine.run(iter(fakes.tasks_of({str(tmp_path)!r}, 'pass')))] == ['']\n"
        "    assert engine.seats[0].ready.warm is warm, scenario  # the one server has the first\n"
        "    engine.close()\n"
    )
    run_script(script, tmp_path)


def test_workers_find_modules_where_their_driver_does_from_the_server_on(tmp_path):
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(HOUSE)!r})\n"
        "from sim.experiments.engines.workers import Workers\n"
        "from tests.sim.experiments.engines import fakes\n"
        "engine = Workers(fakes.work, 1)\n"
        "assert [d.error for d in engine.run(iter(fakes.tasks_of('.', 'tell')))] == ['']\n"
        "assert engine.seats[0].ready.warm\n"
        "engine.close()\n"
    )
    run_script(script, tmp_path, paths="")
    assert said(tmp_path)["house"] == str(HOUSE)


def test_workers_that_can_not_begin_are_an_error_and_not_a_loop(opened, tmp_path):
    with pytest.raises(LedgerLabError, match="engine workers: no process can execute cells: InputError: scenario: 'no_such'"):
        list(opened(1, scenario="no_such").run(iter(fakes.tasks_of(tmp_path, "pass"))))


def test_work_must_be_a_function_of_a_module():
    with pytest.raises(InputError, match="allowed is a function of a module"):
        Workers(lambda task: None, 1)


def run_script(text, folder, *options, file=True, paths=str(HOUSE)):
    """Run a script without a guard in a process of its own, from a file or from standard input."""
    path = folder / "script.py"
    path.write_text(text)
    command = [sys.executable, *options, str(path) if file else "-"]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        command,
        input=None if file else text,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("file", [True, False])
def test_a_script_needs_no_guard_and_its_workers_do_not_run_it(file, tmp_path):
    script = (
        "import sys\n"
        "sys.stdout.write('once ')\n"
        "from sim.experiments.engines.workers import Workers\n"
        "from tests.sim.experiments.engines import fakes\n"
        "engine = Workers(fakes.work, 2)\n"
        "sys.stdout.write(str([d.error for d in engine.run(iter(fakes.tasks_of('.', 'tell', 'raise')))][0]))\n"
        "engine.close()\n"
    )
    out = run_script(script, tmp_path, "-W", "error", file=file)
    assert out.count("once") == 1
    own = {"threads": "1", "main": "none", "ctrl_c": True, "data_limit": -1}
    assert said(tmp_path) == own | {"cwd": str(tmp_path), "house": str(HOUSE)}


@pytest.mark.parametrize("deed", ["spin", "sleep"])
def test_workers_end_with_a_driver_that_is_killed(deed, tmp_path):
    script = (
        "from sim.experiments.engines.workers import Workers\n"
        "from tests.sim.experiments.engines import fakes\n"
        f"list(Workers(fakes.work, 2).run(iter(fakes.tasks_of({str(tmp_path)!r}, {deed!r}, {deed!r}))))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(HOUSE)}) as driver:
        assert until(lambda: len(fakes.pids_of(tmp_path)) == 2, 60)
        pids = [pid for (pid,) in fakes.pids_of(tmp_path).values()]
        assert all(alive(pid) for pid in pids)
        driver.kill()
    assert until(lambda: not any(alive(pid) for pid in pids), 2)


def test_ctrl_c_reaches_the_driver_alone_and_closing_leaves_nobody(tmp_path):
    script = (
        "from sim.experiments.engines.workers import Workers\n"
        "from tests.sim.experiments.engines import fakes\n"
        "engine = Workers(fakes.work, 2)\n"
        "try:\n"
        f"    list(engine.run(iter(fakes.tasks_of({str(tmp_path)!r}, 'spin', 'sleep'))))\n"
        "except KeyboardInterrupt:\n"
        "    engine.close()\n"
    )
    command, environment = [sys.executable, "-c", script], {**os.environ, "PYTHONPATH": str(HOUSE)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as driver:
        assert until(lambda: len(fakes.pids_of(tmp_path)) == 2, 60)
        os.killpg(driver.pid, signal.SIGINT)
        _, errors = driver.communicate(timeout=20)
    assert (driver.returncode, errors) == (0, "")
    assert [pid for (pid,) in fakes.pids_of(tmp_path).values() if alive(pid)] == []
