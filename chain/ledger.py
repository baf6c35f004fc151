"""`Ledger`: one ledger to hold in the hand, for notebooks and tests. Batches of worlds use the deployments directly."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from chain.deployments import service_market
from chain.digest import digest
from chain.errors import InputError, whole
from chain.genesis import found
from chain.invariants import check
from chain.layout import ARGUMENTS, NO_DEADLINE, NO_LIMIT, NOBODY, SIGNED, Kind, Record, records
from chain.mempool import submit
from chain.rule import world
from chain.status import Status


class Receipt(NamedTuple):
    """What became of a transaction. `fee` in the smallest unit; `subject` is the job it was about, or None."""

    kind: Kind | int
    sender: int
    nonce: int
    status: Status
    fee: int
    height: int
    subject: int | None


class Ledger:
    """A single ledger: submit transactions, seal blocks, read the state.

    >>> ledger = Ledger(balances=[100, 0])
    >>> ledger.submit(Kind.TRANSFER, sender=0, to=1, amount=30)
    >>> [receipt.status.name for receipt in ledger.seal()], ledger.balance(1)
    (['OK'], 30)
    """

    def __init__(
        self,
        *,
        balances: Sequence[int],
        deployment: ModuleType = service_market,
        spare: int = 0,
        pool: int = 1024,
        seed: int = 0,
        terms: dict[str, int] | None = None,
        **genesis: Any,
    ) -> None:
        """Found a ledger.

        Args:
            balances: money of the accounts at addresses 0, 1, ...
            deployment: which contracts it runs, a module of `chain.deployments`.
            spare: account rows that can still be registered.
            pool: places in the mempool.
            seed: run seed of every draw.
            terms: parameters of the market's contract, those of the deployment's `TERM_LIMITS`.
            genesis: further settings of `chain.genesis.found`.

        Raises:
            InputError: a term is unknown or a setting is outside its range.
        """
        size = len(balances) + spare
        self.deployment = deployment
        self.batch = deployment.blank(1, size, pool)
        found(self.batch, seeds=seed, balances=balances, **genesis)
        self.book = world(self.batch, 0)
        limits: dict[str, int] = getattr(deployment, "TERM_LIMITS", {})
        for term, value in (terms or {}).items():
            if term not in limits:
                raise InputError(f"terms: {term!r} given, allowed are {', '.join(limits) or 'none'}")
            self.book.terms[term] = whole(term, value, 0, limits[term])

    def submit(self, kind: int, sender: int, *, nonce: int | None = None, deadline: int = NO_DEADLINE, **given: int) -> None:
        """Sign a transaction and put it into the mempool; the next `seal` executes it.

        Args:
            kind: the entry point.
            sender: address that signs and pays.
            nonce: the sender's next one if not given.
            deadline: last height at which it may take effect.
            given: arguments by name: `tip`, `to`, `subject`, `amount`, `stake`, `count`, `bps`.

        Raises:
            InputError: an argument is unknown, the sender has no account, or the mempool is full.
        """
        if not 0 <= sender < self.book.accounts.size:
            raise InputError(f"sender: {sender} given, allowed are addresses 0 to {self.book.accounts.size - 1}")
        account: Record = self.book.accounts[sender]
        request = records(SIGNED, 1)
        request["max_fee"] = NO_LIMIT
        request["kind"], request["sender"], request["deadline"] = int(kind), sender, whole("deadline", deadline)
        request["nonce"] = account.nonce + account.pending if nonce is None else whole("nonce", nonce)
        arguments = ["tip", "max_fee", *ARGUMENTS]
        for name, value in given.items():
            if name not in arguments:
                raise InputError(f"{name}: no such argument of a transaction, allowed are {', '.join(arguments)}")
            request[name] = whole(name, value)
        status = Status(submit(self.book.head, self.book.accounts, self.book.pool, request))
        if status != Status.OK:
            raise InputError(f"sender {sender}: not accepted by the mempool ({status.name})")

    def seal(self) -> list[Receipt]:
        """Execute one block and return the receipts, in order of execution."""
        self.deployment.advance(self.batch, 0, 1)
        count = int(self.book.head[0].receipts)
        return [self._receipt(row) for row in self.book.receipts[:count]]

    @staticmethod
    def _receipt(row: Any) -> Receipt:
        kind = Kind(row.kind) if row.kind in Kind.__members__.values() else int(row.kind)
        subject = None if row.subject == NOBODY else int(row.subject)
        return Receipt(kind, int(row.sender), int(row.nonce), Status(row.status), int(row.fee), int(row.height), subject)

    def balance(self, address: int) -> int:
        """Free money of an account, in the smallest unit."""
        whole("address", address, 0, self.book.accounts.size - 1)
        return int(self.book.accounts[address].balance)

    def job(self, number: int) -> dict[str, int]:
        """The columns of a job, by name; of a closed one as long as its row is not used again."""
        terms = self.book.terms[0]
        whole("job", number, max(0, int(terms.opened) - self.book.jobs.size), int(terms.opened) - 1)
        row = self.book.jobs[number % self.book.jobs.size]
        return {column: int(row[column]) for column in self.book.jobs.dtype.names}

    @property
    def height(self) -> int:
        """Number of blocks sealed."""
        return int(self.book.head[0].height)

    def digest(self) -> str:
        """Fingerprint of the whole state."""
        return digest(self.batch)

    def check(self) -> None:
        """Raise `chain.errors.InvariantError` if the books do not balance."""
        check(self.batch)

    def snapshot(self) -> list[np.ndarray[Any, Any]]:
        """A copy of the state, for `restore`."""
        return [array.copy() for array in self.batch]

    def restore(self, snapshot: list[np.ndarray[Any, Any]]) -> None:
        """Go back to a snapshot."""
        for array, kept in zip(self.batch, snapshot, strict=True):
            array[...] = kept
