"""The interquartile mean and the probability of improvement, against SciPy and plain loops."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from sim.metrics.aggregates import improvement_interval, iqm, iqm_interval, probability_of_improvement
from sim.metrics.bootstrap import percentile_interval

DRAWS = np.random.Generator(np.random.Philox(32))


@pytest.mark.parametrize("n", range(1, 14))
def test_the_interquartile_mean_is_scipys_trimmed_mean(n):
    sample = DRAWS.lognormal(size=n)
    assert iqm(sample) == pytest.approx(stats.trim_mean(sample, 0.25))


def test_a_quarter_of_the_known_values_is_left_out_on_each_side():
    assert iqm([1.0, np.nan, 2.0, 3.0, 99.0]) == 2.5  # four known: one on each side
    assert iqm([1.0, 2.0, 6.0]) == 3  # three known: none
    assert iqm([np.inf, 1.0, 2.0, -np.inf]) == 1.5
    assert np.isnan(iqm([np.nan]))


def test_the_interquartile_mean_is_over_the_last_axis():
    table = DRAWS.normal(size=(3, 4, 9))
    table[1, 2, :5] = np.nan
    table[2, 0] = np.nan
    found = iqm(table)
    for index in np.ndindex(3, 4):
        np.testing.assert_allclose(found[index], iqm(table[index][~np.isnan(table[index])]))


def plain_iqm_interval(scores, resamples):
    """Runs drawn anew within each task by a plain loop; the middle 95 % of the pooled interquartile means."""
    found = []
    for _ in range(resamples):
        pooled = [DRAWS.choice(task[~np.isnan(task)], (~np.isnan(task)).sum()) for task in scores]
        found.append(stats.trim_mean(np.concatenate(pooled), 0.25))
    return np.quantile(found, [0.025, 0.975])


def test_the_interval_of_the_interquartile_mean_draws_runs_anew_within_each_task():
    """Tasks far apart: drawn across tasks, the interval would be over four times as wide.

    Quantiles of 4,000 resamples: two differ by 0.06 standard deviations of the resampled means; five times that is allowed.
    """
    scores = DRAWS.normal(size=(6, 10)) + 10 * np.array([3, 0, 5, 1, 4, 2])[:, None]
    scores[2, 4:] = np.nan
    found = iqm_interval(scores, seed=1, resamples=4_000)
    expected = plain_iqm_interval(scores, 4_000)
    scale = (expected[1] - expected[0]) / 3.92
    np.testing.assert_allclose((found.low, found.high), expected, atol=0.3 * scale)
    assert found.mean == pytest.approx(stats.trim_mean(scores[~np.isnan(scores)], 0.25))
    assert found.n == 54
    across = percentile_interval(scores.reshape(-1), trim=0.25, seed=1)
    assert across.high - across.low > 4 * (found.high - found.low)


def test_of_one_task_the_stratified_interval_is_the_plain_one_within_its_error():
    """Two such quantiles differ by 0.063 standard deviations of the mean, about 0.22 here; five times that is allowed."""
    sample = DRAWS.normal(size=25)
    one, other = iqm_interval(sample[None], seed=1, resamples=20_000), percentile_interval(sample, trim=0.25, seed=1)
    np.testing.assert_allclose((one.low, one.high), (other.low, other.high), atol=0.07)
    assert one.mean == other.mean


def test_tables_beside_each_other_do_not_change_each_other():
    tables = DRAWS.normal(size=(2, 3, 4, 5))
    tables[0, 1, 2, 3] = np.nan
    together = iqm_interval(tables, seed=3, resamples=200)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose([part[index] for part in together], iqm_interval(tables[index], seed=3, resamples=200))


def test_no_interval_is_made_where_nothing_is_known_of_how_runs_vary():
    for scores in ([[1.0], [2.0]], [[1.0, np.nan], [np.nan, 4.0]], [[np.nan]], [[1.0, np.inf]]):
        assert np.isnan(iqm_interval(scores, seed=1)[1:3]).all()
    assert np.isnan(improvement_interval([[1.0]], [[2.0]], seed=1)[1:3]).all()
    assert np.isnan(improvement_interval([[np.nan]], [[2.0]], seed=1)[:3]).all()


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="scores"):
        iqm_interval([1.0, 2.0], seed=1)
    for x, y in (([1.0], [1.0]), ([[1.0]], [[1.0, 2.0]])):
        with pytest.raises(ValueError, match="runs"):
            probability_of_improvement(x, y)
    with pytest.raises(ValueError, match="level"):
        iqm_interval([[1.0, 2.0]], seed=1, level=0)
    with pytest.raises(ValueError, match="level"):
        improvement_interval([[1.0]], [[2.0]], seed=1, level=0)


def test_the_probability_of_improvement_of_a_small_table_by_hand():
    """In both tasks two runs are 1 and two are 2, against 1, 2, 3: (1/6 + 1/2) / 2."""
    assert probability_of_improvement([[1, 2], [2, 2], [1, 1], [2, 1]], [[1, 1], [2, 2], [3, 3]]) == pytest.approx(1 / 3)


def test_the_probability_of_improvement_is_the_mean_of_mann_whitneys_over_tasks():
    x, y = DRAWS.integers(0, 6, (7, 5)).astype(float), DRAWS.integers(0, 6, (11, 5)).astype(float)
    expected = np.mean([stats.mannwhitneyu(a, b).statistic / 77 for a, b in zip(x.T, y.T, strict=True)])
    assert probability_of_improvement(x, y) == pytest.approx(expected)
    assert probability_of_improvement(y, x) == pytest.approx(1 - expected)


def test_unknown_runs_are_left_out_and_so_are_tasks_without_any():
    x = [[1.0, 5.0, np.nan, 1.0], [3.0, np.nan, np.nan, 2.0]]
    y = [[2.0, 4.0, 1.0, np.nan], [np.nan, np.nan, 1.0, np.nan]]
    assert probability_of_improvement(x, y) == pytest.approx((0.5 + 1) / 2)
    assert improvement_interval(x, y, seed=1).n == 2
    assert np.isnan(probability_of_improvement([[np.nan]], [[1.0]]))


def test_the_interval_of_improvement_is_that_of_a_plain_loop():
    """Quantiles of 4,000 resamples: two differ by 0.06 standard deviations of the resampled chances; five times is allowed."""
    x, y = DRAWS.normal(0.4, 1, (9, 3)).round(), DRAWS.normal(size=(6, 3)).round()
    found = improvement_interval(x, y, seed=1, resamples=4_000)
    plain = []
    for _ in range(4_000):
        chances = []
        for a, b in zip(x.T, y.T, strict=True):
            apart = DRAWS.choice(a, 9)[:, None] - DRAWS.choice(b, 6)
            chances.append((apart > 0).mean() + (apart == 0).mean() / 2)
        plain.append(np.mean(chances))
    np.testing.assert_allclose((found.low, found.high), np.quantile(plain, [0.025, 0.975]), atol=0.3 * np.std(plain))
    assert found.mean == probability_of_improvement(x, y)


def test_a_thousand_runs_against_a_thousand_take_no_table_of_all_pairs():
    """All pairs of one task would be 8 MB; twenty tasks are ranked in less than one."""
    x, y = DRAWS.normal(size=(2, 1_000, 20))
    tracemalloc.start()
    probability_of_improvement(x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
