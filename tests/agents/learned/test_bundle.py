"""Policy bundles: what is saved comes back; what does not fit, or is not whole, is refused in one line."""

import json
from hashlib import sha256

import numpy as np
import pytest
from safetensors.numpy import load, save

from agents.learned import bundle
from agents.learned.bundle import DESCRIPTION, WEIGHTS, Card, load_bundle, read_card, save_bundle
from chain.errors import InputError
from tests.agents.learned.networks import CARD, EVERY_FORM, policy, views
from tests.agents.views import dice


@pytest.fixture
def folder(tmp_path):
    return save_bundle(tmp_path / "mine", policy(), CARD)


def rewrite(folder, change=lambda described: None, weights=None):
    """Change a bundle as somebody would who knows the format."""
    described = json.loads((folder / DESCRIPTION).read_text())
    if weights is not None:
        (folder / WEIGHTS).write_bytes(weights)
        described["weights_sha256"] = sha256(weights).hexdigest()
    change(described)
    (folder / DESCRIPTION).write_text(json.dumps(described))


@pytest.mark.parametrize(("role", "form", "kind"), EVERY_FORM)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_policy_that_was_saved_plays_as_before(tmp_path, role, form, kind, activation):
    made = policy(role, form, kind, activation=activation, masked=role == "client", deterministic=kind == "q")
    again, view = load_bundle(save_bundle(tmp_path / "deep" / "mine", made, CARD)), views(role, 200)
    assert again.encoding == made.encoding
    assert (again.deterministic, again.network.masked) == (made.deterministic, made.network.masked)
    assert {name: array.tobytes() for name, array in again.network.weights.items()} == {
        name: array.tobytes() for name, array in made.network.weights.items()
    }
    before, after = (one.act(view, None, dice(np.arange(200))) for one in (made, again))
    assert all((before[name] == after[name]).all() for name in before)


def test_the_card_comes_back_and_the_same_policy_gives_the_same_files(tmp_path, folder):
    assert read_card(folder) == CARD
    other = save_bundle(tmp_path / "other", policy(), CARD)
    assert sorted(file.name for file in other.iterdir()) == [DESCRIPTION, WEIGHTS]
    assert [(folder / name).read_bytes() for name in (DESCRIPTION, WEIGHTS)] == [
        (other / name).read_bytes() for name in (DESCRIPTION, WEIGHTS)
    ]


def test_a_bundle_is_replaced_and_nothing_else_is(tmp_path, folder):
    before = load_bundle(folder).network.weights["layers.0.bias"]
    save_bundle(folder, policy(seed=9), CARD)
    assert (load_bundle(folder).network.weights["layers.0.bias"] != before).any()
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="there is something else in it, allowed is a new or an empty directory, or a bundle"):
        save_bundle(tmp_path, policy(), CARD)
    with pytest.raises(InputError, match="can not be written"):
        save_bundle(tmp_path / "thesis.tex", policy(), CARD)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_crash_between_the_two_files_leaves_a_pair_that_is_refused(folder, monkeypatch):
    def crash(folder, name, write):
        if name == DESCRIPTION:
            raise KeyboardInterrupt
        durably(folder, name, write)

    durably = bundle.durably
    monkeypatch.setattr(bundle, "durably", crash)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(folder, policy(seed=9), CARD)
    with pytest.raises(InputError, match="is damaged, or not the one that belongs to"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [DESCRIPTION, WEIGHTS])
def test_a_bundle_without_one_of_its_files_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"bundle .*mine: {name} can not be read: No such file"):
        load_bundle(folder)


def test_every_byte_of_the_weights_counts_and_all_are_needed(folder):
    whole = (folder / WEIGHTS).read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in (0, 1, 8, 100, len(whole) - 1)] + [whole + b"\0"]
    for place in [0, 7, 8, len(whole) - 1, *rng.integers(0, len(whole), 40).tolist()]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for content in damaged:
        (folder / WEIGHTS).write_bytes(content)
        with pytest.raises(InputError, match=r"policy\.safetensors is damaged, or not the one that belongs to policy\.json"):
            load_bundle(folder)
    (folder / WEIGHTS).write_bytes(whole)
    load_bundle(folder)


def test_a_cut_description_is_refused(folder):
    whole = (folder / DESCRIPTION).read_bytes()
    for n in (0, 1, len(whole) // 2, len(whole) - 3):
        (folder / DESCRIPTION).write_bytes(whole[:n])
        with pytest.raises(InputError, match=r"policy\.json is not that of a policy"):
            load_bundle(folder)


def replaced(name, array):
    def change(weights):
        return {**weights, name: array}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("layers.0.bias", np.full(16, np.nan, "f4")), "layers.0.bias has nan in it, allowed are finite numbers"),
        (replaced("layers.0.bias", np.full(16, -np.inf, "f4")), "layers.0.bias has -inf in it"),
        (
            replaced("layers.0.bias", np.zeros(17, "f4")),
            r"layers.0.bias is float32 of shape \(17,\), allowed is float32 of shape \(16,\)",
        ),
        (replaced("layers.0.bias", np.zeros((16, 1), "f4")), "layers.0.bias is float32 of shape"),
        (replaced("layers.0.bias", np.zeros(16, "f8")), "'layers.0.bias' of F64 given, allowed are .* F32"),
        (replaced("layers.0.bias", np.zeros(16, "i4")), "'layers.0.bias' of I32 given"),
        (replaced("log_std", np.full(2, 30, "f4")), "log_std is .*, allowed is -20 to 20"),
        (replaced("../../evil", np.zeros(1, "f4")), "'../../evil' of F32 given, allowed are weights of a network"),
        (lambda weights: {}, "network: weights  given, allowed are layers.0.weight"),
    ],
)
def test_weights_that_do_not_fit_the_network_are_refused(folder, change, message):
    rewrite(folder, weights=save(change(load((folder / WEIGHTS).read_bytes()))))
    with pytest.raises(InputError, match=message):
        load_bundle(folder)


def at(*path, value):
    def change(described):
        for step in path[:-1]:
            described = described[step]
        described[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("format", value="ledgerlab run"), "is not that of a policy .'format'"),
        (at("version", value=2), "format version 2 given, allowed is 1"),
        (at("version", value="1"), "'version': Input should be a valid integer"),
        (at("extra", value=1), "'extra': Extra inputs are not permitted"),
        (at("weights_sha256", value="0" * 64), "is damaged"),
        (at("deterministic", value="yes"), "'deterministic'"),
        (at("network", "kind", value="cnn"), "network: kind is 'cnn', allowed are gaussian, categorical, q"),
        (at("network", "kind", value="q"), "log_std.*, allowed are layers.0.weight"),
        (at("network", "sizes", value=[65, 9, 8, 2]), "layers.0.weight is float32 of shape"),
        (at("network", "sizes", value=[]), "'network.sizes': Tuple should have at least 2 items"),
        (at("network", "sizes", value=[65] * 10**4), "'network.sizes': Tuple should have at most 8 items"),
        (at("network", "sizes", value=[65.5, 2]), "'network.sizes.0'"),
        (at("network", "activation", value="__import__('os')"), "activation is .*, allowed are tanh, relu"),
        (at("encoding", "form", value="dict"), "form: 'dict' given, allowed are box, multidiscrete, discrete"),
        (at("encoding", "form", value="discrete"), "network: gaussian given for the form discrete"),
        (at("encoding", "width", value=3), "encoding: word .* given, allowed is 0 to 2"),
        (at("encoding", "features", value=[]), "encoding: allowed are one or more features"),
        (at("encoding", "features", 0, "word", value=-1), "'encoding.features.0.word'"),
        (at("encoding", "features", 0, "word", value=10**6), "'encoding.features.0.word'"),
        (at("encoding", "features", 0, "scale", value=0), "encoding: allowed are .* scales from 1"),
        (at("encoding", "features", 0, "name", value="two\nlines"), "'encoding.features.0.name'"),
        (at("encoding", "fields", 0, "low", value=2**62), "encoding: price from .* allowed are rising ends"),
        (at("encoding", "fields", 0, "low", value=2**70), "'encoding.fields.0.low'"),
        (at("encoding", "fields", 0, "words", value=[10**4]), "encoding: word 10000 given"),
        (at("card", "score", "reward", value=float("nan")), "'card.score.reward'"),
        (at("card", "steps", value=-1), "'card.steps'"),
        (at("card", "seeds", value=[True]), "'card.seeds.0'"),
    ],
)
def test_a_description_that_is_not_allowed_is_refused(folder, change, message):
    load_bundle(folder)
    rewrite(folder, change)
    with pytest.raises(InputError, match=message) as error:
        load_bundle(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700
    assert str(error.value).startswith(f"bundle {folder}: ")


def test_a_card_is_checked_when_it_is_made():
    with pytest.raises(ValueError, match="finite number"):
        Card(**{**CARD.model_dump(), "score": {"reward": float("inf")}})
    with pytest.raises(ValueError, match="Extra inputs"):
        Card(**CARD.model_dump(), weather="fine")


def test_a_policy_that_can_not_be_written_leaves_the_files_as_they_were(folder):
    before = (folder / WEIGHTS).read_bytes(), (folder / DESCRIPTION).read_bytes()
    card = CARD.model_copy(update={"hyperparameters": {"clip_range": [float("inf")]}})
    with pytest.raises(InputError, match="the card holds a number that is not finite"):
        save_bundle(folder, policy(seed=9), card)
    assert ((folder / WEIGHTS).read_bytes(), (folder / DESCRIPTION).read_bytes()) == before


def test_larger_files_than_allowed_are_not_read(folder, monkeypatch):
    for name, limit in ((DESCRIPTION, "MOST_DESCRIPTION_BYTES"), (WEIGHTS, "MOST_WEIGHTS_BYTES")):
        size = (folder / name).stat().st_size
        with monkeypatch.context() as patch:
            patch.setattr(bundle, limit, size)
            load_bundle(folder)
            patch.setattr(bundle, limit, size - 1)
            with pytest.raises(InputError, match=f"{name} is larger than the {size - 1:_} bytes allowed"):
                load_bundle(folder)
    monkeypatch.setattr(bundle, "MOST_WEIGHTS_BYTES", 1_000)
    with pytest.raises(InputError, match=r"weights of .* bytes given, allowed are 1_000"):
        save_bundle(folder, policy(), CARD)
