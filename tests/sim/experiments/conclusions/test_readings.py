"""The report answers what its sweep asked: which parameter moves something, where an arm is ahead, and what a rule saves."""

import numpy as np
import pytest

from sim.experiments.conclusions.document import Grid
from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.losses import losses
from sim.experiments.conclusions.page import report_of
from sim.experiments.conclusions.summary import summary
from sim.experiments.conclusions.under_attack import Sides, markets
from sim.experiments.loading import read_sweep
from tests.sim.experiments.sweeps import swept

ATTACKED = {
    "policies": {"client": "cheapest"},
    "grid": {"min_stake": [0, 80_000_000], "arbiter_bps": [0, 9000]},
    "attacks": {"shirker": 0.25},
    "metrics": ["honest_welfare", "attacker_profit"],
    "seeds": 10,
}


def said(folder):
    found = Findings(read_sweep(folder))
    return " ".join(summary(found, Sides(found)))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("attacked") / "sweep", ATTACKED)


def test_what_a_parameter_saves_is_the_difference_of_two_losses(attacked):
    found = Findings(read_sweep(attacked))
    lost = losses(found, Sides(found))
    assert [(case.parameter, case.market) for case in lost.cases] == [("min_stake", "the market"), ("arbiter_bps", "the market")]
    runs = {(cell, side): row for row, (cell, side) in enumerate(zip(found.cells["point"], found.cells["side"], strict=True))}
    welfare = found.values["honest_welfare"]
    harm = [welfare[runs[point, "honest"]] - welfare[runs[point, "attacked"]] for point in range(4)]
    by_stake = (harm[2] + harm[3]) / 2 - (harm[0] + harm[1]) / 2  # points: stake 0 with both arbiters, then 80 with both
    assert lost.compared.difference.mean[0] == pytest.approx(by_stake.mean())
    by_arbiter = (harm[1] + harm[3]) / 2 - (harm[0] + harm[2]) / 2
    assert lost.compared.difference.mean[1] == pytest.approx(by_arbiter.mean())


def test_the_reading_says_what_is_lost_at_both_ends_and_the_page_has_the_table(attacked):
    document, _ = report_of(read_sweep(attacked))
    tables = [block for block in document.blocks if isinstance(block, Grid) and "lost at the lowest, coins" in block.header]
    assert [row[0] for row in tables[0].rows] == ["min_stake", "arbiter_bps"]
    assert "Honest agents lose, the rest averaged: " in said(attacked)
    assert "at arbiter_bps = 0 and" in said(attacked)


def test_arms_that_a_spec_names_are_called_by_their_name_alone(tmp_path):
    arms = {"none": {}, "all of it": {"defences": ["stake", "dispute"]}}
    asked = {"attacks": {"shirker": 0.25}, "metrics": ["honest_welfare"], "arms": arms, "grid": {"delivery_window": [2]}}
    found = Findings(read_sweep(swept(tmp_path / "sweep", {**asked, "policies": {}})))
    assert set(markets(found)) == {"none", "all of it"}
    both = {"attacks": {"shirker": 0.25}, "metrics": ["honest_welfare"], "defences": ["stake"], "grid": {"delivery_window": [2]}}
    found = Findings(read_sweep(swept(tmp_path / "other", {**both, "policies": {}})))
    assert set(markets(found)) == {"stake", "no defence"}


def test_the_reading_counts_where_each_arm_is_ahead_of_the_baseline(tmp_path):
    clients = ["random", "cheapest", "thompson"]
    grid = {"need_bps": [1500, 6000], "providers": [4]}
    found = Findings(read_sweep(swept(tmp_path / "sweep", {"policies": {"client": clients}, "grid": grid, "seeds": 20})))
    compared, arm = found.compared["efficiency"], found.arm[found.pairs[0]]
    ahead = [int(((compared.adjusted <= 0.05) & (compared.difference.mean > 0) & (arm == k)).sum()) for k in (1, 2)]
    text = " ".join(summary(found, Sides(found)))
    assert f"efficiency is higher at {ahead[0]} and lower at" in text
    assert f", {ahead[1]} and " in text
    assert text.endswith("with client=thompson.")


def test_the_reading_ranks_parameters_and_leaves_out_what_can_not_be_shown(tmp_path):
    asked = {"policies": {"client": "cheapest"}, "grid": {"reliability_bps": [5000, 10_000], "delivery_window": [2, 3]}}
    folder = swept(tmp_path / "sweep", {**asked, "preset": "standard", "seeds": 20})
    text = said(folder)
    rows = read_sweep(folder)
    values = rows.values("efficiency")
    high = rows.cells["reliability_bps"] == 10_000
    gain = np.mean(values[high]) - np.mean(values[~high])
    assert f"efficiency is moved by reliability_bps ({gain:+.3g})" in text
    assert "of delivery_window no difference can be concluded" in text
