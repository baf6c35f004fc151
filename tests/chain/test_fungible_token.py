"""Credits move, are approved, minted and burned as ERC-20 says; every sentence with what is refused beside what is accepted."""

import pytest

from chain.contracts import constant_product, fungible_token
from chain.contracts.fungible_token import INFINITE, SPENDERS
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchange_machine import Exchange, play, unreached
from tests.chain.exchanges import exchange
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RIVAL, call, done


def minted(amount=1_000, to=PROVIDER):
    """A ledger on which one account has credits."""
    ledger = exchange()
    done(ledger, Kind.CREDIT_MINT, CLIENT, to=to, amount=amount)
    return ledger


def credits_of(ledger, *addresses):
    return [int(ledger.view("credits")[a].balance) for a in addresses]


def approvals(ledger, holder):
    """Spender and amount of an account's approvals, row by row."""
    rows = ledger.view("allowances")[holder * SPENDERS : (holder + 1) * SPENDERS]
    return [(int(row.spender), int(row.amount)) for row in rows]


def test_all_credits_can_be_transferred_and_one_more_can_not():
    ledger = minted()
    assert call(ledger, Kind.CREDIT_TRANSFER, PROVIDER, to=OTHER, amount=1_001).status == Status.INSUFFICIENT_CREDITS
    assert credits_of(ledger, PROVIDER, OTHER) == [1_000, 0]
    done(ledger, Kind.CREDIT_TRANSFER, PROVIDER, to=OTHER, amount=1_000)
    assert credits_of(ledger, PROVIDER, OTHER) == [0, 1_000]
    assert ledger.view("terms")[0].supply == 1_000


def test_a_transfer_to_oneself_changes_nothing():
    ledger = minted()
    done(ledger, Kind.CREDIT_TRANSFER, PROVIDER, to=PROVIDER, amount=1_000)
    assert credits_of(ledger, PROVIDER) == [1_000]


def test_a_spender_takes_what_is_approved_and_not_one_more():
    ledger = minted()
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=RIVAL, amount=300)
    assert call(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=301).status == (
        Status.INSUFFICIENT_ALLOWANCE
    )
    done(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=200)
    assert (credits_of(ledger, PROVIDER, OTHER, RIVAL), approvals(ledger, PROVIDER)[0]) == ([800, 200, 0], (RIVAL, 100))
    done(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=100)
    assert approvals(ledger, PROVIDER) == [(0, 0)] * SPENDERS, "what is used up leaves no trace"
    assert call(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=1).status == (
        Status.INSUFFICIENT_ALLOWANCE
    )


@pytest.mark.parametrize("amount", [0, MAX_SUPPLY])
def test_nothing_and_everything_can_be_minted_moved_approved_and_burned(amount):
    ledger = minted(amount)
    done(ledger, Kind.CREDIT_TRANSFER, PROVIDER, to=OTHER, amount=amount)
    done(ledger, Kind.CREDIT_APPROVE, OTHER, to=RIVAL, amount=amount)
    done(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=OTHER, to=CLIENT, amount=amount)
    assert credits_of(ledger, PROVIDER, OTHER, CLIENT) == [0, 0, amount]
    done(ledger, Kind.CREDIT_BURN, CLIENT, amount=amount)
    assert (credits_of(ledger, CLIENT), int(ledger.view("terms")[0].supply)) == ([0], 0)


def test_an_approval_is_that_of_its_holder_alone():
    ledger = minted()
    done(ledger, Kind.CREDIT_APPROVE, CLIENT, to=RIVAL, amount=5)
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=RIVAL, amount=9)
    done(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=9)
    assert (approvals(ledger, CLIENT)[0], approvals(ledger, PROVIDER)[0]) == ((RIVAL, 5), (0, 0))


def test_nothing_taken_without_an_approval_leaves_all_approvals_as_they_are():
    ledger = exchange(spare=0)
    last = ledger.book.accounts.size - 1
    for spender in range(SPENDERS):
        done(ledger, Kind.CREDIT_APPROVE, last, to=spender, amount=5)
    done(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=OTHER, amount=0)
    assert approvals(ledger, last) == [(spender, 5) for spender in range(SPENDERS)]


def test_the_account_at_address_0_is_approved_once_wherever_there_is_room():
    ledger = minted()
    for spender, amount in ((RIVAL, 1), (0, 5), (RIVAL, 0), (0, 7)):
        done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=spender, amount=amount)
    assert [approval for approval in approvals(ledger, PROVIDER) if approval[1]] == [(0, 7)]


def test_nobody_takes_even_its_own_credits_without_an_approval():
    ledger = minted()
    for amount, status in ((1, Status.INSUFFICIENT_ALLOWANCE), (0, Status.OK)):
        assert call(ledger, Kind.CREDIT_TRANSFER_FROM, PROVIDER, subject=PROVIDER, to=OTHER, amount=amount).status == status
    assert credits_of(ledger, PROVIDER, OTHER) == [1_000, 0]


def test_an_infinite_approval_never_falls_and_one_less_does():
    ledger = minted(MAX_SUPPLY)
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=RIVAL, amount=INFINITE)
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=OTHER, amount=MAX_SUPPLY)
    for spender in (RIVAL, OTHER):
        done(ledger, Kind.CREDIT_TRANSFER_FROM, spender, subject=PROVIDER, to=CLIENT, amount=2**61)
    assert approvals(ledger, PROVIDER)[:2] == [(RIVAL, INFINITE), (OTHER, 2**61)]
    assert credits_of(ledger, PROVIDER, CLIENT) == [0, MAX_SUPPLY]
    assert call(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=RIVAL, amount=INFINITE - 1).status == Status.BAD_AMOUNT


def test_an_approval_replaces_the_one_before_and_0_makes_room_for_a_ninth():
    ledger = minted()
    for spender in range(SPENDERS):
        done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=spender, amount=5)
        done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=spender, amount=7)
    assert approvals(ledger, PROVIDER) == [(spender, 7) for spender in range(SPENDERS)]
    assert call(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=8, amount=1).status == Status.ALLOWANCES_FULL
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=8, amount=0)
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=3, amount=0)
    done(ledger, Kind.CREDIT_APPROVE, PROVIDER, to=8, amount=1)
    assert approvals(ledger, PROVIDER)[3] == (8, 1)


def test_an_approval_belongs_to_its_holder_alone():
    ledger = minted()
    done(ledger, Kind.CREDIT_APPROVE, OTHER, to=RIVAL, amount=500)
    assert call(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=PROVIDER, to=RIVAL, amount=1).status == (
        Status.INSUFFICIENT_ALLOWANCE
    )
    assert call(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=OTHER, to=RIVAL, amount=1).status == Status.INSUFFICIENT_CREDITS


@pytest.mark.parametrize("subject", [-1, 10, 11, 12, 2**62, -(2**63)])
def test_nothing_is_taken_from_who_has_no_account(subject):
    ledger = minted()
    assert call(ledger, Kind.CREDIT_TRANSFER_FROM, RIVAL, subject=subject, to=OTHER).status == Status.NO_SUCH_ACCOUNT


def test_the_minter_mints_up_to_the_highest_supply_and_nobody_else_mints():
    ledger = minted(MAX_SUPPLY - 1)
    assert call(ledger, Kind.CREDIT_MINT, OTHER, to=OTHER, amount=1).status == Status.NOT_MINTER
    assert call(ledger, Kind.CREDIT_MINT, CLIENT, to=OTHER, amount=2).status == Status.SUPPLY_FULL
    done(ledger, Kind.CREDIT_MINT, CLIENT, to=OTHER, amount=1)
    assert (credits_of(ledger, OTHER), ledger.view("terms")[0].supply) == ([1], MAX_SUPPLY)


def test_what_is_burned_is_gone_and_can_be_minted_again():
    ledger = minted(MAX_SUPPLY)
    assert call(ledger, Kind.CREDIT_BURN, OTHER, amount=1).status == Status.INSUFFICIENT_CREDITS
    done(ledger, Kind.CREDIT_BURN, PROVIDER, amount=300)
    assert (credits_of(ledger, PROVIDER), ledger.view("terms")[0].supply) == ([MAX_SUPPLY - 300], MAX_SUPPLY - 300)
    done(ledger, Kind.CREDIT_MINT, CLIENT, to=OTHER, amount=300)


def test_credits_are_not_money():
    ledger = minted()
    money = [ledger.balance(a) for a in (PROVIDER, OTHER)]
    done(ledger, Kind.CREDIT_TRANSFER, PROVIDER, to=OTHER, amount=1_000, tip=0)
    assert [ledger.balance(a) for a in (PROVIDER, OTHER)] == [money[0] - 52 * 2, money[1]]


def test_an_exchange_that_hypothesis_plays_keeps_its_books():
    play(Exchange, games=60)


@pytest.mark.slow
def test_an_exchange_that_hypothesis_plays_at_length_keeps_its_books_and_comes_to_every_refusal():
    play(Exchange, games=300, steps=80)
    assert unreached(fungible_token, constant_product) == []
