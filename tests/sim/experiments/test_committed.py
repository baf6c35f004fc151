"""The sweep that is committed is whole, is what was written, and holds no path of the machine that ran it."""

import json
from pathlib import Path

import sim
from sim.experiments.spec import SPECS, read_spec
from sim.experiments.verify import verify

FOLDER = Path(__file__).parents[3] / "results" / "sweeps" / "policies"
"""Rebuilt by `make sweeps`. Other code made it than that of today, so cells are not executed again here."""


def test_it_is_what_was_written():
    verdict = verify(FOLDER)
    assert verdict.problems == verdict.notes == ()
    assert verdict.files == 3 + 36


def test_it_is_whole_and_comes_from_a_commit_without_changes():
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    assert (manifest["complete"], manifest["cells"]) == (True, {"done": 36, "failed": 0, "missing": 0})
    assert manifest["checkout"]["dirty"] is False
    assert len(sim.load(FOLDER)) == 36 * 50


def test_it_is_the_spec_that_ships():
    assert read_spec(FOLDER / "spec.yml")[0] == read_spec(SPECS / "policies.yml")[0]


def test_it_holds_no_path_of_a_machine_and_all_figures_of_its_report():
    assert json.loads((FOLDER / "plan.json").read_text())["base"] == ""
    for file in (*FOLDER.glob("*.json"), *FOLDER.glob("*.md"), *FOLDER.glob("journal/*")):
        assert not [word for word in file.read_text().replace('"', " ").split() if word.startswith("/")], file.name
    report = (FOLDER / "report.md").read_text()
    assert sorted(file.name for file in FOLDER.glob("*.png")) == sorted({part.split(")")[0] for part in report.split("](")[1:]})
