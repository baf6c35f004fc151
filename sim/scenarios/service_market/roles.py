"""Who takes part in the service market: what each role is shown and what it may do."""

from enum import IntEnum

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

OFFER = (
    Column("address", *ADDRESS, "of the provider; -1: no offer in this place"),
    Column("price", *PRICE, "asked per job"),
    Column("rating_bps", *WHOLE, "mean rating"),
    Column("ratings", *COUNT, "number of ratings"),
)

SHARED = (
    Column("ticks_left", *COUNT, "steps until the episode ends"),
    Column("base_fee", *PRICE, "per gas, in the next block"),
    Column("balance", *MONEY, "free money"),
    Column("shown", 0, OFFERS_SHOWN, "offers", "number of offers shown"),
)
OFFERS = Column("offers", 0, OFFERS_SHOWN, "offers", f"up to {OFFERS_SHOWN} drawn offers of the service in question", of=OFFER)

CLIENT = Role(
    name="client",
    about="needs a service now and then, hires a provider for it, and judges what is delivered",
    policy="best_rated",
    view=(
        *SHARED,
        Column("need", -1, 64, "service", "needed in this tick; -1: none"),
        Column("value", *PRICE, "of a good job of that service to this client; private"),
        Column("job", -1, MAX_SUPPLY, "job", "the client's oldest delivery without an answer; -1: none"),
        Column("job_provider", *ADDRESS, "who delivered it"),
        Column("job_quality_bps", *WHOLE, "10,000: good, 0: worthless"),
        OFFERS,
    ),
    action=(
        Column("hire", -1, OFFERS_SHOWN - 1, "place", "which of the shown offers; -1 or an empty place: none", -1),
        Column("limit", -1, MAX_PRICE, "µcoin", "highest price accepted; -1: the price shown", -1),
        Column("answer", 0, 3, "0-3", "to the delivery: 0 silent, 1 accept, 2 dispute, 3 honest", Answer.HONEST),
        Column("rating_bps", -1, 10_000, "bps", "for that job; -1: the quality received", -1),
        Column("tip", 0, 10**9, "µcoin/gas", "for an earlier place in the block"),
    ),
)

PROVIDER = Role(
    name="provider",
    about="offers a service at a price, with a stake behind each job, and chooses how hard it works",
    policy="cost_plus",
    view=(
        *SHARED,
        Column("address", *ADDRESS, "of the agent's account"),
        Column("service", 0, 63, "service", "that it offers"),
        Column("cost", *PRICE, "of a job, without the effort; private"),
        Column("effort_cost", *PRICE, "of full effort; private"),
        Column("capacity", 0, 10**4, "jobs/tick", "that it can take; private"),
        Column("price", *PRICE, "of its standing offer"),
        Column("hired", *COUNT, "jobs taken in the last block"),
        Column("open_jobs", *COUNT, "jobs to deliver now"),
        Column("bonded", *MONEY, "stake bonded"),
        Column("locked", *MONEY, "part of it behind open jobs"),
        Column("unbonding", *MONEY, "stake on its way back"),
        Column("min_stake", *PRICE, "least stake per job"),
        Column("rating_bps", *WHOLE, "its own mean rating"),
        Column("ratings", *COUNT, "number of its ratings"),
        OFFERS,
    ),
    action=(
        Column("price", *PRICE, "asked per job"),
        Column("capacity", -1, 10**4, "jobs/tick", "offered, at most its own; 0: no offer; -1: its own", -1),
        Column("stake", -1, MAX_PRICE, "µcoin", "behind each job; -1: the least allowed", -1),
        Column("bonded", -1, MAX_SUPPLY, "µcoin", "stake to hold in all; -1: enough for full capacity", -1),
        Column("deliver", 0, 1, "0 or 1", "whether it delivers its open jobs", 1),
        Column("effort_bps", *WHOLE, "on them", 10_000),
        Column("reenter", 0, 1, "0 or 1", "go on under a new identity, with what money is free"),
        Column("tip", 0, 10**9, "µcoin/gas", "for an earlier place in the block"),
    ),
)
