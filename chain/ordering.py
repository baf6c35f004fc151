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
from chain.mempool import answer, forget, has_valid_fees, replaces
from chain.rule import rule
from chain.sorting import BY_NONCE, BY_RANK, Scratch, by_age, by_arrival, by_tip, stable_sort
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
    """Fill ``places`` with the first `count` slots and link each sender's, by nonce; whether no two have the same nonce."""
    for slot in range(count):
        scratch.places[slot] = slot
    if queue_by_sender(pool, count, scratch):
        return True
    empty_queues(pool, count, scratch)
    stable_sort(pool, count, scratch, BY_NONCE)
    return queue_by_sender(pool, count, scratch)


@rule
def empty_queues(pool: Records, count: int, scratch: Scratch) -> None:
    """Nobody is in a queue."""
    for slot in range(count):
        scratch.first[pool[slot].sender] = NOBODY


@rule
def replace(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> None:
    """Of each sender's transactions with the same nonce, let one stay; queues are left empty."""
    count = int(head[0].pending)
    for slot in range(count):
        if scratch.first[pool[slot].sender] == slot:
            stays, queued = slot, scratch.follower[slot]
            while queued != NOBODY:
                after = scratch.follower[queued]
                if pool[queued].nonce != pool[stays].nonce:
                    stays = queued
                elif replaces(pool[queued], pool[stays]):
                    answer(head, accounts, receipts, pool[stays], Status.REPLACED, 0, NOBODY)
                    stays = queued
                else:
                    answer(head, accounts, receipts, pool[queued], Status.UNDERPRICED, 0, NOBODY)
                queued = after
            scratch.first[pool[slot].sender] = NOBODY
    forget(head, pool)


@rule
def are_equal(pool: Records, head: Record) -> bool:
    """Whether all that waits pays the same tip, and has a limit that covers it: then no tip needs counting."""
    lowest, highest, limit = NO_LIMIT, -NO_LIMIT, NO_LIMIT
    for slot in range(head.pending):
        tx = pool[slot]
        lowest, highest, limit = min(lowest, tx.tip), max(highest, tx.tip), min(limit, tx.max_fee)
    return bool(lowest == highest and max(limit, -1) - head.base_fee >= highest)


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
    """Along each sender's queue, what will never be paid counts as the lowest of all tips: from a fee that nobody can pay on, a
    nonce out of turn, or more than the sender has now."""
    for slot in range(head.pending):
        sender = pool[slot].sender
        if scratch.first[sender] == slot:
            account, queued, steps, paid = accounts[sender], slot, 0, True
            while queued != NOBODY:
                tx = pool[queued]
                paid = paid and has_valid_fees(tx) and tx.nonce == account.nonce + steps
                if not paid or not can_pay(accounts, sender, gas_of(tx.kind) * (head.base_fee + max(scratch.tips[queued], 0))):
                    paid = False
                    scratch.tips[queued] = min(scratch.tips[queued], -MAX_PRICE - 1)
                queued = scratch.follower[queued]
                steps += 1


@rule
def evict(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> None:
    """Drop what the mempool has no place for: the last by tip, whatever ordering blocks have. Queues are emptied."""
    h = head[0]
    count = int(h.pending)
    for slot in range(count):
        scratch.places[slot] = slot
    count_tips(pool, scratch, h)
    discount(pool, scratch, h, accounts)
    by_age(pool, count, scratch)
    by_tip(pool, count, scratch)
    by_nonce(pool, count, scratch)
    for place in range(max(h.capacity, 0), count):
        answer(head, accounts, receipts, pool[scratch.places[place]], Status.EVICTED, 0, NOBODY)
        h.dropped += 1
    forget(head, pool)


@rule
def waits(head: Record, accounts: Records, tx: Record) -> bool:
    """Whether a transaction is not for this block: its limit is below the base fee, or the builder leaves it out.

    One whose nonce is used up waits for no lower fee: it could only keep its sender's others from their turn.
    """
    if head.ordering == Ordering.BUILDER and tx.rank < 0:
        return True
    return bool(tx.max_fee < head.base_fee and has_valid_fees(tx) and tx.nonce >= accounts[tx.sender].nonce)


@rule
def pick(head: Records, accounts: Records, pool: Records, scratch: Scratch) -> int:
    """Fill ``places`` with the slots that are for this block, and cut the queues before whatever waits; returns their number."""
    h = head[0]
    count, picked = int(h.pending), 0
    nobody_waits = True
    for slot in range(count):
        nobody_waits = nobody_waits and not waits(h, accounts, pool[slot])
        scratch.places[slot] = slot
    if nobody_waits:
        return count
    for slot in range(count):
        sender = pool[slot].sender
        if scratch.first[sender] == slot:
            queued, last = slot, NOBODY
            while queued != NOBODY and not waits(h, accounts, pool[queued]):
                scratch.places[picked] = queued
                picked += 1
                last, queued = queued, scratch.follower[queued]
            if last == NOBODY:
                scratch.first[sender] = NOBODY
            else:
                scratch.follower[last] = NOBODY
    return picked


@rule
def line_up(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> int:
    """Tidy the mempool, then fill ``scratch.places`` with the slots of the transactions for this block, in order of execution;
    returns their number."""
    h = head[0]
    if not queue(pool, h.pending, scratch):
        replace(head, accounts, pool, receipts, scratch)
        queue(pool, h.pending, scratch)
    if h.pending > h.capacity:
        evict(head, accounts, pool, receipts, scratch)
        queue(pool, h.pending, scratch)
    count = pick(head, accounts, pool, scratch)
    if h.ordering == Ordering.RANDOM:
        for k in range(count):
            tx = pool[scratch.places[k]]
            tx.arrival = latency(h, accounts[tx.sender].name, tx.nonce)
        by_arrival(pool, count, scratch)
    else:
        by_age(pool, count, scratch)
        if h.ordering == Ordering.TIP and not are_equal(pool, h):
            count_tips(pool, scratch, h)
            by_tip(pool, count, scratch)
        elif h.ordering == Ordering.BUILDER:
            stable_sort(pool, count, scratch, BY_RANK)
    by_nonce(pool, count, scratch)
    return count
