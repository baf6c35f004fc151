"""Attack: sell junk, and begin again under a new name."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agents.attacks.attack import Attack, Capability
from agents.attacks.shirker import Shirker
from agents.policy import Action, Dice
from agents.scripted.cost_plus import CostPlus

TRIES = 3


@dataclass(frozen=True)
class Whitewasher:
    """Shirks, and takes a new identity once its rating falls below `least_bps`, up to `identities` times.

    It re-enters only while that pays: the first time to see what it costs, then as long as its last identity earned more than
    that. Stake that it can spare it leaves behind; if it can not, it takes no more jobs and waits for it first. It gives up after
    `TRIES` refusals in a row.

    Source: Friedman and Resnick, "The social cost of cheap pseudonyms", Journal of Economics and Management Strategy 10, 2001.
    """

    least_bps: int = 5_000
    identities: int = 8
    memory: ClassVar = np.dtype(
        [("name", "i8"), ("taken", "i8"), ("tried", "i8"), ("start", "i8"), ("before", "i8"), ("fee", "i8")]
    )
    """Its address + 1; identities taken; attempts under this one; money at its start; free money in the last tick; and what the
    last identity cost."""

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Sell, or begin again."""
        self._arrive(view, memory)
        tied = view["bonded"] + view["unbonding"]
        earned = view["balance"] + tied - memory["start"] - view["ratings"] * view["cost"]
        worth_it = (memory["taken"] == 0) | (earned > memory["fee"])
        able = (memory["taken"] < self.identities) & (memory["tried"] < TRIES)
        found_out = (view["ratings"] > 0) & (view["rating_bps"] < self.least_bps)
        leaving = found_out & able & worth_it
        ready = leaving & (view["balance"] >= 2 * tied)
        memory["tried"] += ready
        memory["before"] = view["balance"]
        shop: NDArray[np.int64] = np.where(leaving, 0, -1)
        return {**Shirker().act(view, memory, dice), "reenter": ready, "capacity": shop, "bonded": shop}

    @staticmethod
    def _arrive(view: Any, memory: Any) -> None:
        """Take note of a new address. A tenth of the free money stays behind, for fees; what else is missing it has cost."""
        new = view["address"] + 1 != memory["name"]
        moved = new & (memory["name"] > 0)
        memory["fee"] = np.where(moved, memory["before"] - view["balance"] * 10 // 9, memory["fee"])
        memory["taken"] += moved
        memory["tried"] = np.where(new, 0, memory["tried"])
        memory["start"] = np.where(new, view["balance"], memory["start"])
        memory["name"] = view["address"] + 1


ATTACK = Attack(
    name="whitewasher",
    about="Providers that deliver junk and re-enter under a new name when their rating is gone.",
    goal="Be paid for work that was never done, again and again.",
    capability=Capability({"provider": 1}, identities=Whitewasher.identities),
    policies={"provider": Whitewasher},
    twin={"provider": CostPlus},
    setting={"arbiter_bps": 0, "registration_fee": 0, "spare": 16},
    defence="registration_fee",
)
