"""Clients, each by the decision expected on a view made by hand."""

import numpy as np
import pytest

from agents.scripted.best_rated import BestRated
from agents.scripted.cheapest import Cheapest
from agents.scripted.once_bitten import REMEMBERED, OnceBitten
from agents.scripted.random_choice import RandomChoice
from agents.scripted.thompson import KNOWN, Thompson
from tests.agents.views import ask, view

CLIENTS = (RandomChoice(), Cheapest(), BestRated(), Thompson(), OnceBitten())


def hire(policy, offers, value=100, **columns):
    return ask(policy, view("client", offers, value=value, **columns))["hire"].tolist()


def test_nobody_hires_where_nothing_is_offered():
    assert [hire(policy, []) for policy in CLIENTS] == [[-1]] * len(CLIENTS)


def test_nobody_pays_more_than_the_service_is_worth():
    assert [hire(policy, [(7, 101), (8, 500)]) for policy in CLIENTS] == [[-1]] * len(CLIENTS)


def test_everybody_hires_the_only_good_offer():
    assert [hire(policy, [(7, 101), (8, 1, 10_000, 5)]) for policy in CLIENTS] == [[1]] * len(CLIENTS)


def test_the_cheapest_offer_is_hired_and_the_first_of_equals():
    assert hire(Cheapest(), [(7, 50), (8, 30), (9, 40), (4, 30)]) == [1]
    assert hire(Cheapest(), [(7, 100)]) == [0], "a price equal to the value is accepted"


def test_the_cheapest_client_does_not_look_at_ratings():
    assert hire(Cheapest(), [(7, 50, 10_000, 99), (8, 49, 0, 99)]) == [1]


def test_best_rated_weighs_value_by_trust():
    """100 × (9,000×9 + 10,000)/10 = 91, minus 50: 41; the cheaper one is worth 100 × 0.1 - 5 = 5."""
    assert hire(BestRated(), [(7, 5, 0, 9), (8, 50, 9_000, 9)]) == [1]
    assert hire(BestRated(), [(7, 5, 0, 9), (8, 90, 9_000, 9)]) == [0]


def test_best_rated_without_ratings_is_cheapest():
    rng = np.random.default_rng(1)
    offers = [(k, int(price)) for k, price in enumerate(rng.permutation(200)[:16])]
    for value in (50, 100, 150):
        assert hire(BestRated(), offers, value) == hire(Cheapest(), offers, value)


def test_best_rated_with_a_prior_of_nothing_shuts_newcomers_out():
    assert hire(BestRated(prior_bps=0), [(7, 1)]) == [-1]


@pytest.mark.parametrize("policy", [RandomChoice(), OnceBitten()], ids=["random", "once bitten"])
def test_random_choice_and_a_client_never_bitten_draw_acceptable_offers_equally(policy):
    """Of 30,000 clients a third each, within four standard errors: fails by chance with a probability of 0.02 %."""
    many = view("client", [(7, 50), (8, 101), (9, 100), (4, 1)], value=np.full(30_000, 100))
    places = np.bincount(ask(policy, many)["hire"], minlength=4)
    assert places[1] == 0
    assert np.abs(places[[0, 2, 3]] - 10_000).max() < 4 * np.sqrt(30_000 * 2 / 9)


def test_thompson_without_doubt_trusts_strangers_as_cheapest_does():
    rng = np.random.default_rng(2)
    offers = [(k, int(price)) for k, price in enumerate(rng.permutation(200)[:16])]
    for value in (50, 100, 150):
        assert hire(Thompson(spread=0), offers, value) == hire(Cheapest(), offers, value)


def remember(jobs):
    """The memory of one client after these jobs: (provider, quality)."""
    memory = np.zeros(1, Thompson.memory)
    for number, (provider, quality) in enumerate(jobs):
        ask(Thompson(), view("client", job=number, job_provider=provider, job_quality_bps=quality), memory)
    return memory


def recall(memory):
    """What is remembered: provider -> (jobs, good)."""
    rows = zip(memory["met"][0], memory["jobs"][0], memory["good"][0], strict=True)
    return {int(met) - 1: (int(jobs), int(good)) for met, jobs, good in rows if met > 0}


def test_thompson_counts_its_jobs_by_provider():
    assert recall(remember([(7, 10_000), (0, 0), (7, 0), (7, 10_000)])) == {7: (3, 2), 0: (1, 0)}


def test_thompson_counts_a_delivery_once_however_often_it_is_shown():
    memory = np.zeros(1, Thompson.memory)
    for _ in range(3):
        ask(Thompson(), view("client", job=4, job_provider=7, job_quality_bps=10_000), memory)
    assert recall(memory) == {7: (1, 1)}


def test_thompson_forgets_the_least_known_when_its_memory_is_full():
    jobs = [(provider, 10_000) for provider in range(KNOWN) for _ in range(2 if provider else 1)]
    memory = remember([*jobs, (99, 0)])
    assert 0 not in recall(memory)
    assert recall(memory)[99] == (1, 0)
    assert len(recall(memory)) == KNOWN


def test_thompson_learns_to_avoid_a_bad_provider():
    """Equal prices, one provider always good, one always bad: after 20 jobs at most 2 % of hires go to the bad one.

    A client that knows two bad jobs hires it again with a probability below 0.4 % (two normal draws, 0.67 apart at a deviation
    of 0.23), so 4,000 hires exceed 2 % with a probability below 1e-9; so does one who never learns stay below 2 %.
    """
    clients, policy = 200, Thompson()
    memory = np.zeros(clients, Thompson.memory)
    good, bad, shares = 7, 8, []
    shown = view("client", [(good, 1), (bad, 1)], value=np.full(clients, 100))
    for number in range(40):
        chosen = ask(policy, shown, memory, tick=number)["hire"]
        assert (chosen >= 0).all()
        shares.append(np.mean(chosen == 1))
        shown["job"], shown["job_provider"] = number, np.where(chosen == 0, good, bad)
        shown["job_quality_bps"] = np.where(chosen == 0, 10_000, 0)
    assert shares[0] > 0.3, "strangers are equal at first"
    assert np.mean(shares[20:]) < 0.02


def after(jobs):
    """The memory of one client that was once bitten, or never, after these jobs: (provider, quality)."""
    memory = np.zeros(1, OnceBitten.memory)
    for number, (provider, quality) in enumerate(jobs):
        ask(OnceBitten(), view("client", job=number, job_provider=provider, job_quality_bps=quality), memory)
    return memory


def rehire(memory, offers):
    """The places that 50 clients of such a memory hire, each with its own dice."""
    shown = view("client", offers, value=np.full(50, 100))
    return set(ask(OnceBitten(), shown, np.repeat(memory, 50))["hire"].tolist())


def test_once_bitten_never_returns_to_a_provider_that_failed_it():
    offers = [(7, 1), (0, 1), (8, 1)]
    assert rehire(after([]), offers) == {0, 1, 2}
    assert rehire(after([(7, 10_000), (0, 0), (0, 10_000)]), offers) == {0, 2}, "good work before or after changes nothing"
    assert rehire(after([(7, 0), (0, 0), (8, 0)]), offers) == {-1}
    assert rehire(after([(7, 0)]), [(7, 1), (9, 101)]) == {-1}, "and does not pay too much elsewhere"


def test_once_bitten_hires_by_what_it_is_shown_in_the_same_tick():
    shown = view("client", [(7, 1)], job=3, job_provider=7, job_quality_bps=0, value=100)
    assert ask(OnceBitten(), shown)["hire"].tolist() == [-1]


def test_once_bitten_forgets_the_oldest_when_its_memory_is_full():
    memory = after([(provider, 0) for provider in range(REMEMBERED) for _ in range(2)])
    offers = [(provider, 1) for provider in (0, 1, 99)]
    assert rehire(memory, offers) == {2}, "each is remembered once, however often it failed"
    assert rehire(after([(provider, 0) for provider in range(REMEMBERED + 1)]), offers) == {0, 2}
