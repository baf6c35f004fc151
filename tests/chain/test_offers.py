"""Which offers are open: those that take jobs, and where offers must be backed, those whose next job has its stake."""

import pytest

from chain.contracts.offers import is_open_offer
from chain.layout import Kind
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, STAKE, done, market, wait


def shop(backed_offers, *, jobs=0, capacity=9):
    """A provider with an offer, and stake for so many jobs."""
    ledger = market(backed_offers=backed_offers)
    if jobs:
        done(ledger, Kind.BOND, PROVIDER, amount=jobs * STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=capacity)
    return ledger


def hire(ledger, client):
    done(ledger, Kind.HIRE, client, to=PROVIDER, subject=1, amount=PRICE)


def opened(ledger):
    return bool(is_open_offer(ledger.book, PROVIDER))


@pytest.mark.parametrize("backed_offers", [0, 1])
def test_an_offer_is_open_while_it_takes_jobs(backed_offers):
    assert not opened(market(backed_offers=backed_offers)), "nothing was ever posted"
    assert opened(shop(backed_offers, jobs=1))
    assert not opened(shop(backed_offers, jobs=1, capacity=0))


def test_an_offer_without_stake_is_open_unless_offers_must_be_backed():
    assert opened(shop(0))
    assert not opened(shop(1))


def test_stake_for_one_job_less_a_unit_backs_no_offer():
    ledger = shop(1, jobs=1)
    done(ledger, Kind.UNBOND, PROVIDER, amount=1)
    assert not opened(ledger)
    done(ledger, Kind.BOND, PROVIDER, amount=1)
    assert opened(ledger)


def test_an_offer_is_off_the_list_while_all_its_stake_is_locked_and_comes_back_by_itself():
    ledger = shop(1, jobs=2)
    hire(ledger, CLIENT)
    assert opened(ledger)
    hire(ledger, OTHER)
    assert not opened(ledger)
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)
    done(ledger, Kind.ACCEPT, CLIENT, subject=0)
    assert not opened(ledger), "the stake stays locked until the dispute window has ended"
    wait(ledger, 3)
    assert opened(ledger)


def test_with_no_least_stake_an_offer_that_promises_none_needs_none():
    ledger = market(backed_offers=1, min_stake=0)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=0, count=1)
    assert opened(ledger)
    hire(ledger, CLIENT)
    assert opened(ledger)
