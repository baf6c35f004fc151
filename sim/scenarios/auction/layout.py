"""What the auctions keep beside the ledger: sealed envelopes, what is measured, and working memory."""

from typing import NamedTuple

from chain.layout import record
from chain.sorting import Scratch, scratch_for
from sim.scenarios.auction.parameters import AuctionParameters

ENVELOPE = record("auction", "cost", "bid", "salt", "wins", "paid", "spent")
"""By bidder: the auction that it stands before, its cost of that job, the bid that it sealed with which salt (-1: none); the
jobs that it won so far, what it was paid for them and what they cost it."""

AWARD = record("ended", "awarded", "price", "cost", "least_cost", "commits", "reveals", "winner")
"""One tick: the auctions that ended (0 or 1), those that somebody won, the price, the winner's cost and the lowest of all; how
many bids there were, and the winner's name, or -1."""


class Hall(NamedTuple):
    """What the worlds share, and the working memory of one thread."""

    reserve: int
    cost_high: int
    horizon: int
    scratch: Scratch


def hall_for(parameters: AuctionParameters) -> Hall:
    """The setting of these parameters, and working memory for their ledgers."""
    p = parameters
    return Hall(p.reserve, p.cost_high, p.horizon, scratch_for(p.bidders + 1, p.bidders + 2))
