"""The service market as one writes it by hand for PettingZoo: Python objects, dicts and NumPy observations.

The same rules, roles, spaces and views as `service_market` through its PettingZoo front: mempool by tip and drawn arrival, fees,
receipts, escrow, disputes, slashing, ratings. The ledger is that of the Mesa market beside this file.
"""

from collections import defaultdict
from random import Random
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from tests.bench.mesa_ledger import ACCEPT, DELIVER, DISPUTE, HIRE, POST, WHOLE_BPS, Market, Offer, Transaction
from tests.bench.mesa_market import CAPACITY, HIGHEST_VALUE, MONEY, NEED, SERVICES, SHOWN, STAKE, STAKE_PER_JOB

Returned = tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]


class ZooMarket(ParallelEnv[str, Any, Any]):  # type: ignore[misc]
    """Clients hire (an offer shown, or none) and answer deliveries; providers set a price and an effort."""

    def __init__(self, clients: int, providers: int, horizon: int) -> None:
        self.metadata = {"name": "zoo_market_v0"}
        self.clients, self.providers, self.horizon = clients, providers, horizon
        self.possible_agents = [f"client_{k}" for k in range(clients)] + [f"provider_{k}" for k in range(providers)]
        client = spaces.Box(-1, 10, (7 + 3 * SHOWN,), np.float32), spaces.MultiDiscrete([SHOWN + 1, 4])
        provider = spaces.Box(-1, 10, (14 + 3 * SHOWN,), np.float32), spaces.Box(-1, 1, (2,), np.float32)
        self.spaces = {name: client if name.startswith("client") else provider for name in self.possible_agents}
        self.agents: list[str] = []
        self.random = Random(0)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """What an agent sees."""
        return self.spaces[agent][0]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """What an agent does."""
        return self.spaces[agent][1]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """A fresh ledger, fresh costs."""
        if seed is not None:
            self.random = Random(seed)
        agents = self.clients + self.providers
        self.market = Market(self.random, [MONEY] * agents, gas_limit=2 * 60 * agents)
        self.costs = [self.random.randint(100, 600) for _ in range(self.providers)]
        for k in range(self.providers):
            self.market.bond(self.clients + k, STAKE)
        self.agents, self.left = self.possible_agents[:], self.horizon
        self.worth = [0] * agents
        self.before = [MONEY] * agents
        return self.observe(), self.infos()

    def observe(self) -> dict[str, Any]:
        """Draw needs and the offers shown; a vector for every agent."""
        market, random = self.market, self.random
        by_service: defaultdict[int, list[Offer]] = defaultdict(list)
        for offer in market.offers.values():
            by_service[offer.service].append(offer)
        shared = [self.left / self.horizon, market.base_fee / 10]
        self.needs: list[int] = []
        self.values: list[int] = []
        self.shown: list[list[Offer]] = []
        out = {}
        for c in range(self.clients):
            need = random.randrange(SERVICES) if random.random() < NEED else -1
            value = random.randint(1, HIGHEST_VALUE) if need >= 0 else 0
            offers = self.show(by_service[need]) if need >= 0 else []
            self.needs.append(need)
            self.values.append(value)
            self.shown.append(offers)
            waiting = market.delivered[c]
            quality = market.jobs[waiting[0]].quality_bps / WHOLE_BPS if waiting else 0.0
            own = [market.balances[c] / MONEY, len(offers) / SHOWN, need / SERVICES, value / HIGHEST_VALUE, quality]
            out[self.possible_agents[c]] = self.vector(shared + own, offers)
        for k in range(self.providers):
            address = self.clients + k
            offer = market.offers.get(address)
            offers = self.show(by_service[k % SERVICES])
            own = [
                market.balances[address] / MONEY, len(offers) / SHOWN, k % SERVICES / SERVICES, self.costs[k] / HIGHEST_VALUE,
                CAPACITY / 8, offer.price / HIGHEST_VALUE if offer else 0.0, offer.taken / 8 if offer else 0.0,
                len(market.hired[address]) / 8, market.bonded[address] / MONEY, market.locked_stake[address] / MONEY,
                STAKE_PER_JOB / HIGHEST_VALUE, market.ratings[address] / 10,
            ]  # fmt: skip
            out[self.possible_agents[address]] = self.vector(shared + own, offers)
        return out

    def show(self, offers: list[Offer]) -> list[Offer]:
        """Up to so many offers, drawn."""
        return self.random.sample(offers, min(len(offers), SHOWN))

    def vector(self, own: list[float], offers: list[Offer]) -> Any:
        """An agent's own numbers, and those of the offers it is shown."""
        market, numbers = self.market, own
        for offer in offers:
            count = market.ratings[offer.provider]
            numbers += [offer.price / HIGHEST_VALUE, market.rating_sums[offer.provider] / (count or 1) / WHOLE_BPS, count / 10]
        return np.array(numbers + [0.0] * (3 * (SHOWN - len(offers))), np.float32)

    def infos(self) -> dict[str, Any]:
        """Which offers can be hired."""
        out: dict[str, Any] = {name: {} for name in self.possible_agents}
        for c in range(self.clients):
            mask = np.zeros(SHOWN + 1, np.int8)
            mask[: len(self.shown[c]) + 1] = 1
            out[self.possible_agents[c]] = {"action_mask": (mask, np.ones(4, np.int8))}
        return out

    def step(self, actions: dict[str, Any]) -> Returned:
        """Everybody signs; then a block is sealed."""
        market, names = self.market, self.possible_agents
        for k in range(self.providers):
            address = self.clients + k
            price, effort = actions[names[address]]
            self.send_provider(
                address, k, round((float(price) + 1) / 2 * HIGHEST_VALUE), round((float(effort) + 1) / 2 * WHOLE_BPS)
            )
        for c in range(self.clients):
            place, answer = actions[names[c]]
            self.send_client(c, int(place) - 1, int(answer))
        market.seal()
        rewards = {}
        for address, name in enumerate(names):
            money = market.balances[address] + (market.bonded[address] if address >= self.clients else 0) + self.worth[address]
            rewards[name] = (money - self.before[address]) / HIGHEST_VALUE
            self.before[address] = money
        self.left -= 1
        done = self.left == 0
        self.agents = [] if done else self.agents
        return self.observe(), rewards, dict.fromkeys(names, done), dict.fromkeys(names, False), self.infos()

    def send_provider(self, address: int, k: int, price: int, effort_bps: int) -> None:
        """Deliver every open job; put the offer up if it is not what it should be."""
        market = self.market
        for number in market.hired[address]:
            market.submit(Transaction(DELIVER, address, 0, subject=number, bps=effort_bps))
            self.worth[address] -= self.costs[k]
            self.worth[market.jobs[number].client] += HIGHEST_VALUE // 2 * effort_bps // WHOLE_BPS
        offer = market.offers.get(address)
        if offer is None or offer.price != price:
            market.submit(Transaction(POST, address, 0, subject=k % SERVICES, amount=price, stake=STAKE_PER_JOB, count=CAPACITY))

    def send_client(self, c: int, place: int, answer: int) -> None:
        """Answer the oldest delivery; hire one of the offers shown."""
        market = self.market
        if market.delivered[c] and answer > 0:
            number = market.delivered[c][0]
            quality = market.jobs[number].quality_bps
            kind = DISPUTE if answer == 2 or (answer == 3 and quality < WHOLE_BPS) else ACCEPT
            market.submit(Transaction(kind, c, 0, subject=number, bps=quality))
        if 0 <= place < len(self.shown[c]):
            offer = self.shown[c][place]
            market.submit(Transaction(HIRE, c, 0, to=offer.provider, subject=self.needs[c], amount=offer.price))
