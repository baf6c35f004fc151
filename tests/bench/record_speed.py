"""What a record costs: blocks of 1,000 transfers between accounts drawn uniformly, with three roots each, executed and recorded.

The hash inputs of some blocks are kept and hashed again in a bare loop: that is the share of the time that no ledger with these
trees can avoid. An audit executes the exported file again, and compares every receipt, root and header.
"""

import gc
import tempfile
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from chain.deployments import token
from chain.genesis import found
from chain.history import History
from chain.journal import export, read
from chain.layout import NO_DEADLINE, NO_LIMIT, SIGNED, Kind, Records, records
from chain.mempool import submit
from chain.replay import replay
from chain.rule import world
from chain.sorting import scratch_for
from tests.bench.timing import Ratio, Side, compare

SIZES = (1_000, 4_096, 16_384, 65_536, 262_144, 1_000_000)
AIMS = {1_000: 1e6, 16_384: 3e5, 1_000_000: 4e4}
"""Transactions a second that should be recorded, by the number of accounts."""
TRANSFERS, TURNS, BLOCKS = 1_000, 15, 4
"""In a block; turns that are timed; blocks in a turn. The best turn counts: no other side is there that is slowed with it."""


class Cost(NamedTuple):
    """What blocks cost on a ledger of so many accounts."""

    accounts: int
    rates: list[float]
    """Transactions a second, by turn."""
    share: float
    """Of its time, what the bare loop of SHA-256 takes for the same inputs."""

    @property
    def rate(self) -> float:
        """Transactions a second, of the best turn."""
        return max(self.rates)


class Recorder(NamedTuple):
    """A ledger that is recorded, driven by the rules."""

    batch: token.Book
    scratch: Any
    history: History

    def run(self, blocks: Records) -> None:
        """Submit, order, execute and record."""
        book = self.history.book
        for block in blocks:
            submit(book.head, book.accounts, book.pool, block)
            token.seal_worlds(self.batch, self.scratch, 0, 1)
            self.history.add()


def transfers(accounts: int, blocks: int, seed: int = 1) -> Records:
    """Transfers between random accounts, tips below 50; nonces rise in this order."""
    dice = np.random.default_rng(seed)
    out = records(SIGNED, blocks, TRANSFERS)
    out["kind"], out["max_fee"], out["deadline"] = Kind.TRANSFER, NO_LIMIT, NO_DEADLINE
    for column, low, high in (("sender", 0, accounts), ("to", 0, accounts), ("amount", 1, 1_000), ("tip", 0, 50)):
        out[column] = dice.integers(low, high, out.shape)
    sender = out["sender"].reshape(-1)
    order = np.argsort(sender, kind="stable")
    nonce = np.empty(sender.size, np.int64)
    nonce[order] = np.arange(sender.size) - np.searchsorted(sender[order], sender[order])
    out["nonce"] = nonce.reshape(out.shape)
    return out


def founded(accounts: int) -> token.Book:
    """A token ledger with funded accounts that keeps its blocks."""
    batch = token.blank(1, accounts, TRANSFERS, recorded=True)
    found(batch, seeds=1, balances=[20_000_000] * accounts, base_fee=7, fee_quotient=64, gas_limit=40 * TRANSFERS)
    return batch


def recorder(batch: token.Book) -> Recorder:
    """Begin to record: the genesis is hashed."""
    accounts = batch.accounts.shape[1]
    return Recorder(batch, scratch_for(TRANSFERS, accounts), History(token, world(batch, 0)))


def timed(work: Any, *given: Any) -> float:
    """Seconds that it takes, without the collector of cycles."""
    gc.collect()
    gc.disable()
    start = perf_counter()
    work(*given)
    took = perf_counter() - start
    gc.enable()
    return took


def hash_all(inputs: list[bytes]) -> None:
    """The bare loop."""
    for content in inputs:
        sha256(content).digest()


def cost(accounts: int) -> Cost:
    """Time blocks, and the hashes in as many blocks, in turn."""
    blocks = transfers(accounts, (2 * TURNS + 1) * BLOCKS).reshape(2 * TURNS + 1, BLOCKS, TRANSFERS)
    ledger = recorder(founded(accounts))
    ledger.run(blocks[0])
    took, bare = [], []
    for turn in range(TURNS):
        took.append(timed(ledger.run, blocks[2 * turn + 1]))
        inputs: list[bytes] = []

        def kept(content: bytes, inputs: list[bytes] = inputs) -> Any:
            inputs.append(content)
            return sha256(content)

        with patch("chain.merkle.sha256", kept), patch("chain.history.sha256", kept):
            ledger.run(blocks[2 * turn + 2])
        bare.append(timed(hash_all, inputs))
    return Cost(accounts, [BLOCKS * TRANSFERS / seconds for seconds in took], min(bare) / min(took))


def beside_aim(cost: Cost) -> Ratio:
    """A rate beside the one that it should reach."""
    aim = AIMS[cost.accounts]
    what = f"execute and record, three roots a block, {cost.accounts:,} accounts, beside the aim"
    return Ratio(what, "tx/s", cost.rate, aim, cost.rate / aim, min(cost.rates) / aim, max(cost.rates) / aim, 1.0)


def audit(accounts: int, blocks: int, pairs: int) -> Ratio:
    """An exported ledger audited, beside its recording; both hash the genesis, and neither reads or writes the file."""
    work = transfers(accounts, blocks)
    recording = Side(work.size, lambda: founded(accounts), lambda batch: recorder(batch).run(work))
    ledger = recorder(founded(accounts))
    ledger.run(work)
    with tempfile.TemporaryDirectory() as folder:
        path = export(ledger.history, Path(folder) / "ledger")
        assert replay(read(path)).history.head == ledger.history.head
        what = f"audit, {accounts:,} accounts, beside recording"
        return compare(what, "tx/s", Side(work.size, lambda: read(path), replay), recording, 0.5, pairs)


def record_speed(pairs: int = 5) -> tuple[list[Ratio], list[Cost]]:
    """The rates beside their aims, the audit beside the recording, and the cost by the number of accounts."""
    costs = [cost(accounts) for accounts in SIZES]
    aims = [beside_aim(one) for one in costs if one.accounts in AIMS]
    return [*aims, audit(1_000, 100, pairs), audit(16_384, 50, pairs)], costs
