"""How fast the fronts are stepped with random actions, each beside the same market written by hand for PettingZoo.

Actions are drawn beforehand for both sides. Everything else is timed: reading actions, the step, views, masks, rewards, infos and
the beginning of the next episode.
"""

from typing import Any

import numpy as np

import sim
from sim.fronts.pettingzoo_env import LedgerParallelEnv
from sim.scenarios import SCENARIOS
from tests.bench.timing import Ratio, Side, compare, seconds
from tests.bench.zoo_market import ZooMarket
from tests.bench.zoo_prices import ZooPrices

MARKET_WORLDS, PRICE_WORLDS = 256, 4_096
ZOO_EPISODES = 5


def zoo_side(env: Any, ticks: int, episodes: int) -> Side:
    """Episodes of a PettingZoo environment; a unit of work is one agent's step."""
    env.reset(seed=0)
    actions = [{name: env.action_space(name).sample() for name in env.possible_agents} for _ in range(ticks)]

    def play(_: Any) -> None:
        for _ in range(episodes):
            env.reset()
            for action in actions:
                env.step(action)

    return Side(len(env.possible_agents) * ticks * episodes, lambda: None, play)


def vec_side(env: Any) -> Side:
    """An episode of a VecEnv."""
    space, ticks = env.action_space, env.world.economy.ticks
    actions = [np.array([space.sample() for _ in range(env.num_envs)]) for _ in range(ticks)]
    env.reset()

    def play(_: Any) -> None:
        for action in actions:
            env.step(action)

    return Side(env.num_envs * ticks, lambda: None, play)


def market_side(env: LedgerParallelEnv) -> Side:
    """Episodes of the PettingZoo front."""
    return zoo_side(env, env.world.economy.ticks, ZOO_EPISODES)


def prices_side(horizon: int) -> Side:
    """Episodes of the market of posted prices written by hand."""
    parameters = SCENARIOS["posted_price"].settings("standard", {})
    lowest, highest = parameters.grid_ends
    grid = np.linspace(lowest / 1e6, highest / 1e6, parameters.levels).tolist()
    return zoo_side(ZooPrices(grid, parameters.sellers, horizon), horizon, ZOO_EPISODES)


def note(what: str, side: Side) -> str:
    """How long one agent's step takes, the best of three episodes."""
    return f"{what}: {min(seconds(side) for _ in range(3)) / side.work * 1e9:.0f} ns per agent-step."


def front_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """The comparisons, and lines on single fronts."""
    ours = LedgerParallelEnv("service_market")
    by_hand = zoo_side(ZooMarket(32, 8, ours.world.economy.ticks), ours.world.economy.ticks, 1)
    prices = vec_side(sim.make_vec_env("posted_price", "seller", PRICE_WORLDS))
    horizon = SCENARIOS["posted_price"].settings("standard", {}).horizon
    plain = prices_side(horizon)
    rows: list[tuple[str, Side, Side, float]] = [
        ("PettingZoo front, service market of 40 agents, beside one by hand", market_side(ours), by_hand, 1),
        (f"VecEnv, posted prices, {PRICE_WORLDS} worlds, beside a plain PettingZoo loop", prices, plain, 20),
    ]
    ratios = [compare(what, "agent-steps/s", side, other, target, pairs) for what, side, other, target in rows]
    beside = {"provider": "clients", "client": "providers"}
    notes = [
        note(f"VecEnv, {role}s of the service market, {MARKET_WORLDS} worlds, beside scripted {others}", vec_side(env))
        for role, others in beside.items()
        for env in [sim.make_vec_env("service_market", role, MARKET_WORLDS)]
    ]
    return ratios, [note(f"VecEnv, posted prices, {PRICE_WORLDS} worlds", prices), *notes]
