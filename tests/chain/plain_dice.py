"""The ledger's dice once more: Philox by NumPy, and SplitMix64's finaliser in whole numbers of any size."""

from numpy.random import Philox

WORD = 2**64
GOLDEN = 0x9E3779B97F4A7C15
ARRIVAL = 1


def draw(head: dict[str, int], tick: int, who: int, what: int, index: int) -> int:
    """One uniform 64-bit word: key (seed, world and episode), counter (tick, who, what, index // 4), lane index % 4."""
    key = head["seed"] % WORD + ((head["world"] << 32 | head["episode"]) << 64)
    counter = sum(part % WORD << 64 * place for place, part in enumerate((tick, who, what, index // 4)))
    return int(Philox(key=key, counter=(counter - 1) % 2**256).random_raw(index % 4 + 1)[-1])


def scatter(word: int) -> int:
    """The finaliser of SplitMix64."""
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB % WORD
    return word ^ word >> 31


def tick_word(head: dict[str, int], tick: int) -> int:
    """What keys the arrivals of a tick."""
    return draw(head, tick, 0, ARRIVAL, 0) >> 1


def arrival(key: int, name: int, nonce: int) -> int:
    """The latency of a transaction in the tick of that key."""
    return scatter((scatter((key + name * GOLDEN) % WORD) + nonce * GOLDEN) % WORD) >> 1
