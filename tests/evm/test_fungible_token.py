"""Our credits and OpenZeppelin's ERC-20 agree: every balance, allowance, acceptance and refusal, after every operation."""

import random
from collections import Counter

import pytest

from chain.contracts.fungible_token import INFINITE, SPENDERS
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchanges import exchange
from tests.chain.markets import call, done
from tests.evm.packages import OPENZEPPELIN
from tests.evm.revm import MAX_UINT, Machine, person
from tests.evm.sequences import DUST, amount, ask

pytestmark = pytest.mark.evm
PEOPLE, MINTER, OPERATIONS = 4, 1, 3_400
SUPPLIES = {"dust": DUST, "plain": 10**6, "vast": MAX_SUPPLY // PEOPLE}
"""By name: what everybody has at first."""
KINDS = (
    [Kind.CREDIT_TRANSFER] * 3
    + [Kind.CREDIT_APPROVE] * 3
    + [Kind.CREDIT_TRANSFER_FROM] * 5
    + [Kind.CREDIT_MINT, Kind.CREDIT_BURN]
)


def unlimited(allowed):
    """An allowance of ours as theirs."""
    return MAX_UINT if allowed == INFINITE else allowed


def allowance(book, holder, spender):
    rows = book.allowances[holder * SPENDERS : (holder + 1) * SPENDERS]
    return sum(int(row.amount) for row in rows if row.amount and row.spender == spender)


def assert_agree(ledger, theirs):
    book = ledger.book
    assert theirs.call(0, "totalSupply") == book.terms[0].supply
    for a in range(PEOPLE):
        assert theirs.call(0, "balanceOf", person(a)) == book.credits[a].balance
        for b in range(PEOPLE):
            assert theirs.call(0, "allowance", person(a), person(b)) == unlimited(allowance(book, a, b))


def drawn(dice, ledger):
    """A transaction to try: its kind, its sender and its arguments, and the call that it is in their words."""
    kind, sender = dice.choice(KINDS), dice.randrange(PEOPLE)
    subject, to = dice.randrange(PEOPLE), dice.choice([*range(PEOPLE)] * 3 + [-1])
    holder = subject if kind == Kind.CREDIT_TRANSFER_FROM else sender
    given = {"to": to, "amount": amount(dice, int(ledger.book.credits[holder].balance))}
    if kind == Kind.CREDIT_APPROVE:
        given["amount"] = dice.choice((given["amount"], given["amount"], INFINITE))
        return kind, sender, given, ("approve", person(to), unlimited(given["amount"]))
    if kind == Kind.CREDIT_TRANSFER_FROM:
        given["subject"] = subject = dice.choice((subject, subject, subject, -1)) if given["amount"] == 0 else subject
        return kind, sender, given, ("transferFrom", person(subject), person(to), given["amount"])
    if kind == Kind.CREDIT_MINT:
        sender = dice.choice((MINTER, MINTER, sender))
    name = {Kind.CREDIT_TRANSFER: "transfer", Kind.CREDIT_MINT: "mint", Kind.CREDIT_BURN: "burn"}[kind]
    return kind, sender, given, (name, *(() if name == "burn" else (person(to),)), given["amount"])


def by_ours_alone(ledger, kind, given, status):
    """Whether a refusal is one of those that the mapping declares: what does not fit into 2^62."""
    if status == Status.BAD_AMOUNT:
        return given["amount"] > MAX_SUPPLY
    return status == Status.SUPPLY_FULL and ledger.book.terms[0].supply + given["amount"] > MAX_SUPPLY


@pytest.mark.parametrize("supply", SUPPLIES)
def test_after_every_operation_all_balances_and_allowances_agree(supply):
    dice, tally = random.Random(supply), Counter()
    ledger = exchange(balances=[0] * PEOPLE, spare=0, minter=MINTER, base_fee=0, record=False)
    theirs = Machine(PEOPLE).deploy(OPENZEPPELIN, "ERC20PresetMinterPauser", "Credits", "CR", sender=MINTER)
    for a in range(PEOPLE):
        done(ledger, Kind.CREDIT_MINT, MINTER, to=a, amount=SUPPLIES[supply])
        theirs.call(MINTER, "mint", person(a), SUPPLIES[supply])
    while tally["operations"] < OPERATIONS:
        kind, sender, given, words = drawn(dice, ledger)
        status = ask(ledger, kind, sender, tally, **given)
        if by_ours_alone(ledger, kind, given, status):
            tally["ours alone"] += 1
        else:
            assert theirs.accepts(sender, *words) == (status == Status.OK), (kind, sender, given, status)
        assert_agree(ledger, theirs)
    assert min(tally[kind, Status.OK] for kind in KINDS) > 50
    assert min(tally[Kind.CREDIT_TRANSFER_FROM, s] for s in (Status.INSUFFICIENT_ALLOWANCE, Status.INSUFFICIENT_CREDITS)) > 50
    assert 20 < tally["ours alone"] < 400


def test_a_ninth_spender_is_refused_by_ours_alone():
    ledger = exchange(balances=[0] * 10, spare=0, base_fee=0, record=False)
    theirs = Machine(10).deploy(OPENZEPPELIN, "ERC20PresetMinterPauser", "Credits", "CR")
    for spender in range(1, 10):
        status = call(ledger, Kind.CREDIT_APPROVE, 0, to=spender, amount=7).status
        assert status == (Status.OK if spender <= SPENDERS else Status.ALLOWANCES_FULL)
        assert theirs.accepts(0, "approve", person(spender), 7)
