"""Tables hold what the findings say, and are cut where they would be long."""

import csv
import io

import numpy as np

from sim.experiments.conclusions.findings import Findings, effects
from sim.experiments.conclusions.tables import (
    MOST_ROWS,
    arms_table,
    effects_table,
    every_comparison,
    pairs_table,
    place,
    shown_pairs,
)
from tests.sim.experiments.synthetic import DELAY, EFFICIENCY, grid, noise, results


def found(value, **given):
    return Findings(results(None, value, **given))


def test_the_main_table_has_level_difference_interval_effect_p_and_reading():
    one = found(
        lambda _, cell: [1.0, 2.0, 3.0] if cell["client"] == "a" else [2.0, 4.0, 6.0], policies={"client": ["a", "b"]}, seeds=3
    )
    table = arms_table(one, EFFICIENCY)
    assert table.header[2:] == ["difference", "95 % interval", "effect d_z", "p (Holm)", "reading"]
    assert table.rows[0] == ["client=a", "2.0 ± 2.5", "", "", "", "", "the baseline"]
    # differences 1, 2, 3: mean 2, half width 4.303 / √3 = 2.484, d_z 2 × 0.5642 (Hedges, m = 2), p 0.0742
    assert table.rows[1] == ["client=b", "4.0 ± 5.0", "+2", "-0.48 to +4.48", "+1.13", "0.074", "no difference can be concluded"]


def test_a_long_table_holds_the_largest_differences_and_the_file_holds_all():
    one = found(
        lambda _, cell: cell["x"] * (cell["client"] == "b") + noise(cell["x"]),
        policies={"client": ["a", "b"]},
        points=grid(x=range(60)),
    )
    assert len(pairs_table(one, EFFICIENCY).rows) == MOST_ROWS
    assert sorted(shown_pairs(one, "efficiency").tolist()) == list(range(20, 60))
    lines = list(csv.DictReader(io.StringIO(every_comparison(one).decode())))
    assert len(lines) == 60
    assert float(lines[7]["difference"]) == one.compared["efficiency"].difference.mean[7]
    assert float(lines[7]["p_holm"]) == one.compared["efficiency"].adjusted[7]


def test_a_short_table_is_in_order():
    one = found(lambda _, cell: cell["x"] + noise(1), points=grid(x=[1, 9, 3]))
    assert [row[0] for row in pairs_table(one, EFFICIENCY).rows] == ["x = 9", "x = 3"]


def test_the_file_of_all_comparisons_has_every_metric_and_leaves_blank_what_is_not_defined():
    one = found(lambda metric, cell: np.nan if metric == "delay" else 1.0, points=grid(x=[1, 2]), metrics=(EFFICIENCY, DELAY))
    lines = list(csv.DictReader(io.StringIO(every_comparison(one).decode())))
    assert [line["metric"] for line in lines] == ["efficiency", "delay"]
    assert lines[1]["difference"] == ""
    assert lines[0]["x"] == "2"


def test_no_label_becomes_a_formula_of_a_spreadsheet():
    one = results(None, lambda _, cell: noise(1), policies={"client": ["a", "b"]})
    one.cells["arm"] = np.array(["a", "=HYPERLINK(1)"], object)
    (line,) = csv.DictReader(io.StringIO(every_comparison(Findings(one)).decode()))
    assert line["arm"] == "'=HYPERLINK(1)"


def test_a_place_is_what_varies():
    one = found(lambda _, cell: noise(1), points=grid(x=[1, 2], y=[5]), attacks={"shirker": [0.25, 0.5]})
    assert place(one, 0) == "x = 1, shirker 0.25"
    assert place(found(lambda _, cell: noise(1)), 0) == "the only point"


def test_effects_are_shown_with_their_unit():
    one = found(lambda _, cell: cell["x"] + noise(1), points=grid(x=[1, 4]), units={"x": "ticks"})
    (row,) = effects_table(one, *effects(one, "efficiency", [0])).rows
    assert row[:4] == ["x", "1 to 4 ticks", "client=cheapest", "+3"]
