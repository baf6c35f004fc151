"""Bootstrap intervals against SciPy's, and against what they promise."""

import numpy as np
import pytest
from scipy import stats

from sim.metrics.bootstrap import BLOCK, bca_interval, drawn, generator, kept, percentile_interval, trimmed_mean

DRAWS = np.random.Generator(np.random.Philox(31))
BOTH = pytest.mark.parametrize("interval", [percentile_interval, bca_interval])


def resampled(sample, trim, seed, resamples):
    """The resampled means that an interval was made of, each from its resample written out and sorted."""
    ordered = np.sort(sample)
    times = np.concatenate(list(drawn([sample.size], resamples, generator(seed, sample.size))))
    return np.array([stats.trim_mean(np.repeat(ordered, row), trim) for row in times])


@pytest.mark.parametrize("trim", [0.0, 0.1, 0.25])
@pytest.mark.parametrize(("interval", "method"), [(percentile_interval, "percentile"), (bca_interval, "BCa")])
@pytest.mark.parametrize("n", [4, 9, 30, 101])
def test_from_the_same_resamples_the_interval_is_scipys(interval, method, trim, n):
    """SciPy makes an interval of any bootstrap distribution: handed ours, only the rounding of sums is left between the two."""
    sample = DRAWS.lognormal(size=n)
    found = interval(sample, seed=5, trim=trim, level=0.9, resamples=999)

    class Before:
        bootstrap_distribution = resampled(sample, trim, 5, 999)

    def mean(x, axis):
        return stats.trim_mean(x, trim, axis=axis)

    expected = stats.bootstrap(
        (sample,), mean, method=method, n_resamples=0, confidence_level=0.9, bootstrap_result=Before
    ).confidence_interval
    np.testing.assert_allclose((found.low, found.high), expected, rtol=1e-10)


@pytest.mark.parametrize("trim", [0.0, 0.25])
def test_from_resamples_of_its_own_scipys_bca_interval_is_near(trim):
    """20,000 resamples each: ends differ by up to 0.05 standard errors of the mean (at the 0.5 % quantile); 5 times is allowed.

    The percentile interval of the mean of these skewed values is farther away than that.
    """
    sample = np.exp(1.5 * stats.norm.ppf((np.arange(40) + 0.5) / 40))
    found = bca_interval(sample, seed=5, trim=trim, resamples=20_000)

    def mean(x, axis):
        return stats.trim_mean(x, trim, axis=axis)

    expected = stats.bootstrap(
        (sample,), mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(6)
    ).confidence_interval
    allowed = 0.25 * sample.std() / np.sqrt(40)
    np.testing.assert_allclose((found.low, found.high), expected, atol=allowed)
    assert trim or abs(percentile_interval(sample, seed=5, resamples=20_000).high - expected.high) > allowed


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 11, 100])
@pytest.mark.parametrize("trim", [0.0, 0.1, 0.25, 0.4])
def test_the_trimmed_mean_is_scipys(n, trim):
    sample = DRAWS.normal(size=n)
    assert trimmed_mean(sample, trim) == pytest.approx(stats.trim_mean(sample, trim))


@BOTH
@pytest.mark.parametrize("trim", [0.0, 0.25])
def test_the_last_axis_is_the_sample_and_what_stands_beside_it_changes_nothing(interval, trim):
    table = DRAWS.normal(size=(4, 3, 9))
    table[0, 0, 2] = table[1, 2, :7] = table[2, 0, :8] = table[2, 1] = np.nan
    together = interval(table, seed=2, trim=trim)
    for index in np.ndindex(4, 3):
        known = table[index][~np.isnan(table[index])]
        alone = interval(known, seed=2, trim=trim)
        np.testing.assert_allclose([part[index] for part in together], alone, rtol=1e-12)
        assert together.n[index] == known.size


@BOTH
def test_the_order_of_the_values_changes_nothing_and_the_seed_does(interval):
    sample = DRAWS.lognormal(size=20)
    first = interval(sample, seed=1)
    assert interval(sample[::-1], seed=1) == first
    assert interval(sample, seed=1) == first
    assert interval(sample, seed=2).low != first.low


@BOTH
def test_the_unit_of_the_values_changes_nothing_even_where_resamples_tie_with_the_mean(interval):
    """Nearly four in ten resamples hold the one loss exactly once; rounding in another unit must not break these ties."""
    sample = np.array([0.0] * 29 + [-1.0])
    one = interval(sample, seed=3)
    for unit in (0.1, 0.3, 1e-9, 7e5):
        other = interval(unit * sample, seed=3)
        np.testing.assert_allclose(np.array([other.low, other.high]) / unit, [one.low, one.high], rtol=1e-12)


@BOTH
def test_equal_values_have_an_interval_of_no_width_and_one_value_or_none_has_no_interval(interval):
    found = interval([[3.0] * 5, [3.0] + [np.nan] * 4, [np.nan] * 5], seed=1)
    np.testing.assert_allclose(found.mean, [3, 3, np.nan])
    np.testing.assert_allclose(found.low, [3, np.nan, np.nan])
    np.testing.assert_allclose(found.high, [3, np.nan, np.nan])
    assert found.n.tolist() == [5, 1, 0]
    assert np.isnan(interval([], seed=1).mean)
    assert interval(np.empty((0, 4)), seed=1).mean.shape == (0,)


@BOTH
def test_an_infinite_value_leaves_no_interval(interval):
    found = interval([[1.0, 2.0, np.inf], [1.0, 2.0, 3.0]], seed=1)
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert np.isfinite([found.low[1], found.high[1]]).all()


@BOTH
def test_what_no_interval_can_be_made_with_is_refused(interval):
    for word, given in {"level": 1.0, "resamples": 0, "trim": 0.5}.items():
        with pytest.raises(ValueError, match=word):
            interval([1.0, 2.0], seed=1, **{word: given})
    with pytest.raises(ValueError, match="non-negative"):
        interval([1.0, 2.0], seed=-1)


def test_a_higher_level_gives_a_wider_interval_up_to_the_extremes():
    sample = DRAWS.lognormal(size=12)
    narrow, wide, all_ = (bca_interval(sample, seed=4, level=level) for level in (0.8, 0.99, 1 - 1e-15))
    assert all_.low <= wide.low < narrow.low < narrow.high < wide.high <= all_.high


def test_beyond_the_pole_of_its_formula_a_bca_interval_ends_at_the_extreme_resample():
    """One outlier has the largest acceleration there is, nearly 1/6: the formula turns round at a normal quantile near 6."""
    found = bca_interval([0.0] * 29 + [1.0], seed=1, level=1 - 1e-12)
    most = max(times[:, -1].max() for times in drawn([30], 2_000, generator(1, 30)))
    assert (found.low, found.high) == (0, pytest.approx(most / 30))


def test_every_value_of_a_stratum_is_drawn_as_often_as_the_others_and_strata_keep_their_size():
    """5 strata of other sizes, 20,000 resamples: a value's mean count is 1 within 5 standard errors, below 1e-5 in all."""
    sizes = [1, 2, 5, 0, 12]
    times = np.concatenate(list(drawn(sizes, 20_000, generator(8))))
    ends = np.cumsum(sizes)
    for first, last, size in zip(ends - sizes, ends, sizes, strict=True):
        assert (times[:, first:last].sum(axis=1) == size).all()
        np.testing.assert_allclose(times[:, first:last].mean(axis=0), 1, atol=5 / np.sqrt(20_000))


def test_draws_do_not_depend_on_the_block_they_are_worked_on_in(monkeypatch):
    whole = np.concatenate(list(drawn([3, 4], 50, generator(1))))
    monkeypatch.setattr("sim.metrics.bootstrap.BLOCK", 20)
    blocks = list(drawn([3, 4], 50, generator(1)))
    assert len(blocks) == 25 < BLOCK
    assert (np.concatenate(blocks) == whole).all()


def test_what_is_kept_is_the_middle_of_the_resample():
    times = np.array([[0, 2, 0, 2, 1], [5, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 4]])
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    for cut in (0, 1, 2):
        expected = [np.repeat(values, row)[cut : 5 - cut].sum() for row in times]
        assert (kept(times, cut) @ values).tolist() == expected
