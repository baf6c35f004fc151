"""How fast the service market is: whole steps (views, given actions, mempool, block, settlement, measures) on one core.

The actions are given, so no policy is timed: providers ask cost plus a fifth, every client that needs a service hires the
first offer it is shown (which one that is, is drawn), and answers its delivery honestly.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.scenarios import find
from tests.bench.mesa_market import run as run_mesa
from tests.bench.timing import Ratio, Side, compare

MARKET = find("service_market")
LARGE = {"clients": 80_000, "providers": 20_000, "services": 8, "gas_limit": 2**30, "horizon": 8}
MESA_TICKS = 100


class Given(NamedTuple):
    """A batch of worlds, with the actions that are repeated in every tick."""

    economy: Any
    actions: dict[str, Any]

    @property
    def agent_steps(self) -> int:
        """Agents × worlds × ticks of one episode."""
        return int(self.economy.ticks * sum(names.size for names in self.economy.names.values()))


def given(worlds: int, **settings: int) -> Given:
    """Worlds of the standard preset with some settings replaced, and actions for all their agents."""
    economy = MARKET.build(MARKET.settings("standard", settings), seeds=np.arange(worlds))
    views = economy.views
    actions = {role.name: role.actions(views[role.name].size) for role in MARKET.roles}
    actions["client"]["hire"] = 0
    actions["provider"]["price"] = (views["provider"]["cost"] + views["provider"]["effort_cost"]) * 12 // 10
    return Given(economy, actions)


def fresh(work: Given) -> Callable[[], Given]:
    """Start the episode anew."""

    def prepare() -> Given:
        work.economy.begin(0)
        return work

    return prepare


def play(work: Given) -> None:
    """Step through the episode."""
    for _ in range(work.economy.ticks):
        work.economy.advance(work.actions)


def transactions_per_step(work: Given) -> float:
    """Transactions executed per agent-step, after an episode was played: three for every hire that was answered."""
    ticks = work.economy.private.ticks
    return int(ticks["hires"].sum() + ticks["delivered"].sum() + ticks["settled"].sum()) / work.agent_steps


def market_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """The comparisons, and a line on the work that was done."""
    small, large = given(256), given(1, **LARGE)
    ours = Side(small.agent_steps, fresh(small), play)
    mesa = Side(40 * MESA_TICKS, lambda: None, lambda _: run_mesa(32, 8, MESA_TICKS, seed=1))
    beside_mesa = compare("service market, 40 agents, 256 worlds, beside Mesa", "agent-steps/s", ours, mesa, 20, pairs)
    growth = compare(
        "service market, 100,000 agents beside 40",
        "agent-steps/s",
        Side(large.agent_steps, fresh(large), play),
        ours,
        0.25,
        pairs,
    )
    note = (
        f"Whole steps of the service market: {beside_mesa.ours / 1e6:.2f} million agent-steps/s on one core (aim: 10), "
        f"with {transactions_per_step(small):.2f} transactions per agent-step; one of 100,000 agents costs "
        f"{1 / growth.ratio:.2f} times one of 40 (aim: below 4)."
    )
    return [beside_mesa, growth], [note]
