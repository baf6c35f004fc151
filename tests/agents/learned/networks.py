"""Networks with random weights, made for an encoding, and views with random numbers."""

from typing import Any

import numpy as np

from agents.encoding import Encoding
from agents.learned.bundle import Card
from agents.learned.network import Network, shapes_of
from agents.learned.policy import LearnedPolicy
from sim.encodings import encoding_of
from sim.scenario import layout
from tests.sim.worlds import MARKET

SETTINGS = MARKET.settings("minimal", {})
CARD = Card(
    about="Random weights, for tests.",
    preset="minimal",
    parameters=SETTINGS.model_dump(),
    algo="none",
    hyperparameters={"net_arch": [8, 8], "gamma": 0.5},
    steps=0,
    seeds=(0, 1),
    versions={"ledgerlab": "0"},
    score={"reward": 0.25},
)
EVERY_FORM = [
    ("provider", "box", None),
    ("provider", "multidiscrete", None),
    ("client", "multidiscrete", None),
    ("client", "discrete", None),
    ("provider", "discrete", "q"),
]
"""Role, form, and the kind of network if it is not the usual one."""


def encoding(role: str = "provider", form: str | None = None, **given: Any) -> Encoding:
    return encoding_of(MARKET, role, MARKET.settings("minimal", given), form=form)


def weights(kind: str, sizes: tuple[int, ...], seed: int = 0, size: float = 1.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = shapes_of(kind, sizes)
    return {name: (size * rng.normal(size=shape) / shape[-1] ** 0.5).astype(np.float32) for name, shape in shapes.items()}


def network(made: Encoding, kind: str | None = None, *, hidden: Any = (16, 8), activation: str = "tanh", **given: Any) -> Network:
    masked = given.pop("masked", False)
    kind = kind or ("gaussian" if made.form == "box" else "categorical")
    outputs = {"box": len(made.fields), "multidiscrete": sum(made.levels), "discrete": made.choices}[made.form]
    sizes = (len(made.features), *hidden, outputs)
    return Network(kind, activation, sizes, weights(kind, sizes, **given), masked)


def policy(role: str = "provider", form: str | None = None, kind: str | None = None, **given: Any) -> LearnedPolicy:
    deterministic = given.pop("deterministic", True)
    made = encoding(role, form)
    return LearnedPolicy(made, network(made, kind, **given), deterministic)


def views(role: str, rows: int, seed: int = 0) -> Any:
    """Views with anything in them, a third of the offers missing."""
    rng = np.random.default_rng(seed)
    made = np.zeros(rows, layout(MARKET.role(role).view))
    words = made.view(np.int64).reshape(rows, -1)
    words[:] = rng.integers(0, 150_000_000, words.shape) >> rng.integers(0, 27, words.shape)
    made["offers"]["address"][rng.random((rows, 16)) < 0.3] = -1
    return made
