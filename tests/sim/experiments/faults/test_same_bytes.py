"""Whoever executes a sweep, and wherever: the same bytes."""

import warnings

import pytest

from sim.experiments.loading import read_sweep, wide
from tests.sim.experiments.faults.nursery import HOUSE
from tests.sim.experiments.faults.state import assert_same
from tests.sim.experiments.sweeps import swept

BOTH = {
    "grid": {"arbiter_bps": [0, 5000, 9000]},
    "policies": {"client": ["cheapest", "thompson"]},
    "attacks": {"shirker": [0.25]},
    "metrics": ["fill_rate", "honest_welfare"],
    "record": ["series", "ledgers"],
    "seeds": 3,
}
"""Cells with an attack, series and ledgers: eighteen, of more than ten files each."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep of this process."""
    return swept(tmp_path_factory.mktemp("whole") / "both", BOTH)


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_workers_give_what_one_process_gives(whole, tmp_path, workers):
    assert_same(swept(tmp_path / "both", BOTH, engine="workers", workers=workers), whole)


def test_the_order_of_the_cells_does_not_matter(whole, tmp_path):
    spec = {**BOTH, "grid": {"arbiter_bps": [9000, 0, 5000]}, "policies": {"client": ["thompson", "cheapest"]}}
    folder = swept(tmp_path / "both", spec)

    def rows(folder):
        columns = [values.tolist() for name, values in wide(read_sweep(folder)) if name not in ("point",)]
        return sorted(map(str, zip(*columns, strict=True)))

    assert rows(folder) == rows(whole)


@pytest.mark.slow
def test_a_local_cluster_of_ray_gives_them_too(whole, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.syspath_prepend(str(HOUSE))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"subprocess \d+ is still running", ResourceWarning)
        assert_same(swept(tmp_path / "both", BOTH, engine="ray", workers=2), whole)


@pytest.mark.slow
def test_so_does_a_cluster_of_two_nodes_of_which_one_is_lost(whole, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.syspath_prepend(str(HOUSE))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"subprocess \d+ is still running", ResourceWarning)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            lost, workers = cluster.add_node(num_cpus=1), set()

            def lose(progress):
                if progress.last is not None:
                    workers.add(progress.last.worker)
                if len(workers) == 2 and lost in cluster.list_all_nodes():
                    cluster.remove_node(lost, allow_graceful=False)

            folder = swept(tmp_path / "both", {**BOTH, "seeds": 40}, engine="ray", address=cluster.address, progress=lose)
            assert lost not in cluster.list_all_nodes()
        finally:
            cluster.shutdown()
    assert_same(folder, swept(tmp_path / "alone", {**BOTH, "seeds": 40}))
