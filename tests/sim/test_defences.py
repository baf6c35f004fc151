"""Defences: each is a parameter that can be switched on and off, and what it does is seen on the ledger."""

from types import SimpleNamespace

import numpy as np
import pytest

from chain.contracts.reputation import LEAST_WEIGHT, mean_bps
from chain.rule import world as world_of
from sim.attack.defences import DEFENCES, Defence
from sim.scenarios import find
from tests.sim.worlds import Fugitive, play

COIN = 1_000_000
PRICE = 50 * COIN
MARKET = DEFENCES["service_market"]
ALL = [(scenario, name) for scenario, defences in DEFENCES.items() for name in defences]
SEEDS = np.arange(10)
BUSY = {
    "clients": 6, "providers": 1, "services": 1, "need_bps": 10_000, "capacity_low": 6, "capacity_high": 6,
    "reliability_bps": 10_000, "base_fee": 0, "fee_quotient": 0,
}  # fmt: skip
"""One provider, six clients who hire it in each of eight ticks, no fees: all jobs of an episode stay in the table."""


def defended(*names):
    """The parameters with these defences switched on and all others off."""
    settings = dict(BUSY)
    for name, defence in MARKET.items():
        settings |= defence.on if name in names else defence.off
    return settings


def hire_first(view, memory, dice):
    """Hires the first offer, accepts what is good and disputes what is not."""
    return {"hire": 0}


def shirker(view, memory, dice):
    return {"price": PRICE, "effort_bps": 0}


def idler(view, memory, dice):
    return {"price": PRICE, "deliver": 0}


def milker(view, memory, dice):
    """Works well for a coin in the first half of the market; then asks eighty and does nothing."""
    early = view["ticks_left"] > 10
    return {"price": np.where(early, COIN, 80 * COIN), "effort_bps": np.where(early, 10_000, 0)}


def empty(view, memory, dice):
    """Offers, and bonds nothing."""
    return {"price": PRICE, "bonded": 0}


def thin(view, memory, dice):
    """Works well, and bonds the stake of six jobs for all that are open at a time."""
    return {"price": PRICE, "bonded": 6 * 60 * COIN}


def ledger_of(provider, *names, **given):
    """What became of an episode under these defences, by world."""
    played, outcome = play({"client": hire_first, "provider": provider}, seeds=SEEDS, **(defended(*names) | given))
    book = played.economy.book
    head, ticks = (
        book.head[:, 0],
        {name: outcome.ticks[name].sum(axis=1) for name in ("settled", "disputes", "upheld", "no_shows", "refused")},
    )
    return SimpleNamespace(
        book=book,
        earned=outcome.gained[:, outcome.clients.shape[1] :].sum(axis=1),
        identities=head["registered"] - 8,
        lost=head["burned"] - head["fees_burned"],
        **ticks,
    )


def ratings_of(book):
    """By world: the mean that the provider shows, and quality and price of each of its rated jobs, oldest first."""
    for w in range(SEEDS.size):
        view = world_of(book, w)
        address = view.identities[6].address
        jobs = view.jobs[view.jobs["paid"] > 0]
        jobs = jobs[np.argsort(jobs["delivered"], kind="stable")]
        assert view.reputation[address].ratings == len(jobs) > 30, "every job is answered"
        yield mean_bps(view.reputation, address), jobs["quality_bps"], jobs["price"]


@pytest.mark.parametrize(("scenario", "name"), ALL)
def test_every_defence_is_known_by_its_name_and_its_scenario_accepts_it_on_and_off(scenario, name):
    defence, economy = DEFENCES[scenario][name], find(scenario)
    assert (defence.name, bool(defence.about)) == (name, True)
    for preset in ("minimal", "standard", "large"):
        for side in (defence.on, defence.off):
            settings = economy.settings(preset, side)
            assert {parameter: getattr(settings, parameter) for parameter in side} == side


@pytest.mark.parametrize(("scenario", "name"), ALL)
def test_a_defence_that_is_off_is_a_rule_that_the_contract_does_not_have(scenario, name):
    defence = DEFENCES[scenario][name]
    assert not any(defence.off.values())
    assert all(defence.on.values())


def test_no_two_defences_set_the_same_parameter_so_that_they_can_be_combined():
    for defences in DEFENCES.values():
        parameters = [parameter for defence in defences.values() for parameter in defence.on]
        assert len(parameters) == len(set(parameters))


@pytest.mark.parametrize("off", [{}, {"min_stak": 0}, {"min_stake": 0, "slash_bps": 0}])
def test_a_defence_whose_two_sides_name_different_parameters_is_refused(off):
    with pytest.raises(ValueError, match=r"defence pledge: on names \['min_stake'\], off names .*, allowed is the same"):
        Defence("pledge", "", {"min_stake": 1}, off)
    with pytest.raises(ValueError, match="defence nothing"):
        Defence("nothing", "", {}, {})


def test_with_all_defences_off_a_shirker_is_paid_for_every_job_and_loses_nothing():
    got = ledger_of(shirker)
    assert np.array_equal(got.earned, PRICE * got.settled)
    assert np.array_equal(got.disputes, got.settled)
    assert (got.disputes > 30).all()
    assert not got.upheld.any()
    assert not got.lost.any()
    assert not ledger_of(idler).earned.any(), "who never delivers is not paid, and that is all"


def test_disputes_alone_take_the_price_of_the_jobs_found_bad_and_nothing_more():
    got = ledger_of(shirker, "dispute")
    assert np.array_equal(got.earned, PRICE * (got.settled - got.upheld))
    assert (got.upheld > got.settled // 2).all()
    assert not got.lost.any()


def test_stake_and_disputes_cost_a_shirker_sixty_coins_for_every_job_found_bad():
    got = ledger_of(shirker, "dispute", "stake")
    assert np.array_equal(got.earned, PRICE * (got.settled - got.upheld) - 60 * COIN * got.upheld)
    assert (got.upheld > got.settled // 2).all()
    assert np.array_equal(got.lost, 30 * COIN * got.upheld), "half is burned, the client gets the other half"


def test_stake_alone_costs_nothing_but_thirty_coins_for_every_missed_delivery():
    shirked, idle = ledger_of(shirker, "stake"), ledger_of(idler, "stake")
    assert np.array_equal(shirked.earned, PRICE * shirked.settled)
    assert np.array_equal(idle.earned, -30 * COIN * idle.no_shows)
    assert (idle.no_shows > 30).all()


@pytest.mark.parametrize(("names", "fee"), [((), 0), (("registration_fee",), 200 * COIN)], ids=["off", "on"])
def test_a_registration_fee_makes_every_new_identity_cost_two_hundred_coins_and_the_first_one_nothing(names, fee):
    fled, stayed = ledger_of(Fugitive(), *names, spare=3), ledger_of(shirker, *names, spare=3)
    assert (fled.identities > 0).all()
    assert np.array_equal(fled.lost, fee * fled.identities)
    assert not stayed.identities.any()
    assert not stayed.lost.any()


def test_with_decay_a_good_name_is_gone_soon_after_the_good_work_ends():
    for (mean, quality, _), (faded, same, _) in zip(
        *(ratings_of(ledger_of(milker, *on).book) for on in ((), ("decay",))), strict=True
    ):
        assert np.array_equal(quality, same)
        bad = int((quality == 0).sum())
        assert (quality[:-bad] > 0).all(), "good work comes first"
        assert mean == quality.sum() // quality.size > 2_500
        assert faded <= 10_000 * 0.9**bad < mean / 4


def test_by_payment_praise_for_cheap_jobs_does_not_hide_bad_work_on_dear_ones():
    for (mean, quality, price), (weighed, *same) in zip(
        *(ratings_of(ledger_of(milker, *on).book) for on in ((), ("payment_weight",))), strict=True
    ):
        assert np.array_equal((quality, price), same)
        weight = np.maximum(price, LEAST_WEIGHT)
        assert mean == quality.sum() // quality.size > 2_500
        assert weighed == (quality * weight).sum() // weight.sum() < 500


def test_with_backed_offers_nobody_is_shown_an_offer_without_stake():
    off, on = (ledger_of(empty, "stake", *more) for more in ((), ("backed_offers",)))
    assert (off.refused == 6 * 8).all(), "all clients in all ticks"
    assert not on.refused.any()
    assert not off.settled.any()
    assert not on.settled.any()


def test_with_backed_offers_a_provider_is_passed_over_while_its_stake_is_locked_and_loses_no_job_by_that():
    off, on = (ledger_of(thin, "stake", *more) for more in ((), ("backed_offers",)))
    assert (off.refused > 20).all()
    assert not on.refused.any()
    assert np.array_equal(on.settled, off.settled)
    assert (on.settled >= 12).all(), "six jobs, and at least once more when their stake is free"
    assert np.array_equal(on.earned, off.earned)
