"""Opening the directory of a sweep: a new one, or one that is to go on, if it is the same sweep with the same code."""

import errno
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from chain.errors import InputError
from chain.rule import MODE, source_digest
from sim.experiments import catalogue
from sim.experiments.cells import PACKAGES, Sweep
from sim.experiments.code import code_digest
from sim.experiments.directory import CELLS, MANIFEST, PARTS, PLAN, SPEC, WORKING, alone, replace
from sim.experiments.errors import Unwritable
from sim.experiments.manifest import checkout, machine, rules_folder, short_hash, versions
from sim.experiments.store import RESULTS
from sim.metrics import METRICS

FORMAT, VERSION = "ledgerlab sweep", 1
NEEDED = {"format", "version", "name", "config_hash", "spec", "base", "metrics", "arms", "seeds", "cells", "code", "versions"}
"""What a plan must say to be gone on with."""
BEGUN = {SPEC, WORKING, CELLS, PARTS}
"""All that there can be in a directory whose plan was not written any more."""


def described(sweep: Sweep, base: Path) -> dict[str, Any]:
    """The plan of a sweep, JSON-ready: what is asked for, where paths in it start if there are any, and with what it is done."""
    spec = sweep.spec
    units = {name: (field.json_schema_extra or {}).get("unit", "") for name, field in _fields(sweep).items()}
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": spec.name,
        "question": spec.question,
        "config_hash": short_hash(sweep.config),
        "spec": spec.dumped(),
        "base": str(base.absolute()) if sweep.names_files else "",
        "scenario": sweep.scenario.name,
        "preset": spec.preset,
        "fixed": dict(sweep.common),
        "varied": {name: units[name] for name in sweep.varied},
        "design": "sample" if spec.sample else "sets" if spec.sets else "grid",
        "metrics": [
            {"name": name, "unit": METRICS[name].unit, "more_is_better": METRICS[name].more_is_better} for name in sweep.metrics
        ],
        "roles": [role.name for role in sweep.scenario.roles],
        "policies": {
            role.name: list(dict.fromkeys(arm.policies[role.name].label for arm in sweep.bases)) for role in sweep.scenario.roles
        },
        "sources": sweep.config["sources"],
        "arms": list(sweep.arms),
        "attacks": {name: given if isinstance(given, list) else [given] for name, given in spec.attacks.items()},
        "defences": list(spec.defences) or sorted({name for arm in spec.arms.values() for name in arm.defences}),
        "seeds": list(sweep.seeds),
        "cells": sweep.cells,
        "record": list(sweep.base["record"]),
        "code": {"sha256": code_digest(), "rules": source_digest(rules_folder(sweep)), "mode": MODE},
        "versions": versions((*PACKAGES, "pydantic", "pandas", "duckdb", "matplotlib")),
        "checkout": checkout(),
        "machine": machine(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _fields(sweep: Sweep) -> dict[str, Any]:
    return dict(sweep.scenario.parameters.model_fields)


def folder_of(sweep: Sweep, out: Path | None = None) -> Path:
    """The directory of a sweep: the one asked for, or results/<name>-<hash>."""
    return out if out is not None else RESULTS / f"{sweep.spec.name}-{short_hash(sweep.config)}"


def opened(sweep: Sweep, base: Path, out: Path | None = None, *, resume: bool = False, anew: bool = False) -> Path:
    """The directory of a sweep, ready to be written to.

    Args:
        sweep: what is to be run.
        base: where paths in its spec start.
        out: the directory, if it is not to be results/<name>-<hash>.
        resume: whether it may hold this sweep already.
        anew: whether, if it does but with other code or versions, all cells may be run again beside what is there.

    Raises:
        InputError: the directory is taken, holds something else, was made with other code, or can not be written.
        Unwritable: the disk is full, or fails.
    """
    folder = folder_of(sweep, out)
    try:
        if not (folder / PLAN).is_file():
            if folder.exists() and (not folder.is_dir() or {file.name for file in folder.iterdir()} - BEGUN):
                raise InputError(f"out: {folder} exists and is no sweep, allowed is a new or an empty directory")
            folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            if (folder / PLAN).is_file():
                _check(described(sweep, base), sweep, folder, resume, anew)
                return folder
            replace(folder, SPEC, as_yaml(sweep.spec.dumped()))
            catalogue.write_plan(folder, sweep)
            write_json(folder, PLAN, described(sweep, base))
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise Unwritable(f"{error.filename or folder}: {reason}; the sweep has not begun") from error
        raise InputError(f"out: {folder} can not be written ({reason}), allowed is a writable directory") from None
    return folder


def write_json(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Write a JSON file in the one form that a sweep's directory has."""
    replace(folder, name, as_json(content))


def as_yaml(spec: dict[str, Any]) -> bytes:
    """The bytes of a spec as it is kept."""
    return yaml.safe_dump(spec, sort_keys=False, allow_unicode=True).encode()


def as_json(content: dict[str, Any]) -> bytes:
    """The bytes of such a file."""
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def _check(now: dict[str, Any], sweep: Sweep, folder: Path, resume: bool, anew: bool) -> None:
    """Refuse a directory that is not to be gone on with; with `anew`, let it hold what this code makes, too."""
    if not resume:
        raise InputError(f"out: {folder} holds this sweep already, or another; allowed is --resume, or another --out")
    plan = read_plan(folder)
    if plan["config_hash"] != now["config_hash"]:
        raise InputError(f"out: {folder} holds another sweep ({plan['name']}), allowed is the one of this spec")
    changed = [what for what in ("code", "versions") if _decides(plan, what) != _decides(now, what)]
    if not changed:
        return
    if not anew:
        raise InputError(
            f"out: {folder} was made with other {' and '.join(changed)}, so that its rows may not be those of today; allowed is "
            "--anew, which runs every cell again beside them, or the same"
        )
    (folder / MANIFEST).unlink(missing_ok=True)
    replace(folder, SPEC, as_yaml(sweep.spec.dumped()))
    catalogue.write_plan(folder, sweep)
    write_json(folder, PLAN, now)


def _decides(plan: dict[str, Any], what: str) -> Any:
    """The part of a plan that is in the names of its cells."""
    if what == "code":
        return plan["code"]["sha256"]
    return {name: version for name, version in plan["versions"].items() if name in (*PACKAGES, "python", "ledgerlab")}


def is_sweep(folder: Path) -> bool:
    """Whether a directory is that of a sweep, whole or not."""
    return (folder / PLAN).is_file()


def read_plan(folder: Path) -> dict[str, Any]:
    """The plan of a sweep.

    Raises:
        InputError: the directory holds none that this version reads.
    """
    allowed = "allowed is a directory that `ledgerlab sweep` made"
    if not is_sweep(folder):
        raise InputError(f"sweep: {folder} holds no sweep, {allowed}")
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        lacking = NEEDED - set(plan)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"sweep: {folder / PLAN} can not be read ({error}); {allowed}") from None
    if plan.get("format") != FORMAT or plan.get("version") != VERSION or lacking:
        reason = f"has no {min(lacking)}" if lacking else f"is {plan['format']!r}, version {plan['version']!r}"
        raise InputError(f"sweep: {folder / PLAN} {reason}, not {FORMAT!r}, version {VERSION}; {allowed}")
    return dict(plan)
