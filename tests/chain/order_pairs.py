"""The order book of the ledger and the plain one, side by side: every transaction goes to both, and all must agree after it."""

import hashlib
from typing import Any

import numpy as np

from chain.layout import NOBODY, Kind
from chain.misplaced import misplaced
from chain.price_time import Side
from chain.status import Status
from tests.chain.markets import pit
from tests.chain.plain_order_book import PlainBook

PEOPLE = 5
MONEY = 3_000
KINDS = (Kind.PLACE_BID, Kind.PLACE_ASK, Kind.CANCEL_ORDER, Kind.ISSUE_UNITS)


class Pair:
    """A ledger without fees and its plain counterpart. One transaction is one block."""

    def __init__(self, rows: int = 6, window: int = 12, wipe: bool = False) -> None:
        money = [MONEY] * PEOPLE
        self.ledger = pit(orders=rows, tape=3, balances=money, spare=1, base_fee=0, order_window=window, wipe=int(wipe), issuer=0)
        self.plain = PlainBook(list(money), rows, window, wipe, issuer=0)
        self.done = dict.fromkeys(KINDS, 0)
        self.refused: set[tuple[int, Status]] = set()

    def seal(self, kind: int = 0, sender: int = 0, **given: int) -> None:
        """Execute one transaction, or none, in a block of both, and compare them."""
        if kind:
            self.ledger.submit(kind, sender, **given)
        receipts = self.ledger.seal()
        self.plain.height += 1
        if kind:
            (receipt,) = receipts
            expected = self._answer(kind, sender, given, receipt.subject)
            assert receipt.status == expected, (kind, sender, given)
            if receipt.status == Status.OK:
                self.done[Kind(kind)] += 1
            else:
                self.refused.add((kind, receipt.status))
        self.plain.end_block()
        self.compare()

    def _answer(self, kind: int, sender: int, given: dict[str, int], number: int | None) -> Status:
        """What the plain book makes of it."""
        if kind in (Kind.PLACE_BID, Kind.PLACE_ASK):
            return self.plain.place(
                sender, kind == Kind.PLACE_BID, given["amount"], given["count"], given.get("subject", 0), number
            )
        if kind == Kind.CANCEL_ORDER:
            return self.plain.cancel(sender, given["subject"])
        return self.plain.issue(sender, given["to"], given["count"])

    def compare(self) -> None:
        """Assert that both are the same, and that the ledger's books balance."""
        book, plain = self.ledger.book, self.plain
        self.ledger.check()
        assert misplaced(self.ledger.batch) == []
        assert [self.ledger.balance(a) for a in range(PEOPLE)] == plain.money
        assert book.holdings["units"][:PEOPLE].tolist() == plain.units
        open_orders = np.sort(book.orders[book.orders["number"] > 0], order="number")
        found = [(o.number, o.owner, o.side == Side.BID, o.price, o.units, o.due) for o in open_orders]
        assert found == [(o.number, o.owner, o.bid, o.price, o.units, o.due) for o in plain.orders]
        assert book.terms[0].trades == len(plain.trades)
        last = [book.tape[n % book.tape.size] for n in range(max(0, len(plain.trades) - 3), len(plain.trades))]
        assert [(t.buyer, t.seller, t.price, t.units) for t in last] == plain.trades[-3:]

    def number(self, pick: int) -> int:
        """The number of an open order, or of none."""
        known = [order.number for order in self.plain.orders]
        return known[pick % len(known)] if known and pick >= 0 else pick

    def play(self, rng: Any) -> None:
        """One random transaction, mostly sensible; now and then an empty block."""
        kind = int(rng.choice([0, *KINDS], p=[0.04, 0.38, 0.37, 0.11, 0.1]))
        sender = int(rng.integers(0, PEOPLE))
        given = {"amount": int(rng.integers(90, 111)), "count": int(rng.integers(1, 8)), "to": int(rng.integers(0, PEOPLE))}
        if kind == Kind.CANCEL_ORDER or (kind and rng.random() < 0.2):
            given["subject"] = number = self.number(int(rng.integers(-1, 6)))
            owners = [order.owner for order in self.plain.orders if order.number == number]
            sender = owners[0] if owners and rng.random() < 0.8 else sender
        if kind == Kind.ISSUE_UNITS:
            sender = 0 if rng.random() < 0.9 else sender
        if rng.random() < 0.12:
            name = str(rng.choice(["amount", "count", "to", "subject"]))
            given[name] = int(rng.choice(np.array([-(2**63), NOBODY, 0, PEOPLE, 2**20 + 1, 2**40 + 1, 2**62, 2**63 - 1])))
        self.seal(kind, sender, **given)


def sequence(operations: int = 400) -> str:
    """The digests of two long random sequences, in which every refusal occurs."""
    found = hashlib.sha256()
    for wipe in (False, True):
        pair, rng = Pair(wipe=wipe), np.random.default_rng(20 + wipe)
        for _ in range(operations):
            pair.play(rng)
        found.update(pair.ledger.digest().encode())
    return found.hexdigest()
