"""Sorting the slots of a mempool, stably and the same in every mode: by arrival, tip, nonce, age or rank. More than a handful are
sorted by counting: no slot is compared with another.

One set of working memory serves all of it, so rules allocate nothing.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chain.layout import MAX_SUPPLY, NOBODY, Integers, Records
from chain.rule import rule

HANDFUL = 12
"""So many are sorted by insertion."""
ARRIVAL_BITS = 63
SIGN = -(2**63)
BY_NONCE, BY_AGE, BY_RANK = range(3)
"""Columns to sort by."""


Slots: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
"""Rows of a table. Unsigned, since compiled code then need not ask whether an index counts from the end: a tenth of a block."""


class Scratch(NamedTuple):
    """Working memory of the ordering: one set serves all worlds of a batch, one after another. Not part of the state."""

    places: Slots
    """Slots of the pool in order of execution."""
    spare: Slots
    keys: Integers
    """What is sorted by, while it is."""
    counts: Integers
    first: Integers
    """By account: where its slots begin in ``line``, while there are any; `NOBODY` before and after."""
    senders: Slots
    """By slot: who signed."""
    line: Slots
    """Slots, each sender's one after another by nonce: the senders' queues."""
    tips: Integers
    """By slot: the tip that counts."""
    worth: Integers
    """By slot: the same, or less where it will not be paid."""


def scratch_for(pool_size: int, accounts_size: int) -> Scratch:
    """Working memory for pools and account tables of these sizes."""
    buckets = 1
    while buckets < pool_size:
        buckets *= 2
    return Scratch(
        places=np.empty(pool_size, np.uint32),
        spare=np.empty(pool_size, np.uint32),
        keys=np.empty(pool_size, np.int64),
        counts=np.empty(buckets + 2, np.int64),
        first=np.full(accounts_size, NOBODY, np.int64),
        senders=np.empty(pool_size, np.uint32),
        line=np.empty(pool_size, np.uint32),
        tips=np.empty(pool_size, np.int64),
        worth=np.empty(pool_size, np.int64),
    )


@rule
def insert(places: Slots, keys: Integers, count: int) -> None:
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
    if count <= HANDFUL:
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
def by_key(scratch: Scratch, keys: Integers, count: int) -> None:
    """Sort the `count` slots in ``scratch.places`` stably by their keys, higher first."""
    places = scratch.places
    if count > HANDFUL:
        by_digits(scratch, keys, count)
        return
    for k in range(1, count):
        slot = places[k]
        j = k
        while j > 0 and keys[places[j - 1]] < keys[slot]:
            places[j] = places[j - 1]
            j -= 1
        places[j] = slot


@rule
def by_digits(scratch: Scratch, keys: Integers, count: int) -> None:
    """The same by one counting pass for every group of bits in which keys, counted from the lowest, are not all zero."""
    places, spare, counts = scratch.places, scratch.spare, scratch.counts
    lowest, highest = keys[places[0]], keys[places[0]]
    for k in range(count):
        lowest, highest = min(lowest, keys[places[k]]), max(highest, keys[places[k]])
    flip = 0
    if lowest < -MAX_SUPPLY or highest >= MAX_SUPPLY:  # differences would overflow
        lowest, flip = 0, SIGN
    different = 0
    for k in range(count):
        different |= (keys[places[k]] - lowest) ^ flip
    bits = 0
    while (1 << bits) < count:
        bits += 1
    last = (1 << bits) - 1
    for shift in range(0, 64, bits):
        if (different >> shift) & last == 0:
            continue
        counts[: last + 1] = 0
        for k in range(count):
            counts[last - ((((keys[places[k]] - lowest) ^ flip) >> shift) & last)] += 1
        place = 0
        for digit in range(last + 1):
            counts[digit], place = place, place + counts[digit]
        for k in range(count):
            slot = places[k]
            digit = last - ((((keys[slot] - lowest) ^ flip) >> shift) & last)
            spare[counts[digit]] = slot
            counts[digit] += 1
        for k in range(count):
            places[k] = spare[k]


@rule
def lowest_of(scratch: Scratch, keys: Integers, count: int, most: int) -> tuple[int, int]:
    """Of the `most` highest keys of the `count` slots in ``scratch.places`` the lowest, and how many that equal it are among
    them; keys are between plus and minus `MAX_SUPPLY`. Nothing is sorted: counting narrows them down, bucket by bucket."""
    places, counts = scratch.places, scratch.counts
    lowest, highest = -MAX_SUPPLY, MAX_SUPPLY
    while lowest < highest:
        low, high = highest, lowest
        for k in range(count):
            key = keys[places[k]]
            if lowest <= key <= highest:
                low, high = min(low, key), max(high, key)
        lowest, highest, shift = low, high, 0
        while (highest - lowest) >> shift > count:
            shift += 1
        bucket = (highest - lowest) >> shift
        counts[: bucket + 1] = 0
        for k in range(count):
            key = keys[places[k]]
            if lowest <= key <= highest:
                counts[(key - lowest) >> shift] += 1
        while counts[bucket] < most:
            most -= counts[bucket]
            bucket -= 1
        lowest += bucket << shift
        highest = min(highest, lowest + (1 << shift) - 1)
    return lowest, most


@rule
def by_column(pool: Records, count: int, scratch: Scratch, column: int) -> None:
    """Sort ``scratch.places`` stably by nonce, tick of submission or rank, lower first."""
    for k in range(count):
        slot = scratch.places[k]
        tx = pool[slot]
        if column == BY_NONCE:
            scratch.keys[slot] = ~tx.nonce
        elif column == BY_AGE:
            scratch.keys[slot] = ~tx.since
        else:
            scratch.keys[slot] = ~tx.rank
    by_key(scratch, scratch.keys, count)
