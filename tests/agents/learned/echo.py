"""Small environments with a known best answer, for learners without a ledger."""

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from agents.encoding import Encoding, Feature, Field

ROWS = 8


class Echo(VecEnv):
    """Whoever repeats what it sees does best: reward 1 - |seen - done|. Episodes take two steps."""

    render_mode = None

    def __init__(self, action_space=None, rows=ROWS):
        super().__init__(rows, spaces.Box(-1, 1, (1,), np.float32), action_space or spaces.Box(-1, 1, (1,), np.float32))
        self.rng, self.seeds_given, self.written = np.random.default_rng(0), [], None
        if isinstance(action_space, spaces.Discrete):
            self.encoding = echo_encoding("one")

    def _draw(self):
        self.now = self.rng.choice([-1.0, 1.0], (self.num_envs, 1)).astype(np.float32)
        return self.now

    def reset(self):
        self.step_number, self.total = 0, np.zeros(self.num_envs)
        return self._draw()

    def seed(self, seed=None):
        self.rng = np.random.default_rng(seed)
        self.seeds_given.append(seed)
        return [seed] * self.num_envs

    def step_async(self, actions):
        self.given = np.asarray(actions, float).reshape(self.num_envs)
        if isinstance(self.action_space, spaces.Discrete):
            self.given = 2 * self.given - 1

    def step_wait(self):
        rewards = (1 - np.abs(self.now[:, 0] - self.given)).astype(np.float32)
        self.step_number, self.total = self.step_number + 1, self.total + rewards
        done, infos = self.step_number == 2, [{} for _ in range(self.num_envs)]
        if done:
            ends = [{"terminal_observation": self.now[k], "episode": {"r": r, "l": 2, "t": 0}} for k, r in enumerate(self.total)]
            return self.reset(), rewards, np.full(self.num_envs, True), ends
        return self._draw(), rewards, np.full(self.num_envs, False), infos

    def close(self): ...

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        setattr(self, attr_name, value)

    def env_method(self, method_name, *args, indices=None, **more):
        return list(getattr(self, method_name)(*args, **more))

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [True] * self.num_envs


SIDE = spaces.Discrete(2)


def echo_encoding(role):
    """One feature, two levels."""
    return Encoding("echo", role, "discrete", (Feature("seen", 0, 1),), (Field("side", 0, 1, 2),), 1, "")


class Rooms:
    """A stage: every role echoes what it sees, alone; `log` keeps who answered when, and what."""

    def __init__(self, roles=("left", "right"), rows=(4, 6), seed=0):
        self.encodings = {role: echo_encoding(role) for role in roles}
        self.space = {role: (spaces.Box(-1, 1, (1,), np.float32), spaces.Discrete(2)) for role in roles}
        self.rows = dict(zip(roles, rows, strict=True))
        self.rooms = {role: Echo(SIDE, n) for role, n in self.rows.items()}
        for room in self.rooms.values():
            room.seed(seed)
        self.log = []

    def reset(self):
        return {role: room.reset() for role, room in self.rooms.items()}

    def step(self, answers):
        self.log.append({role: np.array(given) for role, given in answers.items()})
        return {role: room.step(answers[role]) for role, room in self.rooms.items()}

    def masks(self, role):
        return np.ones((self.rows[role], 2), np.bool_)
