"""Traders who swap credits against coins in a pool: how much of their need, and how much worse than it looks they accept."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice
from agents.scripted.arbitrage import CREDIT, Floats, best_input, kept_of, outcome_of


def whole_need(view: Any) -> tuple[Floats, Floats, Floats]:
    """What to pay in for the whole need, what comes out of it, and the least for which that gains: 0 to pay where nothing
    gains."""
    buys, need, kept = view["buys"] == 1, view["need"].astype(float), kept_of(view)
    money, credits, value = view["pool_money"].astype(float), view["pool_credits"].astype(float), view["value"] / CREDIT
    left = np.maximum(credits - need, 1)
    paid = np.where(buys, np.ceil(money * need / left / kept), need)
    out = np.where(buys, need, outcome_of(need, credits, money, kept))
    least = np.where(buys, paid / np.maximum(value, 1e-9), need * value)
    gains = (need > 0) & (out > least) & (~buys | (credits > need))
    return np.where(gains, paid, 0), out, least


@dataclass(frozen=True)
class Tolerant:
    """Swaps its whole need if that gains at the pool's present price, and accepts to get one per cent less.

    Source: the model of a victim of Zhou, Qin, Torres, Le and Gervais, "High-frequency trading on decentralized on-chain
    exchanges", IEEE Symposium on Security and Privacy 2021, where 1 % is an exchange's default.
    """

    slippage_bps: int = 100

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """The whole need."""
        return {"pay": whole_need(view)[0], "slippage_bps": self.slippage_bps}


@dataclass(frozen=True)
class AtValue:
    """Swaps its whole need if that gains, and accepts whatever is no loss: its limit is its value.

    Source: price taking as in the textbook; who says what a credit is worth to it can lose all of that to a builder.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """The whole need, down to its value."""
        paid, out, least = whole_need(view)
        return {
            "pay": paid,
            "slippage_bps": np.where(paid > 0, np.floor(10_000 * (1 - least / np.maximum(out, least + 1e-9))), 0),
        }


@dataclass(frozen=True)
class Marginal:
    """Swaps so much of its need that the last credit costs or brings its value, and accepts to get 0.1 % less.

    Source: the optimal trade against a constant product, Angeris, Kao, Chiang, Noyes and Chitra, "An analysis of Uniswap
    markets", Cryptoeconomic Systems 1, 2021.
    """

    slippage_bps: int = 10

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """The smaller of need and what gains most."""
        buys, need, kept = view["buys"] == 1, view["need"].astype(float), kept_of(view)
        money, credits, value = view["pool_money"].astype(float), view["pool_credits"].astype(float), view["value"] / CREDIT
        whole = np.where(buys, np.where(credits > need, money * need / np.maximum(credits - need, 1) / kept, np.inf), need)
        coins, sold = best_input(money, credits, kept, value), best_input(credits, money, kept, 1 / np.maximum(value, 1e-9))
        best = np.minimum(whole, np.where(buys, coins, sold))
        return {"pay": np.where(need > 0, np.floor(best), 0), "slippage_bps": self.slippage_bps}
