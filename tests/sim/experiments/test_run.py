"""From policies and seeds to rows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from chain.errors import InputError
from sim.experiments.run import BATCH, joined, measured, plan, play
from sim.metrics.contrasts import contrasts
from sim.scenarios import find
from sim.world import World

ROOT = Path(__file__).parents[3]


def first_offer(view, memory, dice):
    return {"hire": 0}


class Loyal:
    memory = np.dtype([("hired", "i8")])

    def act(self, view, memory, dice):
        memory["hired"] += view["need"] >= 0
        return {"hire": np.where(memory["hired"] > 3, -1, 0)}


def rows_of(batch=BATCH, **changes):
    experiment = plan("service_market", {"client": ["thompson", "random"]}, 5, "minimal", **changes)
    return joined([measured(experiment, part) for part in play(experiment, batch=batch)])


def test_a_run_has_one_row_per_arm_and_seed_with_every_metric():
    rows = sim.run("service_market", {"client": ["random", "cheapest"]}, seeds=[4, 2], preset="minimal")
    assert rows["arm"].tolist() == ["client=random"] * 2 + ["client=cheapest"] * 2
    assert rows["seed"].tolist() == [4, 2, 4, 2]
    assert rows["provider"].unique().tolist() == ["cost_plus"]
    head = ["scenario", "preset", "arm", "client", "provider", "seed", "digest"]
    assert rows.columns.tolist() == [*head, *find("service_market").metrics]


def test_one_arm_is_named_by_all_its_roles_and_several_by_those_that_vary():
    single = plan("service_market", {"client": "random"})
    assert [arm.label for arm in single.arms] == ["client=random, provider=cost_plus"]
    several = plan("service_market", {"client": ["random", "cheapest"], "provider": ["cost_plus", "low_effort"]})
    assert several.arms[1].label == "client=random, provider=low_effort"
    assert len(several.arms) == 4


def test_rows_equal_those_of_the_world_itself():
    scenario = find("service_market")
    world = World(scenario, scenario.settings("minimal", {}), {"client": "cheapest"}, seeds=[3])
    outcome = world.play()
    rows = sim.run("service_market", {"client": "cheapest"}, seeds=[3], preset="minimal")
    assert rows["digest"][0] == world.digest(0)
    assert rows["client_surplus"][0] == sim.metrics.METRICS["client_surplus"].of(outcome)[0]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_how_many_worlds_are_played_at_once_changes_nothing(batch):
    pd.testing.assert_frame_equal(pd.DataFrame(rows_of(batch)), pd.DataFrame(rows_of()))


def test_threads_change_nothing():
    pd.testing.assert_frame_equal(pd.DataFrame(rows_of(threads=3)), pd.DataFrame(rows_of()))


def test_a_seed_meets_the_same_world_in_every_arm_and_seeds_differ():
    experiment = plan("service_market", {"client": ["random", "cheapest"]}, 3, "minimal")
    one, other = (part.outcome.best.surplus for part in play(experiment))
    np.testing.assert_array_equal(one, other)
    assert len({row.tobytes() for row in one}) == 3


def test_a_function_an_object_a_class_and_a_file_are_policies(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def greedy(view, memory, dice):\n    return {'hire': 0}\n")
    several = [first_offer, Loyal(), f"{file}:greedy", "random"]
    rows = sim.run("service_market", {"client": several}, seeds=2, preset="minimal")
    assert rows["client"].unique().tolist() == ["first_offer", "Loyal", "mine.py:greedy", "random"]
    by_arm = rows.groupby("client")["digest"].apply(list)
    assert by_arm["first_offer"] == by_arm["mine.py:greedy"] != by_arm["random"]
    assert (rows[rows.client == "Loyal"].fill_rate < 1).all()


def test_progress_counts_every_tick_of_every_world():
    seen = []
    sim.run("service_market", {"client": ["random", "cheapest"]}, 3, "minimal", progress=lambda *now: seen.append(now))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] == seen[-1][1]


def test_compare_gives_means_and_paired_differences_per_metric_and_arm():
    policies = {"client": ["random", "cheapest", "thompson"]}
    table = sim.compare("service_market", policies, ["efficiency", "fill_rate"], seeds=6, preset="minimal")
    assert table["metric"].tolist() == ["efficiency"] * 3 + ["fill_rate"] * 3
    assert table["n"].tolist() == [6] * 6
    rows = sim.run("service_market", policies, seeds=6, preset="minimal")
    wide = rows.pivot(index="seed", columns="client", values="efficiency")
    assert table["difference"][1] == pytest.approx((wide["cheapest"] - wide["random"]).mean())
    assert table[["difference", "p"]].iloc[[0, 3]].isna().all(axis=None)
    other = sim.compare("service_market", policies, "efficiency", 6, "minimal", baseline="client=cheapest")
    assert other["difference"][0] == pytest.approx(-table["difference"][1])


def test_differences_use_the_seeds_both_arms_have_where_both_are_defined():
    rows = {
        "arm": np.array(["a"] * 4 + ["b"] * 3, object),
        "seed": np.array([0, 1, 2, 3, 2, 1, 0]),
        "m": np.array([1.0, 2.0, 4.0, 9.0, 5.0, 2.0, np.nan]),
    }
    table = contrasts(rows, ["m"])
    assert (table["n"].tolist(), table["pairs"].tolist()) == ([4, 2], [0, 2])
    assert table["difference"][1] == 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": 0}, "seeds: 0 given"),
        ({"seeds": True}, "seeds: True given"),
        ({"seeds": "5"}, "seeds: '5' given"),
        ({"seeds": 2.0}, "seeds: 2.0 given"),
        ({"seeds": []}, "seeds: 0 of them given"),
        ({"seeds": [1, 1]}, "given twice"),
        ({"seeds": [-1]}, "seeds: -1 given"),
        ({"seeds": 10**9}, "allowed is a number from 1 to 100000"),
        ({"threads": 0}, "threads: 0 given"),
        ({"policies": {"client": []}}, "an empty list"),
        ({"policies": {"client": ["random", "random"]}}, "given twice"),
        ({"policies": {"buyer": "random"}}, "role: 'buyer' given"),
        ({"policies": {"client": 5}}, "policy client: int given"),
        ({"clients": True}, "clients: True given"),
        ({"clients": 2.5}, "clients: 2.5 given"),
        ({"klients": 5}, "did you mean clients"),
        ({"preset": "huge"}, "preset: 'huge' given"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(given, message):
    with pytest.raises(InputError, match=r"^[^\n]*$") as error:
        plan("service_market", **given)
    assert message in str(error.value)


def test_wrong_metrics_and_baselines_are_refused():
    with pytest.raises(InputError, match="did you mean efficiency"):
        sim.compare("service_market", metrics="eficiency", seeds=2, preset="minimal")
    with pytest.raises(InputError, match="baseline"):
        sim.compare("service_market", baseline="nobody", seeds=2, preset="minimal")
    with pytest.raises(AttributeError, match="nothing"):
        _ = sim.nothing


def test_a_world_that_can_not_fit_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    with pytest.raises(InputError, match="does not fit in memory"):
        sim.run("service_market", seeds=2, preset="minimal")


def test_importing_the_package_and_asking_for_help_load_nothing_heavy():
    heavy = "numba", "pandas", "matplotlib", "pyarrow", "mesa", "torch", "scipy"
    code = f"import sys, sim, sim.cli; sim.cli.main(['--help']); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_that_of_the_package():
    assert f'\nversion = "{sim.__version__}"\n' in (ROOT / "pyproject.toml").read_text()
