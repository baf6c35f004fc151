"""Whatever is registered as an attack: its sides share their worlds, its twin is honest, its budget and its identities hold."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import sim
from agents.attacks.attack import Absent, Attack, Capability, Until
from agents.attacks.registry import ATTACKS, find_attack
from agents.mixture import Mixture
from chain.errors import InputError
from sim.attack.attackers import ABSENT, ATTACKED, HONEST, attackers_of, beside
from sim.metrics.attack import attacker_outlay, honest_volume, loss_to_scam, profit_from_scam
from sim.scenarios import find
from sim.world import World

MARKET = find("service_market")
SMALL = {"clients": 16, "providers": 4, "horizon": 12, "gas_limit": 4_000, "spare": 16}
EVERY = pytest.mark.parametrize("name", list(ATTACKS))
COIN = 1_000_000


def settings(name, **given):
    """A small market in which the attack does what it can."""
    return MARKET.settings("standard", {**ATTACKS[name].setting, **SMALL, **given})


def honest_policies(name):
    """Everybody plays what the attack's twin plays."""
    return {role: make() for role, make in ATTACKS[name].twin.items()}


def world(name, share, side, seeds=range(3), policies=None, attack=None, **given):
    """Worlds with attackers on a side."""
    parameters = settings(name, **given)
    attackers = None if share is None else attackers_of(MARKET, parameters, attack or ATTACKS[name], share, side)
    return World(MARKET, parameters, policies, seeds=seeds, attackers=attackers)


def digests(played):
    """Fingerprints of the ledgers of all worlds at the end of their episode."""
    played.play()
    return [played.digest(w) for w in range(played.worlds)]


@dataclass(frozen=True)
class Greedy:
    """Wants everything in every tick: a new identity, all money in stake, the highest tip."""

    def act(self, view, memory, dice):
        return {"price": view["cost"], "bonded": view["balance"], "tip": 10_000, "reenter": 1}


@dataclass(frozen=True)
class Spender:
    """Hires whatever it is shown, at any price."""

    def act(self, view, memory, dice):
        return {"hire": 0, "limit": 2**40, "tip": 10_000}


GREED = Attack(
    name="greed",
    about="",
    goal="",
    capability=Capability({"provider": 1, "client": 2}, budget=30 * COIN, identities=2),
    policies={"provider": Greedy, "client": Spender},
    twin={"provider": find_attack("shirker").twin["provider"], "client": find_attack("sybil_rating").twin["client"]},
    setting={},
    defence="",
)


@EVERY
def test_an_attack_of_nobody_changes_nothing_byte_for_byte(name):
    nobody = digests(world(name, None, ATTACKED, policies=honest_policies(name)))
    assert digests(world(name, 0, ATTACKED, policies=honest_policies(name))) == nobody
    assert digests(world(name, 0.25, ATTACKED, policies=honest_policies(name))) != nobody


@EVERY
def test_attackers_who_play_their_honest_twin_change_nothing_byte_for_byte(name):
    nobody = digests(world(name, None, HONEST, policies=honest_policies(name)))
    assert digests(world(name, 0.5, HONEST, policies=honest_policies(name))) == nobody


@EVERY
def test_attackers_who_are_absent_sign_nothing(name):
    played = world(name, 0.25, ABSENT)
    played.play()
    accounts, attackers = played.economy.book.accounts, played.attackers
    for role, count in attackers.counts.items():
        names = played.economy.names[role].reshape(played.worlds, -1)[0, -count:]
        assert (accounts["nonce"][:, names] == 0).all(), role
    assert (accounts["nonce"][:, 0] > 0).any(), "the others do"


@EVERY
def test_all_sides_have_the_same_agents_with_the_same_types_and_needs(name):
    sides = [world(name, 0.25, side) for side in (HONEST, ATTACKED, ABSENT)]
    for other in sides[1:]:
        assert np.array_equal(other.economy.private.crafts, sides[0].economy.private.crafts)
        assert np.array_equal(other.economy.private.tastes, sides[0].economy.private.tastes)
        assert all(np.array_equal(*pair) for pair in zip(other.economy.needs(), sides[0].economy.needs(), strict=True))
    outcomes = [played.play() for played in sides]
    assert all(np.array_equal(one.attackers, outcomes[0].attackers) for one in outcomes)
    assert outcomes[0].attackers.sum() == sum(sides[0].attackers.counts.values())


@EVERY
def test_an_attacker_lays_out_its_budget_and_what_it_earned_and_no_more(name):
    """Whatever its script does, with very little money: what its accounts hold is never less than nothing."""
    capability = replace(ATTACKS[name].capability, budget=25 * COIN)
    played = world(name, 0.25, ATTACKED, attack=replace(ATTACKS[name], capability=capability))
    attackers = played.economy.outcome().attackers
    assert (played.economy.wealth()[:, played.economy.outcome().names[attackers]] == 25 * COIN).all()
    while not played.done:
        played.step()
        names = played.economy.outcome().names[attackers]
        assert (played.economy.book.accounts["balance"] >= 0).all()
        assert (played.economy.wealth()[:, names] >= 0).all()
    outcome = played.economy.outcome()
    spent = 25 * COIN * attackers.sum() - outcome.wealth[:, attackers].sum(axis=1)
    assert (spent <= 25 * COIN * attackers.sum()).all()


def test_greed_is_held_to_its_budget_and_its_identities_whoever_decides():
    played = world("shirker", 0.5, ATTACKED, attack=GREED)
    played.play()
    book = played.economy.book
    names = played.economy.names["provider"].reshape(played.worlds, -1)[0, -2:]
    taken = np.array([[(book.identities["owner"][w] == one).sum() - 1 for one in names] for w in range(played.worlds)])
    assert (taken <= GREED.capability.identities).all()
    assert (taken > 0).any(), "it did re-enter"
    everybody = world("shirker", None, ATTACKED, policies={"provider": Greedy()})
    everybody.play()
    owners = everybody.economy.book.identities["owner"]
    assert max((owners == one).sum() - 1 for one in names) > GREED.capability.identities, "nobody else is held"


@EVERY
def test_an_attack_that_stops_at_once_is_its_twin_and_one_that_never_stops_is_itself(name):
    def stopping(ticks):
        played = world(name, 0.25, ATTACKED)
        twin, script = honest_policies(name), played.attackers.policies
        both = {role: Until(script[role], twin[role], ticks) for role in script}
        attackers = replace(played.attackers, policies=both)
        return digests(World(MARKET, played.parameters, None, seeds=range(3), attackers=attackers))

    assert stopping(0) == digests(world(name, 0.25, HONEST))
    assert stopping(10**6) == digests(world(name, 0.25, ATTACKED))
    assert stopping(9) not in (stopping(0), stopping(10**6))


@EVERY
@pytest.mark.parametrize("side", [HONEST, ATTACKED])
def test_profit_from_scam_is_loss_to_scam_times_good_volume_over_bad_in_every_row(name, side):
    outcome = world(name, 0.25, side, seeds=range(20)).play()
    loss, profit = loss_to_scam(outcome), profit_from_scam(outcome)
    assert profit == pytest.approx(loss * honest_volume(outcome) / attacker_outlay(outcome), rel=1e-12)
    assert np.isfinite(profit).all()
    assert ((loss >= 0) & (loss <= 1)).all()
    sold = outcome.ticks["attackers_earned"].any()
    assert (loss > 0).any() == sold, "also honest work fails now and then, and who sells nothing takes nothing"


def test_attackers_take_the_last_places_and_a_mixture_keeps_its_first():
    assert beside("a", "x", 8, 2) == Mixture(("a", "x"), (6, 2))
    assert beside(Mixture(("a", "b"), (3, 5)), "x", 8, 2) == Mixture(("a", "b", "x"), (3, 3, 2))
    assert beside(Mixture(("a", "b"), (3, 5)), "x", 8, 5) == Mixture(("a", "x"), (3, 5))
    assert beside("a", "x", 8, 0) == "a"
    assert beside("a", "x", 8, 8) == "x"


def test_shares_are_rounded_to_whole_agents_of_the_first_role():
    parameters = MARKET.settings("standard", {})
    for share, providers in [(0, 0), (0.07, 1), (0.1, 1), (0.1875, 2), (0.25, 2), (0.3, 2), (0.5, 4), (1, 8)]:
        counts = attackers_of(MARKET, parameters, ATTACKS["shirker"], share).counts
        assert counts == {"provider": providers}, share
    assert attackers_of(MARKET, parameters, ATTACKS["sybil_rating"], 0.25).counts == {"provider": 2, "client": 8}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"attack": {"shirkr": 0.25}}, "did you mean shirker"),
        ({"attack": {"shirker": 0.01}}, "nobody of 8"),
        ({"attack": {"shirker": 1.5}}, "allowed is 0 to 1"),
        ({"attack": {"shirker": float("nan")}}, "allowed is 0 to 1"),
        ({"attack": {"shirker": True}}, "allowed is 0 to 1"),
        ({"attack": {"sybil_rating": 1.0}, "clients": 8}, "allowed is at most"),
        ({"attack": "shirker"}, "allowed is a mapping from names to shares"),
        ({"attack": {3: 0.25}}, "attack 3: no such attack"),
        ({"attack": {"shirker": 0.25}, "defence": 5}, "defence: 5 given, allowed are names"),
        ({"attack": {"shirker": 0.25}, "defence": "stakes"}, "did you mean stake"),
        ({"attack": {"shirker": 0.25}, "defence": ["stake", "stake"]}, "given twice"),
        ({"defence": "stake"}, "beside an attack"),
        ({"attack": {"shirker": 0.25}, "defence": "dispute", "arbiter_bps": 1}, "allowed is one of both"),
    ],
)
def test_what_is_wrong_with_an_attack_or_a_defence_is_said(given, words):
    with pytest.raises(InputError, match=words):
        sim.run("service_market", seeds=1, **given)


def test_a_share_of_a_numpy_type_is_kept_in_a_run_directory_as_any_other(tmp_path):
    for name, share in (("single", np.float32(0.5)), ("whole", np.int64(1))):
        folder = sim.record("service_market", attack={"shirker": share}, seeds=1, preset="minimal", out=tmp_path / name)
        assert set(sim.load(folder)["share"]) == {float(share)}


def test_honest_welfare_is_compared_between_the_sides_of_one_attack_alone():
    """Two attacks leave other agents honest: the same ledger gives other sums, and no difference is told."""
    attacks = {"shirker": 0.25, "sybil_rating": 0.125}
    table = sim.compare("service_market", metrics=["honest_welfare", "efficiency"], attack=attacks, seeds=4)
    for metric, compared in (("honest_welfare", {"shirker"}), ("efficiency", {"shirker", "sybil_rating"})):
        mine = table[(table.metric == metric) & (table.pairs > 0)]
        assert {arm.partition(",")[0].removeprefix("attack=") for arm in mine.arm} == compared
        assert mine.difference.notna().all()


def test_a_scenario_that_takes_no_attackers_says_so():
    with pytest.raises(InputError, match="allowed in posted_price are none"):
        sim.run("posted_price", attack={"shirker": 0.5}, seeds=1)


def test_an_attack_needs_a_policy_and_a_twin_for_each_of_its_roles():
    with pytest.raises(ValueError, match="policies and a twin for each"):
        replace(ATTACKS["shirker"], twin={})


def test_the_absent_do_nothing_but_what_is_said():
    answer = Absent((("capacity", 0),)).act(np.zeros(3), None, None)
    assert list(answer) == ["capacity"]
    assert answer["capacity"].tolist() == [0, 0, 0]
