"""The ceiling of the ledger: one compiled loop over records that does no more than check transfers and write receipts.

No mempool, no ordering, no gas limit, no other kinds: a ledger can only come near.
"""

from chain.layout import MAX_PRICE, MAX_SUPPLY, Records, record
from chain.rule import rule

PURSE = record("balance", "nonce")
PAYMENT = record("sender", "nonce", "tip", "to", "amount")
SLIP = record("sender", "nonce", "status", "fee")
GAS = 21


@rule
def pay_all(purses: Records, payments: Records, slips: Records, base_fee: int, proposer: int) -> int:
    """Check and make the payments in order, a slip for each; returns the base fees burned."""
    burned = 0
    for k in range(payments.size):
        payment, slip = payments[k], slips[k]
        sender, to, amount = payment.sender, payment.to, payment.amount
        slip.sender = sender
        slip.nonce = payment.nonce
        slip.status = 1
        slip.fee = 0
        if not 0 <= sender < purses.size:
            continue
        purse = purses[sender]
        fee = GAS * (base_fee + payment.tip)
        if payment.nonce != purse.nonce or not 0 <= payment.tip <= MAX_PRICE or purse.balance < fee:
            continue
        purse.nonce += 1
        purse.balance -= fee
        purses[proposer].balance += GAS * payment.tip
        burned += GAS * base_fee
        slip.fee = fee
        if 0 <= amount <= MAX_SUPPLY and 0 <= to < purses.size and purse.balance >= amount:
            purse.balance -= amount
            purses[to].balance += amount
            slip.status = 0
    return burned
