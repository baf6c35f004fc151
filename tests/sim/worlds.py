"""Worlds of the service market for tests, and two policies that behave worse than any registered one."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.scripted.cheapest import Cheapest
from agents.scripted.cost_plus import CostPlus
from sim.metrics.outcome import Outcome
from sim.scenarios import find
from sim.world import World

MARKET = find("service_market")
AT_COST = {"client": Cheapest(), "provider": CostPlus(markup_bps=0)}
"""Providers ask what a job costs them, clients take the best value minus price."""
IDEAL = {
    "base_fee": 0,
    "fee_quotient": 0,
    "reliability_bps": 10_000,
    "gas_limit": 2**30,
    "capacity_low": 64,
    "capacity_high": 64,
    "min_stake": 1_000_000,
}
"""No fees, certain delivery, room for everybody (up to 64 clients)."""


def world(policies: Any = None, *, seeds: Any = 0, preset: str = "minimal", **given: Any) -> World:
    """A batch of service markets; `given` are parameters, or `worlds`, `rows`, `threads` and `attackers`."""
    engine = {name: given.pop(name) for name in ("worlds", "rows", "threads", "attackers") if name in given}
    return World(MARKET, MARKET.settings(preset, given), policies, seeds=seeds, **engine)


def play(policies: Any = None, **given: Any) -> tuple[World, Outcome]:
    """The same, played to the end of its episode."""
    played = world(policies, **given)
    return played, played.play()


@dataclass(frozen=True)
class AnyAction:
    """Plays any action that is valid: each field at its default, at an end of its range, or anywhere in a plausible part."""

    role: str
    price_high: int = 150_000_000
    reentering: bool = True

    def act(self, view: Any, memory: Any, dice: Any) -> Any:
        price = self.price_high
        plausible = {"hire": 1, "price": price, "limit": 2 * price, "stake": 60_000_000, "bonded": 2 * 10**9, "tip": 500}
        action = {}
        for column in MARKET.role(self.role).action:
            if column.name == "reenter" and not self.reentering:
                continue
            how, where = dice.uniform(2).T
            top = min(column.high, plausible.get(column.name, 20_000))
            within = column.low + np.floor(where * (top - column.low + 1)).astype(np.int64)
            ends = np.where(where < 0.5, column.low, column.high)
            action[column.name] = np.where(how < 0.6, within, np.where(how < 0.95, column.default, ends))
        if "reenter" in action:
            action["reenter"] = np.where(dice.uniform()[:, 0] < 0.1, action["reenter"], 0)
        return action


ANYTHING = {"client": AnyAction("client"), "provider": AnyAction("provider")}


@dataclass(frozen=True)
class Fugitive:
    """Works badly, and goes on under a new identity as soon as it has a rating."""

    def act(self, view: Any, memory: Any, dice: Any) -> Any:
        return {"price": view["cost"] + 5_000_000, "effort_bps": 2_000, "reenter": view["ratings"] > 0}
