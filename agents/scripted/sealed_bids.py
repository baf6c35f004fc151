"""Bidders for jobs whose bids are functions of their cost alone, since all bids are sealed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice


@dataclass(frozen=True)
class TruthfulBid:
    """Bids its cost, and so gains nothing where the winner is paid its own bid.

    Source: dominant where the winner is paid the lowest of the other bids, Vickrey, "Counterspeculation, auctions, and
    competitive sealed tenders", Journal of Finance 16, 1961.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Name the cost."""
        return {"bid": view["cost"]}


def shaded(view: Any) -> NDArray[np.float64]:
    """The first-price equilibrium of uniform costs: the cost and a markup that the reserve and the number of bidders bound."""
    high, reserve = view["cost_high"].astype(float), np.minimum(view["reserve"], view["cost_high"])
    above = np.maximum(high - view["cost"], 0.5)
    left = high - reserve
    return np.asarray(view["cost"] + (above - left * (left / above) ** (view["bidders"] - 1)) / view["bidders"])


@dataclass(frozen=True)
class EquilibriumBid:
    """Bids what does best against others who bid so: its cost in the second price; in the first, where the reserve is the highest
    cost, its cost and one n-th of what the cost is below the reserve, so it asks for (n-1)/n of its value less than the reserve.

    Of a job that costs it more than the reserve it stays away.

    Source: Vickrey, Journal of Finance 16, 1961; with reserves Riley and Samuelson, "Optimal auctions", American Economic
    Review 71, 1981.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Add the markup."""
        bid = np.where(view["second_price"] != 0, view["cost"], np.rint(shaded(view)))
        return {"bid": np.where(view["cost"] <= view["reserve"], bid, -1)}


@dataclass(frozen=True)
class RandomBid:
    """Draws a bid between its cost and the reserve, uniformly; of a job that costs it more it stays away.

    Source: traders with zero intelligence who never make a loss, Gode and Sunder, "Allocative efficiency of markets with
    zero-intelligence traders", Journal of Political Economy 101, 1993.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Draw the bid."""
        room = view["reserve"] - view["cost"]
        bid = view["cost"] + np.floor(dice.uniform()[:, 0] * (room + 1)).astype(np.int64)
        return {"bid": np.where(room >= 0, bid, -1)}
