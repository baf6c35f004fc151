"""What should come out, known without running the market: closed forms and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from agents.scripted.cost_plus import CostPlus
from agents.scripted.random_choice import RandomChoice
from sim.metrics import METRICS
from sim.metrics.efficiency import efficiency, realised
from sim.metrics.surplus import client_money, client_surplus, provider_money
from tests.sim.worlds import ANYTHING, AT_COST, IDEAL, AnyAction, play, world

SHAPES = [
    {"clients": 1, "providers": 1, "services": 1, "horizon": 30},
    {"clients": 6, "providers": 3, "services": 2, "horizon": 8},
    {"clients": 5, "providers": 7, "services": 3, "horizon": 20, "need_bps": 10_000},
    {"clients": 64, "providers": 16, "services": 1, "horizon": 6, "need_bps": 10_000},
    {"clients": 30, "providers": 32, "services": 2, "horizon": 25, "delivery_window": 1, "dispute_window": 1},
    {"clients": 12, "providers": 4, "services": 4, "horizon": 10, "value_low": 0, "value_high": 60_000_000},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s['clients']}x{s['providers']}x{s['services']}")
def test_prices_at_cost_and_best_choice_reach_the_optimum_exactly(shape):
    _, outcome = play(AT_COST, seeds=np.arange(20), **IDEAL, **shape)
    possible = outcome.best.surplus.sum(axis=(1, 2)) > 0
    assert possible.any()
    assert (efficiency(outcome)[possible] == 1.0).all()
    assert (client_surplus(outcome)[possible] == 1.0).all(), "at cost, the clients gain everything"
    assert (provider_money(outcome) == 0).all()


@given(st.data())
def test_the_optimum_is_reached_in_any_market_without_frictions(data):
    low = data.draw(st.integers(0, 100), "value_low")
    shape = {
        "clients": data.draw(st.integers(1, 20), "clients"),
        "services": data.draw(st.integers(1, 4), "services"),
        "providers": data.draw(st.integers(1, 16), "providers"),
        "horizon": data.draw(st.integers(1, 12), "horizon"),
        "need_bps": data.draw(st.integers(0, 10_000), "need_bps"),
        "value_low": low * 1_000_000,
        "value_high": data.draw(st.integers(low, 120), "value_high") * 1_000_000,
    }
    _, outcome = play(AT_COST, seeds=data.draw(st.integers(0, 2**63 - 1), "seed"), **IDEAL, **shape)
    best = outcome.best.surplus.sum(axis=(1, 2))
    assert np.array_equal(realised(outcome).sum(axis=1), best)


def expected_at_random(played):
    """Mean surplus of a uniform choice among acceptable offers at cost, per world, from the private types alone."""
    private, needs = played.economy.private, needs_of(played)
    costs = private.crafts["cost"] + private.crafts["effort_cost"]
    total = np.zeros(len(costs))
    for service in range(private.tastes.shape[2]):
        sells = private.crafts["service"] == service
        assert (sells.sum(axis=1) <= 16).all(), "every offer is shown"
        gain = private.tastes[:, :, service, None] - costs[:, None, :]
        acceptable = (gain >= 0) & sells[:, None, :]
        mean = np.where(acceptable, gain, 0).sum(axis=2) / np.maximum(acceptable.sum(axis=2), 1)
        total += ((needs == service).sum(axis=1) * mean).sum(axis=1)
    return total


def needs_of(played):
    """The needs of a played episode, shape (worlds, ticks, clients), as the planner draws them."""
    return played.economy.needs()[0]


def test_random_matching_earns_the_mean_of_the_surplus_matrix():
    """Within three standard errors: a right engine fails this with a probability of 0.3 %. Seeds are the first 400."""
    policies = {**AT_COST, "client": RandomChoice()}
    shape = {"clients": 20, "providers": 12, "services": 2, "horizon": 20}
    played, outcome = play(policies, seeds=np.arange(400), **IDEAL, **shape)
    best = outcome.best.surplus.sum(axis=(1, 2))
    expected = expected_at_random(played) / best
    difference = efficiency(outcome) - expected
    error = difference.std(ddof=1) / np.sqrt(difference.size)
    assert abs(difference.mean()) < 3 * error
    assert error < 0.001, "sharp enough to notice a wrong choice"
    assert expected.mean() < 0.95


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_where_all_values_are_equal_the_optimum_is_reached_even_if_places_are_scarce(capacity):
    """Who is served does not matter then: as many as there are places, and nobody beyond."""
    scarce = {**IDEAL, "capacity_low": capacity, "capacity_high": capacity, "value_low": 99_000_000, "value_high": 99_000_000}
    _, outcome = play(AT_COST, seeds=np.arange(10), **scarce, services=1, providers=1, need_bps=8_000)
    assert np.array_equal(outcome.ticks["hires"], np.minimum(outcome.ticks["requests"], capacity))
    assert (outcome.ticks["requests"] > capacity).any()
    assert (efficiency(outcome) == 1.0).all()


@pytest.mark.parametrize(("reliability", "effort"), [(10_000, 10_000), (9_500, 10_000), (5_000, 7_500), (10_000, 0)])
def test_surplus_is_value_times_the_chance_of_good_work_minus_cost(reliability, effort):
    """Everybody hires the cheapest: the surplus follows from types and needs alone, to the last unit."""

    def provider(view, memory, dice):
        return {"price": view["cost"] + view["effort_cost"], "effort_bps": effort}

    terms = {**IDEAL, "reliability_bps": reliability, "slash_bps": 0, "providers": 12, "horizon": 20}
    played, outcome = play({"client": "cheapest", "provider": provider}, seeds=np.arange(10), **terms)
    private, needs, expected = played.economy.private, needs_of(played), np.zeros(10, int)
    for w, tick, client in np.argwhere(needs >= 0):
        crafts = private.crafts[w]
        sellers = crafts[crafts["service"] == needs[w, tick, client]]
        best = sellers[(sellers["cost"] + sellers["effort_cost"]).argmin()]
        value = private.tastes[w, client, best["service"]]
        if best["cost"] + best["effort_cost"] <= value:
            good_bps = effort * reliability // 10_000
            expected[w] += value * good_bps // 10_000 - best["cost"] - best["effort_cost"] * effort // 10_000
    assert np.array_equal(realised(outcome).sum(axis=1), expected)


def parameters_of_any_market():
    """Small markets with scarce gas, scarce money, short windows and harsh or no penalties."""
    bps = st.integers(0, 10_000)
    return st.fixed_dictionaries(
        {
            "clients": st.integers(1, 8),
            "providers": st.integers(1, 6),
            "services": st.integers(1, 3),
            "horizon": st.integers(1, 15),
            "need_bps": bps,
            "reliability_bps": bps,
            "arbiter_bps": bps,
            "slash_bps": bps,
            "no_show_slash_bps": bps,
            "compensation_bps": bps,
            "pay_caught": st.integers(0, 1),
            "rating_decay_bps": bps,
            "rating_by_payment": st.integers(0, 1),
            "backed_offers": st.integers(0, 1),
            "trust_every": st.integers(0, 3),
            "trust_alpha_bps": st.integers(100, 10_000),
            "pretrusted_bps": bps,
            "delivery_window": st.integers(1, 4),
            "dispute_window": st.integers(1, 4),
            "unbonding_window": st.integers(0, 4),
            "min_stake": st.integers(0, 30_000_000),
            "capacity_low": st.just(1),
            "capacity_high": st.integers(1, 6),
            "gas_limit": st.integers(90, 4_000),
            "base_fee": st.integers(0, 20_000),
            "client_balance": st.integers(0, 2_000_000_000),
            "provider_balance": st.integers(0, 2_000_000_000),
            "spare": st.integers(0, 5),
        }
    )


@given(parameters_of_any_market(), st.integers(0, 2**40))
def test_under_any_play_the_surplus_is_accounted_for_and_never_above_the_optimum(parameters, seed):
    played, outcome = play(ANYTHING, seeds=[seed, seed + 1, seed + 2], **parameters)
    assert_accounts_add_up(played, outcome)
    assert_everything_ended(played, outcome)
    assert (realised(outcome).sum(axis=1) <= outcome.best.surplus.sum(axis=(1, 2))).all()


def assert_accounts_add_up(played, outcome):
    head = played.economy.book.head[:, 0]
    burned_otherwise = head["burned"] - head["fees_burned"]
    parts = client_money(outcome) + provider_money(outcome) + outcome.fees + burned_otherwise
    assert np.array_equal(parts, realised(outcome).sum(axis=1))
    assert np.array_equal(outcome.fees, head["fees_burned"] + head["tips"])
    value = outcome.clients["value"].sum(axis=1) - outcome.providers["cost"].sum(axis=1)
    assert np.array_equal(value, realised(outcome).sum(axis=1)), "per agent as per tick"


def assert_everything_ended(played, outcome):
    book = played.economy.book
    stakes = (book.stakes["bonded"] + book.stakes["unbonding"]).sum(axis=1)
    assert np.array_equal(book.terms["opened"], book.terms["closed"]), "every job is closed"
    assert (book.stakes["locked"] == 0).all()
    assert np.array_equal(book.head["locked"][:, 0], stakes), "nothing is left in escrow"
    assert (outcome.ticks["hires"] <= outcome.ticks["requests"]).all()
    assert np.array_equal(outcome.ticks["hires"], outcome.ticks["settled"]), "every hire is paid or refunded"
    assert np.array_equal(outcome.ticks["requests"], (needs_of(played) >= 0).sum(axis=2)), "needs are those of the planner"
    assert (played.economy.private.ticks["blocked"] == 0).all()


@pytest.mark.parametrize("windows", [(1, 1), (3, 2), (2, 5)])
def test_an_episode_is_long_enough_for_the_slowest_job(windows):
    """Hired in the last tick, delivered in the last block allowed, never answered."""
    horizon, (delivery, dispute) = 8, windows

    def patient(view, memory, dice):
        return {"deliver": int(played.tick == horizon + delivery)}

    def silent(view, memory, dice):
        return {"hire": 0 if played.tick == horizon else -1, "limit": 2**40, "answer": 0}

    policies = {"client": silent, "provider": patient}
    played = world(policies, seeds=[0, 1], horizon=horizon, delivery_window=delivery, dispute_window=dispute, need_bps=10_000)
    outcome = played.play()
    assert_everything_ended(played, outcome)
    last = outcome.ticks[:, horizon]
    assert (last["hires"] > 0).all()
    assert (last["delivered"] == last["hires"]).all()
    assert (last["delay"] == last["hires"] * (delivery + dispute)).all()


def test_any_play_meets_disputes_slashing_missed_deliveries_and_new_identities():
    """The property above is not empty."""
    played, outcome = play(ANYTHING, seeds=np.arange(30), horizon=20, gas_limit=4_000)
    for column in ("hires", "delivered", "good", "disputes", "upheld", "no_shows", "refused"):
        assert outcome.ticks[column].sum() > 20, column
    head = played.economy.book.head[:, 0]
    assert (head["burned"] > head["fees_burned"]).sum() > 15
    assert (head["registered"] > 10).sum() > 15
    assert_accounts_add_up(played, outcome)


@pytest.mark.parametrize("preset", ["minimal", "standard", "large"])
@pytest.mark.parametrize("provider", ["cost_plus", "low_effort", "anything"])
def test_no_transaction_is_ever_kept_out_by_a_full_mempool(preset, provider):
    policies = ANYTHING if provider == "anything" else {"client": "random", "provider": provider}
    played, outcome = play(policies, preset=preset, seeds=[0, 1])
    assert (played.economy.private.ticks["blocked"] == 0).all()
    assert_accounts_add_up(played, outcome)
    assert_everything_ended(played, outcome)


def test_harder_work_gains_more_where_work_is_worth_it():
    """Surplus rises with effort: value 40 to 120 coins, effort 12 to 30."""
    means = []
    for effort in (0, 3_000, 6_000, 10_000):

        def provider(view, memory, dice, effort=effort):
            return {"price": view["cost"], "effort_bps": effort}

        _, outcome = play({"client": "cheapest", "provider": provider}, seeds=np.arange(20), base_fee=0)
        means.append(efficiency(outcome).mean())
    assert means == sorted(means)
    assert means[0] < 0 < means[-1]


def test_nobody_gains_where_nobody_offers_or_nobody_buys():
    def idle_provider(view, memory, dice):
        return {"capacity": 0}

    def idle_client(view, memory, dice):
        return {"hire": -1}

    for policies in ({"provider": idle_provider}, {"client": idle_client}):
        _, outcome = play(policies, seeds=[0, 1], base_fee=0, fee_quotient=0)
        assert efficiency(outcome).tolist() == [0, 0]
        assert METRICS["fill_rate"].of(outcome).tolist() == [0, 0]
        assert (outcome.gained == 0).all()


def test_a_client_that_answers_anything_never_gets_more_than_it_paid_for():
    """An upheld dispute refunds the price; with compensation off, disputing bad work never enriches a client."""
    policies = {"client": AnyAction("client"), "provider": "low_effort"}
    _, outcome = play(policies, seeds=np.arange(10), base_fee=0, compensation_bps=0)
    clients = outcome.clients.shape[1]
    assert (outcome.gained[:, :clients] <= 0).all()


@pytest.mark.parametrize("policies", [None, ANYTHING], ids=["default", "anything"])
def test_the_gains_of_an_episode_add_up_to_every_agents_surplus(policies):
    """In every tick gains are defined; at the end, when nothing waits in escrow, they are money plus value minus cost."""
    played = world(policies, seeds=np.arange(6))
    assert all((gained == 0).all() for gained in played.economy.gains().values()), "nothing is gained at the start"
    outcome = played.play()
    gains = {role: gained.reshape(6, -1) for role, gained in played.economy.gains().items()}
    clients = gains["client"].shape[1]
    assert np.array_equal(gains["client"], outcome.gained[:, :clients] + outcome.clients["value"])
    assert np.array_equal(gains["provider"], outcome.gained[:, clients:] - outcome.providers["cost"])


@pytest.mark.parametrize("cost", [0, 300_000, 600_000])
def test_a_monopolist_earns_its_margin_on_every_value_that_reaches_its_price(cost):
    """To the last unit, so with values uniform on [0, 1] it earns (p - c)(1 - p) per client and tick: most at (1 + c) / 2."""
    for price in (cost + (1_000_000 - cost) * k // 4 for k in range(5)):
        policies = {"provider": lambda view, memory, dice, price=price: {"price": price}}
        played, _ = play(policies, preset="monopoly", seeds=np.arange(10), cost_low=cost, cost_high=cost)
        _, values = played.economy.needs()
        sold = (values[:, 1:] >= price).sum(axis=(1, 2))
        assert np.array_equal(played.economy.gains()["provider"], sold * (price - cost))


def test_values_drawn_anew_are_uniform():
    """Kolmogorov and Smirnov's test at 0.1 %, over the first 100 seeds."""
    _, values = world(preset="monopoly", seeds=np.arange(100)).economy.needs()
    assert kstest(values[:, 1:].ravel() / 1_000_000, "uniform").pvalue > 0.001


def test_values_drawn_anew_are_what_the_planner_counts():
    played, outcome = play({"client": "cheapest", "provider": CostPlus(markup_bps=0)}, preset="monopoly", seeds=np.arange(5))
    needs, values = played.economy.needs()
    assert (needs[:, 1:] == 0).all()
    assert (values[:, 1] != values[:, 2]).any(axis=0).all(), "every client's value changes from tick to tick"
    gained = np.maximum(values - 300_000, 0)[:, 1:].sum(axis=(1, 2))
    assert np.array_equal(realised(outcome).sum(axis=1), gained)
    assert np.array_equal(outcome.best.surplus.sum(axis=(1, 2)), gained)
