"""Recorded ledgers for tests: a market whose story is known, and random ones."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from chain.contracts.service_market import Phase
from chain.deployments import posted_price, service_escrow, service_market, token
from chain.history import History
from chain.layout import Kind, Ordering
from chain.ledger import Ledger
from tests.chain.auctions import errands as auction_errands
from tests.chain.auctions import hall

PROPOSER, CLIENT, PROVIDER, OTHER, SPARE = range(5)
RICH, PRICE, STAKE, FEE = 1_000_000, 1_000, 101, 7
TERMS = {
    "services": 2,
    "min_stake": 10,
    "unbonding_window": 2,
    "delivery_window": 3,
    "dispute_window": 2,
    "reliability_bps": 10_000,
    "arbiter_bps": 10_000,
    "slash_bps": 5_000,
    "no_show_slash_bps": 2_500,
    "compensation_bps": 4_000,
}
JOBS = 16
"""Jobs at a time: so few that rows are used again."""


def market(balances: Any, **given: Any) -> Ledger:
    """A service market with room for few jobs at a time; with the escrow of milestones, if their number is given."""
    deployment: Any = service_escrow if "milestones" in given else service_market
    few = SimpleNamespace(
        __name__=deployment.__name__,
        TERM_LIMITS=deployment.TERM_LIMITS,
        TERM_TABLES=getattr(deployment, "TERM_TABLES", {}),
        seal_worlds=deployment.seal_worlds,
        blank=lambda worlds, accounts, pool, **more: deployment.blank(worlds, accounts, pool, JOBS, **more),
    )
    terms = TERMS | {name: given.pop(name) for name in list(given) if name in deployment.TERM_LIMITS}
    return Ledger(deployment=few, balances=balances, terms=terms, **{"base_fee": 2, "registration_fee": FEE} | given)


def story() -> Ledger:
    """Two jobs by one provider: number 0 is bad and disputed with success, number 1 is never delivered; between them a transfer,
    a registration and a refused delivery by somebody else."""
    ledger = market((0, RICH, RICH, RICH), spare=1)
    ledger.submit(Kind.BOND, PROVIDER, amount=10 * STAKE)
    ledger.submit(Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=3)
    ledger.seal()
    ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=2 * PRICE, tip=1)
    ledger.submit(Kind.TRANSFER, OTHER, to=CLIENT, amount=300)
    ledger.submit(Kind.REGISTER, OTHER, amount=50)
    ledger.seal()
    ledger.submit(Kind.DELIVER, OTHER, subject=0, bps=10_000)
    ledger.submit(Kind.DELIVER, PROVIDER, subject=0, bps=0)
    ledger.submit(Kind.HIRE, SPARE, to=PROVIDER, subject=1, amount=2 * PRICE)  # it can not pay
    ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=2 * PRICE)
    ledger.seal()
    ledger.submit(Kind.DISPUTE, CLIENT, subject=0, bps=100)
    ledger.seal()
    for _ in range(3):
        ledger.seal()
    return ledger


def random_market(seed: int, blocks: int = 60, **given: Any) -> Ledger:
    """Eight accounts, two of them providers from the start, and spare rows; random transactions meet all outcomes of jobs, and
    many refusals."""
    rng = np.random.default_rng(seed)
    settings = {"spare": 4, "seed": seed, "reliability_bps": 6_000, "arbiter_bps": 7_000, "fee_quotient": 8, "tip": 0}
    settings |= {"pay_caught": seed % 2, "ordering": Ordering.RANDOM, "gas_limit": 1_200, "base_fee": 50} | given
    tip = settings.pop("tip")
    ledger = market([RICH] * 7 + [2_500], **settings)
    for provider in (1, 2):
        ledger.submit(Kind.BOND, provider, amount=30 * STAKE)
        ledger.submit(Kind.POST, provider, subject=1, amount=PRICE, stake=STAKE, count=3)
    ledger.seal()
    for _ in range(blocks):
        known = np.flatnonzero(ledger.view("accounts")["owner"] >= 0)
        for _ in range(int(rng.integers(0, 14))):
            submit_random(ledger, rng, known, tip)
        ledger.seal(proposer=int(rng.choice(known)) if rng.random() < 0.2 else None)
    ledger.check()
    return ledger


def random_parted(seed: int, jurors: int, blocks: int = 80, late: bool = False) -> Ledger:
    """The same with milestones, before an arbiter or juries; `late`: the record begins while juries sit and parts are paid."""
    terms = {"milestones": 3, "jurors": jurors, "juror_stake": 70, "juror_slash_bps": 3_333, "vote_window": seed % 4}
    ledger = random_market(seed, 0, gas_limit=2**20, **terms)
    rng = np.random.default_rng(seed)
    for address in (3, 4, 5):
        ledger.submit(Kind.BOND, address, amount=900)
    for block in range(blocks):
        for _ in range(int(rng.integers(0, 14))):
            submit_random(ledger, rng, np.arange(8), 1)
        jobs, seats = ledger.book.jobs, ledger.book.seats
        for row in np.flatnonzero(jobs["phase"] == Phase.DISPUTED).tolist():
            jury = seats[row * (seats.size // jobs.size) :][: int(ledger.book.deals[row].seats)]
            closed = int(ledger.book.terms[0].closed)
            for juror in set(jury["juror"].tolist()):
                if rng.random() < 0.6:
                    number = closed + (row - closed) % JOBS
                    ledger.submit(Kind.VOTE, juror, subject=number, count=int(rng.integers(1, 3)))
        ledger.seal()
        sits = not jurors or (jobs["phase"] == Phase.DISPUTED).any()
        if late and block > blocks // 2 and sits and (ledger.book.deals["part"] > 0).any():
            ledger.history, late = History(ledger.deployment, ledger.book), False
    assert not late
    ledger.check()
    return ledger


def submit_random(ledger: Ledger, rng: Any, known: Any, tip: int) -> None:
    """Any transaction by anybody; what is about a job mostly by the right one."""
    terms: Any = ledger.view("terms")[0]
    kind = int(rng.choice([1, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 8, 8, 8, 9, 10, 10, 99]))
    sender, to = int(rng.choice(known)), int(rng.choice(known if kind == Kind.TRANSFER else [1, 1, 2, 2, 0, 6]))
    subject = 1
    if kind in (Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE):
        subject = int(rng.integers(max(0, terms.closed - 1), terms.opened + 1))
        job: Any = ledger.view("jobs")[subject % JOBS]
        sender = int(job.provider if kind == Kind.DELIVER else job.client) if rng.random() < 0.9 else sender
    amount = int(rng.integers(-1, 1_500)) + PRICE * (kind == Kind.HIRE)
    amount = PRICE if kind == Kind.POST else amount
    arguments = {"to": to, "subject": subject, "amount": amount, "bps": int(rng.integers(0, 10_001))}
    ledger.submit(kind, sender, stake=int(rng.integers(0, 300)), count=3, tip=tip + int(rng.integers(0, 3)), **arguments)


def random_shop(seed: int, blocks: int = 30) -> Ledger:
    """Three sellers at posted prices, one of whom can hardly pay for its production; consumers whose money runs out."""
    rng = np.random.default_rng(seed)
    terms = {"quality": 2_000, "outside": 0, "mu": 250, "cost": 1_000, "consumers": 4}
    ledger = Ledger(deployment=posted_price, balances=[0, RICH, RICH, 400, 40 * PRICE], terms=terms, spare=1, base_fee=1)
    for _ in range(blocks):
        for sender in range(1, 4):
            if rng.random() < 0.6:
                kind = Kind.POST_PRICE if rng.random() < 0.9 else Kind.TRANSFER
                ledger.submit(kind, sender, to=3, amount=int(rng.integers(900, 1_900)))
        ledger.seal()
    ledger.check()
    return ledger


def payments(accounts: int, blocks: int, each: int, seed: int = 0) -> Ledger:
    """A ledger of nothing but random transfers, `each` per block."""
    rng = np.random.default_rng(seed)
    ledger = Ledger(deployment=token, balances=[RICH] * accounts, pool=each, base_fee=1)
    for _ in range(blocks):
        for sender in rng.integers(0, accounts, each).tolist():
            ledger.submit(Kind.TRANSFER, sender, to=int(rng.integers(0, accounts)), amount=int(rng.integers(0, 2_000)))
        ledger.seal()
    return ledger


def random_auctions(seed: int, blocks: int = 50, late: bool = False, **terms: int) -> Ledger:
    """Six accounts that open auctions and bid at random; `late`: the record begins while auctions are open and bids sealed."""
    rng = np.random.default_rng(seed)
    ledger = hall(balances=[0, *[RICH // 10] * 5], base_fee=1, commit_window=2, **terms)
    for block in range(blocks):
        for one in auction_errands(ledger.book, rng, int(rng.integers(0, 12))):
            arguments = {name: int(one[name]) for name in ("to", "subject", "amount", "count")}
            ledger.submit(int(one.kind), int(one.sender), tip=int(rng.integers(0, 3)), **arguments)
        ledger.seal()
        if late and block == 8:
            assert ledger.book.terms[0].opened > ledger.book.terms[0].closed
            assert ledger.book.bids["phase"].any()
            ledger.history = History(ledger.deployment, ledger.book)
    ledger.check()
    return ledger
