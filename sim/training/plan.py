"""Who learns which role, in which worlds: a training, checked before anything is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agents.encoding import Encoding
from agents.learned.hyperparameters import check_algo, hyperparameters, shipped_entry
from agents.learned.learners import HIGHEST_SEED
from agents.learned.player import Learner
from agents.learned.together import check_together
from agents.learned.training import MOST_STEPS, check_training
from agents.registry import nearest
from chain.errors import InputError, whole
from sim.encodings import encoding_of
from sim.experiments.arms import Seated, seat
from sim.fronts.focal import MOST_WORLDS, scenario_of
from sim.scenario import Scenario
from sim.world import World

HELD_OUT_WORLDS = 64


@dataclass(frozen=True)
class Learn:
    """Who learns a role, and what of it."""

    algo: str
    """`ppo`, `maskable_ppo`, `dqn` or `q`."""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    """What replaces the shipped ones, by name; mappings inside them with a dot."""
    fields: Sequence[str] | None = None
    """The fields of the action that are learned; as the hyperparameters say, if not given, or the role's own choice."""
    form: str | None = None
    """The form of the action, likewise."""


@dataclass(frozen=True)
class Plan:
    """A training, checked; nothing has been run."""

    scenario: Scenario
    preset: str
    given: Mapping[str, Any]
    """Parameters that replace those of the preset."""
    parameters: Any
    seats: Mapping[str, Seated]
    """The policies given: of roles that do not learn, and of the peers of a focal learner."""
    learners: Mapping[str, Learner]
    encodings: Mapping[str, Encoding]
    focal: tuple[str, ...]
    """Roles of which one agent per world learns."""
    frame_skip: int
    worlds: int
    steps: int | None
    """Agent-steps of each learner; its own `n_timesteps` if None."""
    seed: int
    schedule: str
    rounds: int
    average: bool
    held_out_worlds: int
    evaluations: int
    threads: int

    @property
    def policies(self) -> dict[str, Any]:
        """The policies given, by role."""
        return {role: seated.policy for role, seated in self.seats.items()}

    @property
    def peers(self) -> dict[str, Any]:
        """What the peers of focal learners play, by role."""
        return {role: self.policies.get(role, self.scenario.role(role).policy) for role in self.focal}

    @property
    def name(self) -> str:
        """What the directory of the training is called."""
        who = "-".join(f"{role}-{learner.algo}" for role, learner in self.learners.items())
        return f"{self.scenario.name}-{self.preset}-{who}"


def plan_training(
    scenario: str | Scenario,
    learners: Mapping[str, str | Learn],
    *,
    preset: str = "standard",
    policies: Mapping[str, Any] | None = None,
    steps: int | None = None,
    worlds: int | None = None,
    seed: int = 0,
    schedule: str = "independent",
    rounds: int = 10,
    average: bool = False,
    held_out_worlds: int = HELD_OUT_WORLDS,
    evaluations: int = 10,
    threads: int = 1,
    **parameters: Any,
) -> Plan:
    """Check everything that a training is made of; nothing is run or written. The arguments are those of `train`.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    economy = scenario_of(scenario)
    settings = economy.settings(preset, parameters)
    asked = _asked(economy, learners)
    whole("seed", seed, 0, HIGHEST_SEED - len(asked))
    checked = {
        role: hyperparameters(one.algo, shipped_entry(one.algo, economy.name, preset, role), one.hyperparameters)
        for role, one in asked.items()
    }
    played = {role: h.env_kwargs for role, h in checked.items()}
    encodings = {
        role: encoding_of(economy, role, settings, one.fields or played[role].fields, one.form or played[role].form)
        for role, one in asked.items()
    }
    seats = _seated(economy, settings, policies or {}, [role for role, kwargs in played.items() if not kwargs.focal])
    learning = {role: Learner(one.algo, checked[role], seed + k) for k, (role, one) in enumerate(asked.items())}
    check_together(learning, encodings, schedule, rounds)
    check_training(seed, threads, evaluations)
    if steps is not None:
        whole("steps", steps, 1, MOST_STEPS)
    most_worlds = max(h.n_envs for h in checked.values())
    plan = Plan(
        scenario=economy,
        preset=preset,
        given=MappingProxyType(dict(parameters)),
        parameters=settings,
        seats=MappingProxyType(seats),
        learners=MappingProxyType(learning),
        encodings=MappingProxyType(encodings),
        focal=tuple(role for role, kwargs in played.items() if kwargs.focal),
        frame_skip=_frame_skip(economy, settings, played),
        worlds=whole("worlds", most_worlds if worlds is None else worlds, 1, MOST_WORLDS),
        steps=steps,
        seed=seed,
        schedule=schedule,
        rounds=rounds,
        average=average,
        held_out_worlds=whole("held_out_worlds", held_out_worlds, 2, 10_000),
        evaluations=evaluations,
        threads=threads,
    )
    if plan.frame_skip > 1 and any(learner.algo == "q" for learner in learning.values()):
        raise InputError(f"frame_skip: {plan.frame_skip} given, allowed for q is 1")
    return plan


def _seated(scenario: Scenario, parameters: Any, policies: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Seated]:
    """The policies by role, of roles that are not taken by learners."""
    out = {}
    for name, wanted in policies.items():
        if name in taken:
            raise InputError(f"policy: {name} given, which learns; allowed are the other roles, and its own with focal=true")
        out[name] = seat(scenario, scenario.role(name), wanted, parameters)
    return out


def _asked(scenario: Scenario, learners: Mapping[str, str | Learn]) -> dict[str, Learn]:
    """The learners by role, known ones in known roles."""
    known = [role.name for role in scenario.roles]
    if not learners:
        raise InputError(f"learners: none given, allowed are roles: {', '.join(known)}")
    out = {}
    for role, one in learners.items():
        if role not in known:
            raise InputError(f"role: {role!r} given; {nearest(str(role), known)}")
        out[role] = one if isinstance(one, Learn) else Learn(one)
        check_algo(out[role].algo)
    return out


def _frame_skip(scenario: Scenario, parameters: Any, played: Mapping[str, Any]) -> int:
    """The ticks for which answers are held, the same for all who learn together."""
    ticks = {role: kwargs.frame_skip for role, kwargs in played.items()}
    if "episode" in ticks.values():
        length = World(scenario, parameters, seeds=[0]).economy.ticks
        ticks = {role: length if given == "episode" else given for role, given in ticks.items()}
    if len(set(ticks.values())) > 1:
        said = ", ".join(f"{given} of {role}" for role, given in ticks.items())
        raise InputError(f"frame_skip: {said} given, allowed is the same for all who learn together")
    return int(next(iter(ticks.values())))
