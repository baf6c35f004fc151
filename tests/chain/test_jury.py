"""Juries: who is drawn, what they decide, and what a vote costs and earns."""

from fractions import Fraction
from itertools import product
from math import comb, prod

import numpy as np
import pytest
from scipy import stats

from chain.contracts.jury import Vote
from chain.contracts.service_market import Outcome, Phase
from chain.layout import Kind
from chain.status import Status
from tests.chain.markets import CLIENT, PRICE, PROVIDER, RICH, STAKE, call, done, head, parted, stake_of, wait
from tests.chain.swarm import blank_tally, economy, hand_in, propose, seal
from tests.chain.test_modes import by_name

FALSE_ALARM = 1e-6
FIRST_JUROR, BACKING, SEAT, LOSS = 3, 400, 40, 10
"""Jurors lie behind client and provider; each has stake for ten seats of 40, of which a quarter is at risk."""


def court(jurors, people, backing=BACKING, **given):
    """A market without fees in which a job's only milestone is before a jury, drawn among so many people with stake."""
    given = {"jurors": jurors, "milestones": 1, "reliability_bps": 0} | given
    ledger = parted(base_fee=0, balances=[0] + [RICH] * (FIRST_JUROR - 1 + people), pool=4_096, **given)
    for juror in range(people):
        ledger.submit(Kind.BOND, FIRST_JUROR + juror, amount=backing)
    for party in (CLIENT, PROVIDER):
        ledger.submit(Kind.BOND, party, amount=50_000)
    ledger.submit(Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=400)
    ledger.seal()
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=10_000)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0, bps=100)
    return ledger


def seats_of(ledger, number=0):
    """The jurors of a job's latest jury, seat by seat."""
    row = number % ledger.book.jobs.size
    first, count = row * (ledger.book.seats.size // ledger.book.jobs.size), int(ledger.book.deals[row].seats)
    return ledger.book.seats[first : first + count]


def vote(ledger, juror, what):
    done(ledger, Kind.VOTE, juror, subject=0, count=what)


def judged(ledger):
    """Wait for the verdict."""
    while ledger.job(0)["phase"] == Phase.DISPUTED:
        wait(ledger, 1)
    return Outcome(ledger.job(0)["outcome"])


def money(ledger, address):
    """Free money and stake of an account, since the beginning."""
    return ledger.balance(address) + stake_of(ledger, address)["bonded"] - RICH


def one_seat_each(people, **given):
    """A jury in which everybody has stake for one seat and sits in it."""
    ledger = court(people, people, backing=SEAT, **given)
    assert sorted(seats_of(ledger)["juror"].tolist()) == list(range(FIRST_JUROR, FIRST_JUROR + people))
    return ledger


def test_a_dispute_seats_the_jury_locks_its_stake_and_pays_nobody_yet():
    ledger = court(3, 4)
    assert ledger.job(0)["phase"] == Phase.DISPUTED
    assert ledger.job(0)["due"] == ledger.height + 4
    assert head(ledger).locked == PRICE + 4 * BACKING + 2 * 50_000
    for juror in range(FIRST_JUROR, FIRST_JUROR + 4):
        held = int((seats_of(ledger)["juror"] == juror).sum())
        assert stake_of(ledger, juror)["locked"] == SEAT * held
    for kind, sender in ((Kind.ACCEPT, CLIENT), (Kind.DISPUTE, CLIENT), (Kind.DELIVER, PROVIDER)):
        assert call(ledger, kind, sender, subject=0).status == Status.WRONG_PHASE


def test_stake_in_a_seat_can_not_be_taken_back_before_the_verdict():
    ledger = one_seat_each(1)
    assert call(ledger, Kind.UNBOND, FIRST_JUROR, amount=1).status == Status.INSUFFICIENT_STAKE
    vote(ledger, FIRST_JUROR, Vote.PAY)
    judged(ledger)
    done(ledger, Kind.UNBOND, FIRST_JUROR, amount=SEAT)


@pytest.mark.parametrize("votes", list(product(Vote, repeat=3)))
def test_the_majority_of_the_votes_given_decides_and_losers_pay_winners(votes):
    ledger = one_seat_each(3, juror_slash_bps=2_500)
    jurors = range(FIRST_JUROR, FIRST_JUROR + 3)
    for juror, what in zip(jurors, votes, strict=True):
        if what != Vote.NONE:
            vote(ledger, juror, what)
    pay, refund = votes.count(Vote.PAY), votes.count(Vote.REFUND)
    right = {Vote.PAY, Vote.REFUND} if pay == refund else {Vote.PAY} if pay > refund else {Vote.REFUND}
    burned = int(head(ledger).burned)
    assert judged(ledger) == (Outcome.UPHELD if refund > pay else Outcome.REJECTED)
    lost = LOSS * sum(what not in right for what in votes)
    winners = sum(what in right for what in votes) if len(right) == 1 else 0
    each = lost // winners if winners else 0
    for juror, what in zip(jurors, votes, strict=True):
        assert money(ledger, juror) == (-LOSS if what not in right else each if winners else 0)
        assert stake_of(ledger, juror)["locked"] == 0
    slashed = 50 - 20 if refund > pay else 0  # of the provider's stake, what the client does not get
    assert head(ledger).burned - burned == lost - each * winners + slashed
    assert ledger.balance(CLIENT) - RICH + 50_000 == (20 if refund > pay else -PRICE)


def test_who_has_several_seats_votes_with_all_of_them_once():
    ledger = court(5, 1)
    assert seats_of(ledger)["juror"].tolist() == [FIRST_JUROR] * 5
    vote(ledger, FIRST_JUROR, Vote.REFUND)
    assert seats_of(ledger)["vote"].tolist() == [Vote.REFUND] * 5
    assert call(ledger, Kind.VOTE, FIRST_JUROR, subject=0, count=Vote.PAY).status == Status.ALREADY_VOTED
    assert judged(ledger) == Outcome.UPHELD


def test_the_last_block_of_the_window_still_counts_and_the_next_one_does_not():
    ledger = one_seat_each(1, vote_window=2)
    wait(ledger, 1)
    vote(ledger, FIRST_JUROR, Vote.REFUND)
    assert Outcome(ledger.job(0)["outcome"]) == Outcome.UPHELD
    late = one_seat_each(1, vote_window=2)
    wait(late, 2)
    assert call(late, Kind.VOTE, FIRST_JUROR, subject=0, count=Vote.REFUND).status == Status.NO_SUCH_JOB
    assert Outcome(late.job(0)["outcome"]) == Outcome.REJECTED, "a silent jury leaves the money with the provider"


def test_a_verdict_before_the_last_milestone_lets_the_work_go_on_and_a_later_dispute_has_a_jury_of_its_own():
    ledger = court(3, 5, milestones=2, reliability_bps=10_000)
    first = seats_of(ledger).copy()
    for juror in set(first["juror"].tolist()):
        vote(ledger, juror, Vote.PAY)
    while ledger.job(0)["phase"] == Phase.DISPUTED:
        wait(ledger, 1)
    assert (ledger.job(0)["phase"], ledger.job(0)["outcome"]) == (Phase.FUNDED, Outcome.OPEN)
    assert int(ledger.view("deals")[0].earned) == PRICE // 2
    done(ledger, Kind.DELIVER, PROVIDER, subject=0)
    done(ledger, Kind.DISPUTE, CLIENT, subject=0, bps=9_999)
    assert seats_of(ledger)["ticket"].tolist() != first["ticket"].tolist()
    assert judged(ledger) == Outcome.REJECTED
    assert int(ledger.book.reputation[PROVIDER].ratings) == 1, "the dispute that ended the job left its rating"


@pytest.mark.parametrize(("people", "backing", "seats"), [(0, 0, 0), (2, SEAT - 1, 0), (1, 2 * SEAT, 2), (4, SEAT, 4)])
def test_where_there_is_less_stake_than_for_all_seats_there_are_fewer(people, backing, seats):
    ledger = court(5, people, backing=max(backing, 1))
    assert len(seats_of(ledger)) == seats
    if not seats:
        assert judged(ledger) == Outcome.REJECTED


def test_parties_do_not_sit_whatever_their_stake():
    ledger = court(31, 1)
    assert set(seats_of(ledger)["juror"].tolist()) == {FIRST_JUROR}
    assert len(seats_of(ledger)) == BACKING // SEAT


def many_juries(backings, jurors, disputes, **given):
    """Disputes of one block each with a jury drawn from the same stakes: shape (disputes, jurors), the index of each juror."""
    people = len(backings)
    ledger = parted(
        base_fee=0, milestones=1, jurors=jurors, jobs=4, pool=64, record=False, vote_window=1,
        balances=[0] + [10**9] * (2 + people), **given,
    )  # fmt: skip
    for k, backing in enumerate(backings):
        ledger.submit(Kind.BOND, FIRST_JUROR + k, amount=backing)
    ledger.submit(Kind.BOND, PROVIDER, amount=10**6)
    ledger.submit(Kind.POST, PROVIDER, amount=1, stake=10, count=1)
    ledger.seal()
    out = np.empty((disputes, jurors), int)
    for dispute in range(disputes):
        ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, amount=1, tip=2)
        ledger.submit(Kind.DELIVER, PROVIDER, subject=dispute, bps=10_000, tip=1)
        ledger.submit(Kind.DISPUTE, CLIENT, subject=dispute)
        assert [receipt.status for receipt in ledger.seal()] == [Status.OK] * 3
        out[dispute] = seats_of(ledger, dispute)["juror"] - FIRST_JUROR
        for _ in range(3):
            ledger.seal()
    return out


def test_a_seat_goes_to_everybody_in_proportion_to_free_stake():
    drawn = many_juries([SEAT, 3 * SEAT, 6 * SEAT + SEAT - 1], 1, 1_500, juror_slash_bps=0)
    counts = np.bincount(drawn[:, 0], minlength=3)
    assert stats.chisquare(counts, 1_500 * np.array([0.1, 0.3, 0.6])).pvalue > FALSE_ALARM


def test_several_seats_are_tickets_drawn_without_putting_any_back():
    drawn = many_juries([2 * SEAT, 4 * SEAT], 3, 1_500, juror_slash_bps=0)
    seats = (drawn == 0).sum(axis=1)
    expected = np.array([comb(2, k) * comb(4, 3 - k) / comb(6, 3) for k in range(3)])
    assert stats.chisquare(np.bincount(seats, minlength=3), 1_500 * expected).pvalue > FALSE_ALARM, "hypergeometric"


@pytest.mark.parametrize("seed", range(2))
def test_permuting_the_rows_of_accounts_changes_no_jury_and_no_outcome(seed):
    rng = np.random.default_rng(seed)
    plain, rows = economy(1, seed=seed, parted=True), rng.permutation(18)
    permuted, in_table = economy(1, rows=rows, seed=seed, parted=True), np.arange(18)
    names = np.argsort(rows)
    for _ in range(30):
        requests = propose(plain, rng, 70)
        moved = requests.copy()
        for column in ("sender", "to"):
            named = np.isin(requests[column], in_table)
            moved[column] = np.where(named, rows[np.where(named, requests[column], 0)], requests[column])
        for book, given in ((plain, requests), (permuted, moved)):
            hand_in(book, 0, given[0], blank_tally())
            seal(book, blank_tally())
        assert by_name(plain, in_table) == by_name(permuted, rows)
        assert plain.deals[0].tolist() == permuted.deals[0].tolist()
        used = plain.seats[0]["ticket"] + plain.seats[0]["stake"] > 0
        assert np.array_equal(plain.seats[0]["juror"][used], names[permuted.seats[0]["juror"][used]])
    assert (plain.seats["vote"] != Vote.NONE).sum() > 10


@pytest.mark.parametrize(("jurors", "accuracy"), [(1, 0.7), (5, 0.7), (9, 0.6)])
def test_independent_jurors_are_right_together_as_often_as_condorcet_says(jurors, accuracy):
    """Each juror sees the truth with this probability, and votes as it saw: the binomial sum. Source: Condorcet, 1785."""
    ledger, rng, cases = (
        one_seat_each(jurors, jobs=4, vote_window=2, record=False, juror_slash_bps=0),
        np.random.default_rng(3),
        600,
    )
    right = 0
    for number in range(cases):
        if number:
            done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
            done(ledger, Kind.DELIVER, PROVIDER, subject=number)
            done(ledger, Kind.DISPUTE, CLIENT, subject=number)
        for juror in range(FIRST_JUROR, FIRST_JUROR + jurors):
            what = Vote.REFUND if rng.random() < accuracy else Vote.PAY  # all of the work is bad
            ledger.submit(Kind.VOTE, juror, subject=number, count=what)
        ledger.seal()
        ledger.seal()
        right += ledger.job(number)["outcome"] == Outcome.UPHELD
        for address in (CLIENT, PROVIDER):
            ledger.submit(Kind.BOND, address, amount=STAKE)
        ledger.seal()
    k = np.arange(jurors // 2 + 1, jurors + 1)
    expected = float(sum(comb(jurors, n) * accuracy**n * (1 - accuracy) ** (jurors - n) for n in k.tolist()))
    assert stats.binomtest(right, cases, expected).pvalue > FALSE_ALARM
    assert abs(right / cases - expected) < 3 * np.sqrt(expected * (1 - expected) / cases)


def match_and_miss(accuracy):
    """What a juror gains on average, exactly, by each vote, where the work is bad and each of four others votes as it saw."""
    gain = dict.fromkeys(Vote, Fraction(0))
    for mine, others in product(Vote, product((True, False), repeat=4)):
        ledger = one_seat_each(5, juror_slash_bps=2_500, record=False)
        for juror, seen in enumerate(others, FIRST_JUROR + 1):
            ledger.submit(Kind.VOTE, juror, subject=0, count=Vote.REFUND if seen else Vote.PAY)
        if mine != Vote.NONE:
            ledger.submit(Kind.VOTE, FIRST_JUROR, subject=0, count=mine)
        ledger.seal()
        judged(ledger)
        gain[mine] += prod(accuracy if seen else 1 - accuracy for seen in others) * money(ledger, FIRST_JUROR)
    return gain[Vote.REFUND], gain[Vote.PAY], gain[Vote.NONE]


def test_where_the_others_are_honest_an_honest_vote_is_a_best_response():
    """Bad and good work are equally likely. What it means to be with the truth or against it is the same for both, so a juror who
    saw bad work weighs the two by how likely that is now."""
    accuracy = Fraction(4, 5)
    match, miss, silent = match_and_miss(accuracy)
    honest, contrary = accuracy * match + (1 - accuracy) * miss, accuracy * miss + (1 - accuracy) * match
    assert (silent, honest > contrary, honest > silent) == (-LOSS, True, True)
    assert match > 0 > miss
