"""Auctions that Hypothesis plays: one rule per entry point, refusals among them; and one wrong number is found by name."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chain.auctions_in_order import auctioned
from chain.contracts.sealed_auction import Sealed
from chain.invariants import violations
from chain.layout import Kind
from chain.status import ADMITTED_FROM, Status
from tests.chain.auctions import crowd, hall, word
from tests.chain.markets import balances, head, same

PEOPLE = st.integers(1, 4)
LIMITS = (-(2**63), -1, 2**40, 2**40 + 1, 2**62, 2**63 - 1)
AMOUNTS = st.integers(0, 600) | st.sampled_from(LIMITS)
NUMBERS = st.integers(0, 3) | st.sampled_from(LIMITS)
SALTS = st.integers(0, 2)


class Hall(RuleBasedStateMachine):
    """Four accounts of little money that open auctions and bid; each knows what it sealed. When Hypothesis stops, everybody falls
    silent: deadlines must then release all that is locked."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = hall(balances=(0, 900, 2_000, 3_000, 150), base_fee=0, gas_limit=500, registration_fee=3)
        self.sealed: dict[int, tuple[int, int, int]] = {}

    def submit(self, kind: int, sender: int, **given: int) -> None:
        if self.ledger.book.head[0].pending < self.ledger.book.pool.size:
            self.ledger.submit(kind, sender, **given)

    def latest(self, back: int) -> int:
        return int(self.ledger.book.terms[0].opened) - 1 - back

    @rule(sender=PEOPLE, amount=AMOUNTS)
    def open_auction(self, sender: int, amount: int) -> None:
        self.submit(Kind.OPEN_AUCTION, sender, amount=amount)

    @rule(sender=PEOPLE, back=NUMBERS, bid=st.integers(0, 600), salt=SALTS)
    def commit_bid(self, sender: int, back: int, bid: int, salt: int) -> None:
        if (number := self.latest(back % 4)) >= 0:
            self.submit(Kind.COMMIT_BID, sender, subject=number, count=word(self.ledger, sender, number, bid, salt))
            self.sealed[sender] = (number, bid, salt)

    @rule(sender=PEOPLE)
    def reveal_bid(self, sender: int) -> None:
        if sender in self.sealed:
            number, bid, salt = self.sealed[sender]
            self.submit(Kind.REVEAL_BID, sender, subject=number, amount=bid, count=salt)

    @rule(sender=PEOPLE, number=NUMBERS, amount=AMOUNTS, count=AMOUNTS, kind=st.sampled_from((Kind.COMMIT_BID, Kind.REVEAL_BID)))
    def bid_wildly(self, sender: int, number: int, amount: int, count: int, kind: Kind) -> None:
        self.submit(kind, sender, subject=number, amount=amount, count=count)

    @rule(sender=PEOPLE, to=st.integers(-1, 7), amount=AMOUNTS)
    def transfer(self, sender: int, to: int, amount: int) -> None:
        self.submit(Kind.TRANSFER, sender, to=to, amount=amount)

    @rule(sender=PEOPLE, amount=st.integers(0, 500))
    def register(self, sender: int, amount: int) -> None:
        self.submit(Kind.REGISTER, sender, amount=amount)

    @rule()
    def seal(self) -> None:
        book = self.ledger.book
        before = {name: getattr(book, name).copy() for name in ("auctions", "bids", "terms")}
        money, next_end = balances(self.ledger), book.auctions["reveal_until"].copy()
        receipts = self.ledger.seal()
        refused = all(receipt.status >= ADMITTED_FROM for receipt in receipts)
        if refused and not (next_end == self.ledger.height).any():
            assert all(same(array, getattr(book, name)) for name, array in before.items()), "what is refused changes nothing"
            assert balances(self.ledger) == money
        assert Status.OK not in {r.status for r in receipts if r.kind == Kind.REVEAL_BID and r.sender not in self.sealed}

    @invariant()
    def the_books_balance(self) -> None:
        self.ledger.check()

    def teardown(self) -> None:
        while self.ledger.seal():
            self.ledger.check()
        for _ in range(6):
            self.ledger.seal()
        assert head(self.ledger).locked == 0
        assert (self.ledger.book.bids["phase"] == Sealed.NONE).all()
        self.ledger.check()


def test_auctions_that_hypothesis_plays_keep_their_books_and_release_everything():
    plan = settings(max_examples=40, stateful_step_count=50, deadline=None, database=None, derandomize=True)
    run_state_machine_as_test(Hall, settings=plan)


def busy():
    """Three worlds with a revealed and a committed bid."""
    for blocks in range(20, 60):
        book = crowd(3, blocks=blocks, seed=3)
        phases = book.bids["phase"][1]
        if (phases == Sealed.REVEALED).any() and (phases == Sealed.COMMITTED).any() and leaders(book).size:
            return book
    raise AssertionError("no such moment")


def leaders(book):
    """The rows of open auctions of world 1 that have a leading bid."""
    rows = np.arange(book.auctions.shape[1])
    closed, opened = (int(book.terms[name][1, 0]) for name in ("closed", "opened"))
    number = closed + (rows - closed) % rows.size
    return np.flatnonzero((number < opened) & (book.auctions["winner"][1] >= 0))


def add(table, column, change):
    def spoil(book):
        row = leaders(book)[0] if table == "auctions" else 0
        getattr(book, table)[column][1, row] += change

    return spoil


WRONG = {
    "locked = reserves of open auctions + deposits of bids": add("head", "locked", 1),
    "every bid is one of an open auction": lambda book: book.bids["auction"][1].__isub__(1_000),
    "open auctions count their bids": add("auctions", "commits", 1),
    "the lowest revealed bid leads": add("auctions", "bid", 1),
    "no auction has ended unsettled": lambda book: book.auctions["reveal_until"][1].fill(1),
}
"""By check: one thing that breaks it in world 1."""


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_number_is_found_and_named_with_its_world(name):
    book = busy()
    assert violations(book) == []
    WRONG[name](book)
    assert f"{name}: broken in world 1" in violations(book)


def test_every_check_is_tried_here():
    assert {name for name, _ in auctioned(crowd(2, blocks=2))} == set(WRONG)
