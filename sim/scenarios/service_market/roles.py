"""Who takes part in the service market: what each role is shown and what it may do."""

from enum import IntEnum
from typing import Any

from chain.layout import MAX_PRICE, MAX_SUPPLY
from sim.scenario import OFFERS_SHOWN, Column, Role


class Answer(IntEnum):
    """What a client says to a delivery."""

    SILENT = 0
    ACCEPT = 1
    DISPUTE = 2
    HONEST = 3  # accept what is good, dispute what is not


MONEY = (0, MAX_SUPPLY, "µcoin")
PRICE = (0, MAX_PRICE, "µcoin")
WHOLE = (0, 10_000, "bps")
ADDRESS = (-1, 2**31, "address")
COUNT = (0, 2**31, "1")

# What a learner can set, and how finely.
HIRE: dict[str, Any] = {"span": (-1, OFFERS_SHOWN - 1), "levels": OFFERS_SHOWN + 1, "valid": ("offers", "address")}
ANSWER: dict[str, Any] = {"span": (0, 3), "levels": 4}
UP_TO_VALUE: dict[str, Any] = {"span": (0, "value_high"), "levels": 25}
CAPACITY: dict[str, Any] = {"span": (0, "capacity_high"), "levels": 5}
STAKE: dict[str, Any] = {"span": ("min_stake", "value_high"), "levels": 5}
BONDED: dict[str, Any] = {"span": (0, "provider_balance"), "levels": 5}
SHARE: dict[str, Any] = {"span": (0, 10_000), "levels": 11}
YES_OR_NO: dict[str, Any] = {"span": (0, 1), "levels": 2}

TIP = Column("tip", 0, 10**9, "µcoin/gas", "for an earlier place in the block", span=(0, "base_fee"), levels=5)
OFFER = (
    Column("address", *ADDRESS, "of the provider; -1: no offer in this place"),
    Column("price", *PRICE, "asked per job", scale="value_high"),
    Column("rating_bps", *WHOLE, "public score: its mean rating, or what its trust makes of it", scale=10_000),
    Column("ratings", *COUNT, "number of ratings", scale=10),
)

SHARED = (
    Column("ticks_left", *COUNT, "steps until the episode ends", scale="horizon"),
    Column("base_fee", *PRICE, "per gas, in the next block", scale="base_fee"),
    Column("balance", *MONEY, "free money", scale="client_balance"),
    Column("shown", 0, OFFERS_SHOWN, "offers", "number of offers shown", scale=OFFERS_SHOWN),
)
OFFERS = Column("offers", 0, OFFERS_SHOWN, "offers", f"up to {OFFERS_SHOWN} drawn offers of the service in question", of=OFFER)

CLIENT = Role(
    name="client",
    about="needs a service now and then, hires a provider for it, and judges what is delivered",
    policy="best_rated",
    count="clients",
    view=(
        *SHARED,
        Column("need", -1, 64, "service", "needed in this tick; -1: none", scale="services"),
        Column("value", *PRICE, "of a good job of that service to this client; private", scale="value_high"),
        Column("job", -1, MAX_SUPPLY, "job", "the client's oldest delivery without an answer; -1: none"),
        Column("job_provider", *ADDRESS, "who delivered it"),
        Column("job_quality_bps", *WHOLE, "10,000: good, 0: worthless", scale=10_000),
        OFFERS,
    ),
    action=(
        Column("hire", -1, OFFERS_SHOWN - 1, "place", "which of the shown offers; -1 or an empty place: none", -1, **HIRE),
        Column("limit", -1, MAX_PRICE, "µcoin", "highest price accepted; -1: the price shown", -1, **UP_TO_VALUE),
        Column("answer", 0, 3, "0-3", "to the delivery: 0 silent, 1 accept, 2 dispute, 3 honest", Answer.HONEST, **ANSWER),
        Column("rating_bps", -1, 10_000, "bps", "for that job; -1: the quality received", -1, **SHARE),
        TIP,
    ),
    learn=("hire", "answer"),
    form="multidiscrete",
    reward_scale="value_high",
)

PROVIDER = Role(
    name="provider",
    about="offers a service at a price, with a stake behind each job, and chooses how hard it works",
    policy="cost_plus",
    count="providers",
    view=(
        *SHARED,
        Column("address", *ADDRESS, "of the agent's account"),
        Column("service", 0, 63, "service", "that it offers", scale="services"),
        Column("cost", *PRICE, "of a job, without the effort; private", scale="value_high"),
        Column("effort_cost", *PRICE, "of full effort; private", scale="value_high"),
        Column("capacity", 0, 10**4, "jobs/tick", "that it can take; private", scale="capacity_high"),
        Column("price", *PRICE, "of its standing offer", scale="value_high"),
        Column("hired", *COUNT, "jobs taken in the last block", scale="capacity_high"),
        Column("open_jobs", *COUNT, "jobs to deliver now", scale="capacity_high"),
        Column("bonded", *MONEY, "stake bonded", scale="provider_balance"),
        Column("locked", *MONEY, "part of it behind open jobs", scale="provider_balance"),
        Column("unbonding", *MONEY, "stake on its way back", scale="provider_balance"),
        Column("min_stake", *PRICE, "least stake per job", scale="value_high"),
        Column("rating_bps", *WHOLE, "its own public score", scale=10_000),
        Column("ratings", *COUNT, "number of its ratings", scale=10),
        OFFERS,
    ),
    action=(
        Column("price", *PRICE, "asked per job", **UP_TO_VALUE),
        Column("capacity", -1, 10**4, "jobs/tick", "offered, at most its own; 0: no offer; -1: its own", -1, **CAPACITY),
        Column("stake", -1, MAX_PRICE, "µcoin", "behind each job; -1: the least allowed", -1, **STAKE),
        Column("bonded", -1, MAX_SUPPLY, "µcoin", "stake to hold in all; -1: enough for full capacity", -1, **BONDED),
        Column("deliver", 0, 1, "0 or 1", "whether it delivers its open jobs", 1, **YES_OR_NO),
        Column("effort_bps", *WHOLE, "on them", 10_000, **SHARE),
        Column("reenter", 0, 1, "0 or 1", "go on under a new identity, with what money is free", **YES_OR_NO),
        TIP,
    ),
    idle=(("capacity", 0), ("bonded", 0)),
    identity="reenter",
    learn=("price", "effort_bps"),
    reward_scale="value_high",
)
