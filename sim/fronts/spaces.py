"""An encoding as Gymnasium's spaces, which Stable-Baselines3 and PettingZoo use too."""

from itertools import accumulate
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.encoding import HIGHEST, LOWEST, Encoding


def observation_space(encoding: Encoding) -> spaces.Space[NDArray[np.float32]]:
    """One Box of float32: a feature each."""
    space: Any = spaces.Box(LOWEST, HIGHEST, (len(encoding.features),), np.float32)
    return space


def action_space(encoding: Encoding) -> spaces.Space[Any]:
    """A Box in [-1, 1], a MultiDiscrete or a Discrete, as the encoding's form says."""
    if encoding.form == "box":
        return spaces.Box(-1.0, 1.0, (len(encoding.fields),), np.float32)
    if encoding.form == "discrete":
        return spaces.Discrete(encoding.choices)
    return spaces.MultiDiscrete(list(encoding.levels))


def masks_of(encoding: Encoding, view: NDArray[Any]) -> list[Any]:
    """By row, which actions are valid now, as ``action_space.sample(mask=...)`` takes it: int8, for MultiDiscrete a tuple of one
    array per field."""
    masks = encoding.masks(view).astype(np.int8)
    if encoding.form == "discrete":
        return list(masks)
    stops = list(accumulate(encoding.levels))
    return list(zip(*(masks[:, first:stop] for first, stop in zip([0, *stops], stops, strict=False)), strict=True))
