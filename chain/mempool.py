"""The mempool: transactions that were submitted and wait for a block.

1. A transaction's arrival is a latency drawn for (tick, sender, nonce): who is served first among equal tips depends on no row,
   no name and no order of calls. What is submitted in one tick is submitted at once.
2. Before a block is built the mempool is tidied. Of a sender's transactions with one nonce one stays: the first, unless a later
   one raises both its tip and its `max_fee` by a tenth at least (`Status.REPLACED`, `Status.UNDERPRICED`).
3. A mempool that holds more than its `capacity` then drops what offers least (`Status.EVICTED`): what comes last by tip, of each
   sender the highest nonces first. Whoever waits longer stays among equals. What will never be paid (a nonce out of turn, an
   empty purse) comes after all that will, whatever it promises.
4. What is dropped gets a receipt and costs nothing.

Source: the replacement by a tenth and the eviction of the cheapest are those of go-ethereum's pool (`--txpool.pricebump`).
"""

from chain.accounts import is_open
from chain.dice import What, draw, latency, positive
from chain.layout import MAX_PRICE, NO_DEADLINE, NO_LIMIT, NOBODY, Record, Records
from chain.rule import rule
from chain.status import Status

RAISE_DIVISOR = 10
"""A replacement offers more by one part in this."""


@rule
def draw_latency(head: Record) -> None:
    """Draw what keys the arrivals of this tick."""
    head.latency = positive(draw(head, head.tick, 0, What.ARRIVAL, 0))


@rule
def next_tick(head: Record) -> None:
    """The engine goes one step on."""
    head.tick += 1
    draw_latency(head)


@rule
def reserve(head: Records, accounts: Records, pool: Records, kind: int, sender: int, tip: int) -> int:
    """Sign the next transaction of an open account: returns its slot in the pool, or `NOBODY` if the pool is full.

    The caller fills in the arguments, which are zero. A full pool is counted in ``head.dropped``.
    """
    h = head[0]
    slot = h.pending
    if slot >= pool.size:
        h.dropped += 1
        return NOBODY
    account = accounts[sender]
    tx = pool[slot]
    tx.kind = kind
    tx.sender = sender
    tx.nonce = account.nonce + account.pending
    tx.tip = tip
    tx.max_fee = NO_LIMIT
    tx.deadline = NO_DEADLINE
    tx.to = 0
    tx.subject = 0
    tx.amount = 0
    tx.stake = 0
    tx.count = 0
    tx.bps = 0
    tx.since = h.tick
    tx.arrival = latency(h, account.name, tx.nonce)
    tx.rank = 0
    account.pending += 1
    h.pending += 1
    return int(slot)


@rule
def copy_signed(tx: Record, to: Record) -> None:
    """Copy what a sender signed."""
    to.kind = tx.kind
    to.sender = tx.sender
    to.nonce = tx.nonce
    to.tip = tx.tip
    to.max_fee = tx.max_fee
    to.deadline = tx.deadline
    to.to = tx.to
    to.subject = tx.subject
    to.amount = tx.amount
    to.stake = tx.stake
    to.count = tx.count
    to.bps = tx.bps


@rule
def submit(head: Records, accounts: Records, pool: Records, transactions: Records) -> Status:
    """Put signed transactions (`SIGNED` or `TRANSACTION`) into the pool, in order; returns the `Status` of the first that it
    refuses, or `Status.OK`.

    Refuses `POOL_FULL` and `NO_SUCH_SENDER`; everything else is checked when the block is executed.
    """
    h = head[0]
    for k in range(transactions.size):
        tx = transactions[k]
        if h.pending >= pool.size:
            h.dropped += 1
            return Status.POOL_FULL
        if not is_open(accounts, tx.sender):
            return Status.NO_SUCH_SENDER
        account = accounts[tx.sender]
        waiting = pool[h.pending]
        copy_signed(tx, waiting)
        waiting.since = h.tick
        waiting.arrival = latency(h, account.name, tx.nonce)
        waiting.rank = 0
        account.pending += 1
        h.pending += 1
    return Status.OK


@rule
def is_raise(offer: int, before: int) -> bool:
    """Whether an offer, from 0, is more than another by a tenth at least; nobody can offer more than `NO_LIMIT`."""
    if before >= NO_LIMIT:
        return bool(offer >= NO_LIMIT)
    return bool(offer >= NO_LIMIT or offer >= before + max((before + RAISE_DIVISOR - 1) // RAISE_DIVISOR, 1))


@rule
def has_valid_fees(tx: Record) -> bool:
    """Whether the tip and the limit can be paid by anybody at all."""
    return bool(0 <= tx.tip <= MAX_PRICE and tx.tip <= tx.max_fee)


@rule
def replaces(new: Record, old: Record) -> bool:
    """Whether a transaction takes the place of an earlier one with its sender and nonce."""
    if not has_valid_fees(new):
        return False
    return not has_valid_fees(old) or (is_raise(new.tip, old.tip) and is_raise(new.max_fee, old.max_fee))


@rule
def answer(head: Records, accounts: Records, receipts: Records, tx: Record, status: int, fee: int, subject: int) -> None:
    """Write the receipt of a transaction and mark it as done: it waits no longer."""
    h = head[0]
    receipt = receipts[h.receipts]
    receipt.kind = tx.kind
    receipt.sender = tx.sender
    receipt.nonce = tx.nonce
    receipt.status = status
    receipt.fee = fee
    receipt.height = h.height
    receipt.subject = subject
    h.receipts += 1
    tx.arrival = NOBODY
    accounts[tx.sender].pending -= 1


@rule
def forget(head: Records, pool: Records) -> None:
    """Close the gaps of transactions that have their receipts (their arrival is `NOBODY`); the others keep their order."""
    h = head[0]
    kept = 0
    if h.receipts < h.pending:
        for slot in range(h.pending):
            if pool[slot].arrival != NOBODY:
                if kept < slot:
                    pool[kept] = pool[slot]
                kept += 1
    h.pending = kept


@rule
def clear(head: Records, accounts: Records, pool: Records) -> None:
    """Let everybody leave: nothing waits, and nobody gets a receipt."""
    for slot in range(head[0].pending):
        accounts[pool[slot].sender].pending -= 1
    head[0].pending = 0
