"""What a run directory says about itself: configuration, versions, sources, machine, and the files with their digests."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.mixture import Mixture, members_of
from agents.registry import POLICIES
from chain.errors import InputError
from chain.rule import MODE, source_digest
from sim import __version__
from sim.experiments.arms import Arm
from sim.experiments.run import Experiment
from sim.metrics import METRICS

FORMAT, VERSION = "ledgerlab run", 1
NAME = "manifest.json"
PACKAGES = ("numpy", "numba", "scipy", "pydantic", "pyarrow", "pandas", "matplotlib")


def rules_folder(experiment: Any) -> Path:
    """The folder with the rules of the scenario of an experiment or a training."""
    file = sys.modules[experiment.scenario.build.__module__].__file__
    assert file is not None
    return Path(file).parent


def configuration(experiment: Experiment) -> dict[str, Any]:
    """Everything that decides the results, the code apart: JSON-ready."""
    e = experiment
    plain = e.seeds == tuple(range(len(e.seeds)))
    return {
        "scenario": e.scenario.name,
        "preset": e.preset,
        "given": dict(e.given),
        "parameters": e.parameters.model_dump(),
        "arms": [
            {
                "label": arm.label,
                **_attacked(arm),
                "policies": policies_of(arm),
            }
            for arm in e.arms
        ],
        "seeds": len(e.seeds) if plain else list(e.seeds),
    }


def policies_of(arm: Arm) -> dict[str, dict[str, Any]]:
    """What decides the policies of an arm, by role."""
    return {
        role: {"label": one.label, "given": one.given, "source_sha256": one.source, "settings": _settings(one.policy)}
        for role, one in arm.policies.items()
    }


def attack_of(arm: Arm) -> dict[str, Any] | None:
    """What decides the attack of an arm, if there is one."""
    if arm.attackers is None:
        return None
    who, capability = arm.attackers, arm.attackers.capability
    return {
        "name": arm.attack,
        "share": arm.share,
        "side": arm.side,
        "defence": arm.defence,
        "agents": dict(who.counts),
        "plays": {role: repr(policy) for role, policy in who.policies.items()},
        "budget": capability.budget,
        "identities": capability.identities,
    }


def _attacked(arm: Arm) -> dict[str, Any]:
    """What an arm is about beside its policies, if anything."""
    attack = attack_of(arm)
    given = {"given": dict(arm.given)} if arm.given or attack else {}
    return given | ({"attack": attack} if attack else {})


def _settings(policy: Any) -> str:
    """A policy's own description: for a frozen record it shows every setting; of a mixture, those of its members."""
    if isinstance(policy, Mixture):
        return " + ".join(f"{count} x {_settings(one) or '?'}" for one, count in members_of(policy))
    registered = any(type(policy) is kind for kinds in POLICIES.values() for kind in kinds.values())
    return repr(policy) if registered else ""


def short_hash(config: Mapping[str, Any]) -> str:
    """Eight hex digits that name a configuration."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of Python, LedgerLab and the packages that results depend on."""
    found = {"python": platform.python_version(), "ledgerlab": __version__}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


def machine() -> dict[str, Any]:
    """Processor, cores and platform."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line for line in cpuinfo.read_text(errors="replace").splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {"cpu": model, "cores": os.cpu_count(), "platform": f"{platform.system()} {platform.release()}"}


def checkout() -> dict[str, Any] | None:
    """Commit of the checkout that the code runs from and whether its sources were changed since; None outside of one."""
    root = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True).stdout

    try:
        top, commit = git("rev-parse", "--show-toplevel", "HEAD").split("\n")[:2]
        if Path(top).resolve() != root:
            return None
        return {"commit": commit, "dirty": bool(git("status", "--porcelain", "--", "chain", "agents", "sim").strip())}
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def described(experiment: Experiment) -> dict[str, Any]:
    """The manifest of an experiment before it ran."""
    config = configuration(experiment)
    return {
        "format": FORMAT,
        "version": VERSION,
        "complete": False,
        "config": config,
        "config_hash": short_hash(config),
        "metrics": [
            {"name": name, "unit": METRICS[name].unit, "more_is_better": METRICS[name].more_is_better}
            for name in experiment.metrics
        ],
        "roles": [role.name for role in experiment.scenario.roles],
        "rules": {"sha256": source_digest(rules_folder(experiment)), "mode": MODE},
        "versions": versions(),
        "checkout": checkout(),
        "machine": machine(),
        "threads": experiment.threads,
    }


class _Part(BaseModel):
    """Base of what a manifest consists of; more than is listed here is allowed."""

    model_config = ConfigDict(strict=True)


class _Policy(_Part):
    label: str
    given: str | None
    source_sha256: str | None


class _Arm(_Part):
    label: str
    policies: dict[str, _Policy]


class _Config(_Part):
    scenario: str
    preset: str
    given: dict[str, int]
    arms: list[_Arm]
    seeds: int | list[int]


class _Metric(_Part):
    name: str
    unit: str
    more_is_better: bool | None


class _File(_Part):
    sha256: str
    rows: int | None = None


class _Rules(_Part):
    sha256: str
    mode: str


class _Checkout(_Part):
    commit: str
    dirty: bool


class _Manifest(_Part):
    format: Literal["ledgerlab run"]
    version: int
    complete: bool
    config: _Config
    metrics: Annotated[list[_Metric], Field(min_length=1)]
    roles: list[str]
    rules: _Rules
    versions: dict[str, str]
    checkout: _Checkout | None
    started: str
    wall_s: float
    files: dict[str, _File]
    ledgers: dict[str, _File] = {}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run directory.

    Raises:
        InputError: the directory is missing, or is not one that this version reads.
    """
    if not folder.is_dir():
        raise InputError(f"run directory: {folder} given, there is no such directory; allowed is one that `run` or `sweep` wrote")
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        _Manifest.model_validate(manifest)
    except FileNotFoundError:
        raise InputError(f"run directory: {folder} has no {NAME}; allowed is a directory that `run` or `sweep` wrote") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"])
        raise InputError(f"run directory: {folder / NAME} is not the manifest of a run ({where}: {first['msg']})") from None
    except (OSError, ValueError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"run directory: {folder / NAME} is not the manifest of a run ({what})") from None
    if manifest["version"] != VERSION:
        raise InputError(f"run directory: {folder} has format version {manifest['version']}, allowed is {VERSION}")
    return dict(manifest)
