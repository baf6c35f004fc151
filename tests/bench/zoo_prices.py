"""The market of posted prices as one writes it by hand for PettingZoo: floats, dicts and NumPy observations, no ledger.

The same demand, grid, view and rewards as `posted_price`; no accounts, no transactions, no blocks, no receipts, nothing kept.
"""

import math
from random import Random
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv


class ZooPrices(ParallelEnv[str, Any, int]):  # type: ignore[misc]
    """Sellers choose a level of the grid at once; consumers choose among the prices by logit demand."""

    def __init__(self, grid: list[float], sellers: int = 2, horizon: int = 100) -> None:
        self.metadata = {"name": "zoo_prices_v0"}
        self.grid, self.horizon = grid, horizon
        self.quality, self.outside, self.mu, self.cost = 2.0, 0.0, 0.25, 1.0
        self.possible_agents = [f"seller_{k}" for k in range(sellers)]
        self.observation_spaces = {agent: spaces.Box(-1, 10, (sellers + 2,), np.float32) for agent in self.possible_agents}
        self.action_spaces = {agent: spaces.Discrete(len(grid)) for agent in self.possible_agents}
        self.agents: list[str] = []
        self.random = Random(0)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """What a seller sees: time left, its cost, its level, the others' levels."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """A level of the grid."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """First levels are drawn."""
        if seed is not None:
            self.random = Random(seed)
        self.agents = self.possible_agents[:]
        self.left = self.horizon
        levels = [self.random.randrange(len(self.grid)) for _ in self.agents]
        return self.observe(levels), {agent: {} for agent in self.agents}

    def observe(self, levels: list[int]) -> dict[str, Any]:
        """By seller: time left, cost, its level and the others' after it."""
        top = len(self.grid) - 1
        shown = [level / top for level in levels]
        left = self.left / self.horizon
        return {
            agent: np.array([left, self.cost / self.quality, *shown[k:], *shown[:k]], np.float32)
            for k, agent in enumerate(self.possible_agents)
        }

    def step(
        self, actions: dict[str, int]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Sell at the posted prices."""
        levels = [actions[agent] for agent in self.agents]
        prices = [self.grid[level] for level in levels]
        weights = [math.exp((self.quality - price) / self.mu) for price in prices]
        total = sum(weights) + math.exp(self.outside / self.mu)
        agents = self.agents
        rewards = {
            agent: (price - self.cost) * weight / total for agent, price, weight in zip(agents, prices, weights, strict=True)
        }
        self.left -= 1
        done = self.left == 0
        if done:
            self.agents = []
        return (
            self.observe(levels),
            rewards,
            dict.fromkeys(agents, done),
            dict.fromkeys(agents, False),
            {agent: {} for agent in agents},
        )
