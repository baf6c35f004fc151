"""What became of every cell, a line each, written as it happens: a driver that is killed leaves at most half a line behind."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiments.directory import JOURNAL
from sim.experiments.engines.engine import Done

FACTS = np.dtype([("cell", "S16"), ("status", "i1"), ("rows", "i4"), ("wall_s", "f8"), ("peak_mb", "f4"), ("sha256", "S64")])
"""What is known of a cell: so many bytes a cell are all that grows with a sweep in memory."""
MISSING, FINISHED, FAILED = 0, 1, 2
STATUS = ("missing", "done", "failed")


class Journal:
    """The lines of one driver."""

    def __init__(self, folder: Path, driver: str) -> None:
        """Begin; the file is made with the first line."""
        self.file = folder / JOURNAL / f"{driver}.jsonl"
        self._number: int | None = None
        self._session: dict[str, Any] = {}

    def begin(self, session: Mapping[str, Any]) -> None:
        """How this driver runs the sweep: when it started, on what machine, with which engine. It is written before the first
        line, so that drivers that come to nothing, say on a full disk, leave nothing behind that fills it more."""
        self._session = dict(session)

    def add(self, row: int, done: Done) -> None:
        """Write down what became of the cell in this row of the plan.

        Raises:
            OSError: it can not be written.
        """
        self._write({"row": row, **asdict(done)}, bool(done.error))

    def end(self, wall_s: float) -> None:
        """Write down that the driver ended in order."""
        self._write({"end": {"wall_s": round(wall_s, 3)}}, True)

    def _write(self, line: Mapping[str, Any], durably: bool) -> None:
        if self._number is None:
            self.file.parent.mkdir(exist_ok=True)
            self._number = os.open(self.file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        content = b"".join(json.dumps(one, ensure_ascii=True).encode() + b"\n" for one in (*self._begin(), line))
        while content:
            content = content[os.write(self._number, content) :]
        if durably:
            os.fsync(self._number)

    def _begin(self) -> Iterator[Mapping[str, Any]]:
        """What is to be written before anything else, once."""
        if self._session:
            yield {"session": self._session}
            self._session = {}

    def close(self) -> None:
        """Close the file."""
        if self._number is not None:
            os.close(self._number)
            self._number = None


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of every driver, those of one in the order in which they were written; what is no line is left out."""
    for file in sorted((folder / JOURNAL).glob("*.jsonl"), key=lambda file: (file.stat().st_mtime, file.name)):
        with file.open("rb") as stream:
            for text in stream:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line


def facts(folder: Path, cells: int) -> tuple[NDArray[Any], dict[int, str], list[dict[str, Any]]]:
    """What is known of each of so many cells, why those failed that did, and the sessions of the drivers.

    A cell that passed once has passed, whatever else is said of it, unless it was executed again with another result.
    """
    known = np.zeros(cells, FACTS)
    known["wall_s"] = np.nan
    known["peak_mb"] = np.nan
    errors: dict[int, str] = {}
    sessions: list[dict[str, Any]] = []
    for line in lines(folder):
        with contextlib.suppress(AttributeError, KeyError, OverflowError, TypeError, ValueError):  # damaged, it is no line
            if "session" in line:
                sessions.append(dict(line["session"]))
            elif "end" in line:
                sessions[-1:] = [one | line["end"] for one in sessions[-1:]]
            else:
                _learn(line, known, errors)
    return known, errors, sessions


def _learn(line: Mapping[str, Any], known: NDArray[Any], errors: dict[int, str]) -> None:
    """Add what a line says of a cell to what is known."""
    row, cell, failed = line["row"], line["cell"].encode(), bool(line["error"])
    if not isinstance(row, int) or not 0 <= row < known.size:
        return
    if failed and line["kind"] != "different" and known[row]["cell"] == cell and known[row]["status"] == FINISHED:
        return
    status, numbers = FAILED if failed else FINISHED, (line["rows"], line["wall_s"], line["peak_mb"])
    known[row] = (cell, status, *numbers, line["sha256"].encode())
    errors.pop(row, None)
    if failed:
        errors[row] = f"{line['kind']}: {line['error']}"
