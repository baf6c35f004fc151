"""Staking with unbonding: money put up as a pledge, slow to take back.

1. An account bonds money: it leaves the balance and stands behind the account's promises.
2. Other contracts lock a part of it for as long as a promise is open, and may slash that part.
3. What is not locked can be unbonded; it is paid out `unbonding_window` blocks later. Unbonding more restarts the wait.
"""

from chain.accounts import burn_locked, can_pay, lock, release, share
from chain.layout import MAX_SUPPLY, Kind, Record, Records, record
from chain.rule import rule
from chain.status import Status

STAKE = record("bonded", "locked", "unbonding", "ready")
"""By account: money bonded (locked part included), its locked part, money on its way out, the height when it is ready."""


@rule
def free_stake(stakes: Records, address: int) -> int:
    """Bonded money that stands behind no open promise."""
    return int(stakes[address].bonded - stakes[address].locked)


@rule
def bond(head: Records, accounts: Records, stakes: Records, tx: Record) -> Status:
    """Put up `amount` as stake."""
    # Conditions
    if not 0 < tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not can_pay(accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    lock(accounts, head[0], tx.sender, tx.amount)
    stakes[tx.sender].bonded += tx.amount
    return Status.OK


@rule
def unbond(head: Records, stakes: Records, unbonding_window: int, tx: Record) -> Status:
    """Start to take back `amount` of the stake that is not locked."""
    # Conditions
    if not 0 < tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if free_stake(stakes, tx.sender) < tx.amount:
        return Status.INSUFFICIENT_STAKE
    # Effects
    stake = stakes[tx.sender]
    stake.bonded -= tx.amount
    stake.unbonding += tx.amount
    stake.ready = head[0].height + unbonding_window
    return Status.OK


@rule
def withdraw(head: Records, accounts: Records, stakes: Records, tx: Record) -> Status:
    """Collect all stake that has finished unbonding."""
    # Conditions
    stake = stakes[tx.sender]
    if stake.unbonding == 0:
        return Status.NOTHING_UNBONDING
    if head[0].height < stake.ready:
        return Status.STILL_UNBONDING
    # Effects
    release(accounts, head[0], tx.sender, stake.unbonding)
    stake.unbonding = 0
    return Status.OK


@rule
def slash(head: Records, accounts: Records, stakes: Records, address: int, amount: int, victim: int, bps: int) -> None:
    """Take `amount` of a locked stake: `bps` of it goes to the victim, the rest is burned."""
    stakes[address].bonded -= amount
    stakes[address].locked -= amount
    compensation = share(amount, bps)
    release(accounts, head[0], victim, compensation)
    burn_locked(head[0], amount - compensation)


ENTRY_POINTS = {
    Kind.BOND: (bond, (Status.BAD_AMOUNT, Status.INSUFFICIENT_BALANCE)),
    Kind.UNBOND: (unbond, (Status.BAD_AMOUNT, Status.INSUFFICIENT_STAKE)),
    Kind.WITHDRAW: (withdraw, (Status.NOTHING_UNBONDING, Status.STILL_UNBONDING)),
}
"""Each entry point with its refusals, in order of precedence."""
