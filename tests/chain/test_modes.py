"""A rule exists once: interpreted, compiled and bounds-checked runs, and batches of any shape, give the same bytes."""

import hashlib

import numpy as np
import pytest

from chain.deployments import service_market
from chain.deployments.service_market import LARGE
from chain.digest import digest
from chain.genesis import found
from chain.invariants import check
from tests.chain.markets import python
from tests.chain.swarm import POOL, blank_tally, economy, hand_in, propose, seal, swarm

SEQUENCE = "from tests.chain.test_modes import sequence; from chain.rule import MODE; print(MODE, *sequence())"


def draws():
    """The bytes of every kind of draw, floats included."""
    from chain.dice import fill_normals, fill_units

    book, out = economy(2, seed=-5), np.zeros((400, 2))
    names = np.arange(400)
    units, normals = hashlib.sha256(), hashlib.sha256()
    for index in (0, 3, 17):
        fill_units(book.head[:, 0], 2**40, names, index, out)
        units.update(out.tobytes())
        fill_normals(book.head[:, 0], 2**40, names, index, out)
        normals.update(out.tobytes())
    return units.hexdigest(), normals.hexdigest()


def sequence():
    """One scripted sequence of sensible and wild transactions; the digests of its end and of its draws."""
    book, tally = swarm(worlds=4, blocks=12, per_block=60, seed=11)
    assert (tally.sum(axis=0) > 0).sum() > 20, "most reasons occur"
    return digest(book), digest(large_blocks()), *draws()


def large_blocks():
    """Blocks of so many transactions, wild ones among them, that the rules look ahead at what is to come."""
    book, rng, tally = economy(1, seed=2, pool=1_600, gas_limit=2**30), np.random.default_rng(2), blank_tally()
    for _ in range(3):
        hand_in(book, 0, propose(book, rng, 1_400, wild=0.03)[0], tally)
        assert book.head[0, 0].pending > LARGE
        seal(book, tally)
    return book


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted = python(SEQUENCE, NUMBA_DISABLE_JIT="1").split()
    compiled = python(SEQUENCE).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(SEQUENCE, NUMBA_BOUNDSCHECK="1").split()
    assert checked[0] == "checked"
    assert checked[1:] == python(SEQUENCE).split()[1:]


def in_step(whole, singles, blocks, per_block, seed):
    """Play the same transactions in a batch and in its worlds alone."""
    rng = np.random.default_rng(seed)
    for _ in range(blocks):
        requests = propose(whole, rng, int(rng.integers(0, 2 * per_block)))
        tally = blank_tally()
        for w, single in enumerate(singles):
            hand_in(whole, w, requests[w], tally)
            hand_in(single, 0, requests[w], tally)
            seal(single, tally)
        seal(whole, tally)


def test_a_batch_of_64_worlds_equals_64_single_worlds():
    whole, singles = economy(64), [economy(1, first=w) for w in range(64)]
    in_step(whole, singles, blocks=8, per_block=80, seed=4)
    found_digests = [digest(whole, w) for w in range(64)]
    assert found_digests == [digest(single) for single in singles]
    assert len(set(found_digests)) == 64


def test_a_batch_can_be_advanced_in_parts_and_other_worlds_stand_still():
    whole, parts = economy(5), economy(5)
    requests = propose(whole, np.random.default_rng(3), 50)
    for book in (whole, parts):
        for w in range(5):
            hand_in(book, w, requests[w], blank_tally())
    before = [digest(parts, w) for w in range(5)]
    service_market.advance(whole, 0, 5)
    service_market.advance(parts, 2, 4)
    moved = [digest(parts, w) != before[w] for w in range(5)]
    assert moved == [False, False, True, True, False]
    service_market.advance(parts, 0, 2)
    service_market.advance(parts, 4, 5)
    assert digest(parts) == digest(whole)


def test_worlds_that_differ_only_in_their_coordinate_draw_differently():
    book = economy(2)
    requests = propose(book, np.random.default_rng(3), 100)
    for w in range(2):
        hand_in(book, w, requests[0], blank_tally())
    assert (book.pool["arrival"][0] != book.pool["arrival"][1])[:50].all()


def by_name(book, rows):
    """The outcome of world 0 with names for addresses: what must not depend on where an account lies."""
    names = np.append(np.argsort(rows), -1)
    rename = {"jobs": ("client", "provider"), "receipts": ("sender",), "head": ("proposer",)}
    outcome = []
    for field in ("head", "receipts", "terms", "jobs"):
        part = getattr(book, field)[0].copy()
        if field == "receipts":
            part = part[: int(book.head[0, 0].receipts)]
        elif field == "jobs":
            part = part[part["phase"] > 0]
        for column in rename.get(field, ()):
            part[column] = names[part[column]]
        outcome.append(part.tolist())
    listed = names[book.offers["listed"][0][: book.terms["listed"][0, 0]]].tolist()
    offers = book.offers[0][rows][[column for column in book.offers.dtype.names if column != "listed"]].tolist()
    by_row = [getattr(book, field)[0][rows].tolist() for field in ("accounts", "stakes", "reputation")]
    return [*outcome, *by_row, offers, listed, book.identities[0][["owner", "latest", "since"]].tolist()]


@pytest.mark.parametrize("seed", range(4))
def test_permuting_the_rows_of_accounts_changes_no_outcome(seed):
    rng = np.random.default_rng(seed)
    plain, rows = economy(1, seed=seed), rng.permutation(18)
    permuted = economy(1, rows=rows, seed=seed)
    in_table = np.arange(18)
    for _ in range(30):
        requests = propose(plain, rng, 70)
        moved = requests.copy()
        for column in ("sender", "to"):
            named = np.isin(requests[column], in_table)
            moved[column] = np.where(named, rows[np.where(named, requests[column], 0)], requests[column])
        tallies = blank_tally(), blank_tally()
        for book, given, tally in ((plain, requests, tallies[0]), (permuted, moved, tallies[1])):
            hand_in(book, 0, given[0], tally)
            seal(book, tally)
        assert np.array_equal(tallies[0], tallies[1])
        assert by_name(plain, in_table) == by_name(permuted, rows)
    assert plain.terms[0, 0].opened > 50
    assert digest(plain) != digest(permuted)


def test_an_earlier_episode_leaves_no_trace_in_a_book():
    used, _ = swarm(worlds=2, blocks=5, per_block=50)
    fresh = service_market.blank(2, 18, POOL, 64)
    for book in (used, fresh):
        found(book, seeds=3, balances=[5, 6], episode=1)
        check(book)
    assert digest(used) == digest(fresh)
