"""The scenario of sealed-bid auctions: what the ledger did is what the outcome says, and what is private stays so."""

import numpy as np
import pytest

from chain.digest import digest
from chain.invariants import check
from chain.layout import Kind
from sim.metrics import METRICS
from sim.scenarios import find
from sim.scenarios.auction.parameters import BIDDER_MONEY, BUYER_MONEY
from sim.world import World

AUCTION = find("auction")
COIN = 1_000_000


def hall(policies=None, *, seeds=(0, 1), **given):
    """A batch of worlds, played to the end."""
    threads, rows = given.pop("threads", 1), given.pop("rows", None)
    policies = {"bidder": policies} if policies is not None else None
    return World(AUCTION, AUCTION.settings("minimal", given), policies, seeds=np.asarray(seeds), threads=threads, rows=rows)


def measured(name, outcome):
    return METRICS[name].of(outcome)


def test_every_auction_takes_two_ticks_and_the_last_ones_end_with_the_episode():
    outcome = hall(horizon=8).play()
    assert outcome.awards["ended"].tolist() == [[0, 1] * 4] * 2
    assert outcome.awards["commits"].tolist() == outcome.awards["reveals"].tolist() == [[0, 5] * 4] * 2


@pytest.mark.parametrize("second_price", [0, 1])
def test_the_lowest_cost_wins_and_is_paid_its_own_bid_or_the_lowest_of_the_others(second_price):
    world = hall("truthful_bid", second_price=second_price, bidders=7, seeds=range(5))
    costs = world.economy.envelopes["cost"].copy()
    for tick in range(world.economy.ticks):
        world.step()
        awards = world.economy.awards[:, tick]
        if tick % 2:
            ordered = np.sort(costs, axis=1)
            assert awards["winner"].tolist() == costs.argmin(axis=1).tolist()
            assert awards["cost"].tolist() == awards["least_cost"].tolist() == ordered[:, 0].tolist()
            assert awards["price"].tolist() == ordered[:, second_price].tolist()
            costs = world.economy.envelopes["cost"].copy()


def test_money_moves_from_the_buyer_to_the_winners_alone():
    world = hall("random_bid", horizon=40)
    outcome = world.play()
    book = world.economy.book
    paid = outcome.awards["price"].sum(axis=1)
    reserve = AUCTION.settings("minimal", {}).reserve
    assert (BUYER_MONEY - book.accounts["balance"][:, 5] == paid + reserve).all(), "the next auction is open already"
    assert (outcome.bidders["paid"].sum(axis=1) == paid).all()
    assert (book.accounts["balance"][:, :5] - BIDDER_MONEY == outcome.bidders["paid"]).all()
    assert (outcome.gained == outcome.bidders["paid"] - outcome.bidders["spent"]).all()


def test_surplus_is_what_the_winner_costs_less_than_the_job_is_worth():
    outcome = hall("random_bid", value=700_000, horizon=40).play()
    awards = outcome.awards
    realised = (700_000 - awards["cost"]) * awards["awarded"]
    best = np.maximum(700_000 - awards["least_cost"], 0) * awards["ended"]
    assert measured("efficiency", outcome) == pytest.approx(realised.sum(axis=1) / best.sum(axis=1))
    assert (measured("efficiency", outcome) <= 1).all()


def test_a_bid_that_is_not_revealed_loses_its_deposit_and_the_job():
    def silent(view, memory, dice):
        return {"bid": view["cost"] // 2, "reveal": np.arange(view.size) % 5 != 0}

    world = hall(silent, deposit=30_000, horizon=20)
    outcome = world.play()
    assert (outcome.awards["reveals"][:, 1::2] == 4).all()
    assert (outcome.bidders["wins"][:, 0] == 0).all()
    assert outcome.gained[:, 0].tolist() == [-30_000 * 10] * 2
    assert (world.economy.book.head["burned"][:, 0] == 30_000 * 10).all()


def test_without_bids_nobody_wins_and_the_reserve_comes_back():
    world = hall(lambda view, memory, dice: {"bid": -1})
    outcome = world.play()
    assert measured("fill_rate", outcome).tolist() == [0, 0]
    assert measured("saving", outcome).tolist() == [0, 0]
    assert np.isnan(measured("price_level", outcome)).all()
    assert (world.economy.book.accounts["balance"][:, :5] == BIDDER_MONEY).all()


def test_a_bid_above_the_reserve_does_not_win():
    outcome = hall(lambda view, memory, dice: {"bid": view["reserve"] + 1}).play()
    assert not outcome.awards["awarded"].any()
    assert (outcome.awards["reveals"][:, 1::2] == 5).all()


def test_views_show_the_own_cost_and_bid_the_last_price_and_nothing_of_others():
    world = hall("truthful_bid", horizon=8)
    view = world.economy.views["bidder"]
    assert view["phase"].tolist() == [1] * 10
    assert (view["sealed"] == -1).all()
    assert (view["last_price"] == -1).all()
    costs = view["cost"].copy()
    world.step()
    assert view["phase"].tolist() == [2] * 10
    assert view["cost"].tolist() == view["sealed"].tolist() == costs.tolist()
    world.step()
    price = costs.reshape(2, 5).min(axis=1)
    assert view["phase"].tolist() == [1] * 10
    assert view["last_price"].tolist() == np.repeat(price, 5).tolist()
    assert view["won"].tolist() == (costs == np.repeat(price, 5)).astype(int).tolist()
    assert (view["cost"] != costs).any(), "every job has its own costs"


def test_costs_are_exogenous_whatever_is_bid_and_whatever_the_price_rule():
    arms = [hall(policy, second_price=s, horizon=20).play() for policy in ("truthful_bid", "random_bid") for s in (0, 1)]
    for arm in arms[1:]:
        assert arm.awards["least_cost"].tolist() == arms[0].awards["least_cost"].tolist()


def test_costs_are_uniform_up_to_the_highest():
    """Mean and variance of 20,000 costs within four standard errors: fails by chance with a probability of 0.01 %."""
    costs = hall(seeds=range(4_000)).economy.envelopes["cost"].ravel() / COIN
    assert abs(costs.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / costs.size)
    assert abs(costs.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / costs.size)


def test_where_blocks_are_too_small_for_all_some_bids_stay_out_and_the_books_hold():
    world = hall("random_bid", gas_limit=200, horizon=40, bidders=8)
    outcome = world.play()
    assert outcome.awards["commits"].max() <= 2
    assert outcome.awards["ended"].sum() > 10
    check(world.economy.book)


def test_fees_are_paid_by_bidders_and_the_buyer():
    world = hall("truthful_bid", base_fee=10, horizon=8)
    outcome = world.play()
    fees = (70 + 60) * 10 * 4
    assert (outcome.gained == -fees).all(), "truthful winners of the first price gain nothing else"
    assert {int(kind) for kind in world.economy.book.receipts["kind"][0]} <= {
        0,
        Kind.OPEN_AUCTION,
        Kind.COMMIT_BID,
        Kind.REVEAL_BID,
    }


def test_rows_and_threads_change_no_outcome():
    plain = hall("random_bid", seeds=range(6), horizon=20)
    outcome = plain.play()
    threaded = hall("random_bid", seeds=range(6), horizon=20, threads=3)
    assert threaded.play().awards.tobytes() == outcome.awards.tobytes()
    assert threaded.digest() == plain.digest()
    rows = np.random.default_rng(1).permutation(7)
    permuted = hall("random_bid", seeds=range(6), horizon=20, rows=rows)
    assert permuted.play().awards.tobytes() == outcome.awards.tobytes()
    assert digest(permuted.economy.book) != digest(plain.economy.book)


def test_a_second_episode_is_another_one_and_leaves_no_trace():
    world = hall("random_bid")
    world.play()
    world.begin(1)
    second = world.play().awards.tobytes()
    fresh = hall("random_bid")
    fresh.begin(1)
    assert fresh.play().awards.tobytes() == second
    assert hall("random_bid").play().awards.tobytes() != second
