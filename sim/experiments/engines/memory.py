"""Memory of a process: what it has, what it may have, the most that it had. In bytes; read from `/proc`, where there is one."""

import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chain.errors import InputError

MB = 10**6
CAN_LIMIT = sys.platform == "linux"
"""Whether a process can be told how much memory it may take: elsewhere the limits of the system mean something else."""


def limit_of(field: str, memory_mb: int | None) -> None:
    """Check that a limit can be kept on this machine.

    Raises:
        InputError: it is given, and can not.
    """
    if memory_mb is not None and not CAN_LIMIT:
        raise InputError(f"{field}: {memory_mb} given, allowed on Linux alone")


@contextmanager
def limited(memory_mb: int | None) -> Iterator[None]:
    """Within, this process may allocate so many MB beside what it has; beyond, an allocation raises `MemoryError`.

    The limit is one on private writable memory (``RLIMIT_DATA``), not on files that are mapped; processes that are started within
    inherit it.
    """
    if memory_mb is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = read("self", "VmData") + memory_mb * MB
    allowed = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def in_use(pid: int) -> int:
    """What a process and those that it started hold in memory, without files that are mapped; 0 if it is gone.

    Of the others only what they share with nobody is counted: what they have from it is in its own.
    """
    return read(pid, "RssAnon", "RssShmem") + sum(_own(child) for child in _children(pid))


def forget_peak() -> None:
    """From now on `peak` is the most that this process has had since, where the system can tell."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak(pid: int | str = "self") -> int:
    """Most that a process has had in memory since it forgot, or in all its life where the system can not forget; files that are
    mapped included."""
    found = read(pid, "VmHWM")
    if found or pid != "self":
        return found
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def read(pid: int | str, *fields: str) -> int:
    """The sum of some fields of ``/proc/PID/status``, bytes; 0 if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    return sum(1024 * int(number) for field in fields for number in re.findall(rb"^%s:\s*(\d+)" % field.encode(), text, re.M))


def _own(pid: int) -> int:
    """What a process and those that it started share with nobody."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_bytes()
    except OSError:
        return 0
    own = sum(1024 * int(number) for number in re.findall(rb"^Private_(?:Clean|Dirty):\s*(\d+)", text, re.M))
    return own + sum(_own(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    """The processes that the threads of a process started."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, listed.read_text().split())
    return found
