"""Sybils: the sign that tells the owner's clients whom to praise, and what they do to others."""

import numpy as np
import pytest

from agents.attacks.shirker import Shirker
from agents.attacks.sybil_rating import ACCEPT, CODE, HONEST, OWN, TAIL, SybilClient, SybilProvider
from agents.scripted.cheapest import Cheapest
from sim.scenarios.service_market.roles import Answer
from tests.agents.views import ask, market_views, view

MINE, RIVAL, OTHER = 7, 8, 9
SIGNED, PLAIN, DEAR = 50_000 + CODE, 60_000, 70_000
NEW, KNOWN = (MINE, SIGNED), (MINE, SIGNED, 0, 1)


@pytest.fixture
def memory():
    return np.zeros(1, SybilClient.memory)


def client(offers=(), value=100_000, **columns):
    return view("client", offers, value=value, **columns)


def hire(offers, memory=None, **columns):
    return int(ask(SybilClient(), client(offers, **columns), memory)["hire"][0])


def answer(provider, memory):
    action = ask(SybilClient(), client(job=3, job_provider=provider), memory)
    return int(action["answer"][0]), int(action["rating_bps"][0])


def test_the_providers_price_is_a_shirkers_with_the_sign_in_its_last_digits():
    for shown in market_views("provider"):
        action, shirker = ask(SybilProvider(), shown), ask(Shirker(), shown)
        assert (action["price"] % TAIL == CODE).all()
        assert ((action["price"] <= shirker["price"]) & (action["price"] > shirker["price"] - TAIL)).all()
        assert (action["effort_bps"] == 0).all()


def test_the_sign_is_shown_even_where_a_job_costs_nothing():
    shown = view("provider", [(MINE, 100)], address=RIVAL)
    assert ask(SybilProvider(), shown)["price"].tolist() == [CODE]


def test_an_owners_client_hires_the_owners_provider_while_that_has_no_name():
    assert hire([(RIVAL, 10_000), NEW]) == 1
    assert hire([NEW], value=0) == 0, "whatever the job is worth: the money stays with the owner"


def test_after_that_it_hires_the_cheapest_rival_in_the_way():
    assert hire([(OTHER, DEAR), KNOWN, (RIVAL, PLAIN)]) == 2
    assert hire([KNOWN]) == -1


def test_it_does_not_go_by_ratings():
    assert hire([(OTHER, DEAR, 10_000, 50), (RIVAL, PLAIN, 0, 50)]) == 1


def test_it_buys_nothing_above_its_value():
    assert hire([KNOWN, (RIVAL, PLAIN)], value=PLAIN - 1) == -1


def test_without_the_sign_in_sight_it_chooses_as_the_cheapest_does():
    for shown in market_views("client"):
        clear = ~((shown["offers"]["price"] % TAIL == CODE) & (shown["offers"]["address"] >= 0)).any(axis=1)
        assert clear.any()
        assert np.array_equal(ask(SybilClient(), shown)["hire"][clear], ask(Cheapest(), shown)["hire"][clear])


def test_it_praises_its_own_and_blames_others_whatever_they_deliver(memory):
    hire([NEW, (RIVAL, PLAIN)], memory)
    assert answer(MINE, memory) == (ACCEPT, 10_000)
    assert answer(RIVAL, memory) == (HONEST, 0)


def test_it_blames_whom_it_never_saw_the_sign_of(memory):
    assert answer(MINE, memory) == (HONEST, 0)


def test_it_knows_its_own_by_the_address_even_when_the_sign_is_gone(memory):
    hire([NEW], memory)
    hire([(MINE, PLAIN)], memory)
    assert answer(MINE, memory) == (ACCEPT, 10_000)


def test_it_remembers_the_last_of_its_own_each_once(memory):
    for address in (0, 0, *range(1, OWN), 99):
        hire([(address, SIGNED)], memory)
    assert memory["known"].tolist() == [OWN + 1]
    assert answer(0, memory) == (HONEST, 0), "the oldest is forgotten"
    assert answer(99, memory) == answer(1, memory) == (ACCEPT, 10_000)


def test_it_answers_in_the_words_of_the_market():
    assert (Answer.ACCEPT, Answer.HONEST) == (ACCEPT, HONEST)
