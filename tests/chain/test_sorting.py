"""Slots are sorted stably whatever their keys: as by NumPy's stable sort, from a handful to thousands, to the ends of 64 bits."""

import numpy as np
import pytest

from chain.layout import TRANSACTION, records
from chain.sorting import BY_AGE, BY_NONCE, BY_RANK, HANDFUL, by_arrival, by_column, by_key, scratch_for

LEAST, MOST = -(2**63), 2**63 - 1
KEYS = {
    "all equal": [7],
    "few values": range(-3, 4),
    "below and above zero, far apart": [-(2**40) - 1, -5, -1, 0, 1, 49, 2**40],
    "as far apart as differences can be": [-(2**62), -1, 0, 2**62],
    "to the ends": [LEAST, LEAST + 1, -(2**62) - 1, -1, 0, 1, 2**62 + 1, MOST],
    "anything": None,
}
SIZES = (0, 1, 2, HANDFUL, HANDFUL + 1, 16, 17, 1_000, 4_097)


def keys_of(kind, count, random):
    if KEYS[kind] is None:
        return random.integers(LEAST, MOST, count, endpoint=True)
    return random.choice(np.array(KEYS[kind], np.int64), count)


@pytest.mark.parametrize("kind", KEYS)
def test_by_key_the_higher_come_first_and_equals_stand_as_they_stood(kind):
    random = np.random.default_rng(1)
    for count in SIZES:
        scratch = scratch_for(max(count, 1), 1)
        keys, places = keys_of(kind, count, random), random.permutation(count)
        scratch.places[:count] = places
        by_key(scratch, keys, count)
        assert np.array_equal(scratch.places[:count], places[np.argsort(~keys[places], kind="stable")]), count


@pytest.mark.parametrize(("column", "name"), [(BY_NONCE, "nonce"), (BY_AGE, "since"), (BY_RANK, "rank")])
def test_by_column_the_lower_come_first_and_equals_stand_as_they_stood(column, name):
    random = np.random.default_rng(2)
    for count in SIZES:
        pool, scratch = records(TRANSACTION, max(count, 1)), scratch_for(max(count, 1), 1)
        pool[name][:count] = keys_of("to the ends", count, random)
        scratch.places[:count] = np.arange(count)
        by_column(pool, count, scratch, column)
        assert np.array_equal(scratch.places[:count], np.argsort(pool[name][:count], kind="stable")), count


def test_by_arrival_and_then_by_tick_the_earlier_tick_comes_first_and_in_it_the_earlier_arrival():
    random = np.random.default_rng(3)
    for count in SIZES:
        pool, scratch = records(TRANSACTION, max(count, 1)), scratch_for(max(count, 1), 1)
        pool["since"][:count] = random.integers(0, 3, count)
        pool["arrival"][:count] = random.integers(0, MOST, count, endpoint=True)
        scratch.places[:count] = np.arange(count)
        by_arrival(pool, count, scratch)
        by_column(pool, count, scratch, BY_AGE)
        assert np.array_equal(scratch.places[:count], np.lexsort((pool["arrival"][:count], pool["since"][:count]))), count
