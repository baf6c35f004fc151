"""Attack: sell cheap, and do no work."""

from dataclasses import dataclass
from typing import Any

from agents.attacks.attack import Attack, Capability
from agents.policy import Action, Dice
from agents.scripted.cost_plus import CostPlus
from agents.scripted.undercutting import undercut


@dataclass(frozen=True)
class Shirker:
    """Undercuts its cheapest rival by `step_bps` and delivers with no effort.

    What it saves lets it go lower than honest rivals can: down to what a job costs without effort, and up to twice what it costs
    with. From outside it is a cheap provider, until the first ratings come in.

    Source: the firm that sells minimum quality as high quality until it is found out, Klein and Leffler, "The role of market
    forces in assuring contractual performance", Journal of Political Economy 89, 1981.
    """

    step_bps: int = 100

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """A good price for nothing."""
        most = 2 * (view["cost"] + view["effort_cost"])
        return {"price": undercut(view, view["cost"], most, self.step_bps), "effort_bps": 0}


ATTACK = Attack(
    name="shirker",
    about="Providers that undercut everybody, take the escrow and deliver junk.",
    goal="Be paid for work that was never done.",
    capability=Capability({"provider": 1}),
    policies={"provider": Shirker},
    twin={"provider": CostPlus},
    setting={"arbiter_bps": 0, "horizon": 12},
    defence="dispute",
)
