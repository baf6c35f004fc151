"""The service market with milestones and juries: off it is what it was, on its numbers are those of the closed forms."""

from itertools import product

import numpy as np
import pytest

from chain.contracts.jury import Vote
from chain.contracts.service_market import Outcome, Phase
from chain.errors import InputError
from chain.replay import audit
from chain.rule import world as world_of
from sim.attack.attackers import attackers_of
from sim.experiments.run import plan
from sim.experiments.store import keep
from sim.metrics.efficiency import realised
from sim.scenarios.service_market.roles import Answer
from sim.scenarios.service_market.tables import surplus_rows
from tests.chain.markets import python
from tests.sim.worlds import ANYTHING, MARKET, play

COIN = 1_000_000
WORLDS = 60
SURE = 4.0
"""Standard errors: a right law fails by chance with a probability of 6e-5."""
ON = {"milestones": 3, "jurors": 3}
QUIET = {
    "clients": 10, "providers": 1, "services": 1, "horizon": 30, "need_bps": 1_500, "cost_low": 0, "cost_high": 0,
    "skill_low_bps": 10_000, "capacity_low": 10, "capacity_high": 10, "provider_balance": 10**5 * COIN,
    "reliability_bps": 10_000, "slash_bps": 10_000, "dispute_window": 20, "base_fee": 0, "fee_quotient": 0, "gas_limit": 2**30,
}  # fmt: skip
"""So few needs, and so much time to answer, that every delivery of a milestone is answered."""
AGAIN = """
from chain.digest import digest
from chain.rule import MODE
from tests.sim.test_milestones import ON
from tests.sim.worlds import ANYTHING, play
played, _ = play(ANYTHING, seeds=[3, 4], arbiter_bps=7_000, **ON)
print(MODE, digest(played.economy.book))
"""


def hire_first(view, memory, dice):
    """Hires whatever is shown, accepts what is good and disputes what is not."""
    return {"hire": 0}


def disputing(view, memory, dice):
    """Hires whatever is shown, and disputes every delivery."""
    return {"hire": 0, "answer": Answer.DISPUTE}


def asking(price, effort_bps):
    """A provider of one price and one effort."""
    return lambda view, memory, dice: {"price": price * COIN, "effort_bps": effort_bps}


def shirker():
    from agents.attacks.registry import ATTACKS

    return ATTACKS["shirker"]


@pytest.mark.parametrize("attacked", [False, True], ids=["peace", "shirkers"])
def test_one_milestone_without_jurors_is_the_market_without_milestones(attacked):
    outcomes = []
    for given in ({}, {"milestones": 1}):
        settings = MARKET.settings("minimal", given)
        attackers = attackers_of(MARKET, settings, shirker(), 0.34) if attacked else None
        outcomes.append(play(seeds=range(4), attackers=attackers, **given)[1])
    for name in ("ticks", "fees", "trades", "clients", "providers", "wealth"):
        np.testing.assert_array_equal(getattr(outcomes[0], name), getattr(outcomes[1], name))
    assert not attacked or outcomes[0].ticks["scammed"].any()


@pytest.mark.parametrize("milestones", [2, 5])
def test_a_job_done_with_full_effort_is_worth_and_costs_in_parts_what_it_does_as_a_whole(milestones):
    """Every job is finished, so surplus is that of whole jobs, up to one unit of rounding for every part."""
    policies = {"client": hire_first, "provider": asking(30, 10_000)}
    whole, parts = (
        play(policies, seeds=range(5), effort_cost=12 * COIN, **QUIET, **m)[1] for m in ({}, {"milestones": milestones})
    )
    assert np.array_equal(whole.ticks["hires"], parts.ticks["hires"])
    assert np.array_equal(parts.ticks["delivered"], milestones * whole.ticks["delivered"])
    lost = realised(whole) - realised(parts)
    assert ((lost >= 0) & (lost <= milestones * whole.ticks["hires"])).all()
    assert np.array_equal(whole.ticks["cost"], parts.ticks["cost"])
    assert np.array_equal(whole.providers["price"], parts.providers["price"])


@pytest.mark.parametrize(("milestones", "found_bps", "pay_caught"), [(1, 5_000, 0), (3, 4_000, 0), (4, 2_000, 1)])
def test_a_shirker_is_paid_until_it_is_found_and_then_loses_its_stake(milestones, found_bps, pay_caught):
    """Of m parts of price G / m the k-th is paid with probability (1 - p)^k, or (1 - p)^(k - 1) where the caught are paid; the
    stake S is lost with probability 1 - (1 - p)^m."""
    price, stake, p = 40, 25, found_bps / 10_000
    terms = QUIET | {"arbiter_bps": found_bps, "pay_caught": pay_caught, "min_stake": stake * COIN, "effort_cost": 0}
    policies = {"client": disputing, "provider": asking(price, 0)}
    played, outcome = play(policies, seeds=range(WORLDS), milestones=milestones, **terms)
    jobs = outcome.ticks["hires"].sum(axis=1)
    assert np.array_equal(outcome.ticks["settled"].sum(axis=1), jobs)
    profit = played.economy.gains()["provider"] / jobs / COIN
    passed = (1 - p) ** (np.arange(milestones) + (0 if pay_caught else 1))
    expected = price / milestones * passed.sum() - stake * (1 - (1 - p) ** milestones)
    book = played.economy.book
    earned = book.deals["earned"][book.jobs["phase"] == Phase.CLOSED] / COIN
    assert earned.size == jobs.sum(), "all jobs of an episode stay in the table"
    error = (earned - stake * (book.jobs["outcome"][book.jobs["phase"] == Phase.CLOSED] == Outcome.UPHELD)).std(ddof=1)
    mean = float((profit * jobs).sum() / jobs.sum())
    assert abs(mean - expected) < SURE * error / np.sqrt(jobs.sum())
    assert error / np.sqrt(jobs.sum()) < 2, "sharp enough"


def chance_of_refund(seats, accuracy):
    """Probability that a jury says bad work is bad, whose jurors see that independently, each with all its seats."""
    weights, out = np.unique(seats, return_counts=True)[1], 0.0
    for sees in product((0, 1), repeat=weights.size):
        refund = int(weights @ np.array(sees))
        chance = np.prod([accuracy if one else 1 - accuracy for one in sees])
        out += float(chance) * (refund > weights.sum() - refund)
    return out


@pytest.mark.parametrize(("jurors", "accuracy_bps"), [(1, 8_000), (5, 7_000)])
def test_juries_of_providers_find_bad_work_as_often_as_their_sight_says(jurors, accuracy_bps):
    """All work is bad, and one milestone long; who has several seats has one opinion."""
    given = {"providers": 12, "milestones": 1, "jurors": jurors, "arbiter_bps": accuracy_bps, "vote_window": 3}
    given |= {"juror_slash_bps": 0, "slash_bps": 0}
    policies = {"client": disputing, "provider": asking(20, 0)}
    played, outcome = play(policies, seeds=range(WORLDS // 2), **(QUIET | given))
    book, expected, variance, upheld, count = played.economy.book, 0.0, 0.0, 0, 0
    for w in range(WORLDS // 2):
        view = world_of(book, w)
        for row in np.flatnonzero(view.jobs["phase"] == Phase.CLOSED):
            assert view.deals[row].seats == jurors
            p = chance_of_refund(view.seats["juror"][row * jurors : (row + 1) * jurors], accuracy_bps / 10_000)
            expected, variance, count = expected + p, variance + p * (1 - p), count + 1
            upheld += view.jobs[row].outcome == Outcome.UPHELD
    assert count == outcome.ticks["disputes"].sum() > 500
    assert abs(upheld - expected) < SURE * np.sqrt(variance)


@pytest.mark.parametrize(("habit", "outcome"), [(1, Outcome.REJECTED), (2, Outcome.UPHELD), (3, Outcome.REJECTED)])
def test_jurors_of_one_habit_decide_alike_whatever_the_work(habit, outcome):
    given = {"providers": 6, "milestones": 1, "jurors": 3, "jury_votes": habit, "vote_window": 3}
    policies = {"client": disputing, "provider": asking(20, 5_000)}
    book = play(policies, seeds=range(3), **(QUIET | given))[0].economy.book
    closed = book.jobs["phase"] == Phase.CLOSED
    assert closed.sum() > 30
    assert (book.jobs["outcome"][closed] == outcome).all()
    assert {0, 10_000} == set(book.jobs["quality_bps"][closed].tolist())
    votes = book.seats["vote"][book.seats["stake"] > 0]
    assert (votes == {1: Vote.PAY, 2: Vote.REFUND, 3: Vote.NONE}[habit]).all()


@pytest.mark.parametrize("given", [{"milestones": 4}, ON, ON | {"jury_votes": 3, "pay_caught": 1}])
def test_the_optimum_is_shared_out_to_the_last_unit_whatever_agents_do(given):
    played, outcome = play(ANYTHING, seeds=range(6), arbiter_bps=7_000, **given)
    rows = surplus_rows(outcome)
    parts = sum(rows[name] for name in ("clients", "providers", "fees", "burned", "unrealised"))
    assert np.array_equal(rows["optimal"], parts)
    book = played.economy.book
    lost = book.head["burned"][:, 0] - book.head["fees_burned"][:, 0]
    assert np.array_equal(rows["burned"], lost), "what nobody got was slashed, or paid for identities"
    assert (realised(outcome).sum(axis=1) <= rows["optimal"]).all()
    assert (book.terms["closed"] == book.terms["opened"]).all(), "at the end of an episode every job is closed"
    assert not book.stakes["locked"].any()
    assert (book.jobs["phase"] == Phase.CLOSED).sum() > 20


def test_what_attackers_are_paid_is_counted_part_by_part():
    given = ON | {"arbiter_bps": 4_000}
    attackers = attackers_of(MARKET, MARKET.settings("minimal", given), shirker(), 1.0)
    played, outcome = play({"client": hire_first}, seeds=range(6), attackers=attackers, **given)
    earned = played.economy.book.deals["earned"].sum(axis=1)
    for name in ("honest_paid", "attackers_earned", "scammed"):
        assert np.array_equal(outcome.ticks[name].sum(axis=1), earned), f"{name}: all work is an attacker's, and bad"
    assert (earned > 0).all()


def test_neither_rows_nor_threads_change_an_outcome():
    plain = play(ANYTHING, seeds=range(4), **ON)[1]
    rows = np.random.default_rng(1).permutation(6 + 3 + 1 + 2)
    for given in ({"rows": rows}, {"threads": 2}):
        other = play(ANYTHING, seeds=range(4), **ON, **given)[1]
        for name in ("ticks", "clients", "providers", "wealth"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))
    assert plain.ticks["disputes"].any()


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = (python(AGAIN, NUMBA_DISABLE_JIT=flag).split() for flag in ("1", "0"))
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1]


def test_recorded_runs_with_milestones_are_executed_again_to_the_same_head(tmp_path):
    folder = keep(plan("service_market", None, 2, "minimal", **ON), tmp_path / "run", ledgers=True)
    for file in (folder / "ledgers").iterdir():
        again = audit(file)
        assert again.deployment.__name__ == "chain.deployments.service_escrow"
        assert again.transactions > 50


def test_juries_without_milestones_are_refused_by_name():
    with pytest.raises(InputError, match="jurors: 3 given, allowed is 0 where milestones is 0"):
        MARKET.settings("minimal", {"jurors": 3})
    with pytest.raises(InputError, match="milestones: 65 given"):
        MARKET.settings("minimal", {"milestones": 65})
