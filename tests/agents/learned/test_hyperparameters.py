"""Hyperparameters: what ships is valid, what is given is checked by name, and YAML holds no surprises."""

import pytest

from agents.encoding import FORMS
from agents.learned.hyperparameters import FITTING, FOLDER, KINDS, check_form, hyperparameters, parse_overrides, shipped_entry
from agents.plain_yaml import MOST_BYTES, read_yaml
from chain.errors import InputError


@pytest.mark.parametrize("algo", list(KINDS))
def test_every_learner_ships_entries_that_are_valid(algo):
    text = (FOLDER / f"{algo}.yml").read_text()
    entries = read_yaml(text, algo)
    assert "default" in entries
    for name in entries:
        scenario, _, role = name.partition("-")
        h = hyperparameters(algo, entries["default"], entries[name])
        assert h.env_kwargs.form in (None, *FITTING[algo])
        assert name == "default" or (scenario and role)


def test_there_is_a_file_for_every_learner_and_no_other():
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(KINDS)


def test_the_entry_of_the_preset_goes_before_that_of_the_scenario_and_the_default():
    special = shipped_entry("ppo", "service_market", "monopoly", "provider")
    general = shipped_entry("ppo", "service_market", "standard", "provider")
    default = shipped_entry("ppo", "elsewhere", "standard", "nobody")
    assert [entry["gamma"] for entry in (special, general, default)] == [0.0, 0.99, 0.99]
    assert [entry["n_steps"] for entry in (special, general, default)] == [1, 57, 64]
    assert special["policy_kwargs"]["activation"] == "tanh", "what an entry leaves out is as in default, inside mappings too"


def test_what_is_given_later_counts_and_dots_reach_inside():
    h = hyperparameters(
        "ppo", {"gamma": 0.5, "policy_kwargs": {"net_arch": [8], "log_std_init": -1}}, {"policy_kwargs.net_arch": [4]}
    )
    assert (h.gamma, h.policy_kwargs.net_arch, h.policy_kwargs.log_std_init) == (0.5, [4], -1)


@pytest.mark.parametrize(
    ("algo", "given", "match"),
    [
        ("ppo", {"learning_rat": 1}, "learning_rat: no such hyperparameter of ppo; .* did you mean learning_rate"),
        ("dqn", {"n_steps": 1}, "n_steps: no such hyperparameter of dqn"),
        ("ppo", {"policy_kwargs.net_arc": [1]}, r"policy_kwargs.net_arc: no such .* in policy_kwargs; .* did you mean net_arch"),
        ("ppo", {"gamma": 1.5}, "gamma: 1.5 given, input should be less than or equal to 1"),
        ("q", {"gamma": 1}, "gamma: 1 given, input should be less than 1"),
        ("q", {"learning_rate": 0}, "learning_rate: 0 given, input should be greater than 0"),
        ("q", {"tables": 1.0}, "tables: 1.0 given, input should be a valid integer"),
        ("q", {"tables": 2**20 + 1}, "tables: 1048577 given"),
        ("q", {"probe_steps": 0}, "probe_steps: 0 given"),
        ("ppo", {"n_steps": 2.5}, "n_steps: 2.5 given, input should be a valid integer"),
        ("ppo", {"n_steps": True}, "n_steps: True given"),
        ("ppo", {"n_steps": "5"}, "n_steps: '5' given"),
        ("ppo", {"ent_coef": float("nan")}, "ent_coef: nan given"),
        ("ppo", {"learning_rate": "lin_fast"}, "learning_rate: 'lin_fast' given"),
        ("ppo", {"policy_kwargs.activation": "__import__('os')"}, "activation: .* given, input should be 'tanh' or 'relu'"),
        ("ppo", {"policy": "CnnPolicy"}, "policy: 'CnnPolicy' given"),
        ("ppo", {"env_kwargs": 3}, "env_kwargs: 3 given"),
        ("ppoo", {}, "algo: 'ppoo' given; .* did you mean ppo"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_by_name(algo, given, match):
    with pytest.raises(InputError, match=match) as refusal:
        hyperparameters(algo, given)
    assert "\n" not in str(refusal.value)


def test_forms_that_a_learner_can_not_learn_are_refused_and_those_who_can_are_named():
    for algo in KINDS:
        for form in FORMS:
            if form in FITTING[algo]:
                check_form(algo, form)
            else:
                with pytest.raises(InputError, match=f"{algo} given for actions of the form {form}.*can be learned by ppo"):
                    check_form(algo, form)


def test_overrides_are_read_as_yaml_each_once():
    assert parse_overrides(["gamma=0", "policy_kwargs={net_arch: [3]}"]) == {"gamma": 0, "policy_kwargs": {"net_arch": [3]}}
    for given, match in (
        (["gamma"], "NAME=VALUE"),
        (["=1"], "NAME=VALUE"),
        (["a=1", "a=2"], "given twice"),
        (["a=[1"], "expected"),
    ):
        with pytest.raises(InputError, match=match):
            parse_overrides(given)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("-5_000", -5_000), (".5", 0.5), ("2.", 2.0), ("true", True), ("~", None)]
    + [(text, text) for text in ("no", "1:30", "2001-01-01", "0x10", "012", "lin_1e-3", "yes", "<<")],
)
def test_a_value_is_what_it_looks_like(text, value):
    read = read_yaml(f"key: {text}", "test")["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: &x [1]\nb: *x", "line 1: anchors and aliases are not allowed"),
        ("a: !!python/object/apply:os.system [echo]", "tags are not allowed"),
        ("!!python/name:os.system", "tags are not allowed"),
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' given twice"),
        ("1: 2", "key '1' is no name"),
        ("? [1]\n: 2", "is no name"),
        ("[" * 50 + "]" * 50, "nested deeper than 8 levels"),
        ("a: [1", "expected"),
        ("a: 1\n---\nb: 2", "but found another document"),
        ("a: \x00", "no YAML"),
        ("#" * (MOST_BYTES + 1), "longer than"),
    ],
)
def test_yaml_that_could_surprise_is_refused(text, match):
    with pytest.raises(InputError, match=match):
        read_yaml(text, "test")
