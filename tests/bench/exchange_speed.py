"""How fast the exchange is: whole steps (needs, views, given actions, mempool, ordering, block, measures) on one core, beside
the same in slow plain Python. The actions are given, so no policy is timed; both sides sign, wait, order, swap and measure the
same way, but the plain one shows no views: the ratio has no target, the rate has."""

from random import Random
from typing import Any

import numpy as np

from sim.scenarios import find
from tests.bench.auction_speed import begun, play
from tests.bench.timing import Ratio, Side, compare, seconds
from tests.sim.plain_exchange import COIN, PlainExchange, PlainSwap

TRADERS, WORLDS, TICKS = 38, 256, 20
AGENTS, PAY, SLIPPAGE_BPS = TRADERS + 2, 10 * COIN, 2_000
ARBITRAGEUR, BUILDER = TRADERS, TRADERS + 1


def side(need_bps: int) -> Side:
    """Our own: traders with a need swap, the arbitrageur does, and the builder puts its swaps around the largest that waits."""
    scenario = find("exchange")
    settings = scenario.settings("standard", {"traders": TRADERS, "horizon": TICKS, "need_bps": need_bps})
    economy: Any = scenario.build(settings, seeds=np.arange(WORLDS))
    actions = {role.name: role.actions(economy.names[role.name].size) for role in scenario.roles}
    actions["trader"]["pay"], actions["trader"]["slippage_bps"] = PAY, SLIPPAGE_BPS
    actions["arbitrageur"]["pay"], actions["arbitrageur"]["slippage_bps"] = PAY, 10_000
    actions["builder"]["victim"], actions["builder"]["front"] = 0, COIN
    return Side(AGENTS * WORLDS * TICKS, lambda: begun(economy), lambda started: play(started, [actions] * TICKS))


def plain() -> PlainExchange:
    """A pool of the same size."""
    return PlainExchange(AGENTS, [4_000 * COIN, 4_000 * COIN], fee_bps=30, held=10**14)


def sign(exchange: PlainExchange, name: int, asset: int, paid: int, least: int, rank: int, **given: int) -> None:
    """Sign a swap that arrives by its name."""
    needs = {"need": 0, "value": COIN, "price": COIN} | given
    place = {"rank": rank, "since": exchange.height, "arrival": name * 7_919 % 101}
    exchange.sign(PlainSwap(name, exchange.next_nonce(name), asset, paid, least, **needs, **place))


def play_plain(exchange: PlainExchange, need_bps: int) -> None:
    """So many ticks in which the same is signed: needs are drawn, the bundle around the largest that waits, arbitrage, the
    public."""
    dice = Random(1)
    for _ in range(TICKS):
        for swap in exchange.pool:
            swap.rank = 4
        if exchange.pool:
            victim = max(exchange.pool, key=lambda swap: swap.paid)
            out = exchange.quote(victim.asset, COIN)
            victim.rank = 1
            sign(exchange, BUILDER, victim.asset, COIN, out, 0)
            sign(exchange, BUILDER, 1 - victim.asset, out, 1, 2)
        sign(exchange, ARBITRAGEUR, 0, PAY, 0, 3)
        public = []
        for name in range(TRADERS):
            if dice.random() * 10_000 < need_bps:
                asset, need, value = dice.randrange(2), dice.randrange(COIN, 20 * COIN), dice.randrange(950_000, 1_050_000)
                public.append((name, asset, exchange.quote(asset, PAY) * (10_000 - SLIPPAGE_BPS) // 10_000, need, value))
        exchange.seal()
        for name, asset, least, need, value in public:
            sign(exchange, name, asset, PAY, least, 4, need=need, value=value)


def exchange_speed(pairs: int = 5) -> tuple[list[Ratio], list[str]]:
    """The comparison with the needs of the preset `standard`, and a line on it and on markets in which everybody swaps at
    once."""
    need_bps = find("exchange").settings("standard", {}).need_bps
    baseline = Side(AGENTS * TICKS, plain, lambda exchange: play_plain(exchange, need_bps))
    what = f"exchange, {AGENTS} agents, {WORLDS} worlds, beside plain Python"
    ratio = compare(what, "agent-steps/s", side(need_bps), baseline, 0, pairs)
    busy = side(10_000)
    seconds(busy)
    fastest = busy.work / min(seconds(busy) for _ in range(pairs))
    return [ratio], [
        f"Whole steps of the exchange: {ratio.ours / 1e6:.2f} million agent-steps/s on one core (aim: 5); "
        f"where every trader swaps in every tick, {fastest / 1e6:.2f}."
    ]
