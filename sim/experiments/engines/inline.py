"""Tasks executed in this process, one after another: to debug, and where processes are not to be had."""

from collections.abc import Generator, Iterator

from chain.errors import InputError
from sim.experiments.engines.engine import Done, Limits, Task, Work
from sim.experiments.engines.execution import execute


class Inline:
    """Executes tasks here. It survives what they raise, and nothing worse."""

    name = "inline"

    def __init__(self, work: Work, limits: Limits | None = None) -> None:
        """Take note of the work.

        Raises:
            InputError: a limit is given, which a process can not keep about itself.
        """
        for field, given in vars(limits or Limits()).items():
            if given is not None:
                raise InputError(
                    f"{field}: {given} given, but the engine inline can not stop a cell; allowed with workers or ray"
                )
        self._work = work

    def run(self, tasks: Iterator[Task]) -> Generator[Done, None, None]:
        """Execute tasks until there are no more."""
        for task in tasks:
            yield execute(self._work, task)

    def close(self) -> None:
        """There is nobody to let go."""
