"""Identity registry: an agent opens one more account, and may go on under the new name.

1. The ledger has a number of spare account rows. Names are given in order: 0 to n-1 at genesis, then one by one.
2. An open account pays the registration fee, which is burned, and moves part of its money to the new account.
3. The new account has no history: nonce 0, no stake, no reputation. The ledger remembers who owns it, so that the one who
   measures can tell; no policy is shown it.
"""

from chain.accounts import burn, can_pay, transfer
from chain.layout import MAX_SUPPLY, Kind, Record, Records
from chain.rule import rule
from chain.status import Status


@rule
def open_account(head: Records, accounts: Records, identities: Records, owner: int) -> int:
    """Open the spare row of the next name for the agent of this name; returns its address."""
    h = head[0]
    name = h.registered
    identity = identities[name]
    identity.owner = owner
    identity.since = h.height
    identities[owner].latest = name
    accounts[identity.address].owner = owner
    h.registered += 1
    return int(identity.address)


@rule
def register(head: Records, accounts: Records, identities: Records, tx: Record) -> Status:
    """Open a new account of the same owner, and move `amount` to it."""
    # Conditions
    h = head[0]
    if not 0 <= tx.amount <= MAX_SUPPLY - h.registration_fee:
        return Status.BAD_AMOUNT
    if h.registered >= identities.size:
        return Status.NO_SPARE_ACCOUNT
    if not can_pay(accounts, tx.sender, h.registration_fee + tx.amount):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    burn(accounts, h, tx.sender, h.registration_fee)
    address = open_account(head, accounts, identities, accounts[tx.sender].owner)
    transfer(accounts, tx.sender, address, tx.amount)
    return Status.OK


ENTRY_POINTS = {
    Kind.REGISTER: (register, (Status.BAD_AMOUNT, Status.NO_SPARE_ACCOUNT, Status.INSUFFICIENT_BALANCE)),
}
"""Each entry point with its refusals, in order of precedence."""
