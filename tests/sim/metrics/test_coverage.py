"""The coverage study: what is committed is what the code gives, and what theory says."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.cli import main
from sim.commands.coverage import FILES, lines, page
from sim.metrics.coverage import CHANCE, INTERVALS, LOSS, SETS, SIZES, TRUTHS, Coverage, coverage, samples, study
from sim.metrics.statistics import mean_interval

COMMITTED = Path(__file__).parents[3] / "results" / "coverage"


def committed():
    """The rows of the committed table."""
    with (COMMITTED / "coverage.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Coverage(row["truth"], int(row["n"]), row["interval"], *(int(row[name]) for name in Coverage._fields[3:])), row


ROWS = {(found.truth, found.n, found.interval): found for found, _ in committed()}


def test_the_table_has_every_truth_at_every_size_with_every_interval():
    assert list(ROWS) == [(truth, n, interval) for truth in TRUTHS for n in SIZES for interval in INTERVALS]
    assert all(row.sets == SETS == row.covered + row.below + row.above for row in ROWS.values())


def test_shares_and_errors_are_those_of_the_counts():
    for found, row in committed():
        share = found.covered / found.sets
        assert float(row["share"]) == pytest.approx(share, abs=5e-5)
        assert float(row["error"]) == pytest.approx(np.sqrt(share * (1 - share) / found.sets), abs=5e-5)


@pytest.mark.parametrize(
    ("truth", "n", "interval"), [*((t, 10, i) for t in TRUTHS for i in INTERVALS), ("lognormal", 100, "student")]
)
def test_small_cells_are_what_the_code_gives(truth, n, interval):
    assert coverage(truth, n, interval) == ROWS[truth, n, interval]


@pytest.mark.slow
def test_the_whole_study_is_what_the_code_gives():
    found = list(study())
    assert lines(found) == (COMMITTED / "coverage.csv").read_text(encoding="utf-8")
    assert page(found) == (COMMITTED / "coverage.md").read_text(encoding="utf-8")


def test_the_manifest_vouches_for_the_files():
    manifest = json.loads((COMMITTED / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == "ledgerlab coverage"
    assert {"python", "numpy", "scipy"} <= set(manifest["versions"])
    assert isinstance(manifest["config"]["seed"], int)
    assert sorted([*manifest["files"], "manifest.json"]) == sorted(FILES) == sorted(file.name for file in COMMITTED.iterdir())
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((COMMITTED / name).read_bytes()).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("n", SIZES)
def test_student_intervals_of_normal_values_cover_93_to_97_percent_from_10_seeds(n):
    """They cover 95 %: 2,000 sets miss by two points with a chance below 1e-4."""
    assert 0.93 <= ROWS["normal", n, "student"].share <= 0.97


@pytest.mark.parametrize("n", SIZES)
def test_student_intervals_of_a_rare_loss_cover_as_often_as_the_binomial_law_says(n):
    """The interval depends on the number of losses alone; 5 standard errors of 2,000 sets, an error rate below 1e-6."""
    losses = np.arange(n + 1)
    values = np.where(np.arange(n) < losses[:, None], -LOSS, 0.0)
    _, low, high, _ = mean_interval(values)
    mean = TRUTHS["rare_loss"].mean
    truth = stats.binom.pmf(losses, n, CHANCE)[(low <= mean) & (mean <= high)].sum()
    assert ROWS["rare_loss", n, "student"].share == pytest.approx(truth, abs=5 * np.sqrt(truth * (1 - truth) / SETS))


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_mean_of_a_truth_is_the_mean_of_its_samples(truth):
    """20,000 samples of 100: within 5 standard errors; an error rate below 1e-6 each."""
    values = samples(truth, 100, 20_000)
    assert values.mean() == pytest.approx(TRUTHS[truth].mean, abs=5 * values.std() / np.sqrt(values.size))


def test_an_interval_without_ends_does_not_count_as_one_that_covers(monkeypatch):
    nothing = TRUTHS["normal"]._replace(draw=lambda draws, shape: np.full(shape, np.nan))
    monkeypatch.setattr("sim.metrics.coverage.TRUTHS", {"normal": nothing})
    assert coverage("normal", 10, "student", 40).covered == 0


def test_the_command_writes_the_same_bytes_each_time_and_replaces_nothing_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sim.metrics.coverage.SETS", 40)
    out = tmp_path / "coverage"
    assert main(["coverage", "--out", str(out)]) == 0
    first = {name: (out / name).read_bytes() for name in FILES[:-1]}
    assert sorted(file.name for file in out.iterdir()) == sorted(FILES)
    assert first["coverage.csv"].count(b",40,") >= 27
    assert main(["coverage", "--out", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in FILES[:-1]} == first
    (out / "mine.txt").write_text("keep me")
    capsys.readouterr()
    assert main(["coverage", "--out", str(out)]) == 2
    assert "mine.txt, allowed is a directory of the coverage study" in capsys.readouterr().err
