"""How fast contracts are: calls of our rules beside the same calls of bytecode that others wrote, on `pyrevm`.

Ours are submitted, ordered and executed in blocks, with nonces and receipts. Theirs are plain calls one after another, their
arguments encoded beforehand: a swap is a transfer of the token to the pair and the pair's own `swap`, without a router. Before
anything is timed both have executed the same calls in the same order, and all balances were equal.
"""

from collections import deque
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from shutil import which
from typing import Any, NamedTuple

import numpy as np

from chain.contracts.constant_product import MONEY
from chain.layout import NO_DEADLINE, NO_LIMIT, SIGNED, Kind, Record, Records, records
from chain.ledger import Ledger
from chain.mempool import submit
from chain.status import Status
from tests.bench.ledger_speed import nonces_of
from tests.bench.timing import Ratio, Side, compare
from tests.chain.exchanges import escrow, exchange

PEOPLE, BLOCKS, CALLS = 1_000, 20, 1_000
RICH, OWNER, TARGET = 10**9, 0, 50.0
COINS, POOL = 5 * 10**15, 10**16

Plain = tuple[str, str, bytes, int]
"""A call of the EVM: from whom, to which address, with which data and how much Ether."""


class Work(NamedTuple):
    """The same calls for both sides."""

    what: str
    ledger: Ledger
    blocks: Records
    theirs: Callable[[], Any]
    """Their contracts before the first call, funded as ours."""
    calls: Callable[[Any, Records], list[Plain]]
    """Their calls for ours."""
    balances: Callable[[Any], list[int]]
    """Of theirs, to be compared with those of ours."""
    ours: Callable[[Record], list[int]]


def copied(ledger: Ledger) -> Any:
    """A batch of one world like the ledger's."""
    return type(ledger.batch)(*(array.copy() for array in ledger.batch))


def signed(ledger: Ledger, kind: Kind, sender: Any, **arguments: Any) -> Records:
    """Blocks of calls without fees, to go on with on this ledger."""
    out = records(SIGNED, BLOCKS, CALLS)
    out["kind"], out["max_fee"], out["deadline"], out["sender"] = kind, NO_LIMIT, NO_DEADLINE, sender
    for name, values in arguments.items():
        out[name] = values
    out["nonce"] = nonces_of(out["sender"], ledger.view("accounts")["nonce"].tolist())
    return out


def play(work: Work, batch: Any) -> Iterator[Any]:
    """Submit and seal block after block in world 0; the receipts of each, while it is the last."""
    head, accounts, pool = batch.head[0], batch.accounts[0], batch.pool[0]
    for block in work.blocks:
        submit(head, accounts, pool, block)
        work.ledger.deployment.seal_worlds(batch, work.ledger.scratch, 0, 1)
        yield batch.receipts[0, : block.size]


def as_executed(work: Work) -> tuple[Any, Records]:
    """The batch after all blocks, and the calls in the order of their receipts."""
    batch, order = copied(work.ledger), []
    for block, receipts in zip(work.blocks, play(work, batch), strict=True):
        assert (receipts["status"] == Status.OK).all()
        place = {key: k for k, key in enumerate(zip(block["sender"].tolist(), block["nonce"].tolist(), strict=True))}
        executed = zip(receipts["sender"].tolist(), receipts["nonce"].tolist(), strict=True)
        order.append(block[[place[key] for key in executed]])
    return batch, np.concatenate(order)  # type: ignore[return-value]


def execute(theirs: Any, calls: list[Plain]) -> None:
    """One call after another on the EVM; one that fails raises."""
    call = theirs.machine.evm.message_call
    for one in calls:
        call(*one)


def compared(work: Work, pairs: int) -> Ratio:
    """Execute on both, raise unless all balances are equal, then time both."""
    batch, order = as_executed(work)
    theirs = work.theirs()
    execute(theirs, work.calls(theirs, order))
    assert work.balances(theirs) == work.ours(batch)

    def prepared() -> tuple[Any, list[Plain]]:
        fresh = work.theirs()
        return fresh, work.calls(fresh, order)

    ours = Side(order.size, lambda: copied(work.ledger), lambda state: deque(play(work, state), 0))
    return compare(work.what, "calls/s", ours, Side(order.size, prepared, lambda state: execute(*state)), TARGET, pairs)


def rich_exchange() -> Ledger:
    """An exchange whose people all have the same credits, and a pool that the owner founded."""
    coins = [RICH + COINS * (a == OWNER) for a in range(PEOPLE)]
    ledger = exchange(balances=coins, spare=0, minter=OWNER, base_fee=0, record=False, pool=2 * CALLS)
    for a in range(PEOPLE):
        ledger.submit(Kind.CREDIT_MINT, OWNER, to=a, amount=RICH + POOL * (a == OWNER))
    ledger.submit(Kind.ADD_LIQUIDITY, OWNER, amount=COINS, stake=POOL)
    assert all(receipt.status == Status.OK for receipt in ledger.seal())
    return ledger


def token_transfers(dice: Any) -> Work:
    """Credits beside OpenZeppelin's ERC-20."""
    from tests.evm.packages import OPENZEPPELIN
    from tests.evm.revm import Machine, person

    ledger = rich_exchange()
    shape = (BLOCKS, CALLS)
    blocks = signed(
        ledger, Kind.CREDIT_TRANSFER, dice.integers(PEOPLE, size=shape), to=dice.integers(PEOPLE, size=shape),
        amount=dice.integers(1, 1_000, shape),
    )  # fmt: skip

    def theirs() -> Any:
        token = Machine(PEOPLE).deploy(OPENZEPPELIN, "ERC20PresetMinterPauser", "Credits", "CR", sender=OWNER)
        for a in range(PEOPLE):
            token.call(OWNER, "mint", person(a), RICH)
        return token

    def calls(token: Any, order: Records) -> list[Plain]:
        return [(person(tx.sender), token.address, token.data("transfer", person(tx.to), int(tx.amount)), 0) for tx in order]

    return Work(
        "transfers of credits, beside OpenZeppelin's ERC-20 on pyrevm", ledger, blocks, theirs, calls,
        lambda token: [token.call(0, "balanceOf", person(a)) for a in range(PEOPLE)],
        lambda batch: batch.credits[0]["balance"].tolist(),
    )  # fmt: skip


def swaps(dice: Any) -> Work:
    """The pool beside Uniswap's pair."""
    from tests.evm.revm import person
    from tests.evm.router import Router

    ledger = rich_exchange()
    shape = (BLOCKS, CALLS)
    blocks = signed(
        ledger, Kind.SWAP, dice.integers(PEOPLE, size=shape), subject=dice.integers(2, size=shape),
        amount=dice.integers(1_000, 100_000, shape),
    )  # fmt: skip

    def theirs() -> Any:
        both = [[RICH + reserve * (a == OWNER) for a in range(PEOPLE)] for reserve in (COINS, POOL)]
        router = Router(PEOPLE, *both)
        router.add(OWNER, COINS, POOL, 0)
        return router

    def calls(router: Any, order: Records) -> list[Plain]:
        out: list[Plain] = []
        reserves, pair = [COINS, POOL], router.pair
        for tx in order:
            into, amount, who = int(tx.subject), int(tx.amount), person(tx.sender)
            got = amount * 997 * reserves[1 - into] // (reserves[into] * 1_000 + amount * 997)
            reserves[into] += amount
            reserves[1 - into] -= got
            token = router.tokens[into]
            out.append((who, token.address, token.data("transfer", pair.address, amount), 0))
            out.append((who, pair.address, pair.data("swap", *((0, got) if into == MONEY else (got, 0)), who, b""), 0))
        return out

    return Work(
        "swaps in the pool, beside Uniswap's pair on pyrevm", ledger, blocks, theirs, calls,
        lambda router: [token.call(0, "balanceOf", person(a)) for token in router.tokens for a in range(PEOPLE)],
        lambda batch: batch.accounts[0]["balance"].tolist() + batch.credits[0]["balance"].tolist(),
    )  # fmt: skip


def deposits(dice: Any) -> Work:
    """The payee escrow beside OpenZeppelin's."""
    from tests.evm.packages import OPENZEPPELIN
    from tests.evm.revm import Machine, person

    terms = {"owner": OWNER, "beneficiary": 1, "conditional": 0}
    ledger = escrow(balances=[10**12] * PEOPLE, spare=0, base_fee=0, record=False, pool=2 * CALLS, **terms)
    shape = (BLOCKS, CALLS)
    payees = dice.integers(1, PEOPLE, size=shape)
    blocks = signed(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=payees, amount=dice.integers(1, 1_000, shape))

    def theirs() -> Any:
        return Machine(PEOPLE, 10**12).deploy(OPENZEPPELIN, "Escrow", sender=OWNER)

    def calls(contract: Any, order: Records) -> list[Plain]:
        owner = person(OWNER)
        return [(owner, contract.address, contract.data("deposit", person(tx.to)), int(tx.amount)) for tx in order]

    return Work(
        "deposits in escrow, beside OpenZeppelin's Escrow on pyrevm", ledger, blocks, theirs, calls,
        lambda contract: [contract.call(0, "depositsOf", person(a)) for a in range(PEOPLE)],
        lambda batch: batch.deposits[0]["amount"].tolist(),
    )  # fmt: skip


def contract_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """One comparison per contract; or a line that says what is missing."""
    if not (find_spec("pyrevm") and find_spec("eth_abi") and which("npm")):
        return [], ["Contracts are not measured beside an EVM: that needs pyrevm, eth-abi and npm, as `make test-evm` does."]
    dice = np.random.default_rng(1)
    return [compared(make(dice), pairs) for make in (token_transfers, swaps, deposits)], []
