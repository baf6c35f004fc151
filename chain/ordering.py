"""Who comes first in a block, by the ledger's `Ordering`; a sender's own transactions always by nonce.

Tips and arrivals give every transaction a *place*; a transaction counts with the least tip among the sender's own up to it, since
it can not come before them. A sender's places are then filled in the order of its nonces. So no transaction overtakes an
earlier one of its sender, and a tip that is never paid buys nobody a place.

A transaction whose `max_fee` is below the base fee waits, and so does one that the builder of the block leaves out. Whatever its
sender signed after it waits with it.
"""

from chain.accounts import can_pay
from chain.dice import latency
from chain.fees import gas_of
from chain.layout import MAX_PRICE, NO_LIMIT, NOBODY, Ordering, Record, Records
from chain.mempool import answer, has_valid_fees, replaces
from chain.rule import rule
from chain.sorting import BY_AGE, BY_NONCE, BY_RANK, Scratch, by_arrival, by_column, by_key
from chain.status import Status


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
def queue(pool: Records, count: int, scratch: Scratch) -> bool:
    """Link each sender's slots in ``places``, by nonce; whether no two have the same nonce."""
    if queue_by_sender(pool, count, scratch):
        return True
    for k in range(count):
        scratch.first[pool[scratch.places[k]].sender] = NOBODY
    by_column(pool, count, scratch, BY_NONCE)
    return queue_by_sender(pool, count, scratch)


@rule
def replace(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> int:
    """Of each sender's transactions with the same nonce, let one stay, in its queue and in ``places``; returns how many stay."""
    first, follower, pending = scratch.first, scratch.follower, int(head[0].pending)
    for slot in range(pending):
        sender = pool[slot].sender
        if first[sender] == slot:
            before, stays, queued = NOBODY, slot, follower[slot]
            while queued != NOBODY:
                after = follower[queued]
                if pool[queued].nonce != pool[stays].nonce:
                    before, stays = stays, queued
                elif replaces(pool[queued], pool[stays]):
                    answer(head, accounts, receipts, pool[stays], Status.REPLACED, 0, NOBODY)
                    if before == NOBODY:
                        first[sender] = queued
                    else:
                        follower[before] = queued
                    stays = queued
                else:
                    answer(head, accounts, receipts, pool[queued], Status.UNDERPRICED, 0, NOBODY)
                    follower[stays] = after
                queued = after
    count = 0
    for slot in range(pending):
        if pool[slot].arrival != NOBODY:
            scratch.places[count] = slot
            count += 1
    return count


@rule
def count_tips(pool: Records, scratch: Scratch, head: Record) -> None:
    """Along each sender's queue, the least tip so far; what no `max_fee` covers counts as negative."""
    for slot in range(head.pending):
        if scratch.first[pool[slot].sender] == slot:
            least = pool[slot].tip
            queued = slot
            while queued != NOBODY:
                tx = pool[queued]
                least = min(least, tx.tip, max(tx.max_fee, -1) - head.base_fee)
                scratch.tips[queued] = least
                queued = scratch.follower[queued]


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
def discount(pool: Records, scratch: Scratch, head: Record, accounts: Records) -> None:
    """Along each sender's queue, what its tip is worth: what will never be paid counts as the lowest of all, from a fee that
    nobody can pay on, a nonce out of turn, or more than the sender has now."""
    for slot in range(head.pending):
        sender = pool[slot].sender
        if scratch.first[sender] == slot:
            queued, nonce, paid = slot, accounts[sender].nonce, True
            while queued != NOBODY:
                tx, tip = pool[queued], scratch.tips[queued]
                paid = paid and has_valid_fees(tx) and tx.nonce == nonce
                paid = paid and can_pay(accounts, sender, gas_of(tx.kind) * (head.base_fee + max(tip, 0)))
                scratch.worth[queued] = tip if paid else min(tip, -MAX_PRICE - 1)
                queued = scratch.follower[queued]
                nonce += 1


@rule
def evict(head: Records, accounts: Records, pool: Records, receipts: Records, count: int, scratch: Scratch) -> int:
    """Drop from the queues and from ``places``, which are by age, what the mempool has no place for: the last by tip, whatever
    ordering blocks have; returns how many stay. Tips are counted then."""
    h, places, by_age = head[0], scratch.places, scratch.keys
    stay = int(max(h.capacity, 0))
    for k in range(count):
        by_age[k] = places[k]
    count_tips(pool, scratch, h)
    discount(pool, scratch, h, accounts)
    by_key(scratch, scratch.worth, count)
    by_nonce(pool, count, scratch)
    for place in range(stay, count):
        answer(head, accounts, receipts, pool[places[place]], Status.EVICTED, 0, NOBODY)
        h.dropped += 1
    queue_by_sender(pool, stay, scratch)
    stay = 0
    for k in range(count):
        if pool[by_age[k]].arrival != NOBODY:
            places[stay] = by_age[k]
            stay += 1
    return stay


@rule
def waits(head: Record, accounts: Records, tx: Record) -> bool:
    """Whether a transaction is not for this block: its limit is below the base fee, or the builder leaves it out.

    One whose nonce is used up waits for no lower fee: it could only keep its sender's others from their turn.
    """
    if head.ordering == Ordering.BUILDER and tx.rank < 0:
        return True
    return bool(tx.max_fee < head.base_fee and has_valid_fees(tx) and tx.nonce >= accounts[tx.sender].nonce)


@rule
def survey(head: Record, accounts: Records, pool: Records) -> tuple[bool, bool, bool]:
    """Of all that is in the mempool: whether anything waits for another block, whether it was submitted in several ticks, and
    whether tips need counting: they do not where all are equal and covered."""
    waiting, ages = False, 0
    lowest, highest, limit = NO_LIMIT, -NO_LIMIT, NO_LIMIT
    for slot in range(head.pending):
        tx = pool[slot]
        waiting = waiting or waits(head, accounts, tx)
        ages |= tx.since ^ pool[0].since
        lowest, highest, limit = min(lowest, tx.tip), max(highest, tx.tip), min(limit, tx.max_fee)
    return waiting, ages != 0, not (lowest == highest and max(limit, -1) - head.base_fee >= highest)


@rule
def pick(head: Records, accounts: Records, pool: Records, count: int, scratch: Scratch) -> int:
    """Keep in ``places`` the slots that are for this block, and cut the queues before whatever waits; returns their number."""
    h, picked = head[0], 0
    for k in range(count):
        scratch.spare[scratch.places[k]] = 0
    for slot in range(h.pending):
        sender = pool[slot].sender
        if scratch.first[sender] == slot:
            queued, last = slot, NOBODY
            while queued != NOBODY and not waits(h, accounts, pool[queued]):
                last, queued = queued, scratch.follower[queued]
            if last == NOBODY:
                scratch.first[sender] = NOBODY
            else:
                scratch.follower[last] = NOBODY
            while queued != NOBODY:
                scratch.spare[queued] = NOBODY
                queued = scratch.follower[queued]
    for k in range(count):
        slot = scratch.places[k]
        if scratch.spare[slot] != NOBODY:
            scratch.places[picked] = slot
            picked += 1
    return picked


@rule
def line_up(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> int:
    """Tidy the mempool, then fill ``scratch.places`` with the slots of the transactions for this block, in order of execution;
    returns their number."""
    h = head[0]
    count = int(h.pending)
    for slot in range(count):
        scratch.places[slot] = slot
    if not queue(pool, count, scratch):
        count = replace(head, accounts, pool, receipts, scratch)
    waiting, aged, tips = survey(h, accounts, pool)
    full = count > h.capacity
    if full or h.ordering != Ordering.RANDOM:
        by_arrival(pool, count, scratch)
        if aged:
            by_column(pool, count, scratch, BY_AGE)
    if full:
        count = evict(head, accounts, pool, receipts, count, scratch)
    if waiting:
        count = pick(head, accounts, pool, count, scratch)
    if h.ordering == Ordering.RANDOM:
        for k in range(count):
            tx = pool[scratch.places[k]]
            tx.arrival = latency(h, accounts[tx.sender].name, tx.nonce)
        by_arrival(pool, count, scratch)
    elif h.ordering == Ordering.BUILDER:
        by_column(pool, count, scratch, BY_RANK)
    elif h.ordering == Ordering.TIP and (full or tips):
        if not full:
            count_tips(pool, scratch, h)
        by_key(scratch, scratch.tips, count)
    by_nonce(pool, count, scratch)
    return count
