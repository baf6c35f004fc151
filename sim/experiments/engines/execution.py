"""Executing one task in this process: whatever the work does becomes a `Done`."""

import importlib
import os
import sys
from dataclasses import replace
from time import perf_counter

from chain.errors import InputError
from sim.experiments.engines import memory
from sim.experiments.engines.engine import Done, Task, Work

LONGEST_ERROR = 500
"""Most characters of an error that are kept."""


def execute(work: Work, task: Task, memory_mb: int | None = None) -> Done:
    """Execute a task here and now, within a limit of memory.

    An error that escapes the work is reported like one that it reports by itself; only Ctrl-C passes.
    """
    name = str(task.cell["cell"])
    memory.forget_peak()
    begin = perf_counter()
    try:
        with memory.limited(memory_mb):
            done = work(task)
    except MemoryError as error:
        said = f" ({one_line(error)})" if str(error) else ""
        done = Done(name, error=out_of_memory(memory_mb) + said, kind="memory")
    except (Exception, SystemExit) as error:
        done = Done(name, error=one_line(error), kind="error")
    wall_s = perf_counter() - begin
    return replace(done, cell=name, wall_s=wall_s, peak_mb=memory.peak() / memory.MB, worker=this_process())


def this_process() -> str:
    """Who executes: machine and process."""
    return f"{os.uname().nodename}:{os.getpid()}"


def out_of_memory(memory_mb: int | None) -> str:
    """What is said of a task that ran out of memory."""
    return "out of memory" + ("" if memory_mb is None else f", the limit of a cell is {memory_mb} MB")


def one_line(error: BaseException) -> str:
    """An exception as text: its kind and the first line of what it says."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'without a word'}"[:LONGEST_ERROR]


def address_of(work: Work) -> str:
    """``module:name`` of a function, by which other processes find it.

    Raises:
        InputError: it is not a function of a module, or of one that only this process has.
    """
    module, name = getattr(work, "__module__", ""), getattr(work, "__qualname__", "")
    if module in ("", "__main__") or getattr(sys.modules.get(module), name, None) is not work:
        raise InputError(
            f"work: {name or work!r} of {module or 'nowhere'} given, allowed is a function of a module that can be imported"
        )
    return f"{module}:{name}"


def found(address: str) -> Work:
    """The function at ``module:name``."""
    module, _, name = address.partition(":")
    work: Work = getattr(importlib.import_module(module), name)
    return work
