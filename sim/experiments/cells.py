"""Cells: every combination that a spec asks for, checked, each with a name that covers all that decides its rows.

A cell's name is a hash of its resolved configuration, of the sources that can change a result, and of the versions of the
packages below them. Nothing of it depends on what else the spec contains.
"""

import hashlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.attacks.attack import Attack
from agents.attacks.registry import find_attack
from agents.mixture import members_of
from agents.registry import bundle_of
from chain.errors import InputError
from sim.attack.attackers import ABSENT, ATTACKED, HONEST
from sim.attack.defences import Defence, defences_of
from sim.attack.sides import NONE, sided, switched
from sim.experiments.arms import Arm, arms_of, seeds_of
from sim.experiments.code import code_digest
from sim.experiments.manifest import attack_of, policies_of, versions
from sim.experiments.points import count, points, varied
from sim.experiments.run import PLANNER_BYTES, chosen_metrics, memory_bytes
from sim.experiments.spec import MOST_CELLS, MOST_ROWS, ArmSpec, Spec
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
        first = itertools.islice(cells_of(self), len(self.bases) * _sides(self.spec))
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
    settings = scenario.settings(spec.preset, common(spec))
    cases = _cases(spec)
    metrics = _metrics(spec, scenario)
    bases = _bases(spec, scenario, settings, folder, trust)
    _check_switches(spec, scenario)
    cells = count(spec) * len(cases) * len(bases) * _sides(spec)
    if cells > MOST_CELLS:
        raise InputError(f"spec: {cells} cells asked for, allowed are at most {MOST_CELLS:_}")
    if cells * len(seeds) > MOST_ROWS:
        raise InputError(f"spec: {cells} cells of {len(seeds)} seeds asked for, allowed are at most {MOST_ROWS:_} rows in all")
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


def common(spec: Spec) -> dict[str, int]:
    """The parameters that are the same in all cells."""
    return {**spec.fixed, **({} if spec.horizon is None else {"horizon": spec.horizon})}


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


def _sides(spec: Spec) -> int:
    """Cells of one point and one arm."""
    return 1 if not spec.attacks else 5 if spec.defences else 3


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


def _check_switches(spec: Spec, scenario: Scenario) -> None:
    """Refuse a parameter that is given and that a defence sets, too."""
    elsewhere = {*common(spec), *varied(spec), *(name for arm in spec.arms.values() for name in arm.fixed)}
    for defence in (*_named_defences(spec, scenario), *defences_of(scenario.name, spec.defences)):
        for name in defence.on:
            if name in elsewhere:
                raise InputError(f"spec: {name}: given, but the defence {defence.name} sets it; allowed is one of both")


def located(role: str, text: str, folder: Path, trust: bool) -> str:
    """A policy as a spec names it, with an absolute path if it is a file or a bundle.

    Raises:
        InputError: it is a file that runs code, and not trusted.
    """
    if members := members_of(text):
        return "+".join(f"{located(role, one, folder, trust)}:{number}" for one, number in members)
    if "\0" in text:
        raise InputError(f"policy {role}: {text!r:.80} given, allowed are names and paths")
    code = ".py:" in text or text.endswith(".zip")
    if code and not trust:
        raise InputError(
            f"policy {role}={text:.80}: loading it runs code from the file, which a spec may not; allowed with --trust "
            "(trust=True) if it is your own"
        )
    path = os.path.abspath(folder / text)
    return path if code or (bundle_of(role, path) and bundle_of(role, text) is None) or "/" in text else text


def cells_of(sweep: Sweep) -> Iterator[Cell]:
    """The cells of a sweep, in order: point after point, attack after attack, share after share, arm after arm.

    Raises:
        InputError: the parameters of a point are not allowed, or an attack's share is nobody there.
    """
    row = point = 0
    defences = defences_of(sweep.scenario.name, sweep.spec.defences)
    for values in points(sweep.spec):
        for attack, share in sweep.cases:
            for base in sweep.bases:
                for arm in _sided(sweep, base, attack, share, values, defences):
                    yield _cell(sweep, row, point, values, arm)
                    row += 1
            point += 1


def _sided(
    sweep: Sweep, base: Arm, attack: Attack | None, share: float, values: Mapping[str, int], defences: list[Defence]
) -> Iterator[Arm]:
    """An arm on every side of an attack, with the defences and without."""
    if attack is None:
        yield base
        return
    settings = sweep.scenario.settings(sweep.spec.preset, {**common(sweep.spec), **values, **base.given})
    names = "+".join(one.name for one in defences)
    cases = [(side, switched(defences), names, "") for side in (HONEST, ATTACKED, ABSENT)]
    if defences:
        without = f" without {' and '.join(one.name for one in defences)}"
        cases += [(side, switched((), defences), NONE, without) for side in (HONEST, ATTACKED)]
    before = f"{base.label}, " if len(sweep.bases) > 1 else ""
    for side, switches, defence, more in cases:
        arm = sided(sweep.scenario, settings, base, attack, share, side)
        label = f"{before}side={side}{more}"
        yield replace(arm, label=label, given={**base.given, **switches}, defence=defence or base.defence)


def _cell(sweep: Sweep, row: int, point: int, values: Mapping[str, int], arm: Arm) -> Cell:
    """A cell, checked and named."""
    given = {**common(sweep.spec), **values, **arm.given}
    settings = sweep.scenario.settings(sweep.spec.preset, given)
    _check_size(sweep.scenario, settings)
    for role, seated in arm.policies.items():
        if count_of := sweep.scenario.role(role).count:
            fitted(seated.policy, sweep.scenario.role(role), int(getattr(settings, count_of)))
    decided = {
        **sweep.base,
        "parameters": settings.model_dump(),
        "policies": {role: _identity(one) for role, one in policies_of(arm).items()},
        "attack": attack_of(arm),
    }
    name = hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]
    plays = {role: one.given for role, one in arm.policies.items()}
    return Cell(row, point, values, given, arm, {**decided, "cell": name, "given": given, "plays": plays})


def _identity(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What of a policy decides: its settings if it is registered, the digest of its files if it is not, wherever they lie."""
    return {"settings": policy["settings"], "source_sha256": policy["source_sha256"], "label": policy["label"]}


def _check_size(scenario: Scenario, settings: Any) -> None:
    """Refuse a world that can not fit in this machine's memory, before anything of it is built."""
    agents = sum(int(getattr(settings, role.count)) for role in scenario.roles if role.count)
    least = PLANNER_BYTES * int(getattr(settings, "horizon", 1)) * agents
    if least > memory_bytes():
        raise InputError(
            f"spec: a world of {agents} agents and {settings.horizon} ticks needs {least / 2**30:.0f} GiB, allowed are the "
            f"{memory_bytes() / 2**30:.0f} GiB of this machine"
        )
