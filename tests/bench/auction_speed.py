"""How fast auctions are, sealed and double ones: whole steps (views, given actions, mempool, block, awards or trades, measures)
on one core, beside the slow plain models of the tests. What is bid and quoted is given, so no policy is timed."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from chain.dice import commitment
from chain.layout import Kind
from sim.scenarios import find
from tests.bench.timing import Ratio, Side, compare
from tests.chain.plain_auction import PlainAuctions
from tests.chain.plain_order_book import PlainBook

BIDDERS, WORLDS, TICKS = 40, 256, 20
BUYER, RESERVE = BIDDERS, 1_000_000
TRADERS, BUYERS, UNITS = 40, 20, 16


def begun(economy: Any) -> Any:
    """Start the episode anew."""
    economy.begin(0)
    return economy


def play(economy: Any, plan: list[dict[str, Any]]) -> None:
    """Step through the episode, given the actions of every tick."""
    for actions in plan:
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


def sealed(pairs: int) -> Ratio:
    """Sealed bids: both sides commit, reveal and award."""
    scenario = find("auction")
    settings = scenario.settings("standard", {"bidders": BIDDERS, "horizon": TICKS})
    economy: Any = scenario.build(settings, seeds=np.arange(WORLDS))
    actions = {"bidder": scenario.role("bidder").actions(BIDDERS * WORLDS)}
    actions["bidder"]["bid"] = economy.views["bidder"]["cost"]
    ours = Side(BIDDERS * WORLDS * TICKS, lambda: begun(economy), lambda started: play(started, [actions] * TICKS))
    baseline = Side(BIDDERS * TICKS, plain, play_plain)
    return compare(
        f"auctions, {BIDDERS} agents, {WORLDS} worlds, beside plain Python", "agent-steps/s", ours, baseline, 20, pairs
    )


def play_plain_book(book: PlainBook, prices: Any) -> None:
    """So many ticks: everybody who has units left to trade quotes one in the stead of what it quoted before."""
    latest, left = [0] * TRADERS, [UNITS] * TRADERS
    for tick in range(TICKS):
        book.height = tick
        for k, price in enumerate(prices[tick]):
            if left[k]:
                stands = any(order.number == latest[k] for order in book.orders)
                seen, number = len(book.trades), 1 + tick * TRADERS + k
                book.place(k, k < BUYERS, price, 1, latest[k] if stands else 0, number)
                latest[k] = number
                for buyer, seller, _, _ in book.trades[seen:]:
                    left[buyer] -= 1
                    left[seller] -= 1
        book.end_block()


def plain_book() -> PlainBook:
    """An order book for as many traders, of whom none will run dry."""
    book = PlainBook([10**16] * TRADERS, TRADERS, 2**31, False, 0)
    for k in range(BUYERS, TRADERS):
        book.issue(0, k, UNITS)
    return book


def double(pairs: int) -> Ratio:
    """The double auction as an exchange: everybody quotes a random price in every block, and the book stays."""
    scenario = find("double_auction")
    given = {"buyers": BUYERS, "suppliers": TRADERS - BUYERS, "units": UNITS, "horizon": TICKS, "turns": 0, "wipe": 0}
    economy: Any = scenario.build(scenario.settings("standard", given), seeds=np.arange(WORLDS))
    dice, plan = np.random.default_rng(1), []
    for _ in range(TICKS):
        quotes = {role: scenario.role(role).actions(BUYERS * WORLDS) for role in ("buyer", "supplier")}
        for quote in quotes.values():
            quote["price"] = dice.integers(0, 2_000_000, BUYERS * WORLDS)
        plan.append(quotes)
    first = [[*(quotes[role]["price"][:BUYERS].tolist() for role in quotes)] for quotes in plan]
    prices = [bids + asks for bids, asks in first]
    ours = Side(TRADERS * WORLDS * TICKS, lambda: begun(economy), lambda started: play(started, plan))
    baseline = Side(TRADERS * TICKS, plain_book, lambda book: play_plain_book(book, prices))
    what = f"double auctions, {TRADERS} agents, {WORLDS} worlds, beside plain Python"
    return compare(what, "agent-steps/s", ours, baseline, 20, pairs)


def auction_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """Both comparisons, and a line on each."""
    ratios = [sealed(pairs), double(pairs)]
    return ratios, [
        f"Whole steps of {r.what.split(',')[0]}: {r.ours / 1e6:.2f} million agent-steps/s on one core (aim: 5)." for r in ratios
    ]
