"""Policies over all points, against numbers worked out by hand."""

import numpy as np
import pytest

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.policies import families, improvement, interquartile
from tests.sim.experiments.synthetic import grid, noise, results


def found(value, **given):
    return Findings(results(None, value, **given))


def test_the_interquartile_mean_leaves_out_a_quarter_on_each_side():
    """Of 1 ... 8 over two points, 3, 4, 5 and 6 stay."""
    value = {1: np.array([1.0, 3.0, 5.0, 7.0]), 2: np.array([2.0, 4.0, 6.0, 800.0])}
    one = found(
        lambda _, cell: value[cell["x"]] + (cell["client"] == "b"),
        policies={"client": ["a", "b"]},
        points=grid(x=[1, 2]),
        seeds=4,
    )
    (family,) = families(one, "efficiency")
    assert family.scores.shape == (2, 2, 4)
    assert interquartile(family).mean == pytest.approx([4.5, 5.5])
    assert (interquartile(family).low < interquartile(family).mean).all()


def test_the_probability_of_improvement_counts_pairs_and_half_of_ties():
    """At point 1 b wins 3 of 4 pairs and ties none; at point 2 all are equal: (0.75 + 0.5) / 2."""
    value = {("a", 1): [1, 3], ("b", 1): [2, 4], ("a", 2): [7, 7], ("b", 2): [7, 7]}
    one = found(
        lambda _, cell: np.array(value[cell["client"], cell["x"]], float),
        policies={"client": ["a", "b"]},
        points=grid(x=[1, 2]),
        seeds=2,
    )
    (family,) = families(one, "efficiency")
    assert improvement(family, 1)[1, 0] == pytest.approx(0.625)
    assert improvement(family, 1)[0, 1] == pytest.approx(0.375)
    assert improvement(family, -1)[1, 0] == pytest.approx(0.375)


def test_only_arms_of_one_side_and_defence_are_set_beside_each_other():
    one = found(
        lambda _, cell: noise(1), policies={"client": ["a", "b"]}, attacks={"shirker": [0.25]}, defences=["stake"], seeds=10
    )
    titles = [family.title for family in families(one, "efficiency")]
    assert titles == [
        "shirker, attackers honest, defence stake",
        "shirker, attacked, defence stake",
        "shirker, attackers honest, defence none",
        "shirker, attacked, defence none",
    ]
    assert all(len(family.arms) == 2 for family in families(one, "efficiency"))


def test_where_policies_do_not_differ_there_is_no_family():
    assert families(found(lambda _, cell: noise(1), points=grid(x=[1, 2])), "efficiency") == []


def test_points_and_seeds_that_are_not_known_for_all_are_left_out():
    def value(_, cell):
        out = noise(cell["x"])
        out[3] = np.nan if cell["client"] == "b" else 0
        return out

    one = found(value, policies={"client": ["a", "b"]}, points=grid(x=[1, 2, 3]), failed=[2])
    (family,) = families(one, "efficiency")
    assert family.scores.shape == (2, 2, 9)
    assert (family.points, family.seeds) == (3, 10)
