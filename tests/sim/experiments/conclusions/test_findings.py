"""Findings: differences, effects and means over points, against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import t as student

from sim.experiments.conclusions.findings import Findings, balanced, bins, compared, effects, grouped
from tests.sim.experiments.synthetic import grid, results

ARMS = {"client": ["a", "b", "c"]}


def found(value, **given):
    return Findings(results(None, value, **given))


def test_arms_of_a_point_are_compared_with_its_first_on_the_same_seeds():
    levels = {"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0], "c": [1.0, 2.0, 3.0]}
    one = found(lambda _, cell: np.add(levels[cell["client"]], 10 * cell["point"]), policies=ARMS, points=grid(x=[1, 2]), seeds=3)
    rows, base = one.pairs
    assert (rows.tolist(), base.tolist()) == ([1, 2, 4, 5], [0, 0, 3, 3])
    difference = one.compared["efficiency"].difference
    half = student.ppf(0.975, 2) * 1 / np.sqrt(3)
    assert difference.mean == pytest.approx([2, 0, 2, 0])
    assert difference.low[0] == pytest.approx(2 - half)
    p = 2 * student.sf(2 / (1 / np.sqrt(3)), 2)
    assert difference.p == pytest.approx([p, 1, p, 1])
    assert one.compared["efficiency"].adjusted == pytest.approx([4 * p, 1, 4 * p, 1])


def test_over_points_a_seed_is_what_is_repeated():
    """Opposite errors at the two points cancel within a seed: the pooled difference is known exactly."""
    error = np.array([-1.0, 0.0, 1.0])
    one = found(
        lambda _, cell: 0.0 if cell["client"] == "a" else 2 + (error if cell["x"] == 1 else -error),
        policies=ARMS,
        points=grid(x=[1, 2]),
        seeds=3,
    )
    pooled = one.pooled["efficiency"]
    assert pooled.compared.difference.n[1:].tolist() == [3, 3]
    assert pooled.compared.difference.low[1:] == pytest.approx([2, 2])
    assert pooled.levels[1] == pytest.approx([2, 2, 2])
    assert np.isnan(pooled.compared.difference.mean[0])


def test_a_failed_cell_takes_its_point_out_of_a_difference():
    one = found(
        lambda _, cell: cell["x"] * (1.0 if cell["client"] == "a" else 2.0) + np.zeros(3),
        policies={"client": ["a", "b"]},
        points=grid(x=[1, 5]),
        seeds=3,
        failed=[0],
    )
    assert one.pooled["efficiency"].compared.difference.mean[1] == pytest.approx(5)
    assert np.isnan(one.compared["efficiency"].difference.mean[0])


def test_one_arm_compares_its_points_with_the_first():
    one = found(lambda _, cell: cell["x"] + np.arange(4.0), points=grid(x=[3, 5, 9]), seeds=4)
    assert not one.by_arm
    assert one.pairs[1].tolist() == [0, 0]
    assert one.compared["efficiency"].difference.mean == pytest.approx([2, 6])


def test_the_effect_of_a_parameter_is_from_its_lowest_to_its_highest_value():
    one = found(lambda _, cell: 2 * cell["x"] + cell["y"] + np.arange(4.0), points=grid(x=[1, 2, 4], y=[0, 10]), seeds=4)
    rows, differences = effects(one, "efficiency", [0])
    assert [(row.parameter, row.low, row.high) for row in rows] == [("x", 1, 4), ("y", 0, 10)]
    assert differences.difference.mean == pytest.approx([6, 10])


def test_many_values_are_put_into_bins():
    one = found(lambda _, cell: np.zeros(2), points=grid(x=range(100)), seeds=2)
    x, group = bins(one, "x")
    assert x == pytest.approx(np.arange(10) * 10 + 4.5)
    assert np.bincount(group).tolist() == [10] * 10


def test_effect_sizes_are_those_of_pairs():
    wanted = compared(np.array([[2.0, 4.0, 6.0, 9.0]]), np.array([[1.0, 2.0, 3.0, 4.0]])).effect
    assert wanted == pytest.approx([1.165], abs=1e-3)


def test_means_of_groups_leave_out_what_is_not_defined():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [5.0, 6.0]])
    assert grouped(values, np.array([1, 1, 0]), 2) == pytest.approx(np.array([[5, 6], [2, np.nan]]), nan_ok=True)
    assert np.isnan(grouped(np.empty((0, 2)), np.empty(0, np.int64), 2)).all()


def test_arms_are_ranked_where_all_are_known():
    values = np.array([[1.0], [2.0], [np.nan], [50.0]])
    levels, points = balanced(values, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2)
    assert (levels[:, 0].tolist(), points) == ([1, 2], 1)
    assert balanced(np.full((2, 1), np.nan), np.array([0, 0]), np.array([0, 1]), 2)[1] == 0
