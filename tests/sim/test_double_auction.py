"""The scenario `double_auction`: whose turn it is quotes one unit; trades, gains and metrics add up; no shuffle changes them."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest

from chain.digest import digest
from chain.errors import InputError
from chain.invariants import check
from chain.layout import Kind
from sim.metrics import METRICS
from sim.metrics.outcome import TradeOutcome
from sim.scenarios import find
from sim.scenarios.double_auction.parameters import MONEY
from sim.world import World
from tests.chain.markets import python
from tests.sim.test_double_auction_truth import pits

PITS = find("double_auction")
PROGRAM = "from tests.sim.test_double_auction import digests; from chain.rule import MODE; print(MODE, *digests())"


@dataclass(frozen=True)
class AnyQuote:
    """Any price, allowed or not, an acceptance, or nothing, whoever's turn it is and whether or not it gains."""

    def act(self, view, memory, dice):
        how, where = dice.uniform(2).T
        price = np.where(how < 0.2, -1, np.floor(where * 2_500_000).astype(np.int64))
        return {"price": np.where(how > 0.97, 2**40, price), "accept": (how > 0.9).astype(np.int64)}


def lively(**given):
    """Worlds in which anything is quoted, in a book that stays, with fees and too little gas for all."""
    engine = {name: given.pop(name) for name in ("rows", "threads", "worlds") if name in given}
    settings = {"units": 3, "turns": 0, "wipe": 0, "order_window": 2, "base_fee": 3, "fee_quotient": 8, "gas_limit": 900} | given
    seeds = settings.pop("seeds", np.arange(6))
    return World(PITS, PITS.settings("minimal", settings), {"buyer": AnyQuote(), "supplier": AnyQuote()}, seeds=seeds, **engine)


def digests():
    """The ledgers of lively worlds with both kinds of book, and of one with zero intelligence."""
    for world in (lively(), lively(wipe=1), pits(seeds=np.arange(3))):
        world.play()
        yield hashlib.sha256(world.digest().encode()).hexdigest()[:16]


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(PROGRAM, NUMBA_DISABLE_JIT="1").split(), python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]
    assert len(set(compiled)) == 4


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    assert python(PROGRAM, NUMBA_BOUNDSCHECK="1").split() == ["checked", *digests()]


@pytest.mark.parametrize("wipe", [0, 1])
def test_every_gain_comes_from_surplus_and_goes_into_fees(wipe):
    world = lively(wipe=wipe)
    while not world.done:
        world.step()
        check(world.economy.book)
        gains = sum(values.reshape(6, -1).sum(axis=1) for values in world.economy.gains().values())
        ticks, head = world.economy.ring.ticks, world.economy.book.head[:, 0]
        assert (gains == (ticks["value"] - ticks["cost"]).sum(axis=1) - head["fees_burned"]).all()
    assert (ticks["trades"].sum(axis=1) > 3).all()


def test_nobody_trades_more_units_than_it_has_or_wants():
    world = lively(gas_limit=2**30, horizon=200)
    outcome = world.play()
    assert outcome.tallies["traded"].max() == 3
    holdings = world.economy.book.holdings
    assert (holdings["units"][:, :4] == outcome.tallies["traded"][:, :4]).all(), "buyers hold what they bought"
    sold = 3 - holdings["units"][:, 4:8] - holdings["offered"][:, 4:8]
    assert (sold == outcome.tallies["traded"][:, 4:]).all()


def test_a_quote_that_is_not_allowed_is_moved_to_the_end_of_the_range():
    world = pits(turns=0, drawn=0, price_low=100, price_high=900, value_low=0, value_high=900)
    world.step(
        {"buyer": act(world, "buyer", price=[5, 0, -1, 50]), "supplier": act(world, "supplier", price=[2**40, -1, 950, 901])}
    )
    view = world.economy.views
    assert view["buyer"]["bid"].tolist() == [100, 100, -1, 100]
    assert view["supplier"]["ask"].tolist() == [900, -1, 900, 900]
    assert set(view["buyer"]["best_bid"]) == {100}
    assert set(view["supplier"]["best_ask"]) == {900}


def act(world, role, **fields):
    """Actions of one world's agents."""
    return PITS.role(role).read({name: np.array(values) for name, values in fields.items()}, world.economy.names[role].size)


def quiet(world, role):
    return PITS.role(role).actions(world.economy.names[role].size)


def test_only_those_whose_turn_it_is_are_heard_and_one_is_drawn_for_each_turn():
    world = pits(turns=1, seeds=np.arange(400), horizon=3)
    turns = np.concatenate([world.economy.views[r]["turn"].reshape(400, -1) for r in ("buyer", "supplier")], axis=1)
    assert (turns.sum(axis=1) == 1).all()
    assert (abs(turns.sum(axis=0) - 50) < 4 * np.sqrt(400 / 8 * 7 / 8)).all(), "0.05 % of right draws fail"
    count = world.economy.names["buyer"].size
    world.step({"buyer": act(world, "buyer", price=[7] * count), "supplier": quiet(world, "supplier")})
    stands = world.economy.views["buyer"]["bid"].reshape(400, -1) >= 0
    assert (stands == (turns[:, :4] == 1)).all()


def test_a_new_price_takes_the_place_of_the_old_one_and_no_price_leaves_it():
    world = pits(turns=0)
    for prices, stands in (([5, 6, -1, 8], [5, 6, -1, 8]), ([-1, 7, 3, 8], [5, 7, 3, 8])):
        world.step({"buyer": act(world, "buyer", price=prices), "supplier": quiet(world, "supplier")})
        assert world.economy.views["buyer"]["bid"].tolist() == stands
    assert world.economy.book.head[0, 0].locked == 23
    receipts = world.economy.book.receipts[0, : world.economy.book.head[0, 0].receipts]
    assert receipts["kind"].tolist() == [Kind.PLACE_BID] * 2, "who says the same again sends nothing"


def test_who_accepts_takes_the_best_quote_at_its_price():
    world = pits(turns=0)
    nothing = quiet(world, "supplier")
    world.step({"buyer": act(world, "buyer", price=[5, 9, 7, 8]), "supplier": nothing})
    world.step(
        {"buyer": quiet(world, "buyer"), "supplier": act(world, "supplier", accept=[0, 0, 1, 0], price=[-1, -1, 10**6, -1])}
    )
    tick = world.economy.ring.ticks[0, 1]
    assert (tick.trades, tick.price) == (1, 9)
    assert world.economy.views["buyer"]["left"].tolist() == [1, 0, 1, 1]
    assert world.economy.views["supplier"]["left"].tolist() == [1, 1, 0, 1]
    assert world.economy.views["buyer"]["value"][1] == -1
    assert set(world.economy.views["buyer"]["last_price"]) == {9}
    assert (world.economy.views["buyer"]["bid"] == -1).all(), "the round is over"


@pytest.mark.parametrize("seed", range(2))
def test_permuting_the_rows_of_accounts_changes_no_outcome(seed):
    rows = np.random.default_rng(seed).permutation(9)
    plain, permuted = lively(), lively(rows=rows)
    assert plain.play().ticks.tolist() == permuted.play().ticks.tolist()
    assert plain.economy.gains()["buyer"].tolist() == permuted.economy.gains()["buyer"].tolist()
    assert digest(plain.economy.book) != digest(permuted.economy.book)


def test_threads_and_batches_change_no_outcome():
    alone = [lively(seeds=[k]) for k in range(3)]
    together = lively(seeds=np.arange(3), threads=2)
    for world in (*alone, together):
        world.play()
    assert [together.digest(w) for w in range(3)] == [world.digest(0) for world in alone]


def test_types_lie_in_their_range_best_unit_first_and_differ_between_episodes():
    world = pits(seeds=np.arange(50), units=4, value_low=10, value_high=19, cost_low=3, cost_high=5)
    first = world.economy.ring.types.copy()
    assert (first[:, :4].min(), first[:, :4].max(), first[:, 4:].min(), first[:, 4:].max()) == (10, 19, 3, 5)
    assert (np.diff(first[:, :4], axis=2) <= 0).all()
    assert (np.diff(first[:, 4:], axis=2) >= 0).all()
    world.begin(1)
    assert (world.economy.ring.types != first).any()


def test_stairs_are_dealt_out_in_turn():
    types = pits(buyers=2, suppliers=2, units=2, drawn=0, value_low=1, value_high=10, cost_low=0, cost_high=3).economy.ring.types
    assert types[0].tolist() == [[10, 4], [7, 1], [0, 2], [1, 3]]


def outcome():
    """One world worked out by hand: of three gainful pairs two trade, at 60 and 80, where 70 would be right."""
    world = pits(buyers=3, suppliers=3, units=1, drawn=0, value_low=70, value_high=110, cost_low=30, cost_high=70, turns=0)
    for price, buyer, supplier in ((60, 0, 0), (80, 1, 1)):
        bids, asks = np.full(3, -1), np.full(3, -1)
        bids[buyer], asks[supplier] = price, price
        world.step({"buyer": act(world, "buyer", price=bids), "supplier": act(world, "supplier", price=asks)})
    return world.economy.outcome()


def test_the_metrics_of_a_small_market_are_those_worked_out_by_hand():
    played = outcome()
    assert isinstance(played, TradeOutcome)
    assert [float(np.ravel(x)[0]) for x in played.best] == [120, 3, 70, 70]
    found = {name: float(METRICS[name].of(played)[0]) for name in PITS.metrics}
    surplus, consumers = (110 - 30) + (90 - 50), (110 - 60) + (90 - 80)
    assert found == pytest.approx(
        {
            "efficiency": surplus / 120,
            "consumer_surplus": consumers / 120,
            "traded_share": 2 / 3,
            "trade_price": 70e-6,
            "smith_alpha": 10 / 70,
        }
    )


def test_the_tables_say_the_same():
    tables = PITS.tables(outcome())
    assert tables["ticks"]["trades"][:3].tolist() == [1, 1, 0]
    np.testing.assert_allclose(tables["ticks"]["price"][:3], [60e-6, 80e-6, np.nan])
    assert tables["agents"]["role"].tolist() == ["buyer"] * 3 + ["supplier"] * 3
    np.testing.assert_allclose(tables["agents"]["surplus"] * 1e6, [50, 10, 0, 30, 30, 0])


def test_everybody_begins_with_the_same_money():
    world = pits()
    assert world.economy.book.accounts["balance"].tolist() == [[MONEY] * 8 + [0]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"value_low": 10, "value_high": 9}, "value_low: 10 given, allowed is at most value_high, 9"),
        ({"price_low": 3, "price_high": 2}, "price_low: 3 given, allowed is at most price_high, 2"),
        ({"buyers": 65}, r"buyers: 65 given, .*1 to 64 agents"),
        ({"sellers": 2}, "sellers: no such parameter of double_auction"),
    ],
)
def test_parameters_that_make_no_market_are_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message):
        PITS.settings("minimal", given)
