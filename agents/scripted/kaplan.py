"""Traders of a double auction that wait in the background and let others negotiate."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policy import Action, Dice
from agents.scripted.truthful import buys, limit_of, may_quote


@dataclass(frozen=True)
class Kaplan:
    """Takes the other side's quote when bid and ask are close, or time runs out, and it gains by it; until then it says nothing,
    but for a quote at the end of the range where its side has none.

    Source: the winner of the Santa Fe tournament, Rust, Miller and Palmer, "Characterizing effective trading strategies", Journal
    of Economic Dynamics and Control 18, 1994.
    """

    close_bps: int = 1_000
    """Distance of bid and ask, in shares of the ask, at which it jumps in."""
    late_bps: int = 1_000
    """The last part of the episode, in which it takes whatever gains."""

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Take, open, or wait."""
        bid, ask, limit, buyer = view["best_bid"], view["best_ask"], limit_of(view), buys(view)
        offered = ask if buyer else bid
        gains = (offered >= 0) & ((offered <= limit) if buyer else (offered >= limit))
        close = (bid >= 0) & (ask >= 0) & ((ask - bid) * 10_000 <= self.close_bps * ask)
        late = view["ticks_left"] * 10_000 <= self.late_bps * view["horizon"]
        takes = gains & (close | late)
        opens = ((bid if buyer else ask) < 0) & ((view["lowest"] <= limit) if buyer else (limit <= view["highest"]))
        opening = view["lowest"] if buyer else view["highest"]
        price = np.where(takes, offered, np.where(opens, opening, -1))
        return {"price": np.where(may_quote(view), price, -1)}
