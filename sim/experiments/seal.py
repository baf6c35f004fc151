"""Sealing a sweep directory: the table of cells with what became of each, and a manifest, written last, that vouches for all.

The manifest names the SHA-256 of the plan, the spec and the table of cells; the table has that of every part; and the manifest
has one of itself. That detects damage and careless edits, not malice: who can write the files can write the digests, so note the
manifest's digest elsewhere if that matters.

Both are written in full before the manifest that was there gives way: if the disk does not take them, what was sealed is still.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from agents.files import digest_of
from chain.errors import InputError
from sim.experiments import catalogue
from sim.experiments.directory import CELLS, MANIFEST, PLAN, SPEC, alone, flush, temporary, write
from sim.experiments.journal import facts
from sim.experiments.opening import as_json, read_plan

FORMAT, VERSION = "ledgerlab sweep manifest", 1
COPIED = ("name", "code", "versions", "checkout", "machine", "seeds", "started")
"""What the manifest repeats of the plan."""


def seal(folder: Path) -> dict[str, int]:
    """Write the table of cells and the manifest, and return how many cells are done, failed and missing.

    Raises:
        OSError: they can not be written; what is published stays as it is.
    """
    plan = read_plan(folder)
    with alone(folder), temporary(folder) as cells, temporary(folder) as seals:
        known, errors, sessions = facts(folder, plan["cells"])
        counts, rows = catalogue.settle(folder, known, errors, cells)
        digests = {PLAN: digest_of(folder / PLAN), SPEC: digest_of(folder / SPEC), CELLS: digest_of(cells)}
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "complete": counts["missing"] == 0,
            "cells": counts,
            "rows": rows,
            "wall_s": round(sum(one.get("wall_s", 0.0) for one in sessions), 3),
            "sessions": sessions,
            **{name: plan[name] for name in COPIED},
            "files": {name: {"sha256": digest} for name, digest in digests.items()},
        }
        write(seals, as_json(manifest | {"sha256": own_digest(manifest)}))
        (folder / MANIFEST).unlink(missing_ok=True)
        cells.replace(folder / CELLS)
        seals.replace(folder / MANIFEST)
        flush(folder)
    return counts


def first_error(folder: Path) -> str:
    """Why the first of the cells that failed did."""
    for columns in catalogue.pieces(folder):
        for status, error in zip(columns["status"].tolist(), columns["error"].tolist(), strict=True):
            if status == "failed":
                return str(error)
    return ""


def own_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 (hex) of a manifest, its own entry aside."""
    return hashlib.sha256(as_json({name: value for name, value in manifest.items() if name != "sha256"})).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a sweep; None while there is none.

    Raises:
        InputError: it is not what was written.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"sweep: {folder / MANIFEST} can not be read ({error.strerror})") from None
    try:
        manifest = json.loads(content)
        whole = manifest["sha256"] == own_digest(manifest) and as_json(manifest) == content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise InputError(f"sweep: {folder / MANIFEST} is not what was written (its SHA-256 differs)")
    return dict(manifest)
