"""Parameters of the exchange, with units and ranges, and its presets."""

from typing import Any

from pydantic import model_validator

from sim.scenario import Parameters, number

COIN = 1_000_000
"""Smallest units of money in a coin, and of credits in a credit."""
MOST = 10**12
"""Most coins or credits of a pool, in smallest units."""
MOST_PAID = 10**13
"""Most that one swap pays in, and that a purse holds of either asset, in smallest units."""
MONEY = 10**14
"""Of every trader at the start, and as much in credits: so much that nobody runs dry."""
PRICE_FACTOR = 10
"""The outside price stays within this factor of the first, up and down."""


class ExchangeParameters(Parameters):
    """Everything that can be set; amounts are in millionths of a coin (µcoin) and of a credit (µcredit)."""

    traders: int = number(38, 1, 64, "agents", "who need credits or have some to spare, now and then")
    arbitrageurs: int = number(1, 1, 8, "agents", "who know the outside price")
    horizon: int = number(200, 2, 10**6, "ticks", "length of an episode")
    pool_money: int = number(4_000 * COIN, COIN, MOST, "µcoin", "in the pool at the start")
    pool_credits: int = number(4_000 * COIN, COIN, MOST, "µcredit", "in the pool at the start")
    fee_bps: int = number(30, 0, 9_999, "bps", "of what a swap pays in; it stays in the pool")
    price: int = number(COIN, 1_000, 10 * COIN, "µcoin", "first outside price of a credit")
    step_bps: int = number(25, 0, 1_000, "bps", "most by which the outside price moves in a tick")
    need_bps: int = number(1_000, 0, 10_000, "bps", "chance that a trader has a need in a tick, to buy or to sell")
    need_low: int = number(COIN, 1, 1_000 * COIN, "µcredit", "smallest need")
    need_high: int = number(20 * COIN, 1, 1_000 * COIN, "µcredit", "largest need")
    spread_bps: int = number(500, 0, 10_000, "bps", "most by which a credit's value to a trader differs from the outside price")
    purse: int = number(10_000 * COIN, 0, MOST_PAID, "µcoin", "of arbitrageurs and builder at the start; as much in credits")
    base_fee: int = number(0, 0, 10**6, "µcoin/gas", "at the start")
    fee_quotient: int = number(0, 0, 2**20, "1", "the base fee moves by at most one part in this; 0 keeps it")
    gas_limit: int = number(2**30, 440, 2**30, "gas/block", "a swap takes 110")

    @model_validator(mode="after")
    def ordered(self) -> "ExchangeParameters":
        """No lower end is above its upper end."""
        if self.need_low > self.need_high:
            raise ValueError(f"need_low: {self.need_low} given, allowed is at most need_high, {self.need_high}")
        return self

    @property
    def agents(self) -> int:
        """Traders, arbitrageurs and the builder."""
        return self.traders + self.arbitrageurs + 1

    @property
    def pay_high(self) -> int:
        """What learners pay at most, in either asset: twice the largest need at the first price."""
        return 2 * self.need_high * max(self.price, COIN) // COIN

    @property
    def pay_low(self) -> int:
        """The same in credits, where one number says which asset."""
        return -self.pay_high


PRESETS: dict[str, dict[str, Any]] = {
    "minimal": {"traders": 6, "horizon": 30, "need_bps": 3_000},
    "standard": {},
    "large": {"traders": 64, "arbitrageurs": 4, "horizon": 1_000, "pool_money": 40_000 * COIN, "pool_credits": 40_000 * COIN},
    "sandwich": {
        "traders": 1, "horizon": 4, "pool_money": 1_000 * COIN, "pool_credits": 1_000 * COIN, "fee_bps": 0, "step_bps": 0,
        "need_bps": 10_000, "need_low": 10 * COIN, "need_high": 10 * COIN, "spread_bps": 2_000,
    },
}  # fmt: skip
"""`minimal` for tests and lessons; `standard` has forty agents; `large` is a deep pool. `sandwich` is one trader, whose only
fault is its tolerance, on a pool without a fee: so small that what a sandwich earns is known in closed form."""
