"""The study of a scenario's resilience: every attack at every share, with the defences and without, and attackers that learn.

Its arms, and what is made of their rows:

1. for each attack, each share and both ends (no defence, all of them) the three sides: the resilience curves and their areas;
2. for each attack at one share, and each defence alone, the attack and its honest twin: what each defence saves;
3. nobody attacking, under no defence, each alone, and all: what each defence costs honest agents;
4. for each attack at that share, one that stops after four fifths of the horizon: the time of recovery;
5. attackers trained at that share without a defence and with all: exploitability.

The rows of 1, 2, 3 and 5 are one table, ``runs``; 4 adds ``ticks`` and 5 ``training``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.attacks.registry import ATTACKS, find_attack
from chain.errors import InputError, whole
from sim.attack.attackers import ATTACKED, HONEST, SIDES, Attackers, attackers_of
from sim.attack.defences import DEFENCES, Defence, defences_of
from sim.attack.sides import NONE, sided, switched
from sim.attack.trained import Hunt
from sim.experiments.arms import MOST_THREADS, Arm, arms_of, seeds_of
from sim.experiments.run import Experiment
from sim.scenario import Scenario
from sim.scenarios import find

ALL = "all"
"""What the defences of an arm are called if every one of them is on."""
NOBODY = "nobody"
"""The attack of an arm in which nobody attacks."""
STOPPED = "stopped"
"""The side of an attack that stops before the end of the episode."""
TRAINED = "trained"
"""The attack of a learner."""
SHARES = (0.125, 0.25, 0.375, 0.5)
FIRST_TRAINING_SEED = 10**9


@dataclass(frozen=True)
class Study:
    """What is studied, checked; nothing has been run."""

    scenario: Scenario
    preset: str
    given: Mapping[str, Any]
    """Parameters that replace those of the preset."""
    raised: Mapping[str, int]
    """Those of them that nobody gave: rows for the identities that attackers may take."""
    base: Arm
    """Who plays what apart from the attackers."""
    attacks: tuple[str, ...]
    shares: tuple[float, ...]
    """Of the curves, rising."""
    share: float
    """At which defences are compared and attackers trained."""
    defences: tuple[Defence, ...]
    seeds: tuple[int, ...]
    trainings: int
    """Attackers trained under each end; 0: none."""
    steps: int
    """Agent-steps of each training."""
    capability: str
    """Name of the attack whose capability the learners have."""
    threads: int

    @property
    def parameters(self) -> Any:
        """The settings, defences apart."""
        return self.scenario.settings(self.preset, self.given)

    @property
    def stop(self) -> int:
        """Ticks after which an attack that stops does so."""
        return int(self.parameters.horizon) * 4 // 5


def plan_study(
    scenario: str = "service_market",
    *,
    attacks: Sequence[str] | None = None,
    shares: Sequence[float] = SHARES,
    share: float = 0.25,
    defences: Sequence[str] | None = None,
    policies: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 20,
    trainings: int = 3,
    steps: int = 1_000_000,
    capability: str = "whitewasher",
    preset: str = "standard",
    threads: int = 1,
    **parameters: Any,
) -> Study:
    """Check everything that a study is made of; nothing is run. The arguments are those of `resilience`.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    economy = find(scenario)
    known = DEFENCES.get(economy.name, {})
    if not known:
        raise InputError(f"resilience: {economy.name} has no defences; allowed are {', '.join(DEFENCES)}")
    whole("threads", threads, 1, MOST_THREADS)
    names = list(ATTACKS) if attacks is None else [attacks] if isinstance(attacks, str) else list(attacks)
    if not names or len(set(names)) < len(names):
        raise InputError(f"attack: {', '.join(names) or 'none'} given, allowed are different ones of {', '.join(ATTACKS)}")
    guarded = defences_of(economy.name, list(known) if defences is None else list(defences))
    for one in guarded:
        if moved := [name for name in one.on if name in parameters]:
            raise InputError(
                f"{moved[0]}: {parameters[moved[0]]!r} given, but the defence {one.name} switches it in every arm; allowed is "
                "one of both (other defences are named with --defence)"
            )
    if not isinstance(shares, Sequence) or not all(isinstance(one, int | float | np.number) for one in (*shares, share)):
        raise InputError(f"shares: {shares!r} and {share!r} given, allowed are a list of numbers, and a number")
    if not shares or min(*shares, share) <= 0:
        raise InputError(f"shares: {[*shares, share]} given, allowed are shares above 0 and up to 1")
    every = sorted({*shares, share})
    settings = economy.settings(preset, parameters)
    takers = [attackers_of(economy, settings, find_attack(name), one) for name in names for one in every]
    if trainings:
        takers.append(attackers_of(economy, settings, find_attack(capability), share))
    raised = _raised(economy, settings, parameters, takers)
    parameters |= raised
    settings = economy.settings(preset, parameters)
    arms = arms_of(economy, policies, settings)
    if len(arms) > 1:
        raise InputError(f"policy: {len(arms)} combinations given, allowed is one policy for each role")
    for end in (switched(guarded), switched((), guarded)):
        economy.settings(preset, {**parameters, **end})
    return Study(
        scenario=economy,
        preset=preset,
        given=parameters,
        raised=raised,
        base=arms[0],
        attacks=tuple(names),
        shares=tuple(every),
        share=share,
        defences=tuple(guarded),
        seeds=seeds_of(seeds),
        trainings=whole("trainings", trainings, 0, 100),
        steps=whole("steps", steps, 1, 10**12),
        capability=find_attack(capability).name,
        threads=threads,
    )


def _raised(economy: Scenario, settings: Any, given: Mapping[str, Any], takers: Sequence[Attackers]) -> dict[str, int]:
    """Rows for as many new identities as the attackers may take, if the preset has fewer and nobody said how many.

    With fewer, attackers would be held back by a table that is full, which is no property of the market.
    """
    accounts = [sum(n for role, n in one.counts.items() if economy.role(role).identity) for one in takers]
    needed = max(one.capability.identities * number for one, number in zip(takers, accounts, strict=True))
    if "spare" in given or getattr(settings, "spare", needed) >= needed:
        return {}
    return {"spare": needed}


def ends(study: Study) -> dict[str, dict[str, Any]]:
    """The two ends: no defence and all of them, with their parameters."""
    return {NONE: switched((), study.defences), ALL: switched(study.defences)}


def each_alone(study: Study) -> dict[str, dict[str, Any]]:
    """Each defence alone, the others being off."""
    return {one.name: switched([one], study.defences) for one in study.defences}


def arms(study: Study) -> Iterator[Arm]:
    """The arms that scripts play, those that stop apart."""
    settings, base = study.parameters, study.base
    for name, given in {**ends(study), **each_alone(study)}.items():
        yield replace(base, label=f"attack={NOBODY}, defence={name}", given=given, attack=NOBODY, side=HONEST, defence=name)
    for attack in study.attacks:
        for share in study.shares:
            cases = [(name, given, side) for name, given in ends(study).items() for side in SIDES]
            if share == study.share:
                cases += [(name, given, side) for name, given in each_alone(study).items() for side in (HONEST, ATTACKED)]
            for name, given, side in cases:
                arm = sided(study.scenario, settings, base, find_attack(attack), share, side)
                label = f"attack={attack}, share={share:g}, defence={name}, side={side}"
                yield replace(arm, label=label, given=given, defence=name)


def stopping(study: Study) -> Iterator[Arm]:
    """The arms with attacks that stop, and their twins, without defences."""
    given = ends(study)[NONE]
    for attack in study.attacks:
        for side, stop in ((HONEST, None), (STOPPED, study.stop)):
            arm = sided(
                study.scenario,
                study.parameters,
                study.base,
                find_attack(attack),
                study.share,
                HONEST if side == HONEST else ATTACKED,
                stop,
            )
            label = f"attack={attack}, share={study.share:g}, defence={NONE}, side={side}"
            yield replace(arm, label=label, given=given, defence=NONE, side=side)


def hunts(study: Study) -> dict[str, Hunt]:
    """What the learners search for, by end."""
    return {
        name: Hunt(
            scenario=study.scenario,
            preset=study.preset,
            given={**study.given, **given},
            policies={role: seated.policy for role, seated in study.base.policies.items()},
            attack=study.capability,
            share=study.share,
            steps=study.steps,
            held_out=study.seeds,
        )
        for name, given in ends(study).items()
    }


def trained_arms(study: Study, end: str, seed: int, policy: Any) -> Iterator[Arm]:
    """The arms of one trained attacker: it, and its twin."""
    attack, hunt = find_attack(study.capability), hunts(study)[end]
    for side in (HONEST, ATTACKED):
        arm = sided(study.scenario, study.parameters, study.base, attack, study.share, side)
        assert arm.attackers is not None
        if side == ATTACKED:
            arm = replace(arm, attackers=replace(arm.attackers, policies={**arm.attackers.policies, hunt.role: policy}))
        label = f"attack={TRAINED} {seed}, share={study.share:g}, defence={end}, side={side}"
        yield replace(arm, label=label, given=ends(study)[end], attack=TRAINED, defence=end)


def experiment(study: Study, those: Sequence[Arm]) -> Experiment:
    """Arms of the study as an experiment."""
    return Experiment(study.scenario, study.preset, study.given, study.parameters, tuple(those), study.seeds, study.threads)


def training_seeds(study: Study) -> list[int]:
    """Run seeds of the trainings: none of them is a seed of the study."""
    free = (seed for seed in range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 10**6) if seed not in set(study.seeds))
    return [int(next(free)) for _ in range(study.trainings)]
