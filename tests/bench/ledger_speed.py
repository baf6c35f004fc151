"""How fast the ledger is: transfers through its rules beside a dict ledger and beside a bare loop.

Before anything is timed, every side has executed the same transactions, and balances, nonces, fees and receipts were equal.
"""

from typing import Any, NamedTuple

import numpy as np

from chain.block import admit, has_room, open_block, write_receipt
from chain.deployments import token
from chain.fees import next_base_fee
from chain.genesis import found
from chain.layout import NO_DEADLINE, NO_LIMIT, NOBODY, RECEIPT, TRANSACTION, Kind, Record, Records, records
from chain.mempool import submit
from chain.rule import rule, world
from chain.sorting import Scratch, scratch_for
from chain.status import Status
from tests.bench.bare_loop import PURSE, pay_all
from tests.bench.dict_ledger import DictLedger
from tests.bench.timing import Ratio, Side, compare

MONEY, BASE_FEE, FEE_QUOTIENT = 20_000_000, 7, 64


class Work(NamedTuple):
    """Transfers to execute: `blocks[b, k]` is transaction k of block b; nonces rise in this order."""

    accounts: int
    blocks: Records
    arrivals: np.ndarray[Any, Any]
    settings: dict[str, int]
    places: int
    """In the mempool."""

    @property
    def size(self) -> int:
        """Transactions in all."""
        return int(self.blocks.size)

    def tuples(self) -> list[list[tuple[int, ...]]]:
        """The same transactions for the dict ledger."""
        columns = ["kind", "sender", "nonce", "tip", "max_fee", "deadline", "to", "amount"]
        return [list(zip(*(block[c].tolist() for c in columns), strict=True)) for block in self.blocks]


def nonces_of(senders: Any, following: list[int]) -> Any:
    """The nonces of transactions with these senders, in order, of whom each begins with its following one."""
    following, nonces = list(following), []
    for sender in senders.reshape(-1).tolist():
        nonces.append(following[sender])
        following[sender] += 1
    return np.reshape(nonces, senders.shape)


def work(accounts: int, blocks: int, transfers: int, tips: int, seed: int = 1) -> Work:
    """Transfers between random accounts, tips below `tips`; one in a hundred asks for more money than there is. The
    base fee moves: blocks are a little more than half full."""
    dice = np.random.default_rng(seed)
    shape = (blocks, transfers)
    out = records(TRANSACTION, *shape)
    out["kind"], out["max_fee"], out["deadline"] = Kind.TRANSFER, NO_LIMIT, NO_DEADLINE
    out["sender"], out["to"] = dice.integers(0, accounts, shape), dice.integers(0, accounts, shape)
    out["amount"] = np.where(dice.random(shape) < 0.01, accounts * MONEY, dice.integers(1, 1000, shape))
    out["tip"] = dice.integers(0, tips, shape)
    out["nonce"] = nonces_of(out["sender"], [0] * accounts)
    settings = {"base_fee": BASE_FEE, "fee_quotient": FEE_QUOTIENT, "gas_limit": 40 * transfers}
    plan = Work(accounts, out, np.zeros(shape, np.int64), settings, transfers)
    book = new_book(plan)
    for b in range(blocks):  # arrivals are drawn by the ledger; the dict ledger is given them
        submit(book.head[0], book.accounts[0], book.pool[0], out[b])
        plan.arrivals[b] = book.pool[0]["arrival"]
        token.advance(book, 0, 1)
    return plan


def new_book(plan: Work) -> token.Book:
    """A token ledger with funded accounts and an empty mempool."""
    book = token.blank(1, plan.accounts, plan.places)
    found(book, seeds=1, balances=[MONEY] * plan.accounts, **plan.settings)
    return book


def new_dict(plan: Work) -> DictLedger:
    """The dict ledger in the same state."""
    return DictLedger([MONEY] * plan.accounts, **plan.settings, pool=plan.places)


@rule
def execute_block(book: Record, block: Records) -> None:
    """What `seal` does with a block that is in order already."""
    open_block(book.head)
    for k in range(block.size):
        tx = block[k]
        if not has_room(book.head, tx):
            break
        status = admit(book.head, book.accounts, tx)
        if status == Status.OK:
            status = token.execute(book, tx)
        write_receipt(book.head, book.accounts, book.receipts, tx, status, NOBODY)
    h = book.head[0]
    h.base_fee = next_base_fee(h.base_fee, h.gas_limit, h.gas_used, h.fee_quotient)


@rule
def execute_blocks(batch: Record, blocks: Records) -> None:
    """Execute ordered blocks in world 0."""
    book = world(batch, 0)
    for b in range(blocks.shape[0]):
        execute_block(book, blocks[b])


@rule
def submit_and_seal(batch: Record, scratch: Scratch, blocks: Records) -> None:
    """Submit, order and execute block after block in world 0, as `chain.deployments.token.advance` does it."""
    book = world(batch, 0)
    for b in range(blocks.shape[0]):
        submit(book.head, book.accounts, book.pool, blocks[b])
        token.seal_worlds(batch, scratch, 0, 1)


def require_equal(book: token.Book, other: DictLedger) -> None:
    """Raise unless both ledgers hold the same state and the same receipts of the last block."""
    head, accounts = book.head[0, 0], book.accounts[0]
    assert accounts["balance"].tolist() == list(other.balances.values())
    assert accounts["nonce"].tolist() == list(other.nonces.values())
    assert (head["base_fee"], head["fees_burned"]) == (other.base_fee, other.fees_burned)
    assert (head["tips"], head["height"], head["pending"]) == (other.tips, other.height, len(other.pool))
    columns = RECEIPT.names or ()
    ours = [tuple(int(row[c]) for c in columns) for row in book.receipts[0, : int(head["receipts"])]]
    assert ours == other.receipts


def require_equal_payments(book: token.Book, purses: Records) -> None:
    """Raise unless the bare loop ended with the same balances and nonces."""
    for column in ("balance", "nonce"):
        assert np.array_equal(book.accounts[0][column], purses[column])


def execution(plan: Work, label: str, pairs: int) -> list[Ratio]:
    """Ordered blocks: ours beside the dict ledger and beside the bare loop."""
    blocks = plan.tuples()
    ours = Side(plan.size, lambda: (new_book(plan), plan.blocks.copy()), lambda state: execute_blocks(*state))
    plain = Side(plan.size, lambda: new_dict(plan), lambda ledger: [ledger.execute(block) for block in blocks])
    book, ledger = new_book(plan), new_dict(plan)
    execute_blocks(book, plan.blocks.copy())
    plain.run(ledger)
    require_equal(book, ledger)
    what = f"execute {label}"
    return [compare(f"{what}, beside a dict ledger", "tx/s", ours, plain, 10.0, pairs), *bare(plan, what, pairs)]


def bare(plan: Work, what: str, pairs: int) -> list[Ratio]:
    """Ours beside the bare loop, which knows one base fee: it is held constant for both."""
    receipts = records(RECEIPT, plan.blocks.shape[1])

    def constant() -> tuple[token.Book, Records]:
        book = new_book(plan)
        book.head["fee_quotient"] = 0
        return book, plan.blocks.copy()

    def purses() -> Records:
        out = records(PURSE, plan.accounts)
        out["balance"] = MONEY
        return out

    def run(state: Records) -> None:
        for height, block in enumerate(plan.blocks):
            pay_all(state, block, receipts, BASE_FEE, height)

    (book, blocks), state = constant(), purses()
    execute_blocks(book, blocks)
    run(state)
    require_equal_payments(book, state)
    ours = Side(plan.size, constant, lambda both: execute_blocks(*both))
    return [compare(f"{what}, beside a bare loop", "tx/s", ours, Side(plan.size, purses, run), 1 / 3, pairs)]


def whole(plan: Work, label: str, pairs: int) -> list[Ratio]:
    """Submit, order and execute: ours beside the dict ledger that sorts too."""
    blocks, arrivals = plan.tuples(), plan.arrivals.tolist()

    def run(ledger: DictLedger) -> None:
        for block, arrival in zip(blocks, arrivals, strict=True):
            ledger.submit(block, arrival)
            ledger.seal()

    book, ledger = new_book(plan), new_dict(plan)
    scratch = scratch_for(plan.places, plan.accounts)
    submit_and_seal(book, scratch, plan.blocks)
    run(ledger)
    require_equal(book, ledger)
    ours = Side(plan.size, lambda: new_book(plan), lambda state: submit_and_seal(state, scratch, plan.blocks))
    plain = Side(plan.size, lambda: new_dict(plan), run)
    return [compare(f"submit, order, execute {label}, beside a dict ledger", "tx/s", ours, plain, 5.0, pairs)]


def ledger_speed(pairs: int = 7) -> list[Ratio]:
    """All comparisons: 1,000 accounts, small and large blocks, equal and varied tips."""
    out: list[Ratio] = []
    for transfers, blocks in ((1_000, 20), (10_000, 5)):
        for tips, kind in ((1, "equal tips"), (50, "varied tips")):
            plan = work(1_000, blocks, transfers, tips)
            label = f"{transfers:,} a block, {kind}"
            out += execution(plan, label, pairs) + whole(plan, label, pairs)
    return out
