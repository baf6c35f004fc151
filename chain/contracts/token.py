"""Token transfer: the ledger's own money moves between two accounts.

1. The sender names an open account and an amount that it holds.
2. The amount moves.
"""

from chain.accounts import can_pay, is_open
from chain.accounts import transfer as move
from chain.layout import MAX_SUPPLY, Kind, Record, Records
from chain.rule import rule
from chain.status import Status


@rule
def transfer(accounts: Records, tx: Record) -> Status:
    """Pay `amount` to the account at `to`."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not is_open(accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if not can_pay(accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    move(accounts, tx.sender, tx.to, tx.amount)
    return Status.OK


ENTRY_POINTS = {
    Kind.TRANSFER: (transfer, (Status.BAD_AMOUNT, Status.NO_SUCH_ACCOUNT, Status.INSUFFICIENT_BALANCE)),
}
"""Each entry point with its refusals, in order of precedence."""
