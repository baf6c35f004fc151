"""Small markets with named addresses, and what a test says about them."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from chain.contracts.jury import MAX_JURORS
from chain.deployments import double_auction, posted_price, service_escrow, service_market, token
from chain.fees import gas_of
from chain.ledger import Ledger, Receipt
from chain.status import Status

ROOT = Path(__file__).parents[2]
PROPOSER, CLIENT, PROVIDER, OTHER, RIVAL, SPARE = range(6)
NEVER = -1
BASE_FEE, TIP = 2, 3
RICH = 1_000_000
PRICE, STAKE = 1_000, 101
TERMS = {
    "services": 2,
    "min_stake": 10,
    "unbonding_window": 3,
    "delivery_window": 5,
    "dispute_window": 4,
    "reliability_bps": 10_000,
    "arbiter_bps": 10_000,
    "slash_bps": 5_000,
    "no_show_slash_bps": 2_500,
    "compensation_bps": 4_000,
}


PARTED = {"milestones": 3, "jurors": 3, "juror_stake": 40, "juror_slash_bps": 2_500, "vote_window": 4}
"""Terms of the escrow with milestones, beside those above."""
SHOP_TERMS = {"quality": 2_000, "outside": 0, "mu": 250, "cost": 1_000, "consumers": OTHER}


def table_of(jobs: int, deployment: Any = service_market, **sizes: int) -> Any:
    """The deployment of a service market with room for so many jobs at a time."""
    return SimpleNamespace(
        __name__=deployment.__name__,
        blank=lambda worlds, accounts, pool, recorded=False: deployment.blank(
            worlds, accounts, pool, jobs, recorded=recorded, **sizes
        ),
        seal_worlds=deployment.seal_worlds,
        TERM_LIMITS=deployment.TERM_LIMITS,
        TERM_TABLES=getattr(deployment, "TERM_TABLES", {}),
        CONTROL_LIMITS=deployment.CONTROL_LIMITS,
    )


def market(
    *, jobs: int = 16, balances: Any = (0, RICH, RICH, RICH, RICH), spare: int = 2, pool: int = 64, **given: Any
) -> Ledger:
    """A service market: an empty-handed proposer and four rich accounts; `given` are terms or settings of the genesis."""
    terms = TERMS | {name: given.pop(name) for name in list(given) if name in service_market.TERM_LIMITS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=table_of(jobs), terms=terms, **settings)


def parted(
    *,
    jobs: int = 16,
    seats: int = MAX_JURORS,
    balances: Any = (0, RICH, RICH, RICH, RICH),
    spare: int = 2,
    pool: int = 64,
    **given: Any,
) -> Ledger:
    """The same with the escrow of milestones and juries, with rows for so many seats of each job."""
    terms = TERMS | PARTED | {name: given.pop(name) for name in list(given) if name in service_escrow.TERM_LIMITS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    deployment = table_of(jobs, service_escrow, jurors=seats)
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=deployment, terms=terms, **settings)


def shop(*, balances: Any = (0, RICH, RICH, RICH, RICH), spare: int = 2, pool: int = 64, **given: Any) -> Ledger:
    """A market of posted prices: an empty-handed proposer and four rich accounts; those at `OTHER` are the consumers' money."""
    terms = SHOP_TERMS | {name: given.pop(name) for name in list(given) if name in SHOP_TERMS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=posted_price, terms=terms, **settings)


def pit(
    *, orders: int = 8, tape: int = 4, balances: Any = (0, RICH, RICH, RICH, RICH), spare: int = 2, pool: int = 64, **given: Any
) -> Ledger:
    """An order book with few rows: an empty-handed proposer and four rich accounts, of which that at `RIVAL` issues units."""
    few = SimpleNamespace(
        __name__=double_auction.__name__,
        blank=lambda worlds, accounts, pool, recorded=False: double_auction.blank(
            worlds, accounts, pool, orders, tape, recorded=recorded
        ),
        seal_worlds=double_auction.seal_worlds,
        TERM_LIMITS=double_auction.TERM_LIMITS,
    )
    terms = {"order_window": 100, "issuer": RIVAL} | {
        name: given.pop(name) for name in list(given) if name in double_auction.TERM_LIMITS
    }
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=few, terms=terms, **settings)


def purse(balances: Any, **given: Any) -> Ledger:
    """A ledger with nothing but money."""
    return Ledger(balances=balances, deployment=token, **given)


def call(ledger: Ledger, kind: int, sender: int, **given: int) -> Receipt:
    """Submit one transaction and seal it alone in a block."""
    ledger.submit(kind, sender, **given)
    (receipt,) = ledger.seal()
    ledger.check()
    return receipt


def done(ledger: Ledger, kind: int, sender: int, **given: int) -> Receipt:
    """The same, for a transaction that must succeed."""
    receipt = call(ledger, kind, sender, **given)
    assert receipt.status == Status.OK, receipt
    return receipt


def wait(ledger: Ledger, blocks: int) -> None:
    """Seal empty blocks."""
    for _ in range(blocks):
        assert ledger.seal() == []
        ledger.check()


def fee_of(kind: int, tip: int = 0, base_fee: int = BASE_FEE) -> int:
    """What a transaction costs its sender."""
    return int(gas_of(kind)) * (base_fee + tip)


def balances(ledger: Ledger, *addresses: int) -> list[int]:
    """Free money of some accounts; of all if none is named."""
    return [ledger.balance(a) for a in addresses or range(ledger.book.accounts.size)]


def stake_of(ledger: Ledger, address: int) -> dict[str, int]:
    """The columns of an account's stake."""
    row = ledger.book.stakes[address]
    return {column: int(row[column]) for column in ledger.book.stakes.dtype.names}


def head(ledger: Ledger) -> Any:
    """The head of the chain."""
    return ledger.book.head[0]


def same(a: Any, b: Any) -> bool:
    """Whether two arrays of records hold the same bytes."""
    return np.array_equal(np.asarray(a).view(np.int64), np.asarray(b).view(np.int64))


def python(code: str, *arguments: object, path: Path | str = ROOT, cache: Path | None = None, **flags: str) -> str:
    """Run a program in a new interpreter with warnings as errors; returns what it printed. Fails if the program does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment = kept | {"PYTHONPATH": str(path)} | flags
    if cache is not None:
        environment["LEDGERLAB_CACHE"] = str(cache)
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    result = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.strip()
