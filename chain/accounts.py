"""The only writers of money. Each moves a whole amount between two places and can not fail: callers check first.

``minted = balances + locked + burned`` holds before and after each of them.
"""

from chain.layout import Record, Records
from chain.rule import rule


@rule
def is_open(accounts: Records, address: int) -> bool:
    """Whether the address exists and is in use, not a spare row."""
    return 0 <= address < accounts.size and accounts[address].owner >= 0


@rule
def can_pay(accounts: Records, address: int, amount: int) -> bool:
    """Whether the account holds the amount, free to spend."""
    return bool(accounts[address].balance >= amount)


@rule
def transfer(accounts: Records, sender: int, to: int, amount: int) -> None:
    """Move free money from one account to another."""
    accounts[sender].balance -= amount
    accounts[to].balance += amount


@rule
def lock(accounts: Records, head: Record, address: int, amount: int) -> None:
    """Move free money into the ledger's keeping: escrow, stake."""
    accounts[address].balance -= amount
    head.locked += amount


@rule
def release(accounts: Records, head: Record, address: int, amount: int) -> None:
    """Pay money out of the ledger's keeping."""
    head.locked -= amount
    accounts[address].balance += amount


@rule
def burn(accounts: Records, head: Record, address: int, amount: int) -> None:
    """Destroy free money."""
    accounts[address].balance -= amount
    head.burned += amount


@rule
def burn_locked(head: Record, amount: int) -> None:
    """Destroy money in the ledger's keeping: the part of a slashed stake that nobody receives."""
    head.locked -= amount
    head.burned += amount


@rule
def mint(accounts: Records, head: Record, address: int, amount: int) -> None:
    """Create money. Only a genesis does; it keeps the total within `chain.layout.MAX_SUPPLY`."""
    accounts[address].balance += amount
    head.minted += amount


@rule
def request_number(accounts: Records, head: Record, address: int) -> int:
    """Number the deal that an account opens now: 0 for the first of the tick, then 1, ... With the tick and the account's name
    it is the stable name of the deal, for draws that must not depend on who else trades."""
    account = accounts[address]
    if account.asked_tick != head.tick:
        account.asked_tick = head.tick
        account.asked = 0
    account.asked += 1
    return int(account.asked - 1)


@rule
def share(amount: int, bps: int) -> int:
    """`amount` × `bps` / 10,000, rounded down, exact for every amount from 0 and `bps` up to 10,000: no product overflows."""
    if amount < 2**49:
        return amount * bps // 10_000
    return amount // 10_000 * bps + amount % 10_000 * bps // 10_000
