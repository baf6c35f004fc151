"""EigenTrust in a service market: ratings make opinions, blocks make trust, and the record and the state root cover both."""

import numpy as np
import pytest

from chain.contracts.eigentrust import ONE, score_bps
from chain.contracts.reputation import LEAST_WEIGHT, mean_bps
from chain.digest import digest
from chain.errors import InputError, InvariantError
from chain.invariants import violations
from chain.layout import NOBODY, Kind
from chain.misplaced import misplaced
from chain.replay import audit
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, RIVAL, done, market, purse, python, same, wait
from tests.chain.opinions import points_of, solved_trust
from tests.chain.recordings import lived, plain_root

LONG = 40
"""Blocks after which many jobs were rated."""
SEQUENCE = "from tests.chain.test_trust_on_the_ledger import sequence; from chain.rule import MODE; print(MODE, sequence())"


def trusted(*, every=1, pretrusted=None, **given):
    """A market in which two providers offer jobs, and the client is trusted beforehand."""
    ledger = market(trust={"every": every, "pretrusted": pretrusted or {CLIENT: 1}}, **given)
    for provider in (PROVIDER, RIVAL):
        done(ledger, Kind.BOND, provider, amount=500)
        done(ledger, Kind.POST, provider, amount=PRICE, stake=10, count=1)
    return ledger


def rate(ledger, client, provider, bps, answer=Kind.ACCEPT):
    """One job from hire to rating, in three blocks."""
    job = done(ledger, Kind.HIRE, client, to=provider, amount=PRICE).subject
    done(ledger, Kind.DELIVER, provider, subject=job, bps=10_000)
    done(ledger, answer, client, subject=job, bps=bps)


def opinions(ledger):
    return {rater: own for rater, own in points_of(ledger.book).items() if own}


def test_a_rating_becomes_an_opinion_whether_the_job_was_accepted_or_disputed():
    ledger = trusted()
    rate(ledger, CLIENT, PROVIDER, 10_000)
    rate(ledger, CLIENT, PROVIDER, 6_000)
    rate(ledger, CLIENT, RIVAL, 1_000, Kind.DISPUTE)
    assert opinions(ledger) == {CLIENT: {PROVIDER: 6_000 * LEAST_WEIGHT, RIVAL: -4_000 * LEAST_WEIGHT}}
    assert mean_bps(ledger.book.reputation, PROVIDER) == 8_000, "the mean is kept beside it"


def test_the_terms_say_how_much_an_opinion_weighs_and_how_fast_it_fades():
    ledger = trusted(rating_by_payment=1, rating_decay_bps=5_000, balances=(0, *[10**9] * 4))
    done(ledger, Kind.POST, PROVIDER, amount=10**6, stake=10, count=1)
    job = done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, amount=10**6).subject
    done(ledger, Kind.DELIVER, PROVIDER, subject=job, bps=10_000)
    done(ledger, Kind.ACCEPT, CLIENT, subject=job, bps=9_000)
    done(ledger, Kind.POST, PROVIDER, amount=1, stake=10, count=1)
    rate(ledger, CLIENT, PROVIDER, 10_000)
    assert opinions(ledger) == {CLIENT: {PROVIDER: 4_000 * 10**6 // 2 + 5_000 * LEAST_WEIGHT}}


def test_silence_and_a_missed_delivery_leave_no_opinion():
    ledger = trusted()
    for deliver in (True, False):
        job = done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, amount=PRICE).subject
        if deliver:
            done(ledger, Kind.DELIVER, PROVIDER, subject=job, bps=10_000)
        wait(ledger, 10)
    assert opinions(ledger) == {}
    assert ledger.book.trust["trust"][CLIENT] == ONE


def test_scores_are_those_of_trust_and_change_only_when_it_is_worked_out():
    ledger = trusted(every=20)
    for provider in (PROVIDER, PROVIDER, RIVAL):
        rate(ledger, CLIENT, provider, 10_000)
    before, after = [], []
    while ledger.height < 40:
        scores = before if ledger.height < 20 else after
        scores.append([score_bps(ledger.book, address) for address in (PROVIDER, RIVAL, OTHER)])
        wait(ledger, 1)
    assert before == [[0, 0, 0]] * len(before) != []
    assert after == [[10_000, 6_666, 0]] * 20, "one share in three, beside an equal share of a half"


def test_who_is_praised_by_nobody_with_trust_has_no_score_however_often():
    ledger = trusted()
    rate(ledger, CLIENT, PROVIDER, 10_000)
    for _ in range(3):
        rate(ledger, OTHER, RIVAL, 10_000)
    assert [mean_bps(ledger.book.reputation, address) for address in (PROVIDER, RIVAL)] == [10_000, 10_000]
    assert [score_bps(ledger.book, address) for address in (PROVIDER, RIVAL)] == [10_000, 0]
    assert ledger.book.reputation[RIVAL].ratings == 3, "that they were given is to be seen"


def test_trust_passes_through_those_who_are_trusted():
    """The client trusts a provider, who as a client of another one trusts that."""
    ledger = trusted()
    rate(ledger, CLIENT, PROVIDER, 10_000)
    rate(ledger, PROVIDER, RIVAL, 10_000)
    a, t = 0.15, ledger.book.trust["trust"] / ONE
    by_hand = np.array([1, 1 - a, (1 - a) ** 2]) / (1 + (1 - a) + (1 - a) ** 2)
    assert np.abs(t[[CLIENT, PROVIDER, RIVAL]] - by_hand).max() < 1e-10


@pytest.mark.parametrize("seed", range(3))
def test_after_every_rating_trust_solves_the_system_for_all_ratings_so_far(seed):
    trust, decay = {"every": 1, "pretrusted": {1: 1, 3: 2}, "alpha_bps": 700}, 1_500
    ledger = market(trust=trust, rating_decay_bps=decay, balances=[10**9] * 8)
    for provider in range(8):
        done(ledger, Kind.BOND, provider, amount=500)
        done(ledger, Kind.POST, provider, amount=PRICE, stake=10, count=1)
    rng, expected, reached = np.random.default_rng(seed), {a: {} for a in range(8)}, 0
    for _ in range(60):
        client, provider = rng.choice(8, 2, replace=False).tolist()
        bps, before = int(rng.integers(0, 10_001)), expected[client].get(provider, 0)
        rate(ledger, client, provider, bps)
        kept = abs(before) * (10_000 - decay) // 10_000
        expected[client][provider] = (kept if before > 0 else -kept) + (bps - 5_000) * LEAST_WEIGHT
        points = points_of(ledger.book)
        assert points == expected | {8: {}, 9: {}}
        solution = solved_trust(points, ledger.book.trust["pretrust"] / ONE, 0.07)
        assert np.abs(ledger.book.trust["trust"] / ONE - solution).max() < 1e-10
        reached = max(reached, int((solution > 0).sum()))
    assert reached > 5


def test_a_recorded_ledger_is_executed_again_to_the_same_trust(tmp_path):
    ledger = lived("trusting_market", LONG, seed=5)
    again = audit(ledger.export(tmp_path / "trust.ledger")).batch
    for table in ("trusting", "opinions", "trust"):
        assert same(getattr(again, table), getattr(ledger.batch, table)), table
    assert (ledger.book.trust["trust"] > 0).sum() > 3


def test_the_state_root_covers_opinions_and_trust():
    ledger = lived("trusting_market", LONG)
    root = plain_root(ledger.book)
    assert ledger.history.head.state_root == root
    for table, column in (("trusting", "every"), ("opinions", "points"), ("trust", "trust"), ("trust", "pretrust")):
        record = getattr(ledger.book, table)
        record[column][0] += 1
        assert plain_root(ledger.book) != root
        record[column][0] -= 1


def test_a_market_without_trust_has_no_tables_of_it_and_its_digest_knows_nothing_of_them():
    ledger = lived("service_market", 2)
    without = ledger.batch._replace(trusting=ledger.batch.trusting[:, :0])
    assert [getattr(ledger.book, table).size for table in ("trusting", "opinions", "trust")] == [0, 0, 0]
    assert {"trusting", "opinions", "trust"}.isdisjoint(ledger.history.state.tables)
    assert digest(without) == digest(ledger.batch)


def sequence():
    """The digest of a lively market with trust."""
    return lived("trusting_market", LONG, seed=9).digest()


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(SEQUENCE, NUMBA_DISABLE_JIT="1").split(), python(SEQUENCE).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes():
    checked = python(SEQUENCE, NUMBA_BOUNDSCHECK="1").split()
    assert checked == ["checked", *python(SEQUENCE).split()[1:]]


# What comes from outside

WRONG = [
    ({"pretrusted": {CLIENT: 1}}, TypeError, "every"),
    ({"every": 1}, TypeError, "pretrusted"),
    ({"every": 1, "pretrusted": {}}, InputError, "trust: pretrusted: nobody given, allowed is one account and more"),
    ({"every": 0, "pretrusted": {1: 1}}, InputError, "trust: every: 0 given, allowed is 1 to"),
    ({"every": 1, "pretrusted": {1: 1}, "alpha_bps": 99}, InputError, "trust: alpha_bps: 99 given, allowed is 100 to 10000"),
    ({"every": 1, "pretrusted": {7: 1}}, InputError, "trust: pretrusted: 7 given, allowed is 0 to 6"),
    ({"every": 1, "pretrusted": {1: 0}}, InputError, "trust: weight of 1: 0 given, allowed is 1 to"),
    ({"every": 1, "pretrusted": {1: 1}, "places": 65}, InputError, "trust: places: 65 given, allowed is 1 to 64"),
]


@pytest.mark.parametrize(("trust", "error", "message"), WRONG)
def test_wrong_settings_of_trust_are_named(trust, error, message):
    with pytest.raises(error, match=message):
        market(trust=trust)


def test_a_ledger_without_ratings_has_no_trust():
    with pytest.raises(InputError, match="trust: given, allowed is none: this ledger has no ratings"):
        purse([5, 5], trust={"every": 1, "pretrusted": {0: 1}})


BROKEN = {
    "trust adds up to the whole": ("trust", 3, "trust", 1),
    "trust given beforehand adds up to the whole": ("trust", 3, "pretrust", -1),
    "no trust is negative, or more than the whole": ("trust", 3, "trust", -ONE),
    "no opinion outweighs the bound": ("opinions", 3, "points", 2**60),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_wrong_number_of_trust_is_found_and_named(name):
    table, row, column, change = BROKEN[name]
    ledger = lived("trusting_market", LONG)
    assert violations(ledger.batch) == []
    getattr(ledger.book, table)[row][column] += change
    with pytest.raises(InvariantError, match=f"{name}: broken in world 0"):
        ledger.check()


def test_an_opinion_of_oneself_is_found():
    ledger = lived("trusting_market", LONG)
    (row, *_) = np.flatnonzero(ledger.book.opinions["ratings"])
    ledger.book.opinions[row].whom = row // 3
    assert violations(ledger.batch) == ["no opinion is about its rater: broken in world 0"]


SHORT = [
    lambda book: book._replace(trust=book.trust[:, :-1]),
    lambda book: book._replace(trust=book.trust[:, :0]),
    lambda book: book._replace(trusting=book.trusting[:, :0]),
    lambda book: book._replace(opinions=book.opinions[:, :-1]),
    lambda book: book._replace(opinions=book.opinions[:, :0]),
    lambda book: book._replace(opinions=np.repeat(book.opinions, 22, axis=1)),
]


@pytest.mark.parametrize("change", SHORT)
def test_tables_of_trust_that_do_not_fit_together_are_found(change):
    book = lived("trusting_market", LONG).batch
    assert misplaced(book) == []
    assert misplaced(change(book)) == ["table trust: it, its keeper and the opinions are not those of the accounts"]


@pytest.mark.parametrize(("table", "column"), [("opinions", "whom"), ("trusting", "keeper")])
def test_nobody_is_no_keeper_and_no_opinion_is_about_nobody(table, column):
    book = lived("trusting_market", LONG).batch
    getattr(book, table)[column][0, 0] = NOBODY
    assert misplaced(book) == ["table trust: it, its keeper and the opinions are not those of the accounts"]


def test_sums_that_wrap_around_are_no_whole():
    book = lived("trusting_market", LONG).batch
    book.trust["trust"][0, :5] = ONE
    book.trust["trust"][0, 5:] = 0
    assert book.trust["trust"].sum() == ONE
    assert misplaced(book) != []
