"""What the directory of a study says about itself: its configuration, and what else its rows depend on."""

from typing import Any

from agents.attacks.registry import find_attack
from chain.rule import MODE, source_digest
from sim.attack.attackers import attackers_of
from sim.attack.study import Study
from sim.attack.trained import EVALUATIONS
from sim.experiments.manifest import checkout, machine, rules_folder, short_hash, versions
from sim.metrics import METRICS

FORMAT, VERSION = "ledgerlab resilience", 1


def described(study: Study) -> dict[str, Any]:
    """The manifest of a study before it ran."""
    plain = study.seeds == tuple(range(len(study.seeds)))
    config = {
        "scenario": study.scenario.name,
        "preset": study.preset,
        "given": dict(study.given),
        "parameters": study.parameters.model_dump(),
        "raised": dict(study.raised),
        "policies": {
            role: {"label": one.label, "given": one.given, "source_sha256": one.source}
            for role, one in study.base.policies.items()
        },
        "attacks": {name: _described_attack(name) | _numbers(study, name) for name in study.attacks},
        "shares": list(study.shares),
        "share": study.share,
        "defences": {one.name: {"about": one.about, "on": dict(one.on), "off": dict(one.off)} for one in study.defences},
        "seeds": len(study.seeds) if plain else list(study.seeds),
        "stop": study.stop,
        "trainings": study.trainings,
        "steps": study.steps,
        "evaluations": EVALUATIONS,
        "capability": study.capability,
        "learner": _described_attack(study.capability),
    }
    names = (*study.scenario.metrics, *study.scenario.attack_metrics)
    return {
        "format": FORMAT,
        "version": VERSION,
        "complete": False,
        "config": config,
        "config_hash": short_hash(config),
        "metrics": [{"name": name, "unit": METRICS[name].unit, "more_is_better": METRICS[name].more_is_better} for name in names],
        "rules": {"sha256": source_digest(rules_folder(study)), "mode": MODE},
        "versions": versions(),
        "checkout": checkout(),
        "machine": machine(),
        "threads": study.threads,
    }


def _described_attack(name: str) -> dict[str, Any]:
    """An attack, for the manifest and the page."""
    attack = find_attack(name)
    return {
        "about": attack.about,
        "goal": attack.goal,
        "accounts": dict(attack.capability.accounts),
        "budget": attack.capability.budget,
        "identities": attack.capability.identities,
        "plays": {role: repr(make()) for role, make in attack.policies.items()},
        "twin": {role: repr(make()) for role, make in attack.twin.items()},
    }


def _numbers(study: Study, name: str) -> dict[str, Any]:
    """Agents of an attack's first role, and how many of them are attackers at each share."""
    attack, parameters = find_attack(name), study.parameters
    first = next(iter(attack.capability.accounts))
    taken = [attackers_of(study.scenario, parameters, attack, share).counts[first] for share in study.shares]
    return {"attackers": taken, "residents": int(getattr(parameters, study.scenario.role(first).count))}
