"""The evaluator: what a network says, and that no row's answer depends on the rows around it."""

import hashlib
import threading

import numpy as np
import pytest

from agents.learned.evaluator import TILE, choose, outputs_of, tanh
from agents.learned.network import LOUDEST, MOST_LAYERS, WIDEST, Network
from chain.errors import InputError
from tests.agents.learned.networks import encoding, network, weights
from tests.chain.markets import python

ROWS = 513
FEATURES = np.random.default_rng(5).uniform(-1, 10, (ROWS, 65)).astype(np.float32)
BYTES = "from tests.agents.learned.test_evaluator import fingerprint; from chain.rule import MODE; print(MODE, fingerprint())"


def market_network(activation="tanh", hidden=(64, 64)):
    made = network(encoding(), activation=activation, hidden=hidden, seed=3)
    assert made.sizes[0] == FEATURES.shape[1]
    return made


def plain(net, seen):
    """The same network in five lines of NumPy."""
    x = seen.astype(np.float64)
    last = len(net.sizes) - 2
    for k in range(last + 1):
        x = x @ net.weights[f"layers.{k}.weight"].T.astype(np.float64) + net.weights[f"layers.{k}.bias"]
        if k < last:
            x = np.tanh(x) if net.activation == "tanh" else np.maximum(x, 0)
    return x


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (7,), (64, 64), (3, 130, 5)])
def test_a_network_says_what_its_formula_says(activation, hidden):
    net = market_network(activation, hidden)
    np.testing.assert_allclose(outputs_of(net, FEATURES), plain(net, FEATURES), rtol=1e-11, atol=1e-12)


def test_tanh_is_the_hyperbolic_tangent():
    x = np.concatenate([np.linspace(-25, 25, 4_001), [-1e300, 1e300, 0.0, 1e-9, 710.0, -750.0]])
    np.testing.assert_allclose([tanh(float(one)) for one in x], np.tanh(x), rtol=0, atol=1e-15)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("size", [1, 7, 64, 513])
def test_a_row_says_the_same_in_a_batch_of_any_size(activation, size):
    net = market_network(activation)
    whole = outputs_of(net, FEATURES)
    parts = [outputs_of(net, FEATURES[first : first + size]) for first in range(0, ROWS, size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_a_row_says_the_same_at_every_place_and_whoever_is_beside_it():
    net, one = market_network(), FEATURES[100]
    alone = outputs_of(net, one[None]).tobytes()
    for place in range(64):
        batch = np.random.default_rng(place).uniform(-1, 10, (64, 65)).astype(np.float32)
        batch[place] = one
        assert outputs_of(net, batch)[place].tobytes() == alone
    assert len({row.tobytes() for row in outputs_of(net, FEATURES[: 2 * TILE])}) == 2 * TILE, "other rows say something else"


def test_two_threads_say_what_one_says():
    net, out = market_network(), {}
    halves = (slice(0, 256), slice(256, ROWS))
    threads = [threading.Thread(target=lambda h=h: out.update({h.start: outputs_of(net, FEATURES[h])})) for h in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.concatenate([out[0], out[256]]).tobytes() == outputs_of(net, FEATURES).tobytes()


def fingerprint():
    """Of outputs of both activations and of levels, best and drawn."""
    sha = hashlib.sha256()
    for activation in ("tanh", "relu"):
        scores = outputs_of(market_network(activation, (6, 5)), FEATURES[:50])
        out, levels = np.empty((50, 1), np.int64), np.array([2])
        for units in (np.empty((50, 0)), np.linspace(0, 0.999, 50)[:, None]):
            choose(scores, np.ones((50, 2), np.bool_), levels, units, out)
            sha.update(out.tobytes())
        sha.update(scores.tobytes())
    return sha.hexdigest()


def test_interpreted_and_compiled_say_the_same_bytes():
    interpreted, compiled = python(BYTES, NUMBA_DISABLE_JIT="1").split(), python(BYTES).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1] == compiled[1] == fingerprint()


def test_no_allowed_weights_make_an_output_that_is_no_number():
    """Seven layers of the largest float32 on features of the largest size."""
    sizes = (2, *[2] * (MOST_LAYERS - 1), 2)
    loud = {name: np.full_like(array, np.finfo(np.float32).max) for name, array in weights("q", sizes).items()}
    outputs = outputs_of(Network("q", "relu", sizes, loud), np.full((1, 2), 10, np.float32))
    assert np.isfinite(outputs).all()
    most = (np.log10(float(np.finfo(np.float32).max)) + np.log10(WIDEST + 1)) * MOST_LAYERS + 1
    assert outputs.max() > 1e200
    assert most < np.log10(np.finfo(np.float64).max), "and the widest ones neither"


def chosen(scores, valid, levels, units=None):
    scores, valid = np.array(scores, np.float64), np.array(valid, np.bool_)
    out = np.empty((len(scores), len(levels)), np.int64)
    choose(scores, valid, np.array(levels, np.int64), np.empty((len(scores), 0)) if units is None else units, out)
    return out.tolist()


def test_the_best_level_is_taken_of_each_field_the_lowest_of_equal_ones():
    assert chosen([[1, 3, 3, 0, -1]], [[1, 1, 1, 1, 1]], [3, 2]) == [[1, 0]]
    assert chosen([[1, 3, 3, -2, -1]], [[1, 0, 1, 1, 0]], [3, 2]) == [[2, 0]]
    assert chosen([[1, 3, 3]], [[0, 0, 0]], [3]) == [[0]], "no level is valid"


def test_levels_are_drawn_with_the_probabilities_of_the_softmax_of_the_valid_ones():
    """Chi-square with 2 degrees of freedom on 20,000 draws; wrong with probability 1e-4."""
    n, scores = 20_000, np.array([0.5, -1.0, 2.0, 30.0])
    units = np.random.default_rng(12).random((n, 1))
    drawn = np.array(chosen(np.tile(scores, (n, 1)), np.tile([1, 1, 1, 0], (n, 1)), [4], units))[:, 0]
    expected = n * np.exp(scores[:3]) / np.exp(scores[:3]).sum()
    counts = np.bincount(drawn, minlength=4)
    assert counts[3] == 0, "the masked level"
    assert ((counts[:3] - expected) ** 2 / expected).sum() < 18.42


def test_a_drawn_level_is_valid_at_the_ends_of_the_draw_too():
    scores, valid = [[0.1, 0.2, 0.3, 0.4]], [[0, 1, 1, 0]]
    assert chosen(scores, valid, [4], np.array([[0.0]])) == [[1]]
    assert chosen(scores, valid, [4], np.array([[1 - 2**-53]])) == [[2]]
    assert chosen(scores, [[0, 0, 0, 0]], [4], np.array([[0.7]])) == [[0]]


GOOD = weights("gaussian", (3, 4, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "cnn"}, "kind is 'cnn', allowed are gaussian, categorical, q"),
        ({"activation": "gelu"}, "activation is 'gelu', allowed are tanh, relu"),
        ({"sizes": (3,)}, "sizes are .3,., allowed are 2 to 8 of them from 1 to 4096"),
        ({"sizes": (3, 0, 2)}, "sizes are"),
        ({"sizes": (3, 5_000, 2)}, "sizes are"),
        ({"sizes": (3,) * 9}, "sizes are"),
        ({"sizes": (3, 5, 2)}, "layers.0.weight is float32 of shape .4, 3., allowed is float32 of shape .5, 3."),
        ({"kind": "q"}, "weights .*log_std given, allowed are layers.0.weight"),
        ({"weights": {}}, "weights  given, allowed are layers.0.weight"),
        ({"weights": GOOD | {"layers.1.bias": np.zeros(2)}}, "layers.1.bias is float64"),
        ({"weights": GOOD | {"layers.1.bias": np.array([0, np.nan], "f4")}}, "layers.1.bias has nan in it, allowed are finite"),
        ({"weights": GOOD | {"layers.1.bias": np.array([np.inf, 0], "f4")}}, "layers.1.bias has inf in it"),
        ({"weights": GOOD | {"log_std": np.array([0, LOUDEST + 1], "f4")}}, "log_std is .*, allowed is -20 to 20"),
    ],
)
def test_a_network_that_can_not_be_evaluated_is_refused(given, message):
    allowed = {"kind": "gaussian", "activation": "tanh", "sizes": (3, 4, 2), "weights": GOOD}
    Network(**allowed)
    with pytest.raises(InputError, match=message):
        Network(**{**allowed, **given})


def test_nobody_can_write_to_the_weights_of_a_network():
    mine = {name: array.copy() for name, array in GOOD.items()}
    net = Network("gaussian", "tanh", (3, 4, 2), mine)
    mine["layers.0.bias"][:] = 5
    assert net.weights["layers.0.bias"].max() < 5
    with pytest.raises(ValueError, match="read-only"):
        net.weights["layers.0.bias"][:] = 5
