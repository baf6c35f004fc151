"""A network as plain data: its description, and its weights by name.

It is a multilayer perceptron, what Stable-Baselines3 calls MlpPolicy: layers of weights and biases with one activation between
them. What its outputs mean is its kind:

- ``gaussian``: the mean of each field in [-1, 1], with the logarithm of a standard deviation beside it that depends on nothing;
- ``categorical``: a logit for each level of each field, or for each action of the form `discrete`;
- ``q``: the value of each action of the form `discrete`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.errors import InputError

KINDS = ("gaussian", "categorical", "q")
ACTIVATIONS = ("tanh", "relu")
MOST_LAYERS = 7
WIDEST = 4_096
"""With these limits no sum of float32 weights leaves the range of float64, so that outputs are finite."""
LOUDEST = 20
"""The logarithm of a standard deviation is at most this, and at least its negative."""


@dataclass(frozen=True, eq=False)
class Network:
    """A multilayer perceptron with its weights.

    Weights are float32 arrays, named and laid out as torch does: ``layers.0.weight`` of shape (outputs, inputs),
    ``layers.0.bias``, ``layers.1.weight`` and so on; ``log_std`` of shape (outputs of the last layer,) for a `gaussian` one.

    Raises:
        InputError: a description that is not allowed, or weights that are not its own.
    """

    kind: str
    """One of `KINDS`."""
    activation: str
    """Between the layers, one of `ACTIVATIONS`."""
    sizes: tuple[int, ...]
    """Number of inputs, of units in each hidden layer, and of outputs."""
    weights: Mapping[str, NDArray[np.float32]] = field(repr=False)
    masked: bool = False
    """Whether it was trained with masks: it then chooses among valid levels alone."""

    def __post_init__(self) -> None:
        """Refuse what can not be evaluated; keep copies of the weights that nobody can write to."""
        for name, given, allowed in (("kind", self.kind, KINDS), ("activation", self.activation, ACTIVATIONS)):
            if given not in allowed:
                raise InputError(f"network: {name} is {given!r}, allowed are {', '.join(allowed)}")
        if not 2 <= len(self.sizes) <= MOST_LAYERS + 1 or not all(1 <= size <= WIDEST for size in self.sizes):
            raise InputError(f"network: sizes are {self.sizes}, allowed are 2 to {MOST_LAYERS + 1} of them from 1 to {WIDEST}")
        shapes = shapes_of(self.kind, self.sizes)
        if self.weights.keys() != shapes.keys():
            raise InputError(f"network: weights {', '.join(self.weights)} given, allowed are {', '.join(shapes)}")
        kept = {}
        for name, shape in shapes.items():
            array = self.weights[name]
            if array.dtype != np.float32 or array.shape != shape:
                raise InputError(f"network: {name} is {array.dtype} of shape {array.shape}, allowed is float32 of shape {shape}")
            if not np.isfinite(array).all():
                raise InputError(f"network: {name} has {array[~np.isfinite(array)][0]} in it, allowed are finite numbers")
            kept[name] = np.array(array, np.float32, order="C")
            kept[name].flags.writeable = False
        if "log_std" in kept and not (np.abs(kept["log_std"]) <= LOUDEST).all():
            raise InputError(f"network: log_std is {kept['log_std'].tolist()}, allowed is -{LOUDEST} to {LOUDEST}")
        object.__setattr__(self, "weights", MappingProxyType(kept))
        object.__setattr__(self, "sizes", tuple(int(size) for size in self.sizes))

    @cached_property
    def flat(self) -> NDArray[np.float64]:
        """The weights and then the biases of each layer, layer after layer, as the evaluator reads them."""
        layers = range(len(self.sizes) - 1)
        parts = [self.weights[f"layers.{k}.{part}"].ravel() for k in layers for part in ("weight", "bias")]
        return np.concatenate(parts).astype(np.float64)

    def as_json(self) -> dict[str, Any]:
        """The description, without the weights: plain data for a file."""
        return {"kind": self.kind, "activation": self.activation, "sizes": list(self.sizes), "masked": self.masked}


def shapes_of(kind: str, sizes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the weights of such a network."""
    shapes: dict[str, tuple[int, ...]] = {}
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        shapes |= {f"layers.{k}.weight": (outputs, inputs), f"layers.{k}.bias": (outputs,)}
    return shapes | ({"log_std": (sizes[-1],)} if kind == "gaussian" else {})
