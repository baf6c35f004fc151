"""A service escrow with milestones and juries that Hypothesis plays: one rule per entry point, refusals included.

A refused transaction must leave what an empty block leaves, but for its sender's nonce. After every step the books are checked:
money is conserved, and what is locked is what open jobs and stakes are owed. When Hypothesis stops, everybody falls silent, and
deadlines release all but stakes.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chain.layout import Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.exchange_machine import state_of
from tests.chain.machine import amounts, anyone, people, services, shares, silence_releases
from tests.chain.markets import TERMS, call, parted

votes = st.sampled_from((1, 2)) | st.integers(-1, 4)


def longest(ledger: Ledger) -> int:
    """Blocks after which a job that nobody touches any more is closed."""
    terms: Any = ledger.view("escrow")[0]
    each = TERMS["delivery_window"] + TERMS["dispute_window"] + int(terms.vote_window)
    return each * max(int(terms.milestones), 1) + 1


class Parted(RuleBasedStateMachine):
    """Four accounts with stake and offers, an empty-handed proposer and two spare rows; no fees."""

    ledger: Ledger

    @initialize(
        milestones=st.integers(0, 4), jurors=st.integers(0, 5), stake=st.sampled_from((0, 1, 90)), window=st.integers(0, 3)
    )
    def found(self, milestones: int, jurors: int, stake: int, window: int) -> None:
        terms = {"milestones": milestones, "jurors": jurors, "juror_stake": stake, "vote_window": window}
        chances = {"reliability_bps": 6_000, "arbiter_bps": 6_000, "pay_caught": window % 2}
        self.ledger = parted(jobs=4, seats=4, base_fee=0, record=False, **terms, **chances)
        for person in (1, 2, 3, 4):
            call(self.ledger, Kind.BOND, person, amount=500)
            call(self.ledger, Kind.POST, person, subject=person % 2, amount=100 * person, stake=20 * person, count=2)

    def ask(self, kind: Kind, sender: int, **given: int) -> None:
        """Execute one transaction alone in a block; refused, it has changed nothing."""
        quiet = self.ledger.fork()
        if call(self.ledger, kind, sender, **given).status != Status.OK:
            quiet.seal()
            after, expected = state_of(self.ledger), state_of(quiet)
            assert all(np.array_equal(after[name], expected[name]) for name in expected), kind

    def of_job(self, back: int, party: str) -> tuple[int, int]:
        """A party of one of the latest jobs, and its number."""
        number = int(self.ledger.book.terms[0].opened) - back
        return (self.ledger.job(number)[party], number) if number >= 0 else (1, number)

    @rule(sender=people, to=anyone, amount=amounts)
    def transfer(self, sender: int, to: int, amount: int) -> None:
        self.ask(Kind.TRANSFER, sender, to=to, amount=amount)

    @rule(sender=people, amount=amounts)
    def register(self, sender: int, amount: int) -> None:
        self.ask(Kind.REGISTER, sender, amount=amount)

    @rule(sender=people, amount=amounts)
    def bond(self, sender: int, amount: int) -> None:
        self.ask(Kind.BOND, sender, amount=amount)

    @rule(sender=people, amount=amounts)
    def unbond(self, sender: int, amount: int) -> None:
        self.ask(Kind.UNBOND, sender, amount=amount)

    @rule(sender=people)
    def withdraw(self, sender: int) -> None:
        self.ask(Kind.WITHDRAW, sender)

    @rule(sender=people, subject=services, amount=amounts, stake=amounts, count=amounts)
    def post(self, sender: int, subject: int, amount: int, stake: int, count: int) -> None:
        self.ask(Kind.POST, sender, subject=subject, amount=amount, stake=stake, count=count)

    @rule(sender=people, to=anyone, subject=services, amount=amounts)
    def hire(self, sender: int, to: int, subject: int, amount: int) -> None:
        self.ask(Kind.HIRE, sender, to=to, subject=subject, amount=amount)

    @rule(sender=people, to=people)
    def hire_well(self, sender: int, to: int) -> None:
        self.ask(Kind.HIRE, sender, to=to, subject=to % 2, amount=2**40)

    @rule(kind=st.sampled_from((Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE, Kind.VOTE)), sender=people, job=amounts, bps=shares)
    def speak_of_any_job(self, kind: Kind, sender: int, job: int, bps: int) -> None:
        self.ask(kind, sender, subject=job, bps=bps, count=1)

    @rule(back=st.integers(1, 4), effort=st.integers(0, 10_000) | shares)
    def deliver(self, back: int, effort: int) -> None:
        provider, number = self.of_job(back, "provider")
        self.ask(Kind.DELIVER, provider, subject=number, bps=effort)

    @rule(back=st.integers(1, 4), rating=shares)
    def accept(self, back: int, rating: int) -> None:
        client, number = self.of_job(back, "client")
        self.ask(Kind.ACCEPT, client, subject=number, bps=rating)

    @rule(back=st.integers(1, 4), effort=st.integers(0, 10_000), rating=st.integers(0, 10_000))
    def deliver_and_dispute(self, back: int, effort: int, rating: int) -> None:
        provider, number = self.of_job(back, "provider")
        self.ask(Kind.DELIVER, provider, subject=number, bps=effort)
        client, number = self.of_job(back, "client")
        self.ask(Kind.DISPUTE, client, subject=number, bps=rating)

    @rule(back=st.integers(1, 4), rating=shares)
    def dispute(self, back: int, rating: int) -> None:
        client, number = self.of_job(back, "client")
        self.ask(Kind.DISPUTE, client, subject=number, bps=rating)

    @rule(back=st.integers(1, 4), sender=people, what=votes)
    def vote(self, back: int, sender: int, what: int) -> None:
        self.ask(Kind.VOTE, sender, subject=self.of_job(back, "client")[1], count=what)

    @rule(blocks=st.integers(1, 3))
    def wait(self, blocks: int) -> None:
        for _ in range(blocks):
            self.ledger.seal()
            self.ledger.check()

    def teardown(self) -> None:
        silence_releases(self.ledger, longest(self.ledger))
