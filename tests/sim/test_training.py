"""Training from a scenario: what is refused, what is kept, and that what was learned plays as it was trained."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import sim
from agents.learned.bundle import load_bundle, read_card
from agents.learned.from_sb3 import from_sb3
from agents.learned.hyperparameters import hyperparameters
from agents.learned.learners import build
from agents.learned.training import returns
from agents.registry import POLICIES
from chain.errors import InputError
from sim.cli import main
from sim.encodings import encoding_of
from sim.fronts.joint import JointWorlds
from sim.fronts.sb3_vec_env import LedgerVecEnv
from sim.training.keeping import read_evaluations
from sim.training.plan import Learn, plan_training
from sim.training.scoring import COIN, HELD_OUT, Among, scores
from sim.world import World
from tests.sim.trainings import QUICK, SETTINGS, learn
from tests.sim.worlds import MARKET


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("algo", ["ppo", "q"])
def test_a_training_directory_holds_policy_logs_curve_scores_and_a_manifest_that_vouches_for_them(algo):
    training = learn({"provider": Learn(algo, SETTINGS[algo])}, seed=3, out="here")
    folder = training.folder
    assert folder == Path("here")
    manifest = json.loads((folder / "manifest.json").read_text())
    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == names
    expected = {
        "evaluations.csv",
        "learning_curve.png",
        "scores.csv",
        "provider/progress.csv",
        f"provider-{algo}/policy.safetensors",
    }
    assert expected < names
    assert any("tfevents" in name for name in names)
    assert manifest["complete"] is True
    given = manifest["config"]["learners"]["provider"]["hyperparameters"]
    assert given["n_envs"] == 4
    assert given.items() >= {name: value for name, value in SETTINGS[algo].items() if "." not in name}.items()
    assert manifest["results"]["provider"]["weights_sha256"] == training.trained["provider"].weights_sha256
    assert manifest["versions"]["torch"] != "unknown"
    evaluations = read_evaluations(folder)
    assert evaluations["steps"].tolist() == [0, 36, 60]
    with (folder / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["policy"] for row in rows} == {"learned", *POLICIES["provider"]}
    assert len(rows) == 3 * (1 + len(POLICIES["provider"]))
    last = training.trained["provider"].curve[-1].scores
    assert np.array_equal(last, training.scores["provider"]["learned"])
    assert evaluations["mean"][-1] == pytest.approx(last.mean())
    card = read_card(folder / f"provider-{algo}")
    assert (card.steps, card.seeds, card.algo) == (60, (3,), algo)


@pytest.mark.parametrize("algo", ["ppo", "q"])
def test_what_was_learned_plays_by_the_path_of_its_directory(algo, capsys):
    learn({"provider": Learn(algo, SETTINGS[algo])}, out="here")
    mine = f"provider-{algo}"
    rows = sim.run("service_market", {"provider": ["cost_plus", f"here/{mine}"]}, seeds=2, preset="minimal")
    assert rows.arm.unique().tolist() == ["provider=cost_plus", f"provider={mine}"]
    played = ["run", "service_market", "--preset", "minimal", "--seeds", "2", "--policy", f"provider=here/{mine}"]
    assert main(played) == 0
    checkpoints = sorted(Path("here/checkpoints").iterdir())
    assert [folder.name for folder in checkpoints] == [f"{mine}-0", f"{mine}-36", f"{mine}-60"]
    first, _, last, final = (Path(folder, "policy.safetensors").read_bytes() for folder in (*checkpoints, Path("here", mine)))
    assert first != last == final


@pytest.mark.parametrize("algo", ["ppo", "q"])
def test_the_same_seed_gives_the_same_weights_and_scores_and_another_seed_others(algo):
    first, again, other = (learn({"provider": Learn(algo, SETTINGS[algo])}, seed=seed) for seed in (1, 1, 2))
    assert len({one.folder for one in (first, again, other)}) == 3, "never over another"
    hashes = [one.trained["provider"].weights_sha256 for one in (first, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert np.array_equal(first.scores["provider"]["learned"], again.scores["provider"]["learned"])


@pytest.mark.parametrize(("algo", "form"), [("ppo", "box"), ("q", "discrete")])
def test_roles_learn_together_with_spaces_and_learners_of_their_own(algo, form):
    for schedule in ("independent", "alternating"):
        training = learn(
            {"client": Learn("maskable_ppo", QUICK), "provider": Learn(algo, SETTINGS[algo])},
            steps=120,
            schedule=schedule,
            rounds=2,
            average=schedule == "alternating",
            out=schedule,
        )
        assert {role: policy.encoding.form for role, policy in training.policies.items()} == {
            "client": "multidiscrete",
            "provider": form,
        }
        both = {"client": f"{schedule}/client-maskable_ppo", "provider": f"{schedule}/provider-{algo}"}
        assert all(Path(folder, "policy.json").is_file() for folder in both.values())
        assert Path(schedule, "rounds").is_dir() == (schedule == "alternating")
        assert set(read_evaluations(Path(schedule))["role"]) == {"client", "provider"}
        assert len(sim.run("service_market", both, seeds=2, preset="minimal")) == 2


def test_one_learner_among_peers_is_scored_by_its_own_gain():
    training = learn({"provider": Learn("ppo", {**QUICK, "env_kwargs.focal": True})}, policies={"provider": "undercutting"})
    assert training.plan.peers.keys() == {"provider"}
    assert training.trained["provider"].steps == 60
    among = scores(MARKET, training.plan.parameters, {"provider": "cost_plus"}, ["provider"], 3, {"provider": "cost_plus"})
    world = World(MARKET, training.plan.parameters, {}, seeds=HELD_OUT + np.arange(3))
    world.play()
    gains = world.economy.gains()["provider"].reshape(3, -1) / COIN
    assert np.array_equal(among["provider"], gains[:, 0])
    assert np.array_equal(training.scores["provider"]["undercutting"], scores_of_all(training, "undercutting")[:, 0])


def scores_of_all(training, name):
    """Gains of every provider where all play this policy, shape (worlds, providers)."""
    world = World(MARKET, training.plan.parameters, {"provider": name}, seeds=HELD_OUT + np.arange(3))
    world.play()
    return world.economy.gains()["provider"].reshape(3, -1) / COIN


def test_among_its_peers_an_agent_plays_its_own_policy_and_they_theirs():
    role = MARKET.role("provider")
    mixed = Among(role, lambda view, memory, dice: {"price": 7}, lambda view, memory, dice: {"price": 9, "tip": 1}, 3)
    actions = mixed.act(np.zeros(6), np.zeros(6, mixed.memory), None)
    assert actions["price"].tolist() == [7, 9, 9, 7, 9, 9]
    assert actions["tip"].tolist() == [0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize("ticks", [1, 4, 100])
def test_a_policy_that_holds_its_answers_plays_as_the_environment_that_it_was_trained_in(ticks):
    """Torch and the evaluator differ in the last bits, and prices by a millionth of a coin at most."""
    env = LedgerVecEnv("service_market", "provider", 5, preset="minimal", frame_skip=ticks, seed=4)
    model = build(env, "ppo", hyperparameters("ppo", QUICK), 1, 60)
    world = World(
        MARKET, env.parameters, {"provider": from_sb3(model, env.encoding, hold=ticks)}, seeds=[6] * 5, worlds=np.arange(5)
    )
    asked = []
    while not world.done:
        asked.append(world.actions()["provider"]["price"].copy()) if ticks == 100 else None
        world.step()
    assert ticks < 100 or all(np.array_equal(prices, asked[0]) for prices in asked)
    scale = env.parameters.value_high
    gains = world.economy.gains()["provider"].reshape(5, -1).mean(axis=1) / scale
    assert returns(model, env, 6) == pytest.approx(gains, abs=1e-4)


def test_for_how_long_answers_are_held_is_kept_with_the_policy():
    learn({"provider": Learn("ppo", {**QUICK, "env_kwargs.frame_skip": 4})}, out="here")
    assert load_bundle("here/provider-ppo").hold == 4
    description = Path("here/provider-ppo/policy.json")
    description.write_text(description.read_text().replace('"hold": 4', '"hold": 0'))
    with pytest.raises(InputError, match="'hold': Input should be greater than or equal to 1"):
        load_bundle("here/provider-ppo")


def test_the_stage_of_one_role_is_its_vec_env():
    settings = MARKET.settings("minimal", {})
    for focal in (False, True):
        env = LedgerVecEnv("service_market", "client", 3, preset="minimal", seed=5, frame_skip=2, focal=focal)
        encoding = encoding_of(MARKET, "client", settings)
        focals = ("client",) if focal else ()
        stage = JointWorlds(MARKET, settings, {"client": encoding}, 3, seed=5, frame_skip=2, focal=focals)
        assert (stage.rows["client"], *stage.space["client"]) == (env.num_envs, env.observation_space, env.action_space)
        assert np.array_equal(env.reset(), stage.reset()["client"])
        rng = np.random.default_rng(1)
        for _ in range(20):
            assert np.array_equal(env.action_masks(), stage.masks("client"))
            answers = rng.integers(0, encoding.levels, (env.num_envs, 2))
            seen, rewards, dones, _ = env.step(answers)
            for mine, theirs in zip(stage.step({"client": answers})["client"], (seen, rewards, dones), strict=False):
                assert np.array_equal(mine, theirs)


def test_a_policy_from_outside_that_fails_ends_the_training_and_leaves_nothing_behind():
    def breaks(view, memory, dice):
        if view["ticks_left"][0] < 5:
            raise ZeroDivisionError("oh")
        return {}

    for out in (None, "new/here"):
        with pytest.raises(InputError, match=r"policy client=breaks: raised ZeroDivisionError: oh"):
            learn(policies={"client": breaks}, out=out)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(("algo", "tuned"), [("ppo", ["n_steps=5"]), ("q", ["features=[cost]"])])
def test_ctrl_c_keeps_what_was_learned_and_says_so(algo, tuned, capsys, monkeypatch):
    calls = []

    def stop(progress):
        def told(*given):
            calls.append(given)
            if len(calls) == 9:
                raise KeyboardInterrupt
            progress(*given)

        return told

    import sim.training.keeping as keeping

    plain = keeping.run
    monkeypatch.setattr(keeping, "run", lambda plan, folder, seen, progress: plain(plan, folder, seen, stop(progress)))
    given = ["--preset", "minimal", "--worlds", "2", "--held-out", "2", "--out", "here", "--hyperparam", *tuned]
    assert main(["train", "service_market", "--role", "provider", "--algo", algo, *given]) == 130
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1] == "ledgerlab: stopped: what was learned until then is kept in here"
    assert f"learned ({algo})" in shown.out
    manifest = json.loads(Path("here/manifest.json").read_text())
    assert manifest["complete"] is False
    assert manifest["results"]["provider"]["steps"] == read_card(f"here/provider-{algo}").steps == 48


def test_ctrl_c_after_learning_keeps_the_checkpoints(monkeypatch):
    import sim.training.keeping as keeping

    def stopped(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(keeping, "publish", stopped)
    with pytest.raises(KeyboardInterrupt, match="the checkpoints are kept in here"):
        learn(out="here")
    assert load_bundle("here/checkpoints/provider-ppo-60").hold == 1
    assert not Path("here/manifest.json").exists()


def test_a_plan_takes_settings_from_files_then_from_the_user():
    plan = plan_training("service_market", {"provider": Learn("ppo", {"n_epochs": 3})}, preset="monopoly")
    h = plan.learners["provider"].hyperparameters
    assert (h.n_epochs, h.gamma, plan.frame_skip, plan.worlds) == (3, 0.0, 57, 64)
    assert [field.name for field in plan.encodings["provider"].fields] == ["price"]
    other = plan_training(
        "service_market", {"provider": Learn("ppo", {"env_kwargs.fields": ["stake"]}, fields=["tip"])}, worlds=3
    )
    assert ([field.name for field in other.encodings["provider"].fields], other.worlds) == (["tip"], 3)
