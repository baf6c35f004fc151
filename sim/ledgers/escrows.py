"""What an escrow with milestones paid in a recorded ledger, and what its juries decided: seen block by block in an audit.

Neither silence that pays a milestone nor a verdict is a transaction, so blocks alone do not tell.
"""

from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from chain.accounts import share
from chain.contracts.jury import Vote
from chain.contracts.service_escrow import part_price
from chain.contracts.service_market import Phase
from chain.layout import NOBODY, Integers, Kind
from chain.status import Status

PARTS = ("height", "job", "part", "amount")
VOTES = ("height", "job", "juror", "stake", "vote")


class Escrowed(NamedTuple):
    """Payments and verdicts of a record, in order of height and job; empty where there are no milestones."""

    parts: Integers
    """What providers were paid, milestone by milestone: columns `PARTS`."""
    votes: Integers
    """The seats of every jury that decided, with the vote of each: columns `VOTES`."""


class Watch:
    """Called after every block of an audit."""

    def __init__(self) -> None:
        self.part: dict[int, int] = {}
        self.due: dict[int, int] = {}
        self.parts: list[tuple[int, ...]] = []
        self.votes: list[tuple[int, ...]] = []
        self.early: list[tuple[int, ...]] = []
        self.closed = NOBODY

    def __call__(self, book: Any, block: Any) -> None:
        """Note what this block, and its end, paid and decided.

        Of the first block more is noted than it did: what had been paid before, and (`early`) the latest jury of every job.
        `escrowed` knows what to leave out.
        """
        height, terms, begins = block.header.height, book.terms[0], self.closed == NOBODY
        opened = int(terms.opened)
        if begins:
            self.closed = max(0, opened - book.jobs.size)
        disputes = (block.receipts["kind"] == Kind.DISPUTE) & (block.receipts["status"] == Status.OK)
        for number in block.receipts["subject"][disputes].tolist():
            self.due[number] = height + int(book.escrow[0].vote_window)
        for number in range(self.closed, opened):
            row = number & (book.jobs.size - 1)
            self.pay(book, row, number, height)
            if begins and book.jobs[row].phase == Phase.DISPUTED:
                self.due[number] = int(book.jobs[row].due)
            elif self.due.get(number, NOBODY) == height:
                self.votes += seats_of(book, row, number, height)
                del self.due[number]
            elif begins:
                self.early += seats_of(book, row, number, height)
        self.closed = int(terms.closed)

    def pay(self, book: Any, row: int, number: int, height: int) -> None:
        """Note the milestones of a job that were paid since it was last looked at."""
        job, deal, milestones = book.jobs[row], book.deals[row], max(int(book.escrow[0].milestones), 1)
        prices = [int(part_price(int(job.price), milestones, k)) for k in range(int(deal.part))]
        first = self.part.get(number, 0)
        self.parts += [(height, number, k, price) for k, price in enumerate(prices) if k >= first]
        kept = int(deal.earned) - sum(prices)  # where the caught are paid
        if kept > 0 and job.paid == height:
            self.parts.append((height, number, int(deal.part), kept))
        self.part[number] = int(deal.part)


def seats_of(book: Any, row: int, number: int, height: int) -> list[tuple[int, ...]]:
    """The seats of the latest jury of a job, as rows of `VOTES`."""
    first = row * (book.seats.size // book.jobs.size)
    return [(height, number, *seat[1:]) for seat in book.seats[first : first + int(book.deals[row].seats)].tolist()]


def escrowed(watch: Watch, genesis: Any) -> Escrowed:
    """What was paid and decided in a record that begins with the tables `genesis`."""
    parts = np.array(watch.parts, np.int64).reshape(-1, len(PARTS))
    early, votes = (np.array(rows, np.int64).reshape(-1, len(VOTES)) for rows in (watch.early, watch.votes))
    if "deals" not in genesis:
        return Escrowed(parts, votes)
    closed, opened = int(genesis["terms"]["closed"][0]), int(genesis["terms"]["opened"][0])
    jobs, deals, number = genesis["jobs"], genesis["deals"], parts[:, 1]
    before = (number < opened) & (parts[:, 2] < deals["part"][number & (jobs.size - 1)])
    number = early[:, 1]
    sat = (number >= closed) & (number < opened) & (jobs["phase"][number & (jobs.size - 1)] == Phase.DISPUTED)
    return Escrowed(parts[(parts[:, 1] >= closed) & ~before], np.concatenate([early[sat], votes]))


def earned_of(recorded: Any) -> Integers:
    """What the provider of each job of a record was paid, if the ledger has milestones; else 0."""
    out = np.zeros(recorded.jobs.size, np.int64)
    if "deals" in recorded.genesis:
        deals, terms = recorded.genesis["deals"], recorded.genesis["terms"][0]
        numbers = np.arange(int(terms["closed"]), int(terms["opened"]))
        out[numbers - recorded.numbers[0]] = deals["earned"][numbers & (deals.size - 1)]
        np.add.at(out, recorded.escrowed.parts[:, 1] - recorded.numbers[0], recorded.escrowed.parts[:, 3])
    return out


def positions_of(parts: Integers, tx: Any, jurors: int) -> Integers:
    """The transaction that paid each milestone: of the answers that pay, in order; `NOBODY` where the end of the block did."""
    kind = tx.signed["kind"]
    pays = np.flatnonzero(tx.done & ((kind == Kind.ACCEPT) | ((kind == Kind.DISPUTE) & (jurors == 0))))
    waiting: dict[tuple[int, int], list[int]] = {}
    for k in pays[::-1].tolist():
        waiting.setdefault((int(tx.height[k]), int(tx.receipts["subject"][k])), []).append(int(tx.position[k]))
    places = [waiting.get((height, job)) for height, job in parts[:, :2].tolist()]
    return np.array([place.pop() if place else NOBODY for place in places], np.int64)


def forfeits(votes: Integers, slash_bps: int) -> list[tuple[int, int, int, int, int]]:
    """Whose stake a verdict took and gave: height, job, payer, payee, amount; the payee `NOBODY` where it was burned."""
    out = []
    for (height, job), rows in groupby(votes.tolist(), key=lambda seat: (seat[0], seat[1])):
        seats = np.array(list(rows), np.int64)
        pay, refund = (int((seats[:, 4] == vote).sum()) for vote in (Vote.PAY, Vote.REFUND))
        right = [Vote.PAY, Vote.REFUND] if pay == refund else [Vote.PAY] if pay > refund else [Vote.REFUND]
        wins = np.isin(seats[:, 4], right)
        lost = [[juror, int(share(stake, slash_bps))] for juror, stake in seats[~wins, 2:4].tolist()]
        winners = seats[wins, 2].tolist() if pay != refund else []
        each = sum(amount for _, amount in lost) // max(len(winners), 1)
        for payee, due in [*((winner, each) for winner in winners), (NOBODY, None)]:
            left = sum(amount for _, amount in lost) if due is None else due
            for loser in lost:
                amount = min(loser[1], left)
                left, loser[1] = left - amount, loser[1] - amount
                out.append((height, job, loser[0], payee, amount))
    return out
