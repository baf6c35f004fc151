"""What a published result is made of: how it is run again, and how its rows become a page."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from sim.experiments.reading import Table
from sim.metrics.contrasts import Columns

Progress = Callable[[int, int], None]
"""Called with (done, in all)."""
Tables = dict[str, Columns]
"""Columns of every table, by its name. The table `runs` has one row per run; every table has the columns `arm` and `seed`."""


class Published(Protocol):
    """A module that runs a published result again. It keeps no state."""

    TITLE: str
    PAPER: str
    METRICS: dict[str, tuple[str, str]]
    """Columns of `runs` that were measured: in words, and their unit."""
    TABLES: tuple[str, ...]
    FIGURES: tuple[str, ...]

    def plan(self, *given: Any, **settings: Any) -> Any:
        """Settings, by name -> an experiment that was checked; raises `InputError`. Nothing is run."""

    def play(self, e: Any, progress: Progress | None = None) -> Iterator[Tables]:
        """Run an experiment; yields the rows of all tables, part by part."""

    def size(self, e: Any) -> int:
        """How many rows the table `runs` of an experiment has."""

    def config(self, e: Any) -> dict[str, Any]:
        """Everything that decides the rows of an experiment, the code apart: JSON-ready."""

    def facts(self, e: Any) -> dict[str, Any]:
        """What else its manifest says: JSON-ready."""

    def rules(self) -> list[Path]:
        """The folders with the rules that it needs, `chain` apart."""

    def summary(self, tables: Tables, manifest: Mapping[str, Any]) -> Table:
        """The main table of what came out, from rows and manifest."""

    def page(self, tables: Tables, manifest: Mapping[str, Any]) -> list[str]:
        """The paragraphs of the page, in Markdown: all but title, command and versions."""

    def figures(self, tables: Tables, manifest: Mapping[str, Any]) -> list[Any]:
        """The figures (Matplotlib), in the order of `FIGURES`."""

    def options(self, config: Mapping[str, Any]) -> list[str]:
        """The words of the command line that ask for a configuration, after the result's name."""
