"""Two games with known solutions as scenarios, to show how small one can be: they settle on a ledger of nothing but money.

A scenario is its roles (what they see, what they do), its parameters, and an economy that turns actions into transactions.
"""

from types import MappingProxyType
from typing import Any

import numpy as np

from chain.deployments.token import advance, blank
from chain.dice import fill_units
from chain.genesis import found
from chain.layout import MAX_SUPPLY, Kind, records
from chain.mempool import NO_DEADLINE
from sim.scenario import Column, Parameters, Role, Scenario, layout

COIN = 1_000_000
PURSE = 1_000 * COIN


def idle(view: Any, memory: Any, dice: Any) -> Any:
    """The policy of a role that nobody plays."""
    return {}


class OneShot:
    """Worlds in which everybody acts once: a game says what it draws (`deal`) and who pays whom what (`payments`)."""

    ticks = 1

    def __init__(self, roles: Any, counts: Any, seeds: Any, worlds: Any) -> None:
        self.seeds, self.worlds = np.atleast_1d(np.asarray(seeds, np.int64)), worlds
        size, agents = self.seeds.size, sum(counts)
        self.book: Any = blank(size, agents + 1, pool=agents)
        ends = np.cumsum([0, *counts])
        self.rows = {role.name: np.arange(*ends[k : k + 2]) for k, role in enumerate(roles)}
        self.names = {name: np.tile(rows, size) for name, rows in self.rows.items()}
        self.views: Any = {role.name: records(layout(role.view), size * n) for role, n in zip(roles, counts, strict=True)}
        self.begin(0)

    def begin(self, episode: int, seeds: Any = None) -> None:
        if seeds is not None:
            self.seeds = np.broadcast_to(np.asarray(seeds, np.int64), self.seeds.shape).copy()
        money = [PURSE] * self.book.accounts.shape[1]
        found(self.book, seeds=self.seeds, worlds=self.worlds, episode=episode, balances=money, proposer=len(money) - 1)
        self.worth = {name: np.zeros((self.seeds.size, rows.size), np.int64) for name, rows in self.rows.items()}
        self.deal()

    def advance(self, actions: Any) -> None:
        pool, head = self.book.pool, self.book.head
        for k, (sender, to, amount) in enumerate(self.payments({r: a.reshape(self.seeds.size, -1) for r, a in actions.items()})):
            tx = pool[:, k]
            tx["kind"], tx["sender"], tx["to"], tx["amount"] = Kind.TRANSFER, sender, to, amount
            tx["nonce"], tx["tip"], tx["deadline"] = 0, 0, NO_DEADLINE
            self.book.accounts["pending"][np.arange(self.seeds.size), sender] += 1
            head["pending"] += 1
        advance(self.book, 0, self.seeds.size)

    def gains(self) -> Any:
        money = self.book.accounts["balance"] - PURSE
        return {name: (money[:, rows] + self.worth[name]).reshape(-1) for name, rows in self.rows.items()}

    def outcome(self) -> Any:
        return self.gains()

    def deal(self) -> None: ...

    def payments(self, actions: Any) -> Any:
        raise NotImplementedError


def scenario(name: str, roles: tuple[Role, ...], parameters: type[Parameters], build: Any) -> Scenario:
    return Scenario(
        name, f"{name}, for tests", roles, parameters, MappingProxyType({"standard": {}}), build, (), lambda _: {}, ()
    )


class Bare(Parameters):
    """Nothing can be set."""


SIDE = (Column("side", 0, 1, "0 or 1", "which side of the penny it shows", span=(0, 1), levels=2),)
BLANK = (Column("nothing", 0, 1, "1", "a player sees nothing", scale=1),)


class MatchingPennies(OneShot):
    """Two show a side of a penny: `matcher` wins a coin if they are equal, else `mismatcher` does. Both mix one half."""

    def __init__(self, parameters: Any, *, seeds: Any, worlds: Any = None, rows: Any = None, threads: int = 1) -> None:
        super().__init__(PENNIES.roles, (1, 1), seeds, worlds)

    def payments(self, actions: Any) -> Any:
        equal = actions["matcher"]["side"][:, 0] == actions["mismatcher"]["side"][:, 0]
        yield np.where(equal, 1, 0), np.where(equal, 0, 1), COIN


PENNIES = scenario(
    "matching_pennies",
    tuple(
        Role(name, about, BLANK, SIDE, idle, ("side",), "discrete", COIN)
        for name, about in (("matcher", "wants equal sides"), ("mismatcher", "wants different ones"))
    ),
    Bare,
    MatchingPennies,
)


class Bidders(Parameters):
    """How many bid."""

    bidders: int = 2


BIDDER = Role(
    name="collector",
    about="values the good at a uniform share of a coin, bids up to twice that; the highest bid wins and is paid",
    policy=idle,
    view=(Column("value", 0, COIN, "µcoin", "of the good to this bidder; private", scale=COIN),),
    action=(Column("bid", 0, COIN, "µcoin", "what it pays if it wins", span=(0, COIN), levels=41),),
    learn=("bid",),
    reward_scale=COIN,
)


class FirstPrice(OneShot):
    """A sealed first-price auction with values uniform on [0, 1]: in equilibrium n bidders bid v (n - 1) / n.

    Source: Vickrey, "Counterspeculation, auctions, and competitive sealed tenders", Journal of Finance 16, 1961.
    """

    def __init__(self, parameters: Any, *, seeds: Any, worlds: Any = None, rows: Any = None, threads: int = 1) -> None:
        super().__init__((BIDDER,), (parameters.bidders,), seeds, worlds)

    def deal(self) -> None:
        units = np.empty((self.names["collector"].size, 1))
        fill_units(self.book.head[:, 0], 0, self.names["collector"], MAX_SUPPLY, units)  # far from what policies draw
        self.views["collector"]["value"] = units[:, 0] * COIN

    def payments(self, actions: Any) -> Any:
        values = self.views["collector"]["value"].reshape(self.seeds.size, -1)
        bids = actions["collector"]["bid"]
        winner, world = bids.argmax(axis=1), np.arange(self.seeds.size)
        self.worth["collector"][world, winner] = values[world, winner]
        yield winner, self.book.accounts.shape[1] - 1, bids[world, winner]


AUCTION = scenario("first_price", (BIDDER,), Bidders, FirstPrice)
