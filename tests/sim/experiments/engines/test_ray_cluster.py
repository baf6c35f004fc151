"""A cluster of Ray gives what workers give, and survives the loss of its workers and nodes."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

from sim.experiments.engines import memory
from sim.experiments.engines.engine import Limits
from sim.experiments.engines.ray_cluster import RayCluster
from sim.experiments.engines.workers import Workers
from tests.sim.experiments.engines import fakes
from tests.sim.experiments.engines.test_workers import alive, outcomes, until

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _what_ray_leaves_to_the_collector():
    """Ray never waits for the processes that it has killed, and Python says so when it finds them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"subprocess \d+ is still running", ResourceWarning)
        yield


@pytest.fixture
def opened():
    """Opens engines, which are closed after the test."""
    engines = []

    def open_one(limits=None, workers=2, address=None, scenario=""):
        engines.append(RayCluster(fakes.work, workers, limits, scenario, address))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()
    assert not ray.is_initialized()


def test_it_gives_what_workers_give_and_stops_what_exceeds_a_limit(opened, tmp_path):
    limits = Limits(seconds=6, memory_mb=100 if memory.CAN_LIMIT else None)
    tasks = fakes.tasks_of(
        tmp_path, "pass", "raise", "leave", "spin", "eat", "pass", "gorge", "sleep", "pass", rows=3, sha256="ab"
    )
    workers = Workers(fakes.work, 2, limits)
    try:
        expected = outcomes(workers, tasks)
    finally:
        workers.close()
    found = outcomes(opened(limits), tasks)

    def facts(results):
        return {k: (d.error, d.kind, d.rows, d.sha256) for k, d in results.items()}

    assert facts(found) == facts(expected)
    assert {d.kind for d in found.values()} == {"", "error", "time", "memory"}
    assert [
        pid for pids in fakes.pids_of(tmp_path).values() for pid in pids if not until(lambda pid=pid: not alive(pid), 5)
    ] == []


def test_what_kills_its_process_fails_after_four_of_them_and_a_fault_of_the_machine_does_not(opened, tmp_path):
    done = outcomes(opened(), fakes.tasks_of(tmp_path, "die", "die_once", "pass"))
    assert [done[k].kind for k in range(3)] == ["died", "", ""]
    assert done[0].error.startswith("its process died 4 times (")
    marks = fakes.pids_of(tmp_path)
    assert [len(set(marks[f"{k:016x}"])) for k in range(2)] == [4, 2]


def test_a_worker_that_is_killed_from_outside_costs_no_task(opened, tmp_path):
    results = opened().run(iter(fakes.tasks_of(tmp_path, "pass", *["nap"] * 6, nap_s=1.0)))
    assert next(results).kind == ""
    assert until(lambda: fakes.pids_of(tmp_path))
    os.kill(next(iter(fakes.pids_of(tmp_path).values()))[0], signal.SIGKILL)
    assert [done.kind for done in results] == [""] * 6
    assert max(len(pids) for pids in fakes.pids_of(tmp_path).values()) == 2


def test_tasks_are_pulled_only_for_workers_that_are_free_and_closing_stops_them(opened, tmp_path):
    pulled = []

    def tasks():
        for task in fakes.tasks_of(tmp_path, "pass", *["sleep"] * 5):
            pulled.append(task)
            yield task

    results = opened().run(tasks())
    assert next(results).kind == ""
    assert len(pulled) <= 3
    assert until(lambda: fakes.pids_of(tmp_path))
    results.close()
    pids = [pid for (pid,) in fakes.pids_of(tmp_path).values()]
    assert until(lambda: not any(alive(pid) for pid in pids), 5)


def enters(address, **token):
    """Whether another process, which knows this, can speak with a cluster."""
    script = f"from ray._raylet import GcsClient; GcsClient(address={address!r})"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")} | token
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False).returncode == 0


def test_its_cluster_is_closed_to_whoever_does_not_know_the_token(opened):
    engine = opened()
    address, token = ray.get_runtime_context().gcs_address, os.environ["RAY_AUTH_TOKEN"]
    assert enters(address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token)
    assert not enters(address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="0" * len(token))
    assert not enters(address)
    engine.close()
    assert "RAY_AUTH_TOKEN" not in os.environ


def test_a_cluster_is_started_beside_one_that_runs_already(opened, tmp_path):
    from ray.cluster_utils import Cluster

    other = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        engine = opened()
        assert ray.get_runtime_context().gcs_address != other.address
        assert [done.kind for done in engine.run(iter(fakes.tasks_of(tmp_path, "pass", "pass")))] == ["", ""]
        engine.close()
        assert other.head_node.any_processes_alive()
    finally:
        other.shutdown()


def test_tasks_of_a_node_that_is_lost_are_executed_by_another(opened, tmp_path):
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        lost = cluster.add_node(num_cpus=1)
        engine = opened(address=cluster.address, workers=None)
        results = engine.run(iter(fakes.tasks_of(tmp_path, *["nap"] * 6, nap_s=4.0)))
        done = [next(results)]
        begin = time.monotonic()
        while len(engine.seats) < 2 or not all(seat.task for seat in engine.seats):
            assert time.monotonic() - begin < 60
            done.append(next(results))
        given = {seat.task.cell["cell"] for seat in engine.seats}
        assert until(lambda: given <= set(fakes.pids_of(tmp_path)), 30)  # both have begun
        cluster.remove_node(lost, allow_graceful=False)
        done += results
        assert [d.kind for d in done] == [""] * 6
        assert len({d.cell for d in done}) == 6
        assert max(len(pids) for pids in fakes.pids_of(tmp_path).values()) == 2
        engine.close()
        assert cluster.head_node.any_processes_alive()
    finally:
        cluster.shutdown()
