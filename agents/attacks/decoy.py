"""Attack: offer what nobody can have, so that clients lose their turn."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.attacks.attack import Attack, Capability
from agents.policy import Action, Dice
from agents.scripted.cost_plus import CostPlus
from agents.scripted.undercutting import undercut


@dataclass(frozen=True)
class Decoy:
    """Undercuts its cheapest rival by `step_bps`, at any price, and pledges nothing: every hire is refused for lack of stake. It
    promises the least stake allowed, and one unit of money where none is asked.

    A client has one try per need, and a refusal leaves no rating, so it comes back next time. The decoy earns nothing and pays
    only the fees of its posts.

    One that `dodges` has its offer backed. It bonds the stake of one job, asks next to nothing, and one unit of money more in
    every tick, with a tip that takes the new price into the block before the hires: they name the price that was shown, and are
    refused. Against that `backed_offers` does not help.

    Source: denial of inventory, OAT-021 in Watson and Zaw, "OWASP Automated Threat Handbook", 2018, from the seller's side: what
    is on offer is kept from everybody by one who never closes a deal. Offers that are not meant to be taken are the spoofing of
    Cartea, Jaimungal and Wang, "Spoofing and price manipulation in order-driven markets", Applied Mathematical Finance 27, 2020,
    where they are to move a price.
    """

    step_bps: int = 100
    dodges: bool = False

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """A good price for what can not be had."""
        if self.dodges:
            return {"price": view["price"] + 1, "bonded": view["min_stake"], "tip": 1}
        most = 2 * (view["cost"] + view["effort_cost"])
        return {"price": undercut(view, 0, most, self.step_bps), "stake": np.maximum(view["min_stake"], 1), "bonded": 0}


ATTACK = Attack(
    name="decoy",
    about="Providers that offer what they can not stand behind, cheaper than anybody, so that clients lose their turn.",
    goal="Keep clients from their rivals; it gains nothing by that itself.",
    capability=Capability({"provider": 1}),
    policies={"provider": Decoy},
    twin={"provider": CostPlus},
    setting={},
    defence="backed_offers",
)
