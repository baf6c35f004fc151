"""Who is at which cell: drivers that share a sweep directory keep out of each other's way.

A driver takes a lease before it hands a cell out. A lease is a file that names its driver; a driver shows that it lives by
touching a file of its own. A lease whose driver is dead, or was not heard of for a minute, is taken over. Should two drivers
execute a cell after all, nothing is lost: it is published once (`directory.publish`).
"""

import contextlib
import os
import secrets
import socket
import threading
import time
from pathlib import Path

from sim.experiments.directory import LEASES

STALE_S = 60.0
BEAT_S = 5.0


def _boot() -> str:
    """What tells one start of this machine from the next."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    return "0"


def _born(pid: int) -> str:
    """When a process of this machine started, in ticks of its clock: another with the same number has another; empty if it is not
    there or is only waiting to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


class Leases:
    """The leases that one driver holds in a sweep directory. A context: it shows that it lives until it is left."""

    def __init__(self, folder: Path, stale_s: float = STALE_S) -> None:
        """Nothing is held yet."""
        self.place, self.stale_s = folder / LEASES, stale_s
        host = "".join(c for c in socket.gethostname() if c.isalnum() or c == "-")[:40] or "host"
        self.here = f"{host}.{_boot()}"
        self.driver = f"{self.here}.{os.getpid()}.{_born(os.getpid()) or 0}.{secrets.token_hex(4)}"
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> "Leases":
        """Begin to show that this driver lives."""
        self.place.mkdir(exist_ok=True)
        self._sign.touch()
        self._beat.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give everything back."""
        self._over.set()
        self._beat.join()
        for lease in self.place.glob("*.lease"):
            if self._owner(lease) == self.driver:
                lease.unlink(missing_ok=True)
        self._sign.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.place.rmdir()

    @property
    def _sign(self) -> Path:
        return self.place / f"{self.driver}.driver"

    def _show(self) -> None:
        while not self._over.wait(BEAT_S):
            with contextlib.suppress(OSError):
                os.utime(self._sign)

    def take(self, cell: str) -> bool:
        """Take the lease of a cell; False if another driver that lives has it, or this one.

        Raises:
            OSError: nothing can be written there.
        """
        lease = self.place / f"{cell}.lease"
        for _ in range(2):
            try:
                number = os.open(lease, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                if self._lives(self._owner(lease)) or not self._clear(lease):
                    return False
                continue
            try:
                os.write(number, self.driver.encode())
            finally:
                os.close(number)
            return True
        return False

    def give_back(self, cell: str) -> None:
        """Let a cell go."""
        (self.place / f"{cell}.lease").unlink(missing_ok=True)

    def others(self) -> list[str]:
        """Other drivers that live."""
        names = [file.name.removesuffix(".driver") for file in self.place.glob("*.driver")]
        return [name for name in names if name != self.driver and self._lives(name)]

    def _owner(self, lease: Path) -> str:
        """Who holds a lease; empty if that is not to be read (any more, or not yet)."""
        try:
            return lease.read_text(errors="replace")
        except OSError:
            return ""

    def _lives(self, driver: str) -> bool:
        """Whether a driver was heard of lately, and is not known to be dead."""
        if driver == self.driver:
            return True
        try:
            age = time.time() - (self.place / f"{driver}.driver").stat().st_mtime
        except (OSError, ValueError):
            return False
        *here, pid, born, _ = driver.split(".") if driver.count(".") == 4 else ("", "", "", "", "")
        gone = ".".join(here) == self.here and (not pid.isdigit() or _born(int(pid)) != born)
        return not gone and age < self.stale_s

    def _clear(self, lease: Path) -> bool:
        """Put a dead driver's lease away; False if somebody else just did, or it was only just made."""
        with contextlib.suppress(OSError):
            if not self._owner(lease) and time.time() - lease.stat().st_mtime < 1.0:
                return False
            aside = lease.with_name(f"{lease.name}.{self.driver}.stale")
            lease.rename(aside)
            aside.unlink()
            return True
        return False
