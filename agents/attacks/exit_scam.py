"""Attack: earn a name, then sell it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.attacks.attack import Attack, Capability
from agents.policy import Action, Dice
from agents.scripted.undercutting import Undercutting


def trust_bps(rating_bps: Any, ratings: Any) -> NDArray[np.int64]:
    """What clients make of ratings: the mean with one more imagined good one, as `BestRated` has it."""
    return np.asarray((rating_bps * ratings + 10_000) // (ratings + 1))


@dataclass(frozen=True)
class ExitScam:
    """Works honestly and undercuts its rivals until `last` ticks are left, if it has `enough` ratings; then it asks what its good name is worth."""

    last: int = 22
    enough: int = 5
    worth_bps: int = 20_000

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        honest = Undercutting().act(view, memory, dice)["price"]
        scam = (view["ticks_left"] <= self.last) & (view["ratings"] >= self.enough)
        return {"price": np.where(scam, self._highest(view), honest), "effort_bps": np.where(scam, 0, 10_000)}

    def _highest(self, view: Any) -> NDArray[np.int64]:
        """The highest price at which a client still prefers it to each rival shown, given both their ratings."""
        offers = view["offers"]
        rival = (offers["address"] >= 0) & (offers["address"] != view["address"][:, None])
        shown = np.maximum(rival.sum(axis=1), 1)
        worth = np.where(rival, offers["price"], 0).sum(axis=1) // shown * self.worth_bps // 10_000
        own = trust_bps(view["rating_bps"], view["ratings"])
        ahead = own[:, None] - trust_bps(offers["rating_bps"], offers["ratings"])
        price = np.where(rival, offers["price"] + worth[:, None] * ahead // 10_000, 2**40).min(axis=1)
        top = worth * own // 10_000
        return np.clip(price * 99 // 100, view["cost"], np.maximum(view["cost"], top))


ATTACK = Attack(
    name="exit_scam",
    about="Providers that earn a good name with honest work, and then sell junk under it.",
    goal="Be paid for work that was never done, by clients who trust the past.",
    capability=Capability({"provider": 1}),
    policies={"provider": ExitScam},
    twin={"provider": Undercutting},
    setting={"arbiter_bps": 0},
    defence="decay",
)
