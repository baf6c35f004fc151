"""A search for free money: thousands of worlds at once play sequences of operations, and what pays best is bred further.

An arena says what an adversary holds at the beginning, what it may try in one step, and how it closes whatever it has open, so
that it ends with what is not money as it began. What it then has more is free money. Nobody else acts: what others have put up
stands.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from chain.layout import NO_DEADLINE, NO_LIMIT, SIGNED, Records, records
from chain.mempool import submit
from chain.rule import rule
from chain.status import Status

GENES = 4
"""Whole numbers that say what is tried in one step."""
IDLE = 10**15
"""What a sequence of too few operations is taken to lose: doing nothing is no loop."""


class Arena(Protocol):
    """A market and an adversary in it; arrays have one row per world."""

    deployment: Any

    def begin(self, worlds: int) -> Any:
        """A batch of worlds in their first state."""

    def step(self, batch: Any, genes: Any) -> Records:
        """A transaction of the adversary for each world, from genes of shape (worlds, `GENES`)."""

    def close(self, batch: Any) -> Iterator[Records]:
        """Transactions that close what it has open, one batch after another, each given the state that it is made for."""

    def wealth(self, batch: Any) -> Any:
        """Its money, and what is worth nothing else: a world that did not close has less."""


class Found(NamedTuple):
    """What came of a search."""

    tried: int
    """Sequences."""
    accepted: float
    """Operations of a sequence that the ledger accepted, on average."""
    gain: int
    """Most money that a closed sequence of at least `least` operations gained, in the smallest unit."""
    genes: Any
    """That sequence."""


@rule
def submit_each(head: Any, accounts: Any, pool: Any, transactions: Any) -> None:
    """Submit one transaction in every world, with its sender's next nonce."""
    for w in range(transactions.size):
        transactions[w].nonce = accounts[w, transactions[w].sender].nonce
        submit(head[w], accounts[w], pool[w], transactions[w : w + 1])


def requests(kind: Any, sender: Any, **given: Any) -> Records:
    """One transaction for each world, without fees."""
    out = records(SIGNED, *np.shape(sender))
    out["kind"], out["sender"], out["max_fee"], out["deadline"] = kind, sender, NO_LIMIT, NO_DEADLINE
    for name, value in given.items():
        out[name] = value
    return out


def portion(of: Any, gene: Any) -> Any:
    """An amount, from all of a holding down to dust, give or take one."""
    return np.maximum((of >> (gene % 63) % 42) + gene // 63 % 3 - 1, 0)


def execute(arena: Arena, batch: Any, transactions: Records) -> Any:
    """Seal a block of one transaction in every world; whether each succeeded."""
    submit_each(batch.head, batch.accounts, batch.pool, transactions)
    arena.deployment.advance(batch, 0, len(transactions))
    return batch.receipts[:, 0]["status"] == Status.OK


def gains(arena: Arena, genes: Any, least: int) -> tuple[Any, Any]:
    """What the sequences gain, shape (worlds,), and how many of their operations were accepted."""
    batch = arena.begin(len(genes))
    before, accepted = arena.wealth(batch).copy(), np.zeros(len(genes), np.int64)
    for k in range(genes.shape[1]):
        accepted += execute(arena, batch, arena.step(batch, genes[:, k]))
    for transactions in arena.close(batch):
        execute(arena, batch, transactions)
    return np.where(accepted < least, -IDLE, arena.wealth(batch) - before), accepted


def bred(genes: Any, gain: Any, dice: np.random.Generator) -> Any:
    """The next generation: a quarter drawn anew, a quarter spliced of two good ones, half good with a step or two changed."""
    worlds, steps, _ = genes.shape
    good = genes[np.argsort(-gain, kind="stable")[: worlds // 8]]
    out = dice.integers(0, 2**31, genes.shape)
    one, other = good[dice.integers(0, len(good), worlds)], good[dice.integers(0, len(good), worlds)]
    spliced = np.where((np.arange(steps) < dice.integers(1, steps, worlds)[:, None])[:, :, None], one, other)
    changed = np.where((dice.random((worlds, steps)) < 1.5 / steps)[:, :, None], out, one)
    quarter = worlds // 4
    out[quarter : 2 * quarter] = spliced[quarter : 2 * quarter]
    out[2 * quarter :] = changed[2 * quarter :]
    return out


def search(arena: Arena, *, sequences: int, seed: int, steps: int = 10, worlds: int = 2_000, least: int = 4) -> Found:
    """Look for free money in at least so many sequences of so many operations."""
    dice = np.random.default_rng(seed)
    genes = dice.integers(0, 2**31, (worlds, steps, GENES))
    best, kept, tried, done = -IDLE, genes[0], 0, 0
    while tried < sequences:
        gain, accepted = gains(arena, genes, least)
        tried, done = tried + worlds, done + int(accepted.sum())
        if gain.max() > best:
            best, kept = int(gain.max()), genes[gain.argmax()].copy()
        genes = bred(genes, gain, dice)
    return Found(tried, done / tried, best, kept)
