"""Gymnasium: one focal agent of a scenario against a background that plays fixed policies."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from chain.errors import whole
from sim.encodings import encoding_of
from sim.experiments.arms import HIGHEST_SEED
from sim.fronts.focal import Focal, Rows, hold, scenario_of, worlds_of
from sim.fronts.spaces import action_space, masks_of, observation_space
from sim.scenario import Scenario


class LedgerEnv(gymnasium.Env[NDArray[np.float32], Any]):
    """One world of a scenario, and in it the first agent of a role, which learns; all others play policies.

    `import sim` registers one id per scenario: ``gymnasium.make("sim:ledgerlab/ServiceMarket-v0", role="provider")``. For many
    worlds at once take `sim.make_vec_env`, which is faster by far.

    ### Action Space
    What `agents.encoding` makes of the fields that are learned: a Box in [-1, 1], a MultiDiscrete or a Discrete. Fields that
    are not learned stay at their defaults. The same action is held for `frame_skip` ticks. An action that is not a number or out
    of range raises `InputError`, and nothing has happened then. Where actions can be invalid (an offer that is not there can not
    be hired), ``info["action_mask"]`` says which are valid, as ``action_space.sample(mask=...)`` takes it, and `action_masks`
    as MaskablePPO does. An invalid action does nothing.

    ### Observation Space
    One Box of float32: the features that the role's view declares, time left among them.

    ### Rewards
    What the agent gained in the step, µcoin (money, and the value that money does not show), divided by the role's
    `reward_scale`.

    ### Starting State
    ``reset(seed=...)`` draws the run seed through `np_random` and begins its episode 0; without a seed, the next episode of
    the same run seed. Each episode has a fresh ledger and fresh private types. `options` has no use.

    ### Episode End
    The scenario's fixed horizon, which is terminal: time is in the view. Never truncated.

    ### Arguments
    - scenario: a name, or a `Scenario`; given by the id.
    - role: the role that learns, the scenario's first if not given.
    - preset: the scenario's settings to start from.
    - policies: role -> policy of the background, peers included, as in `sim.run`.
    - fields, form: what is learned, and the form of an action; the role's own choice if not given.
    - frame_skip: ticks per step.
    - parameters: settings that replace those of the preset.

    ### Version History
    - v0: first version.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 # as Gymnasium has it

    def __init__(
        self,
        scenario: str | Scenario,
        role: str | None = None,
        *,
        preset: str = "standard",
        policies: Mapping[str, Any] | None = None,
        fields: Sequence[str] | None = None,
        form: str | None = None,
        frame_skip: int = 1,
        **parameters: Any,
    ) -> None:
        """Build the world.

        Raises:
            InputError: something given is wrong; the message names it and says what is allowed.
        """
        self.scenario = scenario_of(scenario)
        self.role = self.scenario.roles[0].name if role is None else role
        self.preset, self.parameters = preset, self.scenario.settings(preset, parameters)
        self.encoding = encoding_of(self.scenario, self.role, self.parameters, fields, form)
        self.frame_skip = whole("frame_skip", frame_skip, 1)
        self.world = worlds_of(self.scenario, self.parameters, policies)
        self._focal = Focal(self.world, self.encoding)
        self._rows: Rows = slice(0, 1) if self._focal.size > 1 else None
        self.observation_space = observation_space(self.encoding)
        self.action_space = action_space(self.encoding)
        self.run_seed: int | None = None
        """The run seed of the episode; None before the first reset."""
        self.episode = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; what the agent sees, and its mask."""
        super().reset(seed=seed)
        if seed is not None or self.run_seed is None:
            self.run_seed, self.episode = int(self.np_random.integers(HIGHEST_SEED)), 0
        else:
            self.episode += 1
        self.world.begin(self.episode, self.run_seed)
        self._focal.begin()
        return self._observe(), self._info()

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Act for `frame_skip` ticks.

        Raises:
            InputError: a wrong shape, not a number, or out of range.
            ResetNeeded: before the first reset, or after the end of the episode.
        """
        if self.run_seed is None or self.world.done:
            raise ResetNeeded("step: no episode is under way, allowed is after reset")
        hold(self.world, [(self._focal, self._rows, self.encoding.act(np.asarray(action)[None], 1))], self.frame_skip)
        reward = self._focal.rewards(self.world.economy.gains()[self.role], np.empty(self._focal.size))[0]
        return self._observe(), float(reward), self.world.done, False, self._info()

    def action_masks(self) -> NDArray[np.bool_]:
        """Which levels are valid now, as MaskablePPO wants it.

        Raises:
            InputError: the form is `box`.
        """
        return self.encoding.masks(self._focal.view(self._rows))[0]

    def _observe(self) -> NDArray[np.float32]:
        return self.encoding.observe(self._focal.view(self._rows))[0]

    def _info(self) -> dict[str, Any]:
        if not self.encoding.masked:
            return {}
        return {"action_mask": masks_of(self.encoding, self._focal.view(self._rows))[0]}
