"""A market that Hypothesis plays: one rule per entry point, the books checked after every step.

When Hypothesis stops, everybody falls silent: deadlines must then release all that is not a stake.
"""

from typing import Any

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chain.contracts import service_market
from chain.layout import NO_LIMIT, Kind
from chain.ledger import Ledger
from chain.mempool import clear
from tests.chain.markets import TERMS, market

LIMITS = (-(2**63), -1, 2**40, 2**40 + 1, 2**62, 2**62 + 1, 2**63 - 1)
people = st.integers(1, 4)
anyone = people | st.sampled_from((-(2**63), -1, 0, 5, 6, 7, 2**63 - 1))
tips = st.integers(0, 3) | st.sampled_from(LIMITS)
limits = st.just(NO_LIMIT) | st.just(NO_LIMIT) | st.integers(0, 5) | st.sampled_from(LIMITS)
amounts = st.integers(0, 2_000) | st.sampled_from(LIMITS)
shares = st.integers(0, 10_000) | st.sampled_from(LIMITS)
services = st.integers(0, 1) | st.sampled_from(LIMITS)


def silence_releases(ledger: Ledger, blocks: int = TERMS["delivery_window"] + TERMS["dispute_window"] + 1) -> None:
    """After as many empty blocks as the windows are long, every job is closed and only stakes are locked."""
    while ledger.seal():
        ledger.check()
    clear(ledger.book.head, ledger.book.accounts, ledger.book.pool)  # what waits for a lower base fee waits no longer
    for _ in range(blocks):
        ledger.seal()
        ledger.check()
    terms, stakes = ledger.book.terms[0], ledger.book.stakes
    assert terms.closed == terms.opened
    assert np.isin(ledger.book.jobs["phase"], (0, service_market.Phase.CLOSED)).all()
    assert not stakes["locked"].any()
    assert ledger.book.head[0].locked == stakes["bonded"].sum() + stakes["unbonding"].sum()


class Market(RuleBasedStateMachine):
    """Four accounts with money and offers, an empty-handed proposer and two spare rows."""

    def __init__(self) -> None:
        super().__init__()
        given = {"rating_decay_bps": 2_000, "rating_by_payment": 1, "fee_quotient": 2}
        self.ledger = market(jobs=4, reliability_bps=6_000, arbiter_bps=6_000, gas_limit=700, base_fee=1, **given)
        for person in (1, 2, 3, 4):
            self.ledger.submit(Kind.BOND, person, amount=500)
            self.ledger.submit(Kind.POST, person, subject=person % 2, amount=100 * person, stake=20 * person, count=2)
        self.ledger.seal()

    def submit(self, kind: int, sender: int, **given: Any) -> None:
        if self.ledger.book.head[0].pending < self.ledger.book.pool.size:
            self.ledger.submit(kind, sender, **given)

    @rule(sender=people, to=anyone, amount=amounts, tip=tips, max_fee=limits)
    def transfer(self, sender: int, to: int, amount: int, tip: int, max_fee: int) -> None:
        self.submit(Kind.TRANSFER, sender, to=to, amount=amount, tip=tip, max_fee=max_fee)

    @rule(sender=people, tip=tips, max_fee=limits)
    def offer_more_for_what_comes_next(self, sender: int, tip: int, max_fee: int) -> None:
        nonce = int(self.ledger.book.accounts[sender].nonce)
        self.submit(Kind.TRANSFER, sender, nonce=nonce, to=sender, tip=tip, max_fee=max_fee)

    @rule(sender=people, amount=amounts)
    def register(self, sender: int, amount: int) -> None:
        self.submit(Kind.REGISTER, sender, amount=amount)

    @rule(sender=people, amount=amounts)
    def bond(self, sender: int, amount: int) -> None:
        self.submit(Kind.BOND, sender, amount=amount)

    @rule(sender=people, amount=amounts)
    def unbond(self, sender: int, amount: int) -> None:
        self.submit(Kind.UNBOND, sender, amount=amount)

    @rule(sender=people)
    def withdraw(self, sender: int) -> None:
        self.submit(Kind.WITHDRAW, sender)

    @rule(sender=people, subject=services, amount=amounts, stake=amounts, count=amounts)
    def post(self, sender: int, subject: int, amount: int, stake: int, count: int) -> None:
        self.submit(Kind.POST, sender, subject=subject, amount=amount, stake=stake, count=count)

    @rule(sender=people, to=anyone, subject=services, amount=amounts, tip=tips, max_fee=limits)
    def hire(self, sender: int, to: int, subject: int, amount: int, tip: int, max_fee: int) -> None:
        self.submit(Kind.HIRE, sender, to=to, subject=subject, amount=amount, tip=tip, max_fee=max_fee)

    @rule(sender=people, to=people, tip=st.integers(0, 3), max_fee=st.just(NO_LIMIT) | st.integers(1, 6))
    def hire_well(self, sender: int, to: int, tip: int, max_fee: int) -> None:
        self.submit(Kind.HIRE, sender, to=to, subject=to % 2, amount=2**40, tip=tip, max_fee=max_fee)

    @rule(kind=st.sampled_from((Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE)), sender=people, job=amounts, bps=shares)
    def speak_of_any_job(self, kind: Kind, sender: int, job: int, bps: int) -> None:
        self.submit(kind, sender, subject=job, bps=bps)

    @rule(back=st.integers(1, 4), effort=st.integers(0, 10_000))
    def deliver(self, back: int, effort: int) -> None:
        self.about_job(Kind.DELIVER, "provider", back, effort)

    @rule(back=st.integers(1, 4), rating=shares)
    def accept(self, back: int, rating: int) -> None:
        self.about_job(Kind.ACCEPT, "client", back, rating)

    @rule(back=st.integers(1, 4), rating=shares)
    def dispute(self, back: int, rating: int) -> None:
        self.about_job(Kind.DISPUTE, "client", back, rating)

    def about_job(self, kind: Kind, party: str, back: int, bps: int) -> None:
        number = int(self.ledger.book.terms[0].opened) - back
        if number >= 0:
            self.submit(kind, self.ledger.job(number)[party], subject=number, bps=bps)

    @rule(kind=st.sampled_from((-(2**63), -1, 0, max(Kind) + 1, 99, 2**62)), sender=people, tip=tips, max_fee=limits)
    def call_what_does_not_exist(self, kind: int, sender: int, tip: int, max_fee: int) -> None:
        self.submit(kind, sender, tip=tip, max_fee=max_fee)

    @rule()
    def seal(self) -> None:
        self.ledger.seal()

    @invariant()
    def the_books_balance(self) -> None:
        self.ledger.check()

    def teardown(self) -> None:
        silence_releases(self.ledger)


def play(games: int, steps: int = 50, *, shrink: bool = True) -> None:
    """Let Hypothesis play so many games; raises what a broken invariant raises, after it has looked for a short example."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    plan = settings(max_examples=games, stateful_step_count=steps, phases=phases)
    run_state_machine_as_test(Market, settings=settings(plan, deadline=None, database=None, derandomize=True))
