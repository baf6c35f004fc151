"""Orders that Hypothesis and long random sequences play, against the plain book: after every transaction both are the same."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chain.contracts import order_book
from chain.layout import Kind
from tests.chain.markets import python, same
from tests.chain.order_pairs import MONEY, PEOPLE, Pair, sequence

people = st.integers(0, PEOPLE - 1)
wild = st.sampled_from((-(2**63), -1, 0, 2**20 + 1, 2**40 + 1, 2**62, 2**63 - 1))
prices = st.integers(1, 12) | st.integers(90, 110) | wild
units = st.integers(1, 9) | st.integers(1, 9) | wild
PROGRAM = "from tests.chain.order_pairs import sequence; from chain.rule import MODE; print(MODE, sequence())"


class Pit(RuleBasedStateMachine):
    """Five accounts, one of which issues units; every transaction goes to both books."""

    wipe = False

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(rows=5, window=8, wipe=self.wipe)
        for address in (0, 1, 2):
            self.pair.seal(Kind.ISSUE_UNITS, 0, to=address, count=10)

    def call(self, kind, sender, **given):
        """Play it; a refused transaction changes nothing but its sender's nonce."""
        ledger = self.pair.ledger
        before, refused = ledger.snapshot().arrays, len(self.pair.refused)
        nonce, expired = int(ledger.book.accounts[sender].nonce), len(self.pair.plain.orders)
        self.pair.seal(kind, sender, **given)
        assert ledger.book.accounts[sender].nonce == nonce + 1
        if len(self.pair.refused) > refused and len(self.pair.plain.orders) == expired:
            after = dict(zip(ledger.batch._fields, ledger.batch, strict=True))
            kept = dict(zip(ledger.batch._fields, before, strict=True))
            kept["accounts"]["nonce"][0, sender] += 1
            for name in ("accounts", "terms", "orders", "holdings", "tape"):
                assert same(after[name], kept[name]), name

    @rule(sender=people, amount=prices, count=units)
    def bid(self, sender, amount, count):
        self.call(Kind.PLACE_BID, sender, amount=amount, count=count)

    @rule(sender=people, amount=prices, count=units)
    def ask(self, sender, amount, count):
        self.call(Kind.PLACE_ASK, sender, amount=amount, count=count)

    @rule(
        sender=people, amount=prices, count=units, kind=st.sampled_from((Kind.PLACE_BID, Kind.PLACE_ASK)), pick=st.integers(-1, 9)
    )
    def replace(self, sender, amount, count, kind, pick):
        self.call(kind, sender, amount=amount, count=count, subject=self.pair.number(pick))

    @rule(amount=prices, count=units, kind=st.sampled_from((Kind.PLACE_BID, Kind.PLACE_ASK)), pick=st.integers(0, 9))
    def replace_ones_own(self, amount, count, kind, pick):
        for order in self.pair.plain.orders[pick : pick + 1]:
            self.call(kind, order.owner, amount=amount, count=count, subject=order.number)

    @rule(sender=people, pick=st.integers(-1, 9))
    def cancel(self, sender, pick):
        self.call(Kind.CANCEL_ORDER, sender, subject=self.pair.number(pick))

    @rule(pick=st.integers(0, 9))
    def cancel_ones_own(self, pick):
        for order in self.pair.plain.orders[pick : pick + 1]:
            self.call(Kind.CANCEL_ORDER, order.owner, subject=order.number)

    @rule(sender=people, to=people | wild, count=units)
    def issue(self, sender, to, count):
        self.call(Kind.ISSUE_UNITS, sender, to=to, count=count)

    @rule()
    def wait(self):
        self.pair.seal()

    @invariant()
    def nothing_is_created_or_lost(self):
        book = self.pair.ledger.book
        owed = sum(order.price * order.units for order in self.pair.plain.orders if order.bid)
        assert book.head[0].locked == owed, "the ledger keeps what open bids are owed"
        assert int(book.accounts["balance"].sum()) + owed == PEOPLE * MONEY

    def teardown(self):
        """Deadlines release everything."""
        for _ in range(9):
            self.pair.seal()
        book = self.pair.ledger.book
        assert book.head[0].locked == book.holdings["offered"].sum() == 0
        assert not self.pair.plain.orders


class WipedPit(Pit):
    """The same where every trade ends the round."""

    wipe = True


@pytest.mark.parametrize("machine", [Pit, WipedPit])
def test_orders_that_hypothesis_plays_agree_with_the_plain_book(machine):
    plan = settings(max_examples=40, stateful_step_count=40, deadline=None, database=None, derandomize=True)
    run_state_machine_as_test(machine, settings=plan)


@pytest.mark.parametrize("wipe", [False, True])
def test_a_long_random_sequence_agrees_with_the_plain_book(wipe):
    pair, rng = Pair(wipe=wipe), np.random.default_rng(int(wipe))
    for _ in range(3_000):
        pair.play(rng)
    assert min(pair.done.values()) > 50, pair.done
    assert len(pair.plain.trades) > 200
    declared = {(kind, status) for kind, (_, refusals) in order_book.ENTRY_POINTS.items() for status in refusals}
    assert declared - pair.refused == set()


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(PROGRAM, NUMBA_DISABLE_JIT="1").split(), python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(PROGRAM, NUMBA_BOUNDSCHECK="1").split()
    assert checked == ["checked", sequence()]
