"""Dice: the same words as NumPy's Philox, at the coordinates the docstring names, with the right frequencies."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from chain.dice import (
    What,
    below,
    chance,
    draw,
    fill_normals,
    fill_units,
    lane,
    lanes,
    latency,
    mix,
    philox,
    positive,
    swap,
    unit,
)
from chain.layout import HEAD, records

WORD = 2**64
FALSE_ALARM = 1e-6
"""Chance that a right implementation fails one statistical test here, had its seed been drawn at random."""


def words(*numbers):
    return [np.uint64(number % WORD) for number in numbers]


def block(key, counter):
    """Four words from the rule: key and counter are Python numbers of 128 and 256 bits."""
    key_words = words(key, key >> 64)
    counter_words = words(counter, counter >> 64, counter >> 128, counter >> 192)
    return [int(word) for word in philox(*key_words, *counter_words)]


def numpy_block(key, counter):
    """The same four words from NumPy, which adds one to its counter before it makes a block."""
    return [int(word) for word in np.random.Philox(key=key, counter=(counter - 1) % WORD**4).random_raw(4)]


def heads(*rows):
    head = records(HEAD, len(rows), 1)
    for row, (seed, world, episode) in enumerate(rows):
        head[row, 0].seed, head[row, 0].world, head[row, 0].episode = seed, world, episode
    return head


def test_every_word_equals_numpys_philox():
    rng = np.random.default_rng(1)
    for _ in range(500):
        key, counter = int.from_bytes(rng.bytes(16)), int.from_bytes(rng.bytes(32))
        assert block(key, counter) == numpy_block(key, counter)


@pytest.mark.parametrize("counter", [0, 1, WORD - 1, WORD, WORD**2 - 1, WORD**2, WORD**3, WORD**4 - 1])
@pytest.mark.parametrize("key", [0, 1, WORD - 1, WORD, WORD**2 - 1])
def test_words_equal_numpys_where_the_counter_carries(key, counter):
    assert block(key, counter) == numpy_block(key, counter)


def test_the_key_is_seed_world_and_episode_and_the_counter_tick_who_what_and_block():
    head = heads((11, 3, 5))[0, 0]
    counter = 7 + (9 << 64) + (int(What.DELIVERY) << 128) + (2 << 192)
    expected = numpy_block(11 + (((3 << 32) | 5) << 64), counter)
    assert [int(draw(head, 7, 9, What.DELIVERY, index)) for index in (8, 9, 10, 11)] == expected
    assert [int(word) for word in lanes(head, 7, 9, What.DELIVERY, 2)] == expected


def test_negative_coordinates_are_words_modulo_2_to_the_64():
    head = heads((-1, 0, 0))[0, 0]
    counter = 1 + (2 << 64) + (1 << 128) + ((WORD - 1) << 192)
    minus_two = np.int64(-2)
    assert int(draw(head, 1, 2, What.ARRIVAL, minus_two)) == numpy_block(WORD - 1, counter)[2]


def test_no_two_coordinates_share_a_draw():
    drawn = set()
    rows = [(seed, world, episode) for seed in (0, 1) for world in (0, 1) for episode in (0, 1)]
    for row in heads(*rows)[:, 0]:
        for tick in (0, 1):
            for who in (0, 1):
                for what in What:
                    drawn |= {int(draw(row, tick, who, what, index)) for index in range(5)}
    assert len(drawn) == 8 * 2 * 2 * len(What) * 5


def test_an_index_picks_the_lane_of_its_block():
    four = tuple(words(10, 11, 12, 13))
    assert [int(lane(four, index)) for index in range(8)] == [10, 11, 12, 13] * 2


@cache
def many_words(count):
    head = heads((20, 0, 0))[0, 0]
    return [np.uint64(int(draw(head, 0, who, What.TYPE, 0))) for who in range(count)]


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_below_is_even_on_its_numbers(n):
    drawn = np.bincount([below(word, n) for word in many_words(20_000)], minlength=n)
    assert drawn.size == n
    if n > 1:
        assert stats.chisquare(drawn).pvalue > FALSE_ALARM


def test_below_reaches_both_ends_and_never_its_bound():
    assert [below(word, 10) for word in words(0, WORD - 1)] == [0, 9]
    assert below(np.uint64(WORD - 1), 2**62) == 2**62 - 1


@pytest.mark.parametrize("bps", [1, 300, 5_000, 9_999])
def test_chance_is_as_frequent_as_it_says(bps):
    hits = sum(bool(chance(word, bps)) for word in many_words(20_000))
    assert stats.binomtest(hits, 20_000, bps / 10_000).pvalue > FALSE_ALARM


def test_chance_knows_never_and_always():
    for word in (*words(0, WORD - 1), *many_words(100)):
        assert not chance(word, 0)
        assert chance(word, 10_000)


def test_the_swapped_word_is_a_second_draw():
    assert int(swap(np.uint64(0x0123456789ABCDEF))) == 0x89ABCDEF01234567
    pairs = np.zeros((10, 10))
    for word in many_words(20_000):
        pairs[below(word, 10), below(np.uint64(int(swap(word))), 10)] += 1
    assert stats.chisquare(pairs.ravel()).pvalue > FALSE_ALARM


def splitmix(word):
    """The finaliser of SplitMix64 on Python numbers, after Steele, Lea and Flood."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % WORD
    return word ^ (word >> 31)


def test_mixing_is_splitmix_64():
    assert splitmix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF, "the first output of SplitMix64 with seed 0"
    for word in (*words(0, 1, WORD - 1), *many_words(1_000)):
        assert int(mix(word)) == splitmix(int(word))


def test_a_latency_is_a_mix_of_the_ticks_draw_name_and_nonce():
    head, golden = heads((1, 2, 3))[0, 0], 0x9E3779B97F4A7C15
    for drawn, name, nonce in ((0, 0, 0), (2**63 - 1, 7, 9), (123_456_789, 2**31, -1), (5, 6, 2**63 - 1), (5, 6, -(2**63))):
        head.latency = drawn
        expected = splitmix((splitmix((drawn + name * golden) % WORD) + nonce * golden) % WORD) >> 1
        assert latency(head, np.int64(name), np.int64(nonce)) == expected


def test_latencies_are_even_and_those_of_neighbours_unrelated():
    head = heads((1, 2, 3))[0, 0]
    head.latency = positive(many_words(1)[0])
    drawn = np.array([[latency(head, name, nonce) for nonce in range(100)] for name in range(200)]) / 2.0**63
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > FALSE_ALARM
    for one, other in ((drawn[1:], drawn[:-1]), (drawn[:, 1:], drawn[:, :-1])):
        pairs = np.histogram2d(one.ravel(), other.ravel(), bins=8, range=((0, 1), (0, 1)))[0]
        assert stats.chisquare(pairs.ravel()).pvalue > FALSE_ALARM


def test_floats_are_numpys_doubles_and_positives_fit_signed_integers():
    raw = np.random.Philox(key=4).random_raw(1_000)
    doubles = np.random.Generator(np.random.Philox(key=4)).random(1_000)
    assert [unit(word) for word in raw] == doubles.tolist()
    assert [positive(word) for word in words(0, 1, WORD - 1)] == [0, 0, 2**63 - 1]


def test_filled_units_are_even_and_filled_normals_normal():
    head, names = heads((30, 0, 0)), np.arange(2_000)
    units, normals = np.zeros((2_000, 5)), np.zeros((2_000, 5))
    fill_units(head[:, 0], 3, names, 0, units)
    fill_normals(head[:, 0], 3, names, 0, normals)
    assert stats.kstest(units.ravel(), "uniform").pvalue > FALSE_ALARM
    assert stats.kstest(normals.ravel(), "norm").pvalue > FALSE_ALARM


@pytest.mark.parametrize("fill", [fill_units, fill_normals])
def test_filled_draws_do_not_depend_on_how_rows_are_batched(fill):
    head = heads((1, 0, 0), (1, 1, 0), (2, 0, 4))
    names = np.array([4, 2, 9, 4, 2, 3, 7, 4, 2])
    whole = np.zeros((9, 6))
    fill(head[:, 0], 5, names, 2, whole)
    for world in range(3):
        for row in range(3 * world, 3 * world + 3):
            for column in range(6):
                alone = np.zeros((1, 1))
                fill(head[world : world + 1, 0], 5, names[row : row + 1], 2 + column, alone)
                assert alone[0, 0] == whole[row, column]
    assert np.unique(whole).size == 54
