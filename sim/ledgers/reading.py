"""Recorded ledgers, read from files and executed again: their blocks, their state, and what blocks alone do not tell.

Jobs share rows of a table, and sales at posted prices are no transactions: both are collected block by block, while the audit
executes the ledger again.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chain.accounts import is_open
from chain.contracts.service_market import JOB
from chain.errors import InputError, TamperedError, whole
from chain.history import Block, History
from chain.journal import MARK, shown, why
from chain.layout import Integers, Records, records
from chain.replay import audit
from chain.rule import world
from sim.ledgers.escrows import Escrowed, Watch, escrowed

SUFFIX = ".ledger"
SALES = ("height", "seller", "revenue", "cost")
Step = Callable[[int, int], None]


class Recorded(NamedTuple):
    """A recorded ledger that holds."""

    file: Path
    deployment: str
    history: History
    book: Any
    """Its state after the last block: a book of one world."""
    genesis: Mapping[str, Records]
    """The tables of its state where the record begins."""
    numbers: Integers
    """Of the jobs that were open where the record begins, or hired since: consecutive."""
    jobs: Records
    """The last state of each, layout `JOB`; empty where there are no jobs."""
    sales: Integers
    """What sellers at posted prices sold, block by block: columns `SALES`."""
    escrowed: Escrowed
    """What was paid for milestones, and what juries decided."""
    balances: Integers
    """Of the account that was to be watched: its balance where the record begins, and after every block."""

    @property
    def blocks(self) -> list[Block]:
        """The blocks, the genesis first."""
        return self.history.blocks

    @property
    def first(self) -> int:
        """The height where the record begins."""
        return self.blocks[0].header.height


class _Collector:
    """Called after every block of an audit; keeps what is not there any more at the end."""

    def __init__(self, account: int | None, step: Step | None, size: int) -> None:
        self.account, self.step, self.size, self.done = account, step, size, 0
        self.jobs: list[Any] = []
        self.first = self.closed = -1
        self.sales: list[Integers] = []
        self.escrow = Watch()
        self.balances: list[int] = []

    def __call__(self, book: Any, block: Block) -> None:
        if hasattr(book, "jobs"):
            if self.closed < 0:
                self.first = self.closed = max(0, int(book.terms[0].opened) - book.jobs.size)
            self.keep_jobs(book, int(book.terms[0].closed))
            if book.escrow.size:
                self.escrow(book, block)
        if hasattr(book, "sellers"):
            self.keep_sales(book, block.header.height)
        if self.account is not None:
            self.balances.append(balance_of(book.accounts, self.account))
        if self.step is not None:
            self.done += 256 + block.transactions.nbytes + block.receipts.nbytes
            self.step(min(self.done, self.size), self.size)

    def keep_jobs(self, book: Any, stop: int) -> None:
        """Copy the jobs up to a number, before their rows are used again."""
        self.jobs.append(book.jobs[np.arange(self.closed, stop) & (book.jobs.size - 1)])
        self.closed = stop

    def keep_sales(self, book: Any, height: int) -> None:
        """Copy what was sold at the end of this block."""
        terms, sellers = book.terms[0], book.sellers
        if terms.mu <= 0 or not is_open(book.accounts, terms.consumers):
            return
        listed = sellers["listed"][: int(terms.listed)]
        listed = listed[sellers["served"][listed] != 0]
        sold = sellers[listed]
        self.sales.append(np.column_stack([np.full(listed.size, height), listed, sold["revenue"], sold["expense"]]))


def balance_of(accounts: Records, address: int) -> int:
    """The free money of an account.

    Raises:
        InputError: there is none at this address.
    """
    return int(accounts["balance"][whole("account", address, 0, accounts.size - 1)])


def check_mark(file: Path) -> None:
    """See that a file begins as recorded ledgers do, before anything else is done with it.

    Raises:
        InputError: it is not there, or does not.
    """
    try:
        with file.open("rb") as stream:
            begin = stream.read(len(MARK))
    except (OSError, ValueError) as error:
        raise InputError(f"file: {shown(file)} can not be read ({why(error)}), allowed is a recorded ledger") from None
    if begin != MARK:
        raise InputError(f"file: {shown(file)} is no recorded ledger, allowed is a file that begins with {MARK.decode()!r}")


def files_of(path: Path) -> dict[str, Path]:
    """The recorded ledgers that are meant, by name: a file, or every file below a directory whose name ends in `SUFFIX`.

    Names are paths without the suffix, relative to the directory.

    Raises:
        InputError: there is none, or one is no recorded ledger.
    """
    if path.is_dir():
        files = {file.relative_to(path).with_suffix("").as_posix(): file for file in sorted(path.rglob(f"*{SUFFIX}"))}
        if not files:
            raise InputError(f"file: no *{SUFFIX} below {path}, allowed is a recorded ledger, or a directory with some")
    else:
        files = {path.stem: path}
    for file in files.values():
        check_mark(file)
    return files


def read(file: Path, account: int | None = None, step: Step | None = None) -> Recorded:
    """Read and audit a recorded ledger.

    Args:
        file: what `chain.ledger.Ledger.export` wrote.
        account: keep the balance of this address after every block.
        step: called with how much is done and how much there is, in bytes.

    Raises:
        InputError: it is no recorded ledger, one of another version, or has no such account.
        TamperedError: it is not what was recorded; the message names the file and the first difference.
    """
    check_mark(file)
    seen = _Collector(account, step, file.stat().st_size)
    try:
        replayed = audit(file, seen)
    except TamperedError as error:
        raise TamperedError(error.what, error.block, error.part, error.row, error.field, str(file)) from None
    book, history = world(replayed.batch, 0), replayed.history
    genesis = {name: kept.view(getattr(book, name).dtype) for name, kept in history.genesis.items()}
    if account is not None:
        seen.balances.insert(0, balance_of(genesis["accounts"], account))
    numbers, jobs = np.empty(0, np.int64), records(JOB, 0)
    if hasattr(book, "jobs"):
        if seen.closed < 0:  # no block followed the genesis
            seen.first = seen.closed = int(book.terms[0].closed)
        seen.keep_jobs(book, int(book.terms[0].opened))
        late = int(genesis["terms"]["closed"][0]) - seen.first  # those before it were closed already
        jobs = np.concatenate(seen.jobs)[late:]  # type: ignore[assignment]
        numbers = seen.first + late + np.arange(jobs.size)
    sales = np.concatenate(seen.sales) if seen.sales else np.empty((0, len(SALES)), np.int64)
    deployment = replayed.deployment.__name__.rpartition(".")[2]
    return Recorded(
        file, deployment, history, book, genesis, numbers, jobs, sales,
        escrowed(seen.escrow, genesis), np.array(seen.balances, np.int64),
    )  # fmt: skip
