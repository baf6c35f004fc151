"""Attackers that learn: PPO on the accounts of an attack, held to its capability, with its profit as reward."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.attacks.registry import find_attack
from chain.errors import InputError
from sim.attack.attackers import ATTACKED, HONEST, attackers_of
from sim.metrics.attack import attacker_profit
from sim.scenario import Scenario
from sim.world import World

EVALUATIONS = 12
WORLDS = 64
"""Worlds that are trained in at once."""


@dataclass(frozen=True)
class Hunt:
    """What is searched for: the best answer of an attack's agents to everybody else."""

    scenario: Scenario
    preset: str
    given: Mapping[str, Any]
    """Parameters that replace those of the preset."""
    policies: Mapping[str, Any]
    """Role -> what everybody else plays."""
    attack: str
    """Whose capability the learner has."""
    share: float
    steps: int
    """Agent-steps of training."""
    held_out: tuple[int, ...]
    """Seeds of the worlds in which it is measured; it is trained in others."""
    fields: tuple[str, ...] | None = None
    """The fields of the action that it sets; all that can be learned, if not given."""

    @property
    def role(self) -> str:
        """The role that learns: the first of the capability."""
        return next(iter(find_attack(self.attack).capability.accounts))

    @property
    def parameters(self) -> Any:
        """The settings of the scenario."""
        return self.scenario.settings(self.preset, self.given)


@dataclass(frozen=True)
class Found:
    """What one training found."""

    seed: int
    policy: Any
    """Ready to play: the best answers of the learner."""
    steps: NDArray[np.int64]
    """Agent-steps until each evaluation, shape (evaluations,)."""
    profits: NDArray[np.float64]
    """Attackers' profit in each held-out world at each evaluation, shape (evaluations, worlds), coins."""


def played(hunt: Hunt, policy: Any) -> Any:
    """The outcome of the held-out worlds with this policy in the attackers' first role; their other agents play the attack.

    Args:
        hunt: what is searched for.
        policy: what they play; their honest twin in every role, if None.
    """
    attack = find_attack(hunt.attack)
    side = HONEST if policy is None else ATTACKED
    attackers = attackers_of(hunt.scenario, hunt.parameters, attack, hunt.share, side)
    if policy is not None:
        attackers = replace(attackers, policies={**attackers.policies, hunt.role: policy})
    return World(hunt.scenario, hunt.parameters, hunt.policies, seeds=hunt.held_out, attackers=attackers).play()


def train_attacker(hunt: Hunt, seed: int, progress: Callable[[int, int, float], None] | None = None, **settings: Any) -> Found:
    """Train one attacker.

    Args:
        hunt: what is searched for.
        seed: of weights, exploration and worlds.
        progress: called with (agent-steps done, agent-steps in all, mean return).
        settings: hyperparameters of PPO that replace those that are shipped for the role.

    Raises:
        InputError: the attack controls nobody, or a hyperparameter is wrong.
        KeyboardInterrupt: Ctrl-C.
    """
    from agents.learned.from_sb3 import from_sb3
    from agents.learned.hyperparameters import hyperparameters, shipped_entry
    from agents.learned.training import train
    from sim.fronts.sb3_vec_env import LedgerVecEnv

    can = tuple(column.name for column in hunt.scenario.role(hunt.role).action if column.span)
    env = LedgerVecEnv(
        hunt.scenario,
        hunt.role,
        WORLDS,
        preset=hunt.preset,
        policies=hunt.policies,
        fields=hunt.fields or can,
        form="box",
        attack={hunt.attack: hunt.share},
        seed=seed,
        **hunt.given,
    )
    if seed in hunt.held_out:
        raise InputError(f"seed: {seed} given for training, allowed are seeds that are not held out to measure it")
    shipped = shipped_entry("ppo", hunt.scenario.name, hunt.preset, hunt.role)
    shipped.pop("env_kwargs", None)
    learned = train(
        env,
        "ppo",
        hyperparameters("ppo", shipped, settings),
        hunt.steps,
        seed,
        evaluate=lambda model: attacker_profit(played(hunt, from_sb3(model, env.encoding))),
        evaluations=EVALUATIONS,
        progress=progress,
    )
    if not learned.complete:
        raise KeyboardInterrupt
    return Found(
        seed,
        from_sb3(learned.model, env.encoding),
        np.array([one.steps for one in learned.curve]),
        np.array([one.scores for one in learned.curve]),
    )
