"""Parameters of the market of posted prices, with units and ranges, and its presets."""

from typing import Any

from pydantic import model_validator

from sim.scenario import OFFERS_SHOWN, Parameters, number
from sim.scenarios.posted_price.truth import Market, monopoly_prices, nash_prices

COIN = 1_000_000
"""Smallest units of money in a coin."""
MOST = 1_000 * COIN
"""Highest quality, cost and mu."""
MOST_LEVELS = 100
CONSUMER_MONEY, SELLER_MONEY = 10**18, 10**16
"""Money at the start, µcoin: so much that nobody runs dry in 10^8 ticks of a market on the scale of a few coins, nor in the
longest episode of any other without fees; with 16 sellers it stays below the 2^62 that a ledger can hold."""


class PostedPriceParameters(Parameters):
    """Everything that can be set; amounts are in millionths of a coin (µcoin), shares in basis points."""

    sellers: int = number(2, 2, OFFERS_SHOWN, "agents", "who sell substitutes")
    horizon: int = number(100, 1, 10**6, "ticks", "length of an episode")
    quality: int = number(2 * COIN, 0, MOST, "µcoin", "worth of every good to consumers, up to taste")
    outside: int = number(0, 0, MOST, "µcoin", "worth of buying nothing, up to taste")
    mu: int = number(COIN // 4, 1_000, MOST, "µcoin", "spread of tastes: how different the goods are")
    cost_low: int = number(COIN, 0, MOST, "µcoin", "unit cost of the first seller; the others' rise evenly")
    cost_high: int = number(COIN, 0, MOST, "µcoin", "unit cost of the last seller")
    levels: int = number(15, 2, MOST_LEVELS, "prices", "on the grid")
    beyond_bps: int = number(
        1_000, 0, 10_000, "bps", "how far the grid goes beyond the Nash and the monopoly price, of their distance"
    )
    base_fee: int = number(0, 0, 10**6, "µcoin/gas", "at the start")
    fee_quotient: int = number(0, 0, 2**20, "1", "the base fee moves by at most one part in this; 0 keeps it")
    gas_limit: int = number(2**30, 50, 2**30, "gas/block", "posting a price takes 50")

    @model_validator(mode="after")
    def ordered(self) -> "PostedPriceParameters":
        """Costs rise, and the grid is not too fine for whole µcoin."""
        if self.cost_low > self.cost_high:
            raise ValueError(f"cost_low: {self.cost_low} given, allowed is at most cost_high, {self.cost_high}")
        lowest, highest = self.grid_ends
        if highest - lowest < 2 * (self.levels - 1):
            most = (highest - lowest) // 2 + 1
            raise ValueError(
                f"levels: {self.levels} given, allowed is at most {most}: a grid from {lowest} to {highest} is short"
            )
        return self

    @property
    def top_level(self) -> int:
        """The highest level of the grid."""
        return self.levels - 1

    @property
    def costs(self) -> tuple[int, ...]:
        """Unit cost of each seller, µcoin."""
        steps = self.sellers - 1
        return tuple(self.cost_low + k * (self.cost_high - self.cost_low) // steps for k in range(self.sellers))

    @property
    def market(self) -> Market:
        """What the truth is computed from, µcoin."""
        return Market(self.quality, self.outside, self.mu, self.costs)

    @property
    def grid_ends(self) -> tuple[int, int]:
        """Lowest and highest price of the grid, µcoin: a bit beyond the lowest Nash price and the highest of a monopoly."""
        low, high = float(nash_prices(self.market).min()), float(monopoly_prices(self.market).max())
        beyond = (high - low) * self.beyond_bps / 10_000
        return max(0, round(low - beyond)), round(high + beyond)


PRESETS: dict[str, dict[str, Any]] = {
    "minimal": {"horizon": 8},
    "standard": {},
    "large": {"sellers": 16, "horizon": 1_000, "cost_high": 1_250_000},
}
"""`minimal` for tests and lessons. `standard` is the baseline of Calvano and others: two equal sellers, 15 prices. `large` has
sixteen sellers of unequal costs."""
