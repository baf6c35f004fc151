"""What an engine is: something that executes tasks, in whatever order and wherever it likes, and survives them."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Task:
    """A cell that is to be executed: plain data, which travels to any process."""

    folder: str
    """The sweep directory, which every worker must see."""
    cell: Mapping[str, Any]
    """Its description; ``cell["cell"]`` is its name."""


@dataclass(frozen=True)
class Done:
    """What became of a task."""

    cell: str
    """Name of the cell."""
    error: str = ""
    """Why it failed, one line; empty if it passed."""
    kind: str = ""
    """How it failed: `error` (it raised), `time` or `memory` (past its limit), `died` (its process did), `different` (it was
    executed before, with another result), `disk` (its rows could not be published, which is not its fault)."""
    rows: int = 0
    sha256: str = ""
    """Of the rows that were published."""
    wall_s: float = 0.0
    peak_mb: float = 0.0
    """Most memory that its process had in use, MB."""
    worker: str = ""
    """Who executed it."""


Work = Callable[[Task], Done]
"""Executes a task in this process and publishes its rows. A function of a module, found again by name."""


@dataclass(frozen=True)
class Limits:
    """What one cell may take; None: whatever it likes."""

    seconds: float | None = None
    memory_mb: int | None = None
    """Beside what the process had in use before."""


class Engine(Protocol):
    """Executes tasks.

    It pulls a task only when a worker is free for it, and yields exactly one `Done` for every task that it pulled, in any order.
    """

    name: str

    def run(self, tasks: Iterator[Task]) -> Generator[Done, None, None]:
        """Execute tasks until there are no more; closing the iterator stops what is under way."""
        ...

    def close(self) -> None:
        """Let all workers go."""
        ...
