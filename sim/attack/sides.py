"""Arms of an experiment, multiplied by attacks: each is played on every side, with defences and without."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.attacks.attack import Attack
from agents.attacks.registry import find_attack
from sim.attack.attackers import ABSENT, ATTACKED, HONEST, attackers_of
from sim.attack.defences import Defence, defences_of
from sim.experiments.arms import Arm
from sim.scenario import Scenario

NONE = "none"
"""What the defences of an arm are called if all of them are off."""


def switched(on: Sequence[Defence], off: Sequence[Defence] = ()) -> dict[str, Any]:
    """The parameters with some defences on and others off."""
    return {name: value for one in off for name, value in one.off.items()} | {
        name: value for one in on for name, value in one.on.items()
    }


def sided(scenario: Scenario, parameters: Any, arm: Arm, attack: Attack, share: float, side: str, stop: int | None = None) -> Arm:
    """An arm with attackers on one side; its label is for the caller to give."""
    attackers = attackers_of(scenario, parameters, attack, share, side, stop)
    return replace(arm, attack=attack.name, share=float(share), side=side, attackers=attackers)


def under_attack(
    scenario: Scenario, arms: Sequence[Arm], parameters: Any, attacks: Mapping[str, float], defences: Sequence[str]
) -> tuple[Arm, ...]:
    """Every arm on every side of every attack, and once more without the defences where the attack is played or its honest twin.

    Args:
        scenario: the economy.
        arms: the arms without an attack.
        parameters: the settings.
        attacks: name of an attack -> its share.
        defences: names of defences that are switched on; without them they are off.

    Raises:
        InputError: an unknown attack or defence, or a share that the scenario does not have.
    """
    known = defences_of(scenario.name, defences)
    with_them, names = switched(known), "+".join(defences)
    cases = [(side, with_them, names, "") for side in (HONEST, ATTACKED, ABSENT)]
    if defences:
        without = switched((), known)
        cases += [(side, without, NONE, f" without {' and '.join(defences)}") for side in (HONEST, ATTACKED)]
    out = []
    for arm in arms:
        for name, share in attacks.items():
            before = [arm.label] * (len(arms) > 1) + [f"attack={name}"] * (len(attacks) > 1)
            for side, given, defended, more in cases:
                label = ", ".join([*before, f"side={side}{more}"])
                sides = sided(scenario, parameters, arm, find_attack(name), share, side)
                out.append(replace(sides, label=label, given=given, defence=defended))
    return tuple(out)
