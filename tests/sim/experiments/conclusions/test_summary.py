"""The first sentences of a report say what the rows allow, and no more."""

import numpy as np

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.summary import summary
from sim.experiments.conclusions.under_attack import Sides
from tests.sim.experiments.synthetic import DELAY, EFFICIENCY, WELFARE, grid, noise, results


def said(value, **given):
    found = Findings(results(None, value, **given))
    return " ".join(summary(found, Sides(found)))


def test_a_clear_lead_is_called_one():
    level = {"a": 0.1, "b": 0.5, "c": 0.3}
    text = said(
        lambda _, cell: level[cell["client"]] + noise(ord(cell["client"])),
        policies={"client": list(level)},
        points=grid(x=[1, 2]),
    )
    assert "efficiency is highest with client=b" in text
    assert "it differs from the next, client=c" in text
    assert "From the baseline client=a it differs by +0." in text
    assert "4 of 4 comparisons with the baseline are higher, 0 lower" in text


def test_no_lead_is_called_one_where_there_is_none():
    values = {"a": noise(1), "b": noise(2)}
    text = said(lambda _, cell: values[cell["client"]], policies={"client": ["a", "b"]})
    assert "no difference can be concluded from 10 seeds" in text


def test_less_may_be_better():
    text = said(lambda _, cell: 1.0 + (cell["client"] == "a"), policies={"client": ["a", "b"]}, metrics=(DELAY,))
    assert "delay is lowest with client=b: 1 blocks" in text


def test_an_arm_that_failed_where_it_is_hard_does_not_lead():
    """b is worse at both points, but was finished at the easy one alone."""
    text = said(
        lambda _, cell: cell["x"] - (cell["client"] == "b") * 0.5 + noise(1),
        policies={"client": ["a", "b"]},
        points=grid(x=[1, 9]),
        failed=[1],
    )
    assert "highest with client=a" in text
    assert "averaged over those 1 of 2 points at which all are known" in text


def test_points_of_one_arm_are_compared_with_the_first():
    text = said(lambda _, cell: cell["x"] + noise(cell["x"]), points=grid(x=[3, 1, 2]))
    assert "highest at x = 3" in text
    assert "lowest at x = 1" in text
    assert "Of 2 points, 0 are higher and 2 lower than the first, x = 3; of 0 no difference" in text


def test_one_cell_is_compared_with_nothing():
    assert "there is nothing to compare it with" in said(lambda _, cell: noise(1))


def test_under_attack_the_worst_case_is_named():
    def value(metric, cell):
        hit = 0.5 * (cell["side"] == "attacked") * (cell["attack"] == "shirker")
        return (1 - hit) * (100 + noise(1, 10, 1)) if metric == "honest_welfare" else 0.5 + noise(2)

    text = said(value, attacks={"decoy": [0.25], "shirker": [0.25]}, metrics=(EFFICIENCY, WELFARE))
    assert "Honest agents lose most to shirker at a share of 0.25 in the market" in text
    assert "they keep 50.0 % of what they have without it" in text
    assert "In 1 of 2 cases no harm can be concluded." in text


def test_no_harm_is_claimed_where_there_is_none():
    """On half of the seeds the attack takes 1, on the others it gives 0.9: a loss on average, that may be chance."""
    taken = np.tile([1.0, -0.9], 5)
    text = said(
        lambda metric, cell: 100 + noise(1) - taken * (cell["side"] == "attacked"),
        attacks={"decoy": [0.25]},
        metrics=(EFFICIENCY, WELFARE),
    )
    assert text == "Of no attack can it be concluded that it costs honest agents anything (1 case)."


def test_with_nothing_finished_nothing_is_concluded():
    assert said(lambda _, cell: noise(1), failed=[0]) == "No cell was finished: nothing can be concluded."
    assert said(lambda _, cell: np.nan) == "efficiency is not defined in any run."
