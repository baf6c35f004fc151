"""The order book: best price first, then the oldest; who stood sets the price; what is open is kept and given back."""

from typing import Any

import numpy as np
import pytest

from chain.layout import MAX_PRICE, MAX_SUPPLY, Kind
from chain.ledger import Ledger
from chain.misplaced import misplaced
from chain.status import Status
from tests.chain.markets import CLIENT, OTHER, PROVIDER, RICH, RIVAL, call, done, fee_of, head, pit, wait


def floor(units: int = 10, **given: Any) -> Ledger:
    """A book without fees; the provider and the rival hold units."""
    ledger = pit(base_fee=0, **given)
    for address in (PROVIDER, RIVAL):
        done(ledger, Kind.ISSUE_UNITS, RIVAL, to=address, count=units)
    return ledger


def bid(ledger: Ledger, who: int, price: int, units: int = 1) -> int | None:
    return done(ledger, Kind.PLACE_BID, who, amount=price, count=units).subject


def ask(ledger: Ledger, who: int, price: int, units: int = 1) -> int | None:
    return done(ledger, Kind.PLACE_ASK, who, amount=price, count=units).subject


def tape(ledger: Ledger) -> list[tuple[int, int, int, int]]:
    """The trades that the tape holds: buyer, seller, price, units."""
    trades, size = int(ledger.book.terms[0].trades), ledger.book.tape.size
    rows = [ledger.book.tape[n % size] for n in range(max(0, trades - size), trades)]
    return [(int(t.buyer), int(t.seller), int(t.price), int(t.units)) for t in rows]


def units(ledger: Ledger, who: int) -> tuple[int, int]:
    """Free and offered units."""
    return int(ledger.book.holdings[who].units), int(ledger.book.holdings[who].offered)


def test_an_order_that_meets_nobody_stands_and_is_kept():
    ledger = floor()
    number = bid(ledger, CLIENT, 50, 3)
    assert ledger.balance(CLIENT) == RICH - 150
    assert head(ledger).locked == 150
    assert ask(ledger, PROVIDER, 60, 4) != number
    assert units(ledger, PROVIDER) == (6, 4)
    assert tape(ledger) == []


@pytest.mark.parametrize(("first", "price"), [("bid", 70), ("ask", 40)])
def test_the_order_that_stood_sets_the_price(first, price):
    ledger = floor()
    for side in (first, {"bid": "ask", "ask": "bid"}[first]):
        assert (bid(ledger, CLIENT, 70) if side == "bid" else ask(ledger, PROVIDER, 40)) is None or side == first
    assert tape(ledger) == [(CLIENT, PROVIDER, price, 1)]
    assert (ledger.balance(CLIENT), ledger.balance(PROVIDER)) == (RICH - price, RICH + price)
    assert (units(ledger, CLIENT), units(ledger, PROVIDER)) == ((1, 0), (9, 0))
    assert head(ledger).locked == 0


def test_equal_prices_trade_and_a_price_one_lower_does_not():
    ledger = floor()
    ask(ledger, PROVIDER, 60)
    bid(ledger, CLIENT, 59)
    assert tape(ledger) == []
    bid(ledger, OTHER, 60)
    assert tape(ledger) == [(OTHER, PROVIDER, 60, 1)]


def test_the_lowest_ask_and_the_highest_bid_trade_first_and_at_one_price_the_oldest():
    ledger = floor()
    for who, price in ((PROVIDER, 62), (RIVAL, 60), (PROVIDER, 60), (PROVIDER, 61)):
        ask(ledger, who, price)
    bid(ledger, CLIENT, 100, 4)
    assert tape(ledger) == [
        (CLIENT, RIVAL, 60, 1),
        (CLIENT, PROVIDER, 60, 1),
        (CLIENT, PROVIDER, 61, 1),
        (CLIENT, PROVIDER, 62, 1),
    ]
    for who, price in ((CLIENT, 40), (OTHER, 41), (CLIENT, 41)):
        bid(ledger, who, price)
    ask(ledger, PROVIDER, 1, 3)
    assert tape(ledger)[-3:] == [(OTHER, PROVIDER, 41, 1), (CLIENT, PROVIDER, 41, 1), (CLIENT, PROVIDER, 40, 1)]


def test_an_order_is_filled_in_part_and_its_rest_stands_at_its_own_price():
    ledger = floor()
    ask(ledger, PROVIDER, 60, 2)
    number = bid(ledger, CLIENT, 65, 5)
    assert tape(ledger) == [(CLIENT, PROVIDER, 60, 2)]
    assert head(ledger).locked == 3 * 65
    assert ask(ledger, RIVAL, 10, 1) is None
    assert tape(ledger)[-1] == (CLIENT, RIVAL, 65, 1)
    done(ledger, Kind.CANCEL_ORDER, CLIENT, subject=number)
    assert head(ledger).locked == 0
    assert ledger.balance(CLIENT) == RICH - 2 * 60 - 65


def test_a_better_price_than_asked_is_the_buyers_gain():
    ledger = floor(balances=(0, 100, 0, 0, 0))
    ask(ledger, PROVIDER, 30)
    bid(ledger, CLIENT, 100)
    assert (ledger.balance(CLIENT), ledger.balance(PROVIDER)) == (70, 30)


def test_all_money_can_be_bid_and_one_more_can_not():
    ledger = floor(balances=(0, 100, 0, 0, 0))
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=101, count=1).status == Status.INSUFFICIENT_BALANCE
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=51, count=2).status == Status.INSUFFICIENT_BALANCE
    bid(ledger, CLIENT, 50, 2)
    assert (ledger.balance(CLIENT), head(ledger).locked) == (0, 100)


def test_all_units_can_be_offered_and_one_more_can_not():
    ledger = floor(units=3)
    assert call(ledger, Kind.PLACE_ASK, PROVIDER, amount=5, count=4).status == Status.INSUFFICIENT_UNITS
    ask(ledger, PROVIDER, 5, 3)
    assert call(ledger, Kind.PLACE_ASK, PROVIDER, amount=5, count=1).status == Status.INSUFFICIENT_UNITS
    assert units(ledger, PROVIDER) == (0, 3)


def test_the_dearest_order_there_can_be_is_refused_for_want_of_money_and_not_wrapped():
    ledger = floor(balances=(0, MAX_SUPPLY, 0, 0, 0))
    bid(ledger, CLIENT, MAX_PRICE, 2**20)
    assert head(ledger).locked == 2**60
    bid(ledger, CLIENT, MAX_PRICE, 2**20)
    bid(ledger, CLIENT, MAX_PRICE, 2**20)
    bid(ledger, CLIENT, MAX_PRICE, 2**20)
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=MAX_PRICE, count=2**20).status == Status.INSUFFICIENT_BALANCE
    assert head(ledger).locked == MAX_SUPPLY


def test_a_cancelled_order_is_given_back_and_only_its_owner_can_cancel_it_and_once():
    ledger = floor()
    number = ask(ledger, PROVIDER, 60, 4)
    assert number is not None
    assert call(ledger, Kind.CANCEL_ORDER, RIVAL, subject=number).status == Status.NOT_YOUR_ORDER
    assert units(ledger, PROVIDER) == (6, 4)
    assert done(ledger, Kind.CANCEL_ORDER, PROVIDER, subject=number).subject == number
    assert units(ledger, PROVIDER) == (10, 0)
    assert call(ledger, Kind.CANCEL_ORDER, PROVIDER, subject=number).status == Status.NO_SUCH_ORDER
    bid(ledger, CLIENT, 99)
    assert tape(ledger) == [], "what was cancelled trades no more"


def test_an_order_takes_the_place_of_another_with_what_backed_it():
    ledger = floor(orders=1, balances=(0, 100, 0, 0, 0))
    first = bid(ledger, CLIENT, 50, 2)
    second = done(ledger, Kind.PLACE_BID, CLIENT, amount=33, count=3, subject=first).subject
    assert (ledger.balance(CLIENT), head(ledger).locked) == (1, 99)
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=101, count=1, subject=second).status == Status.INSUFFICIENT_BALANCE
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=1, count=1, subject=first).status == Status.NO_SUCH_ORDER
    assert call(ledger, Kind.PLACE_BID, OTHER, amount=0, count=1, subject=second).status == Status.NOT_YOUR_ORDER
    assert head(ledger).locked == 99, "where nothing can be replaced, nothing is placed"
    done(ledger, Kind.PLACE_ASK, PROVIDER, amount=33, count=3)
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=1, count=1, subject=second).status == Status.NO_SUCH_ORDER


def test_the_number_of_an_order_that_is_over_never_names_a_later_one_in_its_row():
    ledger = floor(orders=1)
    first = bid(ledger, CLIENT, 5)
    assert first is not None
    done(ledger, Kind.CANCEL_ORDER, CLIENT, subject=first)
    second = bid(ledger, CLIENT, 6)
    assert second != first
    assert call(ledger, Kind.CANCEL_ORDER, CLIENT, subject=first).status == Status.NO_SUCH_ORDER
    assert head(ledger).locked == 6


def test_who_meets_an_own_order_takes_it_out_and_trades_with_the_next():
    ledger = floor()
    ask(ledger, PROVIDER, 50, 2)
    ask(ledger, RIVAL, 55, 1)
    bid(ledger, PROVIDER, 60, 2)
    assert tape(ledger) == [(PROVIDER, RIVAL, 55, 1)]
    assert units(ledger, PROVIDER) == (11, 0)
    assert head(ledger).locked == 60, "the rest of the bid stands"


def test_a_full_book_refuses_what_would_stand_and_serves_what_trades():
    ledger = floor(orders=2)
    ask(ledger, PROVIDER, 60, 2)
    ask(ledger, PROVIDER, 70, 2)
    assert call(ledger, Kind.PLACE_BID, CLIENT, amount=59, count=1).status == Status.BOOK_FULL
    assert call(ledger, Kind.PLACE_ASK, RIVAL, amount=60, count=1).status == Status.BOOK_FULL
    assert bid(ledger, CLIENT, 60, 1) is None
    bid(ledger, CLIENT, 65, 3)
    assert tape(ledger) == [(CLIENT, PROVIDER, 60, 1), (CLIENT, PROVIDER, 60, 1)]
    assert head(ledger).locked == 2 * 65, "a row became free for the rest"


@pytest.mark.parametrize("window", [0, 1, 4])
def test_an_order_stands_for_its_window_and_not_one_block_longer(window):
    ledger = floor(order_window=window)
    ledger.submit(Kind.PLACE_BID, CLIENT, amount=50, count=2)
    ledger.submit(Kind.PLACE_ASK, PROVIDER, amount=80, count=2)
    for _ in range(window):
        ledger.seal()
        assert (head(ledger).locked, units(ledger, PROVIDER)) == (100, (8, 2))
    ledger.seal()
    assert (head(ledger).locked, units(ledger, PROVIDER)) == (0, (10, 0))
    assert ledger.balance(CLIENT) == RICH


def test_younger_orders_outlive_older_ones():
    ledger = floor(order_window=2)
    bid(ledger, CLIENT, 50)
    bid(ledger, OTHER, 40)
    wait(ledger, 1)
    assert (ledger.balance(CLIENT), ledger.balance(OTHER)) == (RICH, RICH - 40)
    wait(ledger, 1)
    assert ledger.balance(OTHER) == RICH


def test_a_trade_wipes_the_book_where_rounds_end_with_it():
    ledger = floor(wipe=1)
    bid(ledger, CLIENT, 50, 3)
    bid(ledger, OTHER, 45)
    ask(ledger, RIVAL, 70)
    assert ask(ledger, PROVIDER, 45, 5) is None
    assert tape(ledger) == [(CLIENT, PROVIDER, 50, 3)], "one trade with the best order"
    assert (head(ledger).locked, units(ledger, PROVIDER), units(ledger, RIVAL)) == (0, (7, 0), (10, 0))
    assert (ledger.balance(CLIENT), ledger.balance(OTHER)) == (RICH - 150, RICH)
    assert not (ledger.book.orders["number"] > 0).any()


def test_without_rounds_the_book_stays_and_the_order_goes_on():
    ledger = floor()
    bid(ledger, CLIENT, 50, 3)
    bid(ledger, OTHER, 45)
    ask(ledger, PROVIDER, 45, 5)
    assert tape(ledger) == [(CLIENT, PROVIDER, 50, 3), (OTHER, PROVIDER, 45, 1)]
    assert units(ledger, PROVIDER) == (5, 1)


def test_only_the_issuer_issues_units_and_never_more_than_there_can_be():
    ledger = floor()
    assert call(ledger, Kind.ISSUE_UNITS, CLIENT, to=CLIENT, count=1).status == Status.NOT_ISSUER
    ledger.book.terms[0].issued += MAX_SUPPLY - 21
    ledger.book.holdings[OTHER].units += MAX_SUPPLY - 21
    assert call(ledger, Kind.ISSUE_UNITS, RIVAL, to=CLIENT, count=2).status == Status.BAD_AMOUNT
    done(ledger, Kind.ISSUE_UNITS, RIVAL, to=CLIENT, count=1)
    assert units(ledger, CLIENT) == (1, 0)


def test_a_refused_order_pays_its_fee_and_leaves_the_book_alone():
    ledger = pit()
    receipt = call(ledger, Kind.PLACE_ASK, CLIENT, amount=5, count=1, tip=1)
    assert receipt == (Kind.PLACE_ASK, CLIENT, 0, Status.INSUFFICIENT_UNITS, fee_of(Kind.PLACE_ASK, 1), 1, None)
    assert ledger.balance(CLIENT) == RICH - receipt.fee
    assert not (ledger.book.orders["number"] > 0).any()


def test_many_orders_come_out_of_the_heap_best_first_and_oldest_first():
    rng = np.random.default_rng(3)
    ledger = pit(orders=300, tape=300, base_fee=0, pool=400)
    done(ledger, Kind.ISSUE_UNITS, RIVAL, to=RIVAL, count=300)
    prices = rng.integers(1, 40, 300).tolist()
    for price in prices:
        ledger.submit(Kind.PLACE_ASK, RIVAL, amount=price, count=1)
    receipts = ledger.seal()
    cancelled = set(rng.choice(300, 100, replace=False).tolist())
    for k in sorted(cancelled):
        ledger.submit(Kind.CANCEL_ORDER, RIVAL, subject=receipts[k].subject or 0)
    assert {receipt.status for receipt in ledger.seal()} == {Status.OK}
    assert misplaced(ledger.batch) == []
    for _ in range(2):
        done(ledger, Kind.PLACE_BID, CLIENT, amount=40, count=100)
    assert [price for _, _, price, _ in tape(ledger)] == sorted(p for k, p in enumerate(prices) if k not in cancelled)
