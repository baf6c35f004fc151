"""Attack: one owner on both sides of the market, who rates himself up and his rivals down.

His clients can not see who owns a provider, so the prices tell them: the last three digits of his prices are a code.

In the setting below work is scarce: whom the blame drives away from the best rival leaves room for the owner's own clients.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agents.attacks.attack import Attack, Capability
from agents.attacks.shirker import Shirker
from agents.policy import Action, Dice, shown
from agents.scripted.best_rated import BestRated
from agents.scripted.cheapest import Cheapest
from agents.scripted.cost_plus import CostPlus

TAIL, CODE = 1_000, 271
"""A price of the owner modulo `TAIL` is `CODE`, agreed beforehand. A thousandth of a coin is nothing to anybody, and an
honest price looks so once in a thousand times."""
OWN = 8
"""Providers that a client remembers as its owner's."""
ACCEPT, HONEST = 1, 3
"""Answers of a client: pay whatever it is, or dispute what is bad."""


@dataclass(frozen=True)
class SybilProvider:
    """Shirks, at a price whose last digits tell the owner's clients whom to praise. It can not tell who hires it: all get junk.

    Source: Douceur, "The Sybil attack", IPTPS 2002.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Junk under a sign."""
        price = Shirker().act(view, memory, dice)["price"]
        return {"price": np.maximum(price - CODE, 0) // TAIL * TAIL + CODE, "effort_bps": 0}


@dataclass(frozen=True)
class SybilClient:
    """Hires the owner's provider until that has `enough` ratings, and rates it 10,000 bps whatever it delivers. After that it
    hires the cheapest rival, which is the one in the way, and rates it 0 whatever it delivers; what is bad it disputes, as
    anybody would.

    It does not go by ratings, since it knows who made them.

    Source: ballot stuffing and bad-mouthing in Dellarocas, "Immunizing online reputation reporting systems against unfair ratings
    and discriminatory behavior", EC 2000.
    """

    enough: int = 1
    memory: ClassVar = np.dtype([("own", "i8", (OWN,)), ("known", "i8")])
    """Addresses + 1 of the owner's providers, in a ring, and how many it ever came to know."""

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Praise the own, blame the others."""
        offers = shown(view)
        own = (offers["address"] >= 0) & (offers["price"] % TAIL == CODE)
        self._remember(offers["address"], own, memory)
        unknown = own & (offers["ratings"] < self.enough)
        rivals = view.copy()
        rivals["offers"]["address"][:, : own.shape[1]][own] = -1
        rival = Cheapest().act(rivals, memory, dice)["hire"]
        praise = (memory["own"] == view["job_provider"][:, None] + 1).any(axis=1) & (view["job"] >= 0)
        return {
            "hire": np.where(unknown.any(axis=1), unknown.argmax(axis=1), rival),
            "answer": np.where(praise, ACCEPT, HONEST),
            "rating_bps": np.where(praise, 10_000, 0),
        }

    @staticmethod
    def _remember(address: Any, own: Any, memory: Any) -> None:
        """Keep the addresses that showed the sign."""
        for place in range(own.shape[1]):
            name = address[:, place] + 1
            rows = np.flatnonzero(own[:, place] & ~(memory["own"] == name[:, None]).any(axis=1))
            memory["own"][rows, memory["known"][rows] % OWN] = name[rows]
            memory["known"][rows] += 1


ATTACK = Attack(
    name="sybil_rating",
    about="Providers that deliver junk, and clients of the same owner who praise them and blame their rivals.",
    goal="Be hired for a name that was never earned.",
    capability=Capability({"provider": 1, "client": 4}),
    policies={"provider": SybilProvider, "client": SybilClient},
    twin={"provider": CostPlus, "client": BestRated},
    setting={"arbiter_bps": 0, "clients": 64, "value_low": 80_000_000, "horizon": 16},
    defence="dispute",
)
