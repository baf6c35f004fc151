"""What an experiment consists of: policies that are seated, arms that differ by them, and the seeds they share."""

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.encoding import Encoding
from agents.files import digest_of
from agents.mixture import Mixture, members_of, mixed
from agents.policy import Action, Dice, decide, memory_of
from agents.registry import DESCRIPTION, POLICIES, bundle_of, find, nearest
from chain.errors import InputError
from sim.attack.attackers import Attackers
from sim.encodings import check_fit, encoding_of
from sim.scenario import Role, Scenario

MOST_SEEDS = 100_000
HIGHEST_SEED = 2**63 - 1
MOST_THREADS = 1_024


@dataclass(frozen=True)
class Seat:
    """A policy from outside in its role: what it does wrong becomes an `InputError` that names it."""

    role: Role
    label: str
    policy: Any
    memory: np.dtype[Any]

    def act(self, view: NDArray[Any], memory: NDArray[Any], dice: Dice) -> Action:
        """Ask the policy, and check what it answers.

        Raises:
            InputError: it raised, or its answer is not an action of its role.
        """
        try:
            answer = decide(self.policy, view, memory, dice)
            checked = self.role.read(answer, view.size)
        except InputError as error:
            raise InputError(f"{self}: {error}") from error
        except Exception as error:
            raise InputError(f"{self}: raised {type(error).__name__}: {error}{_line_of(error)}") from error
        return {str(name): checked[str(name)] for name in answer}

    def __str__(self) -> str:
        return f"policy {self.role.name}={self.label}"


def _line_of(error: Exception) -> str:
    """Where an exception was raised: file and line of its last frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"


@dataclass(frozen=True)
class Seated:
    """A policy as an arm uses it."""

    label: str
    policy: Any
    given: str | None
    """As it was named: registered, a bundle, ``path.py:name``, a zip, or a mixture of such; None for a function or an object."""
    source: str | None
    """SHA-256 (hex) of the file it came from; of a bundle its description, which holds that of the weights; of a mixture with
    such, of the members' own, one a line."""


@dataclass(frozen=True)
class Arm:
    """One combination of policies."""

    label: str
    """Names the roles that vary between the arms, or all roles if there is one arm."""
    policies: Mapping[str, Seated]
    """By role."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that this arm has in the place of the experiment's."""
    attack: str | None = None
    """Name of the attack whose agents are among those of the roles, on whichever side."""
    share: float = 0.0
    side: str = ""
    """What the attackers' agents play: one of `sim.attack.attackers.SIDES`."""
    defence: str = ""
    """Names of the defences that are on."""
    attackers: Attackers | None = None


def policy_of(scenario: Scenario, role: Role, wanted: Any, parameters: Any = None, trust: bool = False) -> tuple[str, Any]:
    """A policy with its label, as `agents.registry.find` finds it, that fits the role of this scenario.

    Args:
        scenario: the economy.
        role: who is to be played.
        wanted: a name, a path, a function or an object.
        parameters: the scenario's settings: a raw zip of Stable-Baselines3 does not say how its role is seen and acts.
        trust: whether such a zip may be loaded, which runs code from the file.

    Raises:
        InputError: there is no such policy, or it was learned for something else.
    """
    if trust and isinstance(wanted, str) and wanted.endswith(".zip"):
        from agents.learned.from_sb3 import form_of, from_sb3, open_zip

        try:
            model = open_zip(wanted, trust)
            return Path(wanted).name, from_sb3(model, encoding_of(scenario, role.name, parameters, form=form_of(model)))
        except InputError as error:
            raise InputError(f"policy {role.name}={wanted}: {error}") from error
    label, policy = find(role.name, wanted)
    for one in policy.policies if isinstance(policy, Mixture) else (policy,):
        encoding = getattr(one, "encoding", None)
        if isinstance(encoding, Encoding):
            try:
                check_fit(scenario, role, encoding)
            except InputError as error:
                raise InputError(f"policy {role.name}={label}: {error}") from None
    return label, policy


def seat(scenario: Scenario, role: Role, wanted: Any, parameters: Any = None, trust: bool = False) -> Seated:
    """Find a policy; a registered one plays as it is, one from outside through a `Seat`, a mixture as its members do. The
    arguments are those of `policy_of`.

    Raises:
        InputError: there is no such policy, or it can not be made.
    """
    if members := members_of(wanted):
        seats = [seat(scenario, role, one, parameters, trust) for one, _ in members]
        label, mixture = mixed((each.label, each.policy, count) for each, (_, count) in zip(seats, members, strict=True))
        names = [f"{each.given}:{count}" for each, (_, count) in zip(seats, members, strict=True) if each.given]
        sources = "\n".join(each.source or "" for each in seats)
        digest = hashlib.sha256(sources.encode()).hexdigest() if any(each.source for each in seats) else None
        return Seated(label, mixture, "+".join(names) if len(names) == len(seats) else None, digest)
    name = wanted if isinstance(wanted, str) else None
    try:
        label, policy = policy_of(scenario, role, wanted, parameters, trust)
        if name is not None and name in POLICIES.get(role.name, {}):
            return Seated(label, policy, name, None)
        memory = memory_of(policy)
    except InputError:
        raise
    except Exception as error:
        shown = name or getattr(wanted, "__name__", type(wanted).__name__)
        raise InputError(f"policy {role.name}={shown}: can not be made ({type(error).__name__}: {error})") from error
    return Seated(label, Seat(role, label, policy, memory), name, None if name is None else digest_of(_file_of(role.name, name)))


def _file_of(role: str, wanted: str) -> Path:
    """The file that a policy from outside came from."""
    folder = bundle_of(role, wanted)
    if folder is not None:
        return folder / DESCRIPTION
    return Path(wanted if wanted.endswith(".zip") else wanted.rpartition(":")[0])


def arms_of(
    scenario: Scenario, policies: Mapping[str, Any] | None, parameters: Any = None, trust: bool = False
) -> tuple[Arm, ...]:
    """Every combination of the policies given, a list for a role meaning one arm each; roles left out play their default.

    Raises:
        InputError: unknown role or policy, an empty list, or two policies of one name.
    """
    given = dict(policies or {})
    known = [role.name for role in scenario.roles]
    for name in given:
        if name not in known:
            raise InputError(f"role: {name!r} given; {nearest(str(name), known)}")
    choices = []
    for role in scenario.roles:
        wanted = given.get(role.name, role.policy)
        several = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
        if not several:
            raise InputError(f"policy {role.name}: an empty list given, allowed is at least one policy")
        seats = [seat(scenario, role, each, parameters, trust) for each in several]
        labels = [each.label for each in seats]
        for label in labels:
            if labels.count(label) > 1:
                raise InputError(f"policy {role.name}: {label!r} given twice, allowed are policies of different names")
        choices.append(seats)
    vary = [role for role, seats in zip(known, choices, strict=True) if len(seats) > 1] or known
    arms = []
    for combination in itertools.product(*choices):
        seated = dict(zip(known, combination, strict=True))
        arms.append(Arm(", ".join(f"{role}={seated[role].label}" for role in vary), seated))
    return tuple(arms)


def seeds_of(given: Any) -> tuple[int, ...]:
    """Seeds of the worlds: a number n means 0 to n - 1.

    Raises:
        InputError: not whole numbers, none, too many, or one given twice.
    """
    allowed = f"allowed is a number from 1 to {MOST_SEEDS}"
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        if not 1 <= given <= MOST_SEEDS:
            raise InputError(f"seeds: {given} given, {allowed}")
        return tuple(range(int(given)))
    try:
        several = list(given)
    except TypeError:
        several = [given]
    if isinstance(given, str) or not all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in several):
        raise InputError(f"seeds: {given!r} given, {allowed}, or different whole numbers")
    if not 1 <= len(several) <= MOST_SEEDS:
        raise InputError(f"seeds: {len(several)} of them given, {allowed}")
    if len(set(several)) < len(several):
        raise InputError(f"seeds: one given twice, {allowed}, or different whole numbers")
    for seed in several:
        if not 0 <= seed <= HIGHEST_SEED:
            raise InputError(f"seeds: {seed} given, allowed are whole numbers from 0 to {HIGHEST_SEED}")
    return tuple(int(seed) for seed in several)
