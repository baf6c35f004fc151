"""How fast the ledger is where transactions compete: a mempool that is too small, varied tips, limits, offers that are raised.

Beside it a dict ledger with the same rules, whose receipts were equal in every block, and transfers of `pyrevm`
(https://github.com/paradigmxyz/pyrevm), an EVM in Rust with a door to Python. Those are its plainest: no fee, no nonce, no order,
no receipt, one call for each, its arguments made beforehand.
"""

from typing import Any

import numpy as np

from chain.deployments import token
from chain.layout import NO_DEADLINE, NO_LIMIT, TRANSACTION, Kind, records
from chain.mempool import submit
from chain.sorting import scratch_for
from chain.status import ADMITTED_FROM, Status
from tests.bench.ledger_speed import BASE_FEE, FEE_QUOTIENT, MONEY, Work, new_book, new_dict, require_equal, submit_and_seal
from tests.bench.timing import Ratio, Side, compare

ACCOUNTS, TIPS = 1_000, 50
ROOM_BPS = 8_500
"""Of what is submitted for a block: what the mempool keeps, and what a block has gas for."""


def crowd(blocks: int, transfers: int, seed: int = 1) -> Work:
    """More transfers than blocks have room for: one in ten has a limit near the base fee, one in ten is offered again, half of
    these for too little more."""
    dice = np.random.default_rng(seed)
    shape = (blocks, transfers)
    out = records(TRANSACTION, *shape)
    out["kind"], out["deadline"] = Kind.TRANSFER, NO_DEADLINE
    out["sender"], out["to"] = dice.integers(0, ACCOUNTS, shape), dice.integers(0, ACCOUNTS, shape)
    out["amount"], out["tip"] = dice.integers(1, 1000, shape), dice.integers(0, TIPS, shape)
    out["max_fee"] = np.where(dice.random(shape) < 0.1, out["tip"] + dice.integers(5, 40, shape), NO_LIMIT)
    settings = {
        "base_fee": BASE_FEE,
        "fee_quotient": FEE_QUOTIENT,
        "gas_limit": 21 * transfers * ROOM_BPS // 10_000,
        "capacity": transfers * ROOM_BPS // 10_000,
    }
    plan = Work(ACCOUNTS, out, np.zeros(shape, np.int64), settings, 2 * transfers)
    book = new_book(plan)
    for b in range(blocks):
        waiting = int(book.head[0, 0]["pending"])
        sign(out[b], book.accounts[0], dice)
        submit(book.head[0], book.accounts[0], book.pool[0], out[b])
        plan.arrivals[b] = book.pool[0]["arrival"][waiting : waiting + transfers]
        token.advance(book, 0, 1)
    return plan


def sign(block: Any, accounts: Any, dice: np.random.Generator) -> None:
    """Give every transaction the next nonce of its sender, or make it a better offer for one before it."""
    following = (accounts["nonce"] + accounts["pending"]).tolist()
    again = (dice.random(block.size) < 0.1).tolist()
    enough = (dice.random(block.size) < 0.5).tolist()
    earlier = (dice.random(block.size) * np.arange(block.size)).astype(int).tolist()
    for k in range(block.size):
        if k and again[k]:
            block[k] = block[earlier[k]]
            block["tip"][k] += block["tip"][k] // 5 + 1 if enough[k] else 0
            block["max_fee"][k] = NO_LIMIT
        else:
            sender = int(block["sender"][k])
            block["nonce"][k] = following[sender]
            following[sender] += 1


def agree(plan: Work) -> dict[str, int]:
    """Execute block by block on both ledgers, raise unless they are equal after each; what became of the transactions."""
    book, ledger, scratch = new_book(plan), new_dict(plan), scratch_for(plan.places, plan.accounts)
    counts = dict.fromkeys(("executed", "replaced", "underpriced", "evicted"), 0)
    for b, block in enumerate(plan.tuples()):
        submit_and_seal(book, scratch, plan.blocks[b : b + 1])
        ledger.submit(block, plan.arrivals[b].tolist())
        ledger.seal()
        require_equal(book, ledger)
        statuses = [receipt[3] for receipt in ledger.receipts]
        counts["executed"] += sum(status == Status.OK or status >= ADMITTED_FROM for status in statuses)
        for status in (Status.REPLACED, Status.UNDERPRICED, Status.EVICTED):
            counts[status.name.lower()] += statuses.count(status)
    return counts


def beside_dicts(plan: Work, ours: Side, label: str, pairs: int) -> Ratio:
    """The dict ledger executes the same."""
    blocks, arrivals = plan.tuples(), plan.arrivals.tolist()

    def run(ledger: Any) -> None:
        for block, arrival in zip(blocks, arrivals, strict=True):
            ledger.submit(block, arrival)
            ledger.seal()

    return compare(f"{label}, beside a dict ledger", "tx/s", ours, Side(ours.work, lambda: new_dict(plan), run), 5.0, pairs)


def beside_revm(plan: Work, ours: Side, label: str, pairs: int) -> tuple[list[Ratio], list[str]]:
    """Transfers of `pyrevm` between as many funded accounts; or a line that says that it is not there."""
    try:
        import pyrevm
    except ImportError:
        return [], ["Transfers of pyrevm are not measured: it is not installed (there are wheels for some platforms only)."]
    names = [f"0x{0x1000 + k:040x}" for k in range(plan.accounts)]
    columns = (plan.blocks[column].reshape(-1).tolist() for column in ("sender", "to", "amount"))
    calls = [(names[sender], names[to], None, amount) for sender, to, amount in zip(*columns, strict=True)]

    def funded() -> Any:
        evm = pyrevm.EVM()
        for name in names:
            evm.insert_account_info(name, pyrevm.AccountInfo(balance=MONEY))
        return evm

    def run(evm: Any) -> None:
        pay = evm.message_call
        for call in calls:
            pay(*call)

    evm, expected = funded(), dict.fromkeys(names, MONEY)
    run(evm)
    for sender, to, _, amount in calls:
        expected[sender] -= amount
        expected[to] += amount
    assert [evm.get_balance(name) for name in names] == list(expected.values())
    what = f"{label}, beside transfers of pyrevm"
    return [compare(what, "tx/s", ours, Side(len(calls), funded, run), 40.0, pairs)], []


def fee_speed(pairs: int = 7) -> tuple[list[Ratio], list[str]]:
    """Both comparisons at 1,000 transactions a block, and lines on what was measured."""
    plan = crowd(50, 1_000)
    counts = agree(plan)
    scratch = scratch_for(plan.places, plan.accounts)
    ours = Side(counts["executed"], lambda: new_book(plan), lambda state: submit_and_seal(state, scratch, plan.blocks))
    label = "submit, order, execute with fees and eviction"
    ratios, missing = beside_revm(plan, ours, label, pairs)
    line = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    note = f"Fees and eviction: of {plan.size:,} transactions {line}; the others wait. Rates count what was executed."
    return [beside_dicts(plan, ours, label, pairs), *ratios], [note, *missing]
