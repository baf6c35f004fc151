"""What `ledgerlab inspect` shows of a recorded ledger: tables for a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chain.errors import whole
from chain.history import NO_ROOT
from chain.layout import NO_LIMIT, NOBODY
from chain.status import Status
from sim.ledgers.movements import Movements, Transactions
from sim.ledgers.reading import Recorded
from sim.ledgers.stories import Line, about, history_of, job_index, kind_name, life_of
from sim.metrics.contrasts import Columns

MOST = 40
"""Rows of a table; what is left out is said."""
HEX = 12
"""Characters of a hash in a table."""
NUMBERS = frozenset(
    ("height", "tick", "place", "fee", "gas used", "base fee", "balance", "change", "sent", "received", "transactions", "refused",
     "jobs", "payees", "payers")
)  # fmt: skip
"""Heads of columns that stand on the right."""


def table(title: str, *heads: str) -> Table:
    """A plain table; numbers stand on the right."""
    out = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        out.add_column(head, overflow="fold", justify="right" if head in NUMBERS else "left")
    return out


def text(value: object) -> Text:
    """A cell: whole numbers with underscores, nothing where there is nothing; never markup."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return Text("" if value == NOBODY else f"{value:_}")
    if isinstance(value, float):
        return Text("" if np.isnan(value) else f"{value:.3g}")
    return Text(str(value))


def filled(out: Table, rows: Sequence[Iterable[object]], what: str, newest: bool = True) -> RenderableType:
    """A table with rows, at most `MOST`; of more, the newest or the first ones."""
    shown = rows[-MOST:] if newest else rows[:MOST]
    for row in shown:
        out.add_row(*map(text, row))
    left = len(rows) - len(shown)
    if not left:
        return out
    return Group(
        out, Text(f"{left:_} {'earlier' if newest else 'more'} {what} are left out; --frames DIR keeps all.", style="dim")
    )


def overview(recorded: Recorded, accounts: Columns, tx: Transactions) -> RenderableType:
    """What a ledger is, what became of its money, its latest blocks and its busiest accounts."""
    head, last = recorded.book.head[0], recorded.history.head
    about_it = table("", "what", "value")
    about_it.show_header = False
    free, kept, burned = int(accounts["balance"].sum()), int(head.locked), int(head.burned)
    money = f"{int(head.minted):_} minted: {free:_} free, {kept:_} kept, {burned:_} burned"
    rows: list[tuple[str, object]] = [
        ("deployment", recorded.deployment),
        ("blocks", f"{len(recorded.blocks) - 1:_}, heights {recorded.first + 1:_} to {last.height:_}"),
        ("transactions", f"{tx.height.size:_}, {int((~tx.done).sum()):_} of them refused"),
        ("accounts", f"{accounts['address'].size:_} in use of {recorded.book.accounts.size:_}"),
        ("jobs", len(recorded.numbers)),
        ("money", money),
        ("fees", f"{int(head.fees_burned):_} burned, {int(head.tips):_} to proposers"),
        ("last header", last.hash.hex()),
        ("state root", recorded.history.state.update().hex()),
    ]
    for name, value in rows:
        if name != "jobs" or recorded.numbers.size:
            about_it.add_row(Text(name, style="dim"), text(value))
    parts: list[RenderableType] = [Text(str(recorded.file), style="bold"), about_it, Text()]
    return Group(*parts, blocks_table(recorded, tx, 8), Text(), accounts_table(accounts, 10))


def blocks_table(recorded: Recorded, tx: Transactions, most: int = 0) -> RenderableType:
    """The blocks, or the latest ones."""
    refused = np.bincount(tx.height[~tx.done] - recorded.first, minlength=len(recorded.blocks))
    rows = []
    for k, block in enumerate(recorded.blocks):
        h = block.header
        root = "" if h.state_root == NO_ROOT else h.state_root.hex()[:HEX]
        rows.append(
            (h.height, h.tick, str(h.proposer), h.transactions, refused[k], h.gas_used, h.base_fee, h.hash.hex()[:HEX], root)
        )
    heads = "height", "tick", "proposer", "transactions", "refused", "gas used", "base fee", "hash", "state root"
    return filled(table("Latest blocks" if most else "Blocks", *heads), rows[-most:] if most else rows, "blocks")


def accounts_table(accounts: Columns, most: int = MOST) -> RenderableType:
    """The busiest accounts: those that sent most transactions, then those that others dealt with."""
    jobs = accounts["jobs_as_client"] + accounts["jobs_as_provider"]
    busy = np.lexsort((-accounts["received"], -jobs, -accounts["transactions"]))
    names = "transactions", "refused_share", "sent", "received", "balance"
    heads = "account", "role", "transactions", "refused", "sent", "received", "balance", "jobs", "payees", "payers"
    rows = []
    for k in busy.tolist():
        sent, share, *money = (accounts[name][k] for name in names)
        refused = round(float(share * sent)) if sent else 0
        deals = (jobs[k], accounts["payees"][k], accounts["payers"][k])
        rows.append((str(accounts["address"][k]), accounts["role"][k], sent, refused, *money, *deals))
    out = table("Busiest accounts", *heads)
    if most < MOST:
        return filled(out, rows[:most], "accounts")
    return filled(out, rows, "accounts", newest=False)


def block_table(recorded: Recorded, tx: Transactions, height: int) -> RenderableType:
    """One block: its header, and its transactions with what became of them.

    Raises:
        InputError: there is no such block.
    """
    whole("block", height, recorded.first, recorded.history.head.height)
    header = recorded.history.block(height).header
    out = table(f"Block {height}", "field", "value")
    for name, value in (*zip(header._fields, header, strict=True), ("hash", header.hash)):
        shown = ("none taken" if value == NO_ROOT else value.hex()) if isinstance(value, bytes) else f"{value:_}"
        out.add_row(Text(name, style="dim"), Text(shown))
    rows = []
    for k in np.flatnonzero(tx.height == height).tolist():
        signed, receipt = tx.signed[k], tx.receipts[k]
        limit = "" if signed["max_fee"] >= NO_LIMIT else f"{int(signed['max_fee']):_}"
        status = names_of(receipt)
        rows.append(
            (int(tx.position[k]), str(signed["sender"]), kind_name(int(signed["kind"])), about(tx, k), status,
             int(receipt["fee"]), str(signed["tip"]), limit)
        )  # fmt: skip
    inside = table("Transactions", "place", "sender", "kind", "what", "status", "fee", "tip", "max fee")
    return Group(out, Text(), filled(inside, rows, "transactions", newest=False))


def names_of(receipt: Any) -> str:
    """The status of a receipt as a word."""
    return Status(int(receipt["status"])).name


def job_table(recorded: Recorded, tx: Transactions, movements: Movements, jobs: Columns, number: int) -> RenderableType:
    """One job: what was agreed, its life, and how it ended.

    Raises:
        InputError: there is no such job.
    """
    row = job_index(recorded, number)
    job = {name: values[row] for name, values in jobs.items()}
    said = f"Job {number}: {job['client']} hired {job['provider']} for service {job['service']}"
    out = table(said, "height", "place", "who", "what", "status", "money")
    lines: list[Line] = life_of(recorded, tx, movements, number)
    rows = [(line.height, line.position, "" if line.who == NOBODY else str(line.who), *line[3:]) for line in lines]
    good = {0: "bad", 10_000: "good"}[int(job["quality_bps"])] if job["delivered"] != NOBODY else "never delivered"
    end = f"price {job['price']:_}, stake {job['stake']:_}; {job['outcome']}, {job['phase']}; quality: {good}"
    return Group(filled(out, rows, "lines"), Text(end))


def account_table(recorded: Recorded, tx: Transactions, movements: Movements, accounts: Columns, address: int) -> RenderableType:
    """One account: what it is, and its history."""
    entries = history_of(recorded, tx, movements, address)
    place = np.flatnonzero(accounts["address"] == address)
    out = table(f"Account {address}", "height", "place", "what", "status", "change", "balance")
    start = f"balance {int(recorded.balances[0]):_} at height {recorded.first}"
    rows: list[Iterable[object]] = [
        (
            e.height,
            e.position,
            e.what,
            e.status,
            f"{e.change:+_}" if e.change else "0",
            "" if e.balance is None else f"{e.balance:_}",
        )
        for e in entries
    ]
    if not place.size:
        return Group(filled(out, rows, "lines"), Text("This row is spare: no account is open there."))
    a = {name: values[place[0]] for name, values in accounts.items()}
    said = f"{a['role']}, name {a['name']}, owner {a['owner']}, open since height {a['registered']}; {start}"
    kept = f"now {a['balance']:_} free, {a['bonded'] + a['unbonding']:_} as stake, {a['escrow']:_} in escrow"
    return Group(filled(out, rows, "lines"), Text(f"{said}; {kept}."))
