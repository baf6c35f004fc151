"""What a study plays and keeps, and what it refuses."""

import json

import numpy as np
import pytest

import sim
from agents.attacks.registry import ATTACKS
from chain.errors import InputError
from sim.attack.keeping import PAGE, keep, read, write_up
from sim.attack.study import arms, plan_study, stopping, trained_arms, training_seeds
from sim.experiments.store import Stopped
from tests.sim.attack.studies import DEFENCES, SCRIPTS, TINY, guard


@pytest.fixture(autouse=True)
def _guarded(monkeypatch):
    guard(monkeypatch)


def plan(**given):
    return plan_study(**{**TINY, **SCRIPTS, **given})


def test_every_attack_is_played_at_every_share_on_every_side_without_defences_and_with_all():
    labels = [(arm.attack, arm.share, arm.defence, arm.side) for arm in arms(plan())]
    assert len(set(labels)) == len(labels)
    for attack in ("shirker", "whitewasher"):
        for end in ("none", "all"):
            assert {side for *case, side in labels if case == [attack, 0.67, end]} == {"honest", "attacked", "absent"}
        assert {defence for name, share, defence, _ in labels if (name, share) == (attack, 0.34)} == {
            "none",
            "stake",
            "dispute",
            "all",
        }
    assert {defence for name, _, defence, _ in labels if name == "nobody"} == {"none", "stake", "dispute", "all"}


def test_the_ends_switch_the_parameters_of_every_defence():
    study = plan()
    of = {arm.defence: dict(arm.given) for arm in arms(study)}
    known = DEFENCES["service_market"]
    assert of["none"] == known["stake"].off | known["dispute"].off
    assert of["all"] == known["stake"].on | known["dispute"].on
    assert of["stake"] == known["stake"].on | known["dispute"].off


def test_an_attack_that_stops_is_played_beside_its_twin_without_defences():
    found = [(arm.attack, arm.side, arm.defence) for arm in stopping(plan())]
    assert found == [(name, side, "none") for name in ("shirker", "whitewasher") for side in ("honest", "stopped")]
    assert plan().stop == 8, "four fifths of the horizon"


def test_the_study_makes_room_for_every_identity_that_may_be_taken_and_says_so():
    study = plan()
    assert dict(study.raised) == {"spare": 2 * ATTACKS["whitewasher"].capability.identities}
    assert study.parameters.spare == 16
    assert dict(plan(attacks=("shirker",)).raised) == {}
    given = plan(spare=3)
    assert (dict(given.raised), given.parameters.spare) == ({}, 3)


def test_learners_make_room_too_and_train_in_worlds_that_are_not_held_out():
    study = plan(attacks=("shirker",), trainings=2, seeds=[10**9, 5])
    assert dict(study.raised) == {"spare": 8}
    assert training_seeds(study) == [10**9 + 1, 10**9 + 2]


def test_a_trained_attacker_is_measured_beside_its_twin():
    honest, attacked = trained_arms(plan(), "all", 7, "what was learned")
    assert (honest.attack, honest.side, attacked.side, attacked.defence) == ("trained", "honest", "attacked", "all")
    assert attacked.attackers.policies == {"provider": "what was learned"}
    assert honest.attackers.counts == attacked.attackers.counts == {"provider": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"attacks": ("shirkr",)}, "attack shirkr: no such attack; .* did you mean shirker"),
        ({"attacks": ()}, "attack: none given"),
        ({"attacks": ("shirker", "shirker")}, "attack: shirker, shirker given, allowed are different ones"),
        ({"shares": (0.1,)}, "a share of 0.1 given, which is nobody of 3"),
        ({"shares": (0.0, 0.34)}, "shares: .* allowed are shares above 0"),
        ({"share": 0.0}, "shares: .* allowed are shares above 0"),
        ({"shares": ()}, "shares: .* allowed are shares above 0"),
        ({"shares": (1.5,)}, "a share of 1.5 given, allowed is 0 to 1"),
        ({"attacks": ("sybil_rating",)}, "takes 8 of 6 agents of the role client"),
        ({"min_stake": 5}, "min_stake: 5 given, but the defence stake switches it"),
        ({"defences": ("stak",)}, "defence: 'stak' given; .* did you mean stake"),
        ({"policies": {"client": ["random", "cheapest"]}}, "policy: 2 combinations given"),
        ({"policies": {"clint": "random"}}, "role: 'clint' given"),
        ({"capability": "nobody"}, "attack nobody: no such attack"),
        ({"trainings": -1}, "trainings: -1 given"),
        ({"threads": 0}, "threads: 0 given"),
        ({"hrizon": 3}, "hrizon: no such parameter"),
        ({"scenario": "posted_price", "preset": "standard"}, "posted_price has no defences; allowed are service_market"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(given, message, tmp_path):
    with pytest.raises(InputError, match=message) as refusal:
        sim.resilience(**{**TINY, **SCRIPTS, **given}, out=tmp_path / "study")
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "study").exists()


def test_threads_change_no_row_and_all_arms_meet_the_same_worlds(tmp_path):
    """The honest twin of both attacks is the default policy: three arms that must end in the same ledgers."""
    runs, again = (read(keep(plan(threads=n), tmp_path / str(n)))[1]["runs"] for n in (1, 2))
    assert runs["digest"].tolist() == again["digest"].tolist()
    honest = (runs["side"] == "honest") & (runs["defence"] == "none") & np.isin(runs["share"], (0, 0.34))
    of = {name: runs["digest"][honest & (runs["attack"] == name)].tolist() for name in ("nobody", "shirker", "whitewasher")}
    assert of["nobody"] == of["shirker"] == of["whitewasher"]
    assert len(set(of["nobody"])) == 3
    attacked = (runs["side"] == "attacked") & (runs["defence"] == "none") & (runs["share"] == 0.34)
    assert not set(of["nobody"]) & set(runs["digest"][attacked].tolist())


def test_an_attack_that_stops_does_harm_before_the_stop(tmp_path):
    folder = keep(plan(attacks=("shirker",), shares=(0.34,)), tmp_path / "study")
    ticks = read(folder)[1]["ticks"]
    honest, stopped = (ticks["realised"][ticks["side"] == side].reshape(3, -1) for side in ("honest", "stopped"))
    assert honest.shape == (3, 11)
    assert stopped[:, :5].sum() < honest[:, :5].sum()


def test_ctrl_c_keeps_the_finished_rows_without_a_page(tmp_path):
    folder = tmp_path / "study"

    def stop(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match=r"stopped: \d+ of 108 runs kept in .*study") as stopped:
        keep(plan(), folder, stop)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert not manifest["complete"]
    assert 0 < stopped.value.kept == manifest["files"]["runs.parquet"]["rows"] < 108
    assert not (folder / PAGE).exists()
    with pytest.raises(InputError, match="was stopped before its end"):
        write_up(folder)


def test_ctrl_c_before_the_first_row_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(Stopped, match=r"stopped: 0 of 108 runs kept$"):
        keep(plan(), tmp_path / "study", stop)
    assert not (tmp_path / "study").exists()


def test_progress_ends_where_the_work_ends(tmp_path):
    seen = []
    keep(plan(), tmp_path / "study", lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
