"""The escrow with milestones: what each step pays, to whom, and how a job can end before its last milestone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from chain.contracts.reputation import mean_bps
from chain.contracts.service_market import Outcome, Phase
from chain.deployments import service_escrow, service_market
from chain.deployments.service_escrow import blank
from chain.errors import InputError
from chain.layout import NOBODY, Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.escrow_machine import Parted, longest
from tests.chain.exchange_machine import play
from tests.chain.machine import silence_releases
from tests.chain.markets import (
    CLIENT,
    PRICE,
    PROVIDER,
    RICH,
    STAKE,
    call,
    done,
    head,
    parted,
    python,
    same,
    stake_of,
    wait,
)
from tests.chain.swarm import JOBS, blank_tally, economy, hand_in, propose, seal

FALSE_ALARM = 1e-6
GOOD, BAD = {"reliability_bps": 10_000}, {"reliability_bps": 0}
FIRST, LAST = 333, 334
"""What the milestones of a job of 1,000 in three parts cost."""
RUN = "from tests.chain.test_service_escrow import busy; from chain.digest import digest; from chain.rule import MODE; "
RUN += "print(MODE, digest(busy()))"


def hired(**given):
    """A market without fees in which the client has hired the provider for three milestones: job 0."""
    ledger = parted(base_fee=0, **({"jurors": 0} | given))
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    return ledger


def delivered(ledger, effort=10_000):
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=effort)
    return ledger


def accepted(ledger, parts):
    """The same after so many milestones were delivered and accepted."""
    for _ in range(parts):
        done(delivered(ledger), Kind.ACCEPT, CLIENT, subject=0, bps=9_000)
    return ledger


def gains(ledger):
    """Money won by client and provider since the beginning, stake counted as the provider's."""
    stake = stake_of(ledger, PROVIDER)
    return ledger.balance(CLIENT) - RICH, ledger.balance(PROVIDER) + stake["bonded"] + stake["unbonding"] - RICH


def ended(ledger):
    job = ledger.job(0)
    return Phase(job["phase"]), Outcome(job["outcome"])


def deal(ledger):
    row = ledger.view("deals")[0]
    return int(row.part), int(row.earned)


def ratings(ledger):
    return mean_bps(ledger.book.reputation, PROVIDER), int(ledger.book.reputation[PROVIDER].ratings)


def test_a_hire_locks_the_whole_price_and_the_stake_once():
    ledger = hired()
    assert head(ledger).locked == PRICE + STAKE
    assert (deal(ledger), ended(ledger)) == ((0, 0), (Phase.FUNDED, Outcome.OPEN))


def test_every_accepted_milestone_pays_its_part_and_the_last_one_what_does_not_divide():
    ledger = hired()
    for parts, earned in ((1, FIRST), (2, 2 * FIRST)):
        accepted(ledger, 1)
        assert (gains(ledger), deal(ledger)) == ((-PRICE, earned), (parts, earned))
        assert (ended(ledger), ratings(ledger)) == ((Phase.FUNDED, Outcome.OPEN), (0, 0))
        assert ledger.job(0)["due"] == ledger.height + 5, "the delivery window begins anew"
    accepted(ledger, 1)
    assert (gains(ledger), ended(ledger)) == ((-PRICE, PRICE), (Phase.PAID, Outcome.ACCEPTED))
    assert (ratings(ledger), ledger.job(0)["paid"]) == ((9_000, 1), ledger.height)
    assert stake_of(ledger, PROVIDER)["locked"] == STAKE, "until the dispute window has ended"
    wait(ledger, 3)
    assert (ended(ledger), stake_of(ledger, PROVIDER)["locked"]) == ((Phase.CLOSED, Outcome.ACCEPTED), 0)


def test_what_is_not_delivered_in_time_refunds_what_is_unpaid_and_slashes_as_for_the_whole_job():
    ledger = accepted(hired(), 1)
    wait(ledger, 4)
    assert gains(ledger) == (-PRICE, FIRST)
    wait(ledger, 1)
    assert gains(ledger) == (10 - FIRST, FIRST - 25), "25 of 101 slashed, 40 % of it to the client"
    assert ended(ledger) == (Phase.CLOSED, Outcome.NO_SHOW)
    assert (head(ledger).locked, head(ledger).burned, ratings(ledger)) == (76, 15, (0, 0))


def test_silence_pays_a_milestone_and_the_next_one_begins_and_silence_at_the_last_one_ends_the_job():
    ledger = delivered(hired(**BAD))
    wait(ledger, 4)
    assert (gains(ledger), ended(ledger)) == ((-PRICE, FIRST), (Phase.FUNDED, Outcome.OPEN))
    for _ in range(2):
        wait(delivered(ledger), 4)
    assert (gains(ledger), ended(ledger)) == ((-PRICE, PRICE), (Phase.CLOSED, Outcome.SILENT))
    assert (head(ledger).locked, ratings(ledger)) == (STAKE, (0, 0))


def test_an_upheld_dispute_refunds_what_is_unpaid_and_ends_the_job():
    ledger = accepted(hired(**GOOD), 1)
    delivered(ledger, effort=0)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0, bps=100)
    assert gains(ledger) == (20 - FIRST, FIRST - 50), "50 of 101 slashed, 40 % of it to the client"
    assert (ended(ledger), ratings(ledger)) == ((Phase.CLOSED, Outcome.UPHELD), (100, 1))
    assert (head(ledger).locked, head(ledger).burned) == (51, 30)
    assert call(ledger, Kind.DELIVER, PROVIDER, subject=0).status == Status.NO_SUCH_JOB


def test_where_the_caught_are_paid_they_get_the_part_in_question_and_the_client_the_rest():
    ledger = accepted(hired(pay_caught=1), 1)
    done(delivered(ledger, effort=0), Kind.DISPUTE, CLIENT, subject=0)
    assert gains(ledger) == (20 - 2 * FIRST, 2 * FIRST - 50)
    assert (deal(ledger), ended(ledger)) == ((1, 2 * FIRST), (Phase.CLOSED, Outcome.UPHELD))


def test_a_rejected_dispute_pays_the_part_leaves_no_rating_before_the_last_one_and_the_work_goes_on():
    ledger = hired(**GOOD)
    for parts in (1, 2):
        done(delivered(ledger), Kind.DISPUTE, CLIENT, subject=0, bps=100)
        assert (gains(ledger), ratings(ledger)) == ((-PRICE, parts * FIRST), (0, 0))
    done(delivered(ledger), Kind.DISPUTE, CLIENT, subject=0, bps=100)
    assert (gains(ledger), ratings(ledger)) == ((-PRICE, PRICE), (100, 1))
    assert ended(ledger) == (Phase.PAID, Outcome.REJECTED)


def test_every_milestone_has_an_effort_and_a_quality_of_its_own():
    ledger = hired(reliability_bps=10_000)
    for effort, quality in ((10_000, 10_000), (0, 0), (10_000, 10_000)):
        job = delivered(ledger, effort).job(0)
        assert (job["effort_bps"], job["quality_bps"]) == (effort, quality)
        done(ledger, Kind.ACCEPT, CLIENT, subject=0)


@pytest.mark.parametrize(("price", "parts"), [(1, 3), (0, 2), (5, 5), (2**40, 64), (64 * 7 + 63, 64)])
def test_the_parts_of_any_price_add_up_to_it(price, parts):
    ledger = parted(base_fee=0, jurors=0, milestones=parts, balances=(0, 2**41, RICH, RICH, RICH))
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=price, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=price)
    accepted(ledger, parts)
    assert (ledger.balance(PROVIDER), head(ledger).locked) == (RICH - STAKE + price, STAKE)
    assert ended(ledger) == (Phase.PAID, Outcome.ACCEPTED)


def qualities(milestones, half, jobs=400):
    """Whether each milestone of many jobs, done with half an effort, turned out good; shape (jobs, milestones)."""
    ledger = parted(
        base_fee=0, jurors=0, milestones=milestones, jobs=1_024, pool=2_048, record=False, balances=[RICH] * (jobs // 10 + 1)
    )
    done(ledger, Kind.BOND, 0, amount=10 * jobs)
    done(ledger, Kind.POST, 0, amount=5, stake=10, count=jobs)
    for client in range(1, jobs // 10 + 1):
        for _ in range(10):
            ledger.submit(Kind.HIRE, client, to=0, amount=5)
    numbers = [receipt.subject for receipt in ledger.seal()]
    out = np.empty((jobs, milestones), bool)
    for part in range(milestones):
        for number in numbers:
            ledger.submit(Kind.DELIVER, 0, subject=number, bps=half)
        ledger.seal()
        out[:, part] = [ledger.job(number)["quality_bps"] > 0 for number in numbers]
        for number in numbers:
            ledger.submit(Kind.ACCEPT, ledger.job(number)["client"], subject=number)
        ledger.seal()
    return out


def test_milestones_turn_out_good_as_often_as_effort_says_and_independently():
    good = qualities(4, 5_000)
    assert stats.binomtest(int(good.sum()), good.size, 0.5).pvalue > FALSE_ALARM
    together = np.bincount(good @ np.array([1, 2, 4, 8]), minlength=16)
    assert stats.chisquare(together).pvalue > FALSE_ALARM, "all sixteen patterns are equally frequent"


def test_with_one_milestone_and_no_jurors_every_block_is_that_of_the_first_escrow():
    first, other = economy(6), economy(6, parted=True)
    other.escrow["milestones"], other.escrow["jurors"] = np.array([[0], [1]] * 3), 0
    rng = np.random.default_rng(5)
    for _ in range(30):
        requests = propose(first, rng, 60)
        for book in (first, other):
            for w in range(6):
                hand_in(book, w, requests[w], blank_tally())
            seal(book, blank_tally())
        for name, array in first._asdict().items():
            assert not array.size or same(array, getattr(other, name)), name
    assert (first.terms["opened"] > JOBS // 2).all()


def busy():
    """A book after many blocks with milestones, disputes and votes."""
    book, rng, tally = economy(6, seed=9, parted=True), np.random.default_rng(9), blank_tally()
    for _ in range(20):
        requests = propose(book, rng, 60)
        for w in range(6):
            hand_in(book, w, requests[w], tally)
        seal(book, tally)
    assert (book.jobs["phase"] == Phase.DISPUTED).any()
    assert tally[Kind.VOTE, Status.OK] > 10
    return book


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = (python(RUN, NUMBA_DISABLE_JIT=flag).split() for flag in ("1", "0"))
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes():
    checked = python(RUN, NUMBA_BOUNDSCHECK="1").split()
    assert (checked[0], checked[1]) == ("checked", python(RUN).split()[1])


def test_jobs_that_hypothesis_plays_keep_the_books_and_end():
    play(Parted, games=60, steps=40)


@pytest.mark.slow
def test_jobs_that_hypothesis_plays_at_length_keep_the_books_and_end():
    play(Parted, games=400, steps=60)


STEPS = st.tuples(
    st.sampled_from((Kind.HIRE, Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE, Kind.VOTE)), st.integers(0, 4), st.booleans()
)


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=30), st.sampled_from((0, 3)))
def test_deadlines_release_everything_whoever_stops_at_whatever_point(steps, jurors):
    ledger = parted(base_fee=0, jobs=8, jurors=jurors, reliability_bps=5_000, arbiter_bps=5_000, record=False)
    for address in (PROVIDER, 3, 4):
        done(ledger, Kind.BOND, address, amount=500)
    done(ledger, Kind.POST, PROVIDER, amount=PRICE, stake=STAKE, count=2)
    for kind, job, then_seal in steps:
        sender = {Kind.DELIVER: PROVIDER, Kind.VOTE: 3 + job % 2}.get(kind, CLIENT)
        ledger.submit(kind, sender, to=PROVIDER, amount=PRICE, subject=0 if kind == Kind.HIRE else job, bps=10_000, count=1)
        if then_seal:
            ledger.seal()
    silence_releases(ledger, longest(ledger))


def test_windows_of_no_blocks_settle_within_the_block():
    ledger = parted(base_fee=0, delivery_window=0, dispute_window=0, vote_window=0)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    assert (ended(ledger), gains(ledger)) == ((Phase.CLOSED, Outcome.NO_SHOW), (10, -25))


def test_its_terms_are_asked_for_by_name_and_those_of_the_other_deployment_are_not_there():
    ledger = Ledger(balances=[1], deployment=service_escrow, terms={"milestones": 64, "jurors": 31, "services": 3})
    assert (ledger.view("escrow")[0].milestones, ledger.view("escrow")[0].jurors, ledger.view("terms")[0].services) == (64, 31, 3)
    with pytest.raises(InputError, match="milestones: 65 given, allowed is 0 to 64"):
        Ledger(balances=[1], deployment=service_escrow, terms={"milestones": 65})
    with pytest.raises(InputError, match="terms: 'milestones' given, allowed are services"):
        Ledger(balances=[1], deployment=service_market, terms={"milestones": 2})


def test_a_service_market_without_it_has_no_tables_for_it_and_no_votes():
    ledger = Ledger(balances=[100, 0])
    assert (ledger.book.escrow.size, ledger.book.deals.size, ledger.book.seats.size) == (0, 0, 0)
    assert call(ledger, Kind.VOTE, 0, subject=0, count=1).status == Status.NO_SUCH_JOB
    assert blank(2, 3, 4, 5, 0).seats.shape == (2, 1)


def test_a_job_that_is_forgotten_leaves_its_row_to_one_that_begins_at_its_first_milestone():
    ledger = parted(base_fee=0, jobs=1, jurors=0, milestones=2)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    for number in range(3):
        receipt = done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
        assert (receipt.subject, ledger.view("deals")[number % 2].tolist()) == (number, (0, 0, 0, 0))
        for _ in range(2):
            done(ledger, Kind.DELIVER, PROVIDER, subject=number)
            done(ledger, Kind.ACCEPT, CLIENT, subject=number)
        assert ledger.view("deals")[number % 2].tolist() == (2, PRICE, 0, 0)
        wait(ledger, 4)
        assert ledger.job(number)["delivered"] != NOBODY
