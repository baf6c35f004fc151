"""Attackers that learn: PPO on the accounts of an attack, held to its capability, with its profit as reward.

The search begins where the attack's script or its honest twin is, whichever earns more: the learner first imitates it, then looks
for something better. What it does not decide (fields that it does not learn, agents of other roles) stays as the attack has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.attacks.registry import find_attack
from agents.encoding import Encoding
from agents.policy import Action, Dice, decide, memory_of
from chain.errors import InputError
from sim.attack.attackers import ATTACKED, HONEST, Attackers, attackers_of
from sim.metrics.attack import attacker_profit
from sim.scenario import Scenario
from sim.world import World

EVALUATIONS = 12
WORLDS = 64
"""Worlds that are trained in at once."""
WATCHED = 256
"""Worlds that are watched to imitate whoever plays there."""
HYPERPARAMETERS: Mapping[str, Any] = {
    "batch_size": 512,
    "learning_rate": "lin_3e-4",
    "policy_kwargs": {"log_std_init": -2.0},
}
"""What differs from those that are shipped for the role: a learner that begins with a good answer explores near it, in small
steps (with 1e-3 and wider exploration the first updates lost a third of what imitation had found)."""


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
    """The fields of the action that it sets; all that can be learned, if not given. The others stay as the script has them."""

    @property
    def role(self) -> str:
        """The role that learns: the first of the capability."""
        return next(iter(find_attack(self.attack).capability.accounts))

    @property
    def parameters(self) -> Any:
        """The settings of the scenario."""
        return self.scenario.settings(self.preset, self.given)

    def attackers(self, side: str) -> Attackers:
        """The attackers on a side."""
        return attackers_of(self.scenario, self.parameters, find_attack(self.attack), self.share, side)


@dataclass(frozen=True)
class Found:
    """What one training found."""

    seed: int
    policy: Any
    """Ready to play: the best answers of the learner."""
    began: str
    """The side that it imitated first."""
    steps: NDArray[np.int64]
    """Agent-steps until each evaluation, shape (evaluations,)."""
    profits: NDArray[np.float64]
    """Attackers' profit in each held-out world at each evaluation, shape (evaluations, worlds), coins."""


@dataclass(frozen=True)
class Partly:
    """Plays a learned policy in the fields that it sets, and a script in the others."""

    learned: Any
    script: Any

    @property
    def memory(self) -> np.dtype[Any]:
        """Those of both."""
        return np.dtype([("learned", memory_of(self.learned)), ("script", memory_of(self.script))])

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Ask both."""
        return {**decide(self.script, view, memory["script"], dice), **decide(self.learned, view, memory["learned"], dice)}


def outcome_of(hunt: Hunt, side: str = ATTACKED, policy: Any = None) -> Any:
    """The outcome of the held-out worlds with the attackers on a side.

    Args:
        hunt: what is searched for.
        side: one of `sim.attack.attackers.SIDES`.
        policy: what the role that learns plays instead, if given.
    """
    attackers = hunt.attackers(side)
    if policy is not None:
        attackers = replace(attackers, policies={**attackers.policies, hunt.role: policy})
    return World(hunt.scenario, hunt.parameters, hunt.policies, seeds=hunt.held_out, attackers=attackers).play()


class Watched(NamedTuple):
    """What the attackers' agents of the role that learns did on a side, in `WATCHED` worlds of a training seed."""

    profit: float
    """Mean over these worlds, coins."""
    seen: NDArray[np.float32]
    """Shape (rows, features), all ticks one after another."""
    answers: NDArray[np.float32]
    """Shape (rows, fields)."""


def watched(hunt: Hunt, side: str, encoding: Encoding, seed: int) -> Watched:
    """What the attackers' agents of the role that learns see and do on a side, as the learner would see and say it.

    A field below the range that can be learned says "as much as needed"; it counts as the most that the view shows in the column
    of the same name in the episode.
    """
    seeds, worlds = np.full(WATCHED, seed), np.arange(WATCHED)
    attackers = hunt.attackers(side)
    world = World(hunt.scenario, hunt.parameters, hunt.policies, seeds=seeds, worlds=worlds, attackers=attackers)
    rows, seen, done, shown = world.controlled(hunt.role), [], [], []
    while not world.done:
        actions, view = world.actions(), world.economy.views[hunt.role][rows]
        seen.append(encoding.observe(view))
        done.append(actions[hunt.role][rows])
        shown.append(view)
        world.step(actions)
    answers, views = np.array(done), np.array(shown)
    fields = {}
    for field in encoding.fields:
        most = views[field.name].max(axis=0) if field.name in (views.dtype.names or ()) else field.low
        fields[field.name] = np.where(answers[field.name] < field.low, most, answers[field.name]).reshape(-1)
    profit = float(attacker_profit(world.economy.outcome()).mean())
    return Watched(profit, np.concatenate(seen), encoding.box_of(fields))


def train_attacker(hunt: Hunt, seed: int, progress: Callable[[int, int, float], None] | None = None, **settings: Any) -> Found:
    """Train one attacker.

    Args:
        hunt: what is searched for.
        seed: of weights, exploration and worlds.
        progress: called with (agent-steps done, agent-steps in all, mean return).
        settings: hyperparameters of PPO that replace those of `HYPERPARAMETERS`.

    Raises:
        InputError: the attack controls nobody, a hyperparameter is wrong, or the seed is one that is held out.
        KeyboardInterrupt: Ctrl-C.
    """
    from agents.learned.from_sb3 import from_sb3
    from agents.learned.hyperparameters import hyperparameters, shipped_entry
    from agents.learned.imitation import imitate
    from agents.learned.training import train
    from sim.fronts.sb3_vec_env import LedgerVecEnv

    if seed in hunt.held_out:
        raise InputError(f"seed: {seed} given for training, allowed are seeds that are not held out to measure it")
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
    script = hunt.attackers(ATTACKED).policies[hunt.role]
    sides = {side: watched(hunt, side, env.encoding, seed) for side in (HONEST, ATTACKED)}
    began = max(sides, key=lambda side: sides[side].profit)
    shipped = shipped_entry("ppo", hunt.scenario.name, hunt.preset, hunt.role)
    shipped.pop("env_kwargs", None)

    def now(model: Any) -> Any:
        return Partly(from_sb3(model, env.encoding), script)

    learned = train(
        env,
        "ppo",
        hyperparameters("ppo", shipped, HYPERPARAMETERS, settings),
        hunt.steps,
        seed,
        evaluate=lambda model: attacker_profit(outcome_of(hunt, policy=now(model))),
        evaluations=EVALUATIONS,
        prepare=lambda model: imitate(model, sides[began].seen, sides[began].answers, seed=seed),
        progress=progress,
    )
    if not learned.complete:
        raise KeyboardInterrupt
    return Found(
        seed,
        now(learned.model),
        began,
        np.array([one.steps for one in learned.curve]),
        np.array([one.scores for one in learned.curve]),
    )
