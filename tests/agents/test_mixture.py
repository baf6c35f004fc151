"""Mixed populations: every agent plays as it would if all its role played its policy, and each policy is asked once."""

import json
import shlex

import numpy as np
import pytest

import sim
from agents.mixture import Mixture, members_of
from agents.policy import Dice, decide, memory_of
from agents.registry import POLICIES, find
from agents.scripted.cheapest import Cheapest
from agents.scripted.thompson import Thompson
from chain.errors import InputError
from sim.cli import main
from sim.experiments.manifest import read_manifest
from sim.experiments.reading import command
from sim.scenarios import SCENARIOS
from sim.world import World
from tests.agents.views import EVERY_POLICY
from tests.sim.worlds import MARKET, play, world

SEEDS = [3, 501, 77]


@pytest.mark.parametrize(("role", "name"), EVERY_POLICY)
def test_a_mixture_of_one_policy_is_that_policy_byte_for_byte(role, name):
    (scenario,) = (s for s in SCENARIOS.values() if role in [r.name for r in s.roles])
    settings = scenario.settings("minimal", {})
    alone = World(scenario, settings, {role: name}, seeds=SEEDS)
    mixed = World(scenario, settings, {role: {name: alone.residents(role)}}, seeds=SEEDS)
    alone.play()
    mixed.play()
    assert mixed.digest() == alone.digest()


def test_the_order_of_the_members_decides_who_plays_what_and_so_the_ledger():
    first, second = ({"thompson": 2, "cheapest": 4}, {"cheapest": 4, "thompson": 2})
    assert play({"client": first}, seeds=SEEDS)[0].digest() != play({"client": second}, seeds=SEEDS)[0].digest()


@pytest.mark.parametrize("role", ["client", "provider"])
def test_every_agent_does_what_it_would_do_under_its_own_policy_alone(role):
    """In the middle of a market, tick by tick, in three worlds at once, memories included."""
    names = list(POLICIES[role])
    counts = [5, 9, 2, 12, 4] if role == "client" else [3, 1, 2, 2]
    agents = sum(counts)
    played = world(seeds=SEEDS, preset="standard", clients=32, providers=8, horizon=15, need_bps=6_000)
    mixed = Mixture(tuple(find(role, n)[1] for n in names), tuple(counts)).over(role, agents, MARKET.role(role).read)
    memory = np.zeros(3 * agents, memory_of(mixed))
    alone = {n: (find(role, n)[1], np.zeros(3 * agents, memory_of(find(role, n)[1]))) for n in names}
    owner = np.tile(np.repeat(names, counts), 3)
    different = 0
    while not played.done:
        view, heads = played.economy.views[role], played.economy.book.head[:, 0]

        def answer(policy, kept, view=view, heads=heads):
            dice = Dice(heads, played.tick, played.economy.names[role])
            return MARKET.role(role).read(decide(policy, view, kept, dice), view.size)

        actions = answer(mixed, memory)
        for name, (policy, kept) in alone.items():
            expected = answer(policy, kept)
            assert (actions[owner == name] == expected[owner == name]).all(), name
            different += (actions[owner != name] != expected[owner != name]).sum()
        played.step()
    assert different > 100, "the policies differ, so that a wrong split would show"


class Counting:
    """Counts how often it is asked, and for how many agents."""

    def __init__(self):
        self.asked = []

    def act(self, view, memory, dice):
        self.asked.append(view.size)
        return {}


def test_each_member_is_asked_once_a_tick_for_its_agents_of_all_worlds():
    few, many = Counting(), Counting()
    play({"client": {few: 2, many: 4}}, seeds=SEEDS)
    assert few.asked == [2 * 3] * 15
    assert many.asked == [4 * 3] * 15


def test_a_batch_of_worlds_equals_single_worlds():
    policies = {"client": "thompson:4+random:2", "provider": "low_effort:1+undercutting:2"}
    batch, _ = play(policies, seeds=SEEDS, threads=2)
    assert [batch.digest(w) for w in range(3)] == [play(policies, seeds=[seed])[0].digest() for seed in SEEDS]


def test_a_field_that_one_member_leaves_out_takes_its_default_there():
    def silent(view, memory, dice):
        return {"answer": 0}

    def stingy(view, memory, dice):
        return {"limit": 1.4, "hire": np.zeros(view.size)}

    mixed = world({"client": {silent: 2, stingy: 4}}, seeds=SEEDS)
    actions = mixed.actions()["client"].reshape(3, 6)
    assert (actions["limit"] == [-1, -1, 1, 1, 1, 1]).all()
    assert (actions["answer"] == [0, 0, 3, 3, 3, 3]).all()
    assert (actions["hire"] == [-1, -1, 0, 0, 0, 0]).all()


def test_a_mixture_is_given_as_a_mapping_as_text_or_as_it_is():
    expected = ("thompson:4+cheapest:2", Mixture((Thompson(), Cheapest()), (4, 2)))
    assert find("client", {"thompson": 4, "cheapest": 2}) == expected
    assert find("client", "thompson:4+cheapest:2") == expected
    assert find("client", Mixture(("thompson", "cheapest"), (4, 2))) == expected
    assert find("client", {Thompson: 4, Cheapest(): 2}) == ("Thompson:4+Cheapest:2", expected[1])


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("thompson", ()),
        ("mine.py:thrifty", ()),
        ("a+b:3/mine.py:thrifty", ()),
        ("thompson:32", (("thompson", 32),)),
        ("thompson:32+:5", ()),
        ("thompson:1" + "0" * 400, ()),
        ("mine.py:thrifty:20", (("mine.py:thrifty", 20),)),
        ("a+b/mine.py:thrifty:20+cheapest:12", (("a+b/mine.py:thrifty", 20), ("cheapest", 12))),
    ],
)
def test_only_what_ends_in_a_colon_and_digits_is_a_mixture(text, members):
    assert members_of(text) == members


def pick(view, memory, dice):
    return {"hire": 0}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"thompson": 20, "cheapest": 12}, r"policy client: a mixture of 20 \+ 12 agents given, .* add up to the 6 of the role"),
        ("thompson:4+cheapest:1", r"policy client: a mixture of 4 \+ 1 agents given"),
        ({"thompson": 0, "cheapest": 6}, "mixture: 0 agents given, allowed are whole numbers from 1"),
        ({"thompson": True, "cheapest": 5}, "mixture: True agents given"),
        ({"thompson": 5.0, "cheapest": 1}, "mixture: 5.0 agents given"),
        ({"thompson": 5, "cheap": 1}, "policy client=cheap: .*did you mean cheapest"),
        ("thompson:5+cheapest", "policy client=thompson:5.cheapest: .*NAME:AGENTS"),
        ("thompson+cheapest:6", "policy client=thompson.cheapest: no such policy"),
        ({}, "policy client: dict given, allowed is a name, .*numbers of agents"),
    ],
)
def test_a_wrong_mixture_is_refused_in_plain_words(wanted, message):
    with pytest.raises(InputError, match=message):
        sim.run("service_market", {"client": wanted}, seeds=1, preset="minimal")


def test_numbers_are_checked_in_every_arm_before_anything_is_played(tmp_path):
    ticks = []
    arms = ["cheapest", "thompson:4+cheapest:3"]
    with pytest.raises(InputError, match=r"4 \+ 3 agents given"):
        sim.run("service_market", {"client": arms}, seeds=1, preset="minimal", progress=lambda *done: ticks.append(done))
    assert ticks == []
    with pytest.raises(InputError, match=r"4 \+ 3 agents given"):
        sim.record("service_market", {"client": arms}, seeds=1, preset="minimal", out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_mixture_in_a_mixture_and_one_without_a_role_are_refused():
    inner = Mixture((Cheapest(),), (6,))
    with pytest.raises(InputError, match="another mixture given in it"):
        Mixture((inner,), (6,))
    with pytest.raises(InputError, match="2 policies and 1 numbers of agents given, allowed are as many"):
        Mixture((Cheapest(), Thompson()), (6,))
    with pytest.raises(InputError, match="it has no role yet"):
        Mixture((Counting(),), (6,)).act(np.zeros(6), np.zeros(6, memory_of(inner)), Dice(None, 0, np.arange(6)))


def test_a_view_of_another_number_of_agents_is_refused():
    mixed = Mixture((Cheapest(),), (6,))
    with pytest.raises(InputError, match="a view of 7 rows given, allowed are 6 in every world"):
        mixed.act(np.zeros(7, "i8"), np.zeros(7, memory_of(mixed)), Dice(None, 0, np.arange(7)))


def test_what_a_member_from_outside_does_wrong_names_it():
    def broken(view, memory, dice):
        return {"hire": 99}

    with pytest.raises(InputError, match="policy client=broken: action of client: hire is 99"):
        sim.run("service_market", {"client": {"cheapest": 3, broken: 3}}, seeds=1, preset="minimal")


def test_the_command_line_mixes_and_the_manifest_says_how_to_do_it_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def pick(view, memory, dice):\n    return {'hire': 0}\n")
    mixes = "thompson:4+cheapest:2,mine.py:pick:1+cheapest:5"
    common = ["--preset", "minimal", "--seeds", "2", "--no-report"]
    assert main(["run", "service_market", *common, "--policy", f"client={mixes}", "--out", "run"]) == 0
    manifest = read_manifest(tmp_path / "run")
    first, second = (arm["policies"]["client"] for arm in manifest["config"]["arms"])
    assert [arm["label"] for arm in manifest["config"]["arms"]] == [f"client={mix}" for mix in mixes.split(",")]
    assert (first["given"], first["source_sha256"]) == ("thompson:4+cheapest:2", None)
    assert first["settings"] == "4 x Thompson(spread=0.25) + 2 x Cheapest()"
    assert second["settings"] == "1 x ? + 5 x Cheapest()"
    assert len(second["source_sha256"]) == 64
    assert json.dumps(manifest["config"])
    text, shell = command(manifest)
    assert shell
    assert main([*shlex.split(text)[1:], "--no-report", "--out", "again"]) == 0
    again = sim.load(tmp_path / "again")
    assert again["digest"].tolist() == sim.load(tmp_path / "run")["digest"].tolist()
    mapped = sim.run("service_market", {"client": [{"thompson": 4, "cheapest": 2}, {pick: 1, "cheapest": 5}]}, 2, "minimal")
    assert mapped["digest"].tolist() == again["digest"].tolist()
