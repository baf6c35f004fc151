"""The ceiling of the ledger: one compiled loop that does no more than check transfers and write receipts.

It reads the ledger's transactions and writes the ledger's receipts, on accounts of two columns. No mempool, no ordering, no gas
limit, no deadlines, no other kinds, no proposer: a ledger can only come near.
"""

from chain.layout import MAX_PRICE, MAX_SUPPLY, NOBODY, Records, record
from chain.rule import rule

PURSE = record("balance", "nonce")
GAS = 21


@rule
def pay_all(purses: Records, payments: Records, receipts: Records, base_fee: int, height: int) -> int:
    """Check and make the payments in order, a receipt for each, tips to purse 0; returns the base fees burned."""
    burned = 0
    for k in range(payments.size):
        payment, receipt = payments[k], receipts[k]
        sender, to, amount = payment.sender, payment.to, payment.amount
        receipt.kind = payment.kind
        receipt.sender = sender
        receipt.nonce = payment.nonce
        receipt.status = 1
        receipt.fee = 0
        receipt.height = height
        receipt.subject = NOBODY
        if not 0 <= sender < purses.size:
            continue
        purse = purses[sender]
        fee = GAS * (base_fee + payment.tip)
        if payment.nonce != purse.nonce or not 0 <= payment.tip <= MAX_PRICE or purse.balance < fee:
            continue
        purse.nonce += 1
        purse.balance -= fee
        purses[0].balance += GAS * payment.tip
        burned += GAS * base_fee
        receipt.fee = fee
        if 0 <= amount <= MAX_SUPPLY and 0 <= to < purses.size and purse.balance >= amount:
            purse.balance -= amount
            purses[to].balance += amount
            receipt.status = 0
    return burned
