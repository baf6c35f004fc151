"""Who takes part in the market of posted prices: what a seller sees and may do. Consumers are part of the contract."""

from chain.layout import MAX_PRICE
from sim.scenario import OFFERS_SHOWN, Column, Role
from sim.scenarios.posted_price.parameters import MOST, MOST_LEVELS

PRICE = (0, MAX_PRICE, "µcoin")
STANDING = (
    Column("price", -1, MAX_PRICE, "µcoin", "that stands; -1: no seller in this row"),
    Column("level", -1, MOST_LEVELS - 1, "level", "of the grid nearest to it; -1: no seller", scale="top_level"),
)

SELLER = Role(
    name="seller",
    about="posts a price for its good; consumers choose among all prices at the end of every block",
    policy="best_response",
    view=(
        Column("ticks_left", 0, 2**31, "ticks", "steps until the episode ends", scale="horizon"),
        Column(
            "sellers",
            0,
            OFFERS_SHOWN,
            "sellers",
            "all of them: this one in row 0, then the others by name, the first after the last, so that all see alike",
            of=STANDING,
            rows="sellers",
        ),
        Column("cost", 0, MOST, "µcoin", "of one unit to this seller; private", scale="quality"),
        Column("quality", 0, MOST, "µcoin", "worth of every good to consumers, up to taste"),
        Column("outside", 0, MOST, "µcoin", "worth of buying nothing, up to taste"),
        Column("mu", 1, MOST, "µcoin", "spread of tastes"),
        Column("lowest", *PRICE, "price of the grid: level 0"),
        Column("highest", *PRICE, "price of the grid: level `levels` - 1"),
        Column("levels", 2, MOST_LEVELS, "prices", "on the grid, evenly spaced and rounded to µcoin"),
    ),
    action=(
        Column(
            "level",
            0,
            MOST_LEVELS - 1,
            "level",
            "of the grid; above the highest: the highest",
            span=(0, "top_level"),
            levels="levels",
        ),
        Column(
            "price",
            -1,
            MAX_PRICE,
            "µcoin",
            "instead, any price; -1: that of the level",
            -1,
            span=("cost_low", "quality"),
            levels=25,
        ),
    ),
    learn=("level",),
    form="discrete",
)
