"""A book that comes from outside: no rule touches it before every number that rules trust is where it may be."""

import numpy as np
import pytest

from chain.contracts.sealed_auction import Sealed
from chain.contracts.service_market import Phase
from chain.errors import TamperedError
from chain.invariants import violations
from chain.journal import read
from chain.layout import MAX_SUPPLY, PASSING, records
from chain.misplaced import ADDRESSES, FAR, RANGES, misplaced
from chain.replay import audit
from tests.chain.recordings import LIVELY, lived, stir
from tests.chain.surgery import copied, refitted, save, written


@pytest.mark.parametrize("name", LIVELY)
def test_a_book_that_rules_made_is_in_place(name):
    for seed in range(3):
        book = lived(name, 12, seed=seed).batch
        assert misplaced(book) == violations(book) == []


@pytest.mark.parametrize("name", LIVELY)
def test_no_number_that_rules_compute_with_or_index_with_may_be_out_of_its_range(name, tmp_path):
    whole = read(lived(name, 1).export(tmp_path / "whole.ledger"))
    tried = 0
    for table, content in whole.tables.items():
        columns, rows = whole.about["tables"][table]["columns"], len(whole.tables["accounts"])
        for k, column in enumerate(columns):
            low, high = RANGES.get(table, {}).get(column, (-FAR, FAR))
            low, high = (-1, rows - 1) if column in ADDRESSES.get(table, ()) else (low, high)
            wrong = [value for value in (low - 1, high + 1) if -(2**63) <= value < 2**63 and column not in PASSING.get(table, ())]
            for value in wrong:
                journal = copied(whole)
                journal.tables[table][len(content) // 2, k] = value
                with pytest.raises(
                    TamperedError, match=rf"^block 0, state: table {table} \d+, field {column}: {value} recorded, allowed"
                ):
                    audit(save(tmp_path, written(refitted(journal))))
                tried += 1
    assert tried > 40


def busy():
    """A market in which jobs are open and closed, and offers and accounts both known and not."""
    ledger = lived("service_market", 9, seed=2, spare=40)
    terms, jobs = ledger.book.terms[0], ledger.book.jobs
    assert 0 < terms.closed < terms.opened < terms.closed + jobs.size
    assert 0 < terms.listed < ledger.book.accounts.size > ledger.book.head[0].registered
    return ledger


def swap_names(book):
    book.accounts["name"][0, [0, 1]] = [1, 0]


def give_two_names_one_row(book):
    book.identities["address"][0, 3] = book.identities["address"][0, 2]


def use_a_later_name_first(book):
    book.accounts["owner"][0, [0, -1]] = [-1, 0]


def know_one_more(book):
    book.offers["known"][0, np.argmin(book.offers["known"][0])] = 1


def list_one_twice(book):
    book.offers["listed"][0, 0] = book.offers["listed"][0, 1]


def list_one_less(book):
    book.terms["listed"][0, 0] -= 1


def job(book, back, **changed):
    """Change the job that is so many numbers before the next one."""
    row = (int(book.terms["opened"][0, 0]) - back) % book.jobs.shape[1]
    for column, value in changed.items():
        book.jobs[column][0, row] = value


CASES = [
    (swap_names, "table identities: not every name has a row of its own"),
    (give_two_names_one_row, "table identities: not every name has a row of its own"),
    (use_a_later_name_first, "table accounts: those in use are not the first names"),
    (know_one_more, "table offers: those listed are not those known"),
    (list_one_twice, "table offers: those listed are not those known"),
    (list_one_less, "table offers: those listed are not those known"),
    (lambda book: job(book, 1, phase=0), "table jobs: those open are not those that the terms count"),
    (lambda book: job(book, 1, phase=5), "table jobs: those open are not those that the terms count"),
    (lambda book: job(book, 1, client=-1), "table jobs: those open are not those that the terms count"),
    (lambda book: job(book, 1, provider=-1), "table jobs: those open are not those that the terms count"),
    (lambda book: job(book, 0, phase=Phase.FUNDED), "table jobs: those open are not those that the terms count"),
    (lambda book: book.terms["closed"].fill(-1), "table jobs: those open are not those that the terms count"),
    (lambda book: book.terms["closed"].fill(2**40), "table jobs: those open are not those that the terms count"),
    (lambda book: book.terms["opened"].fill(2**40), "table jobs: those open are not those that the terms count"),
    (lambda book: book.accounts["balance"].fill(MAX_SUPPLY), "table accounts: it holds more money than there can be"),
    (lambda book: book.stakes["unbonding"].fill(MAX_SUPPLY), "table stakes: it holds more money than there can be"),
]


@pytest.mark.parametrize(("change", "finding"), CASES)
def test_what_does_not_fit_together_is_found(change, finding):
    book = busy().batch
    assert misplaced(book) == []
    change(book)
    assert misplaced(book) == [finding]


def test_sellers_that_are_not_those_listed_are_found():
    book = lived("posted_price", 6).batch
    assert misplaced(book) == []
    assert 1 < book.terms["listed"][0, 0] < book.accounts.shape[1]
    book.sellers["listed"][0, 0] = book.sellers["listed"][0, 1]
    assert misplaced(book) == ["table sellers: those listed are not those known"]


AUCTIONS_AMISS = [
    lambda book: book.terms["closed"].fill(-1),
    lambda book: book.terms["opened"].fill(2**40),
    lambda book: book.auctions["buyer"].fill(-1),
    lambda book: book.auctions["bid"].__iadd__(2**39),
    lambda book: book.auctions["next_bid"].__iadd__(2**39),
    lambda book: book.bids["auction"].__isub__(book.terms["opened"]),
    lambda book: book.bids["auction"].__iadd__(book.auctions.shape[1]),
]


@pytest.mark.parametrize("change", AUCTIONS_AMISS)
def test_auctions_and_bids_that_do_not_fit_together_are_found(change):
    ledger = lived("auction", 9)
    while not (ledger.book.bids["phase"] == Sealed.COMMITTED).any():
        stir(ledger, np.random.default_rng(ledger.height))
    assert misplaced(ledger.batch) == []
    change(ledger.batch)
    assert misplaced(ledger.batch) == ["table auctions: those open are not those that the terms count and bids name"]


def test_tables_of_other_lengths_are_found():
    book = busy().batch
    for name in ("identities", "offers", "stakes", "reputation"):
        short = book._replace(**{name: getattr(book, name)[:, :-1]})
        assert misplaced(short) == [f"table {name}: it has not one record per account"]
    for name in ("head", "terms"):
        double = records(getattr(book, name).dtype, 1, 2)
        double[:] = getattr(book, name)
        assert "head and terms: allowed is one record" in misplaced(book._replace(**{name: double}))
    assert misplaced(book._replace(jobs=book.jobs[:, :48])) == ["table jobs: those open are not those that the terms count"]
