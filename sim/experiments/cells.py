"""Cells: every combination that a spec asks for, checked, each with a name that covers all that decides its rows.

A cell's name is a hash of its resolved configuration, of the sources that can change a result, and of the versions of the
packages below them. Nothing of it depends on what else the spec contains.
"""

import hashlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.attacks.attack import Attack
from agents.attacks.registry import find_attack
from agents.mixture import members_of
from agents.registry import POLICIES, bundle_of, shipped
from chain.errors import InputError
from sim.attack.attackers import ABSENT, ATTACKED, HONEST, attackers_of
from sim.attack.defences import Defence, defences_of
from sim.attack.sides import NONE, switched
from sim.experiments.arms import Arm, arms_of, seeds_of
from sim.experiments.checks import cells_in, check_size, check_switches, check_values, common, sides
from sim.experiments.code import code_digest
from sim.experiments.manifest import attack_of, policies_of, versions
from sim.experiments.points import points, varied
from sim.experiments.run import chosen_metrics
from sim.experiments.spec import ArmSpec, Spec
from sim.scenario import Scenario
from sim.scenarios import find
from sim.world import fitted

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "pyarrow")
"""Whose versions are part of a cell's name: results, or the bytes that hold them, may depend on them."""


@dataclass(frozen=True)
class Cell:
    """One combination: a parameter point, and an arm that is played there."""

    row: int
    """Its place in the sweep, from 0."""
    point: int
    """Cells with the same parameters, attack and share have the same number; their arms are compared."""
    varied: Mapping[str, int]
    given: Mapping[str, int]
    """Parameters that replace those of the preset."""
    arm: Arm
    description: Mapping[str, Any]
    """What decides its rows, JSON-ready; ``cell`` is its name."""

    @property
    def name(self) -> str:
        """Sixteen hex digits."""
        return str(self.description["cell"])


@dataclass(frozen=True)
class Sweep:
    """A spec, checked: what is to be run, in how many cells."""

    spec: Spec
    scenario: Scenario
    bases: tuple[Arm, ...]
    """The arms before attacks are added to them; `given` holds what each sets."""
    cases: tuple[tuple[Attack | None, float], ...]
    """Every attack with every share; one without an attack if there is none."""
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    varied: tuple[str, ...]
    cells: int
    base: Mapping[str, Any]
    """What all cells' descriptions have in common."""

    @property
    def common(self) -> dict[str, int]:
        """The parameters that are the same in all cells, but for arms that set their own."""
        return common(self.spec)

    @property
    def arms(self) -> tuple[str, ...]:
        """The labels of the arms of every point, in order."""
        first = itertools.islice(cells_of(self), len(self.bases) * sides(self.spec))
        return tuple(cell.arm.label for cell in first)

    @property
    def config(self) -> dict[str, Any]:
        """What names its directory: the spec without its words, and the digests of files that it names."""
        spec = {key: value for key, value in self.spec.dumped().items() if key not in ("name", "question")}
        sources = {one.label: one.source for arm in self.bases for one in arm.policies.values() if one.source}
        return {"spec": spec, "sources": sources}

    @property
    def names_files(self) -> bool:
        """Whether a policy is a file or a bundle somewhere: only then does it matter where paths in the spec start."""
        return any("/" in str(one.given) for arm in self.bases for one in arm.policies.values())


def plan_sweep(spec: Spec, folder: Path = Path(), trust: bool = False) -> Sweep:
    """Check everything that a sweep is made of; nothing is run or written.

    Args:
        spec: what is asked for.
        folder: where paths in it start.
        trust: whether policies may be files that run code when they are loaded: ``path.py:name``, or a zip of Stable-Baselines3.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    scenario = find(spec.scenario)
    seeds = seeds_of(spec.seeds)
    cells = cells_in(spec, len(seeds))
    check_values(spec, scenario)
    settings = scenario.settings(spec.preset, common(spec))
    cases = _cases(spec)
    metrics = _metrics(spec, scenario)
    check_switches(spec, [*_named_defences(spec, scenario), *defences_of(scenario.name, spec.defences)])
    bases = _bases(spec, scenario, settings, folder, trust)
    base = {
        "scenario": scenario.name,
        "preset": spec.preset,
        "seeds": len(seeds) if seeds == tuple(range(len(seeds))) else list(seeds),
        "metrics": list(metrics),
        "record": list(dict.fromkeys(spec.record)),
        "code": code_digest(),
        "versions": versions(PACKAGES),
    }
    sweep = Sweep(spec, scenario, bases, cases, seeds, metrics, varied(spec), cells, base)
    for _ in cells_of(sweep):
        pass
    return sweep


def _cases(spec: Spec) -> tuple[tuple[Attack | None, float], ...]:
    """Every attack with every share."""
    out: list[tuple[Attack | None, float]] = []
    for name, given in spec.attacks.items():
        attack, shares = find_attack(name), given if isinstance(given, list) else [given]
        if len(set(shares)) < len(shares):
            raise InputError(f"spec: attacks.{name}: a share given twice, allowed are different ones")
        out += [(attack, float(share)) for share in shares]
    return tuple(out) or ((None, 0.0),)


def _metrics(spec: Spec, scenario: Scenario) -> tuple[str, ...]:
    """What is measured: of attacks only where there is one."""
    known = scenario.metrics + (scenario.attack_metrics if spec.attacks else ())
    if len(wanted := chosen_metrics(known, spec.metrics)) > len(set(wanted)):
        raise InputError("spec: metrics: one given twice, allowed are different ones")
    return tuple(wanted)


def _bases(spec: Spec, scenario: Scenario, settings: Any, folder: Path, trust: bool) -> tuple[Arm, ...]:
    """The arms, before attacks are added."""
    named = spec.arms or {"": ArmSpec()}
    known = _named_defences(spec, scenario)
    out = []
    for label, own in named.items():
        policies = {
            role: [located(role, one, folder, trust) for one in (given if isinstance(given, list) else [given])]
            for role, given in {**spec.policies, **own.policies}.items()
        }
        on = defences_of(scenario.name, own.defences)
        given = {**switched(on, [one for one in known if one not in on]), **own.fixed}
        defence = "+".join(one.name for one in on) if on else NONE if known else ""
        found = arms_of(scenario, policies, settings, trust)
        for arm in found:
            name = arm.label if not label else label if len(found) == 1 else f"{label}, {arm.label}"
            out.append(replace(arm, label=name, given=given, defence=defence))
    return tuple(out)


def _named_defences(spec: Spec, scenario: Scenario) -> list[Defence]:
    """Those that some arm switches on: in the others they are off."""
    return defences_of(scenario.name, list(dict.fromkeys(name for arm in spec.arms.values() for name in arm.defences)))


def located(role: str, text: str, folder: Path, trust: bool) -> str:
    """A policy as a spec names it, with an absolute path if it is a file or a bundle.

    What has a colon needs trust, whatever lies there now: only ``path.py:name`` has one, and so many ways to write that lead to
    a file (``path.py/:name``) that none is looked for.

    Raises:
        InputError: it is a file that runs code, and not trusted.
    """
    if members := members_of(text):
        return "+".join(f"{located(role, one, folder, trust)}:{number}" for one, number in members)
    if text in POLICIES.get(role, {}) or text in shipped(role):
        return text
    path = os.path.abspath(folder / text)
    if not ("/" in text or ":" in text or text.endswith(".zip") or bundle_of(role, path) or bundle_of(role, text)):
        return text
    if (":" in path or path.endswith(".zip")) and not trust:
        raise InputError(
            f"policy {role}={text:.80}: loading it runs code from the file, or may, as its path has a colon or ends in .zip; "
            "allowed with --trust (trust=True) if it is your own"
        )
    return path


def cells_of(sweep: Sweep) -> Iterator[Cell]:
    """The cells of a sweep, in order: point after point, attack after attack, share after share, arm after arm.

    Raises:
        InputError: the parameters of a point are not allowed, or an attack's share is nobody there.
    """
    row = point = 0
    common = json.dumps(sweep.base, sort_keys=True)
    played = [{role: _identity(one) for role, one in policies_of(arm).items()} for arm in sweep.bases]
    for values in points(sweep.spec):
        at = _Point(sweep, values)
        for attack, share in sweep.cases:
            for base, policies in zip(sweep.bases, played, strict=True):
                for arm in at.arms(base, attack, share):
                    yield _cell(at, arm, row, point, policies, common)
                    row += 1
            point += 1


@dataclass
class _Point:
    """A parameter point of a sweep, with its settings: they are checked once, however many cells have them."""

    sweep: Sweep
    values: Mapping[str, int]
    known: dict[tuple[tuple[str, int], ...], Any] = field(default_factory=dict)

    def given(self, own: Mapping[str, int]) -> dict[str, int]:
        """The parameters that replace those of the preset, in an arm that sets some of its own."""
        return {**self.sweep.common, **self.values, **own}

    def settings(self, own: Mapping[str, int]) -> tuple[Any, str]:
        """All parameters of such an arm, and the same as text."""
        key = tuple(own.items())
        if key not in self.known:
            settings = self.sweep.scenario.settings(self.sweep.spec.preset, self.given(own))
            check_size(self.sweep.scenario, settings)
            self.known[key] = settings, settings.model_dump_json()
        return self.known[key]

    def arms(self, base: Arm, attack: Attack | None, share: float) -> Iterator[Arm]:
        """An arm on every side of an attack, with the defences and without."""
        if attack is None:
            yield base
            return
        sweep = self.sweep
        settings, _ = self.settings(base.given)
        defences = defences_of(sweep.scenario.name, sweep.spec.defences)
        names = "+".join(one.name for one in defences)
        cases = [(side, switched(defences), names, "") for side in (HONEST, ATTACKED, ABSENT)]
        if defences:
            without = f" without {' and '.join(one.name for one in defences)}"
            cases += [(side, switched((), defences), NONE, without) for side in (HONEST, ATTACKED)]
        before = f"{base.label}, " if len(sweep.bases) > 1 else ""
        for side, switches, defence, more in cases:
            attackers = attackers_of(sweep.scenario, settings, attack, share, side)
            label = f"{before}side={side}{more}"
            given = {**base.given, **switches}
            yield Arm(label, base.policies, given, attack.name, share, side, defence or base.defence, attackers)


def _cell(at: _Point, arm: Arm, row: int, point: int, policies: Mapping[str, Any], common: str) -> Cell:
    """A cell, checked and named."""
    sweep = at.sweep
    settings, text = at.settings(arm.given)
    for role, seated in arm.policies.items():
        if count_of := sweep.scenario.role(role).count:
            fitted(seated.policy, sweep.scenario.role(role), int(getattr(settings, count_of)))
    attack = attack_of(arm)
    decided = f"{common}\n{text}\n{json.dumps([policies, attack], sort_keys=True)}"
    description = {
        **sweep.base,
        "parameters": settings.model_dump(),
        "policies": policies,
        "attack": attack,
        "cell": hashlib.sha256(decided.encode()).hexdigest()[:16],
        "given": at.given(arm.given),
        "plays": {role: one.given for role, one in arm.policies.items()},
    }
    return Cell(row, point, at.values, description["given"], arm, description)


def _identity(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What of a policy decides: its settings if it is registered, the digest of its files if it is not, wherever they lie."""
    return {"settings": policy["settings"], "source_sha256": policy["source_sha256"], "label": policy["label"]}
