"""A sweep is run once, whatever happens on the way; its directory is the truth."""

import json

import numpy as np
import pytest

import sim
from chain.errors import InputError
from sim.experiments.directory import encoded, publish
from sim.experiments.errors import CellsFailed, Different, Unwritable
from sim.experiments.journal import facts
from sim.experiments.loading import read_sweep
from sim.experiments.verify import verify
from tests.sim.experiments.sweeps import TINY, parts_of, swept


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted sweep."""
    return swept(tmp_path_factory.mktemp("whole") / "tiny")


def test_rows_are_those_of_sim_run(whole):
    rows = sim.load(whole)
    for values, mine in rows.groupby(["arbiter_bps", "delivery_window", "client"]):
        given = {"arbiter_bps": int(values[0]), "delivery_window": int(values[1])}
        theirs = sim.run("service_market", {"client": values[2]}, seeds=3, preset="minimal", **given)
        assert mine.digest.tolist() == theirs.digest.tolist()
        assert np.array_equal(mine.efficiency, theirs.efficiency, equal_nan=True)


def test_arms_of_a_point_share_it_and_differ_in_their_label(whole):
    cells = read_sweep(whole).cells
    assert cells["point"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert cells["arm"].tolist() == ["client=cheapest", "client=thompson"] * 4
    assert cells["status"].tolist() == ["done"] * 8


def test_nothing_but_the_directory_is_left_behind(whole):
    assert sorted(file.name for file in whole.iterdir()) == [
        "cells.parquet", "journal", "manifest.json", "parts", "plan.json", "spec.yml",
    ]  # fmt: skip


def test_a_plan_holds_a_path_of_this_machine_only_if_a_policy_is_a_file(whole, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def idle(view, memory, dice):\n    return {}\n")
    other = swept(tmp_path / "other", {"policies": {"client": f"{file}:idle"}, "grid": {"arbiter_bps": [0]}}, trust=True)
    assert json.loads((whole / "plan.json").read_text())["base"] == ""
    assert json.loads((other / "plan.json").read_text())["base"] != ""
    assert verify(other, replay=1, trust=True).problems == ()


def test_a_sweep_that_is_there_is_not_run_again_without_being_asked(whole):
    before = parts_of(whole)
    with pytest.raises(InputError, match=r"holds this sweep already.*--resume"):
        swept(whole)
    told = []
    swept(whole, resume=True, progress=told.append)
    assert [progress.fresh for progress in told] == [0]
    assert parts_of(whole) == before


def test_another_sweep_does_not_go_into_its_directory(whole):
    with pytest.raises(InputError, match="holds another sweep"):
        swept(whole, {"seeds": 4}, resume=True)


def test_a_directory_that_is_no_sweep_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is no sweep"):
        swept(tmp_path, resume=True)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_other_code_is_refused_or_runs_beside_what_is_there(whole, tmp_path, monkeypatch):
    folder = swept(tmp_path / "tiny")
    before = parts_of(folder)
    monkeypatch.setattr("sim.experiments.cells.code_digest", lambda: "0" * 64)
    monkeypatch.setattr("sim.experiments.opening.code_digest", lambda: "0" * 64)
    monkeypatch.setattr("sim.experiments.work.code_digest", lambda: "0" * 64)
    with pytest.raises(InputError, match=r"other code.*--anew"):
        swept(folder, resume=True)
    swept(folder, resume=True, anew=True)
    after = parts_of(folder)
    assert len(after) == 16
    assert before.items() <= after.items()
    assert sim.load(folder).drop(columns="cell").equals(sim.load(whole).drop(columns="cell"))


def test_a_cell_that_fails_is_a_row_with_its_error_and_tried_again_on_request(tmp_path):
    (tmp_path / "mine.py").write_text("def mine(view, memory, dice):\n    raise ValueError('not today')\n")
    spec = {"policies": {"client": ["cheapest", f"{tmp_path}/mine.py:mine"]}}
    with pytest.raises(CellsFailed, match=r"4 of 8 cells failed.*not today"):
        swept(tmp_path / "tiny", spec, trust=True)
    cells = read_sweep(tmp_path / "tiny").cells
    assert cells["status"].tolist() == ["done", "failed"] * 4
    assert all("not today" in error for error in cells["error"][1::2])
    told = []
    with pytest.raises(CellsFailed):
        swept(tmp_path / "tiny", spec, trust=True, resume=True, progress=told.append)
    assert told[-1].fresh == 0
    with pytest.raises(CellsFailed):
        swept(tmp_path / "tiny", spec, trust=True, resume=True, retry_failed=True, progress=told.append)
    assert told[-1].fresh == 4
    assert len(sim.load(tmp_path / "tiny")) == 12


def test_a_policy_file_that_is_changed_makes_another_sweep(tmp_path):
    (tmp_path / "mine.py").write_text("def mine(view, memory, dice):\n    return {}\n")
    spec = {"policies": {"client": f"{tmp_path}/mine.py:mine"}}
    swept(tmp_path / "tiny", spec, trust=True)
    (tmp_path / "mine.py").write_text("def mine(view, memory, dice):\n    return {'hire': -1}\n")
    with pytest.raises(InputError, match="holds another sweep"):
        swept(tmp_path / "tiny", spec, trust=True, resume=True)


def test_ctrl_c_keeps_what_is_finished_and_the_next_goes_on(whole, tmp_path):
    def press(progress):
        if progress.fresh == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"3 of 8 cells kept"):
        swept(tmp_path / "tiny", progress=press)
    assert json.loads((tmp_path / "tiny" / "manifest.json").read_text())["complete"] is False
    assert len(sim.load(tmp_path / "tiny")) == 9
    swept(tmp_path / "tiny", resume=True)
    assert parts_of(tmp_path / "tiny") == parts_of(whole)
    assert json.loads((tmp_path / "tiny" / "manifest.json").read_text())["complete"] is True


def test_a_part_that_was_damaged_is_kept_aside_and_run_again(whole, tmp_path):
    folder = swept(tmp_path / "tiny")
    one, other = sorted(folder.glob("parts/*/*.parquet"))[:2]
    one.write_bytes(one.read_bytes()[:-7])
    content = bytearray(other.read_bytes())
    content[len(content) // 2] ^= 1
    other.write_bytes(bytes(content))
    told = []
    swept(folder, resume=True, progress=told.append)
    notes = [progress.note for progress in told if progress.note]
    assert len(notes) == 2
    assert all("is not what was published" in note for note in notes)
    assert {file: content for file, content in parts_of(folder).items() if "damaged" not in file} == parts_of(whole)
    assert len(list(folder.glob("parts/*/*.damaged-*"))) == 2


def test_a_part_that_is_gone_is_run_again(whole, tmp_path):
    folder = swept(tmp_path / "tiny")
    next(folder.glob("parts/*/*.parquet")).unlink()
    told = []
    swept(folder, resume=True, progress=told.append)
    assert [progress.note for progress in told if "No such file" in progress.note]
    assert parts_of(folder) == parts_of(whole)


def test_a_cell_is_published_once_and_another_result_is_an_error(tmp_path):
    columns = {"seed": np.arange(3), "efficiency": np.array([0.5, np.nan, 1.0])}
    digest = publish(tmp_path, "ab" * 8, {"": columns})
    assert publish(tmp_path, "ab" * 8, {"": columns}) == digest
    with pytest.raises(Different, match="two results"):
        publish(tmp_path, "ab" * 8, {"": columns | {"efficiency": np.array([0.5, np.nan, 0.9])}})
    assert (tmp_path / "parts" / "ab" / f"{'ab' * 8}.parquet").read_bytes() == encoded(columns)


def test_a_line_that_was_being_written_when_the_driver_died_is_no_line(whole, tmp_path):
    folder = swept(tmp_path / "tiny")
    journal = next((folder / "journal").glob("*.jsonl"))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:4]) + lines[4][:25])
    known, errors, sessions = facts(folder, 8)
    assert (known["status"] == 1).sum() == 3
    assert (errors, len(sessions)) == ({}, 1)
    swept(folder, resume=True)
    assert sim.load(folder).equals(sim.load(whole))


def test_series_and_ledgers_are_kept_on_request(tmp_path):
    folder = swept(tmp_path / "tiny", {"record": ["series", "ledgers"], "grid": {}})
    names = {file.name.split(".")[1] for file in folder.glob("parts/*/*.*.parquet")}
    assert {"ticks", "agents", "ledger_jobs", "ledger_accounts", "ledger_head"} <= names


def test_a_full_disk_stops_the_sweep_and_fails_no_cell(tmp_path, monkeypatch):
    folder = tmp_path / "tiny"
    from sim.experiments import directory

    real, left = directory.write, [9]

    def full(file, content):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(file))
        real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(directory, "write", full)
        with pytest.raises(Unwritable, match=r"No space left on device.*cells are kept in .*--resume"):
            swept(folder)
    swept(folder, resume=True)
    assert set(read_sweep(folder).cells["status"]) == {"done"}
    assert TINY["name"] in (folder / "spec.yml").read_text()
