"""Providers that ask the going rate and differ only in how hard they work: the moral hazard of hidden effort."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice


def going_rate(view: Any) -> NDArray[np.int64]:
    """The mean price of the rivals shown, at least the own full cost; a fifth over that cost where none is shown."""
    full_cost = view["cost"] + view["effort_cost"]
    offers = view["offers"]
    rival = (offers["address"] >= 0) & (offers["address"] != view["address"][:, None])
    shown = rival.sum(axis=1)
    mean = np.where(rival, offers["price"], 0).sum(axis=1) // np.maximum(shown, 1)
    return np.maximum(full_cost, np.where(shown > 0, mean, full_cost + full_cost // 5))


@dataclass(frozen=True)
class HonestEffort:
    """Asks the going rate and works with full effort.

    Source: the high effort of the principal-agent model, Holmström, "Moral hazard and observability", Bell Journal of Economics
    10, 1979.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Full effort."""
        return {"price": going_rate(view), "effort_bps": 10_000}


@dataclass(frozen=True)
class LowEffort:
    """Asks the going rate and saves effort: most of what it delivers is worthless.

    Source: the low effort of the same model; it pays where clients can not tell and stakes are small.
    """

    effort_bps: int = 3_000

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Little effort at the same price."""
        return {"price": going_rate(view), "effort_bps": self.effort_bps}
