"""The exchange once more, in slow plain Python: dicts, lists, and whole numbers of any size.

The rules are those of `chain.contracts.constant_product.swap` under a builder's ranks, without fees of the ledger; what is
measured is what `sim.scenarios.exchange.measuring` says. It decides nothing and draws nothing: who swaps what and which arrival
was drawn is given.
"""

from dataclasses import dataclass, field

from chain.contracts.constant_product import CREDITS, MONEY
from chain.status import Status

COIN = 1_000_000


@dataclass
class PlainSwap:
    """A swap that waits, and why it was signed: the need behind it (0: none), its value, and the price outside."""

    name: int
    nonce: int
    asset: int
    paid: int
    least: int
    need: int
    value: int
    price: int
    rank: int = 0
    since: int = 0
    arrival: int = 0
    deadline: int = 2**62


@dataclass
class PlainExchange:
    """A pool, and what agents have by name; everybody begins with the same of both assets."""

    agents: int
    reserves: list[int]
    fee_bps: int
    held: int
    height: int = 0
    pool: list[PlainSwap] = field(default_factory=list)
    receipts: list[tuple[int, int, Status]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Fill the purses."""
        self.purses = {name: [self.held, self.held] for name in range(self.agents)}
        self.nonces = dict.fromkeys(self.purses, 0)
        self.pending = dict.fromkeys(self.purses, 0)
        self.worth = dict.fromkeys(self.purses, 0)

    def quote(self, asset: int, paid: int) -> int:
        """What the pool would give now."""
        kept = paid * (10_000 - self.fee_bps)
        return kept * self.reserves[1 - asset] // (self.reserves[asset] * 10_000 + kept)

    def sign(self, swap: PlainSwap) -> None:
        """Put a swap into the mempool."""
        self.pending[swap.name] += 1
        self.pool.append(swap)

    def next_nonce(self, name: int) -> int:
        """The nonce after those that wait."""
        return self.nonces[name] + self.pending[name]

    def seal(self) -> None:
        """Execute all that waits: by rank, age and arrival."""
        self.height += 1
        self.receipts = []
        for swap in sorted(self.pool, key=lambda swap: (swap.rank, swap.since, swap.arrival)):
            self.nonces[swap.name] += 1
            self.pending[swap.name] -= 1
            self.receipts.append((swap.name, swap.nonce, self.execute(swap)))
        self.pool = []

    def execute(self, swap: PlainSwap) -> Status:
        """Swap, or refuse."""
        asset, paid, purse = swap.asset, swap.paid, self.purses[swap.name]
        if swap.deadline < self.height:
            return Status.EXPIRED
        if purse[asset] < paid:
            return Status.INSUFFICIENT_BALANCE if asset == MONEY else Status.INSUFFICIENT_CREDITS
        out = self.quote(asset, paid)
        if out < max(swap.least, 1):
            return Status.TOO_LITTLE_OUT
        purse[asset] -= paid
        purse[1 - asset] += out
        self.reserves[asset] += paid
        self.reserves[1 - asset] -= out
        self.worth[swap.name] += self.gained(swap, out)
        return Status.OK

    def gained(self, swap: PlainSwap, out: int) -> int:
        """The worth of the credits that came, or minus that of those that went."""
        sign = 1 if swap.asset == MONEY else -1
        credits = swap.paid if swap.asset == CREDITS else out
        gap = sign * (swap.value - swap.price)
        needed = min(credits, swap.need) * abs(gap) // COIN
        return sign * (credits * swap.price // COIN) + (needed if gap >= 0 else -needed)
