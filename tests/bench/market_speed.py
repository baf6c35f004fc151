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
BATCH = 64
"""Worlds at a time, as `sim.run` plays many seeds: the state of a batch fits the processor's cache."""
LARGE = {"clients": 80_000, "providers": 20_000, "services": 8, "gas_limit": 2**30, "horizon": 8}
MESA_TICKS = 100


class Given(NamedTuple):
    """Economies with the actions that are repeated in every tick."""

    economies: list[Any]
    actions: list[dict[str, Any]]

    @property
    def agent_steps(self) -> int:
        """Agents × worlds × ticks of one episode."""
        return sum(e.ticks * sum(names.size for names in e.names.values()) for e in self.economies)


def given(worlds: int, **settings: int) -> Given:
    """Worlds of the standard preset with some settings replaced, and actions for all their agents."""
    parameters = MARKET.settings("standard", settings)
    economies = [MARKET.build(parameters, seeds=np.arange(k, min(k + BATCH, worlds))) for k in range(0, worlds, BATCH)]
    actions = []
    for economy in economies:
        views = economy.views
        chosen = {role.name: role.actions(views[role.name].size) for role in MARKET.roles}
        chosen["client"]["hire"] = 0
        chosen["provider"]["price"] = (views["provider"]["cost"] + views["provider"]["effort_cost"]) * 12 // 10
        actions.append(chosen)
    return Given(economies, actions)


def fresh(work: Given) -> Callable[[], Given]:
    """Start every economy anew."""

    def prepare() -> Given:
        for economy in work.economies:
            economy.begin(0)
        return work

    return prepare


def play(work: Given) -> None:
    """Step every economy through its episode."""
    for economy, actions in zip(work.economies, work.actions, strict=True):
        for _ in range(economy.ticks):
            economy.advance(actions)


def transactions_per_step(work: Given) -> float:
    """Transactions executed per agent-step, after an episode was played: three for every hire that was answered."""
    ticks = [economy.private.ticks for economy in work.economies]
    done = sum(int(t["hires"].sum() + t["delivered"].sum() + t["settled"].sum()) for t in ticks)
    return done / work.agent_steps


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
