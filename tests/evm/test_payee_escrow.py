"""Our payee escrow and OpenZeppelin's `Escrow` and `RefundEscrow` agree after every operation."""

import random
from collections import Counter

import pytest

from chain.contracts.payee_escrow import State
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchanges import escrow
from tests.evm.packages import OPENZEPPELIN
from tests.evm.revm import Machine, person
from tests.evm.sequences import DUST, amount, ask

pytestmark = pytest.mark.evm
PEOPLE, OWNER, BENEFICIARY = 5, 1, 3
DEALS, OPERATIONS = 180, 60
RICHES = (DUST, 10**6, MAX_SUPPLY // PEOPLE)
CALLS = {
    Kind.ESCROW_DEPOSIT: "deposit",
    Kind.ESCROW_WITHDRAW: "withdraw",
    Kind.ESCROW_REFUND: "enableRefunds",
    Kind.ESCROW_CLOSE: "close",
    Kind.ESCROW_COLLECT: "beneficiaryWithdraw",
}


def assert_agree(ledger, theirs, conditional):
    book, machine = ledger.book, theirs.machine
    assert machine.evm.get_balance(theirs.address) == book.terms[0].held == book.head[0].locked
    for a in range(PEOPLE):
        assert machine.evm.get_balance(person(a)) == book.accounts[a].balance
        assert theirs.call(0, "depositsOf", person(a)) == book.deposits[a].amount
    if conditional:
        assert State(theirs.call(0, "state")) == book.terms[0].state


def drawn(dice, ledger, conditional):
    """A transaction to try: its kind, its sender and its arguments."""
    kinds = [Kind.ESCROW_DEPOSIT] * 20 + [Kind.ESCROW_WITHDRAW] * 12
    kinds += [Kind.ESCROW_REFUND, Kind.ESCROW_CLOSE, Kind.ESCROW_COLLECT, Kind.ESCROW_COLLECT] if conditional else []
    kind, sender, given = dice.choice(kinds), dice.choice((OWNER, OWNER, OWNER, dice.randrange(PEOPLE))), {}
    if kind in (Kind.ESCROW_DEPOSIT, Kind.ESCROW_WITHDRAW):
        given["to"] = dice.randrange(PEOPLE)
    if kind == Kind.ESCROW_DEPOSIT:
        given["amount"] = amount(dice, ledger.balance(sender))
    return kind, sender, given


@pytest.mark.parametrize(("name", "conditional"), [("Escrow", 0), ("RefundEscrow", 1)])
def test_after_every_operation_all_money_and_deposits_agree(name, conditional):
    dice, tally = random.Random(name), Counter()
    for deal in range(DEALS):
        riches = RICHES[deal % len(RICHES)]
        terms = {"owner": OWNER, "beneficiary": BENEFICIARY, "conditional": conditional}
        ledger = escrow(balances=[riches] * PEOPLE, spare=0, base_fee=0, record=False, **terms)
        arguments = (person(BENEFICIARY),) if conditional else ()
        theirs = Machine(PEOPLE, riches).deploy(OPENZEPPELIN, name, *arguments, sender=OWNER)
        for _ in range(OPERATIONS):
            kind, sender, given = drawn(dice, ledger, conditional)
            status = ask(ledger, kind, sender, tally, **given)
            if given.get("amount", 0) > MAX_SUPPLY:
                assert status == Status.BAD_AMOUNT
            payees = (person(given["to"]),) if "to" in given else ()
            accepted = theirs.accepts(sender, CALLS[kind], *payees, value=given.get("amount", 0))
            assert accepted == (status == Status.OK), (kind, sender, given, status)
            assert_agree(ledger, theirs, conditional)
    assert tally["operations"] >= 10_000
    assert min(count for (kind, status), count in pairs(tally) if status == Status.OK) > 50
    ends = (Status.ESCROW_NOT_ACTIVE, Status.ESCROW_NOT_REFUNDING, Status.ESCROW_NOT_CLOSED) if conditional else ()
    for reason in (Status.BAD_AMOUNT, Status.INSUFFICIENT_BALANCE, Status.NOT_OWNER, *ends):
        assert sum(count for (_, status), count in pairs(tally) if status == reason) > 20, reason


def pairs(tally):
    """How often each (kind, status) came out."""
    return [(key, count) for key, count in tally.items() if isinstance(key, tuple)]


def test_a_deposit_for_who_has_no_account_is_refused_by_ours_alone():
    ledger = escrow(balances=[5] * PEOPLE, spare=0, base_fee=0, owner=OWNER)
    theirs = Machine(PEOPLE, 5).deploy(OPENZEPPELIN, "Escrow", sender=OWNER)
    assert ask(ledger, Kind.ESCROW_DEPOSIT, OWNER, Counter(), to=-1, amount=1) == Status.NO_SUCH_ACCOUNT
    assert theirs.accepts(OWNER, "deposit", person(-1), value=1)
