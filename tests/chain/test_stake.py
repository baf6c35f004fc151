"""Stake: bonded at once, taken back slowly, and never while it is locked."""

from chain.layout import Kind
from chain.status import Status
from tests.chain.markets import OTHER, PROVIDER, RICH, call, done, fee_of, head, market, stake_of, wait


def pledged(bonded, unbonding=0, ready=0, locked=0):
    return {"bonded": bonded, "locked": locked, "unbonding": unbonding, "ready": ready}


def test_bonding_moves_money_from_the_balance_behind_the_promises():
    ledger = market(base_fee=0)
    done(ledger, Kind.BOND, PROVIDER, amount=300)
    done(ledger, Kind.BOND, PROVIDER, amount=1)
    assert stake_of(ledger, PROVIDER) == pledged(301)
    assert (ledger.balance(PROVIDER), head(ledger).locked) == (RICH - 301, 301)


def test_all_money_can_be_bonded_and_one_more_can_not():
    ledger = market(base_fee=0)
    assert call(ledger, Kind.BOND, PROVIDER, amount=RICH + 1).status == Status.INSUFFICIENT_BALANCE
    assert (ledger.balance(PROVIDER), stake_of(ledger, PROVIDER)) == (RICH, pledged(0))
    done(ledger, Kind.BOND, PROVIDER, amount=RICH)
    assert (ledger.balance(PROVIDER), stake_of(ledger, PROVIDER)) == (0, pledged(RICH))


def test_stake_comes_back_when_its_window_has_passed_and_not_before():
    ledger = market()
    done(ledger, Kind.BOND, PROVIDER, amount=300)
    done(ledger, Kind.UNBOND, PROVIDER, amount=100)
    assert stake_of(ledger, PROVIDER) == pledged(200, unbonding=100, ready=5)
    wait(ledger, 1)
    assert call(ledger, Kind.WITHDRAW, PROVIDER).status == Status.STILL_UNBONDING
    before = ledger.balance(PROVIDER)
    assert done(ledger, Kind.WITHDRAW, PROVIDER).height == 5
    assert ledger.balance(PROVIDER) == before + 100 - fee_of(Kind.WITHDRAW)
    assert stake_of(ledger, PROVIDER) == pledged(200, ready=5)
    assert head(ledger).locked == 200
    assert call(ledger, Kind.WITHDRAW, PROVIDER).status == Status.NOTHING_UNBONDING


def test_unbonding_more_restarts_the_wait_for_all_of_it():
    ledger = market()
    done(ledger, Kind.BOND, PROVIDER, amount=300)
    done(ledger, Kind.UNBOND, PROVIDER, amount=100)
    wait(ledger, 1)
    done(ledger, Kind.UNBOND, PROVIDER, amount=50)
    assert stake_of(ledger, PROVIDER) == pledged(150, unbonding=150, ready=7)
    assert call(ledger, Kind.WITHDRAW, PROVIDER).status == Status.STILL_UNBONDING


def test_only_what_is_bonded_can_be_unbonded():
    ledger = market()
    done(ledger, Kind.BOND, PROVIDER, amount=300)
    assert call(ledger, Kind.UNBOND, PROVIDER, amount=301).status == Status.INSUFFICIENT_STAKE
    assert call(ledger, Kind.UNBOND, OTHER, amount=1).status == Status.INSUFFICIENT_STAKE
    assert stake_of(ledger, PROVIDER) == pledged(300)
    done(ledger, Kind.UNBOND, PROVIDER, amount=300)
    assert stake_of(ledger, PROVIDER) == pledged(0, unbonding=300, ready=7)


def test_with_no_window_stake_is_ready_in_the_block_it_was_unbonded():
    ledger = market(unbonding_window=0)
    done(ledger, Kind.BOND, PROVIDER, amount=300)
    ledger.submit(Kind.UNBOND, PROVIDER, amount=300)
    ledger.submit(Kind.WITHDRAW, PROVIDER)
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK, Status.OK]
    assert head(ledger).locked == 0
