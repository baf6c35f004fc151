"""A pool and an escrow that Hypothesis plays: one rule per entry point, refusals included, the books checked after every step.

A refused transaction must change nothing but its sender's nonce. When Hypothesis stops, everybody leaves, and takes what is due.
"""

from typing import Any, ClassVar

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chain.contracts.constant_product import LOCKED_SHARES
from chain.contracts.fungible_token import INFINITE
from chain.contracts.payee_escrow import State
from chain.layout import MAX_SUPPLY, NO_DEADLINE, OUTSIDE, Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.exchanges import escrow, exchange
from tests.chain.markets import CLIENT, OTHER, call, done

PEOPLE, CROWD = 5, 10
"""Accounts that act, and all that are open."""
LIMITS = (-(2**63), -1, 0, MAX_SUPPLY - 1, MAX_SUPPLY, MAX_SUPPLY + 1, INFINITE)
people = st.integers(0, PEOPLE - 1)
anyone = people | people | st.sampled_from((-(2**63), -1, CROWD, CROWD + 1, 2**63 - 1))
amounts = st.integers(0, 20) | st.integers(0, 3_000) | st.integers(0, 10**6) | st.sampled_from(LIMITS)
plenty = st.integers(1, 10**5) | st.integers(1, 10**5) | st.integers(1, 3 * 10**6)
assets = st.integers(0, 1) | st.integers(0, 1) | st.sampled_from((-1, 2, 2**63 - 1))
deadlines = st.just(NO_DEADLINE) | st.just(NO_DEADLINE) | st.integers(0, 5)


def state_of(ledger: Ledger) -> dict[str, Any]:
    """What a refusal must not change: every array but what passes through, nonces and the head's clock aside."""
    state = {name: array.copy() for name, array in ledger.book._asdict().items() if name not in OUTSIDE}
    state["accounts"]["nonce"] = 0
    state["head"] = [(h.minted, h.burned, h.locked) for h in state["head"]]
    return state


class Played(RuleBasedStateMachine):
    """A ledger without fees."""

    ledger: Ledger
    reached: ClassVar[set[tuple[Kind, Status]]] = set()
    """What came out in all games of all machines."""

    def ask(self, kind: Kind, sender: int, **given: int) -> Status:
        """Execute one transaction alone in a block; refused, it has changed nothing."""
        before = state_of(self.ledger)
        status = call(self.ledger, kind, sender, **given).status
        if status != Status.OK:
            after = state_of(self.ledger)
            assert all(np.array_equal(after[name], before[name]) for name in before), status
        self.reached.add((kind, status))
        return status


class Exchange(Played):
    """Five people with money, and credits that the client mints."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = exchange(balances=[10**6] * CROWD, spare=1, base_fee=0, record=False)
        for person in range(PEOPLE):
            done(self.ledger, Kind.CREDIT_MINT, CLIENT, to=person, amount=10**6)

    def product(self) -> int:
        terms = self.ledger.book.terms[0]
        return int(terms.money) * int(terms.credits)

    @rule(sender=people, to=anyone, amount=amounts, deadline=deadlines)
    def transfer(self, sender: int, to: int, amount: int, deadline: int) -> None:
        self.ask(Kind.CREDIT_TRANSFER, sender, to=to, amount=amount, deadline=deadline)

    @rule(sender=people, to=anyone, amount=amounts)
    def approve(self, sender: int, to: int, amount: int) -> None:
        self.ask(Kind.CREDIT_APPROVE, sender, to=to, amount=amount)

    @rule(sender=people, subject=anyone, to=anyone, amount=amounts)
    def transfer_from(self, sender: int, subject: int, to: int, amount: int) -> None:
        self.ask(Kind.CREDIT_TRANSFER_FROM, sender, subject=subject, to=to, amount=amount)

    @rule(sender=people, amount=st.integers(1, 20))
    def approve_everybody(self, sender: int, amount: int) -> None:
        for to in range(CROWD):
            self.ask(Kind.CREDIT_APPROVE, sender, to=to, amount=amount)

    @rule(sender=people, subject=people, to=people)
    def take_one_too_many(self, sender: int, subject: int, to: int) -> None:
        self.ask(Kind.CREDIT_APPROVE, subject, to=sender, amount=INFINITE)
        held = int(self.ledger.book.credits[subject].balance)
        self.ask(Kind.CREDIT_TRANSFER_FROM, sender, subject=subject, to=to, amount=held + 1)

    @rule(sender=st.just(CLIENT) | people, to=anyone, amount=amounts)
    def mint(self, sender: int, to: int, amount: int) -> None:
        self.ask(Kind.CREDIT_MINT, sender, to=to, amount=amount)

    @rule(sender=people, amount=amounts)
    def burn(self, sender: int, amount: int) -> None:
        self.ask(Kind.CREDIT_BURN, sender, amount=amount)

    @rule(sender=people, money=amounts, credits=amounts, least=amounts)
    def add_liquidity(self, sender: int, money: int, credits: int, least: int) -> None:
        self.ask(Kind.ADD_LIQUIDITY, sender, amount=money, stake=credits, count=least)

    @rule(sender=people, money=plenty, credits=plenty)
    def add_well(self, sender: int, money: int, credits: int) -> None:
        self.ask(Kind.ADD_LIQUIDITY, sender, amount=money, stake=credits)

    @rule(sender=people, shares=amounts, money=amounts, credits=amounts)
    def remove_liquidity(self, sender: int, shares: int, money: int, credits: int) -> None:
        self.ask(Kind.REMOVE_LIQUIDITY, sender, amount=shares, stake=money, count=credits)

    @rule(sender=people, part=st.floats(0, 1))
    def remove_a_part(self, sender: int, part: float) -> None:
        held = int(self.ledger.book.liquidity[sender].shares)
        self.ask(Kind.REMOVE_LIQUIDITY, sender, amount=int(held * part))

    @rule(sender=people, asset=assets, amount=amounts, least=st.just(0) | amounts, deadline=deadlines)
    def swap(self, sender: int, asset: int, amount: int, least: int, deadline: int) -> None:
        before, money = self.product(), self.ledger.balance(sender)
        status = self.ask(Kind.SWAP, sender, subject=asset, amount=amount, count=least, deadline=deadline)
        assert self.product() >= before, "the product never falls"
        if status == Status.OK:
            assert (self.ledger.balance(sender) < money) == (asset == 0), "nobody gets what it pays with"

    def teardown(self) -> None:
        """Everybody can leave: what stays is what stands behind the locked shares, and dust."""
        book = self.ledger.book
        for person in range(PEOPLE):
            held = int(book.liquidity[person].shares)
            if held:
                least = min(
                    held * int(reserve) // int(book.terms[0].shares) for reserve in (book.terms[0].money, book.terms[0].credits)
                )
                status = self.ask(Kind.REMOVE_LIQUIDITY, person, amount=held)
                assert (status == Status.OK) == (least > 0)
                assert (int(book.liquidity[person].shares) == 0) == (least > 0)
        left = book.liquidity["shares"].sum()
        assert book.terms[0].shares in (0, LOCKED_SHARES + left)


class Escrow(Played):
    """An escrow of the client's."""

    conditional, beneficiary = 1, OTHER

    def __init__(self) -> None:
        super().__init__()
        terms = {"conditional": self.conditional, "beneficiary": self.beneficiary}
        self.ledger = escrow(balances=[10**6] * CROWD, spare=1, base_fee=0, record=False, **terms)

    @rule(sender=st.just(CLIENT) | people, to=anyone, amount=amounts)
    def deposit(self, sender: int, to: int, amount: int) -> None:
        self.ask(Kind.ESCROW_DEPOSIT, sender, to=to, amount=amount)

    @rule(sender=st.just(CLIENT) | people, to=anyone)
    def withdraw(self, sender: int, to: int) -> None:
        self.ask(Kind.ESCROW_WITHDRAW, sender, to=to)

    @precondition(lambda self: self.ledger.height > 8)
    @rule(sender=people, kind=st.sampled_from((Kind.ESCROW_REFUND, Kind.ESCROW_CLOSE)))
    def end(self, sender: int, kind: Kind) -> None:
        self.ask(kind, sender)

    @rule(sender=people)
    def collect(self, sender: int) -> None:
        self.ask(Kind.ESCROW_COLLECT, sender)

    def teardown(self) -> None:
        """The owner ends it, and all that is held goes to whom it is due."""
        terms, book = self.ledger.book.terms[0], self.ledger.book
        if self.conditional and terms.state == State.ACTIVE:
            done(self.ledger, Kind.ESCROW_REFUND, CLIENT)
        if self.beneficiary == CROWD:
            done(self.ledger, Kind.REGISTER, CLIENT)
        if terms.state == State.CLOSED:
            done(self.ledger, Kind.ESCROW_COLLECT, CLIENT)
        else:
            for person in range(PEOPLE):
                due, money = int(book.deposits[person].amount), self.ledger.balance(person)
                done(self.ledger, Kind.ESCROW_WITHDRAW, CLIENT, to=person)
                assert self.ledger.balance(person) == money + due
        assert terms.held == book.head[0].locked == 0


class PlainEscrow(Escrow):
    """One that is not conditional."""

    conditional = 0


class OrphanEscrow(Escrow):
    """One whose beneficiary has no account until the end."""

    beneficiary = CROWD


def unreached(*contracts: Any) -> list[tuple[str, str]]:
    """Refusals of these contracts that no game came to."""
    declared = {
        (kind, status) for contract in contracts for kind, (_, refusals) in contract.ENTRY_POINTS.items() for status in refusals
    }
    return sorted((kind.name, status.name) for kind, status in declared - Played.reached)


def play(machine: Any, games: int, steps: int = 50) -> None:
    """Let Hypothesis play so many games; raises what a broken invariant raises."""
    plan = settings(max_examples=games, stateful_step_count=steps, phases=(Phase.generate, Phase.shrink))
    run_state_machine_as_test(machine, settings=settings(plan, deadline=None, database=None, derandomize=True))
