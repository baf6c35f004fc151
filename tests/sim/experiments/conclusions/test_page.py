"""The report of a sweep as files: whole, the same from the same rows, and inert."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from chain.errors import InputError
from sim.experiments.conclusions.page import write_report
from tests.sim.experiments.conclusions.test_document import EVIL, assert_inert
from tests.sim.experiments.synthetic import DELAY, EFFICIENCY, WELFARE, grid, noise, results

THREE = {"client": ["a", "b", "c"]}


def value(metric, cell):
    """Some values that differ between arms, points and sides."""
    level = 1 + 0.1 * ord(str(cell["client"])[-1]) % 1 + 0.01 * cell["point"] - 0.4 * (cell["side"] == "attacked") * cell["share"]
    return level * (100 if metric == "honest_welfare" else 1) + noise(len(metric) + cell["point"])


def parts(folder):
    """Titles of the parts of a report, and the figures it shows."""
    text = (folder / "report.md").read_text()
    return re.findall(r"\n## (.*)\n", text), re.findall(r"\]\((\w+\.png)\)", text)


def test_a_report_of_arms_over_two_parameters_has_every_part(tmp_path):
    path = write_report(results(tmp_path, value, policies=THREE, points=grid(x=[1, 2], y=[1, 2, 3]), metrics=(EFFICIENCY, DELAY)))
    assert path == tmp_path / "report.md"
    titles, figures = parts(tmp_path)
    assert titles == [
        "What was run",
        "Arms compared",
        "Point by point",
        "What the parameters do",
        "Responses",
        "Policies over all points",
        "Other metrics",
        "Limitations",
        "How to run it again",
    ]
    assert figures == ["arms.png", "response_1.png", "response_2.png", "map.png"]
    for name in figures:
        assert len(np.unique(imread(tmp_path / name) @ np.array([1.0, 10.0, 100.0, 0.0]))) > 20
    assert (tmp_path / "report.html").read_text().count("data:image/png;base64,") == len(figures)
    text = path.read_text()
    assert f"ledgerlab verify {tmp_path.name} --replay 3" in text
    assert "nan" not in text
    assert "code abababababababab, commit cccc" in text


def test_a_map_speaks_of_brackets_only_if_it_has_them(tmp_path):
    for side, has in ((2, True), (9, False)):
        write_report(results(tmp_path, value, policies=THREE, points=grid(x=range(side), y=[1, 2])))
        assert ("in brackets where none can be concluded" in (tmp_path / "report.md").read_text()) == has


def test_a_report_under_attack_has_curves_and_a_front(tmp_path):
    attacks = {"shirker": [0.25, 0.5], "decoy": [0.25]}
    write_report(results(tmp_path, value, attacks=attacks, defences=["stake"], metrics=(EFFICIENCY, WELFARE)))
    titles, figures = parts(tmp_path)
    assert "Under attack" in titles
    assert figures == ["arms.png", "shares.png", "front.png"]


@pytest.mark.parametrize(
    ("given", "figures"),
    [
        ({}, []),
        ({"points": grid(x=[1, 2, 3])}, ["response_1.png"]),
        ({"policies": THREE}, ["arms.png"]),
        ({"points": ({"x": 1, "y": 1}, {"x": 2, "y": 2})}, ["response_1.png", "response_2.png"]),
        ({"policies": THREE, "failed": range(3)}, []),
        ({"policies": THREE, "seeds": 1}, ["arms.png"]),
        ({"attacks": {"shirker": [0.25]}}, ["arms.png"]),
    ],
)
def test_a_sweep_has_the_figures_that_it_deserves(given, figures, tmp_path):
    one = given.pop("seeds", 10)
    write_report(results(tmp_path, lambda metric, cell: value(metric, cell)[:one], seeds=one, **given))
    assert parts(tmp_path)[1] == figures
    assert sorted(file.name for file in tmp_path.glob("*.png")) == sorted(figures)


def test_the_same_rows_give_the_same_bytes(tmp_path):
    one = results(tmp_path, value, policies=THREE, points=grid(x=[1, 2]))
    write_report(one)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write_report(one)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert set(before) == {"report.md", "report.html", "contrasts.csv", "arms.png", "response_1.png"}


@pytest.mark.parametrize("text", EVIL)
def test_labels_questions_and_errors_from_anywhere_are_inert(text, tmp_path):
    given = {"policies": {"client": [text, f"{text} $x_{{$"]}, "points": grid(x=[1, 2]), "failed": [1]}
    write_report(
        results(tmp_path, lambda _, cell: noise(cell["point"]), question=text, name=text, error=text, notes=[text], **given)
    )
    assert_inert((tmp_path / "report.html").read_text())
    prose = (tmp_path / "report.md").read_text().partition("```sh")[0]
    assert "<" not in prose
    assert all(name.endswith(".png") for name in re.findall(r"(?<!\\)(?:\\\\)*\]\((.*?)\)", prose))


def test_a_plan_that_lacks_something_is_refused_in_one_line(tmp_path):
    one = results(tmp_path, value)
    broken = replace(one, plan={name: what for name, what in one.plan.items() if name != "versions"})
    with pytest.raises(InputError, match="lacks what a report needs"):
        write_report(broken)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="can not be written"):
        write_report(replace(one, folder=tmp_path / "nowhere"))
