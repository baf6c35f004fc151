"""The scenario `exchange`: what is drawn, that gains and metrics add up, and that no shuffle changes them."""

import hashlib

import numpy as np
import pytest

from chain.digest import digest
from chain.errors import InputError
from chain.invariants import check
from sim.metrics import METRICS
from sim.metrics.outcome import SwapOutcome
from sim.scenarios.exchange import parameters as sizes
from sim.scenarios.exchange.parameters import COIN
from tests.chain.markets import python
from tests.sim.test_exchange_blocks import ANYTHING, few, step
from tests.sim.test_exchange_truth import FLOORS, floors, quiet

PROGRAM = "from tests.sim.test_exchange import digests; from chain.rule import MODE; print(MODE, *digests())"


def lively(policies=None, **given):
    """Worlds in which anything is swapped, with fees and too little gas for all."""
    settings = {"need_bps": 8_000, "arbitrageurs": 3, "base_fee": 3, "fee_quotient": 8, "gas_limit": 900, "step_bps": 300} | given
    return floors(policies or ANYTHING, **({"seeds": np.arange(6)} | settings))


def sensible(**given):
    """Worlds of the scripted policies, with sandwiches."""
    return floors({"builder": "sandwich"}, **({"seeds": np.arange(3)} | given))


def digests():
    """The ledgers of lively worlds, with little gas and with much, and of sensible ones."""
    for world in (lively(), lively(gas_limit=2**30, fee_bps=0), sensible()):
        outcome = world.play()
        parts = (world.digest().encode(), outcome.ticks.tobytes(), outcome.tallies.tobytes())
        yield hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(PROGRAM, NUMBA_DISABLE_JIT="1").split(), python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]
    assert len(set(compiled)) == 4


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    assert python(PROGRAM, NUMBA_BOUNDSCHECK="1").split() == ["checked", *digests()]


@pytest.mark.parametrize("gas_limit", [900, 2**30])
@pytest.mark.parametrize("base_fee", [0, 3])
def test_every_gain_comes_from_surplus_and_goes_into_fees_in_every_tick(gas_limit, base_fee):
    """Gains are read from balances, surplus from swaps that are worked out once more: to the unit they are the same."""
    world = lively(gas_limit=gas_limit, base_fee=base_fee)
    while not world.done:
        world.step()
        check(world.economy.book)
        outcome, head = world.economy.outcome(), world.economy.book.head[:, 0]
        surplus = (outcome.ticks["value"] - outcome.ticks["cost"]).sum(axis=1)
        assert (outcome.gained.sum(axis=1) + outcome.pool == surplus - head["fees_burned"]).all()
    assert (outcome.ticks["swaps"].sum(axis=1) > 10).all()
    assert (outcome.ticks["refused"].sum(axis=1) > 3).all()
    assert (outcome.ticks["sandwiches"].sum(axis=1) > 1).all()
    parts = [values.reshape(6, -1) for values in world.economy.gains().values()]
    assert np.array_equal(np.concatenate(parts, axis=1), outcome.gained)


def test_where_every_credit_is_worth_one_coin_the_worth_of_swaps_is_the_change_of_credits():
    """So the swaps that are worked out once more are those that the ledger made."""
    world = lively(gas_limit=2**30, step_bps=0, spread_bps=0)
    p, book = world.parameters, world.economy.book
    before = book.credits["balance"][:, : p.agents].copy()
    outcome = world.play()
    assert np.array_equal(outcome.tallies["worth"], book.credits["balance"][:, : p.agents] - before)
    assert (outcome.tallies["worth"] != 0).mean() > 0.9
    assert np.array_equal(world.economy.ring.outside["pool_worth"], book.terms["credits"] - p.pool_credits)
    executed = book.accounts["nonce"][:, : p.agents]
    assert np.array_equal(outcome.tallies["swaps"] + outcome.tallies["refused"], executed)
    everybody = p.traders * sizes.MONEY + (p.arbitrageurs + 1) * p.purse
    assert (book.terms["supply"] == everybody + p.pool_credits).all()


@pytest.mark.parametrize("seed", range(2))
def test_permuting_the_rows_of_accounts_changes_no_outcome(seed):
    for make in (lively, sensible):
        rows = np.random.default_rng(seed).permutation(make().economy.book.accounts.shape[1])
        plain, permuted = make(), make(rows=rows)
        assert plain.play().ticks.tolist() == permuted.play().ticks.tolist()
        assert plain.economy.gains()["trader"].tolist() == permuted.economy.gains()["trader"].tolist()
        assert digest(plain.economy.book) != digest(permuted.economy.book)


def test_threads_and_batches_change_no_outcome():
    alone = [lively(seeds=[k]) for k in range(3)]
    together = lively(seeds=np.arange(3), threads=2)
    for world in (*alone, together):
        world.play()
    assert [together.digest(w) for w in range(3)] == [world.digest(0) for world in alone]


def test_needs_and_prices_outside_are_the_same_whoever_plays_and_differ_between_episodes():
    exogenous = ["needs", "best", "outside"]
    plays = [lively(), lively({}), floors({"builder": "sandwich"}, seeds=np.arange(6), need_bps=8_000, step_bps=300)]
    ticks = [world.play().ticks[exogenous].tolist() for world in plays]
    assert ticks[0] == ticks[1] == ticks[2]
    plays[0].begin(1)
    assert plays[0].play().ticks[exogenous].tolist() != ticks[0]


def test_nobody_needs_anything_in_the_last_tick_and_all_else_is_executed():
    world = floors({"trader": "at_value"}, seeds=np.arange(9), need_bps=10_000)
    while world.tick < 29:
        assert (world.economy.views["trader"]["need"] > 0).all()
        world.step()
    assert (world.economy.views["trader"]["need"] == 0).all()
    world.step()
    assert (world.economy.views["trader"]["waiting"] == 0).all()


def test_needs_values_and_prices_lie_in_their_ranges():
    world = floors(
        {"trader": quiet}, seeds=np.arange(200), need_bps=5_000, need_low=7, need_high=12, spread_bps=1_000, step_bps=500
    )
    seen, needy, last = [], 0, np.full(200, COIN)
    while world.tick < 29:
        view, price = world.economy.views["trader"].reshape(200, -1), world.economy.ring.outside["price"][:, 0]
        needs = view["need"] > 0
        needy += needs.sum()
        seen.append([view["need"][needs].min(), view["need"][needs].max(), view["buys"][needs].mean()])
        gap = (view["value"] / price[:, None] - 1)[needs]
        assert abs(gap).max() <= 0.1 + 1e-6
        assert abs(gap).max() > 0.095
        assert (abs(price / last - 1) <= 0.05 + 1e-6).all()
        last = price.copy()
        world.step()
    seen = np.array(seen)
    assert (seen[:, 0].min(), seen[:, 1].max()) == (7, 12)
    draws = 29 * 200 * 6
    assert abs(needy / draws - 0.5) < 4 * 0.5 / np.sqrt(draws), "less than 0.01 % of right draws fail"
    assert abs(seen[:, 2].mean() - 0.5) < 4 * 0.5 / np.sqrt(draws / 2)


def test_the_price_outside_stays_within_its_bounds():
    world = floors({"trader": quiet, "arbitrageur": quiet}, seeds=np.arange(20), step_bps=1_000, horizon=2_000)
    price = world.play().ticks["outside"]
    assert (price.min(), price.max()) == (COIN // 10, 10 * COIN)


def played_by_hand(price=1):
    """One world worked out by hand, without a fee. Outside a credit is worth `price`, as in a pool of 900 credits and as many
    times that in coins; a buyer of 90, who values them up to half as much again, pays a ninth of the coins, after a front of as
    many. Returns the outcome, and the value over the price."""
    coins = 900 * price * COIN
    given = {"traders": 1, "pool_money": coins, "pool_credits": 900 * COIN, "fee_bps": 0, "step_bps": 0, "horizon": 3}
    needs = {"need_bps": 10_000, "need_low": 90 * COIN, "need_high": 90 * COIN, "spread_bps": 5_000, "price": price * COIN}
    world = floors(**needs, **given)
    seed = 0
    while not (world.economy.views["trader"]["buys"][0] and world.economy.views["trader"]["value"][0] > 1_400_000 * price):
        seed += 1
        world.begin(0, seed)
    value = int(world.economy.views["trader"]["value"][0])
    step(world, trader=coins // 9)
    step(world, victim=0, front=coins // 9)
    step(world)
    return world.economy.outcome(), value / price / COIN


@pytest.mark.parametrize("price", [1, 3])
def test_the_metrics_of_a_small_exchange_are_those_worked_out_by_hand(price):
    """At a price of 1 the front of 100 brings 90, so the pool is 1,000 to 810; the victim's 100 bring 810 / 11, which leaves
    1,100 to 736.36; the front's 90 bring 1,100 × 90 / 826.36 back. Without the front the victim had got 90. At another price
    all coins are as many times more, and so is the optimum."""
    outcome, value = played_by_hand(price)
    assert isinstance(outcome, SwapOutcome)
    got, back = 810 / 11, 1_100 * 90 / (810 * 10 / 11 + 90)
    pool = 1_100 - back, 810 * 10 / 11 + 90
    best = 90 * (value - 1) + outcome.ticks["best"][0, 1] / COIN / price
    found = {name: float(METRICS[name].of(outcome)[0]) for name in FLOORS.metrics}
    assert found == pytest.approx(
        {
            "efficiency": got * (value - 1) / best,
            "trader_surplus": (got * value - 100) / best,
            "arbitrage_surplus": 0,
            "builder_surplus": (back - 100) / best,
            "pool_surplus": (pool[0] - 900 + pool[1] - 900) / best,
            "swap_fees": 0,
            "pool_price_error": (2 * abs(pool[0] / pool[1] - 1)) / 3,
            "sandwich_loss": (90 - got) / 100,
        },
        abs=1e-6,
    )


def test_the_tables_say_the_same():
    outcome, value = played_by_hand()
    tables = FLOORS.tables(outcome)
    assert tables["ticks"]["swaps"].tolist() == [0, 1, 0]
    assert tables["ticks"]["sandwiches"].tolist() == [0, 1, 0]
    np.testing.assert_allclose(tables["ticks"]["volume"], [0, 100, 0])
    np.testing.assert_allclose(tables["ticks"]["lost"], [0, 90 - 810 / 11, 0], atol=1e-6)
    np.testing.assert_allclose(tables["ticks"]["pool"][0], 1)
    np.testing.assert_allclose(tables["ticks"]["realised"][1], 810 / 11 * (value - 1), atol=1e-6)
    assert tables["agents"]["role"].tolist() == ["trader", "arbitrageur", "builder"]
    assert tables["agents"]["swaps"].tolist() == [1, 0, 2]
    np.testing.assert_allclose(tables["agents"]["surplus"][0], 810 / 11 * value - 100, atol=1e-6)


def test_credits_beyond_the_need_count_at_the_price_outside():
    world = few(traders=1, fee_bps=0, step_bps=0, pool_money=10**6 * COIN, pool_credits=10**6 * COIN)
    while not world.economy.views["trader"]["buys"][0]:
        step(world)
    need, value = (int(world.economy.views["trader"][name][0]) for name in ("need", "value"))
    step(world, trader=100 * COIN)
    before = int(world.economy.book.credits[0, 0].balance)
    step(world)
    got = int(world.economy.book.credits[0, 0].balance) - before
    assert got > need
    gained = int(world.economy.gains()["trader"][0]) + 100 * COIN
    assert gained == pytest.approx(need * value / COIN + (got - need), abs=2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"need_low": 10, "need_high": 9}, "need_low: 10 given, allowed is at most need_high, 9"),
        ({"traders": 65}, r"traders: 65 given, .*1 to 64 agents"),
        ({"fee_bps": 10_000}, r"fee_bps: 10000 given, .*0 to 9999 bps"),
        ({"gas_limit": 439}, r"gas_limit: 439 given, .*440 to"),
        ({"fees_bps": 2}, "fees_bps: no such parameter of exchange"),
    ],
)
def test_parameters_that_make_no_exchange_are_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message):
        FLOORS.settings("minimal", given)
