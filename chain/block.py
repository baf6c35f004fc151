"""Building a block: admit a transaction, write its receipt, close the block."""

from chain.accounts import can_pay, is_open
from chain.fees import charge, gas_of, next_base_fee, tip_of
from chain.layout import MAX_PRICE, NOBODY, Record, Records
from chain.mempool import answer, copy_signed, forget
from chain.rule import rule
from chain.status import ADMITTED_FROM, Status


@rule
def open_block(head: Records) -> None:
    """Start the next block: one height up, nothing used, no receipts."""
    h = head[0]
    h.height += 1
    h.gas_used = 0
    h.receipts = 0


@rule
def has_room(head: Records, tx: Record) -> bool:
    """Whether the transaction's turn is now: its gas still fits into the block, or into none, so that it waits for nothing."""
    h, gas = head[0], gas_of(tx.kind)
    return bool(h.gas_used + gas <= h.gas_limit or gas > h.gas_limit)


@rule
def note(head: Records, block: Records, tx: Record) -> None:
    """Keep what was signed beside the receipt to come, if blocks are recorded: `block` is as long as the receipts, or empty."""
    if block.size > 0:
        copy_signed(tx, block[head[0].receipts])


@rule
def admit(head: Records, accounts: Records, tx: Record) -> Status:
    """Check the sender, its nonce and its fee; then take the fee and advance the nonce.

    A transaction that is not admitted changes nothing; one whose deadline has passed is included and refused.
    """
    # Conditions
    h = head[0]
    if not is_open(accounts, tx.sender):
        return Status.NO_SUCH_SENDER
    if tx.nonce != accounts[tx.sender].nonce:
        return Status.BAD_NONCE
    if not 0 <= tx.tip <= MAX_PRICE:
        return Status.BAD_TIP
    if tx.max_fee < tx.tip or tx.max_fee < h.base_fee:
        return Status.BAD_MAX_FEE
    gas, tip = gas_of(tx.kind), tip_of(tx, h.base_fee)
    if gas > h.gas_limit:
        return Status.TOO_MUCH_GAS
    if not can_pay(accounts, tx.sender, gas * (h.base_fee + tip)):
        return Status.CANNOT_PAY_FEE
    # Effects
    accounts[tx.sender].nonce += 1
    charge(accounts, h, tx.sender, gas, tip)
    h.gas_used += gas
    if tx.deadline < h.height:
        return Status.EXPIRED
    return Status.OK


@rule
def write_receipt(head: Records, accounts: Records, receipts: Records, tx: Record, status: int, subject: int) -> None:
    """Record what became of a transaction whose turn it was."""
    fee = 0
    if status == Status.OK or status >= ADMITTED_FROM:
        base_fee = head[0].base_fee
        fee = gas_of(tx.kind) * (base_fee + tip_of(tx, base_fee))
    answer(head, accounts, receipts, tx, status, fee, subject if status == Status.OK else NOBODY)


@rule
def close_block(head: Records, pool: Records) -> None:
    """Set the next base fee and take the transactions that are done out of the mempool."""
    h = head[0]
    h.base_fee = next_base_fee(h.base_fee, h.gas_limit, h.gas_used, h.fee_quotient)
    forget(head, pool)
