"""The statistics against SciPy's, and against what they promise."""

import numpy as np
import pytest
from scipy import stats

from sim.metrics.statistics import holm, mean_interval, paired_difference, ratio_of_means, skewness

DRAWS = np.random.Generator(np.random.Philox(20))


@pytest.mark.parametrize("n", [2, 3, 10, 200])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_mean_interval_is_scipys_student_interval(n, level):
    sample = DRAWS.lognormal(size=n)
    mean, low, high, count = mean_interval(sample, level)
    expected = stats.t.interval(level, n - 1, sample.mean(), stats.sem(sample))
    np.testing.assert_allclose((low, high), expected, rtol=1e-9)
    assert mean == pytest.approx(sample.mean())
    assert count == n


@pytest.mark.parametrize("n", [2, 5, 100])
def test_the_paired_difference_is_scipys_paired_t_test(n):
    a, b = DRAWS.normal(size=(2, n))
    found = paired_difference(a, b)
    expected = stats.ttest_rel(a, b)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose((found.low, found.high, found.p), (interval.low, interval.high, expected.pvalue), rtol=1e-8)


def test_values_that_are_not_defined_are_left_out():
    mean, low, high, n = mean_interval([1.0, np.nan, 3.0])
    np.testing.assert_allclose((mean, low, high, n), (*mean_interval([1.0, 3.0])[:3], 2))
    pairs = paired_difference([1.0, np.nan, 3.0, 5.0], [0.0, 1.0, np.nan, 2.0])
    assert (pairs.n, pairs.mean) == (2, 2.0)


def test_one_value_has_a_mean_but_no_interval_and_none_has_neither():
    mean, low, high, n = mean_interval([4.0])
    assert (mean, n) == (4.0, 1)
    assert np.isnan([low, high]).all()
    assert np.isnan(mean_interval([])[:3]).all()
    assert np.isnan(paired_difference([1.0], [2.0]).p)


def test_equal_samples_differ_by_nothing_and_a_constant_difference_is_certain():
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p == 1
    assert paired_difference([2.0, 3.0], [1.0, 2.0]).p == 0


def test_the_last_axis_is_the_sample():
    table = DRAWS.normal(size=(4, 3, 7))
    table[0, 0, 2] = np.nan
    together = mean_interval(table)
    for index in np.ndindex(4, 3):
        alone = mean_interval(table[index])
        np.testing.assert_allclose([part[index] for part in together], alone)


def test_a_level_outside_0_to_1_and_unequal_pairs_are_refused():
    with pytest.raises(ValueError, match="level"):
        mean_interval([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="pairs"):
        paired_difference([1.0], [1.0, 2.0])


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order():
    np.testing.assert_allclose(holm([0.01, 0.02, 0.03, 0.04]), [0.04, 0.06, 0.06, 0.06])  # as R's p.adjust gives
    np.testing.assert_allclose(holm([0.5, 0.001, 0.9]), [1.0, 0.003, 1.0])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.01]), [0.02, np.nan, 0.02])
    assert holm([]).size == 0


def test_skewness_is_scipys_and_zero_for_equal_values():
    sample = DRAWS.lognormal(size=50)
    assert skewness(sample) == pytest.approx(stats.skew(sample))
    assert skewness([0.1] * 7) == 0
    assert skewness([]) == 0


def test_skewness_is_over_the_last_axis_and_leaves_out_what_is_not_known():
    table = DRAWS.lognormal(size=(2, 3, 8))
    table[1, 2, 3] = np.nan
    np.testing.assert_allclose(skewness(table), stats.skew(table, axis=-1, nan_policy="omit"))


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 30, 100])
def test_95_percent_intervals_cover_a_normal_mean_in_95_percent_of_samples(n):
    """4,000 samples: the share covered has a standard error of 0.34 %; five of them are allowed."""
    sample = np.random.Generator(np.random.Philox(n)).normal(3.0, 2.0, size=(4_000, n))
    _, low, high, _ = mean_interval(sample)
    assert np.mean((low <= 3) & (high >= 3)) == pytest.approx(0.95, abs=0.0173)


@pytest.mark.slow
def test_intervals_of_few_lognormal_values_cover_less_as_the_report_warns():
    """The reason for the warning on skew: at 10 values of lognormal(0, 1) the share covered is near 84 %."""
    sample = np.random.Generator(np.random.Philox(7)).lognormal(size=(4_000, 10))
    _, low, high, _ = mean_interval(sample)
    truth = np.exp(0.5)
    assert 0.80 < np.mean((low <= truth) & (high >= truth)) < 0.90


@pytest.mark.slow
def test_holm_keeps_the_chance_of_any_false_finding_at_its_level():
    """4,000 families of five true nulls: the share with a finding at 5 % stays below 5 % plus five standard errors."""
    p = np.random.Generator(np.random.Philox(9)).uniform(size=(4_000, 5))
    assert np.mean([(holm(family) <= 0.05).any() for family in p]) < 0.05 + 0.0173


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.9])
def test_fiellers_interval_covers_the_ratio_of_normal_means_in_95_of_100_samples(correlation):
    """It is exact for normal pairs: 4,000 samples of 8 must cover 0.5 within 4.9 standard errors; error rate below 1e-6 each."""
    samples = 4_000
    a, b = np.moveaxis(DRAWS.multivariate_normal([2, 4], [[1, correlation], [correlation, 1]], (samples, 8)), -1, 0)
    found = ratio_of_means(a, b)
    known = ~np.isnan(found.mean)
    covered = ((found.low <= 0.5) & (found.high >= 0.5))[known]
    assert known.mean() > 0.999
    assert abs(covered.mean() - 0.95) < 4.9 * np.sqrt(0.95 * 0.05 / samples)


def test_a_ratio_of_proportional_samples_is_certain_and_pairs_that_lack_a_side_are_left_out():
    b = DRAWS.normal(5, 1, 20)
    np.testing.assert_allclose(ratio_of_means(3 * b, b)[:3], [3, 3, 3], rtol=1e-6)
    a = DRAWS.normal(2, 1, 20)
    both = ratio_of_means([*a, np.nan, 7.0], [*b, 9.0, np.nan])
    np.testing.assert_allclose(both, ratio_of_means(a, b))


def test_a_ratio_is_not_defined_where_what_it_divides_by_may_be_zero():
    assert np.isnan(ratio_of_means([5.0, 6.0, 7.0], [1.0, -1.0, 0.5])[:3]).all()
    assert np.isnan(ratio_of_means([5.0], [1.0])[:3]).all()
    assert ratio_of_means([5.0, 6.0, 7.0], [-1.0, -1.1, -0.9]).mean == pytest.approx(-6)
    with pytest.raises(ValueError, match="pairs"):
        ratio_of_means([1.0], [1.0, 2.0])


def test_ratios_are_taken_over_the_last_axis():
    a, b = DRAWS.normal(3, 1, (2, 4, 9))
    together = ratio_of_means(a, b)
    for row in range(4):
        np.testing.assert_allclose([part[row] for part in together], ratio_of_means(a[row], b[row]))
