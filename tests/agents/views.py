"""Views for policies: made by hand, or taken from the middle of a market."""

from functools import cache
from typing import Any

import numpy as np

from agents.policy import Dice, decide, memory_of
from agents.registry import POLICIES
from chain.deployments.token import blank
from chain.genesis import found
from sim.scenario import OFFERS_SHOWN, layout
from sim.scenarios import SCENARIOS, find
from sim.world import World
from tests.sim.worlds import world

ROLES = {role.name: role for scenario in SCENARIOS.values() for role in scenario.roles}
EVERY_POLICY = [(role, name) for role, policies in POLICIES.items() for name in policies]
MANY = 64


@cache
def heads() -> Any:
    """The head of one world."""
    book = blank(1, 2, 2)
    found(book, seeds=11, balances=[0])
    return book.head[:, 0]


def dice(names: Any, tick: int = 0) -> Dice:
    """Dice for agents of these names."""
    return Dice(heads(), tick, np.asarray(names, np.int64))


def view(role: str, offers: Any = (), **columns: Any) -> Any:
    """One or more rows by hand; `offers` are (address, price, rating, ratings) of each row, the other places are empty."""
    rows = max([np.size(value) for value in columns.values()] + [1])
    made = np.zeros(rows, layout(ROLES[role].view))
    for column, empty in (("need", 0), ("job", -1), ("job_provider", -1)):
        if column in made.dtype.names:
            made[column] = empty
    made["offers"]["address"] = -1
    for name, value in columns.items():
        made[name] = value
    for place, offer in enumerate(offers):
        made["offers"][:, place] = np.array(tuple([*offer, 0, 0][:4]), made["offers"].dtype)
    assert len(offers) <= OFFERS_SHOWN
    return made


def ask(policy: Any, made: Any, memory: Any = None, names: Any = None, tick: int = 0) -> Any:
    """What a policy does on a view: the checked action, all fields. Empty memory and names 0, 1, ... if none are given."""
    (role,) = (role for role in ROLES.values() if layout(role.view) == made.dtype)
    memory = np.zeros(made.size, memory_of(policy)) if memory is None else memory
    names = np.arange(made.size) if names is None else names
    return role.read(decide(policy, made, memory, dice(names, tick)), made.size)


def lively(role: str) -> World:
    """A lively market with 64 agents of this role, in one world or in several."""
    if role == "seller":
        shops = find("posted_price")
        settings = {"sellers": 16, "horizon": 12, "cost_low": 800_000, "cost_high": 1_400_000, "levels": 60}
        return World(shops, shops.settings("minimal", settings), {role: "random_price"}, seeds=np.arange(MANY // 16))
    if role == "bidder":
        halls = find("auction")
        settings = {"bidders": 16, "horizon": 12, "reserve": 800_000}
        return World(halls, halls.settings("minimal", settings), {role: "random_bid"}, seeds=np.arange(MANY // 16))
    if role in ("buyer", "supplier"):
        pits = find("double_auction")
        settings = {"buyers": 16, "suppliers": 16, "horizon": 12, "turns": 0}
        return World(pits, pits.settings("minimal", settings), {}, seeds=np.arange(MANY // 16))
    if role in ("trader", "arbitrageur", "builder"):
        floors, each = find("exchange"), {"trader": 16, "arbitrageur": 8, "builder": 1}[role]
        settings = {"traders": 16, "arbitrageurs": 8, "horizon": 12, "step_bps": 100}
        return World(floors, floors.settings("minimal", settings), {}, seeds=np.arange(MANY // each))
    counts = {"clients": MANY, "providers": MANY, "services": 2, "horizon": 12, "gas_limit": 10**6, "reliability_bps": 6_000}
    return world({"client": "random", "provider": "undercutting"}, **counts)


@cache
def market_views(role: str) -> tuple[Any, ...]:
    """What 64 agents of a role are shown in the ticks of a lively market, read-only."""
    played = lively(role)
    views = []
    while not played.done:
        shown = played.economy.views[role].copy()
        shown.flags.writeable = False
        views.append(shown)
        played.step()
    return tuple(views)
