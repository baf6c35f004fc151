"""Payee escrow: an owner deposits money for payees, who are paid when the owner says so.

1. The owner named in the terms deposits money for a payee. It is held in escrow.
2. The owner pays a payee out: all that is deposited for it, and the payee's deposits are 0 again.
3. If the escrow is conditional, it takes deposits as long as it is active. The owner ends that, once and for all: it lets the
   payees have their money back, who are then paid out as in 2, or it closes the escrow in favour of the beneficiary.
4. Of a closed escrow anybody sends all that is held to the beneficiary; what was deposited for whom stays on record.

Source: OpenZeppelin's `Escrow` 4.9 (not conditional) and `RefundEscrow` 4.9 (conditional). The mapping, which `tests/evm/` holds
against their bytecode: an open account is an address, money is Ether, the owner is whoever created the contract and does not
change. Refused here alone: amounts above 2^62, and deposits for who has no account.
"""

from enum import IntEnum

from chain.accounts import can_pay, is_open, lock, release
from chain.layout import MAX_SUPPLY, Kind, Record, record
from chain.rule import rule
from chain.status import Status


class State(IntEnum):
    """Where a conditional escrow stands; another one is always active."""

    ACTIVE = 0
    REFUNDING = 1
    CLOSED = 2


TERMS = record("owner", "beneficiary", "conditional", "state", "held")
"""The contract's parameters, its `State`, and the money that it holds."""
TERM_LIMITS = {"owner": 2**31, "beneficiary": 2**31, "conditional": 1}
"""Highest value of each parameter; the lowest is 0. The state and the money are not for setting."""

DEPOSIT = record("amount")
"""By account: what is deposited for it, and not paid out."""


@rule
def pay_out(book: Record, to: int, amount: int) -> None:
    """Pay money out of the escrow."""
    release(book.accounts, book.head[0], to, amount)
    book.terms[0].held -= amount


@rule
def deposit(book: Record, tx: Record) -> Status:
    """Put `amount` into escrow for the payee at `to`."""
    # Conditions
    terms = book.terms[0]
    if not 0 <= tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if not is_open(book.accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if not can_pay(book.accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    if tx.sender != terms.owner:
        return Status.NOT_OWNER
    if terms.state != State.ACTIVE:
        return Status.ESCROW_NOT_ACTIVE
    # Effects
    lock(book.accounts, book.head[0], tx.sender, tx.amount)
    terms.held += tx.amount
    book.deposits[tx.to].amount += tx.amount
    return Status.OK


@rule
def withdraw(book: Record, tx: Record) -> Status:
    """Pay the payee at `to` all that is deposited for it."""
    # Conditions
    terms = book.terms[0]
    if not is_open(book.accounts, tx.to):
        return Status.NO_SUCH_ACCOUNT
    if tx.sender != terms.owner:
        return Status.NOT_OWNER
    if terms.conditional != 0 and terms.state != State.REFUNDING:
        return Status.ESCROW_NOT_REFUNDING
    # Effects
    payment = book.deposits[tx.to].amount
    book.deposits[tx.to].amount = 0
    pay_out(book, tx.to, payment)
    return Status.OK


@rule
def refuse_end(terms: Record, sender: int) -> Status:
    """The conditions that refunding and closing share."""
    if sender != terms.owner:
        return Status.NOT_OWNER
    if terms.conditional == 0:
        return Status.UNCONDITIONAL
    if terms.state != State.ACTIVE:
        return Status.ESCROW_NOT_ACTIVE
    return Status.OK


@rule
def refund(book: Record, tx: Record) -> Status:
    """Take no more deposits, and let the payees have their money."""
    # Conditions
    refusal = refuse_end(book.terms[0], tx.sender)
    if refusal != Status.OK:
        return refusal
    # Effects
    book.terms[0].state = State.REFUNDING
    return Status.OK


@rule
def close(book: Record, tx: Record) -> Status:
    """Take no more deposits, and let the beneficiary have the money."""
    # Conditions
    refusal = refuse_end(book.terms[0], tx.sender)
    if refusal != Status.OK:
        return refusal
    # Effects
    book.terms[0].state = State.CLOSED
    return Status.OK


@rule
def collect(book: Record, tx: Record) -> Status:
    """Send all that a closed escrow holds to the beneficiary, whoever asks."""
    # Conditions
    terms = book.terms[0]
    if not is_open(book.accounts, terms.beneficiary):
        return Status.NO_SUCH_ACCOUNT
    if terms.state != State.CLOSED:
        return Status.ESCROW_NOT_CLOSED
    # Effects
    pay_out(book, terms.beneficiary, terms.held)
    return Status.OK


_END = (Status.NOT_OWNER, Status.UNCONDITIONAL, Status.ESCROW_NOT_ACTIVE)
ENTRY_POINTS = {
    Kind.ESCROW_DEPOSIT: (
        deposit,
        (
            Status.BAD_AMOUNT,
            Status.NO_SUCH_ACCOUNT,
            Status.INSUFFICIENT_BALANCE,
            Status.NOT_OWNER,
            Status.ESCROW_NOT_ACTIVE,
        ),
    ),
    Kind.ESCROW_WITHDRAW: (withdraw, (Status.NO_SUCH_ACCOUNT, Status.NOT_OWNER, Status.ESCROW_NOT_REFUNDING)),
    Kind.ESCROW_REFUND: (refund, _END),
    Kind.ESCROW_CLOSE: (close, _END),
    Kind.ESCROW_COLLECT: (collect, (Status.NO_SUCH_ACCOUNT, Status.ESCROW_NOT_CLOSED)),
}
"""Each entry point with its refusals, in order of precedence."""
