"""Parameters of the double auction, with units and ranges, and its presets."""

from typing import Any

from pydantic import model_validator

from sim.scenario import Parameters, number

COIN = 1_000_000
"""Smallest units of money in a coin."""
MOST = 1_000 * COIN
"""Highest value, cost and price."""
MOST_AGENTS = 64
MONEY = 10**16
"""Of every agent at the start, µcoin: so much that nobody runs dry; all together it stays far below the 2^62 of a ledger."""


class DoubleAuctionParameters(Parameters):
    """Everything that can be set; amounts are in millionths of a coin (µcoin)."""

    buyers: int = number(20, 1, MOST_AGENTS, "agents", "who want units of the service")
    suppliers: int = number(20, 1, MOST_AGENTS, "agents", "who hold units of the service")
    units: int = number(2, 1, 16, "units", "that each buyer wants and each supplier holds")
    horizon: int = number(200, 1, 10**6, "ticks", "length of an episode")
    value_low: int = number(COIN // 2, 0, MOST, "µcoin", "lowest value of a unit to a buyer")
    value_high: int = number(2 * COIN, 0, MOST, "µcoin", "highest value of a unit to a buyer")
    cost_low: int = number(0, 0, MOST, "µcoin", "lowest cost of a unit to a supplier")
    cost_high: int = number(3 * COIN // 2, 0, MOST, "µcoin", "highest cost of a unit to a supplier")
    drawn: int = number(
        1, 0, 1, "1", "1: values and costs are drawn uniformly for every episode; 0: they are spread evenly from end to end"
    )
    price_low: int = number(0, 0, MOST, "µcoin", "lowest price that may be quoted")
    price_high: int = number(2 * COIN, 0, MOST, "µcoin", "highest price that may be quoted")
    turns: int = number(1, 0, 2 * MOST_AGENTS, "draws/tick", "of the agent whose turn it is to quote; 0: it is everybody's turn")
    wipe: int = number(1, 0, 1, "1", "1: a trade ends the round, and all quotes are given back")
    order_window: int = number(2**31, 0, 2**31, "blocks", "that a quote stands after its own")
    base_fee: int = number(0, 0, 10**6, "µcoin/gas", "at the start")
    fee_quotient: int = number(0, 0, 2**20, "1", "the base fee moves by at most one part in this; 0 keeps it")
    gas_limit: int = number(2**30, 150, 2**30, "gas/block", "quoting a price takes 150")

    @model_validator(mode="after")
    def ordered(self) -> "DoubleAuctionParameters":
        """No lower end is above its upper end."""
        for what in ("value", "cost", "price"):
            low, high = getattr(self, f"{what}_low"), getattr(self, f"{what}_high")
            if low > high:
                raise ValueError(f"{what}_low: {low} given, allowed is at most {what}_high, {high}")
        return self

    @property
    def agents(self) -> int:
        """Buyers and suppliers."""
        return self.buyers + self.suppliers


PRESETS: dict[str, dict[str, Any]] = {
    "minimal": {"buyers": 4, "suppliers": 4, "units": 1, "horizon": 60},
    "standard": {"horizon": 2_000},
    "large": {"buyers": 64, "suppliers": 64, "units": 8, "horizon": 2_000, "turns": 0, "wipe": 0},
    "gode_sunder": {
        "buyers": 2, "suppliers": 2, "units": 1, "horizon": 400, "drawn": 0, "value_low": 5, "value_high": 9, "cost_low": 2,
        "cost_high": 6, "price_low": 1, "price_high": 10,
    },
}  # fmt: skip
"""`minimal` for tests and lessons. `standard` is the institution of Gode and Sunder, 1993: one random trader quotes at a time,
and every trade wipes the book. `large` is an exchange: everybody quotes in each block, and the book stays. `gode_sunder` is a
market of two buyers and two suppliers, so small that the surplus of zero intelligence is known exactly."""
