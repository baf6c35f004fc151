"""Sessions of learning sellers through the ledger: the same tables as without one, the same ledger as tick by tick."""

import hashlib

import numpy as np
import pytest

from agents.learned.tabular import Learning
from chain.digest import digest
from chain.errors import InputError
from chain.invariants import check
from sim.scenarios.posted_price import SCENARIO
from sim.scenarios.posted_price.economy import PostedPrice
from sim.scenarios.posted_price.parameters import COIN
from sim.scenarios.posted_price.roles import SELLER
from sim.scenarios.posted_price.sessions import Session
from sim.scenarios.posted_price.truth import profits
from sim.world import World
from tests.bench import bare_collusion
from tests.chain.markets import python

BASELINE = Learning(alpha=0.15, delta=0.95, beta=4e-6)
QUICK = Learning(alpha=0.15, delta=0.95, beta=1e-3)


def session(learning=QUICK, *, stable=2_000, seed=0, **given):
    return Session(SCENARIO.settings("standard", given), learning, stable=stable, seed=seed)


def short():
    """A short session; what its ledger and its tables are."""
    made = session(seed=-3, levels=5, sellers=3)
    made.learn(400)
    moves = made.play(30)
    arrays = (made.tables.values, made.tables.greedy, moves)
    return made.digest(), *(hashlib.sha256(array.tobytes()).hexdigest() for array in arrays)


@pytest.mark.parametrize(
    ("learning", "given", "stable", "seed"),
    [
        (BASELINE, {}, 100_000, 0),
        (BASELINE, {}, 100_000, 4_711),
        (Learning(0.5, 0.0, 1e-4), {"levels": 7}, 3_000, 1),
        (Learning(0.05, 0.6, 5e-4), {"levels": 4, "cost_high": 1_200_000, "mu": 500_000}, 3_000, 2**40),
    ],
)
def test_a_session_on_the_ledger_ends_with_the_very_tables_of_the_bare_loop(learning, given, stable, seed):
    ours = session(learning, stable=stable, seed=seed, **given)
    assert ours.learn(10**7)
    bare = bare_collusion.sessions(seed, ours.profits, learning.delta)
    bare_collusion.learn(
        bare.heads[0], bare.places[0], ours.profits / COIN, bare.q[0], bare.best[0], *learning, stop=10**7, stable=stable
    )
    assert (ours.ticks, ours.state) == (bare.places[0].tick, bare.places[0].state)
    assert (ours.tables.greedy == bare.best[0]).all()
    assert ours.tables.values.tobytes() == bare.q[0].tobytes()


@pytest.mark.parametrize("given", [{}, {"sellers": 3, "levels": 6, "cost_high": 1_100_000}, {"base_fee": 20, "fee_quotient": 8}])
def test_a_session_leaves_the_ledger_that_its_levels_leave_tick_by_tick(given):
    """And it may be learned in parts of any length: here one tick at a time, and at once."""
    at_once, stepwise = session(seed=5, **given), session(seed=5, **given)
    at_once.learn(1_500)
    economy = PostedPrice(SCENARIO.settings("minimal", given), seeds=[5])
    for tick in range(1_500):
        stepwise.learn(1)
        actions = SELLER.actions(at_once.parameters.sellers)
        actions["level"] = stepwise.economy.views["seller"]["sellers"]["level"][:, 0]
        assert stepwise.ticks == tick + 1
        economy.advance({"seller": actions})
    assert at_once.digest() == stepwise.digest() == digest(economy.book)
    assert at_once.tables.values.tobytes() == stepwise.tables.values.tobytes()
    check(economy.book)


def test_all_money_that_sellers_gain_has_moved_on_the_ledger():
    made = session(seed=8)
    book = made.economy.book
    consumers = made.parameters.sellers
    before = book.accounts["balance"][0].copy()
    made.learn(700)
    made.play(300)
    moved = book.accounts["balance"][0] - before
    assert (moved[:consumers] > 100 * COIN).all()
    assert moved[consumers] == -moved[:consumers].sum() - book.head["burned"][0, 0], "what consumers paid, less what work used up"
    check(book)


def test_interpreted_and_compiled_sessions_give_the_same_bytes():
    sequence = "from tests.sim.test_sessions import short; from chain.rule import MODE; print(MODE, *short())"
    interpreted, compiled = python(sequence, NUMBA_DISABLE_JIT="1").split(), python(sequence).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]


def test_profits_are_those_of_logit_demand_less_what_rounding_takes():
    made = session(sellers=3, levels=4, cost_high=1_200_000)
    grid = made.room.shop.grid
    for levels in np.ndindex(4, 4, 4):
        expected = profits(made.parameters.market, grid[list(levels)])
        for s in range(3):
            assert made.profits[(s, *levels)] == pytest.approx(expected[s], abs=4)


def test_values_begin_at_the_discounted_profit_against_rivals_who_pick_any_level_alike():
    made = session(sellers=3, levels=4, cost_high=1_200_000)
    for own in range(4):
        assert made.tables.values[1, 37, own] == pytest.approx(made.profits[1, :, own, :].mean() / COIN / 0.05)
    assert (made.tables.greedy == made.tables.values.argmax(axis=2)).all()


def test_one_session_object_serves_another_seed_as_a_new_one_would():
    used, fresh = session(seed=1), session(seed=2)
    used.learn(3_000)
    used.begin(2)
    for made in (used, fresh):
        made.learn(500)
    assert used.digest() == fresh.digest()
    assert used.tables.values.tobytes() == fresh.tables.values.tobytes()


def test_a_fork_plays_its_own_way_and_leaves_no_trace():
    made = session(seed=3)
    made.learn(5_000)
    kept, before, state = made.keep(), made.digest(), made.state
    first = made.play(20)
    assert made.digest() != before
    made.restore(kept)
    assert (made.digest(), made.state) == (before, state)
    forced = np.full((20, 2), -1)
    forced[4] = (0, 14)
    moves = made.play(20, forced)
    assert moves["level"][4].tolist() == [0, 14]
    assert (moves[:4] == first[:4]).all()
    made.restore(kept)
    assert (made.play(20) == first).all()


@pytest.mark.parametrize("sellers", [2, 3])
def test_what_was_learned_plays_in_a_world_as_in_its_session(sellers):
    """Tables with random choices: every seller must look up its own, turned so that it stands first."""
    made = session(seed=6, sellers=sellers, levels=5)
    made.tables.greedy[...] = np.random.default_rng(sellers).integers(0, 5, made.tables.greedy.shape)
    world = World(
        SCENARIO, SCENARIO.settings("standard", {"sellers": sellers, "levels": 5}), {"seller": made.policy()}, seeds=[6]
    )
    world.play()
    made.play(world.economy.ticks)
    assert world.digest() == made.digest()


def test_converged_means_that_no_greedy_policy_changed_for_so_long():
    stable = 1_000
    made, again = session(stable=stable, seed=9), session(stable=stable, seed=9)
    while not made.learn(1):
        pass
    assert made.ticks > 2 * stable
    again.learn(made.ticks - stable)
    assert not again.converged
    assert (again.tables.greedy == made.tables.greedy).all()
    again.begin(9)
    again.learn(made.ticks - stable - 1)
    assert (again.tables.greedy != made.tables.greedy).any(), "one tick earlier a policy was another"


def test_tables_that_are_too_large_are_refused():
    with pytest.raises(InputError, match="sellers: 5 with 15 levels need tables of 56953125 values, allowed are 4194304"):
        session(sellers=5)
