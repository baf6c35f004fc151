"""Parameter points: the order of a grid, its product with sets and samples, and how evenly a sample fills its space."""

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import qmc

from sim.experiments.points import count, points, sampled, varied
from sim.experiments.spec import Sample, checked

METHODS = ("sobol", "halton", "latin_hypercube")


def spec(**fields):
    return checked({"name": "x", "scenario": "service_market", **fields})


def sample(number=16, *ranges, method="sobol", seed=0):
    return Sample(points=number, method=method, seed=seed, ranges={f"p{k}": list(ends) for k, ends in enumerate(ranges)})


def found(**fields):
    """The points of a spec; there are as many as are counted, and each has all that is varied, in this order."""
    asked = spec(**fields)
    out = [dict(point) for point in points(asked)]
    assert len(out) == count(asked)
    return out


def test_without_anything_that_varies_there_is_one_point():
    assert found() == [{}]
    assert found(fixed={"spare": 1}) == [{}]
    assert varied(spec()) == ()


def test_a_grid_is_every_combination_the_last_name_fastest():
    assert found(grid={"b": [1, 2], "a": [5, 3]}) == [{"b": 1, "a": 5}, {"b": 1, "a": 3}, {"b": 2, "a": 5}, {"b": 2, "a": 3}]
    assert varied(spec(grid={"b": [1], "a": [3]})) == ("b", "a")


def test_sets_are_points_of_their_own_and_may_set_different_parameters():
    assert found(sets=[{"a": 1}, {"b": 2, "a": 3}]) == [{"a": 1}, {"b": 2, "a": 3}]
    assert varied(spec(sets=[{"a": 1}, {"b": 2, "a": 3}])) == ("a", "b")


def test_sets_grid_and_sample_are_all_combined_sets_slowest_and_the_sample_fastest():
    ranges = {"c": [0, 9], "d": [5, 5]}
    drawn = sampled(Sample(points=3, ranges=ranges)).tolist()
    asked = {"sets": [{"a": 1}, {"a": 2}], "grid": {"b": [7, 8]}, "sample": {"points": 3, "ranges": ranges}}
    assert found(**asked) == [{"a": a, "b": b, "c": c, "d": d} for a, b, (c, d) in itertools.product([1, 2], [7, 8], drawn)]
    assert varied(spec(**asked)) == ("a", "b", "c", "d")


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another(method):
    one = sample(32, (0, 10**6), (0, 10**6), method=method, seed=3)
    assert (sampled(one) == sampled(one)).all()
    assert (sampled(one) != sampled(one.model_copy(update={"seed": 4}))).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_stays_in_its_ranges_and_reaches_both_ends(method):
    """Of three values each is drawn in 256 points; one that misses an end is one that is not inclusive."""
    got = sampled(sample(256, (-1, 1), (7, 7), (0, 1), method=method))
    assert got.shape == (256, 3)
    assert got.dtype == np.int64
    assert set(got[:, 0]) == {-1, 0, 1}
    assert set(got[:, 1]) == {7}
    assert set(got[:, 2]) == {0, 1}


@pytest.mark.parametrize("method", ["sobol", "halton"])
@pytest.mark.parametrize("number", [1, 7, 64])
def test_a_longer_sample_goes_on_where_a_shorter_one_ended(method, number):
    ranges = (0, 10**6), (5, 10**9)
    assert (sampled(sample(100, *ranges, method=method))[:number] == sampled(sample(number, *ranges, method=method))).all()


@pytest.mark.parametrize("number", [1, 10, 97])
def test_a_latin_hypercube_hits_every_stratum_of_every_parameter_once(number):
    got = sampled(sample(number, (0, number * 1_000 - 1), (0, number - 1), (-500, number * 10 - 501), method="latin_hypercube"))
    for column, first, width in zip(got.T, (0, 0, -500), (1_000, 1, 10), strict=True):
        assert sorted((column - first) // width) == list(range(number))


@pytest.mark.parametrize("seed", range(5))
def test_sobol_points_hit_every_elementary_interval_once(seed):
    """256 points in two dimensions: a net of strength (0, 8, 2), scrambled or not."""
    got = sampled(sample(256, (0, 255), (0, 255), seed=seed))
    for power in range(9):
        wide, high = 2**power, 2 ** (8 - power)
        assert set(Counter(zip(got[:, 0] // wide, got[:, 1] // high, strict=True)).values()) == {1}


def test_halton_points_hit_every_stratum_of_their_base_once():
    """The first parameter has base 2, the second base 3: of 64 and of 81 points in a row one each."""
    assert sorted(sampled(sample(64, (0, 63), method="halton"))[:, 0]) == list(range(64))
    assert sorted(sampled(sample(81, (0, 0), (0, 80), method="halton"))[:, 1]) == list(range(81))


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_fills_its_space_more_evenly_than_chance(method):
    """By the centred discrepancy of 256 points in four dimensions, against the best of 20 draws at random."""
    high = 2**20 - 1
    even = qmc.discrepancy((sampled(sample(256, *[(0, high)] * 4, method=method)) + 0.5) / (high + 1))
    chance = np.random.default_rng(1).random((20, 256, 4))
    assert even < min(qmc.discrepancy(one) for one in chance)


def test_in_a_wide_range_no_two_sobol_points_share_their_last_digits():
    """Coordinates of thirty bits would give multiples of 2**20 alone."""
    got = sampled(sample(64, (0, 2**50 - 1)))[:, 0]
    assert len(set(got % 2**20)) > 60


def test_a_range_may_be_negative_and_as_wide_as_a_double_tells_values_apart():
    got = sampled(sample(8, (-(2**52), 2**52 - 1)))
    assert (got.min() < -(2**49), got.max() > 2**49) == (True, True)
    assert (np.abs(got) <= 2**52).all()
