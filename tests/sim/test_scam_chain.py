"""What scammers take where nobody rates and everybody learns: a pure death chain; and what that is worth to them, job by job.

A client picks one of g good and b bad providers at equal odds, and never returns to one that scammed it. With j bad ones left to
it, its next pick is a scam with probability j / (g + j), and then one bad provider less is left.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from agents.attacks.attack import Capability
from agents.policy import decide, memory_of
from agents.scripted.once_bitten import OnceBitten
from agents.scripted.random_choice import RandomChoice
from chain.contracts.service_market import Outcome
from chain.layout import Kind
from chain.status import Status
from sim.attack.attackers import Attackers
from sim.metrics.attack import attacker_outlay, honest_volume, loss_to_scam, profit_from_scam, scammed
from tests.sim.worlds import play, world

PRICE = 30_000_000
WORLDS, CLIENTS, RUNS = 200, 20, 40
ONE_PRICE = {
    "clients": CLIENTS,
    "services": 1,
    "need_bps": 10_000,
    "value_low": PRICE,
    "capacity_low": CLIENTS,
    "capacity_high": CLIENTS,
    "provider_balance": 10**11,
    "reliability_bps": 10_000,
    "arbiter_bps": 0,
    "gas_limit": 2**30,
}
MARKETS = [(3, 2, 4), (1, 5, 8), (8, 8, 12), (12, 4, 25)]
"""Good and bad providers, and picks of each client."""
many_markets = pytest.mark.parametrize(("good", "bad", "picks"), MARKETS)


def chain(good, bad, picks):
    """Chance of each number of scams after so many picks, by the recursion of the pure death chain."""
    left = np.arange(bad, -1, -1)
    rate = left / np.maximum(good + left, 1)
    chances = np.zeros(bad + 1)
    chances[0] = 1.0
    for _ in range(picks):
        scam = chances * rate
        chances -= scam
        chances[1:] += scam[:-1]
    return chances


def test_the_chain_is_the_one_that_is_meant():
    assert chain(1, 1, 1).tolist() == [0.5, 0.5]
    assert chain(1, 1, 3).tolist() == [1 / 8, 7 / 8]
    assert chain(2, 2, 2) == pytest.approx([1 / 4, 1 / 4 + 1 / 3, 1 / 6])
    assert chain(0, 3, 2).tolist() == [0, 0, 1, 0]


@dataclass(frozen=True)
class AfterDelivery:
    """A client that hires in every second tick only: its last job was delivered and judged by then."""

    client: Any

    @property
    def memory(self):
        return memory_of(self.client)

    def act(self, view, memory, dice):
        hire = decide(self.client, view, memory, dice)["hire"]
        return {"hire": np.where(view["ticks_left"] % 2 == 0, hire, -1)}


def scam(view, memory, dice):
    return {"price": PRICE, "effort_bps": 0}


def serve(view, memory, dice):
    return {"price": PRICE}


def hunted(client, good, bad, picks):
    """Scams of each client, shape (worlds, clients), and the outcome, where every client picks so many times."""
    attackers = Attackers({"provider": bad}, {"provider": scam}, Capability({"provider": 1}))
    policies = {"client": AfterDelivery(client), "provider": serve}
    terms = ONE_PRICE | {"providers": good + bad, "horizon": 2 * picks, "attackers": attackers}
    _, outcome = play(policies, seeds=np.arange(WORLDS), **terms)
    return outcome.clients["jobs"] - outcome.clients["good"], outcome


def assert_scams(expected, client, good, bad, picks):
    """The mean number of scams, and the loss to scam, which is that number in picks.

    Within three standard errors over 200 worlds: a right engine fails this with a probability of 0.3 %.
    """
    scams, outcome = hunted(client, good, bad, picks)
    assert (outcome.clients["jobs"] == picks).all()
    assert loss_to_scam(outcome) == pytest.approx(scams.mean(axis=1) / picks)
    for each, of_each in ((scams.mean(axis=1), expected), (loss_to_scam(outcome), expected / picks)):
        error = each.std(ddof=1) / np.sqrt(WORLDS)
        assert error < 0.01 * of_each, "sharp enough"
        assert abs(each.mean() - of_each) < 3 * error, f"{each.mean():.4f} ± {error:.4f}, expected {of_each:.4f}"


@many_markets
def test_clients_that_never_return_are_scammed_as_often_as_the_death_chain_says(good, bad, picks):
    assert_scams(chain(good, bad, picks) @ np.arange(bad + 1), OnceBitten(), good, bad, picks)


@many_markets
def test_clients_that_learn_nothing_are_scammed_at_the_same_odds_for_ever(good, bad, picks):
    assert_scams(picks * bad / (good + bad), RandomChoice(), good, bad, picks)


@pytest.mark.parametrize(("bad", "picks"), [(4, 3), (4, 9)])
def test_where_all_are_bad_every_client_meets_each_of_them_once_and_gives_up(bad, picks):
    scams, outcome = hunted(OnceBitten(), 0, bad, picks)
    assert (scams == min(bad, picks)).all()
    assert (outcome.clients["jobs"] == scams).all()
    assert (loss_to_scam(outcome) == 1.0).all()


def now_and_then(view, memory, dice):
    """An attacking provider: works half of the time, delivers mostly, and now and then flees from its name."""
    works, delivers, flees = (dice.uniform(3) < (0.5, 0.9, 0.03)).T
    price = view["cost"] + 10_000_000
    return {"price": price, "effort_bps": np.where(works, 10_000, 0), "deliver": delivers, "reenter": flees, "tip": 7}


def of_last_block(book, p):
    """What honest clients lost to scam, what they paid in all, and the attackers' outlay: shape (3, worlds), µcoin.

    Counted from the receipts of the block and from the jobs that it settled.
    """
    names, end = book.accounts["owner"], p.clients + p.providers
    bad = ((p.clients - 3 <= names) & (names < p.clients)) | ((end - 2 <= names) & (names < end))
    head, receipts, jobs = book.head[:, 0], book.receipts, book.jobs
    theirs = (np.arange(receipts.shape[1]) < head["receipts"][:, None]) & np.take_along_axis(bad, receipts["sender"], 1)
    renamed = (receipts["kind"] == Kind.REGISTER) & (receipts["status"] == Status.OK)
    fees = theirs * (receipts["fee"] + renamed * p.registration_fee)

    now, how = jobs["paid"] == head["height"][:, None], jobs["outcome"]
    paying = [Outcome.ACCEPTED, Outcome.SILENT, Outcome.REJECTED] + [Outcome.UPHELD] * p.pay_caught
    paid = np.where(now & np.isin(how, paying), jobs["price"], 0)
    slashed_bps = np.select([how == Outcome.UPHELD, how == Outcome.NO_SHOW], [p.slash_bps, p.no_show_slash_bps], 0)
    slashed = np.where(now, jobs["stake"] * slashed_bps // 10_000, 0)
    to, by = np.take_along_axis(bad, jobs["provider"], 1), np.take_along_axis(bad, jobs["client"], 1)
    outlay = by * (paid - slashed * p.compensation_bps // 10_000) + to * slashed
    lost = paid * (to & ~by & (jobs["quality_bps"] == 0))
    return np.array([lost.sum(axis=1), (paid * ~by).sum(axis=1), outlay.sum(axis=1) + fees.sum(axis=1)])


def under_attack(**given):
    """A market with fees and an arbiter, in which the last two providers and the last three clients attack; and its audit."""
    capability = Capability({"provider": 2, "client": 3}, identities=2)
    attackers = Attackers(capability.accounts, {"client": RandomChoice(), "provider": now_and_then}, capability)
    terms = {"clients": 20, "need_bps": 6_000, "arbiter_bps": 5_000, "compensation_bps": 3_000} | given
    played = world({"client": "random"}, attackers=attackers, preset="standard", seeds=np.arange(RUNS), **terms)
    audited = np.zeros((3, RUNS), np.int64)
    while not played.done:
        played.step()
        audited += of_last_block(played.economy.book, played.parameters)
    return played.play(), audited


@pytest.mark.parametrize("pay_caught", [0, 1])
def test_what_scam_took_and_cost_is_what_receipts_and_jobs_say_to_the_last_unit(pay_caught):
    """Prices that attackers' clients paid, to themselves too, fees, tips, new names and slashed stakes, less compensation."""
    outcome, (lost, volume, outlay) = under_attack(pay_caught=pay_caught)
    assert np.array_equal(scammed(outcome), lost)
    assert np.array_equal(honest_volume(outcome), volume)
    assert np.array_equal(attacker_outlay(outcome), outlay)
    assert all(outcome.ticks[column].sum() > RUNS for column in ("disputes", "upheld", "no_shows")), "everything happens"


def test_profit_from_scam_is_loss_to_scam_times_honest_volume_over_outlay_in_every_row():
    """With volume and outlay counted from receipts and jobs."""
    outcome, (_, volume, outlay) = under_attack(base_fee=2_000)
    assert profit_from_scam(outcome) == pytest.approx(loss_to_scam(outcome) * volume / outlay, rel=1e-12)
    assert np.unique(profit_from_scam(outcome)).size == RUNS, "no two rows are alike"
