"""Provider that asks its cost and a markup."""

from dataclasses import dataclass
from typing import Any

from agents.policy import Action, Dice


@dataclass(frozen=True)
class CostPlus:
    """Asks its full cost (work done with full effort) plus `markup_bps`, and works with full effort.

    Source: full-cost pricing as firms described it to Hall and Hitch, "Price theory and business behaviour", Oxford Economic
    Papers 2, 1939.
    """

    markup_bps: int = 2_000

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Add the markup."""
        full_cost = view["cost"] + view["effort_cost"]
        return {"price": full_cost + full_cost * self.markup_bps // 10_000}
