"""Who takes part in the exchange: what traders, arbitrageurs and the builder see and may do."""

from chain.layout import MAX_SUPPLY
from sim.scenario import OFFERS_SHOWN, Column, Role
from sim.scenarios.exchange.parameters import COIN, MOST_PAID

COINS = (0, MAX_SUPPLY, "µcoin")
CREDITS = (0, MAX_SUPPLY, "µcredit")
PRICE = (0, 100 * COIN, "µcoin")

POOL = (
    Column("ticks_left", 0, 2**31, "ticks", "steps until the episode ends", scale="horizon"),
    Column("pool_money", *COINS, "in the pool", scale="pool_money"),
    Column("pool_credits", *CREDITS, "in the pool", scale="pool_credits"),
    Column("fee_bps", 0, 10_000, "bps", "of what a swap pays in"),
)
OUTSIDE = Column("price", *PRICE, "of a credit outside, where any number can be had", scale="price")
PURSE = (
    Column("money", *COINS, "that it has", scale="purse"),
    Column("credits", *CREDITS, "that it has", scale="purse"),
)
SLIPPAGE = Column(
    "slippage_bps",
    0,
    10_000,
    "bps",
    "by which it may get less than what the pool would give for it now, else the swap is refused",
    100,
    span=(0, 500),
    levels=6,
)

TRADER = Role(
    name="trader",
    about="needs credits now and then, or has some to spare, and swaps them against coins; the swap is public for one block",
    policy="tolerant",
    view=(
        *POOL,
        Column("buys", 0, 1, "0 or 1", "1: it needs credits; 0: it has some to spare", scale=1),
        Column("need", *CREDITS, "that it needs or can spare in this tick; 0: none; private", scale="need_high"),
        Column("value", *PRICE, "of each of those to it; private", scale="price"),
        Column("waiting", 0, 2, "swaps", "of its own that wait; with two it can not swap", scale=2),
    ),
    action=(
        Column(
            "pay", 0, MOST_PAID, "µcoin or µcredit", "coins to buy with, or credits to sell; 0: no swap", span=(0, "pay_high"),
            levels=21,
        ),
        SLIPPAGE,
    ),
    learn=("pay", "slippage_bps"),
    reward_scale="need_high",
)  # fmt: skip

ARBITRAGEUR = Role(
    name="arbitrageur",
    about="trades at the outside price too, and swaps where the pool's differs, in the block that is built next",
    policy="arbitrage",
    view=(*POOL, *PURSE, OUTSIDE),  # no beginning of the builder's: Numba would take that for this
    action=(
        Column(
            "pay", -MOST_PAID, MOST_PAID, "µcoin or µcredit", "coins to buy with, or if negative credits to sell; 0: no swap",
            span=("pay_low", "pay_high"), levels=41,
        ),
        SLIPPAGE,
    ),
    learn=("pay", "slippage_bps"),
    reward_scale="need_high",
)  # fmt: skip

BUILDER = Role(
    name="builder",
    about="orders each block: first the swaps of arbitrageurs, then those that wait, but it can put two of its own around one",
    policy="fair",
    view=(
        *POOL,
        OUTSIDE,
        *PURSE,
        Column(
            "waiting",
            0,
            OFFERS_SHOWN,
            "swaps",
            f"of traders that wait for this block, the {OFFERS_SHOWN} largest of them, largest first",
            of=(
                Column("pays_credits", 0, 1, "0 or 1", "0: it pays coins; 1: it pays credits", scale=1),
                Column("pay", -1, MOST_PAID, "µcoin or µcredit", "paid in; -1: no swap in this place", scale="need_high"),
                Column("least", -1, MAX_SUPPLY, "µcoin or µcredit", "that must come out of it", scale="need_high"),
            ),
            rows="traders",
        ),
    ),
    action=(
        Column(
            "victim", -1, OFFERS_SHOWN - 1, "place",
            "of the swap to put its own around, an empty one stands for the last; -1: none", -1,
            span=(-1, OFFERS_SHOWN - 1), levels=OFFERS_SHOWN + 1, valid=("waiting", "pay"),
        ),
        Column(
            "front", 0, MOST_PAID, "µcoin or µcredit",
            "paid in before it, of the asset that it pays; what comes out is paid in after it", span=(0, "pay_high"), levels=41,
        ),
    ),
    learn=("victim", "front"),
    form="multidiscrete",
    reward_scale="need_high",
)  # fmt: skip
