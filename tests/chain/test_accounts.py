"""The writers of money: each moves a whole amount and keeps the sum."""

from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import burn, burn_locked, can_pay, is_open, lock, release, share, transfer
from chain.layout import MAX_SUPPLY
from tests.chain.markets import head, purse


@given(st.integers(0, MAX_SUPPLY), st.integers(0, 10_000))
def test_a_share_is_exact_and_rounded_down(amount, bps):
    assert share(amount, bps) == amount * bps // 10_000


def test_money_moves_between_two_places_and_the_sum_stays():
    ledger = purse([100, 50])
    accounts, h = ledger.book.accounts, head(ledger)
    places = []
    for move in (
        lambda: transfer(accounts, 0, 1, 10),
        lambda: lock(accounts, h, 1, 20),
        lambda: release(accounts, h, 0, 5),
        lambda: burn(accounts, h, 0, 3),
        lambda: burn_locked(h, 15),
    ):
        move()
        ledger.check()
        places.append((ledger.balance(0), ledger.balance(1), int(h.locked), int(h.burned)))
    assert places == [(90, 60, 0, 0), (90, 40, 20, 0), (95, 40, 15, 0), (92, 40, 15, 3), (92, 40, 0, 18)]


def test_an_address_is_open_only_where_an_account_is_in_use():
    accounts = purse([100, 50], spare=1).book.accounts
    assert [bool(is_open(accounts, address)) for address in (-(2**63), -1, 0, 1, 2, 3, 2**63 - 1)] == [False] * 2 + [True] * 2 + [
        False
    ] * 3
    assert can_pay(accounts, 1, 50)
    assert not can_pay(accounts, 1, 51)
