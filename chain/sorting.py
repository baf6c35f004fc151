"""Sorting the slots of a mempool, stably and the same in every mode: by arrival, tip, nonce, age or rank.

One set of working memory serves all of it, so rules allocate nothing.
"""

from typing import NamedTuple

import numpy as np

from chain.layout import MAX_PRICE, NOBODY, Integers, Records
from chain.rule import rule

RUN = 12
"""Runs of this length are sorted by insertion before they are merged."""
ARRIVAL_BITS = 63
BY_TIP, BY_NONCE, BY_AGE, BY_RANK = range(4)
"""What a stable sort compares."""


class Scratch(NamedTuple):
    """Working memory of the ordering: one set serves all worlds of a batch, one after another. Not part of the state."""

    places: Integers
    """Slots of the pool in order of execution."""
    spare: Integers
    keys: Integers
    """Arrivals, while they are sorted."""
    counts: Integers
    first: Integers
    """By account: slot of its first transaction that has no place yet; `NOBODY` everywhere once all have one."""
    tips: Integers
    """By slot: the tip that counts."""
    follower: Integers
    """By slot: the same sender's next transaction."""


def scratch_for(pool_size: int, accounts_size: int) -> Scratch:
    """Working memory for pools and account tables of these sizes."""
    buckets = 1
    while buckets < pool_size:
        buckets *= 2
    return Scratch(
        np.empty(pool_size, np.int64),
        np.empty(pool_size, np.int64),
        np.empty(pool_size, np.int64),
        np.empty(buckets + 2, np.int64),
        np.full(accounts_size, NOBODY, np.int64),
        np.empty(pool_size, np.int64),
        np.empty(pool_size, np.int64),
    )


@rule
def insert(places: Integers, keys: Integers, count: int) -> None:
    """Sort places and their keys by key, stably, by insertion: quick where each is near its place."""
    for k in range(1, count):
        slot, key = places[k], keys[k]
        j = k
        while j > 0 and keys[j - 1] > key:
            places[j], keys[j] = places[j - 1], keys[j - 1]
            j -= 1
        places[j], keys[j] = slot, key


@rule
def by_arrival(pool: Records, count: int, scratch: Scratch) -> None:
    """Sort the `count` slots in ``scratch.places`` stably by arrival.

    Arrivals are uniform on 63 bits, so one pass over about `count` buckets leaves each slot a step from its place. A handful is
    sorted without.
    """
    places, spare, keys = scratch.places, scratch.spare, scratch.keys
    if count <= RUN:
        for k in range(count):
            keys[k] = pool[places[k]].arrival
        insert(places, keys, count)
        return
    bits = 0
    while (1 << bits) < count:
        bits += 1
    shift = ARRIVAL_BITS - bits
    counts = scratch.counts
    counts[: (1 << bits) + 1] = 0
    for k in range(count):
        slot = places[k]
        spare[k] = slot
        counts[(pool[slot].arrival >> shift) + 1] += 1
    for bucket in range(1 << bits):
        counts[bucket + 1] += counts[bucket]
    for k in range(count):
        slot = spare[k]
        arrival = pool[slot].arrival
        bucket = arrival >> shift
        place = counts[bucket]
        places[place] = slot
        keys[place] = arrival
        counts[bucket] = place + 1
    insert(places, keys, count)


@rule
def goes_before(pool: Records, tips: Integers, a: int, b: int, column: int) -> bool:
    """Whether slot `a` must stand before slot `b`: the higher tip first, else the lower nonce, tick of submission or rank."""
    if column == BY_TIP:
        return bool(tips[a] > tips[b])
    if column == BY_NONCE:
        return bool(pool[a].nonce < pool[b].nonce)
    if column == BY_AGE:
        return bool(pool[a].since < pool[b].since)
    return bool(pool[a].rank < pool[b].rank)


@rule
def stable_sort(pool: Records, count: int, scratch: Scratch, column: int) -> None:
    """Sort the `count` slots in ``scratch.places`` stably by a column: insertion in short runs, then merges."""
    places, spare = scratch.places, scratch.spare
    for start in range(0, count, RUN):
        for k in range(start + 1, min(start + RUN, count)):
            slot = places[k]
            j = k
            while j > start and goes_before(pool, scratch.tips, slot, places[j - 1], column):
                places[j] = places[j - 1]
                j -= 1
            places[j] = slot
    width = RUN
    while width < count:
        for start in range(0, count, 2 * width):
            middle, stop = min(start + width, count), min(start + 2 * width, count)
            left, right = start, middle
            for k in range(start, stop):
                if right < stop and (left >= middle or goes_before(pool, scratch.tips, places[right], places[left], column)):
                    spare[k] = places[right]
                    right += 1
                else:
                    spare[k] = places[left]
                    left += 1
        for k in range(count):
            places[k] = spare[k]
        width *= 2


@rule
def by_tip(pool: Records, count: int, scratch: Scratch) -> None:
    """Sort ``scratch.places`` stably by the tip that counts, higher first: one counting pass where tips span few values, else
    merges, and nothing at all where all tips are equal."""
    places, tips = scratch.places, scratch.tips
    lowest, highest = MAX_PRICE, -MAX_PRICE
    for k in range(count):
        lowest, highest = min(lowest, tips[places[k]]), max(highest, tips[places[k]])
    if lowest >= highest:
        return
    if lowest < -MAX_PRICE or highest > MAX_PRICE or highest - lowest > count:
        stable_sort(pool, count, scratch, BY_TIP)
        return
    counts, spare = scratch.counts, scratch.spare
    counts[: highest - lowest + 1] = 0
    for k in range(count):
        counts[highest - tips[places[k]]] += 1
    place = 0
    for step in range(highest - lowest + 1):
        counts[step], place = place, place + counts[step]
    for k in range(count):
        slot = places[k]
        step = highest - tips[slot]
        spare[counts[step]] = slot
        counts[step] += 1
    for k in range(count):
        places[k] = spare[k]


@rule
def by_age(pool: Records, count: int, scratch: Scratch) -> None:
    """Sort ``scratch.places`` by the tick of submission, and those of one tick by arrival."""
    ages = 0
    for k in range(count):
        ages |= pool[scratch.places[k]].since ^ pool[scratch.places[0]].since
    by_arrival(pool, count, scratch)
    if ages != 0:
        stable_sort(pool, count, scratch, BY_AGE)
