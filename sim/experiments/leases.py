"""Who is at which cell: drivers that share a sweep directory keep out of each other's way.

A driver takes a lease before it hands a cell out. A lease is a file that names its driver; a driver shows that it lives by
touching a file of its own. A lease whose driver is dead, or was not heard of for a minute, is taken over. Should two drivers
execute a cell after all, nothing is lost: it is published once (`directory.publish`).
"""

import contextlib
import os
import secrets
import threading
import time
from pathlib import Path

from sim.experiments.directory import LEASES, temporary
from sim.experiments.processes import is_dead, this_process

STALE_S = 60.0
"""A driver that was not heard of for so long holds nothing any more."""
BEAT_S = 5.0
NAMELESS_S = 1.0
"""A lease that names nobody is being written, unless it is older."""


class Leases:
    """The leases that one driver holds in a sweep directory. A context: it shows that it lives until it is left."""

    def __init__(self, folder: Path) -> None:
        """Nothing is held yet."""
        self.folder, self.place = folder, folder / LEASES
        self.driver = f"{this_process()}.{secrets.token_hex(4)}"
        self._sign = self.place / f"{self.driver}.driver"
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> "Leases":
        """Begin to show that this driver lives."""
        self._appear()
        self._beat.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give everything back, and put away what dead drivers left."""
        self._over.set()
        self._beat.join()
        for lease in self.place.glob("*.lease"):
            with contextlib.suppress(OSError):
                lease.unlink() if self._owner(lease) == self.driver else self._clear(lease)
        for sign in self.place.glob("*.driver"):
            if sign == self._sign or not self._lives(sign.stem):
                with contextlib.suppress(OSError):
                    sign.unlink()
        with contextlib.suppress(OSError):
            self.place.rmdir()

    def _appear(self) -> None:
        """Make the file that shows that this driver lives; another may just put the empty directory away."""
        while True:
            self.place.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                self._sign.touch()
                return

    def _show(self) -> None:
        while not self._over.wait(BEAT_S):
            with contextlib.suppress(OSError):
                self._sign.touch()

    def take(self, cell: str) -> bool:
        """Take the lease of a cell; False if another driver that lives has it, or this one.

        Raises:
            OSError: nothing can be written there.
        """
        lease = self.place / f"{cell}.lease"
        for _ in range(2):
            try:
                self._write(lease)
            except FileExistsError:
                if not self._clear(lease):
                    return False
            except FileNotFoundError:  # this driver was not heard of for long, and another put everything away
                self._appear()
            else:
                return True
        return False

    def _write(self, lease: Path) -> None:
        """Make a lease that names this driver."""
        number = os.open(lease, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        try:
            os.write(number, self.driver.encode())
        except OSError:
            lease.unlink(missing_ok=True)
            raise
        finally:
            os.close(number)

    def give_back(self, cell: str) -> None:
        """Let a cell go."""
        lease = self.place / f"{cell}.lease"
        if self._owner(lease) == self.driver:
            lease.unlink(missing_ok=True)

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
        if not driver or is_dead(driver.rpartition(".")[0]):
            return False
        try:
            return time.time() - (self.place / f"{driver}.driver").stat().st_mtime < STALE_S
        except (OSError, ValueError):
            return False

    def _clear(self, lease: Path) -> bool:
        """Put a dead driver's lease away; False if its driver lives, or somebody else just took it over."""
        with contextlib.suppress(FileNotFoundError):
            if self._is_held(lease):
                return False
            with temporary(self.folder) as aside:
                lease.replace(aside)
                if not self._is_held(aside):
                    return True
                with contextlib.suppress(FileExistsError):
                    os.link(aside, lease)
        return False

    def _is_held(self, lease: Path) -> bool:
        """Whether the driver of a lease lives, or is about to write its name.

        Raises:
            FileNotFoundError: there is no such lease any more.
        """
        driver, age = self._owner(lease), time.time() - lease.stat().st_mtime
        return self._lives(driver) or (not driver and age < NAMELESS_S)
