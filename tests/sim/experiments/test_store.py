"""Run directories: what they hold, that they are whole, and that none is overwritten."""

import hashlib
import json
import os
import signal
import threading

import numpy as np
import pandas as pd
import pytest

import sim
from chain.errors import InputError
from sim.commands.sweep import _asked_to_stop
from sim.experiments.columns import from_column, to_column, undisturbed
from sim.experiments.manifest import read_manifest
from sim.experiments.store import Stopped, read_table
from sim.scenarios import find
from sim.scenarios.service_market.tables import surplus_rows
from sim.world import World

ARMS = {"client": ["random", "thompson"], "provider": "low_effort"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("store") / "run"
    return sim.record("service_market", ARMS, seeds=4, preset="minimal", out=out)


@pytest.fixture
def copy(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def tables(folder):
    manifest = read_manifest(folder)
    return [pd.DataFrame(read_table(folder, name, manifest)) for name in ("runs", "ticks", "agents", "surplus")]


def test_stored_rows_are_those_that_run_returns(folder):
    pd.testing.assert_frame_equal(sim.load(folder), sim.run("service_market", ARMS, seeds=4, preset="minimal"))


def test_the_parts_of_the_surplus_add_up_to_the_optimum_exactly(folder):
    surplus = tables(folder)[3]
    parts = surplus[["clients", "providers", "fees", "burned", "unrealised"]]
    assert surplus["optimal"].dtype == np.int64
    assert (parts.sum(axis=1) == surplus["optimal"]).all()
    assert (surplus["burned"] > 0).all()  # low effort is slashed
    assert (surplus["providers"] < 0).any()


def test_what_was_burned_is_what_the_ledger_burned_beside_fees():
    scenario = find("service_market")
    world = World(scenario, scenario.settings("minimal", {}), {"provider": "low_effort"}, seeds=[0, 1, 2])
    outcome = world.play()
    rows = surplus_rows(outcome)
    head = world.economy.book.head[:, 0]
    np.testing.assert_array_equal(rows["burned"], head["burned"] - head["fees_burned"])


def test_ticks_and_agents_add_up_to_the_runs(folder):
    runs, ticks, agents, surplus = tables(folder)
    keys = ["arm", "seed"]
    by_run = ticks.groupby(keys, sort=False).sum(numeric_only=True)
    np.testing.assert_allclose(by_run["hires"] / by_run["requests"], runs["fill_rate"])
    np.testing.assert_allclose(by_run["realised"] / by_run["optimal"], runs["efficiency"])
    shares = agents.groupby([*keys, "role"], sort=False)["surplus"].sum().unstack()
    np.testing.assert_allclose(shares["client"], surplus["clients"] / 1e6)
    np.testing.assert_allclose(shares["provider"], surplus["providers"] / 1e6)
    assert agents["full_cost"].isna().equals(agents["role"] == "client")


def test_the_manifest_says_what_ran_on_what_and_vouches_for_the_files(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["config"]["parameters"]["clients"] == 6
    assert manifest["config"]["seeds"] == 4
    assert [arm["label"] for arm in manifest["config"]["arms"]] == ["client=random", "client=thompson"]
    assert manifest["versions"]["ledgerlab"] == sim.__version__
    assert len(manifest["rules"]["sha256"]) == 64
    assert set(manifest["machine"]) == {"cpu", "cores", "platform"}
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]
    assert sorted(file.name for file in folder.iterdir()) == sorted([*manifest["files"], "manifest.json"])


def test_the_manifest_knows_the_source_of_a_policy_from_a_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def act(view, memory, dice):\n    return {}\n")
    out = sim.record("service_market", {"client": f"{file}:act"}, seeds=[7], preset="minimal", out=tmp_path / "out")
    config = read_manifest(out)["config"]
    assert config["arms"][0]["policies"]["client"]["source_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert config["seeds"] == [7]


def test_a_run_never_overwrites_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [sim.record("service_market", seeds=1, preset="minimal") for _ in range(3)]
    assert folders[1].name == f"{folders[0].name}-2"
    assert folders[2].name == f"{folders[0].name}-3"
    other = sim.record("service_market", seeds=1, preset="minimal", horizon=5)
    assert not other.name.startswith(folders[0].name)


def test_an_empty_directory_is_taken_and_any_other_refused(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert sim.record("service_market", seeds=1, preset="minimal", out=out) == out
    before = {file: file.read_bytes() for file in out.iterdir()}
    with pytest.raises(InputError, match="exists already"):
        sim.record("service_market", seeds=1, preset="minimal", out=out)
    assert {file: file.read_bytes() for file in out.iterdir()} == before


def test_two_runs_can_not_write_the_same_directory(tmp_path):
    def meddle(view, memory, dice):
        with pytest.raises(InputError, match="exists already"):
            sim.record("service_market", seeds=1, preset="minimal", out=tmp_path / "out")
        return {}

    sim.record("service_market", {"client": meddle}, seeds=1, preset="minimal", out=tmp_path / "out")


@pytest.mark.parametrize("existed", [True, False])
def test_a_failing_policy_leaves_nothing_behind(tmp_path, existed):
    def wrong(view, memory, dice):
        raise RuntimeError("oh\nno")

    out = tmp_path / "a" / "b"
    if existed:
        out.mkdir(parents=True)
    with pytest.raises(InputError, match="policy client=wrong: raised RuntimeError"):
        sim.record("service_market", {"client": ["random", wrong]}, seeds=2, preset="minimal", out=out)
    assert sorted(tmp_path.rglob("*")) == ([out.parent, out] if existed else [])


def test_ctrl_c_keeps_the_finished_arms_and_says_so(tmp_path):
    def stop(view, memory, dice):
        raise KeyboardInterrupt

    with pytest.raises(Stopped, match="stopped: 4 of 6 runs kept in") as stopped:
        sim.record("service_market", {"client": ["random", "cheapest", stop]}, 2, "minimal", out=tmp_path / "out")
    rows = sim.load(stopped.value.folder)
    assert rows["client"].tolist() == ["random", "random", "cheapest", "cheapest"]
    assert read_manifest(stopped.value.folder)["complete"] is False
    assert not list(stopped.value.folder.glob("*.part"))


def test_ctrl_c_before_the_first_arm_is_finished_keeps_nothing(tmp_path):
    def stop(view, memory, dice):
        raise KeyboardInterrupt

    with pytest.raises(Stopped, match="stopped: 0 of 2 runs kept"):
        sim.record("service_market", {"client": stop}, 2, "minimal", out=tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_waits_until_rows_are_written():
    done = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with the signal ignored

    def write():
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


@pytest.mark.parametrize("ignored", [False, True])
def test_being_asked_to_stop_waits_too_and_stops_a_background_job(ignored):
    done = []
    handlers = {signal.SIGTERM: _asked_to_stop, signal.SIGINT: signal.SIG_IGN if ignored else signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}

    def write():
        with undisturbed():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(True)

    try:
        with pytest.raises(KeyboardInterrupt):
            write()
        assert done
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_run_can_be_recorded_outside_of_the_main_thread(tmp_path):
    work = threading.Thread(target=lambda: sim.record("service_market", seeds=1, preset="minimal", out=tmp_path / "out"))
    work.start()
    work.join()
    assert len(sim.load(tmp_path / "out")) == 1


def test_columns_keep_text_numbers_and_undefined_values():
    import pyarrow as pa

    for values in (np.array(["a", "é", ""], object), np.array([1, -(2**62)]), np.array([0.5, np.nan, np.inf])):
        column = pa.chunked_array([to_column(values), to_column(values[:1])])
        back = from_column(column)
        np.testing.assert_array_equal(back, np.concatenate([values, values[:1]]))


@pytest.mark.parametrize("table", ["runs", "surplus"])
def test_a_flipped_bit_is_found(copy, table):
    file = copy / f"{table}.parquet"
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(InputError, match=f"{table}.parquet is not the file that was written"):
        read_table(copy, table, read_manifest(copy))


def test_a_missing_table_is_named(copy):
    (copy / "runs.parquet").unlink()
    with pytest.raises(InputError, match=r"runs\.parquet can not be read"):
        sim.load(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"}, {"version": 2}, {"version": "1"}, {"files": []}, {"files": {}}, {"complete": 1}, {"metrics": []},
        {"config": {}}, {"metrics": [{"name": "nonsense", "unit": "", "more_is_better": None}]},
    ],
)  # fmt: skip
def test_a_foreign_manifest_is_refused_in_one_line(copy, change):
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=r"^run directory: [^\n]*$"):
        sim.load(copy)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "\x00"])
def test_a_manifest_that_is_no_manifest_is_refused_in_one_line(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"^run directory: [^\n]*$"):
        sim.load(copy)


def test_a_directory_without_a_manifest_or_no_directory_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        sim.load(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        sim.load(tmp_path / "nowhere")
