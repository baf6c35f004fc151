"""Who writes in a sweep directory: every process has a name there, from which others can tell that it is dead."""

import contextlib
import os
import socket
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """``machine.start.number.birth`` of this process, in letters that a file's name may have."""
    return _named(os.getpid())


def is_dead(name: str) -> bool:
    """Whether a process is known to be dead. Of other machines that is never known."""
    if name.count(".") != 3 or not name.startswith(_here() + "."):
        return False
    number, born = name.split(".")[2:]
    return not number.isdigit() or _born(int(number)) != born


@lru_cache(maxsize=1)
def _named(pid: int) -> str:
    return f"{_here()}.{pid}.{_born(pid)}"


@lru_cache(maxsize=1)
def _here() -> str:
    """This machine, and what tells one start of it from the next."""
    host, boot = "".join(c for c in socket.gethostname() if c.isalnum() or c == "-")[:40] or "host", "0"
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    return f"{host}.{boot}"


def _born(pid: int) -> str:
    """When a process of this machine started, in ticks of its clock: another with the same number has another. Empty if it is not
    there or only waits to be buried; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if os.path.exists("/proc/self/stat") or not _exists(pid) else "0"
    return "" if fields[0] in "ZX" else fields[19]


def _exists(pid: int) -> bool:
    """Whether there is such a process, where there is no `/proc`."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
