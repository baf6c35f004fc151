"""The baseline of the whole step: the service market hand-written in Mesa, with agents and a ledger of Python objects.

The rules are those of `chain.contracts.service_market`: offers, hires in escrow, deliveries with luck, ratings, disputes before
an arbiter, stake that is locked and slashed, windows, a base fee that is burned and tips that order the block.
"""

from collections import defaultdict
from typing import Any

import mesa

from tests.bench.mesa_ledger import ACCEPT, DELIVER, DISPUTE, HIRE, POST, WHOLE_BPS, Market, Offer, Transaction

SERVICES, SHOWN, NEED, HIGHEST_VALUE = 2, 16, 0.3, 1_000
MARKUP = 1.2
MONEY, STAKE, STAKE_PER_JOB, CAPACITY = 1_000_000_000, 1_000_000, 500, 8
EFFORT_BPS = WHOLE_BPS


class Participant(mesa.Agent):  # type: ignore[misc]
    """An agent with an account on the ledger."""

    model: "MesaMarket"

    def __init__(self, model: "MesaMarket", address: int) -> None:
        super().__init__(model)
        self.address = address
        self.tip = 0

    def send(self, kind: int, **given: Any) -> None:
        """Sign a transaction and put it into the mempool."""
        self.model.market.submit(Transaction(kind, self.address, self.tip, **given))


class Provider(Participant):
    """Keeps an offer at cost plus markup, and delivers what it was hired for."""

    def __init__(self, model: "MesaMarket", address: int, service: int) -> None:
        super().__init__(model, address)
        self.service = service
        self.cost = model.random.randint(100, 600)

    def step(self) -> None:
        """Deliver every open job; put the offer up if it is not what it should be."""
        market = self.model.market
        for number in market.hired[self.address]:
            self.send(DELIVER, subject=number, bps=EFFORT_BPS)
        price = int(self.cost * MARKUP)
        offer = market.offers.get(self.address)
        if offer is None or offer.price != price:
            self.send(POST, subject=self.service, amount=price, stake=STAKE_PER_JOB, count=CAPACITY)


class Client(Participant):
    """Hires the cheapest shown offer that is worth it, and answers every delivery."""

    def __init__(self, model: "MesaMarket", address: int) -> None:
        super().__init__(model, address)

    def step(self) -> None:
        """Judge what was delivered; then hire, if there is a need."""
        model = self.model
        market, random = model.market, model.random
        for number in market.delivered[self.address]:
            quality = market.jobs[number].quality_bps
            self.send(ACCEPT if quality == WHOLE_BPS else DISPUTE, subject=number, bps=quality)
        if random.random() >= NEED:
            return
        service, value = random.randrange(SERVICES), random.randint(1, HIGHEST_VALUE)
        offers = model.shown[service]
        if len(offers) > SHOWN:
            offers = random.sample(offers, SHOWN)
        best = None
        for offer in offers:
            if offer.price <= value and (best is None or offer.price < best.price):
                best = offer
        if best is not None:
            self.send(HIRE, to=best.provider, subject=service, amount=best.price)


class MesaMarket(mesa.Model):  # type: ignore[misc]
    """Clients, providers and the ledger between them; a step is a tick with its block."""

    def __init__(self, clients: int, providers: int, seed: int) -> None:
        super().__init__(seed=seed)
        target = (clients + providers) * 60
        self.market = Market(self.random, [MONEY] * (clients + providers), gas_limit=2 * target)
        self.providers = [Provider(self, clients + k, k % SERVICES) for k in range(providers)]
        self.clients = [Client(self, k) for k in range(clients)]
        self.shown: dict[int, list[Offer]] = {}
        for provider in self.providers:
            self.market.bond(provider.address, STAKE)

    def step(self) -> None:
        """Every agent acts on the state that the last block left; then a block is sealed."""
        shown: defaultdict[int, list[Offer]] = defaultdict(list)
        for offer in self.market.offers.values():
            shown[offer.service].append(offer)
        self.shown = shown
        for provider in self.providers:
            provider.step()
        for client in self.clients:
            client.step()
        self.market.seal()


def run(clients: int, providers: int, ticks: int, seed: int) -> int:
    """Run a market; returns the agent-steps made: (clients + providers) × ticks."""
    model = MesaMarket(clients, providers, seed)
    for _ in range(ticks):
        model.step()
    model.market.check()
    return (clients + providers) * ticks
