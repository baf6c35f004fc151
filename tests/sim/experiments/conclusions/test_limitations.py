"""Limitations stand in a report exactly when their cause is in its rows."""

import numpy as np
import pytest

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.limitations import limitations
from sim.experiments.conclusions.under_attack import Sides
from tests.sim.experiments.synthetic import EFFICIENCY, WELFARE, grid, noise, results

ARMS = {"client": ["a", "b"]}
CLEAR = np.linspace(0.9, 1.1, 30)


def plain(_, cell):
    """Nothing that could be complained of."""
    return CLEAR + (cell["client"] == "b") + 0.01 * np.cos(np.arange(30))


def said(value=plain, **given):
    found = Findings(results(None, value, **{"policies": ARMS, "seeds": 30, **given}))
    return "\n".join(limitations(found, Sides(found)))


CAUSES = {
    "1 of 4 cells failed: InputError (1). The first, at x = 1, client=b: “InputError: no such thing”.": {"failed": [1]},
    "1 of 4 cells was not run.": {"missing": [2]},
    "which may be the easier ones": {"missing": [2]},
    "The disk was full.": {"notes": ["The disk was full."]},
    "Fewer than 10 seeds": {"seeds": 9, "value": lambda _, cell: plain(_, cell)[:9]},
    "With one seed there are no intervals": {"seeds": 1, "value": lambda _, cell: 1.0},
    "Skewed values": {"value": lambda _, cell: np.exp(np.arange(30) / 3)},
    "Fewer than 5 seeds that differ": {"value": lambda _, cell: np.arange(30) < 2},
    "The same value on every seed": {"value": lambda _, cell: 1.0},
    "Not defined on every seed": {"value": lambda _, cell: np.where(np.arange(30) == 3, np.nan, plain(_, cell))},
    "too wide to conclude": {"value": lambda _, cell: noise(1 + (cell["client"] == "b"), 30, 1.0)},
    "more than 12 values, shown in bins": {"points": grid(x=range(13))},
    "over the 1 case under attack": {"attacks": {"shirker": [0.25]}, "policies": None, "metrics": (EFFICIENCY, WELFARE)},
}


@pytest.mark.parametrize("text", CAUSES)
def test_a_limitation_stands_where_its_cause_does_and_nowhere_else(text):
    assert text in said(**{"points": grid(x=[1, 2]), **CAUSES[text]})
    assert text not in said(points=grid(x=[1, 2]))


def test_a_narrow_undecided_interval_is_not_too_wide():
    """Both arms are 1 ± 0.01: whatever the difference, it is far below a tenth of the level."""
    assert "too wide" not in said(lambda _, cell: 1 + noise(1 + (cell["client"] == "b"), 30, 0.01))


def test_seeds_and_the_family_of_comparisons_are_always_stated():
    text = said(points=grid(x=[1, 2]))
    assert "30 seeds (from 0 to 29)" in text
    assert "over the 1 arm of a metric where points are averaged; over all 2 comparisons of a metric point by point" in text


def test_a_long_error_is_cut():
    text = said(failed=[0], error="Boom: " + "x" * 1_000)
    assert "…”" in text
    assert "x" * 300 not in text
