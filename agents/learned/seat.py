"""The environment that one of several learners sees: its role in worlds that others play in too."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from agents.encoding import Encoding
from agents.learned.turns import Turn

Step = tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], list[dict[str, Any]]]
"""What is seen, rewards, ends of episodes and infos, as `VecEnv.step` gives them."""


class Stage(Protocol):
    """A batch of worlds in which several roles are played from outside, each by a learner of its own."""

    encodings: dict[str, Encoding]
    """How each of these roles is seen and acts."""
    space: dict[str, tuple[spaces.Space[Any], spaces.Space[Any]]]
    """Their spaces: of what is seen, of what is done."""
    rows: dict[str, int]
    """How many agents of each learn in all worlds together; row after row, world after world."""

    def reset(self) -> Mapping[str, NDArray[Any]]:
        """Begin the next episode; what each role sees."""

    def step(self, answers: Mapping[str, NDArray[Any]]) -> Mapping[str, Step]:
        """One step of all worlds, given the answers of all roles. An episode that ends is followed by the next at once."""

    def masks(self, role: str) -> NDArray[np.bool_]:
        """Which levels a role may choose now."""


def seen_at_random(stage: Stage, role: str, steps: int, seed: int) -> NDArray[np.float32]:
    """What a role sees in so many steps in which all answer at random, shape (rows × (steps + 1), features)."""
    everybody = spaces.Dict({who: batch_space(acted, stage.rows[who]) for who, (_, acted) in stage.space.items()})
    everybody.seed(seed)
    seen = [np.array(stage.reset()[role])]
    seen += [np.array(stage.step(everybody.sample())[role][0]) for _ in range(steps)]
    return np.concatenate(seen)


class Seat(VecEnv):
    """A role of a stage as one learner's environment: a step ends when the others have answered too.

    The loop that owns the learner runs within a `Turn`: waiting for a step pauses it with the answers, and `resume` brings what
    came of them. The stage has episodes and seeds of its own: the learner's are not asked.
    """

    def __init__(self, stage: Stage, role: str, turn: Turn, seen: NDArray[Any]) -> None:
        """Take a role; `seen` is what it sees now."""
        self.stage, self.role, self.turn, self.seen = stage, role, turn, seen
        self.encoding = stage.encodings[role]
        self.render_mode = None
        observed, acted = stage.space[role]
        super().__init__(stage.rows[role], observed, acted)
        self._answers: Any = None

    def reset(self) -> Any:
        """What the role sees now: the stage has begun before."""
        return self.seen

    def step_async(self, actions: Any) -> None:
        """Keep the answers."""
        self._answers = actions

    def step_wait(self) -> Any:
        """Wait until everybody has answered; what came of it."""
        seen, rewards, dones, infos = self.turn.pause(self._answers)
        self.seen = seen
        return seen, rewards, dones, infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Which levels are valid now."""
        return self.stage.masks(self.role)

    def seed(self, seed: int | None = None) -> Sequence[None]:
        """Nothing: the stage has a seed of its own."""
        return [None] * self.num_envs

    def close(self) -> None:
        """Nothing is held that needs closing."""

    def has_attr(self, attr_name: str) -> bool:
        """Whether there is such an attribute; masks there are only where the form has levels."""
        return hasattr(self, attr_name) and not (attr_name == "action_masks" and self.encoding.form == "box")

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, once per row asked for: all rows share one."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of all rows."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method once and give what it returns for each row asked for; of `action_masks`, each row its own."""
        result = getattr(self, method_name)(*method_args, **method_kwargs)
        return [result[k] if method_name == "action_masks" else result for k in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """Whether the rows do what a wrapper does: their infos are those of a Monitor."""
        return [issubclass(wrapper_class, Monitor) for _ in self._get_indices(indices)]
