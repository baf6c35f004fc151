"""The engines by name."""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType

from agents.registry import nearest
from chain.errors import InputError, whole
from sim.experiments.engines.engine import Engine, Limits, Work
from sim.experiments.engines.inline import Inline

MOST_WORKERS = 1_024
MOST_SECONDS = 1_000_000.0
"""Of a cell: eleven days."""
MOST_MEMORY_MB = 1_000_000_000
"""Of a cell: a petabyte."""


def _inline(work: Work, workers: int | None, limits: Limits, scenario: str, address: str | None) -> Engine:
    if workers not in (None, 1):
        raise InputError(f"workers: {workers} given, but the engine inline is one process; allowed is 1")
    return Inline(work, limits)


def _workers(work: Work, workers: int | None, limits: Limits, scenario: str, address: str | None) -> Engine:
    from sim.experiments.engines.workers import Workers

    return Workers(work, workers or cores(), limits, scenario)


def _ray(work: Work, workers: int | None, limits: Limits, scenario: str, address: str | None) -> Engine:
    from sim.experiments.engines.ray_cluster import RayCluster

    return RayCluster(work, workers if address else workers or cores(), limits, scenario, address)


ENGINES: Mapping[str, Callable[[Work, int | None, Limits, str, str | None], Engine]] = MappingProxyType(
    {"inline": _inline, "workers": _workers, "ray": _ray}
)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_engine(
    name: str,
    work: Work,
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    scenario: str = "",
    address: str | None = None,
) -> Engine:
    """The engine of this name.

    Args:
        name: one of `ENGINES`.
        work: what it does with a task.
        workers: how many processes; as many as there are processors if not given.
        limits: what a task may take.
        scenario: whose rules are loaded in advance; empty: none.
        address: of a cluster of Ray that runs already.

    Raises:
        InputError: something of it is not to be had.
    """
    limits = limits or Limits()
    if name not in ENGINES:
        raise InputError(f"engine: {name!r} given; {nearest(str(name), list(ENGINES))}")
    if workers is not None:
        workers = whole("workers", workers, 1, MOST_WORKERS)
    if limits.seconds is not None and not 0 < limits.seconds <= MOST_SECONDS:
        raise InputError(f"seconds: {limits.seconds} given, allowed is more than 0 and at most {MOST_SECONDS:_.0f}")
    if limits.memory_mb is not None:
        whole("memory_mb", limits.memory_mb, 1, MOST_MEMORY_MB)
    if address is not None and name != "ray":
        raise InputError(f"address: {address!r} given, but the engine {name} has none; allowed with ray")
    return ENGINES[name](work, workers, limits, scenario, address)
