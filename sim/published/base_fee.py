"""The fee market with stationary demand: where EIP-1559's base fee settles, and from where on it oscillates.

Every block, each of the users draws what a transfer is worth to it, in money per gas, uniform on [0, V], and signs one with that
as its `max_fee` and no tip. The ledger decides who is served. Who is not leaves: nothing is carried over.

Let N be the gas of all users, T the target (half of the gas limit), q the quotient, r = N/T and x = b/V for a base fee b.

1. **The fee map.** On average N(1 - x) gas is demanded at the fee x. While that is at most 2T, all of it is used, and EIP-1559
   gives x' = f(x) = x (1 + (r (1 - x) - 1) / q).
2. **The level.** f(x) = x where demand is the target: x* = 1 - 1/r, or b* = V (1 - T/N).
3. **Its stability.** f'(x) = 1 + (r - 1)/q - 2rx/q, so f'(x*) = 1 - (r - 1)/q, which is above -1 while r < 2q + 1: the fee
   settles, from r = q + 1 on by swinging around its level less and less. Above 2q + 1 it oscillates for ever. (With
   y = (r/q) x / m and m = 1 + (r - 1)/q, f is the logistic map y' = m y (1 - y), whose fixed point is stable up to m = 3.)
4. **Above.** Blocks are full and nearly empty in turn. Where x < 1 - 2/r a block is full whatever demand is: x' = x (1 + 1/q);
   so (at q = 8) the fee alternates between two bands, one below and one above the level, chaotic within them: `attractor`.
5. **Noise.** Demand is binomial, so the fee never rests, and its mean is below x*, however long one waits. Over a stationary
   path the means of x' and x are equal, and E[x' | x] = f(x); so (r - 1) E[x] = r E[x²], that is E[x²] / E[x] = x*, or
   E[x] + Var[x] / E[x] = x*: exactly, whatever the noise, as long as no block is too small for its demand. So it is the mean of
   the fee plus its variance ÷ its mean that has to be V (1 - T/N): `level_of`.
6. **Rounding.** The ledger rounds each change of the fee towards zero, by less than 1, and values are whole numbers: both
   together move the level by less than q / (r - 1) + 1, which is nothing to a V of 10^9.

Source: Buterin and others, "EIP-1559: Fee market change for ETH 1.0 chain", 2019; the map and its chaos: Leonardos, Monnot,
Reijsbergen, Skoulakis and Piliouras, "Dynamical analysis of the EIP-1559 Ethereum fee market", AFT 2021.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Dice
from chain.deployments import token
from chain.digest import digest
from chain.errors import InputError, whole
from chain.fees import ELASTICITY, GAS
from chain.genesis import found
from chain.layout import MAX_BASE_FEE, MAX_GAS, MAX_SUPPLY, NO_DEADLINE, SIGNED, Kind, records
from chain.mempool import clear, submit
from chain.rule import world
from chain.sorting import scratch_for
from sim.metrics.contrasts import Columns

RATIOS = (2, 4, 6, 8, 10, 12, 14, 15, 16, 18, 19, 20, 22, 24, 26)
QUARTERS = 4
"""The first of so many equal parts of the blocks is left out of every measure: the fee is finding its level."""
KEPT = 200
"""So many of the first blocks, and as many of the last, are kept of one market of each ratio."""
START_DIVISOR = 10
"""The first base fee is V divided by this."""
LEAST_SERVED = 10
"""At least so many users fit into the target."""
LEAST_BLOCKS, MOST_BLOCKS, MOST_WORLDS, MOST_PLACES = 40, 10**6, 10_000, 2**22
LEAST_VALUE, MOST_VALUE = 1_000, MAX_BASE_FEE // 2
MOST_QUOTIENT = 1_000
TRANSFER = int(GAS[Kind.TRANSFER])


@dataclass(frozen=True)
class FeeMarket:
    """The settings of the experiment, checked."""

    ratios: tuple[float, ...]
    """Demand per block ÷ target that were asked for."""
    quotient: int
    blocks: int
    value: int
    """V: the most that a user pays, money per gas."""
    users: int
    worlds: int
    """Independent markets of each ratio."""
    seed: int
    """Of the first of them; the next has the next."""

    def target(self, ratio: float) -> int:
        """The target of gas per block at a ratio: a whole number."""
        return round(TRANSFER * self.users / ratio)

    def exact(self, ratio: float) -> float:
        """N/T with the target rounded."""
        return TRANSFER * self.users / self.target(ratio)


def level(ratio: Any) -> Any:
    """x*: where the fee rests, as a share of V.

    >>> level(16)
    0.9375
    """
    return 1 - 1 / ratio


def slope(ratio: float, quotient: int = 8) -> float:
    """f'(x*): the fee settles while it is between -1 and 1.

    >>> slope(16), slope(17), slope(20)
    (-0.875, -1.0, -1.375)
    """
    return 1 - (ratio - 1) / quotient


def threshold(quotient: int = 8) -> int:
    """The ratio above which the fee oscillates for ever."""
    return 2 * quotient + 1


def next_fee(x: NDArray[np.float64], ratio: Any, quotient: int = 8) -> NDArray[np.float64]:
    """The fee map f without noise, full and empty blocks included; fees as shares of V."""
    used = np.clip(ratio * (1 - x), 0, ELASTICITY)
    return x * (1 + (used - 1) / quotient)


def attractor(ratios: NDArray[np.float64], quotient: int = 8, kept: int = 100, burn_in: int = 2_000) -> NDArray[np.float64]:
    """Where the map goes in the end: its last fees at each ratio, shape (kept, ratios)."""
    x = np.full(ratios.shape, 1 / START_DIVISOR)
    out = np.empty((kept, ratios.size))
    for k in range(-burn_in, kept):
        x = next_fee(x, ratios, quotient)
        if k >= 0:
            out[k] = x
    return out


def level_of(fees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean + variance ÷ mean over the blocks, shape (blocks, worlds) -> (worlds,): V (1 - T/N) exactly, in the long run.

    >>> level_of(np.array([[1.0], [3.0]]))
    array([2.5])
    """
    return (fees**2).sum(axis=0) / fees.sum(axis=0)


def alternation(fees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitude of the period of two blocks: half of how far the mean of every second block is from that of the others.

    >>> alternation(np.array([[0.9], [1.1], [0.9], [1.1], [5.0]]))
    array([0.1])
    """
    pairs = fees[: len(fees) // 2 * 2].reshape(-1, 2, *fees.shape[1:])
    return np.abs((pairs[:, 0] - pairs[:, 1]).mean(axis=0)) / 2


def plan(
    demand_ratios: Sequence[float] = RATIOS,
    *,
    quotient: int = 8,
    blocks: int = 1_000,
    value: int = 10**9,
    users: int = 4_000,
    worlds: int = 20,
    seed: int = 0,
) -> FeeMarket:
    """Check everything that the experiment is made of; nothing is run.

    Args:
        demand_ratios: N/T, demand per block ÷ target; each is played.
        quotient: q, EIP-1559's denominator.
        blocks: in each market; the first quarter is left out of what is measured.
        value: V, the most that a user pays, money per gas.
        users: each signs one transfer per block.
        worlds: independent markets of each ratio.
        seed: run seed of the first; the others have the next ones.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    whole("quotient", quotient, 2, MOST_QUOTIENT)
    whole("blocks", blocks, LEAST_BLOCKS, MOST_BLOCKS)
    whole("users", users, 2 * LEAST_SERVED, MAX_GAS // (ELASTICITY * TRANSFER))
    whole("worlds", worlds, 1, min(MOST_WORLDS, MOST_PLACES // users))
    whole("seed", seed, -(2**63), 2**63 - 1 - worlds)
    whole("value", value, LEAST_VALUE, MOST_VALUE)
    dearest = (MAX_SUPPLY // users - 1) // (TRANSFER * blocks)
    if value > dearest:
        raise InputError(f"value: {value} given, allowed is up to {dearest} where {users} users can pay it for {blocks} blocks")
    if isinstance(demand_ratios, str) or not isinstance(demand_ratios, Sequence) or not len(demand_ratios):
        raise InputError(f"demand_ratios: {demand_ratios!r} given, allowed is a list of numbers, such as [2, 8, 16, 20]")
    for ratio in demand_ratios:
        plain = isinstance(ratio, int | float) and not isinstance(ratio, bool) and math.isfinite(ratio)
        if not plain or not 1 < ratio <= users / LEAST_SERVED:
            raise InputError(f"demand_ratios: {ratio!r} given, allowed is above 1 to {users / LEAST_SERVED:g} with {users} users")
    if len({arm_of(ratio) for ratio in demand_ratios}) < len(demand_ratios):
        raise InputError(f"demand_ratios: {list(demand_ratios)} given, allowed is each once")
    return FeeMarket(tuple(float(ratio) for ratio in demand_ratios), quotient, blocks, value, users, worlds, seed)


def arm_of(ratio: float) -> str:
    """What the markets of a ratio are called."""
    return f"N/T={ratio:g}"


def play(e: FeeMarket, progress: Callable[[int, int], None] | None = None) -> Iterator[dict[str, Columns]]:
    """Play all markets; yields the tables `runs` and `blocks` of one ratio after another.

    Args:
        e: what to play.
        progress: called with (blocks done, blocks in all), over all ratios.
    """
    for k, ratio in enumerate(e.ratios):

        def step(done: int, before: int = k * e.blocks) -> None:
            if progress is not None:
                progress(before + done, len(e.ratios) * e.blocks)

        fees, used, digests = market(e, ratio, step)
        yield {"runs": measured(e, ratio, fees, used, digests), "blocks": first_world(e, ratio, fees)}


def market(
    e: FeeMarket, ratio: float, step: Callable[[int], None] = lambda done: None
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Play the markets of one ratio on the ledger.

    Returns:
        The base fee of every block and the gas that it used, shape (blocks, worlds), and the digest of each world in the end.
    """
    seeds, limit = e.seed + np.arange(e.worlds), ELASTICITY * e.target(ratio)
    batch = token.blank(e.worlds, e.users, e.users)
    start = e.value // START_DIVISOR
    purse = MAX_SUPPLY // e.users
    found(batch, seeds=seeds, balances=[purse] * e.users, base_fee=start, fee_quotient=e.quotient, gas_limit=limit)
    books = [world(batch, w) for w in range(e.worlds)]
    scratch, names = scratch_for(e.users, e.users), np.tile(np.arange(e.users), e.worlds)
    signed = records(SIGNED, e.users)
    signed["kind"], signed["sender"], signed["deadline"] = Kind.TRANSFER, np.arange(e.users), NO_DEADLINE
    signed["to"], signed["amount"] = np.roll(np.arange(e.users), 1), 1
    fees, used = np.empty((2, e.blocks, e.worlds), np.int64)
    for k in range(e.blocks):
        fees[k] = batch.head["base_fee"][:, 0]
        dice = Dice(batch.head[:, 0], k, names)
        worth = (dice.uniform().reshape(e.worlds, e.users) * (e.value + 1)).astype(np.int64)
        for book, max_fee in zip(books, worth, strict=True):
            signed["nonce"], signed["max_fee"] = book.accounts["nonce"], max_fee
            submit(book.head, book.accounts, book.pool, signed)
        token.seal_worlds(batch, scratch, 0, e.worlds)
        used[k] = batch.head["gas_used"][:, 0]
        for book in books:
            clear(book.head, book.accounts, book.pool)
        step(k + 1)
    return fees, used, [digest(batch, w) for w in range(e.worlds)]


def measured(e: FeeMarket, ratio: float, fees: NDArray[np.int64], used: NDArray[np.int64], digests: list[str]) -> Columns:
    """The rows of `runs` of one ratio: a market each, fees as shares of V."""
    quarter, limit = e.blocks // QUARTERS, ELASTICITY * e.target(ratio)
    rest, gas = fees[quarter:] / e.value, used[quarter:]
    exact = e.exact(ratio)
    return {
        "arm": np.full(e.worlds, arm_of(ratio), object),
        "seed": e.seed + np.arange(e.worlds),
        "ratio": np.full(e.worlds, exact),
        "predicted": np.full(e.worlds, level(exact)),
        "fee": rest.mean(axis=0),
        "level": level_of(rest),
        "spread": rest.std(axis=0),
        "alternation_first": alternation(rest[:quarter]),
        "alternation_last": alternation(rest[-quarter:]),
        "used": gas.mean(axis=0) / e.target(ratio),
        "full": (gas + TRANSFER > limit).mean(axis=0),
        "digest": np.array(digests, object),
    }


def first_world(e: FeeMarket, ratio: float, fees: NDArray[np.int64]) -> Columns:
    """The rows of `blocks` of one ratio: the first and the last `KEPT` blocks of its first market."""
    block = np.arange(1, e.blocks + 1)
    kept = (block <= KEPT) | (block > e.blocks - KEPT)
    count = int(kept.sum())
    return {
        "arm": np.full(count, arm_of(ratio), object),
        "seed": np.full(count, e.seed),
        "block": block[kept],
        "fee": fees[kept, 0],
    }
