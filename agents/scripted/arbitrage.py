"""Arbitrage between a pool and a price outside, and the input that gains most, which traders with a value of their own can use,
too."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice

CREDIT = 1_000_000
"""Smallest units in a credit, for which prices are."""
Floats = NDArray[np.float64]


def kept_of(view: Any) -> Floats:
    """The part of what is paid in that the fee leaves."""
    return np.asarray(1 - view["fee_bps"] / 10_000)


def outcome_of(paid: Any, reserve_in: Any, reserve_out: Any, kept: Any) -> Floats:
    """What a pool gives."""
    return np.asarray(reserve_out * kept * paid / (reserve_in + kept * paid))


def best_input(reserve_in: Any, reserve_out: Any, kept: Any, price: Any) -> Floats:
    """The input that gains most if what comes out is worth `price` of what is paid in: the last unit costs that; at least 0."""
    return np.asarray(np.maximum(np.sqrt(kept * reserve_in * reserve_out * price) - reserve_in, 0) / kept)


@dataclass(frozen=True)
class Arbitrage:
    """Pays in what gains most at the price outside, if a swap gains; it accepts to gain nothing, but no loss.

    Source: optimal arbitrage of a constant product with a fee, Angeris, Kao, Chiang, Noyes and Chitra, "An analysis of Uniswap
    markets", Cryptoeconomic Systems 1, 2021.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Compare the pool with the outside, in both directions."""
        money, credits, kept = view["pool_money"].astype(float), view["pool_credits"].astype(float), kept_of(view)
        price = np.maximum(view["price"], 1) / CREDIT
        coins = np.minimum(np.floor(best_input(money, credits, kept, price)), view["money"])
        sold = np.minimum(np.floor(best_input(credits, money, kept, 1 / price)), view["credits"])
        buys = coins > 0
        paid = np.where(buys, coins, sold)
        reserves = np.where(buys, money, credits), np.where(buys, credits, money)
        worth = outcome_of(paid, *reserves, kept) * np.where(buys, price, 1 / price)
        gains = paid < worth
        slippage = np.floor(10_000 * (1 - paid / np.maximum(worth, paid + 1e-9)))
        return {"pay": np.where(gains, np.where(buys, paid, -paid), 0), "slippage_bps": np.where(gains, slippage, 0)}
