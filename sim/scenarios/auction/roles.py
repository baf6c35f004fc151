"""Who takes part in the auctions: what a bidder sees and may do. The buyer opens one auction after another."""

from chain.layout import MAX_PRICE
from sim.scenario import Column, Role
from sim.scenarios.auction.parameters import MOST

BIDDER = Role(
    name="bidder",
    about="seals a bid for every job, and reveals it when commits are closed",
    policy="equilibrium",
    view=(
        Column("ticks_left", 0, 2**31, "ticks", "steps until the episode ends", scale="horizon"),
        Column("phase", 0, 2, "phase", "what the next block takes: 1 commits, 2 reveals, 0 neither", scale=2),
        Column("cost", 0, MOST, "µcoin", "of doing the job; private, drawn for every job", scale="cost_high"),
        Column("sealed", -1, MAX_PRICE, "µcoin", "its own bid for the job; -1: none", scale="reserve"),
        Column(
            "last_price", -1, MAX_PRICE, "µcoin", "paid for the last job; -1: for none so far, or nobody won", scale="reserve"
        ),
        Column("won", 0, 1, "0 or 1", "whether it won the last job", scale=1),
        Column("reserve", 1, MOST, "µcoin", "the most that the buyer pays"),
        Column("cost_high", 1, MOST, "µcoin", "highest cost that anybody can have"),
        Column("deposit", 0, MOST, "µcoin", "lost by a bid that stays sealed"),
        Column("second_price", 0, 1, "0 or 1", "whether the winner is paid the lowest of the others' bids"),
        Column("bidders", 1, 1_000, "agents", "who bid for the same jobs"),
    ),
    action=(
        Column("bid", -1, MAX_PRICE, "µcoin", "to seal while commits are open; -1: none", -1, span=(0, "reserve"), levels=21),
        Column("reveal", 0, 1, "0 or 1", "whether to reveal the sealed bid once commits are closed", 1, span=(0, 1), levels=2),
    ),
    learn=("bid",),
    reward_scale="reserve",
)
