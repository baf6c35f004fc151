"""Who comes first in a block: the higher tip, then the earlier drawn arrival; a sender's own transactions by nonce.

Tips and arrivals give every transaction a *place*; a transaction counts with the least tip among the sender's own up to it, since
it can not come before them. A sender's places are then filled in the order of its nonces. So no transaction overtakes an
earlier one of its sender, and a tip that is never paid buys nobody a place.
"""

from typing import NamedTuple

import numpy as np

from chain.layout import MAX_PRICE, NOBODY, Integers, Records
from chain.rule import rule

RUN = 12
"""Runs of this length are sorted by insertion before they are merged."""
ARRIVAL_BITS = 63


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
    """Fill ``scratch.places`` with the first `count` slots by arrival.

    Arrivals are uniform on 63 bits, so one pass over about `count` buckets leaves each slot a step from its place. A handful is
    sorted without.
    """
    places, keys = scratch.places, scratch.keys
    if count <= RUN:
        for slot in range(count):
            places[slot], keys[slot] = slot, pool[slot].arrival
        insert(places, keys, count)
        return
    bits = 0
    while (1 << bits) < count:
        bits += 1
    shift = ARRIVAL_BITS - bits
    counts = scratch.counts
    counts[: (1 << bits) + 1] = 0
    for slot in range(count):
        counts[(pool[slot].arrival >> shift) + 1] += 1
    for bucket in range(1 << bits):
        counts[bucket + 1] += counts[bucket]
    for slot in range(count):
        arrival = pool[slot].arrival
        bucket = arrival >> shift
        place = counts[bucket]
        places[place] = slot
        keys[place] = arrival
        counts[bucket] = place + 1
    insert(places, keys, count)


@rule
def goes_before(pool: Records, tips: Integers, a: int, b: int, column: int) -> bool:
    """Whether slot `a` must stand before slot `b`: by tip (column 0, higher first) or by nonce (column 1)."""
    if column == 0:
        return bool(tips[a] > tips[b])
    return bool(pool[a].nonce < pool[b].nonce)


@rule
def stable_sort(pool: Records, count: int, scratch: Scratch, column: int) -> None:
    """Sort ``scratch.places`` stably by tip or by nonce: insertion in short runs, then merges."""
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
def queue_by_sender(pool: Records, count: int, scratch: Scratch) -> bool:
    """Link each sender's slots, taken from the last entry of ``places`` to the first; whether nonces rise in every queue."""
    rising = True
    for k in range(count - 1, -1, -1):
        slot = scratch.places[k]
        sender = pool[slot].sender
        after = scratch.first[sender]
        rising = rising and (after == NOBODY or pool[slot].nonce < pool[after].nonce)
        scratch.follower[slot] = after
        scratch.first[sender] = slot
    return rising


@rule
def count_tips(pool: Records, count: int, scratch: Scratch) -> None:
    """Along each sender's queue, the least tip so far."""
    for slot in range(count):
        if scratch.first[pool[slot].sender] == slot:
            least = pool[slot].tip
            queued = slot
            while queued != NOBODY:
                least = min(least, pool[queued].tip)
                scratch.tips[queued] = least
                queued = scratch.follower[queued]


@rule
def by_tip(pool: Records, count: int, scratch: Scratch) -> None:
    """Sort ``scratch.places`` stably by the tip that counts, higher first: one counting pass where tips span few values, else
    merges, and nothing at all where all tips are equal."""
    lowest, highest = MAX_PRICE, 0
    for slot in range(count):
        lowest, highest = min(lowest, pool[slot].tip), max(highest, pool[slot].tip)
    if lowest >= highest:
        return
    count_tips(pool, count, scratch)
    if lowest < 0 or highest > MAX_PRICE or highest - lowest > count:
        stable_sort(pool, count, scratch, 0)
        return
    counts, places, spare, tips = scratch.counts, scratch.places, scratch.spare, scratch.tips
    counts[: highest - lowest + 1] = 0
    for slot in range(count):
        counts[highest - tips[slot]] += 1
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
def by_nonce(pool: Records, count: int, scratch: Scratch) -> None:
    """Fill each sender's places with its slots in the order of their nonces; its queue is empty then."""
    places, first = scratch.places, scratch.first
    for place in range(count):
        sender = pool[places[place]].sender
        slot = first[sender]
        first[sender] = scratch.follower[slot]
        places[place] = slot


@rule
def line_up(head: Records, pool: Records, scratch: Scratch) -> int:
    """Fill ``scratch.places`` with the slots of all waiting transactions, in order of execution; returns their number."""
    count = int(head[0].pending)
    for slot in range(count):
        scratch.places[slot] = slot
    if not queue_by_sender(pool, count, scratch):
        for slot in range(count):
            scratch.first[pool[slot].sender] = NOBODY
        stable_sort(pool, count, scratch, 1)
        queue_by_sender(pool, count, scratch)
    by_arrival(pool, count, scratch)
    by_tip(pool, count, scratch)
    by_nonce(pool, count, scratch)
    return count
