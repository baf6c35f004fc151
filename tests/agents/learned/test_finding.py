"""Learned policies by name or by path: in a run, in its manifest, in lists; and where they do not fit."""

import dataclasses
from hashlib import sha256

import numpy as np
import pytest

import sim
from agents.learned.bundle import DESCRIPTION, load_bundle, read_card, save_bundle
from agents.learned.policy import LearnedPolicy
from agents.registry import BUNDLES, POLICIES, find, shipped
from chain.errors import InputError
from sim.cli import main
from sim.experiments.manifest import read_manifest
from sim.scenarios import find as scenario_named
from sim.world import World
from tests.agents.learned.networks import CARD, network, policy
from tests.chain.markets import python
from tests.sim.worlds import MARKET, world

LIGHT = """
import sys, agents.registry
assert not {"torch", "pydantic", "safetensors", "stable_baselines3"} & set(sys.modules)
import sim
sim.run("service_market", {"provider": sys.argv[1]}, seeds=1, preset="minimal")
print("torch" in sys.modules, "stable_baselines3" in sys.modules, "safetensors" in sys.modules)
"""


@pytest.fixture
def _shipped(tmp_path, monkeypatch):
    """One learned policy that comes with LedgerLab, and one that is damaged."""
    monkeypatch.setattr("agents.registry.BUNDLES", tmp_path / "policies")
    save_bundle(tmp_path / "policies" / "provider" / "ppo-random", policy(), CARD)
    (tmp_path / "policies" / "provider" / "broken").mkdir()
    (tmp_path / "policies" / "provider" / "broken" / DESCRIPTION).write_text("{}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path):
    return save_bundle(tmp_path / "trained" / "mine", policy(), CARD)


def digests(played):
    played.play()
    return [played.digest(w) for w in range(2)]


@pytest.mark.usefixtures("_shipped")
def test_a_shipped_policy_is_found_by_its_name():
    label, learned = find("provider", "ppo-random")
    assert (label, type(learned)) == ("ppo-random", LearnedPolicy)
    assert digests(world({"provider": "ppo-random"}, seeds=[0, 1])) == digests(world({"provider": policy()}, seeds=[0, 1]))


@pytest.mark.usefixtures("_shipped")
@pytest.mark.parametrize("wanted", ["ppo-randon", "client/ppo-random", "ppo-standard"])
def test_an_unknown_name_lists_the_shipped_ones_too(wanted):
    with pytest.raises(InputError, match=r"no such policy, no bundle and no path\.py:name; allowed are cost_plus, .*ppo-random"):
        find("provider", wanted)
    with pytest.raises(InputError, match="allowed are random, cheapest, best_rated, thompson, once_bitten; did"):
        find("client", "ppo-random")


@pytest.mark.usefixtures("_shipped")
def test_a_damaged_one_is_refused_by_its_name():
    with pytest.raises(InputError, match=r"policy provider=broken: bundle .*broken: policy\.json is not that of a policy"):
        find("provider", "broken")


@pytest.mark.usefixtures("_shipped")
def test_the_command_line_lists_it_runs_it_and_writes_its_digest_down(tmp_path, capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "Learned: Random weights, for tests." in out
    assert "isnotthatofapolicy" in "".join(out.split()), "folded, since it has a path in it"
    words = ["run", "service_market", "--policy", "provider=ppo-random,cost_plus", "--preset", "minimal", "--seeds", "2"]
    assert main([*words, "--out", "run"]) == 0
    description = (tmp_path / "policies" / "provider" / "ppo-random" / DESCRIPTION).read_bytes()
    learned, scripted = (arm["policies"]["provider"] for arm in read_manifest(tmp_path / "run")["config"]["arms"])
    assert (learned["label"], learned["given"]) == ("ppo-random", "ppo-random")
    assert learned["source_sha256"] == sha256(description).hexdigest()
    assert scripted["source_sha256"] is None


def test_a_policy_is_found_by_the_path_of_its_directory(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    for wanted in (str(folder), f"{folder}/", "mine", "./mine", "../trained/mine"):
        assert find("provider", wanted)[0] == "mine"
    rows = sim.run("service_market", {"provider": [str(folder), "cost_plus"]}, seeds=2, preset="minimal")
    assert rows.provider.unique().tolist() == ["mine", "cost_plus"]
    assert rows.digest[:2].tolist() == digests(world({"provider": policy()}, seeds=[0, 1]))


def test_two_threads_and_other_batches_give_the_same_rows(folder):
    rows = [sim.run("service_market", {"provider": str(folder)}, seeds=5, preset="minimal", threads=t) for t in (1, 2)]
    alone = [sim.run("service_market", {"provider": str(folder)}, seeds=[s], preset="minimal").digest[0] for s in range(5)]
    assert rows[0].digest.tolist() == rows[1].digest.tolist() == alone


def test_a_role_or_a_scenario_that_it_was_not_trained_for_is_refused(folder):
    with pytest.raises(
        InputError,
        match="policy client=mine: learned for the role provider of service_market, given for the client of service_market",
    ):
        sim.run("service_market", {"client": str(folder)}, seeds=1, preset="minimal")
    with pytest.raises(InputError, match="policy client=LearnedPolicy: learned for the role provider"):
        world({"client": load_bundle(folder)})
    other = dataclasses.replace(MARKET, name="posted_price")
    with pytest.raises(InputError, match="of service_market, given for the provider of posted_price"):
        World(other, other.settings("minimal", {}), {"provider": str(folder)}, seeds=[0])


def changed(change):
    """The service market with another provider."""
    provider = change(MARKET.role("provider"))
    return dataclasses.replace(MARKET, roles=(MARKET.role("client"), provider))


@pytest.mark.parametrize(
    "change",
    [
        lambda role: dataclasses.replace(role, view=role.view[1:] + role.view[:1]),
        lambda role: dataclasses.replace(role, view=(dataclasses.replace(role.view[0], unit="blocks"), *role.view[1:])),
        lambda role: dataclasses.replace(role, action=role.action[:-1]),
        lambda role: dataclasses.replace(role, action=(dataclasses.replace(role.action[0], high=5), *role.action[1:])),
    ],
    ids=["columns in another order", "another unit", "an action less", "another range"],
)
def test_a_changed_view_or_action_is_refused(folder, change):
    scenario = changed(change)
    with pytest.raises(
        InputError,
        match="policy provider=mine: learned with another view or action of the provider of service_market than it has now",
    ):
        World(scenario, scenario.settings("minimal", {}), {"provider": str(folder)}, seeds=[0])


def test_another_text_or_scale_changes_nothing(folder):
    scenario = changed(lambda role: dataclasses.replace(role, about="who sells", reward_scale=1))
    World(scenario, scenario.settings("minimal", {}), {"provider": str(folder)}, seeds=[0])


def test_one_made_without_a_scenario_is_refused():
    made = dataclasses.replace(policy().encoding, layout="")
    with pytest.raises(InputError, match="learned with another view or action"):
        world({"provider": LearnedPolicy(made, network(made))})


def test_playing_a_learned_policy_needs_no_torch(folder):
    assert python(LIGHT, folder) == "False False True"


def test_every_shipped_policy_plays_the_scenario_that_it_was_trained_on():
    for role, name in [(each, name) for each in POLICIES for name in shipped(each)]:
        encoding, card = find(role, name)[1].encoding, read_card(BUNDLES / role / name)
        assert encoding.role == role
        scenario = scenario_named(encoding.scenario)
        World(scenario, scenario.settings(card.preset, card.parameters), {role: name}, seeds=np.arange(2)).step()
