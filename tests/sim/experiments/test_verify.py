"""Whatever is changed in a sweep directory is found: a field, a file, a byte, a value."""

import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim
from chain.errors import InputError
from sim.cli import main
from sim.experiments.directory import encoded
from sim.experiments.loading import load, read_sweep
from sim.experiments.seal import own_digest
from sim.experiments.store import record
from sim.experiments.verify import first_difference, verify
from tests.sim.experiments.sweeps import swept


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("whole") / "tiny", {"record": ["series"]})


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def places(value, path=()):
    """Every field of a JSON value, however deep."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else [*value, 1] if isinstance(value, list) else {"x": 1}


def test_what_was_written_is_found_to_be_so(whole):
    verdict = verify(whole, replay=8)
    assert (verdict.problems, verdict.replayed) == ((), 8)
    assert verdict.files == 3 + 8


@pytest.mark.parametrize("name", ["manifest.json", "plan.json"])
def test_every_field_that_is_changed_is_found(copy, name):
    content = json.loads((copy / name).read_text())
    fields = list(places(content))
    assert len(fields) > 30
    for path in fields:
        tampered = json.loads(json.dumps(content))
        inner = tampered
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = changed(inner[path[-1]])
        (copy / name).write_text(json.dumps(tampered, indent=1, ensure_ascii=False) + "\n")
        assert verify(copy).problems, path


def test_a_manifest_that_vouches_for_itself_but_not_for_the_plan_is_found(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["seeds"] = [7, 8, 9]
    manifest["sha256"] = own_digest(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    assert verify(copy).problems == ("manifest.json: seeds is not that of the plan",)


def test_one_byte_of_any_file_is_found(copy):
    files = [file for file in copy.rglob("*") if file.is_file() and "journal" not in file.parts]
    random = np.random.default_rng(5)
    for file in files:
        content = file.read_bytes()
        at = int(random.integers(len(content)))
        file.write_bytes(content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])
        assert verify(copy).problems, file
        file.write_bytes(content)
    assert len(files) > 30
    assert verify(copy).problems == ()


def test_a_part_that_is_gone_or_short_is_found_and_named(copy):
    first, second = sorted(copy.glob("parts/*/????????????????.parquet"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    problems = verify(copy).problems
    assert len(problems) == 2
    assert any(first.name in line and "No such file" in line for line in problems)
    assert any(second.name in line and "SHA-256" in line for line in problems)


def test_one_altered_value_is_found_by_a_replay_even_if_every_digest_was_made_to_fit(copy):
    results = read_sweep(copy)
    name, row = results.cells["part"][3], 3
    with pq.ParquetFile(copy / name) as file:
        table = file.read()
    columns = {
        key: np.array(table.column(key).to_pylist(), object if key in ("cell", "digest") else None) for key in table.column_names
    }
    stored = float(columns["efficiency"][1])
    columns["efficiency"] = columns["efficiency"] + [0, 1e-9, 0]
    (copy / name).write_bytes(encoded(columns))
    forged = hashlib.sha256((copy / name).read_bytes()).hexdigest()
    with pq.ParquetFile(copy / "cells.parquet") as file:
        cells = file.read()
    digests = cells.column("sha256").to_pylist()
    digests[row] = forged
    cells = cells.set_column(cells.column_names.index("sha256"), "sha256", pa.array(digests))
    pq.write_table(cells, copy / "cells.parquet")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["cells.parquet"]["sha256"] = hashlib.sha256((copy / "cells.parquet").read_bytes()).hexdigest()
    manifest["sha256"] = own_digest(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    assert verify(copy).problems == ()
    (problem,) = verify(copy, replay=8).problems
    assert f"efficiency at seed 1 is {stored + 1e-9}, {stored} came out again" in problem
    assert results.cells["cell"][row] in problem


def forge(folder, **fields):
    """Make every digest fit what lies in a directory, with these fields of the manifest changed."""
    manifest = {**json.loads((folder / "manifest.json").read_text()), **fields}
    for name in manifest["files"]:
        manifest["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest["sha256"] = own_digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rows": 3}, "manifest.json: its counts of cells and rows are not those of cells.parquet"),
        ({"cells": {"done": 0, "failed": 8, "missing": 0}}, "manifest.json: its counts of cells and rows are not those"),
        ({"complete": False}, "manifest.json: complete is False, 0 cells were not run"),
        ({"files": {"plan.json": {}, "cells.parquet": {}}}, "manifest.json: it does not vouch for spec.yml"),
    ],
)
def test_a_manifest_that_contradicts_what_it_vouches_for_is_found(copy, fields, problem):
    forge(copy, **fields)
    (found,) = verify(copy).problems
    assert found.startswith(problem)


def test_a_sweep_that_was_run_anew_with_another_question_holds_together(copy, monkeypatch):
    monkeypatch.setattr("sim.experiments.opening.code_digest", lambda: "other")
    swept(copy, {"record": ["series"], "question": "Another?"}, resume=True, anew=True)
    assert "Another?" in (copy / "spec.yml").read_text()
    assert verify(copy).problems == ()


def test_another_spec_beside_the_plan_is_found(copy):
    (copy / "spec.yml").write_text((copy / "spec.yml").read_text().replace("seeds: 3", "seeds: 4"))
    forge(copy)
    assert verify(copy).problems == ("spec.yml: it is not the spec of the plan",)


@pytest.mark.parametrize("name", ["client", "arm", "point", "arbiter_bps"])
def test_a_label_that_is_moved_to_another_cell_is_found_by_a_replay_even_if_every_digest_was_made_to_fit(copy, name):
    with pq.ParquetFile(copy / "cells.parquet") as file:
        cells = file.read()
    turned = pa.array(cells.column(name).to_pylist()[::-1], cells.schema.field(name).type)
    pq.write_table(cells.set_column(cells.column_names.index(name), name, turned), copy / "cells.parquet")
    forge(copy)
    (problem,) = verify(copy, replay=1).problems
    assert problem.startswith(f"cells.parquet: {name} of cell 0 is")


def test_a_metric_said_to_be_worse_when_it_is_more_is_found_by_a_replay_even_if_every_digest_was_made_to_fit(copy):
    plan = json.loads((copy / "plan.json").read_text())
    plan["metrics"][0]["more_is_better"] = False
    (copy / "plan.json").write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n")
    forge(copy)
    assert verify(copy, replay=1).problems == ("plan.json: metrics is not what its spec gives",)


def test_the_first_difference_is_the_first_row():
    stored = {"seed": np.array([0, 1, 2]), "a": np.array([1.0, np.nan, 3.0]), "b": np.array(["x", "y", "z"], object)}
    assert first_difference(stored, stored) == ""
    again = stored | {"a": np.array([1.0, np.nan, 4.0]), "b": np.array(["x", "w", "z"], object)}
    assert first_difference(stored, again) == "b at seed 1 is y, w came out again"
    assert "columns" in first_difference(stored, {"seed": stored["seed"]})


def test_a_pick_can_be_repeated(whole):
    assert verify(whole, replay=2, seed=3) == verify(whole, replay=2, seed=3)
    with pytest.raises(InputError, match="replay: 9 given, allowed is 0 to 8"):
        verify(whole, replay=9)


def test_a_sweep_that_was_not_brought_to_an_end_is_not_what_it_should_be(copy):
    (copy / "manifest.json").unlink()
    assert "--resume" in verify(copy).problems[0]
    assert len(load(copy)) == 24


def test_a_single_run_is_checked_too(tmp_path):
    folder = record("service_market", seeds=2, preset="minimal", out=tmp_path / "run")
    assert verify(folder).problems == ()
    (folder / "runs.parquet").write_bytes(b"PAR1")
    assert "runs.parquet" in verify(folder).problems[0]
    with pytest.raises(InputError, match="replay"):
        verify(folder, replay=1)


def test_the_recorded_ledgers_of_a_run_are_checked_too(tmp_path):
    folder = record("service_market", seeds=2, preset="minimal", ledgers=True, out=tmp_path / "run")
    verdict = verify(folder)
    assert (verdict.files, verdict.problems) == (4 + 2, ())
    ledger = folder / "ledgers" / "1-1.ledger"
    content = bytearray(ledger.read_bytes())
    content[-1] ^= 1
    ledger.write_bytes(content)
    assert verify(folder).problems == ("ledgers/1-1.ledger: is not what was written (its SHA-256 differs)",)
    ledger.unlink()
    assert verify(folder).problems == ("ledgers/1-1.ledger: can not be read (No such file or directory)",)


def test_a_published_result_that_was_run_again_is_checked_and_its_page_written_anew_too(tmp_path, capsys):
    folder = sim.reproduce("double_spend", out=tmp_path / "spend", shares=[0.2], confirmations=[1], trials=3)
    table = folder / "table.md"
    page = table.read_bytes()
    assert (verify(folder).files, verify(folder).problems) == (4, ())
    table.write_bytes(page + b"!")
    assert verify(folder).problems == ("table.md: is not what was written (its SHA-256 differs)",)
    assert main(["report", str(folder)]) == 0
    assert str(table) in capsys.readouterr().out
    assert (table.read_bytes(), verify(folder).problems) == (page, ())
    (folder / "runs.parquet").write_bytes(b"PAR1")
    assert main(["report", str(folder)]) == 2
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": [1]}))
    with pytest.raises(InputError, match="reproduction: "):
        verify(folder)


def test_what_is_no_run_directory_is_refused(tmp_path):
    with pytest.raises(InputError, match="manifest"):
        verify(tmp_path)
