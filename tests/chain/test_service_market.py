"""The life of a job: every outcome, with the balances of both sides, and nothing stays locked for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from chain.contracts.reputation import mean_bps
from chain.contracts.service_market import Outcome, Phase
from chain.layout import NOBODY, Kind
from chain.status import Status
from tests.chain.machine import silence_releases
from tests.chain.markets import (
    CLIENT,
    OTHER,
    PRICE,
    PROVIDER,
    RICH,
    RIVAL,
    STAKE,
    call,
    done,
    fee_of,
    head,
    market,
    stake_of,
    wait,
)

FALSE_ALARM = 1e-6
GOOD, BAD = {"reliability_bps": 10_000}, {"reliability_bps": 0}


def hired(**given):
    """A market without fees in which the client has hired the provider: job 0."""
    ledger = market(base_fee=0, **given)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE + 50)
    return ledger


def delivered(**given):
    ledger = hired(**given)
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)
    return ledger


def gains(ledger):
    """Money won by client and provider since the beginning, stake counted as the provider's."""
    stake = stake_of(ledger, PROVIDER)
    return ledger.balance(CLIENT) - RICH, ledger.balance(PROVIDER) + stake["bonded"] + stake["unbonding"] - RICH


def ended(ledger):
    job = ledger.job(0)
    return Phase(job["phase"]), Outcome(job["outcome"])


def rating(ledger):
    """Mean and number of the provider's ratings."""
    return mean_bps(ledger.book.reputation, PROVIDER), int(ledger.book.reputation[PROVIDER].ratings)


def assert_stake_comes_free(ledger, at_height, amount=STAKE):
    """Unbonding is refused up to a height and accepted in the block after it."""
    while ledger.height < at_height:
        assert stake_of(ledger, PROVIDER)["locked"] == STAKE
        receipt = call(ledger, Kind.UNBOND, PROVIDER, amount=1)
        assert (receipt.status, receipt.height <= at_height) == (Status.INSUFFICIENT_STAKE, True)
    assert stake_of(ledger, PROVIDER)["locked"] == 0
    done(ledger, Kind.UNBOND, PROVIDER, amount=amount)


def test_a_hire_locks_the_price_and_the_stake():
    ledger = hired()
    assert (ledger.balance(CLIENT), ledger.balance(PROVIDER)) == (RICH - PRICE, RICH - STAKE)
    assert stake_of(ledger, PROVIDER) == {"bonded": STAKE, "locked": STAKE, "unbonding": 0, "ready": 0}
    assert head(ledger).locked == PRICE + STAKE
    expected = {"client": CLIENT, "provider": PROVIDER, "service": 1, "price": PRICE, "stake": STAKE, "phase": Phase.FUNDED}
    expected |= {"outcome": Outcome.OPEN, "due": 8, "tick": 2, "request": 0, "height": 3, "delivered": NOBODY, "paid": NOBODY}
    assert ledger.job(0) == expected | {"effort_bps": 0, "quality_bps": 0}


def test_an_accepted_job_pays_the_provider_at_once_and_frees_its_stake_when_the_window_ends():
    ledger = delivered()
    done(ledger, Kind.ACCEPT, CLIENT, subject=0, bps=9_000)
    assert gains(ledger) == (-PRICE, PRICE)
    assert ended(ledger) == (Phase.PAID, Outcome.ACCEPTED)
    assert rating(ledger) == (9_000, 1)
    assert_stake_comes_free(ledger, at_height=8)
    assert ended(ledger) == (Phase.CLOSED, Outcome.ACCEPTED)


def test_a_silent_client_pays_when_the_window_ends_and_leaves_no_rating():
    ledger = delivered(**BAD)
    wait(ledger, 3)
    assert gains(ledger) == (-PRICE, 0)
    wait(ledger, 1)
    assert gains(ledger) == (-PRICE, PRICE)
    assert ended(ledger) == (Phase.CLOSED, Outcome.SILENT)
    assert (rating(ledger), ledger.job(0)["paid"]) == ((0, 0), 8)
    assert_stake_comes_free(ledger, at_height=8)


@pytest.mark.parametrize("terms", [GOOD, BAD | {"arbiter_bps": 0}], ids=["good work", "blind arbiter"])
def test_a_rejected_dispute_pays_the_provider_and_keeps_its_stake_to_the_end_of_the_window(terms):
    ledger = delivered(**terms)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0, bps=100)
    assert gains(ledger) == (-PRICE, PRICE)
    assert ended(ledger) == (Phase.PAID, Outcome.REJECTED)
    assert rating(ledger) == (100, 1)
    assert_stake_comes_free(ledger, at_height=8)


def test_an_upheld_dispute_refunds_the_client_and_slashes_half_of_the_stake():
    ledger = delivered(**BAD)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0)
    assert gains(ledger) == (20, -50), "50 of 101 slashed, 40 % of it to the client"
    assert ended(ledger) == (Phase.CLOSED, Outcome.UPHELD)
    assert (head(ledger).burned, head(ledger).locked) == (30, 51)
    assert rating(ledger) == (0, 1)
    assert_stake_comes_free(ledger, at_height=5, amount=51)


def test_where_the_caught_are_paid_an_upheld_dispute_slashes_but_pays_the_provider():
    ledger = delivered(pay_caught=1, **BAD)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0, bps=0)
    assert gains(ledger) == (20 - PRICE, PRICE - 50)
    assert (ended(ledger), head(ledger).burned) == ((Phase.CLOSED, Outcome.UPHELD), 30)


def test_who_never_delivers_refunds_the_client_and_loses_a_quarter_of_the_stake():
    ledger = hired()
    wait(ledger, 4)
    assert gains(ledger) == (-PRICE, 0)
    wait(ledger, 1)
    assert gains(ledger) == (10, -25), "25 of 101 slashed, 40 % of it to the client"
    assert ended(ledger) == (Phase.CLOSED, Outcome.NO_SHOW)
    assert (head(ledger).burned, head(ledger).locked, rating(ledger)) == (15, 76, (0, 0))
    assert call(ledger, Kind.DELIVER, PROVIDER, subject=0).status == Status.NO_SUCH_JOB


def test_slashing_can_take_the_whole_stake_and_give_all_of_it_to_the_client():
    ledger = delivered(slash_bps=10_000, compensation_bps=10_000, **BAD)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0)
    assert (gains(ledger), head(ledger).burned, head(ledger).locked) == ((STAKE, -STAKE), 0, 0)


def test_the_last_block_of_a_window_is_still_inside_it():
    ledger = hired()
    wait(ledger, 4)
    assert done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000).height == ledger.job(0)["due"] - 4 == 8
    wait(ledger, 3)
    assert done(ledger, Kind.ACCEPT, CLIENT, subject=0).height == ledger.job(0)["due"] == 12
    assert ended(ledger) == (Phase.CLOSED, Outcome.ACCEPTED)


def test_a_replaced_offer_binds_later_hires_only():
    ledger = hired()
    done(ledger, Kind.POST, PROVIDER, subject=0, amount=5, stake=10, count=3)
    assert (ledger.job(0)["price"], ledger.job(0)["stake"], ledger.job(0)["service"]) == (PRICE, STAKE, 1)
    assert call(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=0, amount=5).status == Status.INSUFFICIENT_STAKE
    done(ledger, Kind.BOND, PROVIDER, amount=10)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=0, amount=5)
    assert head(ledger).locked == PRICE + STAKE + 5 + 10


def test_capacity_counts_the_jobs_of_one_block():
    ledger = market(base_fee=0)
    done(ledger, Kind.BOND, PROVIDER, amount=100)
    done(ledger, Kind.POST, PROVIDER, amount=5, stake=10, count=2)
    for _ in range(2):
        for client in (CLIENT, OTHER, RIVAL):
            ledger.submit(Kind.HIRE, client, to=PROVIDER, amount=5)
        statuses = [receipt.status for receipt in ledger.seal()]
        assert statuses == [Status.OK, Status.OK, Status.NO_CAPACITY]


def test_a_new_offer_does_not_renew_the_capacity_of_its_block():
    ledger = market(base_fee=0)
    done(ledger, Kind.BOND, PROVIDER, amount=100)
    done(ledger, Kind.POST, PROVIDER, amount=5, stake=10, count=1)
    ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, amount=5, tip=3)
    ledger.submit(Kind.POST, PROVIDER, amount=5, stake=10, count=1, tip=2)
    ledger.submit(Kind.HIRE, OTHER, to=PROVIDER, amount=5, tip=1)
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK, Status.OK, Status.NO_CAPACITY]
    assert (ledger.balance(CLIENT), ledger.balance(OTHER)) == (RICH - 5 - 80 * 3, RICH - 80)


def test_receipts_of_hires_name_their_jobs_in_order():
    ledger = market(base_fee=0, jobs=4)
    done(ledger, Kind.BOND, PROVIDER, amount=100)
    done(ledger, Kind.POST, PROVIDER, amount=5, stake=10, count=9)
    for first in (0, 2, 4):
        for _ in range(2):
            ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, amount=5)
        assert [receipt.subject for receipt in ledger.seal()] == [first, first + 1]
        wait(ledger, 5)
    assert call(ledger, Kind.DELIVER, PROVIDER, subject=0).status == Status.NO_SUCH_JOB


def many_deals(**terms):
    """A market with 2,000 jobs hired and delivered with half effort, by 40 clients from 50 providers in one block each."""
    people = 90
    ledger = market(base_fee=0, jobs=2048, pool=4096, balances=[RICH] * people, spare=0, **terms)
    for provider in range(40, people):
        ledger.submit(Kind.BOND, provider, amount=400)
        ledger.submit(Kind.POST, provider, amount=5, stake=10, count=40)
    ledger.seal()
    for provider in range(40, people):
        for client in range(40):
            ledger.submit(Kind.HIRE, client, to=provider, amount=5)
    jobs = [receipt.subject for receipt in ledger.seal()]
    for job in jobs:
        ledger.submit(Kind.DELIVER, ledger.job(job)["provider"], subject=job, bps=5_000)
    ledger.seal()
    return ledger, jobs


def test_quality_is_as_frequent_as_effort_times_reliability():
    ledger, jobs = many_deals(reliability_bps=8_000)
    quality = [ledger.job(job)["quality_bps"] for job in jobs]
    assert set(quality) == {0, 10_000}
    assert stats.binomtest(quality.count(10_000), 2_000, 0.4).pvalue > FALSE_ALARM


def test_an_arbiter_upholds_as_often_as_it_sees():
    ledger, jobs = many_deals(reliability_bps=8_000, arbiter_bps=3_000)
    for job in jobs:
        ledger.submit(Kind.DISPUTE, ledger.job(job)["client"], subject=job)
    ledger.seal()
    outcomes = {0: [], 10_000: []}
    for job in map(ledger.job, jobs):
        outcomes[job["quality_bps"]].append(job["outcome"])
    assert set(outcomes[10_000]) == {Outcome.REJECTED}, "good work is never found bad"
    assert set(outcomes[0]) == {Outcome.REJECTED, Outcome.UPHELD}
    upheld = outcomes[0].count(Outcome.UPHELD)
    assert stats.binomtest(upheld, len(outcomes[0]), 0.3).pvalue > FALSE_ALARM, "whatever draw made the work bad"


def test_two_deals_of_the_same_two_in_one_block_have_qualities_of_their_own():
    ledger = market(base_fee=0, jobs=64, reliability_bps=5_000)
    done(ledger, Kind.BOND, PROVIDER, amount=400)
    done(ledger, Kind.POST, PROVIDER, amount=5, stake=10, count=40)
    for kind, sender in ((Kind.HIRE, CLIENT), (Kind.DELIVER, PROVIDER)):
        for job in range(40):
            ledger.submit(kind, sender, to=PROVIDER, amount=5, subject=job if kind == Kind.DELIVER else 0, bps=10_000)
        ledger.seal()
    assert {ledger.job(job)["quality_bps"] for job in range(40)} == {0, 10_000}


def test_everybody_who_ever_offered_is_listed_once_in_the_order_of_first_offers():
    ledger = market()
    for provider in (RIVAL, PROVIDER, RIVAL, OTHER, PROVIDER):
        done(ledger, Kind.POST, provider, amount=5, stake=10, count=1)
    assert call(ledger, Kind.POST, CLIENT, amount=5, stake=9, count=1).status == Status.STAKE_TOO_SMALL
    done(ledger, Kind.POST, OTHER, amount=5, stake=10, count=0)
    assert ledger.book.offers["listed"][: ledger.book.terms[0].listed].tolist() == [RIVAL, PROVIDER, OTHER]


STEPS = st.tuples(st.sampled_from((Kind.HIRE, Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE)), st.integers(0, 6), st.booleans())


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=40))
def test_deadlines_release_everything_whoever_stops_at_whatever_point(steps):
    ledger = market(base_fee=0, jobs=8, reliability_bps=5_000, arbiter_bps=5_000)
    done(ledger, Kind.BOND, PROVIDER, amount=500)
    done(ledger, Kind.POST, PROVIDER, amount=PRICE, stake=STAKE, count=2)
    for kind, job, then_seal in steps:
        sender = PROVIDER if kind == Kind.DELIVER else CLIENT
        ledger.submit(kind, sender, to=PROVIDER, amount=PRICE, subject=0 if kind == Kind.HIRE else job, bps=10_000)
        if then_seal:
            ledger.seal()
    silence_releases(ledger)


@pytest.mark.parametrize("kind", [Kind.TRANSFER, Kind.BOND, Kind.POST])
def test_a_receipt_that_is_about_no_job_names_none(kind):
    ledger = market()
    assert done(ledger, kind, CLIENT, to=OTHER, amount=1, stake=10, subject=1).subject is None


def test_fees_of_a_whole_deal_are_burned():
    ledger = market()
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)
    done(ledger, Kind.ACCEPT, CLIENT, subject=0, bps=10_000)
    paid, worked = (sum(map(fee_of, kinds)) for kinds in ((Kind.HIRE, Kind.ACCEPT), (Kind.BOND, Kind.POST, Kind.DELIVER)))
    assert gains(ledger) == (-PRICE - paid, PRICE - worked)
    assert head(ledger).burned == head(ledger).fees_burned == paid + worked
