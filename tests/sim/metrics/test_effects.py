"""Cohen's d_z with Hedges' correction: by hand, unbiased, and where it is not defined."""

import numpy as np
import pytest

from sim.metrics.effects import paired_effect

DRAWS = np.random.Generator(np.random.Philox(33))


def test_the_factor_is_hedges_of_the_published_table():
    """Hedges (1981), table 1: c(2) = 0.5642, c(9) = 0.9139, c(49) = 0.9846."""
    for n, factor in ((3, 0.5642), (10, 0.9139), (50, 0.9846)):
        gap = DRAWS.normal(1, 1, n)
        plain = gap.mean() / gap.std(ddof=1)
        assert paired_effect(gap, np.zeros(n)) / plain == pytest.approx(factor, abs=5e-5)


@pytest.mark.parametrize("n", [4, 10])
def test_it_is_unbiased_for_normal_differences(n):
    """200,000 samples with d_z = 1/2: the mean is within 5 standard errors; an error rate below 1e-6."""
    found = paired_effect(DRAWS.normal(0.5, 1, (200_000, n)), np.zeros((200_000, n)))
    assert found.mean() == pytest.approx(0.5, abs=5 * found.std() / np.sqrt(200_000))


def test_pairs_are_what_counts_and_the_unit_does_not():
    a, b = DRAWS.normal(size=(2, 8))
    one = paired_effect(a, b)
    assert paired_effect(1e6 * (a + 3), 1e6 * (b + 3)) == pytest.approx(one)
    assert paired_effect(b, a) == pytest.approx(-one)
    assert paired_effect([*a, np.nan, 5.0], [*b, 7.0, np.nan]) == pytest.approx(one)


def test_equal_differences_are_zero_or_infinite():
    three = np.array([0.1, 0.2, 0.3])
    assert paired_effect(three, three) == 0
    assert paired_effect(three + 0.7, three) == np.inf  # the differences are equal but for rounding
    assert paired_effect(three - 0.7, three) == -np.inf
    assert paired_effect(three + 1e9, three + 1e9) == 0


def test_fewer_than_three_pairs_and_infinite_values_have_none():
    assert np.isnan(paired_effect([1.0, 3.0], [0.0, 0.0]))
    assert np.isnan(paired_effect([], []))
    assert np.isnan(paired_effect([1.0, 2.0, np.inf], [0.0, 0.0, 0.0]))
    assert np.isnan(paired_effect([1.0, 2.0, np.inf, 4.0], [0.0, 0.0, np.inf, 1.0]))
    assert paired_effect(np.empty((0, 5)), np.empty((0, 5))).shape == (0,)


def test_the_last_axis_is_the_sample_and_shapes_must_agree():
    a, b = DRAWS.normal(size=(2, 3, 2, 6))
    a[0, 1, :4] = np.nan
    together = paired_effect(a, b)
    for index in np.ndindex(3, 2):
        np.testing.assert_allclose(together[index], paired_effect(a[index], b[index]))
    with pytest.raises(ValueError, match="pairs"):
        paired_effect([1.0], [1.0, 2.0])
