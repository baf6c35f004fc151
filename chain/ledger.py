"""`Ledger`: one ledger to hold in the hand, for notebooks and tests. Batches of worlds use the deployments directly."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chain.accounts import is_open
from chain.consensus import Forks, Reception
from chain.contracts.eigentrust import PLACES, entrust, with_trust
from chain.contracts.governance import appoint
from chain.deployments import service_market
from chain.digest import digest
from chain.errors import InputError, whole
from chain.fees import LIMIT_QUOTIENT, is_gas_limit
from chain.genesis import found
from chain.history import Block, History
from chain.invariants import check
from chain.journal import export
from chain.layout import ARGUMENTS, MAX_GAS, NO_DEADLINE, NO_LIMIT, NOBODY, OUTSIDE, SIGNED, Integers, Ordering, Records, records
from chain.mempool import submit
from chain.proof import Proof, prove
from chain.replay import audit
from chain.rule import world
from chain.sorting import scratch_for
from chain.status import Receipt, Status, receipt_of


class Snapshot(NamedTuple):
    """A state to go back to, with the record up to it and what is kept of other branches."""

    arrays: list[np.ndarray[Any, Any]]
    blocks: list[Block]
    forks: Forks | None


class Ledger:
    """A single ledger: submit transactions, seal blocks, read the state, prove it.

    >>> from chain.layout import Kind
    >>> ledger = Ledger(balances=[100, 0])
    >>> ledger.submit(Kind.TRANSFER, sender=0, to=1, amount=30)
    >>> [receipt.status.name for receipt in ledger.seal()], ledger.balance(1)
    (['OK'], 30)
    """

    def __init__(
        self,
        *,
        balances: Sequence[int],
        deployment: Any = service_market,
        spare: int = 0,
        pool: int = 1024,
        seed: int = 0,
        terms: dict[str, int] | None = None,
        controls: Mapping[str, Mapping[str, int]] | None = None,
        trust: Mapping[str, Any] | None = None,
        record: bool = True,
        root_every: int = 1,
        finality: int = 0,
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
            controls: by parameter of the contract that somebody may change: `controller`, `step`, and if wanted `low`, `high`,
                `wait` (`chain.contracts.governance`).
            trust: makes reputation that of `chain.contracts.eigentrust`: `pretrusted` (weight by address), `every`, and if wanted
                `alpha_bps`, `places`.
            record: whether blocks are kept with headers and roots, for proofs, exports and forks.
            root_every: headers have a state root where the height is a multiple of this.
            finality: blocks with so many after them can not be undone; from 1 on there are forks, if the ledger is recorded.
            genesis: further settings of `chain.genesis.found`.

        Raises:
            InputError: a term is unknown or a setting is outside its range.
        """
        for field, value, low in (("spare", spare, 0), ("pool", pool, 1), ("root_every", root_every, 1)):
            whole(field, value, low, 2**31)
        whole("finality", finality, 0, 2**31 if record else 0)
        batch = deployment.blank(1, len(balances) + spare, pool, recorded=record)
        found(batch, seeds=seed, balances=balances, **genesis)
        limits: dict[str, int] = getattr(deployment, "TERM_LIMITS", {})
        for term, value in {**getattr(deployment, "DEFAULTS", {}), **(terms or {})}.items():
            if term not in limits:
                raise InputError(f"terms: {term!r} given, allowed are {', '.join(limits) or 'none'}")
            table = getattr(deployment, "TERM_TABLES", {}).get(term, "terms")
            getattr(batch, table)[term] = whole(term, value, 0, limits[term])
        if trust:
            batch = with_trust(batch, trust.get("places", PLACES))
            entrust(batch, **{name: value for name, value in trust.items() if name != "places"})
        if controls:
            appoint(batch, getattr(deployment, "CONTROL_LIMITS", {}), controls)
        self._hold(deployment, batch)
        self._record(History(deployment, self.book, root_every) if record else None, finality)

    def _hold(self, deployment: Any, batch: Any) -> None:
        """Take a batch of one world in hand."""
        self.deployment, self.batch, self.book = deployment, batch, world(batch, 0)
        self.scratch = scratch_for(self.book.pool.size, self.book.accounts.size)

    def _record(self, history: History | None, finality: int) -> None:
        """Go on with a record of this book."""
        self.history = history
        self.forks = Forks(self, history, finality) if history is not None and finality else None

    def submit(self, kind: int, sender: int, *, nonce: int | None = None, deadline: int = NO_DEADLINE, **given: int) -> None:
        """Sign a transaction and put it into the mempool; the next `seal` executes it.

        Args:
            kind: the entry point.
            sender: address that signs and pays.
            nonce: the sender's next one if not given; one that waits already is replaced, if this one offers enough more.
            deadline: last height at which it may take effect.
            given: arguments by name: `tip`, `max_fee`, `to`, `subject`, `amount`, `stake`, `count`, `bps`.

        Raises:
            InputError: an argument is unknown, the sender has no account, or the mempool has no place left.
        """
        whole("sender", sender, 0, self.book.accounts.size - 1)
        request = records(SIGNED, 1)
        request["kind"], request["sender"], request["deadline"] = whole("kind", kind), sender, whole("deadline", deadline)
        request["nonce"] = whole("nonce", self._next_nonce(sender) if nonce is None else nonce)
        request["max_fee"] = NO_LIMIT
        arguments = ["tip", "max_fee", *ARGUMENTS]
        for name, value in given.items():
            if name not in arguments:
                raise InputError(f"{name}: no such argument of a transaction, allowed are {', '.join(arguments)}")
            request[name] = whole(name, value)
        status = Status(submit(self.book.head, self.book.accounts, self.book.pool, request))
        if status != Status.OK:
            raise InputError(f"sender {sender}: not accepted by the mempool ({status.name})")

    def _next_nonce(self, sender: int) -> int:
        """The nonce after those that wait."""
        account: Any = self.book.accounts[sender]
        waiting = self.waiting["nonce"][self.waiting["sender"] == sender] if account.pending else np.zeros(0)
        return max(int(account.nonce), int(waiting.max(initial=-1)) + 1)

    @property
    def waiting(self) -> Records:
        """The transactions in the mempool (layout `TRANSACTION`), not to be written."""
        waiting = self.book.pool[: int(self.book.head[0].pending)].view()
        waiting.flags.writeable = False
        return waiting

    def seal(
        self,
        *,
        proposer: int | None = None,
        gas_limit: int | None = None,
        builder: Callable[[Records], Iterable[int]] | None = None,
    ) -> list[Receipt]:
        """Execute one block and return the receipts: of what the mempool dropped, then in order of execution.

        Args:
            proposer: address that earns the tips from now on, if it changes.
            gas_limit: of this and the next blocks, if it changes: by less than 1 / 1,024 a block (EIP-1559).
            builder: decides the order of this block. It is given what waits, and returns which of it comes first, second and so
                on, by position; what it does not name is left out and waits. A sender's nonces keep their order.

        Raises:
            InputError: no such proposer, a gas limit too far away, or a builder that names what does not wait, or twice.
        """
        head: Any = self.book.head[0]
        accounts = self.book.accounts
        if proposer is not None and not is_open(accounts, whole("proposer", proposer, 0, accounts.size - 1)):
            raise InputError(f"proposer: {proposer} given, allowed are accounts that are in use")
        if gas_limit is not None and not is_gas_limit(whole("gas_limit", gas_limit, 0, MAX_GAS), int(head.gas_limit)):
            step = int(head.gas_limit) // LIMIT_QUOTIENT - 1
            raise InputError(f"gas_limit: {gas_limit} given, allowed is {head.gas_limit} and {max(step, 0)} more or less")
        ordering = int(head.ordering)
        if builder is not None:
            self.book.pool["rank"][: int(head.pending)] = self._ranks(builder)
            head.ordering = Ordering.BUILDER
        head.proposer = head.proposer if proposer is None else proposer
        head.gas_limit = head.gas_limit if gas_limit is None else gas_limit
        self.deployment.seal_worlds(self.batch, self.scratch, 0, 1)
        head.ordering = ordering
        if self.history is not None:
            self.history.add()
        if self.forks is not None:
            self.forks.remember()
        return [receipt_of(row) for row in self.book.receipts[: int(head.receipts)]]

    def _ranks(self, builder: Callable[[Records], Iterable[int]]) -> Integers:
        """What a builder decides, as ranks of what waits."""
        chosen = [whole("builder", place, 0, self.waiting.size - 1) for place in builder(self.waiting)]
        if len(set(chosen)) < len(chosen):
            raise InputError(f"builder: {chosen} given, allowed is each transaction once")
        ranks = np.full(self.waiting.size, NOBODY)
        ranks[chosen] = np.arange(len(chosen))
        return ranks

    def balance(self, address: int) -> int:
        """Free money of an account, in the smallest unit."""
        return int(self.book.accounts[whole("address", address, 0, self.book.accounts.size - 1)].balance)

    def job(self, number: int) -> dict[str, int]:
        """The columns of a job, by name; of a closed one as long as its row is not used again."""
        jobs, opened = self.view("jobs"), int(self.book.terms[0].opened)
        whole("job", number, max(0, opened - jobs.size), opened - 1)
        return {column: int(jobs[column][number % jobs.size]) for column in jobs.dtype.names}

    def view(self, table: str) -> Records:
        """A table of the state as an array with named columns, one record per row, not to be written.

        Raises:
            InputError: this ledger has no such table.
        """
        if table not in (names := [name for name in self.book._fields if name not in OUTSIDE]):
            raise InputError(f"table: {table!r} given, allowed are {', '.join(names)}")
        shown = getattr(self.book, table).view()
        shown.flags.writeable = False
        return shown

    @property
    def height(self) -> int:
        """Number of blocks sealed."""
        return int(self.book.head[0].height)

    def digest(self) -> str:
        """Fingerprint of the whole state, mempool included."""
        return digest(self.batch)

    def check(self) -> None:
        """Raise `chain.errors.InvariantError` if the books do not balance."""
        check(self.batch)

    def snapshot(self) -> Snapshot:
        """A copy of everything, for `restore`."""
        blocks = [] if self.history is None else list(self.history.blocks)
        forks = None if self.forks is None else self.forks.copy(self, self.forks.history)
        return Snapshot([array.copy() for array in self.batch], blocks, forks)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this ledger: everything, the mempool, the tick and the blocks beside included."""
        for array, kept in zip(self.batch, snapshot.arrays, strict=True):
            array[...] = kept
        if self.history is not None:
            self.history.go_back(snapshot.blocks)
            self.forks = None if snapshot.forks is None else snapshot.forks.copy(self, self.history)

    def fork(self) -> "Ledger":
        """Another ledger in the same state with the same record: a second node, or a way to try something out."""
        other = object.__new__(Ledger)
        other._hold(self.deployment, type(self.batch)(*(array.copy() for array in self.batch)))
        other._record(None if self.history is None else self.history.copy(other.book), 0)
        if self.forks is not None and other.history is not None:
            other.forks = self.forks.copy(other, other.history)
        return other

    def receive(self, block: Block) -> Reception:
        """Take in a block that another node of the same ledger sealed: ``other.history.blocks[-1]``.

        Raises:
            InputError: this ledger was founded without forks (`finality`), or its mempool is too small for the block.
        """
        if self.forks is None:
            raise InputError("receive: this ledger has no forks, allowed is one with a finality of 1 block and more")
        return self.forks.receive(block)

    def prove(self, table: str, row: int, *, height: int | None = None) -> Proof:
        """A proof, for whoever holds a header, that a table has a record; `chain.proof.verify` checks it.

        Args:
            table: ``transactions`` or ``receipts`` of a block, or a table of the state.
            row: position in the block, or row of the table.
            height: of the block; the last one, if not given. The state is proved as of the last block only.

        Raises:
            InputError: there is no such record, or no header vouches for it.
        """
        return prove(self._recorded("prove"), table, row, height)

    def export(self, path: str | Path) -> Path:
        """Write the recorded blocks to a file, with the state at which the record began. The mempool is not part of it.

        Raises:
            InputError: the ledger is not recorded, or nothing can be written there.
        """
        return export(self._recorded("export"), Path(path))

    def _recorded(self, what: str) -> History:
        if self.history is None:
            raise InputError(f"{what}: this ledger is not recorded, allowed is one with record=True")
        return self.history

    @classmethod
    def load(cls, path: str | Path, *, pool: int = 1024, finality: int = 0) -> "Ledger":
        """The ledger in a file that `export` wrote, once every block was executed again. Its mempool is empty, and orders by tip.

        Args:
            path: the file.
            pool: places in the mempool; as many as the largest block needs, if those are more.
            finality: as for a new ledger; what was loaded is final.

        Raises:
            InputError: it is no recorded ledger.
            chain.errors.TamperedError: it is not what was recorded.
        """
        whole("finality", finality, 0, 2**31)
        deployment, batch, history = audit(Path(path), places=whole("pool", pool, 1, 2**31))
        ledger = object.__new__(cls)
        ledger._hold(deployment, batch)
        ledger._record(history, finality)
        return ledger
