"""How fast the auctions are: whole steps (views, given actions, mempool, block, awards, measures) on one core, beside the slow
plain auctions of the tests. The bids are given, so no policy is timed; both sides commit, reveal and award the same way."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from chain.dice import commitment
from chain.layout import Kind
from sim.scenarios import find
from tests.bench.timing import Ratio, Side, compare
from tests.chain.plain_auction import PlainAuctions

BIDDERS, WORLDS, TICKS = 40, 256, 20
BUYER, RESERVE = BIDDERS, 1_000_000


def begun(economy: Any) -> Any:
    """Start the episode anew."""
    economy.begin(0)
    return economy


def play(economy: Any, actions: dict[str, Any]) -> None:
    """Step through the episode."""
    for _ in range(TICKS):
        economy.advance(actions)


def plain() -> PlainAuctions:
    """Auctions with as many bidders, of whom none will run dry."""
    terms = {"second_price": 0, "deposit": 100_000, "commit_window": 1, "reveal_window": 1}
    return PlainAuctions(dict.fromkeys(range(BIDDERS + 1), 10**12), terms, rows=2)


def play_plain(auctions: PlainAuctions) -> None:
    """So many ticks: a block opens an auction, in the next all commit, in the one after that all reveal."""
    auctions.open(BUYER, RESERVE)
    for tick in range(TICKS):
        auctions.height += 1
        number = auctions.number - 1
        for bidder in range(BIDDERS):
            bid = (bidder * 7_919 + number * 104_729) % RESERVE
            tx = SimpleNamespace(sender=bidder, to=0, amount=bid, subject=number, count=bidder)
            if tick % 2:
                tx.kind = Kind.REVEAL_BID
            else:
                tx.kind, tx.count = Kind.COMMIT_BID, commitment(bidder, number, bid, bidder)
            auctions.call(tx)
        if tick % 2:
            auctions.open(BUYER, RESERVE)
        auctions.end_block()


def auction_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """The comparison, and a line on it."""
    scenario = find("auction")
    settings = scenario.settings("standard", {"bidders": BIDDERS, "horizon": TICKS})
    economy: Any = scenario.build(settings, seeds=np.arange(WORLDS))
    actions = {"bidder": scenario.role("bidder").actions(BIDDERS * WORLDS)}
    actions["bidder"]["bid"] = economy.views["bidder"]["cost"]
    ours = Side(BIDDERS * WORLDS * TICKS, lambda: begun(economy), lambda started: play(started, actions))
    baseline = Side(BIDDERS * TICKS, plain, play_plain)
    what = f"auctions, {BIDDERS} agents, {WORLDS} worlds, beside plain Python"
    ratio = compare(what, "agent-steps/s", ours, baseline, 20, pairs)
    return [ratio], [f"Whole steps of the auctions: {ratio.ours / 1e6:.2f} million agent-steps/s on one core (aim: 5)."]
