"""Randomness as a pure function of its coordinates.

Every draw is one lane of a Philox 4x64-10 block (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011), bit for bit the generator of `numpy.random.Philox`. The key is (run seed, world and episode), the
counter is (tick, who, what, index // 4) and index % 4 picks the lane. There is no stream to advance: a batch of worlds draws
what each world would draw alone.

`who` is a stable name, never a row or a position; `what` is one of the purposes below, so that no two uses share a draw.
Unsigned integers live in this file alone.
"""

import math
from enum import IntEnum

import numpy as np

from chain.layout import Record
from chain.rule import rule, wide_product

Lanes = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_HALF, _UNIT_SHIFT, _SIGN_SHIFT = np.uint64(32), np.uint64(11), np.uint64(1)


class What(IntEnum):
    """What a draw is for."""

    ARRIVAL = 1
    DELIVERY = 2
    ARBITER = 3
    TYPE = 4
    NEED = 5
    WINDOW = 6
    POLICY = 7
    NORMAL = 8
    EXPLORE = 9
    PROPOSER = 10
    COMMITMENT = 25
    SALT = 26
    TURN = 30
    OUTSIDE = 31
    JURY = 40
    SIGNAL = 41


@rule(wraps=True)
def philox(k0: np.uint64, k1: np.uint64, c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64) -> Lanes:
    """One block of Philox 4x64 with ten rounds: four uniform 64-bit words."""
    for _ in range(10):
        high0, low0 = wide_product(_M0, c0)
        high1, low1 = wide_product(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@rule(wraps=True)
def lanes(head: Record, tick: int, who: int, what: int, block: int) -> Lanes:
    """The four draws of indices ``4 * block`` to ``4 * block + 3`` at these coordinates."""
    place = (np.uint64(head.world) << _HALF) | np.uint64(head.episode)
    return philox(np.uint64(head.seed), place, np.uint64(tick), np.uint64(who), np.uint64(what), np.uint64(block))


@rule
def lane(block: Lanes, index: int) -> np.uint64:
    """The draw of an index from its block."""
    a, b, c, d = block
    pick = index & 3
    if pick < 2:
        return a if pick == 0 else b
    return c if pick == 2 else d


@rule
def draw(head: Record, tick: int, who: int, what: int, index: int) -> np.uint64:
    """One uniform 64-bit word for these coordinates."""
    return lane(lanes(head, tick, who, what, index >> 2), index)


@rule
def below(word: np.uint64, n: int) -> int:
    """A whole number in [0, n), from a uniform word (the upper half of word × n)."""
    return int(np.int64(wide_product(word, np.uint64(n))[0]))


@rule
def swap(word: np.uint64) -> np.uint64:
    """The word with its halves exchanged: a second small draw from the same word."""
    return np.uint64((word << _HALF) | (word >> _HALF))


@rule(wraps=True)
def mix(word: np.uint64) -> np.uint64:
    """Scatter a word: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), a bijection."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@rule
def positive(word: np.uint64) -> int:
    """The upper 63 bits, as a signed integer."""
    return int(np.int64(word >> _SIGN_SHIFT))


@rule(wraps=True)
def commitment(who: int, deal: int, amount: int, salt: int) -> int:
    """A word of 63 bits that binds an account's name to an amount in a deal and, as long as the salt is unknown, hides it.

    It stands in for a cryptographic hash, as Keccak-256 is on Ethereum: nobody here computes Philox backwards, and whoever could
    would read every sealed bid. Unlike a draw it has no coordinates of a run: everybody can compute it.
    """
    words = philox(np.uint64(salt), np.uint64(What.COMMITMENT), np.uint64(who), np.uint64(deal), np.uint64(amount), np.uint64(0))
    return positive(words[0])


@rule(wraps=True)
def latency(head: Record, name: int, nonce: int) -> int:
    """The latency of a transaction, uniform on 63 bits: keyed by the tick's own Philox draw, then scattered by name and nonce.

    One block of Philox per tick and two cheap bijections per transaction, instead of one block per transaction.
    """
    word = mix(np.uint64(head.latency) + np.uint64(name) * _W0)
    return positive(mix(word + np.uint64(nonce) * _W0))


@rule
def chance(word: np.uint64, bps: int) -> bool:
    """True with probability `bps` / 10,000."""
    return below(word, 10_000) < bps


@rule
def unit(word: np.uint64) -> float:
    """A float in [0, 1): the upper 53 bits, as NumPy makes its doubles."""
    return float(np.int64(word >> _UNIT_SHIFT)) * 2.0**-53


@rule
def fill_units(heads: Record, tick: int, names: Record, index: int, out: Record) -> None:
    """Uniform draws for a batch of policies: row r of `out` belongs to name ``names[r]`` of world r // (rows per world)."""
    rows = names.size // heads.size
    for r in range(names.size):
        head = heads[r // rows]
        for k in range(out.shape[1]):
            out[r, k] = unit(draw(head, tick, names[r], What.POLICY, index + k))


@rule
def fill_normals(heads: Record, tick: int, names: Record, index: int, out: Record) -> None:
    """Standard normal draws, laid out as in `fill_units` (Box and Muller, Annals of Mathematical Statistics 29, 1958)."""
    rows = names.size // heads.size
    for r in range(names.size):
        head = heads[r // rows]
        for k in range(out.shape[1]):
            block = lanes(head, tick, names[r], What.NORMAL, index + k)
            radius = math.sqrt(-2.0 * math.log(1.0 - unit(block[0])))
            out[r, k] = radius * math.cos(2.0 * math.pi * unit(block[1]))
