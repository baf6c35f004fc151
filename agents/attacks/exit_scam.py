"""Attack: earn a good name, then sell it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.attacks.attack import Attack, Capability
from agents.policy import Action, Dice
from agents.scripted.going_rate import going_rate
from agents.scripted.undercutting import FAR, Undercutting


@dataclass(frozen=True)
class ExitScam:
    """Is `Undercutting`, with full effort, until `last` ticks are left. Then, if it has `enough` ratings, it delivers nothing of
    worth, and asks the highest price at which a client still prefers it to every rival shown.

    A client weighs worth × trust - price, so a name that is better than a rival's bears a higher price, and one that gets worse
    has to become cheaper: it does, down to what a job costs without effort. It guesses that a good job is worth `worth_bps` of
    the going rate.

    Source: a playbook that gains a name and then exploits how slowly it is lost (reputation lag), Jøsang and Golbeck,
    "Challenges for robust trust and reputation systems", STM 2009.
    """

    last: int = 20
    enough: int = 5
    worth_bps: int = 20_000
    step_bps: int = 100

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Honest first."""
        honest = Undercutting().act(view, memory, dice)["price"]
        leaves = (view["ticks_left"] <= self.last) & (view["ratings"] >= self.enough)
        return {"price": np.where(leaves, self.highest(view), honest), "effort_bps": np.where(leaves, 0, 10_000)}

    def highest(self, view: Any) -> NDArray[np.int64]:
        """The price that its name bears against every rival shown, less a step; at least its cost without effort, µcoin."""
        offers = view["offers"]
        rival = (offers["address"] >= 0) & (offers["address"] != view["address"][:, None])
        worth = going_rate(view) * self.worth_bps // 10_000
        own = trust_bps(view)
        ahead = own[:, None] - trust_bps(offers)
        bears = np.where(rival, offers["price"] + worth[:, None] * ahead // 10_000, FAR).min(axis=1)
        dearest = np.maximum(view["cost"], worth * own // 10_000)
        return np.clip(bears - np.maximum(1, bears * self.step_bps // 10_000), view["cost"], dearest)


def trust_bps(rated: Any) -> NDArray[np.int64]:
    """What clients are expected to make of ratings: the mean with one more imagined good one, as `BestRated` has it."""
    return np.asarray((rated["rating_bps"] * rated["ratings"] + 10_000) // (rated["ratings"] + 1))


ATTACK = Attack(
    name="exit_scam",
    about="Providers that earn a good name with honest work, and near the end sell junk under it.",
    goal="Be paid for work that was never done, by clients who trust the past.",
    capability=Capability({"provider": 1}),
    policies={"provider": ExitScam},
    twin={"provider": Undercutting},
    setting={"arbiter_bps": 0},
    defence="decay",
)
