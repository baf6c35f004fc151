"""Reports: words, tables and figures from stored rows alone."""

import math
import shlex

import numpy as np
import pytest
from matplotlib.image import imread

import sim
from sim.cli import main
from sim.experiments.manifest import read_manifest
from sim.experiments.reading import command, difference_table, limitations, main_table, reading, verdict, with_error
from sim.experiments.report import report
from sim.experiments.store import read_table
from sim.metrics.contrasts import contrasts
from sim.plots.market import efficiency_over_time, shares
from sim.plots.style import in_windows, short_labels

FIGURES = "efficiency_over_time.png", "surplus_split.png", "prices_and_costs.png", "policies_compared.png"
MANIFEST = {
    "complete": True,
    "metrics": [
        {"name": "efficiency", "unit": "of optimum", "more_is_better": True},
        {"name": "delay", "unit": "blocks", "more_is_better": False},
    ],
}


def rows(**arms):
    """Runs with these efficiencies by arm, and a delay of 2."""
    sizes = {arm: len(values) for arm, values in arms.items()}
    return {
        "arm": np.concatenate([np.full(n, arm, object) for arm, n in sizes.items()]),
        "seed": np.concatenate([np.arange(n) for n in sizes.values()]),
        "efficiency": np.concatenate([np.array(values, float) for values in arms.values()]),
        "delay": np.full(sum(sizes.values()), 2.0),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "run"
    policies = {"client": ["random", "cheapest"], "provider": ["cost_plus", "low_effort"]}
    sim.record("service_market", policies, seeds=3, preset="minimal", out=out, horizon=30)
    report(out)
    return out


def test_a_report_has_tables_figures_limits_and_the_command(folder):
    text = (folder / "report.md").read_text()
    for part in (
        "## Results",
        "## Differences in the same random worlds",
        "## What this can not say",
        "ledgerlab run service_market",
    ):
        assert part in text
    for name in FIGURES:
        assert f"]({name})" in text
    for metric in ("efficiency", "fill_rate", "gini"):
        assert f"| {metric} (" in text
    assert "client=cheapest, provider=low_effort" in text


def test_figures_are_drawn_and_not_blank(folder):
    for name in FIGURES:
        picture = imread(folder / name)
        assert picture.shape[1] >= 1_000
        assert len(np.unique(picture @ np.array([1.0, 10.0, 100.0, 0.0]))) > 20


def test_the_same_rows_give_the_same_bytes_and_nothing_is_run_again(folder, monkeypatch):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr("sim.world.World.__init__", lambda *_, **__: pytest.fail("a world was built"))
    report(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_one_arm_and_one_seed_make_a_report_without_comparison(tmp_path):
    out = sim.record("service_market", seeds=1, preset="minimal", out=tmp_path / "run")
    text = report(out).read_text()
    assert "## Differences" not in text
    assert not (out / "policies_compared.png").exists()
    assert "Fewer than 10 worlds" in text


def test_a_market_without_a_single_hire_can_be_reported(tmp_path):
    def nobody(view, memory, dice):
        return {"hire": -1}

    out = sim.record("service_market", {"client": [nobody, "random"]}, seeds=2, preset="minimal", out=tmp_path / "run")
    text = report(out).read_text()
    assert "not defined" in text
    assert "price_level with client=nobody (0 of 2)" in text


def test_the_command_of_a_report_gives_the_same_ledgers(folder, tmp_path):
    text, shell = command(read_manifest(folder))
    assert shell
    assert main([*shlex.split(text)[1:], "--no-report", "--out", str(tmp_path / "again")]) == 0
    assert sim.load(tmp_path / "again")["digest"].tolist() == sim.load(folder)["digest"].tolist()


def test_the_command_of_a_run_under_attack_plays_its_attacks_and_defences_again(tmp_path):
    attack = {"shirker": 0.34, "decoy": 1 / 3}
    given = {"defence": ["stake", "dispute"], "seeds": 2, "preset": "minimal"}
    out = sim.record("service_market", attack=attack, **given, out=tmp_path / "run")
    text, shell = command(read_manifest(out))
    assert shell
    assert main([*shlex.split(text)[1:], "--no-report", "--out", str(tmp_path / "again")]) == 0
    first, second = sim.load(out), sim.load(tmp_path / "again")
    assert second[["arm", "digest"]].values.tolist() == first[["arm", "digest"]].values.tolist()
    out = sim.record("service_market", attack={"shirker": 0.34}, seeds=[5, 3], preset="minimal", out=tmp_path / "seeds")
    assert command(read_manifest(out))[0].endswith("[5, 3], 'minimal', attack={'shirker': 0.34})")


def test_a_run_that_no_command_can_repeat_is_described_in_python(tmp_path):
    def mine(view, memory, dice):
        return {}

    out = sim.record(
        "service_market", {"client": ["random", mine]}, seeds=[5, 3], preset="minimal", out=tmp_path / "run", horizon=4
    )
    text, shell = command(read_manifest(out))
    assert not shell
    assert text.endswith(
        "sim.record('service_market', {'client': ['random', mine], 'provider': ['cost_plus']}, [5, 3], 'minimal', horizon=4)"
    )


def test_the_parts_of_the_bars_add_up_to_one_and_losses_are_negative(folder):
    surplus = read_table(folder, "surplus", read_manifest(folder))
    for arm in dict.fromkeys(surplus["arm"].tolist()):
        parts = shares(surplus, arm)
        assert sum(parts.values()) == pytest.approx(1)
        assert (parts["providers"] < 0) == ("low_effort" in arm)


def test_windows_over_time_hold_every_tick_but_the_first():
    for ticks in (1, 2, 24, 25, 26, 100, 103):
        middle, sums = in_windows(np.concatenate([[[99.0]], np.ones((1, ticks))], axis=1))
        assert sums.sum() == ticks
        assert len(middle) == sums.shape[1] <= 25
        assert (np.diff(middle) > 0).all()
        assert 1 <= middle[0] <= middle[-1] <= ticks


def test_labels_are_short():
    assert short_labels(["client=a, provider=b", "client=a, provider=c"]) == ("client / provider", ["a / b", "a / c"])


def test_numbers_have_as_many_decimals_as_their_interval_deserves():
    assert with_error(49.4321, 48.3321, 50.5321) == "49.4 ± 1.1"
    assert with_error(0.1234567, 0.1233567, 0.1235567) == "0.12346 ± 0.00010"
    assert with_error(math.nan, math.nan, math.nan) == "not defined"
    assert with_error(2.0, 2.0, 2.0) == "2"


def test_a_clear_difference_is_read_as_one():
    noise = np.random.Generator(np.random.Philox(3)).normal(size=(2, 30)) / 50
    runs = rows(a=0.5 + noise[0], b=0.8 + noise[1])
    assert reading(runs, MANIFEST).startswith("efficiency is highest with b: 0.80")
    assert "differs from the next, a, by +0.299" in reading(runs, MANIFEST)
    _, lines = difference_table(contrasts(runs, ["efficiency", "delay"]), MANIFEST["metrics"])
    assert lines[0][-1] == "higher: better"
    assert lines[1][3:] == ["equal in every world", "1.000", "no difference can be concluded"]


def test_no_clear_difference_is_not_read_as_one():
    noise = np.random.Generator(np.random.Philox(4)).normal(size=(2, 12))
    text = reading(rows(a=noise[0], b=noise[1]), MANIFEST)
    assert "no difference can be concluded" in text


def test_the_verdict_knows_which_way_is_better():
    row = {"p": 0.01, "difference": -1.0}
    assert verdict(row, True) == "lower: worse"
    assert verdict(row, False) == "lower: better"
    assert verdict(row, None) == "lower"
    assert verdict(row | {"p": 0.2}, True) == "no difference can be concluded"
    assert "too few" in verdict(row | {"p": math.nan}, True)


def test_limits_name_skew_rare_outcomes_missing_worlds_and_stopped_runs():
    values = np.zeros((3, 12))
    values[0] = np.exp(np.arange(12))
    values[1, :2] = 1.0
    values[2, 3] = np.nan
    text = " ".join(limitations(rows(a=values[0], b=values[1], c=values[2] + 1), MANIFEST | {"complete": False}))
    for part in (
        "Skewed values, whose intervals lean to one side: efficiency with a. Of lognormal values, Student intervals at 10 seeds",
        "Fewer than five worlds with any outcome but the usual one, whose intervals can not be trusted: efficiency with b. Of",
        "Equal in every world, with an interval of no width: efficiency with c. Other outcomes, with a probability of up to 24 %",
        "stopped",
    ):
        assert part in text
    assert "Fewer than 10 worlds" not in text
    assert "efficiency with c (11 of 12)" in text


def test_the_main_table_has_a_row_per_metric_and_a_column_per_arm():
    header, lines = main_table(contrasts(rows(a=[1, 2], b=[3, 4]), ["efficiency", "delay"]), MANIFEST["metrics"], ["a", "b"])
    assert header == ["metric", "a", "b"]
    assert lines[1] == ["delay (blocks)", "2", "2"]


def test_the_axes_of_a_figure_say_what_they_show(folder):
    manifest = read_manifest(folder)
    ticks = read_table(folder, "ticks", manifest)
    figure = efficiency_over_time({"ticks": ticks}, list(dict.fromkeys(ticks["arm"].tolist())))
    (axes,) = figure.axes
    assert axes.get_title("left").startswith("Efficiency over time")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("tick of hire", "realised surplus, share of optimum")
