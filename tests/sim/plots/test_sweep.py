"""Figures of sweeps: lines, bands and labels are those of the rows."""

import numpy as np
import pytest

from sim.experiments.conclusions.findings import Findings
from sim.plots import sweep
from tests.sim.experiments.synthetic import DELAY, EFFICIENCY, grid, noise, results


def found(value, **given):
    return Findings(results(None, value, **given))


def test_a_response_has_a_line_per_arm_and_a_panel_per_metric_with_units():
    one = found(
        lambda _, cell: cell["x"] * (1 + (cell["client"] == "b")) + noise(1),
        policies={"client": ["a", "b"]},
        points=grid(x=[1, 2, 4]),
        units={"x": "ticks"},
        metrics=(EFFICIENCY, DELAY),
    )
    figure = sweep.response(one, "x")
    assert [axes.get_ylabel() for axes in figure.axes] == ["efficiency, of optimum", "delay, blocks"]
    assert figure.axes[0].get_xlabel() == "x (ticks)"
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert list(lines) == ["client=a", "client=b"]
    assert lines["client=b"].get_ydata() == pytest.approx(np.array([2, 4, 8]) + noise(1).mean())
    assert len(figure.axes[0].collections) == 4, "a band and its bars per arm"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["client=a", "client=b"]


def test_a_line_is_broken_where_a_cell_failed():
    figure = sweep.response(found(lambda _, cell: noise(1), points=grid(x=[1, 2, 4]), failed=[1]), "x")
    assert np.isnan(figure.axes[0].get_lines()[0].get_ydata()).tolist() == [False, True, False]


def test_many_values_are_binned_with_a_dot_per_cell():
    one = found(lambda _, cell: noise(1), points=grid(x=range(40)))
    assert sweep.sampled(one, "x")
    dots, line = sweep.response(one, "x").axes[0].get_lines()
    assert (len(dots.get_xdata()), len(line.get_xdata())) == (40, 10)


def test_many_arms_have_panels_of_their_own_and_one_legend():
    one = found(lambda _, cell: noise(1), policies={"client": list("abcdefghijkl")}, points=grid(x=[1, 2]))
    figure = sweep.response(one, "x")
    assert [axes.get_title("left") for axes in figure.axes] == ["arms 1 to 8", "arms 9 to 12"]
    assert len(figure.legends[0].get_texts()) == 12


def test_under_attack_a_panel_is_a_market_and_a_line_a_side():
    one = found(lambda _, cell: noise(1) + cell["share"], attacks={"shirker": [0.1, 0.5]}, defences=["stake"])
    figure = sweep.shares(one)
    assert [axes.get_title("left") for axes in figure.axes] == ["shirker: stake", "shirker: no defence"]
    assert [line.get_label() for line in figure.axes[0].get_lines()] == ["attackers honest", "attacked", "attackers absent"]
    assert figure.axes[0].get_lines()[0].get_ydata() == pytest.approx(np.array([0.1, 0.5]) + noise(1).mean())


def test_arms_that_can_not_be_told_from_the_baseline_are_hollow():
    shift = {"a": noise(1), "b": noise(2), "c": noise(3) + 1}
    figure = sweep.compared(
        found(lambda _, cell: shift[cell["client"]], policies={"client": list("abc")}), "efficiency", "of optimum"
    )
    dots = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [True, False]
