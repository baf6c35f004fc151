"""Markets of posted prices for tests, and a policy that does anything."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.metrics.outcome import PriceOutcome
from sim.scenarios import find
from sim.world import World

SHOPS = find("posted_price")


def shops(policy: Any = None, *, seeds: Any = 0, preset: str = "minimal", **given: Any) -> World:
    """A batch of markets in which all sellers play one policy; `given` are parameters, or `worlds`, `rows` and `threads`."""
    engine = {name: given.pop(name) for name in ("worlds", "rows", "threads") if name in given}
    policies = {} if policy is None else {"seller": policy}
    return World(SHOPS, SHOPS.settings(preset, given), policies, seeds=seeds, **engine)


def trade(policy: Any = None, **given: Any) -> tuple[World, PriceOutcome]:
    """The same, played to the end of its episode."""
    played = shops(policy, **given)
    return played, played.play()


@dataclass(frozen=True)
class AnyPrice:
    """Any level, valid on this grid or not, any price up to the ends of the range, or the same as before."""

    def act(self, view: Any, memory: Any, dice: Any) -> Any:
        how, where = dice.uniform(2).T
        near, far = np.floor(where * 3_000_000).astype(np.int64), np.where(where < 0.5, 0, 2**40)
        price = np.where(how < 0.5, -1, np.where(how < 0.8, near, np.where(how < 0.9, far, view["sellers"]["price"][:, 0])))
        return {"level": np.floor(where * 100).astype(np.int64), "price": price}
