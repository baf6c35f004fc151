"""The mempool: transactions that were submitted and wait for a block.

A transaction's arrival is a latency drawn for (tick, sender, nonce): who is served first among equal tips depends on no
row, no name and no order of calls.
"""

from chain.accounts import is_open
from chain.dice import What, draw, latency, positive
from chain.layout import NOBODY, Record, Records
from chain.rule import rule
from chain.status import Status

NO_DEADLINE = 2**62


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
    tx.deadline = NO_DEADLINE
    tx.arrival = latency(h, account.name, tx.nonce)
    tx.to = 0
    tx.subject = 0
    tx.amount = 0
    tx.stake = 0
    tx.count = 0
    tx.bps = 0
    account.pending += 1
    h.pending += 1
    return int(slot)


@rule
def submit(head: Records, accounts: Records, pool: Records, transactions: Records) -> Status:
    """Put signed transactions into the pool, in order; returns the `Status` of the first that it refuses, or `Status.OK`.

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
        pool[h.pending] = tx
        pool[h.pending].arrival = latency(h, account.name, tx.nonce)
        account.pending += 1
        h.pending += 1
    return Status.OK


@rule
def forget(head: Records, pool: Records) -> None:
    """Drop the transactions that are done (their arrival was set to `NOBODY`); the others keep their order."""
    h = head[0]
    kept = 0
    if h.receipts < h.pending:
        for slot in range(h.pending):
            if pool[slot].arrival != NOBODY:
                if kept < slot:
                    pool[kept] = pool[slot]
                kept += 1
    h.pending = kept
