"""The exchange against what is known without running it: arbitrage, its band, and sandwiches, found by policies."""

from fractions import Fraction
from itertools import pairwise
from math import isqrt

import numpy as np
import pytest

from agents.scripted.arbitrage import Arbitrage
from agents.scripted.builders import Sandwich, bundles
from chain.contracts.constant_product import amount_out
from chain.status import Status
from sim.metrics import METRICS
from sim.scenario import layout
from sim.scenarios import find
from sim.scenarios.exchange.parameters import COIN
from sim.scenarios.exchange.truth import arbitrage, sandwich, swapped
from sim.world import World
from tests.agents.views import ask

FLOORS = find("exchange")


def floors(policies=None, *, seeds=0, preset="minimal", **given):
    """A batch of exchanges."""
    engine = {name: given.pop(name) for name in ("rows", "threads", "worlds", "recorded") if name in given}
    return World(FLOORS, FLOORS.settings(preset, given), policies, seeds=seeds, **engine)


def quiet(view, memory, dice):
    """Nothing."""
    return {}


def first(pay, slippage_bps=100):
    """A trader who swaps in the first tick of the preset `sandwich` alone."""

    def act(view, memory, dice):
        return {"pay": np.where(view["ticks_left"] == 4, pay, 0), "slippage_bps": slippage_bps}

    return act


def shown(role, rows=1, **columns):
    """Rows of a role's view by hand; nothing waits."""
    made = np.zeros(rows, layout(FLOORS.role(role).view))
    for name, value in columns.items():
        made[name] = value
    if role == "builder":
        made["waiting"]["pay"] = -1
    return made


def reserves(world):
    terms = world.economy.book.terms[0, 0]
    return int(terms.money), int(terms.credits)


# Arbitrage

POOLS = [(1_000, 1_000), (1_000, 4_000), (123_457, 9_876)]
FEES = [0, 30, 100, 2_500]


@pytest.mark.parametrize("fee_bps", FEES)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("ratio", [0.2, 0.9, 1.001, 1.05, 3.0])
def test_the_closed_form_gains_more_than_any_input_beside_it(pool, fee_bps, ratio):
    (x, y), fee = pool, fee_bps / 10_000
    price = x / y * ratio
    best = arbitrage(x, y, price, fee)

    def gain(paid):
        return swapped(x, y, paid, fee) * price - paid

    tried = [gain(paid) for paid in np.linspace(0, 3 * x, 3_001)]
    assert gain(best) >= max(tried) >= 0
    assert (best == 0) == (price <= x / y / (1 - fee))


def arbitraged(fee_bps, ratio, pool=(1_000, 4_000)):
    """What the arbitrageur sees of a pool whose price is left behind: its reserves, and the outside price in coins."""
    money, credits = (amount * COIN for amount in pool)
    price = round(money / credits * ratio * COIN)
    return floors(
        {"trader": quiet, "builder": "fair"}, pool_money=money, pool_credits=credits, fee_bps=fee_bps, price=price, step_bps=0
    ), price / COIN  # fmt: skip


@pytest.mark.parametrize("fee_bps", FEES)
@pytest.mark.parametrize("ratio", [0.25, 0.9, 1.1, 4.0])
def test_the_arbitrageur_restores_the_outside_price_in_one_swap(fee_bps, ratio):
    """Within rounding: one unit of what it pays in, and of the price what one unit of either reserve makes."""
    world, price = arbitraged(fee_bps, ratio)
    money, credits = reserves(world)
    coins, sold = arbitrage(money, credits, price, fee_bps / 10_000), arbitrage(credits, money, 1 / price, fee_bps / 10_000)
    world.step()
    paid_money, paid_credits = reserves(world)[0] - money, reserves(world)[1] - credits
    if fee_bps == 2_500 and ratio in (0.9, 1.1):
        assert (coins, sold, paid_money, paid_credits) == (0, 0, 0, 0), "inside the band"
        return
    assert (coins > 0) == (ratio > 1) == (paid_money > 0)
    assert abs(max(paid_money, paid_credits) - max(coins, sold)) <= 1
    kept = 1 - fee_bps / 10_000
    last = (money + kept * paid_money) / reserves(world)[1] if ratio > 1 else (credits + kept * paid_credits) / reserves(world)[0]
    assert last / kept == pytest.approx(price if ratio > 1 else 1 / price, rel=1e-8), "the last unit costs the outside price"
    if fee_bps == 0:
        assert reserves(world)[0] / reserves(world)[1] == pytest.approx(price, rel=1e-8), "the pool ends at it"
    before = reserves(world)
    world.step()
    assert reserves(world) == before, "one swap is enough"
    assert world.economy.gains()["arbitrageur"][0] > 0


@pytest.mark.parametrize("fee_bps", [30, 100, 2_500])
def test_inside_the_band_it_does_nothing_and_just_outside_it_swaps(fee_bps):
    """The band is [γ p, p / γ] about the pool's price p; outside prices are whole millionths."""
    kept = Fraction(10_000 - fee_bps, 10_000)
    for pool in POOLS:
        money, credits = (amount * COIN for amount in pool)
        low, high = (COIN * Fraction(*pool) * kept, COIN * Fraction(*pool) / kept)
        inside = np.array([int(low) + 1, round(COIN * Fraction(*pool)), int(high)])
        outside = np.array([int(low) - max(int(low) // 10_000, 1), int(high) + max(int(high) // 10_000, 1) + 1])
        known = {"pool_money": money, "pool_credits": credits, "fee_bps": fee_bps, "money": 10**13, "credits": 10**13}
        assert ask(Arbitrage(), shown("arbitrageur", 3, price=inside, **known))["pay"].tolist() == [0, 0, 0]
        pays = ask(Arbitrage(), shown("arbitrageur", 2, price=outside, **known))["pay"]
        assert pays[0] < 0 < pays[1]


def test_no_other_input_on_the_ledger_gains_the_arbitrageur_more():
    """In whole units: those beside its own gain less, by what one unit of either side is worth at most."""
    world, price = arbitraged(30, 1.3)
    money, credits = reserves(world)
    paid = int(world.actions()["arbitrageur"]["pay"][0])

    def gain(amount):
        return int(amount_out(amount, money, credits, 30)) * price - amount

    assert gain(paid) > 0
    for beside in (1, 10, 1_000, 10**6, 10**7):
        for amount in (paid - beside, paid + beside):
            assert gain(amount) <= gain(paid) + price + 1


# Sandwiches


def attacked(*, unit, slippage_bps=100, sells=False, **given):
    """A world in which one trader paid 10 into a pool of 1,000 and 1,000, so many units each, and the builder is to decide."""
    pool = {"pool_money": 1_000 * unit, "pool_credits": 1_000 * unit}
    policies = {"trader": first(10 * unit, slippage_bps), "arbitrageur": quiet, "builder": "sandwich"}
    world, seed = floors(policies, preset="sandwich", **pool, **given), 0
    while world.economy.views["trader"]["buys"][0] == sells:
        seed += 1
        world.begin(0, seed)
    world.step()
    return world


def purse(world):
    """Money and credits of the builder."""
    builder = world.economy.views["builder"]
    return np.array([builder["money"][0], builder["credits"][0]])


def executed(world):
    """The senders of the last block's swaps by name, all of which must have succeeded."""
    book = world.economy.book
    receipts = book.receipts[0, : int(book.head[0, 0].receipts)]
    assert (receipts["status"] == Status.OK).all()
    return book.accounts["name"][0][receipts["sender"]].tolist()


TRADER, BUILDER = 0, 2


@pytest.mark.parametrize("sells", [False, True], ids=["coins for credits", "credits for coins"])
@pytest.mark.parametrize("unit", [10**6, 10**9])
def test_the_builder_finds_the_sandwich_of_5_06288_that_earns_0_100990(unit, sells):
    """Within rounding: the victim's least and what it gets are whole units, one of which is worth 1,000 / (2 × 10) of the front.
    With a thousand million units that is less than the last digit."""
    world = attacked(unit=unit, sells=sells)
    chosen, before = world.actions()["builder"], purse(world)
    assert chosen["victim"].tolist() == [0]
    assert chosen["front"][0] / unit == pytest.approx(5.06288, abs=100 / unit + 5e-6)
    world.step()
    assert executed(world) == [BUILDER, TRADER, BUILDER]
    profit = purse(world) - before
    assert profit[int(sells)] / unit == pytest.approx(0.100990, abs=3 / unit + 5e-7)
    assert profit[1 - int(sells)] == 0, "what came out of the first swap went into the last"
    assert abs(world.economy.gains()["builder"][0] - profit[int(sells)]) <= 1, "credits count as coins at the outside price of 1"
    tick = world.economy.ring.ticks[0, 1]
    assert (tick.sandwiches, tick.swaps, tick.refused) == (1, 1, 0)
    assert tick.lost / unit == pytest.approx(9.900990 * 0.01, abs=2 / unit + 5e-9), "the victim gets no more than it accepts"


def test_one_unit_more_before_it_and_the_victims_swap_is_refused():
    for more, status in ((0, Status.OK), (1, Status.TOO_LITTLE_OUT)):
        world = attacked(unit=10**6)
        actions = world.actions()
        actions["builder"]["front"] += more
        world.step(actions)
        receipts = world.economy.book.receipts[0, :3]
        assert receipts["status"].tolist() == [Status.OK, status, Status.OK]
        assert (world.economy.gains()["builder"][0] > 0) == (more == 0)
        assert world.economy.ring.ticks[0, 1].refused == more


@pytest.mark.parametrize("fee_bps", [0, 5, 30])
@pytest.mark.parametrize("slippage_bps", [10, 50, 100, 300])
def test_fronts_and_profits_are_those_of_the_closed_form_where_a_sandwich_pays(fee_bps, slippage_bps):
    """In these pools the largest front gains most, if any gains."""
    world = attacked(unit=10**6, slippage_bps=slippage_bps, fee_bps=fee_bps)
    expected = sandwich(1_000, 1_000, 10, slippage_bps / 10_000, fee_bps / 10_000)
    chosen, before = world.actions()["builder"], purse(world)
    world.step()
    assert expected.profit > 0
    assert executed(world) == [BUILDER, TRADER, BUILDER]
    assert chosen["front"][0] / COIN == pytest.approx(expected.front, abs=1e-4)
    assert (purse(world) - before)[0] / COIN == pytest.approx(expected.profit, abs=5e-6)


def test_where_the_fee_takes_more_than_a_sandwich_earns_there_is_none():
    """The closed form says where: a victim who pays a hundredth of the pool is worth it up to a fee of about 1 %."""
    for fee_bps in (90, 97, 103, 110):
        expected = sandwich(1_000, 1_000, 10, 0.01, fee_bps / 10_000)
        world = attacked(unit=10**6, fee_bps=fee_bps)
        chosen = world.actions()["builder"]
        assert (expected.profit > 0) == (fee_bps < 100) == (chosen["victim"][0] == 0)
        world.step()
        assert executed(world) == ([BUILDER, TRADER, BUILDER] if fee_bps < 100 else [TRADER])


@pytest.mark.parametrize("amounts", [(10, 1_000, 1_000), (3, 1_000, 50), (700, 1_000, 2_000)])
@pytest.mark.parametrize("fee_bps", [0, 30, 200])
@pytest.mark.parametrize("least_bps", [0, 5_000, 9_000, 9_900])
def test_no_front_on_a_grid_gains_more_than_the_one_that_is_played(amounts, fee_bps, least_bps):
    """Any victim and any tolerance, by trying some 4,000 fronts; the search is exact to three units."""
    paid, money, credits = (amount * COIN for amount in amounts)
    least = int(amount_out(paid, money, credits, fee_bps)) * least_bps // 10_000
    made = shown("builder", pool_money=money, pool_credits=credits, fee_bps=fee_bps, price=COIN, money=10**10, credits=10**10)
    made["waiting"][0, 0] = (0, paid, least)
    chosen = ask(Sandwich(), made)
    fronts = np.unique(
        np.linspace(0, 10**10, 2_001).astype(np.int64).tolist() + np.geomspace(1, 10**10, 2_001).astype(np.int64).tolist()
    )
    swaps = np.tile([paid, money, credits, fee_bps], (fronts.size, 1))
    got, gain = bundles(fronts, swaps)
    best = int(gain[got >= least].max())
    front = int(chosen["front"][0])
    if front == 0:
        assert best <= 3
        return
    (got,), (gain,) = bundles(np.array([front]), swaps[:1])
    assert got >= least
    assert gain >= best - 3


# The product, and what it all comes to


@pytest.mark.parametrize("fee_bps", [0, 30])
def test_no_swap_lowers_the_product_of_the_reserves_and_a_fee_lifts_it(fee_bps):
    world = floors(
        {"trader": "at_value", "builder": "sandwich"}, seeds=np.arange(4), fee_bps=fee_bps, need_bps=9_000, step_bps=200
    )
    products = []
    while not world.done:
        terms = world.economy.book.terms[:, 0]
        products.append([int(a) * int(b) for a, b in zip(terms["money"], terms["credits"], strict=True)])
        world.step()
    roots = np.array([[isqrt(product) for product in row] for row in products])
    assert all(a <= b for early, late in pairwise(products) for a, b in zip(early, late, strict=True))
    assert world.economy.ring.ticks["swaps"].sum() > 200
    risen = (roots[-1] - roots[0]) / roots[0]
    assert (risen > 1e-4).all() if fee_bps else (risen < 1e-6).all()


@pytest.mark.parametrize("trader", ["tolerant", "at_value", "marginal"])
@pytest.mark.parametrize("builder", ["fair", "sandwich"])
def test_no_world_realises_more_than_the_planner_and_the_shares_add_up(trader, builder):
    outcome = floors({"trader": trader, "builder": builder}, seeds=np.arange(20), preset="standard", horizon=60).play()
    shares = {name: METRICS[name].of(outcome) for name in FLOORS.metrics}
    assert (shares["efficiency"] <= 1).all()
    assert (shares["efficiency"] > 0.3).all()
    parts = sum(shares[f"{who}_surplus"] for who in ("trader", "arbitrage", "builder", "pool"))
    np.testing.assert_allclose(parts, shares["efficiency"], atol=1e-9)


def test_sandwiches_take_from_traders_and_a_tight_limit_leaves_less_to_take():
    """The same needs and the same prices outside on both sides: paired over 40 worlds, seeds not tuned; t above 6."""
    taken = {}
    for trader in ("at_value", "tolerant", "marginal"):
        sides = {
            builder: floors({"trader": trader, "builder": builder}, seeds=np.arange(40), preset="standard").play()
            for builder in ("fair", "sandwich")
        }
        assert np.array_equal(sides["fair"].ticks["best"], sides["sandwich"].ticks["best"])
        assert (METRICS["builder_surplus"].of(sides["fair"]) == 0).all()
        taken[trader] = METRICS["builder_surplus"].of(sides["sandwich"])
        lost = METRICS["trader_surplus"].of(sides["fair"]) - METRICS["trader_surplus"].of(sides["sandwich"])
        if trader != "marginal":
            assert lost.mean() > 6 * lost.std(ddof=1) / np.sqrt(40)
    for more, less in (("at_value", "tolerant"), ("tolerant", "marginal")):
        gap = taken[more] - taken[less]
        assert gap.mean() > 6 * gap.std(ddof=1) / np.sqrt(40)
    assert (taken["marginal"] > 0).all()


def test_arbitrage_keeps_the_pools_price_near_the_one_outside():
    errors = [
        METRICS["pool_price_error"].of(floors({"arbitrageur": who}, seeds=np.arange(20), preset="standard").play())
        for who in ("arbitrage", quiet)
    ]
    assert (errors[0] < 0.01).all()
    assert (errors[0] < errors[1]).all()
