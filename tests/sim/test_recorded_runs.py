"""Recorded runs: every world's ledger is kept, changes nothing, and can be executed again by a stranger."""

import json
import subprocess
import sys

import pandas as pd
import pytest

import sim
from agents.attacks.registry import ATTACKS
from chain.digest import digest
from chain.errors import TamperedError
from chain.replay import audit
from sim.experiments.run import plan, play
from sim.experiments.store import keep
from sim.scenarios import SCENARIOS
from sim.world import World

AGAIN = """
import sys
from pathlib import Path
from chain.replay import audit
print(audit(Path(sys.argv[1])).history.head.hash.hex())
"""


def recorded_run(tmp_path, scenario="service_market", **given):
    given = {"preset": "minimal", "seeds": 3, "ledgers": True, "out": tmp_path / "run"} | given
    return sim.record(scenario, **given)


def ledgers_of(folder):
    return json.loads((folder / "manifest.json").read_text())["ledgers"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_ledger_of_a_run_is_executed_again_to_the_same_head(tmp_path, scenario):
    folder = recorded_run(tmp_path, scenario, threads=2)
    ledgers = ledgers_of(folder)
    assert len(ledgers) == 3 == len(list((folder / "ledgers").iterdir()))
    for name, entry in ledgers.items():
        again = audit(folder / name)
        assert (len(again.history.blocks), again.history.head.hash.hex()) == (entry["blocks"], entry["head"])
        assert again.transactions > 0
    assert len({entry["head"] for entry in ledgers.values()}) == 3


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_recording_changes_no_outcome(tmp_path, scenario):
    folder = recorded_run(tmp_path, scenario)
    plain = sim.run(scenario, preset="minimal", seeds=3)
    pd.testing.assert_frame_equal(sim.load(folder)[list(plain.columns)], plain)


def test_a_ledger_is_audited_in_another_process(tmp_path):
    folder = recorded_run(tmp_path, seeds=1)
    ((name, entry),) = ledgers_of(folder).items()
    told = subprocess.run([sys.executable, "-W", "error", "-c", AGAIN, folder / name], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == entry["head"]


def test_the_last_state_is_that_of_the_run(tmp_path):
    experiment = plan("service_market", None, 2, "minimal")
    (batch,) = play(experiment, recorded=True)
    folder = keep(experiment, tmp_path / "run", ledgers=True)
    for w, name in enumerate(ledgers_of(folder)):
        state = audit(folder / name).batch
        for table in ("accounts", "jobs", "offers", "stakes", "reputation", "identities", "terms"):
            ours, theirs = getattr(batch.book, table)[w].copy(), getattr(state, table)[0].copy()
            if table == "accounts":
                ours["pending"] = theirs["pending"] = 0
            assert ours.tobytes() == theirs.tobytes(), table


@pytest.mark.parametrize("attack", ATTACKS)
def test_ledgers_under_attack_are_kept_by_arm_and_hold(tmp_path, attack):
    folder = recorded_run(tmp_path, seeds=1, attack={attack: 0.25}, defence="stake")
    ledgers = ledgers_of(folder)
    arms = list(dict.fromkeys(sim.load(folder).arm))
    assert [entry["arm"] for entry in ledgers.values()] == arms
    for name, entry in ledgers.items():
        assert audit(folder / name).history.head.hash.hex() == entry["head"]


def test_a_run_without_ledgers_keeps_none(tmp_path):
    folder = recorded_run(tmp_path, ledgers=False)
    assert "ledgers" not in json.loads((folder / "manifest.json").read_text())
    assert not (folder / "ledgers").exists()


def test_a_number_changed_by_hand_in_a_recorded_ledger_is_found(tmp_path):
    folder = recorded_run(tmp_path, seeds=1)
    (file,) = (folder / "ledgers").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) * 9 // 10] ^= 1
    file.write_bytes(content)
    with pytest.raises(TamperedError, match="block"):
        audit(file)


def test_a_run_that_fails_leaves_no_ledgers(tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.experiments.store.Writer.publish", fails)
    with pytest.raises(OSError, match="No space"):
        recorded_run(tmp_path)
    assert not (tmp_path / "run").exists()


def test_every_episode_of_recorded_worlds_has_a_record_of_its_own():
    scenario = SCENARIOS["service_market"]
    world = World(scenario, scenario.settings("minimal", {}), seeds=[4, 5], recorded=True)
    world.play()
    first = [history.head.hash for history in world.histories]
    world.begin(1)
    assert all(len(history.blocks) == 1 for history in world.histories)
    world.play()
    assert {history.head.hash for history in world.histories}.isdisjoint(first)
    plain = World(scenario, scenario.settings("minimal", {}), seeds=[4, 5])
    plain.play()
    plain.begin(1)
    plain.play()
    assert digest(plain.economy.book) == digest(world.economy.book)
