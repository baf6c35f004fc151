"""Why an interval may be too narrow: each reason, with the evidence of the committed study."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from sim.metrics.doubts import DOUBTS, STUDENT_COVERS, doubts, evidence, warning, warnings

COMMITTED = Path(__file__).parents[3] / "results" / "coverage" / "coverage.csv"
DRAWS = np.random.Generator(np.random.Philox(34))
NORMAL = np.linspace(-2, 2, 30)


def test_the_evidence_is_the_committed_table():
    with COMMITTED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["interval"] == "student"]
    table = {truth: {int(r["n"]): float(r["share"]) for r in rows if r["truth"] == truth} for truth in STUDENT_COVERS}
    assert {truth: dict(shares) for truth, shares in STUDENT_COVERS.items()} == table


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        (NORMAL, ""),
        (NORMAL[:10], ""),
        (NORMAL[:9], "few"),
        ([5.0], "few"),
        ([], ""),
        (np.exp(NORMAL), "skewed"),
        (-np.exp(NORMAL), "skewed"),
        (np.exp(np.linspace(-2, 2, 6)), "skewed"),
        ([0.0] * 26 + [-9.0] * 4, "rare"),
        ([0.0] * 25 + [-9.0] * 5, "skewed"),
        ([0.0] * 5 + [-9.0] * 5, ""),
        ([7.0] * 8 + [1.0, 12.0], "rare"),
        ([np.nan] * 12 + [0.0] * 8 + [1.0] * 2, "rare"),
        ([0.0] * 4 + [1.0] * 4, "few"),
        ([0.0] * 4 + [1.0], "rare"),
        ([0.0] * 3 + [1.0], "skewed"),
        ([0.0] * 4, "few"),
        ([0.0] * 5, "constant"),
        ([0.1 + 0.2] * 9 + [0.3] * 9, "constant"),
        ([np.inf] + [1.0] * 12, ""),
    ],
)
def test_the_reason_is_named(values, doubt):
    assert doubts(values) == doubt
    assert bool(warning(values)) == bool(doubt)


def test_a_warning_says_why_and_quotes_the_study_at_the_nearest_number_of_seeds():
    text = warning(np.exp(NORMAL))
    assert re.fullmatch(
        r"skewed \(skewness 1\.\d\): of lognormal values, Student intervals at 30 seeds cover 88 % instead of 95 %", text
    )
    assert warning([0.0] * 97 + [-1.0] * 3).startswith("only 3 of 100 outcomes are not 0: of a loss with probability 0.05")
    assert warning([2.0] * 9 + [3.0]).startswith("only 1 of 10 outcomes is not 2: ")
    assert warning([1.0, 2.0, 3.0]).startswith("only 3 seeds, too few to see skew: of lognormal values")
    assert warning([0.0] * 20) == "all 20 outcomes are 0: other outcomes, with a probability of up to 14 %, may be missing"


@pytest.mark.parametrize(("n", "nearest"), [(1, 10), (10, 10), (20, 10), (21, 30), (65, 30), (66, 100), (5_000, 100)])
def test_the_nearest_row_is_quoted_and_of_two_the_more_cautious(n, nearest):
    for doubt, truth in (("skewed", "lognormal"), ("rare", "rare_loss"), ("few", "lognormal")):
        share = 100 * STUDENT_COVERS[truth][nearest]
        assert f"at {nearest} seeds cover {share:.0f} % instead of 95 %" in evidence(doubt, n)


def test_what_a_constant_sample_can_miss_is_missed_by_one_in_twenty_such_samples():
    share = int(re.search(r"up to (\d+) %", evidence("constant", 20)).group(1)) / 100
    assert (1 - share) ** 20 == pytest.approx(0.05, abs=0.01)


def test_samples_of_any_shape_are_judged_as_each_alone_with_its_unknown_values_left_out(monkeypatch):
    monkeypatch.setattr("sim.metrics.doubts.BLOCK", 64)
    table = np.stack([DRAWS.normal(size=(3, 4, 12)), DRAWS.lognormal(size=(3, 4, 12)), DRAWS.random((3, 4, 12)) < 0.1])
    table[:, 1, :, 6:9] = np.nan
    table[0, 0, 0] = np.nan
    names, texts = doubts(table), warnings(table)
    assert names.shape == texts.shape == (3, 3, 4)
    for index in np.ndindex(3, 3, 4):
        alone = table[index][~np.isnan(table[index])]
        assert names[index] == doubts(alone)
        assert texts[index] == warning(alone)
    assert set(names.reshape(-1).tolist()) == {"", *DOUBTS}
    assert doubts(np.empty((0, 5))).shape == (0,)
    assert doubts(np.empty((3, 0))).tolist() == ["", "", ""]
