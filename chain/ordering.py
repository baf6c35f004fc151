"""Who comes first in a block, by the ledger's `Ordering`; a sender's own transactions always by nonce.

Tips and arrivals give every transaction a *place*; a transaction counts with the least tip among the sender's own up to it, since
it can not come before them. A sender's places are then filled in the order of its nonces. So no transaction overtakes an
earlier one of its sender, and a tip that is never paid buys nobody a place.

A transaction whose `max_fee` is below the base fee waits, and so does one that the builder of the block leaves out. Whatever its
sender signed after it waits with it.
"""

from chain.dice import latency
from chain.fees import gas_of
from chain.layout import MAX_PRICE, NO_LIMIT, NOBODY, Ordering, Record, Records
from chain.mempool import answer, has_valid_fees, replaces
from chain.rule import rule
from chain.sorting import BY_AGE, BY_NONCE, BY_RANK, HANDFUL, Scratch, by_arrival, by_column, by_key, lowest_of
from chain.status import Status

NEVER_PAID = -MAX_PRICE - 1
"""Less than any tip that is paid, and than what any limit lacks of the base fee."""
STAYS, GOES = 0, 1
"""Marks of slots while some are picked."""


@rule
def queue_up(accounts: Records, pool: Records, count: int, scratch: Scratch) -> None:
    """Fill ``line``: each sender's slots one after another as they come in ``places``, senders as they come in the pool.
    ``first`` says where each sender's begin; ``senders`` and, until anything else is sorted, ``keys`` are who and which nonce."""
    line, first, senders, end = scratch.line, scratch.first, scratch.senders, 0
    for slot in range(count):
        tx = pool[slot]
        sender = tx.sender
        senders[slot], scratch.keys[slot] = sender, tx.nonce
        if first[sender] == NOBODY:
            end += accounts[sender].pending
            first[sender] = end
    for k in range(count - 1, -1, -1):
        slot = scratch.places[k]
        sender = senders[slot]
        first[sender] -= 1
        line[first[sender]] = slot


@rule
def leave(count: int, scratch: Scratch) -> None:
    """Forget where each sender's slots begin."""
    for k in range(count):
        scratch.first[scratch.senders[scratch.line[k]]] = NOBODY


@rule
def rise(count: int, scratch: Scratch) -> tuple[bool, bool]:
    """Let nonces rise in every queue, by insertion; whether that took few steps, else it is given up, and whether no two of a
    sender have the same nonce."""
    line, senders, nonces, steps, distinct = scratch.line, scratch.senders, scratch.keys, 0, True
    for k in range(1, count):
        slot, before = line[k], line[k - 1]
        nonce = nonces[slot]
        if (senders[before] == senders[slot]) & (nonces[before] >= nonce):
            j, begin = k, scratch.first[senders[slot]]
            while j > begin and nonces[line[j - 1]] > nonce:
                line[j] = line[j - 1]
                j -= 1
            line[j] = slot
            steps += k - j
            distinct = distinct and (j == begin or nonces[line[j - 1]] != nonce)
            if steps > HANDFUL * count:
                return False, distinct
    return True, distinct


@rule
def queue(accounts: Records, pool: Records, count: int, scratch: Scratch) -> bool:
    """Fill ``line``: each sender's slots one after another, by nonce; whether no two have the same nonce."""
    queue_up(accounts, pool, count, scratch)
    few, distinct = rise(count, scratch)
    if not few:
        leave(count, scratch)
        by_column(pool, count, scratch, BY_NONCE)
        queue_up(accounts, pool, count, scratch)
        few, distinct = rise(count, scratch)
    return distinct


@rule
def replace(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> int:
    """Of each sender's transactions with the same nonce, let one stay, in its queue and in ``places``; returns how many stay."""
    line, first, senders, nonces = scratch.line, scratch.first, scratch.senders, scratch.keys
    count, stay, last = int(head[0].pending), 0, line[0]
    for k in range(count):
        slot = line[k]
        sender = senders[slot]
        begins = k == first[sender]
        if (not begins) & (nonces[slot] == nonces[last]):
            if replaces(pool[slot], pool[last]):
                answer(head, accounts, receipts, pool[last], Status.REPLACED, 0, NOBODY)
                line[stay - 1] = last = slot
            else:
                answer(head, accounts, receipts, pool[slot], Status.UNDERPRICED, 0, NOBODY)
            continue
        if begins:
            first[sender] = stay
        line[stay] = last = slot
        stay += 1
    place = 0
    for slot in range(count):
        if pool[slot].arrival != NOBODY:
            scratch.places[place] = slot
            place += 1
    return stay


@rule
def count_tips(pool: Records, count: int, scratch: Scratch, base_fee: int) -> None:
    """Along each sender's queue, the least tip so far; what no `max_fee` covers counts as negative."""
    least = 0
    for k in range(count):
        slot = scratch.line[k]
        tx = pool[slot]
        tip = min(tx.tip, max(tx.max_fee, -1) - base_fee)
        least = tip if k == scratch.first[scratch.senders[slot]] else min(least, tip)
        scratch.tips[slot] = least


@rule
def discount(pool: Records, count: int, scratch: Scratch, base_fee: int, accounts: Records) -> None:
    """Along each sender's queue, what its tip is worth: what will never be paid counts as the lowest of all, from a fee that
    nobody can pay on, a nonce out of turn, or more than the sender has now."""
    paid = True
    for k in range(count):
        slot = scratch.line[k]
        tx, tip, sender = pool[slot], scratch.tips[slot], scratch.senders[slot]
        account, turn = accounts[sender], k - scratch.first[sender]
        enough = has_valid_fees(tx) and account.balance >= gas_of(tx.kind) * (base_fee + max(tip, 0))
        paid = (paid | (turn == 0)) & (tx.nonce == account.nonce + turn) & enough
        scratch.worth[slot] = tip if paid else NEVER_PAID


@rule
def keep_marked(count: int, scratch: Scratch) -> int:
    """Keep in ``places`` the slots that are marked to stay; returns their number."""
    places, stay = scratch.places, 0
    for k in range(count):
        slot = places[k]
        if scratch.spare[slot] == STAYS:
            places[stay] = slot
            stay += 1
    return stay


@rule
def evict(head: Records, accounts: Records, pool: Records, receipts: Records, count: int, scratch: Scratch) -> int:
    """Drop from ``places``, which are by age, what the mempool has no place for: the last by tip, whatever ordering blocks have,
    and of each sender the highest nonces; returns how many stay. Tips are counted then."""
    h, line, places, worth, marks = head[0], scratch.line, scratch.places, scratch.worth, scratch.spare
    count_tips(pool, count, scratch, h.base_fee)
    discount(pool, count, scratch, h.base_fee, accounts)
    least, left = lowest_of(scratch, worth, count, int(max(h.capacity, 0)))
    for k in range(count):
        slot = places[k]
        equal = worth[slot] == least
        marks[slot] = GOES if (worth[slot] < least) | (equal & (left <= 0)) else STAYS
        left -= equal
    sender, stay = NOBODY, 0
    for k in range(count):  # as many of each sender stay as are marked, those with the lowest nonces
        slot = line[k]
        if scratch.senders[slot] != sender:
            sender, stay = scratch.senders[slot], k
        if marks[slot] == STAYS:
            marks[slot] = GOES
            marks[line[stay]] = STAYS
            stay += 1
    for k in range(count):
        if marks[line[k]] == GOES:
            answer(head, accounts, receipts, pool[line[k]], Status.EVICTED, 0, NOBODY)
            h.dropped += 1
    return keep_marked(count, scratch)


@rule
def by_nonce(count: int, scratch: Scratch) -> None:
    """Fill each sender's places with its slots in the order of their nonces."""
    for place in range(count):
        sender = scratch.senders[scratch.places[place]]
        scratch.places[place] = scratch.line[scratch.first[sender]]
        scratch.first[sender] += 1


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
def pick(head: Record, accounts: Records, pool: Records, count: int, queued: int, scratch: Scratch) -> int:
    """Keep in ``places`` the slots that are for this block: nothing that waits, and nothing that its sender signed after it;
    returns their number."""
    mark = STAYS
    for k in range(queued):
        slot = scratch.line[k]
        tx = pool[slot]
        mark = STAYS if k == scratch.first[scratch.senders[slot]] else mark
        if waits(head, accounts, tx):
            mark = GOES
        scratch.spare[slot] = mark
    return keep_marked(count, scratch)


@rule
def line_up(head: Records, accounts: Records, pool: Records, receipts: Records, scratch: Scratch) -> int:
    """Tidy the mempool, then fill ``scratch.places`` with the slots of the transactions for this block, in order of execution;
    returns their number."""
    h = head[0]
    queued = int(h.pending)
    for slot in range(queued):
        scratch.places[slot] = slot
    if not queue(accounts, pool, queued, scratch):
        queued = replace(head, accounts, pool, receipts, scratch)
    waiting, aged, tips = survey(h, accounts, pool)
    count, full = queued, queued > h.capacity
    if full or h.ordering != Ordering.RANDOM:
        by_arrival(pool, count, scratch)
        if aged:
            by_column(pool, count, scratch, BY_AGE)
    if full:
        count = evict(head, accounts, pool, receipts, count, scratch)
    if waiting:
        count = pick(h, accounts, pool, count, queued, scratch)
    if h.ordering == Ordering.RANDOM:
        for k in range(count):
            tx = pool[scratch.places[k]]
            tx.arrival = latency(h, accounts[tx.sender].name, tx.nonce)
        by_arrival(pool, count, scratch)
    elif h.ordering == Ordering.BUILDER:
        by_column(pool, count, scratch, BY_RANK)
    elif h.ordering == Ordering.TIP and (full or tips):
        if not full:
            count_tips(pool, queued, scratch, h.base_fee)
        by_key(scratch, scratch.tips, count)
    by_nonce(count, scratch)
    leave(queued, scratch)
    return count
