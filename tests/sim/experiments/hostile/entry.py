"""What an entry of the corpus of hostile specs is, and how it is judged."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from chain.errors import InputError
from sim.experiments.cells import plan_sweep
from sim.experiments.spec import find_spec, read_spec

GOOD = {"name": "x", "scenario": "service_market", "preset": "minimal", "seeds": 2}
CANARY = "canary"
"""A file that payloads make, in the folder from which they are judged."""


@dataclass(frozen=True)
class Hostile:
    """A spec that is to be refused."""

    given: Any
    """The text of a file, or a mapping; a value in it that is a function is called when the entry is judged: it is large."""
    says: tuple[str, ...]
    """What the error must contain."""
    changes: tuple[str, ...] = ()
    """As of --set."""
    lay: Callable[[Path], Any] | None = None
    """Puts other files into the folder first."""
    path: str = "spec.yml"
    """What is opened, if it is a file."""

    def fields(self) -> dict[str, Any]:
        """The mapping that is given."""
        return {name: value() if callable(value) else value for name, value in self.given.items()}

    @property
    def is_file(self) -> bool:
        """Whether it is opened as a file."""
        return not isinstance(self.given, Mapping) or bool(self.changes)


def changed(says: "str | tuple[str, ...]", **fields: Any) -> Hostile:
    """A good spec with some fields replaced."""
    return Hostile({**GOOD, **fields}, (says,) if isinstance(says, str) else says)


def laid(entry: Hostile, folder: Path) -> None:
    """Put the files of an entry into an empty folder."""
    if entry.lay is not None:
        entry.lay(folder)
    if entry.is_file and entry.given is not None:
        text = yaml.safe_dump(entry.fields()) if isinstance(entry.given, Mapping) else entry.given
        (folder / "spec.yml").write_bytes(text.encode() if isinstance(text, str) else text)


def laid_as_file(entry: Hostile, folder: Path) -> bool:
    """Put an entry into an empty folder as a file, even if it is a mapping; returns whether there is such a file."""
    if entry.is_file:
        laid(entry, folder)
        return True
    try:
        text = yaml.safe_dump(entry.fields())
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    laid(replace(entry, given=text), folder)
    return True


def seen(folder: Path) -> list[tuple[str, int, int, int]]:
    """Everything below a folder, links not followed: name, kind, size and time of the last change."""
    found = [file.lstat() for file in sorted(folder.rglob("*"))]
    return [(str(file), s.st_mode, s.st_size, s.st_mtime_ns) for file, s in zip(sorted(folder.rglob("*")), found, strict=True)]


def judged(entry: Hostile, folder: Path) -> dict[str, Any]:
    """What becomes of an entry in an empty folder: the kind of error, what it says, seconds, and whether a file was touched."""
    laid(entry, folder)
    os.chdir(folder)
    fields = None if entry.is_file else entry.fields()
    before, clock = seen(folder), time.perf_counter()
    try:
        spec, base = find_spec(entry.path, entry.changes) if entry.is_file else read_spec(fields)
        kind, text = "valid", f"{plan_sweep(spec, base).cells} cells"
    except InputError as error:
        kind, text = "InputError", str(error)
    except BaseException as error:
        kind, text = type(error).__name__, str(error)
    return {"kind": kind, "says": text, "seconds": time.perf_counter() - clock, "touched": seen(folder) != before}
