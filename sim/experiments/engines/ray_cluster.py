"""Tasks executed by a cluster of Ray: one that is started here, with as many processors as asked for, or one that runs already.

Every processor of the cluster gets one actor that executes task after task. Compared with a remote function per task, that costs
a third, and time is counted from when a task begins, not from when a process was asked for. Memory is limited within the
processes; what they share with others is left to Ray, which watches its nodes. Of Ray only the core is used, and its door is this
file.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from chain.errors import InputError
from sim.experiments.engines import memory
from sim.experiments.engines.engine import Done, Limits, Task, Work
from sim.experiments.engines.environment import ONE_THREAD, environment, paths
from sim.experiments.engines.execution import address_of, execute, found, one_line, this_process
from sim.experiments.engines.pool import Died, Pool, Ready, Seat

TOKEN = secrets.token_hex(32)
"""Who does not know it can not use the clusters that this process starts."""
COUNT_S = 1.0
"""How often the processors of the cluster are counted, which come and go."""


class Executor:
    """What an actor is: the process that executes tasks, somewhere in the cluster."""

    def __init__(self, address: str, scenario: str, memory_mb: int | None) -> None:
        self._address, self._scenario, self._memory_mb = address, scenario, memory_mb

    def begin(self) -> Ready:
        """Load what is needed, and say whether that worked."""
        try:
            from sim.experiments.engines import preload

            memory.limit_of("memory_mb", self._memory_mb)
            preload.load(self._scenario)
            self._work = found(self._address)
        except Exception as error:
            return Ready(error=one_line(error))
        return Ready(this_process())

    def execute(self, folder: str, cell: dict[str, Any]) -> Done:
        """Execute a task."""
        return execute(self._work, Task(folder, cell), self._memory_mb)


@dataclass(eq=False, kw_only=True)
class Actor(Seat):
    """A process of the cluster."""

    handle: Any
    awaited: Any
    """The reference of what it will say next; None if it has nothing to do."""


class RayCluster(Pool[Actor]):
    """Executes tasks on a cluster of Ray."""

    name = "ray"
    tries = 4

    def __init__(
        self, work: Work, workers: int | None = None, limits: Limits | None = None, scenario: str = "", address: str | None = None
    ) -> None:
        """Start a cluster on this machine, or join one.

        Args:
            work: a function of a module.
            workers: how many processors; of a cluster that is joined the most that are used, all if not given.
            limits: what a task may take.
            scenario: whose rules the processes load before their first task.
            address: of a cluster that runs already, as Ray takes it.

        Raises:
            InputError: Ray is not installed, the cluster is not to be reached, or other processes can not find the work.
        """
        super().__init__(limits or Limits())
        self._address, self._workers, self._scenario = address_of(work), workers, scenario
        try:
            import ray
        except ImportError:
            raise InputError(
                "engine: ray given, which is not installed; allowed is `pip install ledgerlab[ray]`, or workers"
            ) from None
        self._ray: Any = ray
        self._ours = ExitStack()
        if not self._ray.is_initialized():
            with ExitStack() as opened:
                if address is None:
                    self._authenticate(opened)
                opened.callback(self._ray.shutdown)
                self._start(workers) if address is None else self._join(address)
                self._ours = opened.pop_all()
        self._executor = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Executor)
        self._count, self._counted = 0, -COUNT_S

    def _authenticate(self, opened: ExitStack) -> None:
        """While the cluster runs that is started here, only those can use it who know its token."""
        opened.callback(self._read_environment)
        opened.enter_context(environment({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"}))
        self._read_environment()

    def _start(self, workers: int | None) -> None:
        """Start a cluster of this machine."""
        with environment({**ONE_THREAD, "PYTHONPATH": paths()}):
            self._ray.init("local", num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    def _read_environment(self) -> None:
        """Let Ray read again how to authenticate, which it does but once, when it is imported."""
        self._ray._raylet.Config.initialize("")
        self._ray._raylet.AuthenticationTokenLoader.instance().reset_cache()

    def _join(self, address: str) -> None:
        """Join a cluster. Its nodes find modules where this process does, if they have the same folders."""
        runtime = {"env_vars": {**ONE_THREAD, "PYTHONPATH": paths()}}
        try:
            self._ray.init(address=address, runtime_env=runtime, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"address: {address!r} given, {one_line(error)}; allowed is that of a cluster of Ray") from None

    def size(self) -> int:
        """As many as the cluster has processors, and at most as were asked for."""
        if time.monotonic() - self._counted >= COUNT_S:
            self._count, self._counted = int(self._ray.cluster_resources().get("CPU", 0)), time.monotonic()
        return self._count if self._workers is None else min(self._workers, self._count)

    def open(self) -> Actor:
        """Ask the cluster for a process."""
        handle = self._executor.remote(self._address, self._scenario, self._limits.memory_mb)
        return Actor(handle=handle, awaited=handle.begin.remote())

    def give(self, seat: Actor, task: Task) -> None:
        """Let an actor execute a task."""
        seat.awaited = seat.handle.execute.remote(task.folder, dict(task.cell))

    def hear(self, timeout: float | None) -> Iterator[tuple[Actor, Ready | Done | Died]]:
        """What actors answered, and which died, by themselves or with their node."""
        speakers = {seat.awaited: seat for seat in self.seats if seat.awaited is not None}
        patience = COUNT_S if timeout is None else min(timeout, COUNT_S)
        if not speakers:
            time.sleep(patience)
            return
        answered, _ = self._ray.wait(list(speakers), num_returns=len(speakers), timeout=0)
        if not answered:
            answered, _ = self._ray.wait(list(speakers), num_returns=1, timeout=patience)
        for answer in answered:
            seat = speakers[answer]
            seat.awaited = None
            try:
                said = self._ray.get(answer)
            except self._ray.exceptions.RayError as error:
                said = Died(one_line(error))
            yield seat, said

    def stop(self, seat: Actor) -> float:
        """Kill an actor's process."""
        self._ray.kill(seat.handle)
        return 0.0

    def close(self) -> None:
        """Let all actors go, and the cluster, if it was started or joined here."""
        super().close()
        self._ours.close()
