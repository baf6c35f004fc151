"""From rows to numbers, on rows small enough to work out by hand."""

import numpy as np
import pytest

from sim.attack import measures
from sim.attack.measures import Case, Cell
from sim.metrics.statistics import Difference, Interval, mean_interval
from tests.sim.attack.studies import config, runs

SPREAD = np.array([-1.0, 0.0, 1.0])


def market(attacked, honest=100.0, defences=("none", "stake", "all"), attack="shirker"):
    """One attack at a share of 0.25: honest welfare under attack by defence, in three worlds that differ by a coin."""
    cases = {}
    for defence, level in zip(defences, attacked, strict=True):
        cases[Case(attack, 0.25, defence, "honest")] = honest + SPREAD
        cases[Case(attack, 0.25, defence, "attacked")] = np.asarray(level) + SPREAD
    return cases


def test_a_sample_comes_in_the_order_of_the_seeds_whatever_the_order_of_the_rows():
    case = Case("shirker", 0.25, "none", "honest")
    rows = runs({case: [3.0, 1.0, 2.0], case._replace(side="attacked"): [9.0, 9.0, 9.0]})
    turned = {name: column[::-1] for name, column in rows.items()}
    assert measures.sample(turned, "honest_welfare", case).tolist() == [3.0, 1.0, 2.0]
    assert measures.sample(turned, "honest_welfare", case._replace(training=7)).size == 0


def test_a_curve_begins_where_nobody_attacks_and_its_area_is_the_mean_of_what_is_left():
    cases = {Case("nobody", 0.0, end, "honest"): 100 + SPREAD for end in ("none", "all")}
    for end, left in (("none", (50, 0)), ("all", (100, 100))):
        for share, level in zip((0.25, 0.5), left, strict=True):
            cases[Case("shirker", share, end, "honest")] = 100 + SPREAD
            cases[Case("shirker", share, end, "attacked")] = level + SPREAD
    rows, what = runs(cases), config()
    assert measures.played(what, "shirker").tolist() == [0, 0.25, 0.5]
    assert measures.curve(rows, what, "shirker", "none", "attacked")[:, 1].tolist() == [100, 50, 0]
    found = measures.areas(rows, what)["shirker"]
    assert found["none"].mean == pytest.approx(0.5)
    assert (found["all"].mean, found["all"].low, found["all"].high) == pytest.approx((1, 1, 1))


def test_shares_of_a_curve_are_those_of_whole_agents():
    what = config(shares=(0.3,))
    assert measures.played(what, "shirker").tolist() == [0, 0.25]


def test_a_defence_that_saves_is_told_from_one_that_does_nothing_and_one_that_makes_it_worse():
    levels = {"none": 60 + 0.1 * SPREAD**2, "good": 90.0, "idle": 60 + 0.1 * SPREAD**2, "bad": 20.0, "all": 90.0}
    rows = runs(market(levels.values(), defences=levels))
    cells = measures.compared(rows, config(defences=("good", "idle", "bad")))["shirker"]
    assert [round(float(cell.lost.mean)) for cell in cells.values()] == [40, 10, 40, 80, 10]
    assert [name for name, cell in cells.items() if cell.saves] == ["good", "all"]
    assert [name for name, cell in cells.items() if cell.worsens] == ["bad"]
    assert all(cell.harms for cell in cells.values())
    assert cells["good"].part.mean == pytest.approx(0.1)
    assert cells["bad"].part.low <= 0.8 <= cells["bad"].part.high
    assert np.isnan(cells["none"].p)


def test_p_values_of_a_table_are_corrected_together():
    noisy = [np.array([60.0, 62, 55]), np.array([60.0, 69, 61]), np.array([60.0, 68, 64])]
    rows = runs(market(noisy))
    cells = measures.compared(rows, config())["shirker"]
    raw = sorted(float(cells[name].saved.p) for name in ("stake", "all"))
    assert sorted(cells[name].p for name in ("stake", "all"))[0] == pytest.approx(2 * raw[0])


def test_a_percentage_is_left_out_where_honest_agents_have_nothing():
    cell = measures.compared(runs(market([-5.0, -5.0, -5.0], honest=0.0)), config())["shirker"]["none"]
    assert np.isnan(cell.part.mean)
    assert cell.lost.mean == 5


def cell(lost, harm=0.0):
    known = Difference(lost, lost, lost, 3, harm)
    return Cell(known, Interval(0, 0, 0, 3), harm, known, np.nan)


def test_an_attack_is_unstopped_only_if_it_does_harm_under_every_defence():
    table = {
        "stopped": {"none": cell(9), "stake": cell(1, harm=0.3), "all": cell(2)},
        "helps": {"none": cell(9), "stake": cell(-4), "all": cell(2)},
        "not": {"none": cell(1), "stake": cell(3), "all": cell(4)},
    }
    assert measures.unstopped(table) == {"not": "stake"}


def test_the_worst_attack_is_the_one_that_costs_most():
    rows = runs(market([60.0, 60, 90]) | market([80.0, 80, 30], attack="exit_scam"))
    what = config(attacks=("shirker", "exit_scam"))
    assert measures.worst(rows, what, "none").attack == "shirker"
    assert measures.worst(rows, what, "all").attack == "exit_scam"


def test_what_a_defence_costs_is_measured_where_nobody_attacks_pair_by_pair():
    nobody = {"none": 100 + 50 * SPREAD, "stake": 98 + 50 * SPREAD, "all": 100 + 50 * SPREAD[::-1]}
    cost = measures.collateral(runs({Case("nobody", 0.0, name, "honest"): v for name, v in nobody.items()}), config())
    assert (cost["stake"][0].mean, cost["stake"][1]) == (pytest.approx(2), 0)
    assert cost["all"][0].mean == pytest.approx(0)
    assert cost["all"][1] > 0.5


def test_the_profit_over_the_twin_is_paired_too():
    case = Case("shirker", 0.25, "none", "attacked")
    profits = {case: 10 + 5 * SPREAD, case._replace(side="honest"): 7 + 5 * SPREAD}
    side = measures.attackers_side(runs(market([1.0, 1, 1]), attacker_profit=profits), config(), "shirker", "none")
    assert (side.over_twin.low, side.over_twin.high) == pytest.approx((3, 3))
    np.testing.assert_allclose(side.profit, mean_interval(10 + 5 * SPREAD))


def ticks(**sides):
    """Rows of `ticks` in two worlds, each of these lists of surplus once in both."""
    length = len(next(iter(sides.values())))
    return {
        "attack": np.full(4 * length, "shirker", object),
        "side": np.repeat(np.array(list(sides), object), 2 * length),
        "tick": np.tile(np.arange(length), 4),
        "realised": np.concatenate([np.tile(np.array(values, float), 2) for values in sides.values()]),
    }


def test_recovery_says_what_was_missing_before_the_stop():
    what = config() | {"stop": 2}
    found = measures.recoveries(ticks(honest=[10] * 12, stopped=[10, 5] + [5] * 3 + [10] * 7), what)["shirker"]
    assert found.hit
    assert found.before.mean == pytest.approx(0.25)
    assert found.time.ticks == 3
    idle = measures.recoveries(ticks(honest=[10] * 12, stopped=[10] * 12), what)["shirker"]
    assert not idle.hit


def trained(profits, script, other=None):
    """A study with learners of these profits by training seed, beside a script."""
    cases = {Case("trained", 0.25, "none", side, seed): 50 + SPREAD for seed in profits for side in ("honest", "attacked")}
    earned = {Case("trained", 0.25, "none", "attacked", seed): level + SPREAD for seed, level in profits.items()}
    earned |= {Case("trained", 0.25, "none", "honest", seed): 2 + SPREAD for seed in profits}
    for name, level in {"shirker": script, **(other or {})}.items():
        for side in ("honest", "attacked"):
            cases[Case(name, 0.25, "none", side)] = 50 + SPREAD
            earned[Case(name, 0.25, "none", side)] = np.asarray(level) + SPREAD
    curve = {
        "defence": np.full(6 * len(profits), "none", object),
        "training": np.repeat(list(profits), 6),
        "steps": np.tile([0, 0, 0, 10, 10, 10], len(profits)),
        "seed": np.tile([0, 1, 2], 2 * len(profits)),
        "profit": np.concatenate([[0, 0, 0, *(level + SPREAD)] for level in profits.values()]),
    }
    return runs(cases, attacker_profit=earned), curve


def test_learners_are_compared_with_their_twin_over_training_seeds():
    rows, curve = trained({7: 4.0, 8: 6.0}, 0.0)
    one = measures.learner(rows, curve, config(), "none")
    assert (one.seeds, one.found.gain.mean, one.found.gain.n) == ([7, 8], 3, 2)
    np.testing.assert_allclose(one.profit, mean_interval([4.0, 6.0]))
    assert (one.twin.mean, one.harm.mean) == (2, 0)
    assert {seed: profits.tolist() for seed, (_, profits) in measures.curves(curve, "none").items()} == {7: [0, 4], 8: [0, 6]}


def test_a_script_that_did_better_is_named_and_one_with_other_accounts_is_not_compared():
    rows, curve = trained({7: 4.0, 8: 6.0}, 9 + 0.1 * SPREAD, {"sybil_rating": 99.0})
    what = config(attacks=("shirker", "sybil_rating"))
    what["attacks"]["sybil_rating"] = what["attacks"]["sybil_rating"] | {"accounts": {"provider": 1, "client": 4}}
    found = measures.scripts(rows, curve, what, "none")
    assert found["shirker"].lead.mean == pytest.approx(4)
    assert found["sybil_rating"].lead is None
    assert measures.better_scripts(found) == ["shirker"]
    rows, curve = trained({7: 4.0, 8: 6.0}, 4 + 0.1 * SPREAD)
    assert measures.better_scripts(measures.scripts(rows, curve, config(), "none")) == []


def test_a_script_with_more_identities_could_not_be_played_by_the_learner():
    learner = {"accounts": {"provider": 1}, "budget": None, "identities": 2}
    assert measures.within(learner | {"identities": 0}, learner)
    assert not measures.within(learner | {"identities": 3}, learner)
    assert not measures.within(learner | {"budget": 5}, learner)
