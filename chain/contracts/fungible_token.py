"""Credits: a second asset beside the ledger's money, with the semantics of ERC-20.

1. The minter named in the terms creates credits for an account; all together there are never more than 2^62.
2. Whoever holds credits transfers them to an open account, or burns them.
3. A holder approves a spender for an amount, which replaces what was approved before; the spender transfers from the holder's
   balance, and the approval falls by what it takes. An approval of `INFINITE` never falls.
4. An account approves at most 8 spenders at a time; an approval that has come down to 0 makes room for another.

Source: ERC-20 (Vogelsteller and Buterin, 2015), as OpenZeppelin's `ERC20PresetMinterPauser` 4.9 has it. The mapping, which
`tests/evm/` holds against its bytecode: an open account is an address, whoever has no account is the zero address, `INFINITE` is
``type(uint256).max``, the minter is who has the minter's role; nobody pauses. Refused here alone: amounts above 2^62 (`INFINITE`
for an approval aside), a mint that lifts the supply above 2^62, and a ninth spender.
"""

from chain.accounts import is_open
from chain.layout import MAX_SUPPLY, NOBODY, Kind, Record, Records, record
from chain.rule import rule
from chain.status import Status

TERMS = record("minter", "supply")
"""The contract's parameter, the address that mints, and its counter: all credits there are."""
TERM_LIMITS = {"minter": 2**31}
"""Highest value of each parameter; the lowest is 0. The counter is not for setting."""

CREDIT = record("balance")
"""By account: credits, free to spend."""
ALLOWANCE = record("spender", "amount")
"""The approvals of the account at address a stand in rows 8 a to 8 a + 7; one of 0 is all zeros."""
SPENDERS = 8
INFINITE = 2**63 - 1


@rule
def holds(credits: Records, address: int, amount: int) -> bool:
    """Whether the account holds so many credits."""
    return bool(credits[address].balance >= amount)


@rule
def move(credits: Records, sender: int, to: int, amount: int) -> None:
    """Move credits from one account to another. The sender holds them: it was checked."""
    credits[sender].balance -= amount
    credits[to].balance += amount


@rule
def allowance_row(allowances: Records, holder: int, spender: int) -> int:
    """The row of the holder's approval of this spender, or `NOBODY`."""
    for row in range(holder * SPENDERS, (holder + 1) * SPENDERS):
        if allowances[row].amount > 0 and allowances[row].spender == spender:
            return row
    return NOBODY


@rule
def free_row(allowances: Records, holder: int) -> int:
    """A row in which the holder can approve one more spender, or `NOBODY`."""
    for row in range(holder * SPENDERS, (holder + 1) * SPENDERS):
        if allowances[row].amount == 0:
            return row
    return NOBODY


@rule
def set_allowance(allowances: Records, row: int, spender: int, amount: int) -> None:
    """Write an approval; one of 0 leaves no trace."""
    allowances[row].amount = amount
    allowances[row].spender = spender if amount > 0 else 0


@rule
def transfer(accounts: Records, credits: Records, tx: Record) -> Status:
    """Give `amount` credits to the account at `to`."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not is_open(accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if not holds(credits, tx.sender, tx.amount):
        return Status.INSUFFICIENT_CREDITS
    # Effects
    move(credits, tx.sender, tx.to, tx.amount)
    return Status.OK


@rule
def approve(accounts: Records, allowances: Records, tx: Record) -> Status:
    """Let the account at `to` spend `amount` of the sender's credits, whatever it could spend before."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY and tx.amount != INFINITE:
        return Status.BAD_AMOUNT
    if not is_open(accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    row = allowance_row(allowances, tx.sender, tx.to)
    if row == NOBODY:
        row = free_row(allowances, tx.sender)
    if row == NOBODY and tx.amount > 0:
        return Status.ALLOWANCES_FULL
    # Effects
    if row != NOBODY:
        set_allowance(allowances, row, tx.to, tx.amount)
    return Status.OK


@rule
def transfer_from(accounts: Records, credits: Records, allowances: Records, tx: Record) -> Status:
    """Give `amount` credits of the account at `subject`, which has approved the sender, to the account at `to`."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not is_open(accounts, tx.subject) or not is_open(accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    row = allowance_row(allowances, tx.subject, tx.sender)
    allowed = 0 if row == NOBODY else allowances[row].amount
    if allowed < tx.amount:
        return Status.INSUFFICIENT_ALLOWANCE
    if not holds(credits, tx.subject, tx.amount):
        return Status.INSUFFICIENT_CREDITS
    # Effects
    if row != NOBODY and allowed != INFINITE:
        set_allowance(allowances, row, tx.sender, allowed - tx.amount)
    move(credits, tx.subject, tx.to, tx.amount)
    return Status.OK


@rule
def issue(credits: Records, terms: Records, address: int, amount: int) -> None:
    """Create credits and give them to an account. They fit: the caller checked."""
    credits[address].balance += amount
    terms[0].supply += amount


@rule
def mint(accounts: Records, credits: Records, terms: Records, tx: Record) -> Status:
    """Create `amount` credits for the account at `to`."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not is_open(accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if tx.sender != terms[0].minter:
        return Status.NOT_MINTER
    if tx.amount > MAX_SUPPLY - terms[0].supply:
        return Status.SUPPLY_FULL
    # Effects
    issue(credits, terms, tx.to, tx.amount)
    return Status.OK


@rule
def burn(credits: Records, terms: Records, tx: Record) -> Status:
    """Destroy `amount` credits of the sender."""
    # Conditions
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not holds(credits, tx.sender, tx.amount):
        return Status.INSUFFICIENT_CREDITS
    # Effects
    credits[tx.sender].balance -= tx.amount
    terms[0].supply -= tx.amount
    return Status.OK


_GIVEN = (Status.BAD_AMOUNT, Status.NO_SUCH_ACCOUNT)
ENTRY_POINTS = {
    Kind.CREDIT_TRANSFER: (transfer, (*_GIVEN, Status.INSUFFICIENT_CREDITS)),
    Kind.CREDIT_APPROVE: (approve, (*_GIVEN, Status.ALLOWANCES_FULL)),
    Kind.CREDIT_TRANSFER_FROM: (transfer_from, (*_GIVEN, Status.INSUFFICIENT_ALLOWANCE, Status.INSUFFICIENT_CREDITS)),
    Kind.CREDIT_MINT: (mint, (*_GIVEN, Status.NOT_MINTER, Status.SUPPLY_FULL)),
    Kind.CREDIT_BURN: (burn, (Status.BAD_AMOUNT, Status.INSUFFICIENT_CREDITS)),
}
"""Each entry point with its refusals, in order of precedence."""
