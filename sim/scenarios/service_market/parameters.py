"""Parameters of the service market, with units and ranges, and its presets."""

from typing import Any

from pydantic import model_validator

from sim.scenario import Parameters, number

COIN = 1_000_000
"""Smallest units of money in a coin."""


def money(default: float, about: str, high: int = 10**5) -> Any:
    """An amount, given in coins."""
    return number(round(default * COIN), 0, high * COIN, "µcoin", about)


def share(default: int, about: str) -> Any:
    """A share in basis points."""
    return number(default, 0, 10_000, "bps", about)


class ServiceMarketParameters(Parameters):
    """Everything that can be set; amounts are in millionths of a coin (µcoin), shares in basis points."""

    clients: int = number(32, 1, 10**6, "agents", "who buy services")
    providers: int = number(8, 1, 10**6, "agents", "who sell services")
    services: int = number(2, 1, 64, "types", "provider k offers service k modulo this")
    horizon: int = number(50, 1, 10**5, "ticks", "in which needs arise; a few more open and close the market")
    need_bps: int = share(3_000, "chance that a client needs a service in a tick")
    value_low: int = money(40, "least value of a good job to a client")
    value_high: int = money(120, "highest value; drawn per client and service")
    redraw_values: int = number(0, 0, 1, "0 or 1", "whether values are drawn anew in every tick")
    cost_low: int = money(10, "least cost of a job without the effort")
    cost_high: int = money(40, "highest cost; drawn per provider")
    effort_cost: int = money(12, "cost of full effort at full skill; a provider of half the skill pays double")
    skill_low_bps: int = number(4_000, 100, 10_000, "bps", "least skill; drawn per provider up to 10,000")
    capacity_low: int = number(2, 1, 10**4, "jobs/tick", "least capacity")
    capacity_high: int = number(8, 1, 10**4, "jobs/tick", "highest capacity; drawn per provider")
    reliability_bps: int = share(9_500, "chance that a job done with full effort turns out good")
    client_balance: int = money(10_000, "money of a client at the start", 10**6)
    provider_balance: int = money(10_000, "money of a provider at the start", 10**6)
    min_stake: int = money(20, "least stake behind each job")
    unbonding_window: int = number(5, 0, 1_000, "blocks", "from unbonding to payment")
    delivery_window: int = number(2, 1, 100, "blocks", "a provider has to deliver")
    dispute_window: int = number(2, 1, 100, "blocks", "a client has to accept or dispute")
    arbiter_bps: int = share(8_000, "chance that the arbiter verifies a dispute")
    slash_bps: int = share(10_000, "part of a job's stake that an upheld dispute takes")
    no_show_slash_bps: int = share(5_000, "part of a job's stake that a missed delivery takes")
    compensation_bps: int = share(5_000, "part of a slashed stake that the client gets; the rest is burned")
    pay_caught: int = number(0, 0, 1, "0 or 1", "whether a provider is paid for a job found bad")
    milestones: int = number(0, 0, 64, "parts", "of a job, delivered and paid one by one by an escrow for that; 0: paid at once")
    jurors: int = number(0, 0, 31, "seats", "of the jury, of providers with free stake, in a dispute; 0: the arbiter decides")
    juror_stake: int = money(20, "stake behind each seat")
    juror_slash_bps: int = share(2_500, "part of it that a vote against the majority, or none, loses to the majority")
    vote_window: int = number(2, 1, 100, "blocks", "a jury has to vote")
    jury_votes: int = number(
        0, 0, 3, "0 to 3", "how jurors vote: 0 as they see, which is right with `arbiter_bps`; 1 to pay; 2 to refund; 3 never"
    )
    rating_decay_bps: int = share(0, "part of the weight of a provider's earlier ratings that each new one takes")
    rating_by_payment: int = number(0, 0, 1, "0 or 1", "whether a rating weighs as much as the price of its job")
    backed_offers: int = number(0, 0, 1, "0 or 1", "whether an offer is shown only while the stake of one more job is free")
    base_fee: int = number(1_000, 0, 2**32, "µcoin/gas", "at the start")
    fee_quotient: int = number(8, 0, 2**20, "1", "the base fee moves by at most one part in this; 0 keeps it")
    gas_limit: int = number(8_000, 90, 2**30, "gas/block", "a hire takes 80")
    ordering: int = number(0, 0, 2, "0 to 2", "who comes first in a block: 0 the higher tip, 1 who waits longer, 2 drawn anew")
    spare: int = number(8, 0, 10**6, "accounts", "rows left for new identities")
    client_guests: int = number(0, 0, 10**6, "agents", "seats for guests who may join as clients; asleep until somebody does")
    provider_guests: int = number(0, 0, 10**6, "agents", "seats for guests who may join as providers; asleep until somebody does")
    registration_fee: int = money(5, "price of a new identity, burned")
    trust_every: int = number(0, 0, 1_000, "blocks", "from one time that EigenTrust sets the scores to the next; 0: mean ratings")
    trust_alpha_bps: int = number(1_500, 100, 10_000, "bps", "weight of those trusted beforehand, where there is trust")
    pretrusted_bps: int = share(5_000, "part of the clients, the first ones and at least one, who are trusted beforehand")

    @model_validator(mode="after")
    def ordered(self) -> "ServiceMarketParameters":
        """Every low end is at most its high end, juries have an escrow to decide on, and the money can be minted."""
        for what in ("value", "cost", "capacity"):
            if getattr(self, f"{what}_low") > getattr(self, f"{what}_high"):
                low, high = (getattr(self, f"{what}_{end}") for end in ("low", "high"))
                raise ValueError(f"{what}_low: {low} given, allowed is at most {what}_high, {high}")
        if self.jurors > 0 and self.milestones == 0:
            raise ValueError(f"jurors: {self.jurors} given, allowed is 0 where milestones is 0")
        clients, providers = self.clients + self.client_guests, self.providers + self.provider_guests
        if clients * self.client_balance + providers * self.provider_balance > 2**62:
            raise ValueError("client_balance: with provider_balance it adds up to more than the 2**62 that a ledger can hold")
        return self


PRESETS: dict[str, dict[str, Any]] = {
    "minimal": {"clients": 6, "providers": 3, "horizon": 8, "spare": 2, "gas_limit": 2_000},
    "standard": {},
    "monopoly": {
        "clients": 32,
        "providers": 1,
        "services": 1,
        "need_bps": 10_000,
        "value_low": 0,
        "value_high": 1_000_000,
        "redraw_values": 1,
        "cost_low": 300_000,
        "cost_high": 300_000,
        "effort_cost": 0,
        "capacity_low": 32,
        "capacity_high": 32,
        "reliability_bps": 10_000,
        "min_stake": 0,
        "base_fee": 0,
        "fee_quotient": 0,
        "gas_limit": 2**30,
        "spare": 0,
    },
    "large": {"clients": 800, "providers": 200, "services": 8, "horizon": 100, "spare": 50, "gas_limit": 200_000},
}
"""`minimal` for tests and lessons, `standard` for studies, `large` for a thousand agents. `monopoly` has one provider whose price
alone decides: values are uniform on [0, 1] coins and drawn anew, nothing else costs, so with unit cost c it earns most at
(1 + c) / 2 coins."""
