"""Parameters of the auctions, with units and ranges, and their presets."""

from typing import Any

from sim.scenario import Parameters, number

COIN = 1_000_000
"""Smallest units of money in a coin."""
MOST = 1_000 * COIN
"""Highest value, reserve, cost and deposit."""
BUYER_MONEY, BIDDER_MONEY = 10**17, 10**14
"""Money at the start, µcoin: so much that nobody runs dry in the longest episode; with 1,000 bidders it stays below the 2^62 that
a ledger can hold."""
TICKS_EACH = 2
"""Every auction has a block for commits and a block for reveals; with the second the next one opens."""


class AuctionParameters(Parameters):
    """Everything that can be set; amounts are in millionths of a coin (µcoin)."""

    bidders: int = number(5, 1, 1_000, "agents", "who bid for jobs")
    horizon: int = number(200, 2, 10**6, "ticks", "length of an episode; every auction takes two")
    second_price: int = number(0, 0, 1, "0 or 1", "whether the winner is paid the lowest of the others' bids instead of its own")
    value: int = number(COIN, 0, MOST, "µcoin", "worth of a done job to the buyer")
    reserve: int = number(COIN, 1, MOST, "µcoin", "the most that the buyer pays")
    cost_high: int = number(COIN, 1, MOST, "µcoin", "costs are drawn from 0 to this, uniformly, for every bidder and job")
    deposit: int = number(COIN // 10, 0, MOST, "µcoin", "lost by a bid that stays sealed")
    base_fee: int = number(0, 0, 10**6, "µcoin/gas", "at the start")
    fee_quotient: int = number(0, 0, 2**20, "1", "the base fee moves by at most one part in this; 0 keeps it")
    gas_limit: int = number(2**30, 80, 2**30, "gas/block", "opening takes 80, a commit 70, a reveal 60")


PRESETS: dict[str, dict[str, Any]] = {
    "minimal": {"horizon": 8},
    "standard": {},
    "large": {"bidders": 40, "horizon": 1_000},
}
"""`minimal` for tests and lessons; `large` has forty bidders."""
