"""Maps and fronts of sweeps."""

import numpy as np
import pytest

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.under_attack import Sides
from sim.plots import fronts
from tests.sim.experiments.synthetic import EFFICIENCY, WELFARE, grid, noise, results


def found(value, **given):
    return Findings(results(None, value, **given))


def test_only_two_parameters_that_form_a_grid_have_a_map():
    assert fronts.map_of(found(lambda _, cell: noise(1), points=grid(x=[1, 2], y=[1, 2]))) is not None
    assert fronts.map_of(found(lambda _, cell: noise(1), points=grid(x=[1, 2]))) is None
    assert fronts.map_of(found(lambda _, cell: noise(1), points=grid(x=[1, 2], y=[1, 2], z=[1, 2]))) is None
    assert fronts.map_of(found(lambda _, cell: noise(1), points=({"x": 1, "y": 1}, {"x": 2, "y": 2}))) is None


def test_a_map_shows_the_baseline_and_differences_with_doubtful_ones_in_brackets():
    def value(_, cell):
        far = cell["x"] == 1 and cell["client"] == "b"
        return 10 * cell["x"] + cell["y"] + far + noise(cell["point"] + 50 * (cell["client"] == "b"))

    one = found(value, policies={"client": ["a", "b"]}, points=grid(x=[1, 2], y=[3, 4, 5]))
    figure = fronts.heat(one, fronts.map_of(one))
    level, gap = (np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes[:2])
    assert level.shape == (3, 2)
    assert level[2, 1] == pytest.approx(25, abs=0.1)
    assert gap[:, 0] == pytest.approx(1, abs=0.1)
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert [text.startswith("(") for text in texts] == [False, True] * 3
    assert figure.axes[1].get_title("left") == "client=b − baseline"


def test_a_failed_cell_is_a_hole_in_the_map():
    one = found(lambda _, cell: noise(1), points=grid(x=[1, 2], y=[3, 4]), failed=[3])
    figure = fronts.heat(one, fronts.map_of(one))
    assert np.ma.getmaskarray(figure.axes[0].get_images()[0].get_array()).tolist() == [[False, False], [False, True]]


def test_a_front_has_a_dot_per_market_and_point_and_marks_the_best():
    def value(metric, cell):
        guarded = cell["defence"] == "stake"
        if metric == "efficiency":
            return 0.5 + 0.2 * (not guarded) + 0.01 * cell["x"] + noise(1, 10, 0.001)
        return (100 + noise(1)) * (1 - (cell["side"] == "attacked") * (0.1 if guarded else 0.6))

    one = found(value, attacks={"shirker": [0.25]}, defences=["stake"], points=grid(x=[1, 2]), metrics=(EFFICIENCY, WELFARE))
    (axes,) = fronts.fronts(one, Sides(one)).axes
    with_defence, without, best = axes.get_lines()
    assert (with_defence.get_label(), without.get_label()) == ("stake", "no defence")
    assert with_defence.get_ydata() == pytest.approx([0.9, 0.9])
    assert without.get_ydata() == pytest.approx([0.4, 0.4])
    assert best.get_xdata() == pytest.approx([0.52, 0.72], abs=0.01)
    assert axes.get_xlabel() == "efficiency with honest attackers, of optimum"
