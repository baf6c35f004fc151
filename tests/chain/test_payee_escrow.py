"""An escrow holds what its owner deposits for payees, and pays it to whom it is due and to nobody else."""

import pytest

from chain.contracts import payee_escrow
from chain.contracts.payee_escrow import State
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchange_machine import Escrow, OrphanEscrow, PlainEscrow, play, unreached
from tests.chain.exchanges import escrow
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RIVAL, balances, call, done

OWNER, BENEFICIARY = CLIENT, OTHER


def funded(**given):
    """An escrow without fees, with 300 for the provider and 50 for the rival."""
    ledger = escrow(balances=[0, 1_000, 0, 0, 0], base_fee=0, **given)
    for payee, amount in ((PROVIDER, 100), (RIVAL, 50), (PROVIDER, 200)):
        done(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=payee, amount=amount)
    return ledger


def deposits(ledger):
    return ledger.view("deposits")["amount"].tolist()


def held(ledger):
    return int(ledger.view("terms")[0].held), int(ledger.view("head")[0].locked)


def test_deposits_add_up_by_payee_and_are_held():
    ledger = funded()
    assert (balances(ledger, OWNER, PROVIDER, RIVAL), deposits(ledger)) == ([650, 0, 0], [0, 0, 300, 0, 50, 0, 0])
    assert held(ledger) == (350, 350)


def test_all_money_can_be_deposited_and_one_more_can_not():
    ledger = funded()
    assert call(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=651).status == Status.INSUFFICIENT_BALANCE
    assert held(ledger) == (350, 350)
    done(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=650)
    assert (balances(ledger, OWNER), held(ledger)) == ([0], (1_000, 1_000))


def test_only_the_owner_deposits_pays_out_and_ends():
    ledger = funded(conditional=0)
    for kind in (Kind.ESCROW_DEPOSIT, Kind.ESCROW_WITHDRAW, Kind.ESCROW_REFUND, Kind.ESCROW_CLOSE):
        assert call(ledger, kind, PROVIDER, to=PROVIDER).status == Status.NOT_OWNER
    assert balances(ledger, PROVIDER) == [0]


def test_of_a_plain_escrow_a_payee_is_paid_all_that_is_its_own_and_once():
    ledger = funded(conditional=0)
    for _ in range(2):
        done(ledger, Kind.ESCROW_WITHDRAW, OWNER, to=PROVIDER)
        assert (balances(ledger, PROVIDER, RIVAL), deposits(ledger)[PROVIDER], held(ledger)) == ([300, 0], 0, (50, 50))
    done(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=5)
    assert deposits(ledger)[PROVIDER] == 5


def test_a_plain_escrow_has_no_end():
    ledger = funded(conditional=0)
    for kind in (Kind.ESCROW_REFUND, Kind.ESCROW_CLOSE):
        assert call(ledger, kind, OWNER).status == Status.UNCONDITIONAL
    assert call(ledger, Kind.ESCROW_COLLECT, OWNER).status == Status.ESCROW_NOT_CLOSED


def test_of_a_conditional_escrow_nobody_is_paid_before_its_end():
    ledger = funded()
    assert call(ledger, Kind.ESCROW_WITHDRAW, OWNER, to=PROVIDER).status == Status.ESCROW_NOT_REFUNDING
    assert call(ledger, Kind.ESCROW_COLLECT, BENEFICIARY).status == Status.ESCROW_NOT_CLOSED
    assert (balances(ledger, PROVIDER, BENEFICIARY), held(ledger)) == ([0, 0], (350, 350))


def test_refunding_pays_the_payees_and_takes_no_more_deposits():
    ledger = funded()
    done(ledger, Kind.ESCROW_REFUND, OWNER)
    assert call(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=1).status == Status.ESCROW_NOT_ACTIVE
    for payee in (PROVIDER, RIVAL):
        done(ledger, Kind.ESCROW_WITHDRAW, OWNER, to=payee)
    assert (balances(ledger, PROVIDER, RIVAL, BENEFICIARY), held(ledger)) == ([300, 50, 0], (0, 0))
    assert call(ledger, Kind.ESCROW_COLLECT, BENEFICIARY).status == Status.ESCROW_NOT_CLOSED


def test_closing_pays_the_beneficiary_whoever_asks_and_the_payees_no_more():
    ledger = funded()
    done(ledger, Kind.ESCROW_CLOSE, OWNER)
    assert call(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=1).status == Status.ESCROW_NOT_ACTIVE
    assert call(ledger, Kind.ESCROW_WITHDRAW, OWNER, to=PROVIDER).status == Status.ESCROW_NOT_REFUNDING
    for _ in range(2):
        done(ledger, Kind.ESCROW_COLLECT, RIVAL)
        assert (balances(ledger, PROVIDER, RIVAL, BENEFICIARY), held(ledger)) == ([0, 0, 350], (0, 0))
    assert deposits(ledger)[PROVIDER] == 300, "what was deposited stays on record"


def test_without_an_account_the_beneficiary_gets_nothing_and_nothing_is_lost():
    ledger = escrow(beneficiary=5)
    done(ledger, Kind.ESCROW_DEPOSIT, CLIENT, to=PROVIDER, amount=500)
    done(ledger, Kind.ESCROW_CLOSE, CLIENT)
    assert call(ledger, Kind.ESCROW_COLLECT, RIVAL).status == Status.NO_SUCH_ACCOUNT
    assert ledger.book.terms[0].held == ledger.book.head[0].locked == 500


@pytest.mark.parametrize(("first", "second"), [(Kind.ESCROW_CLOSE, Kind.ESCROW_REFUND), (Kind.ESCROW_REFUND, Kind.ESCROW_CLOSE)])
def test_an_end_is_for_good(first, second):
    ledger = funded()
    done(ledger, first, OWNER)
    for kind in (first, second):
        assert call(ledger, kind, OWNER).status == Status.ESCROW_NOT_ACTIVE
    assert ledger.view("terms")[0].state == (State.CLOSED if first == Kind.ESCROW_CLOSE else State.REFUNDING)


def test_the_whole_supply_can_be_held():
    ledger = escrow(balances=[0, MAX_SUPPLY, 0, 0, 0], base_fee=0, conditional=0)
    done(ledger, Kind.ESCROW_DEPOSIT, OWNER, to=PROVIDER, amount=MAX_SUPPLY)
    done(ledger, Kind.ESCROW_WITHDRAW, OWNER, to=PROVIDER)
    assert balances(ledger, OWNER, PROVIDER) == [0, MAX_SUPPLY]


def test_escrows_that_hypothesis_plays_keep_their_books_pay_what_is_due_and_come_to_every_refusal():
    for machine in (Escrow, PlainEscrow, OrphanEscrow):
        play(machine, games=40, steps=40)
    assert unreached(payee_escrow) == []
