"""The checks of milestones and juries: each of them can fail, and says what is broken."""

import numpy as np
import pytest

from chain.contracts.service_market import Phase
from chain.invariants import violations
from chain.misplaced import misplaced
from chain.rule import world
from tests.chain.test_service_escrow import busy

AMISS = {
    "a deal that has earned too much": ("deals", "earned", 1),
    "a milestone beyond the last": ("deals", "part", 64),
    "a milestone before the first": ("deals", "part", -1),
    "more seats than rows": ("deals", "seats", 6),
    "a vote that is none": ("seats", "vote", 3),
}


@pytest.mark.parametrize("case", AMISS)
def test_deals_and_seats_that_do_not_fit_are_found(case):
    table, column, change = AMISS[case]
    book = busy()
    w = int(np.argmax((book.jobs["phase"] == Phase.DISPUTED).any(axis=1)))
    one = type(book)(*(array[w : w + 1] for array in book))
    assert misplaced(one) == violations(one) == []
    row = int(np.argmax(one.jobs["phase"][0] == Phase.DISPUTED))
    getattr(one, table)[column][0, row * (5 if table == "seats" else 1)] += change
    assert misplaced(one) == ["table deals: they and the seats of juries are not those of the jobs"]


BROKEN = {
    "what a job has paid is the price of its milestones": ("deals", "earned", 1),
    "a job that is not paid has a milestone left": ("deals", "part", 64),
    "locked = escrow of open jobs + stakes": ("deals", "earned", 1),
    "locked stake = stakes of open jobs": ("seats", "stake", 1),
    "no party sits in its jury": ("seats", "juror", None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_wrong_number_of_a_deal_or_a_seat_is_found_and_named(name):
    table, column, change = BROKEN[name]
    book = busy()
    found = (book.jobs["phase"] == Phase.DISPUTED) & (book.deals["seats"] > 0)
    w, row = (int(place[0]) for place in np.nonzero(found))
    view = world(book, w)
    place = getattr(view, table)[row * 5 if table == "seats" else row]
    place[column] = place[column] + change if change else view.jobs[row].client
    assert f"{name}: broken in world {w}" in violations(book)
