"""`ledgerlab train`: what it prints, what it keeps, and what it refuses."""

from pathlib import Path

import pytest

from agents.learned.bundle import load_bundle, read_card
from agents.registry import POLICIES
from chain.errors import InputError
from sim.cli import main
from tests.sim.trainings import learn


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_the_command_trains_compares_and_says_how_to_use_the_result(capsys):
    given = ["--preset", "minimal", "--set", "horizon=6", "--steps", "60", "--worlds", "4", "--held-out", "3", "--seed", "2"]
    tuned = ["--fields", "price,capacity", "--hyperparam", "n_steps=5", "--hyperparam", "policy_kwargs.net_arch=[8]"]
    assert (
        main(["train", "service_market", "--role", "provider", "--algo", "ppo", *given, *tuned, "--form", "multidiscrete"]) == 0
    )
    shown = capsys.readouterr()
    folder = Path("results/training-service_market-minimal-provider-ppo")
    assert shown.err == "Training provider with ppo, 4 worlds at once ...\n"
    assert (
        f"Use it: ledgerlab run service_market --preset minimal --set horizon=6 --policy provider={folder}/provider-ppo"
        in shown.out
    )
    for name in POLICIES["provider"]:
        assert name in shown.out
    encoding = load_bundle(folder / "provider-ppo").encoding
    assert (encoding.form, [field.name for field in encoding.fields]) == ("multidiscrete", ["price", "capacity"])


def test_the_command_trains_several_roles_with_settings_for_each(capsys):
    given = [
        "--preset",
        "minimal",
        "--steps",
        "60",
        "--worlds",
        "2",
        "--held-out",
        "2",
        "--schedule",
        "alternating",
        "--rounds",
        "2",
    ]
    tuned = [
        "--hyperparam",
        "n_steps=5",
        "--hyperparam",
        "client:ent_coef=0.5",
        "--form",
        "client=discrete",
        "--fields",
        "provider=price",
    ]
    assert main(["train", "service_market", "--role", "client,provider", *given, *tuned, "--out", "here", "--average"]) == 0
    card = {role: read_card(f"here/{role}-ppo") for role in ("client", "provider")}
    assert [one.hyperparameters["ent_coef"] for one in card.values()] == [0.5, 0.0]
    assert len(list(Path("here/rounds").iterdir())) == 4


def test_bars_with_the_mean_return_are_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    given = ["--preset", "minimal", "--steps", "60", "--worlds", "2", "--held-out", "2", "--hyperparam", "n_steps=5"]
    assert main(["train", "service_market", "--role", "provider", *given]) == 0
    assert "agent-steps, return" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--role", "provider", "--algo", "pop"], "algo: 'pop' given; allowed are ppo, maskable_ppo, dqn, q; did you mean ppo?"),
        (["--role", "providr"], "role: 'providr' given; allowed are client, provider; did you mean provider?"),
        (["--role", "provider,provider"], "--role: 'provider,provider' given"),
        (["--role", "client,provider", "--algo", "ppo,dqn,q"], "--algo: 3 given for 2 roles"),
        (["--role", "provider", "--algo", "dqn", "--form", "box"], "algo: dqn given for actions of the form box"),
        (
            ["--role", "provider", "--algo", "maskable_ppo", "--form", "box"],
            "algo: maskable_ppo given for actions of the form box",
        ),
        (["--role", "client", "--algo", "q", "--form", "multidiscrete"], "algo: q given for actions of the form multidiscrete"),
        (["--role", "provider", "--steps", "0"], "steps: 0 given, allowed is 1 to"),
        (["--role", "provider", "--steps", "many"], "--steps: 'many' given, allowed is a whole number"),
        (["--role", "provider", "--worlds", "0"], "worlds: 0 given, allowed is 1 to"),
        (["--role", "provider", "--seed", "-1"], "seed: -1 given"),
        (["--role", "provider", "--held-out", "1"], "held_out_worlds: 1 given"),
        (["--role", "provider", "--fields", "prize"], "fields: 'prize' given; .*did you mean price?"),
        (["--role", "provider", "--form", "cube"], "form: 'cube' given, allowed are box, multidiscrete, discrete"),
        (["--role", "client,provider", "--form", "box"], "--form: 'box' given, allowed is ROLE=VALUE"),
        (["--role", "client,provider", "--schedule", "alternate"], "schedule: 'alternate' given; .*did you mean alternating"),
        (["--role", "provider", "--hyperparam", "learning_rat=1"], "learning_rat: no such hyperparameter of ppo"),
        (["--role", "provider", "--hyperparam", "gamma=no"], "gamma: 'no' given"),
        (["--role", "provider", "--hyperparam", "client:gamma=0"], "--hyperparam: 'client:gamma=0' given"),
        (["--role", "provider", "--policy", "provider=cost_plus"], "policy: provider given, which learns"),
        (["--role", "provider", "--policy", "client=random,cheapest"], "--policy: several given for client"),
        (["--role", "provider", "--policy", "client=chepest"], "did you mean cheapest"),
        (["--role", "provider", "--preset", "tiny"], "preset: 'tiny' given"),
        (["--role", "provider", "--set", "seed=1"], "--set seed: no such parameter"),
        (["--role", "provider", "--set", "horizn=1"], "horizn: no such parameter of service_market"),
        (
            ["--role", "provider", "--algo", "q", "--hyperparam", "env_kwargs.frame_skip=2"],
            "frame_skip: 2 given, allowed for q is 1",
        ),
        (
            ["--role", "client,provider", "--hyperparam", "client:env_kwargs.frame_skip=2"],
            "frame_skip: 2 of client, 1 of provider given, allowed is the same",
        ),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(words, match, capsys):
    scenario = ["train", "service_market", *words]
    assert main([*scenario, "--out", "here"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("ledgerlab: ")
    import re

    assert re.search(match, line)
    assert list(Path().iterdir()) == []


def test_a_directory_with_something_in_it_is_not_touched(capsys):
    Path("here").mkdir()
    Path("here/mine.txt").write_text("keep me")
    assert main(["train", "service_market", "--role", "provider", "--out", "here"]) == 2
    assert "here exists already" in capsys.readouterr().err
    assert Path("here/mine.txt").read_text() == "keep me"
    with pytest.raises(InputError, match="here exists already"):
        learn(out="here")
