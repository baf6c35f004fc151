"""Double spending by catching up: races of blocks on forks of a ledger, and Rosenfeld's closed form for how often they succeed.

1. The attacker signs two transactions with one nonce: one pays a merchant, the other pays all its money to itself. It has found
   one block in secret with the second in it (*one block pre-mined*). Then it sends the first to everybody.
2. In every tick one block is found: by the attacker with probability q (`chain.consensus.elect`), on its secret branch, else by
   the honest nodes, on the public one.
3. The merchant hands over the goods when its payment has n confirmations: the block with it and n - 1 after it.
4. From then on the attacker publishes its branch as soon as it is longer than the public one, strictly: nodes stay with what they
   had first. The public node goes over, the payment returns to its mempool, and the next block refuses it: its nonce is used.
   Whether the attack succeeded is read from balances on the public node.
5. An attacker that is too far behind gives up. From d blocks behind it would have come to be ahead with probability
   (q/p)^(d + 1), p = 1 - q; d is the least with which that is at most `FORGONE`, so it lowers the measured success by less.

While the honest nodes find n blocks, the attacker finds m with probability C(m + n - 1, m) p^n q^m. With m + 1 blocks of its own
against n it has won if m >= n, and else catches up with probability (q/p)^(n - m). So it succeeds with probability

    r = 1 - sum over m = 0 .. n of C(m + n - 1, m) (p^n q^m - p^m q^n).

Winning while the merchant waits is to find n blocks before the honest nodes do, and the chances to catch up later sum to the
same, C(m + n - 1, m) p^m q^n over m < n. So r = 2 I_q(n, n), with the regularised incomplete beta function: nothing cancels.

Source: Rosenfeld, "Analysis of hashrate-based double spending", 2014 (arXiv:1402.2009).
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc

from chain.consensus import Reception, elect
from chain.deployments import token
from chain.errors import InputError, whole
from chain.history import History
from chain.layout import WHOLE_BPS, Integers, Kind, Record
from chain.ledger import Ledger
from chain.mempool import next_tick
from chain.status import Status
from sim.metrics.contrasts import Columns

FORGONE = 1e-5
"""What giving up may cost in probability."""
MONEY = 1_000
ATTACKER, MERCHANT, HIDEOUT = range(3)
"""The accounts: who pays, who is to be paid, and where the attacker's money goes instead."""
FOREVER = 2**31
"""No block is ever final: confirmations alone protect the merchant."""
MOST_CONFIRMATIONS, MOST_TRIALS, MOST_SHARE = 100, 2**32, 0.45


@dataclass(frozen=True)
class CatchUp:
    """The settings of the experiment, checked."""

    shares: tuple[int, ...]
    """q, the attacker's part of the computing power, in basis points."""
    confirmations: tuple[int, ...]
    trials: int
    """Of each share and number of confirmations."""
    seed: int


class Race(NamedTuple):
    """What came of one race."""

    success: int
    """1 if the attacker has its money again, read from balances on the public node."""
    paid: int
    """What the merchant has in the end."""
    public: int
    """Blocks of the public branch when it was decided."""
    secret: int
    """Blocks of the attacker's."""
    head: bytes
    """Hash of the public node's last header."""


def success(share: float, confirmations: int) -> float:
    """Rosenfeld's closed form: how often an attacker with this share of the power succeeds.

    >>> [round(success(0.1, n), 5) for n in (1, 2, 3)], success(0.5, 6)
    ([0.2, 0.056, 0.01712], 1.0)
    """
    return float(2 * betainc(confirmations, confirmations, min(share, 0.5)))


def deficit(share: float) -> int:
    """How many blocks behind an attacker gives up: the least d with (q/p)^(d + 1) <= `FORGONE`.

    >>> deficit(0.1), deficit(0.3)
    (5, 13)
    """
    return max(math.ceil(math.log(FORGONE) / math.log(share / (1 - share))) - 1, 1)


def plan(
    shares: Sequence[float] = (0.1, 0.2, 0.3),
    confirmations: Sequence[int] = (1, 2, 3, 4, 5, 6),
    *,
    trials: int = 2_000,
    seed: int = 0,
) -> CatchUp:
    """Check everything that the experiment is made of; nothing is run.

    Args:
        shares: the attacker's parts of the computing power, above 0 to 0.45, in steps of 0.0001; each is played.
        confirmations: blocks that the merchant waits for; each is played with each share.
        trials: races of each share and number of confirmations.
        seed: run seed of all draws.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    for field, given, example in (("shares", shares, "[0.1, 0.3]"), ("confirmations", confirmations, "[1, 2, 6]")):
        if isinstance(given, str) or not isinstance(given, Sequence) or not len(given):
            raise InputError(f"{field}: {given!r} given, allowed is a list of numbers, such as {example}")
        if len(set(given)) < len(given):
            raise InputError(f"{field}: {list(given)} given, allowed is each once")
    for share in shares:
        plain = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= MOST_SHARE
        if not plain or abs(share * WHOLE_BPS - round(share * WHOLE_BPS)) > 1e-6 or round(share * WHOLE_BPS) == 0:
            raise InputError(f"shares: {share!r} given, allowed is above 0 to {MOST_SHARE}, in steps of {1 / WHOLE_BPS:g}")
    waited = tuple(whole("confirmations", n, 1, MOST_CONFIRMATIONS) for n in confirmations)
    whole("trials", trials, 1, MOST_TRIALS)
    whole("seed", seed)
    return CatchUp(tuple(round(share * WHOLE_BPS) for share in shares), waited, trials, seed)


def arm_of(share_bps: int, confirmations: int) -> str:
    """What the races of a share and a number of confirmations are called."""
    return f"q={share_bps / WHOLE_BPS:g}, n={confirmations}"


def play(e: CatchUp, progress: Callable[[int, int], None] | None = None) -> Iterator[dict[str, Columns]]:
    """Play all races; yields the tables `runs` and `cells` of one share and number of confirmations after another.

    Args:
        e: what to play.
        progress: called with (races done, races in all).
    """
    cells = [(share, n) for share in e.shares for n in e.confirmations]
    for k, (share, n) in enumerate(cells):
        races = []
        for trial in range(e.trials):
            races.append(race(opened(e.seed, share, n, trial), share, n))
            if progress is not None:
                progress(k * e.trials + trial + 1, len(cells) * e.trials)
        yield rows_of(e, share, n, races)


def opened(seed: int, share_bps: int, confirmations: int, trial: int) -> Ledger:
    """The public node of one trial. Its draws are keyed by (seed, trial as world, share and confirmations as episode), so that
    trials are independent, and do not depend on which others are played."""
    episode = share_bps * (MOST_CONFIRMATIONS + 1) + confirmations
    return Ledger(
        balances=[MONEY, 0, 0], deployment=token, pool=4, seed=seed, finality=FOREVER, worlds=trial, episode=episode
    )  # fmt: skip


def race(public: Ledger, share_bps: int, confirmations: int, finder: Callable[[Record, Integers], int] = elect) -> Race:
    """Play one race on a new ledger: pre-mine, pay, wait, catch up, publish or give up.

    Args:
        public: the public node; its first account has `MONEY`.
        share_bps: the attacker's part of the computing power.
        confirmations: blocks that the merchant waits for.
        finder: who finds the block of this tick, 0 the honest nodes, 1 the attacker; from the head of the chain and shares.
    """
    shares, behind = np.array([WHOLE_BPS - share_bps, share_bps]), deficit(share_bps / WHOLE_BPS)
    secret = public.fork()
    nodes = (public, secret)
    secret.submit(Kind.TRANSFER, ATTACKER, nonce=0, to=HIDEOUT, amount=MONEY)
    found(nodes, 1)
    public.submit(Kind.TRANSFER, ATTACKER, nonce=0, to=MERCHANT, amount=MONEY)
    while public.height < confirmations or secret.height <= public.height < secret.height + behind:
        found(nodes, finder(public.book.head[0], shares))
    blocks = public.height, secret.height
    if secret.height > public.height:
        publish(public, secret)
    won = public.balance(HIDEOUT) == MONEY
    return Race(int(won), public.balance(MERCHANT), *blocks, recorded(public).head.hash)


def recorded(node: Ledger) -> History:
    """The record of a node: it has one, since it has forks."""
    assert node.history is not None
    return node.history


def found(nodes: tuple[Ledger, Ledger], who: int) -> None:
    """One tick: one of two nodes seals a block on its branch, and time goes on for the other."""
    nodes[who].seal()
    next_tick(nodes[1 - who].book.head[0])


def publish(public: Ledger, secret: Ledger) -> None:
    """Hand the secret blocks to the public node, which goes over to them; its next block shows that the payment is void."""
    receptions = [public.receive(block) for block in recorded(secret).blocks[1:]]
    assert Reception.REORGANISED in receptions, "a branch that is longer is taken"
    refused = public.seal()
    assert [receipt.status for receipt in refused] == [Status.BAD_NONCE], "the payment came back, and its nonce is used"


def rows_of(e: CatchUp, share_bps: int, confirmations: int, races: list[Race]) -> dict[str, Columns]:
    """The rows of one share and number of confirmations: a race each in `runs`, and one in `cells`."""
    arm, n = arm_of(share_bps, confirmations), len(races)
    heads = hashlib.sha256(b"".join(one.head for one in races)).hexdigest()
    about: dict[str, Any] = {"share": share_bps / WHOLE_BPS, "confirmations": confirmations}
    runs = {"arm": np.full(n, arm, object), "seed": np.arange(n)}
    runs |= {name: np.full(n, value) for name, value in about.items()}
    runs |= {name: np.array([getattr(one, name) for one in races]) for name in ("success", "paid", "public", "secret")}
    cell = {"arm": arm, "seed": e.seed, **about, "predicted": success(about["share"], confirmations)}
    cell |= {"deficit": deficit(about["share"]), "digest": heads}
    return {"runs": runs, "cells": {name: np.array([v], object if isinstance(v, str) else None) for name, v in cell.items()}}
