"""Who takes part in the double auction: what buyers and suppliers see and may do."""

from chain.layout import MAX_PRICE
from sim.scenario import Column, Role
from sim.scenarios.double_auction.parameters import MOST

PRICE = (-1, MAX_PRICE, "µcoin")


def shown(private: Column, own: Column) -> tuple[Column, ...]:
    """The view of a role with these columns of its own."""
    return (
        Column("ticks_left", 0, 2**31, "ticks", "steps until the episode ends", scale="horizon"),
        Column("horizon", 1, 2**31, "ticks", "length of the episode"),
        Column("turn", 0, 1, "1", "1: it may quote in this tick", scale=1),
        private,
        Column("left", 0, 16, "units", "still to be traded", scale="units"),
        own,
        Column("best_bid", *PRICE, "highest bid that stands; -1: none", scale="price_high"),
        Column("best_ask", *PRICE, "lowest ask that stands; -1: none", scale="price_high"),
        Column("last_price", *PRICE, "of the last trade; -1: none yet", scale="price_high"),
        Column("lowest", 0, MOST, "µcoin", "price that may be quoted"),
        Column("highest", 0, MOST, "µcoin", "price that may be quoted"),
    )


ACTION = (
    Column(
        "price",
        -1,
        MAX_PRICE,
        "µcoin",
        "quoted for one unit, in the stead of what stands; at most the highest allowed; -1: what stands stays",
        -1,
        span=("price_low", "price_high"),
        levels=25,
    ),
    Column("accept", 0, 1, "1", "1: take the best quote of the other side instead, if there is one", span=(0, 1), levels=2),
)

BUYER = Role(
    name="buyer",
    about="bids for units of the service, each worth something to it",
    policy="zero_intelligence",
    view=shown(
        Column("value", -1, MOST, "µcoin", "of the next unit to this buyer; private; -1: it wants no more", scale="value_high"),
        Column("bid", *PRICE, "of its own that stands; -1: none", scale="price_high"),
    ),
    action=ACTION,
    learn=("price",),
)
SUPPLIER = Role(
    name="supplier",
    about="asks a price for units of the service, each of which costs it something to serve",
    policy="zero_intelligence",
    view=shown(
        Column("cost", -1, MOST, "µcoin", "of the next unit to this supplier; private; -1: it has no more", scale="cost_high"),
        Column("ask", *PRICE, "of its own that stands; -1: none", scale="price_high"),
    ),
    action=ACTION,
    learn=("price",),
)
