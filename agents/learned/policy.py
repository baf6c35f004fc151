"""A learned policy: a network between what a role sees and what it does."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.learned.evaluator import choose, outputs_of
from agents.learned.network import Network
from agents.policy import Action, Dice, Memory, View
from chain.errors import InputError, whole

MOST_TICKS = 2**31


@dataclass(frozen=True, eq=False)
class LearnedPolicy:
    """Plays what a network has learned; its draws are the dice's. It remembers nothing but the answer that it holds.

    A `gaussian` network plays its mean, or its mean plus standard deviation × a normal draw, clipped to [-1, 1]. A `categorical`
    one plays the level of the highest logit, or one drawn by their softmax, field by field. A `q` one plays the action of the
    highest value.

    Raises:
        InputError: the network is not one for this encoding.
    """

    encoding: Encoding
    network: Network
    deterministic: bool = True
    hold: int = 1
    """Ticks for which an answer is held before the next is given, as in training."""

    def __post_init__(self) -> None:
        """Refuse a network of other inputs, outputs or kind."""
        encoding, network = self.encoding, self.network
        kinds, outputs = {
            "box": (("gaussian",), len(encoding.fields)),
            "multidiscrete": (("categorical",), sum(encoding.levels)),
            "discrete": (("categorical", "q"), encoding.choices),
        }[encoding.form]
        if network.kind not in kinds:
            raise InputError(f"network: {network.kind} given for the form {encoding.form}, allowed is {' or '.join(kinds)}")
        ends = (len(encoding.features), outputs)
        if (network.sizes[0], network.sizes[-1]) != ends:
            raise InputError(
                f"network: {network.sizes[0]} inputs and {network.sizes[-1]} outputs given, the {encoding.role} of "
                f"{encoding.scenario} has {ends[0]} and {ends[1]}"
            )
        whole("hold", self.hold, 1, MOST_TICKS)
        if network.kind == "q" and not self.deterministic:
            raise InputError("deterministic: False given, allowed for a q network is True")

    @cached_property
    def memory(self) -> np.dtype[Any]:
        """What is remembered: nothing, or the answer that is held and for how many ticks more."""
        held = [("ticks_held", np.int64), *((field.name, np.int64) for field in self.encoding.fields)]
        return np.dtype(held if self.hold > 1 else [])

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Decide for every row of the view, each by itself, unless it holds an answer."""
        if self.hold == 1:
            return self._decide(view, dice)
        due = memory["ticks_held"] == 0
        if due.any():
            for name, values in self._decide(view, dice).items():
                memory[name][due] = values[due]
            memory["ticks_held"][due] = self.hold
        memory["ticks_held"] -= 1
        return {field.name: memory[field.name] for field in self.encoding.fields}

    def _decide(self, view: View, dice: Dice) -> dict[str, NDArray[np.int64]]:
        outputs = outputs_of(self.network, self.encoding.observe(view))
        answers = self._numbers(outputs, dice) if self.encoding.form == "box" else self._levels(view, outputs, dice)
        return self.encoding.act(answers, view.size)

    def _numbers(self, means: NDArray[np.float64], dice: Dice) -> NDArray[np.float64]:
        """One number in [-1, 1] per field."""
        if not self.deterministic:
            means = means + np.exp(self.network.weights["log_std"].astype(np.float64)) * dice.normal(means.shape[1])
        return means.clip(-1, 1)

    def _levels(self, view: View, scores: NDArray[np.float64], dice: Dice) -> NDArray[np.int64]:
        """One level per field; for the form `discrete` one number in all."""
        discrete = self.encoding.form == "discrete"
        levels = np.array([self.encoding.choices] if discrete else self.encoding.levels, np.int64)
        masked = self.network.masked and self.encoding.masked
        valid = self.encoding.masks(view) if masked else np.ones(scores.shape, np.bool_)
        units = np.empty((view.size, 0)) if self.deterministic else dice.uniform(levels.size)
        out = np.empty((view.size, levels.size), np.int64)
        choose(scores, valid, levels, units, out)
        return out[:, 0] if discrete else out
