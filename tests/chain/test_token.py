"""Token transfers move whole amounts between open accounts."""

import pytest

from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.markets import call, purse


def test_a_transfer_moves_its_amount():
    ledger = purse([100, 5])
    assert call(ledger, Kind.TRANSFER, 0, to=1, amount=30).status == Status.OK
    assert (ledger.balance(0), ledger.balance(1)) == (70, 35)


def test_all_of_a_balance_can_move_and_one_more_can_not():
    ledger = purse([100, 5])
    assert call(ledger, Kind.TRANSFER, 0, to=1, amount=101).status == Status.INSUFFICIENT_BALANCE
    assert (ledger.balance(0), ledger.balance(1)) == (100, 5)
    assert call(ledger, Kind.TRANSFER, 0, to=1, amount=100).status == Status.OK
    assert (ledger.balance(0), ledger.balance(1)) == (0, 105)


def test_what_is_needed_for_the_fee_can_not_be_sent():
    ledger = purse([0, 100, 0], base_fee=1)
    assert call(ledger, Kind.TRANSFER, 1, to=2, amount=80).status == Status.INSUFFICIENT_BALANCE
    assert (ledger.balance(1), ledger.balance(2)) == (79, 0)
    assert call(ledger, Kind.TRANSFER, 1, to=2, amount=58).status == Status.OK
    assert (ledger.balance(1), ledger.balance(2)) == (0, 58)


def test_nothing_can_be_sent_and_one_can_pay_oneself():
    ledger = purse([100, 5])
    assert call(ledger, Kind.TRANSFER, 0, to=1, amount=0).status == Status.OK
    assert call(ledger, Kind.TRANSFER, 0, to=0, amount=100).status == Status.OK
    assert (ledger.balance(0), ledger.balance(1)) == (100, 5)


@pytest.mark.parametrize("amount", [-1, MAX_SUPPLY + 1, 2**63 - 1, -(2**63)])
def test_an_amount_outside_the_supply_is_refused(amount):
    ledger = purse([MAX_SUPPLY, 0])
    assert call(ledger, Kind.TRANSFER, 0, to=1, amount=amount).status == Status.BAD_AMOUNT
    assert (ledger.balance(0), ledger.balance(1)) == (MAX_SUPPLY, 0)


@pytest.mark.parametrize("to", [-1, 2, 3, 2**62, -(2**63)])
def test_nothing_is_paid_to_a_spare_row_or_outside_the_table(to):
    ledger = purse([100, 5], spare=1)
    assert call(ledger, Kind.TRANSFER, 0, to=to, amount=1).status == Status.NO_SUCH_ACCOUNT
    assert [ledger.balance(a) for a in range(3)] == [100, 5, 0]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.TRANSFER, Kind.REGISTER)])
def test_the_ledger_of_money_knows_no_other_contract(kind):
    assert call(purse([100, 5]), kind, 0, to=1, amount=1).status == Status.UNKNOWN_KIND
