"""The market of posted prices on the ledger: what is posted is sold, shown and measured, however the work is shared."""

import numpy as np
import pytest

from chain.errors import InputError
from chain.invariants import check
from chain.layout import Kind
from chain.status import Status
from sim.encodings import encoding_of
from sim.scenarios.posted_price import truth
from sim.scenarios.posted_price.parameters import CONSUMER_MONEY, SELLER_MONEY
from tests.chain.markets import python
from tests.sim.shops import SHOPS, AnyPrice, shops, trade

LINE_UPS = {
    "best response": ("best_response", {}),
    "tit for tat, five sellers": ("tit_for_tat", {"sellers": 5, "cost_high": 1_300_000}),
    "random, with fees": ("random_price", {"base_fee": 1_000, "fee_quotient": 8, "gas_limit": 120, "sellers": 4}),
    "anything": (AnyPrice(), {"sellers": 3}),
    "anything, sixteen sellers, blocks for one": (AnyPrice(), {"sellers": 16, "gas_limit": 50}),
}
line_ups = pytest.mark.parametrize(("policy", "given"), LINE_UPS.values(), ids=LINE_UPS)


def digests():
    """Digests of played markets, one per line-up."""
    return [trade(policy, seeds=[7, 8], **given)[0].digest() for policy, given in LINE_UPS.values()]


PROGRAM = "from tests.sim.test_posted_price import digests; from chain.rule import MODE; print(MODE, *digests())"


@pytest.mark.slow
def test_interpreted_compiled_and_bounds_checked_runs_give_the_same_bytes():
    runs = [python(PROGRAM, **flags).split() for flags in ({"NUMBA_DISABLE_JIT": "1"}, {}, {"NUMBA_BOUNDSCHECK": "1"})]
    assert [run[0] for run in runs] == ["interpreted", "compiled", "checked"]
    assert runs[0][1:] == runs[1][1:] == runs[2][1:]
    assert len(set(runs[0][1:])) == len(LINE_UPS)


def test_an_interpreted_market_gives_the_bytes_of_a_compiled_one():
    program = "from tests.sim.shops import trade; print(trade('random_price', seeds=[3], horizon=4)[0].digest())"
    assert python(program, NUMBA_DISABLE_JIT="1") == trade("random_price", seeds=[3], horizon=4)[0].digest()


@line_ups
def test_a_batch_equals_its_worlds_alone(policy, given):
    batch, outcome = trade(policy, seeds=np.arange(16), **given)
    for seed in range(16):
        single, alone = trade(policy, seeds=[seed], **given)
        assert batch.digest(seed) == single.digest()
        assert np.array_equal(outcome.sales[seed], alone.sales[0])
    assert len({batch.digest(w) for w in range(16)}) == 16


@line_ups
def test_one_thread_and_two_give_the_same_bytes_and_views(policy, given):
    alone, shared = (trade(policy, seeds=np.arange(9), threads=threads, **given) for threads in (1, 2))
    assert alone[0].digest() == shared[0].digest()
    assert np.array_equal(alone[1].sales, shared[1].sales)
    assert alone[0].economy.views["seller"].tobytes() == shared[0].economy.views["seller"].tobytes()


@line_ups
@pytest.mark.parametrize("seed", range(3))
def test_permuting_the_rows_of_accounts_changes_no_outcome(policy, given, seed):
    size = given.get("sellers", 2) + 2
    rows = np.random.default_rng(seed).permutation(size)
    plain, permuted = trade(policy, seeds=[seed], **given), trade(policy, seeds=[seed], rows=rows, **given)
    assert np.array_equal(plain[1].sales, permuted[1].sales)
    assert plain[0].economy.views["seller"].tobytes() == permuted[0].economy.views["seller"].tobytes()
    assert np.array_equal(plain[0].economy.gains()["seller"], permuted[0].economy.gains()["seller"])


@line_ups
def test_money_is_conserved_and_only_production_and_fees_use_it_up(policy, given):
    played = shops(policy, seeds=np.arange(8), **given)
    while not played.done:
        played.step()
        check(played.economy.book)
    book, sales = played.economy.book, played.economy.sales
    costs = np.array(played.parameters.costs)
    expense = (sales["quantity"] * costs // 1_000_000).sum(axis=(1, 2))
    assert np.array_equal(book.head["burned"][:, 0], expense + book.head["fees_burned"][:, 0])
    spent = CONSUMER_MONEY - book.accounts["balance"][:, len(costs)]
    assert np.array_equal(spent, (sales["profit"] + sales["quantity"] * costs // 1_000_000).sum(axis=(1, 2)))


@line_ups
def test_what_a_seller_gains_is_its_profit_minus_its_fees(policy, given):
    played, outcome = trade(policy, seeds=np.arange(8), **given)
    sellers = played.parameters.sellers
    gained = played.economy.gains()["seller"].reshape(8, sellers)
    fees = outcome.sales["profit"].sum(axis=1) - gained
    assert np.array_equal(fees.sum(axis=1), played.economy.book.head["fees_burned"][:, 0])
    if played.parameters.base_fee == 0:
        assert not fees.any()


def test_the_first_prices_are_drawn_from_the_grid_each_with_the_same_chance():
    """Pearson's chi-square over 15 levels, 8,000 draws: a right draw fails with a probability of 0.1 %. Seeds 0 to 3,999."""
    economy = shops(seeds=np.arange(4_000)).economy
    view = economy.views["seller"]
    first = view["sellers"]["level"][:, 0]
    counts = np.bincount(first, minlength=15)
    assert ((counts - 8_000 / 15) ** 2 / (8_000 / 15)).sum() < 36.1
    assert np.array_equal(view["sellers"]["price"][:, 0], economy._shops[0].grid[first])
    assert abs(np.corrcoef(first[::2], first[1::2])[0, 1]) < 4 / np.sqrt(4_000), "sellers draw apart from each other"


def test_episodes_and_seeds_draw_first_prices_of_their_own_and_can_be_repeated():
    played = shops("random_price", seeds=np.arange(50))
    firsts = []
    for episode, seeds in ((0, None), (1, None), (0, None), (0, np.arange(50, 100))):
        played.economy.begin(episode, seeds)
        firsts.append(played.economy.views["seller"]["sellers"]["level"][:, 0].copy())
    assert np.array_equal(firsts[0], firsts[2])
    assert (firsts[0] != firsts[1]).any()
    assert (firsts[0] != firsts[3]).any()
    assert np.array_equal(firsts[3], shops(seeds=np.arange(50, 100)).economy.views["seller"]["sellers"]["level"][:, 0])


def test_the_prices_of_a_tick_sell_in_that_tick():
    played = shops(lambda view, memory, dice: {"price": 1_500_000}, seeds=[0])
    played.step()
    sale = played.economy.sales[0, 0]
    assert sale["price"].tolist() == [1_500_000] * 2
    assert (sale["quantity"] > 400_000).all()
    assert (played.economy.gains()["seller"] == sale["profit"]).all()


def test_a_seller_sees_itself_first_and_then_the_others_in_turn():
    def by_cost(view, memory, dice):
        return {"price": 1_400_000 + view["cost"] // 10}

    played = shops(by_cost, seeds=[0, 1], sellers=4, cost_low=0, cost_high=3_000_000)
    played.step()
    view = played.economy.views["seller"]
    price = 1_400_000 + np.arange(4) * 100_000
    for row in range(8):
        assert view["sellers"]["price"][row, :4].tolist() == np.roll(price, -(row % 4)).tolist()
    assert (view["sellers"]["price"][:, 4:] == -1).all()
    assert (view["sellers"]["level"][:, 4:] == -1).all()
    assert view["cost"].tolist() == [0, 1_000_000, 2_000_000, 3_000_000] * 2
    assert (view["ticks_left"] == 7).all()


def test_the_level_shown_is_the_nearest_of_the_grid():
    grid = shops(seeds=[0]).economy._shops[0].grid
    step = int(grid[1] - grid[0])
    offered = {int(g): k for k, g in enumerate(grid)}
    offered |= {0: 0, int(grid[0]) + step // 3: 0, int(grid[3]) - step // 3: 3, int(grid[-1]) + 1: 14, 2**40: 14}
    for price, level in offered.items():
        played = shops(lambda view, memory, dice, price=price: {"price": price}, seeds=[0])
        played.step()
        assert played.economy.views["seller"]["sellers"]["level"][0, :2].tolist() == [level] * 2
    assert (np.abs(np.diff(grid) - step) <= 1).all(), "evenly spaced"


def test_levels_are_prices_of_the_grid_and_one_too_high_is_the_highest():
    for level, expected in ((0, 0), (7, 7), (14, 14), (15, 14), (99, 14)):
        played = shops(lambda view, memory, dice, level=level: {"level": level}, seeds=[0])
        played.step()
        economy = played.economy
        assert (economy.sales["price"][0, 0] == economy._shops[0].grid[expected]).all()


@pytest.mark.parametrize("seed", range(5))
def test_only_changed_prices_are_posted_and_a_full_block_makes_the_others_wait(seed):
    """Blocks have room for two posts; a seller whose price stands already, and one whose post waits, sends none."""
    played = shops(lambda view, memory, dice: {"level": 7}, seeds=[seed], sellers=5, gas_limit=100, levels=9)
    moves, posts = int((played.economy.views["seller"]["sellers"]["level"][:, 0] != 7).sum()), []
    while not played.done:
        played.step()
        receipts = played.economy.book.receipts[0][: played.economy.book.head[0, 0].receipts]
        assert set(receipts["kind"].tolist()) <= {Kind.POST_PRICE}
        assert set(receipts["status"].tolist()) <= {Status.OK}
        posts.append(receipts.size)
    assert moves > 2
    assert posts == [min(2, max(0, moves - 2 * tick)) for tick in range(8)]
    assert played.economy.book.accounts["nonce"][0, :5].sum() == moves


def test_a_learner_sees_as_many_sellers_as_there_are_and_sets_levels():
    for sellers, levels in ((2, 15), (5, 30)):
        made = encoding_of(SHOPS, "seller", SHOPS.settings("standard", {"sellers": sellers, "levels": levels}))
        assert [f.name for f in made.features] == ["ticks_left", *(f"sellers.level.{k}" for k in range(sellers)), "cost"]
        assert (made.form, made.choices) == ("discrete", levels)
        assert made.act(np.arange(levels), levels)["level"].tolist() == list(range(levels))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sellers": 1}, "sellers: 1 given, .*2 to 16 agents"),
        ({"sellers": 17}, "sellers: 17 given"),
        ({"levels": 1}, "levels: 1 given, .*2 to 100 prices"),
        ({"mu": 0}, "mu: 0 given, .*1000 to 1000000000 µcoin"),
        ({"cost_low": 2_000_000}, "cost_low: 2000000 given, allowed is at most cost_high, 1000000"),
        ({"quality": 0, "cost_low": 10**9, "cost_high": 10**9, "mu": 1_000}, "levels: 15 given, allowed is at most 1: a grid"),
        ({"marginal_cost": 1}, "marginal_cost: no such parameter of posted_price"),
    ],
)
def test_a_bad_parameter_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message):
        shops(**given)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"price": -2}, "price is -2, allowed is -1 to 1099511627776"),
        ({"level": -1}, "level is -1, allowed is 0 to 99"),
        ({"level": np.nan}, "level is nan"),
        ({"prise": 1}, "'prise' given; .*did you mean price"),
    ],
)
def test_a_bad_action_is_an_error_that_names_it(action, message):
    played = shops(lambda view, memory, dice: action)
    before = played.digest()
    with pytest.raises(InputError, match=message):
        played.step()
    assert played.digest() == before


def test_money_lasts_for_a_hundred_million_ticks():
    """At joint monopoly, at Nash and at a price of nothing: what a tick moves, times 10^8, is less than there is."""
    market = SHOPS.settings("standard", {}).market
    for prices in (truth.nash_prices(market), truth.monopoly_prices(market), np.zeros(2)):
        shares = truth.shares(market, prices)
        assert (shares * prices).sum() * 10**8 < CONSUMER_MONEY
        assert (shares * market.costs).max() * 10**8 < SELLER_MONEY
    assert CONSUMER_MONEY + 16 * SELLER_MONEY < 2**62


def test_ticks_that_are_not_kept_are_sold_all_the_same():
    """A world can go on beyond its horizon, as long learners do: nothing is written out of bounds, and the ledger goes on."""
    played, _ = trade("random_price", seeds=[1])
    kept, gained = played.economy.sales.copy(), played.economy.gains()["seller"].copy()
    played.step()
    assert np.array_equal(played.economy.sales, kept)
    assert (played.economy.gains()["seller"] > gained).all()
