"""Tasks handed out to processes that execute them one after another: what the engines with workers have in common.

A process that exceeds a limit is stopped, and one that dies is replaced. A task whose process died is tried again on another one,
since it may have been the machine's fault; what exceeded a limit is not.
"""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chain.errors import LedgerLabError
from sim.experiments.engines.engine import Done, Limits, Task
from sim.experiments.engines.execution import out_of_memory

CELLS_OF_A_PROCESS = 10_000
"""After so many tasks a process is replaced, which bounds whatever it leaks."""
LOOK_S = 0.1
"""How often the memory of those that are busy is looked at."""
STILLBORN = 3
"""So many processes in a row that died before they could begin: something is wrong with all of them."""


@dataclass(frozen=True)
class Ready:
    """What a process says first."""

    name: str = ""
    error: str = ""
    """Why it can not execute anything; empty if it can."""
    warm: bool = False
    """Whether it was born with the rules that it needs."""


@dataclass(frozen=True)
class Died:
    """What is heard of a process that is no more."""

    how: str


@dataclass(eq=False)
class Seat:
    """A process that executes tasks."""

    ready: Ready | None = None
    """What it said, once it has."""
    task: Task | None = None
    """What it executes now."""
    deaths: int = 0
    """How many processes died of that task before."""
    since: float = 0.0
    """When it began, seconds of `time.monotonic`."""
    cells: int = 0
    """How many tasks it has had."""


S = TypeVar("S", bound=Seat)


@dataclass
class Queue:
    """The tasks that nobody has begun; those whose process died go first."""

    tasks: Iterator[Task]
    again: deque[tuple[Task, int]] = field(default_factory=deque)
    """With the number of processes that died of it."""
    ended: bool = False

    @property
    def empty(self) -> bool:
        """Whether it is known that there is nothing left."""
        return self.ended and not self.again

    def take(self) -> tuple[Task, int] | None:
        """The next task, if there is one."""
        if self.again:
            return self.again.popleft()
        task = None if self.ended else next(self.tasks, None)
        self.ended = task is None
        return None if task is None else (task, 0)


class Pool(ABC, Generic[S]):
    """An engine whose tasks are executed by several processes. What a process is, the engines say."""

    name: str
    tries: int
    """How many processes may die of a task."""

    def __init__(self, limits: Limits) -> None:
        self.seats: list[S] = []
        self._limits = limits
        self._stillborn = 0
        self._looked = 0.0

    @abstractmethod
    def size(self) -> int:
        """How many processes there should be now."""

    @abstractmethod
    def open(self) -> S:
        """Start a process, and do not wait until it is ready."""

    @abstractmethod
    def give(self, seat: S, task: Task) -> None:
        """Let a process that is ready begin with a task."""

    @abstractmethod
    def hear(self, timeout: float | None) -> Iterable[tuple[S, Ready | Done | Died]]:
        """What processes have to say, or became of; wait at most so many seconds for it."""

    @abstractmethod
    def stop(self, seat: S) -> float:
        """End a process at once, whatever it is doing, and with it those that it started; returns the peak of its memory, MB."""

    def exceeds(self, seat: S, memory_mb: int) -> bool:
        """Whether a process has more memory than its task may take, as far as that shows from outside."""
        return False

    def run(self, tasks: Iterator[Task]) -> Generator[Done, None, None]:
        """Execute tasks until there are no more; closing the iterator stops what is under way.

        Raises:
            LedgerLabError: processes can not begin.
        """
        queue = Queue(iter(tasks))
        try:
            self._hand_out(queue)
            while not queue.empty or any(seat.task for seat in self.seats):
                settled = self._settled(queue)
                self._hand_out(queue)
                yield from settled
        finally:
            for seat in [seat for seat in self.seats if seat.task]:
                self._let_go(seat)

    def close(self) -> None:
        """Let all processes go."""
        for seat in list(self.seats):
            self._let_go(seat)

    def _hand_out(self, queue: Queue) -> None:
        """Give a task to everybody who is free. One process is started at a time, so that others begin meanwhile."""
        for seat in self.seats:
            if seat.ready and seat.task is None and (taken := queue.take()):
                seat.task, seat.deaths = taken
                seat.since = time.monotonic()
                seat.cells += 1
                self.give(seat, seat.task)
        if self._lacks(queue):
            self.seats.append(self.open())

    def _lacks(self, queue: Queue) -> bool:
        return not queue.empty and len(self.seats) < self.size()

    def _settled(self, queue: Queue) -> list[Done]:
        """Wait until something happens, and see to it; the tasks that it settled."""
        settled = []
        for seat, said in self.hear(0.0 if self._lacks(queue) else self._patience()):
            if isinstance(said, Ready):
                self._began(seat, said)
            elif isinstance(said, Done):
                settled.append(said)
                seat.task = None
                if seat.cells >= CELLS_OF_A_PROCESS:
                    self._let_go(seat)
            else:
                settled += self._died(seat, said, queue)
        return settled + self._past_limits()

    def _patience(self) -> float | None:
        """How long nothing needs to be done by itself, seconds."""
        begun = [seat.since for seat in self.seats if seat.task]
        if not begun:
            return None
        waits = [] if self._limits.memory_mb is None else [LOOK_S]
        if self._limits.seconds is not None:
            waits.append(max(0.0, min(begun) + self._limits.seconds - time.monotonic()))
        return min(waits, default=None)

    def _began(self, seat: S, said: Ready) -> None:
        if said.error:
            self._let_go(seat)
            raise LedgerLabError(f"engine {self.name}: no process can execute cells: {said.error}")
        self._stillborn = 0
        seat.ready = said

    def _died(self, seat: S, said: Died, queue: Queue) -> list[Done]:
        """A process is no more; its task is tried again, or has failed."""
        task, deaths = seat.task, seat.deaths + 1
        self._let_go(seat)
        if task is None:
            self._stillborn += seat.ready is None
            if self._stillborn >= STILLBORN:
                raise LedgerLabError(
                    f"engine {self.name}: {STILLBORN} processes in a row died before they could begin ({said.how})"
                )
            return []
        if deaths < self.tries:
            queue.again.append((task, deaths))
            return []
        times = {1: "once", 2: "twice"}.get(deaths, f"{deaths} times")
        return [self._failed(seat, task, "died", f"its process died {times} ({said.how})", 0.0)]

    def _past_limits(self) -> list[Done]:
        """Stop what exceeds a limit."""
        seconds, memory_mb = self._limits.seconds, self._limits.memory_mb
        now = time.monotonic()
        look = memory_mb is not None and now - self._looked >= LOOK_S
        self._looked = now if look else self._looked
        settled = []
        for seat in list(self.seats):
            if seat.task is None:
                continue
            if seconds is not None and now - seat.since >= seconds:
                kind, error = "time", f"stopped after {seconds:g} s, the limit of a cell"
            elif look and memory_mb is not None and self.exceeds(seat, memory_mb):
                kind, error = "memory", out_of_memory(memory_mb)
            else:
                continue
            settled.append(self._failed(seat, seat.task, kind, error, self._let_go(seat)))
        return settled

    def _failed(self, seat: S, task: Task, kind: str, error: str, peak_mb: float) -> Done:
        """What is said of a task whose process can not say it."""
        wall_s, worker = time.monotonic() - seat.since, seat.ready.name if seat.ready else ""
        return Done(str(task.cell["cell"]), error, kind, wall_s=wall_s, peak_mb=peak_mb, worker=worker)

    def _let_go(self, seat: S) -> float:
        self.seats.remove(seat)
        return self.stop(seat)
