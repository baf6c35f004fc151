"""Identities: an open account opens one more, for a fee that is burned."""

from chain.layout import NOBODY, Kind
from chain.status import Status
from tests.chain.markets import balances, call, done, head, purse


def identity(ledger, name):
    row = ledger.book.identities[name]
    return int(row.address), int(row.owner), int(row.latest), int(row.since)


def town(**given):
    return purse([100, 50], spare=2, registration_fee=7, **given)


def test_a_new_account_receives_the_amount_and_the_fee_is_burned():
    ledger = town()
    done(ledger, Kind.REGISTER, 1, amount=20)
    assert balances(ledger) == [100, 23, 20, 0]
    assert (head(ledger).burned, head(ledger).registered) == (7, 3)


def test_the_ledger_remembers_who_owns_an_identity_and_which_is_the_newest():
    ledger = town()
    done(ledger, Kind.REGISTER, 1)
    done(ledger, Kind.REGISTER, 1)
    assert [identity(ledger, name) for name in range(4)] == [(0, 0, 0, 0), (1, 1, 3, 0), (2, 1, NOBODY, 1), (3, 1, NOBODY, 2)]
    assert ledger.book.accounts["owner"].tolist() == [0, 1, 1, 1]


def test_an_identity_of_an_identity_belongs_to_the_first_owner():
    ledger = town()
    done(ledger, Kind.REGISTER, 1, amount=20)
    done(ledger, Kind.REGISTER, 2, amount=5)
    assert balances(ledger) == [100, 23, 8, 5]
    assert identity(ledger, 3) == (3, 1, NOBODY, 2)
    assert identity(ledger, 1) == (1, 1, 3, 0)


def test_a_new_account_starts_without_history_and_can_act():
    ledger = town()
    done(ledger, Kind.REGISTER, 1, amount=20)
    assert ledger.book.accounts[2].nonce == 0
    assert done(ledger, Kind.TRANSFER, 2, to=0, amount=20).nonce == 0
    assert balances(ledger) == [120, 23, 0, 0]


def test_the_last_spare_row_can_be_registered_and_no_more():
    ledger = town()
    done(ledger, Kind.REGISTER, 0)
    done(ledger, Kind.REGISTER, 0)
    assert call(ledger, Kind.REGISTER, 0).status == Status.NO_SPARE_ACCOUNT
    assert balances(ledger) == [86, 50, 0, 0]


def test_fee_and_amount_must_be_in_the_balance_together():
    ledger = town()
    assert call(ledger, Kind.REGISTER, 1, amount=44).status == Status.INSUFFICIENT_BALANCE
    assert balances(ledger) == [100, 50, 0, 0]
    done(ledger, Kind.REGISTER, 1, amount=43)
    assert balances(ledger) == [100, 0, 43, 0]


def test_names_are_given_in_order_whatever_rows_they_lie_in():
    ledger = purse([100, 50], spare=2, rows=[3, 1, 0, 2])
    done(ledger, Kind.REGISTER, 1, amount=20)
    assert balances(ledger) == [20, 30, 0, 100]
    assert identity(ledger, 2) == (0, 1, NOBODY, 1)
    assert ledger.book.accounts["name"].tolist() == [2, 1, 3, 0]
