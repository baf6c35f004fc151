"""Tasks executed by processes of this machine, which live long and are forked from a server that has loaded what they need.

The server is that of `multiprocessing` (``forkserver``). It imports `sim.experiments.engines.preload`; a worker is its copy, and
ready in milliseconds. Workers never import the ``__main__`` of whoever runs them, so a script needs no guard.
"""

import multiprocessing
import os
import selectors
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from threading import Thread
from types import ModuleType

from sim.experiments.engines import memory
from sim.experiments.engines.engine import Done, Limits, Task, Work
from sim.experiments.engines.environment import ONE_THREAD, SCENARIO, environment, paths
from sim.experiments.engines.execution import address_of, execute, found, one_line, this_process
from sim.experiments.engines.pool import Died, Pool, Ready, Seat

PRELOAD = "sim.experiments.engines.preload"


def serve(pipe: Connection, address: str, scenario: str, memory_mb: int | None) -> None:
    """What a worker does: execute what comes through the pipe, until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgrp()  # whatever a task starts ends with this process
    Thread(target=follow, daemon=True).start()
    warm = PRELOAD in sys.modules
    try:
        from sim.experiments.engines import preload

        warm = warm and (not scenario or scenario in preload.loaded)
        preload.load(scenario)
        work = found(address)
    except Exception as error:
        pipe.send(Ready(error=one_line(error)))
        return
    pipe.send(Ready(this_process(), warm=warm))
    with suppress(EOFError):
        while True:
            pipe.send(execute(work, pipe.recv(), memory_mb))


def follow() -> None:
    """End with the driver, even if it is killed while a task runs here."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os.killpg(0, signal.SIGKILL)


@contextmanager
def no_main() -> Iterator[None]:
    """Within, there is no main module that a new process would import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@dataclass(eq=False, kw_only=True)
class Worker(Seat):
    """A process of this machine."""

    process: ForkServerProcess
    pipe: Connection
    before: int = 0
    """What it had in memory when its task began, bytes."""

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid
        return self.process.pid

    def kill(self) -> None:
        """Kill it, and whatever it started."""
        with suppress(ProcessLookupError):  # just forked, it leads no group yet; or nobody is left
            os.killpg(self.pid, signal.SIGKILL)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()

    def end(self) -> str:
        """How it ended, as text. It has closed its pipe: if it does not end by itself, it is killed."""
        self.process.join(1.0)
        self.kill()
        code = self.process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


class Workers(Pool[Worker]):
    """Executes tasks in processes of this machine."""

    name = "workers"
    tries = 2

    def __init__(self, work: Work, workers: int, limits: Limits | None = None, scenario: str = "") -> None:
        """Take note of the work; processes start when there are tasks.

        Args:
            work: a function of a module.
            workers: how many processes.
            limits: what a task may take.
            scenario: whose rules the processes are born with; without, they load what they need when they need it.

        Raises:
            InputError: other processes can not find the work, or a limit can not be kept on this machine.
        """
        limits = limits or Limits()
        memory.limit_of("memory_mb", limits.memory_mb)
        super().__init__(limits)
        self._address, self._workers, self._scenario = address_of(work), workers, scenario
        self._context = multiprocessing.get_context("forkserver")
        self._selector = selectors.DefaultSelector()

    def size(self) -> int:
        """As many as were asked for."""
        return self._workers

    def open(self) -> Worker:
        """Fork a worker from the server, which is started if it does not run."""
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._address, self._scenario, self._limits.memory_mb)
        process = self._context.Process(target=serve, args=arguments, name="ledgerlab worker", daemon=True)
        server = {**ONE_THREAD, "PYTHONPATH": paths(), SCENARIO: self._scenario}
        with environment(server), no_main(), theirs:
            self._context.set_forkserver_preload([PRELOAD, self._address.partition(":")[0]])
            forkserver.ensure_running()
            process.start()
        worker = Worker(process=process, pipe=ours)
        self._selector.register(ours, selectors.EVENT_READ, worker)
        self._selector.register(process.sentinel, selectors.EVENT_READ, worker)
        return worker

    def give(self, seat: Worker, task: Task) -> None:
        """Send a task; if nobody is there to read it, `hear` notices."""
        if self._limits.memory_mb is not None:
            seat.before = memory.in_use(seat.pid)
        with suppress(ConnectionError):
            seat.pipe.send(task)

    def hear(self, timeout: float | None) -> Iterator[tuple[Worker, Ready | Done | Died]]:
        """What workers sent, and who died."""
        for worker in {key.data: None for key, _ in self._selector.select(timeout)}:
            try:
                if worker.pipe.poll():
                    said = worker.pipe.recv()
                elif worker.process.is_alive():
                    continue
                else:
                    said = Died(worker.end())
            except (EOFError, ConnectionError):
                said = Died(worker.end())
            yield worker, said

    def exceeds(self, seat: Worker, memory_mb: int) -> bool:
        """Whether it, and what it started, have more memory than before its task by more than the limit."""
        return memory.in_use(seat.pid) - seat.before > memory_mb * memory.MB

    def stop(self, seat: Worker) -> float:
        """Kill a worker and what it started."""
        self._selector.unregister(seat.pipe)
        self._selector.unregister(seat.process.sentinel)
        peak = memory.peak(seat.pid) / memory.MB
        seat.kill()
        seat.pipe.close()
        seat.process.close()
        return peak

    def close(self) -> None:
        """Let all workers go. The server stays; it ends with this process."""
        super().close()
        self._selector.close()
