"""A learned policy: a network between what a role sees and what it does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.learned.evaluator import choose, outputs_of
from agents.learned.network import Network
from agents.policy import Action, Dice, Memory, View
from chain.errors import InputError


@dataclass(frozen=True, eq=False)
class LearnedPolicy:
    """Plays what a network has learned; it remembers nothing, and its draws are the dice's.

    A `gaussian` network plays its mean, or its mean plus standard deviation × a normal draw, clipped to [-1, 1]. A `categorical`
    one plays the level of the highest logit, or one drawn by their softmax, field by field. A `q` one plays the action of the
    highest value.

    Raises:
        InputError: the network is not one for this encoding.
    """

    encoding: Encoding
    network: Network
    deterministic: bool = True

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
        if network.kind == "q" and not self.deterministic:
            raise InputError("deterministic: False given, allowed for a q network is True")

    def act(self, view: View, memory: Memory, dice: Dice) -> Action:
        """Decide for every row of the view, each by itself."""
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
