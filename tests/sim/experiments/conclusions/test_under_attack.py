"""The sides of an attack, against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import t as student

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.under_attack import Sides, front, markets
from tests.sim.experiments.synthetic import EFFICIENCY, WELFARE, grid, noise, results

BOTH = (EFFICIENCY, WELFARE)


def sides(value, **given):
    return Sides(Findings(results(None, value, metrics=BOTH, **given)))


def fieller(a, b):
    """Fieller's interval of mean(a) ÷ mean(b): where (mean a - r mean b)² = t² var(a - r b) / n, solved for r."""
    n = len(a)
    t2 = student.ppf(0.975, n - 1) ** 2 / n
    (aa, ab), (_, bb) = np.cov(a, b)
    return np.sort(
        np.roots([b.mean() ** 2 - t2 * bb, -2 * (a.mean() * b.mean() - t2 * ab), a.mean() ** 2 - t2 * aa]).real
    ).tolist()


def test_what_is_lost_and_kept_is_between_the_sides_of_a_point():
    honest, attacked = 100 + noise(1, 10, 5), 60 + noise(2, 10, 5)
    one = sides(
        lambda metric, cell: 0.5 if metric == "efficiency" else {"honest": honest, "attacked": attacked}.get(cell["side"], 0.0),
        attacks={"shirker": [0.25]},
    )
    lost, kept, p, headline = one.by_case
    assert lost.mean[0] == pytest.approx(np.mean(honest - attacked))
    assert kept.mean[0] == pytest.approx(attacked.mean() / honest.mean())
    assert [kept.low[0], kept.high[0]] == pytest.approx(fieller(attacked, honest))
    assert p[0] == pytest.approx(lost.p[0])
    assert headline.mean[0] == pytest.approx(0.5)


def test_every_attack_share_and_market_is_a_case_of_its_own():
    one = sides(
        lambda metric, cell: noise(3) + 1,
        attacks={"shirker": [0.25, 0.5], "decoy": [0.25]},
        policies={"client": ["a", "b"]},
        defences=["stake"],
        points=grid(x=[1, 2]),
    )
    cases, group = one.cases
    assert len(cases) == 3 * 4
    assert np.bincount(group).tolist() == [2] * 12
    assert set(one.markets) == {f"client={c}, {d}" for c in "ab" for d in ("stake", "no defence")}


def test_without_attacks_there_are_no_sides():
    assert sides(lambda metric, cell: noise(1)).honest.size == 0


def test_without_honest_welfare_nothing_is_said_of_what_is_kept():
    found = Findings(results(None, lambda metric, cell: noise(1), attacks={"shirker": [0.25]}))
    assert Sides(found).honest.size == 0


def test_a_market_that_is_named_is_called_by_its_name():
    one = results(None, lambda metric, cell: noise(1), attacks={"shirker": [0.25]})
    one.cells["arm"] = np.array(["stake, side=honest", "stake, side=attacked", "stake, side=absent"], object)
    one.cells["defence"] = np.array(["stake"] * 3, object)
    assert set(markets(Findings(one))) == {"stake"}
    one.cells["arm"] = np.array(["side=honest", "side=attacked", "side=absent"], object)
    assert set(markets(Findings(one))) == {"stake"}
    one.cells["defence"] = np.array([""] * 3, object)
    assert set(markets(Findings(one))) == {"the market"}


def test_on_the_front_nothing_is_surpassed():
    draws = np.random.Generator(np.random.Philox(1)).random((2, 200))
    best = front(*draws)
    for k in range(200):
        beaten = ((draws[:, best] >= draws[:, [k]]).all(axis=0) & (draws[:, best] > draws[:, [k]]).any(axis=0)).any()
        assert beaten == (k not in best)
