"""A disk that fails at the n-th time something is to be changed on it."""

import contextlib
import errno
import os
import signal
from unittest import mock

from sim.experiments import catalogue

CHANGING = ("write", "fsync", "link", "replace", "rename", "mkdir", "unlink", "rmdir")
"""Functions of `os` that change what is on a disk; `open` does with some flags."""
UNHINDERED = ("unlink", "rmdir", "replace", "rename")
"""Those that need no space on it."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Disk:
    """Counts what is changed below a folder, and lets `fault` happen to it. A context."""

    def __init__(self, folder, fault):
        """`fault(n, name, file)` is called before the n-th change, from 0, which the function of this name makes."""
        self.folder, self.fault, self.names = str(folder), fault, []

    def __enter__(self):
        self.patches = contextlib.ExitStack()
        for name in CHANGING:
            self.patches.enter_context(mock.patch.object(os, name, self._around(name, getattr(os, name))))
        self.patches.enter_context(mock.patch.object(os, "open", self._opening(os.open)))
        self.patches.enter_context(mock.patch.object(catalogue.pq, "ParquetWriter", self._writer()))
        return self

    def __exit__(self, *raised):
        self.patches.close()

    def _happens(self, name, file):
        self.names.append(name)
        self.fault(len(self.names) - 1, name, file)

    def _around(self, name, real):
        def changed(first, *others, **more):
            if isinstance(first, int) or str(first).startswith(self.folder):
                self._happens(name, None if isinstance(first, int) else str(first))
            return None if name == "fsync" else real(first, *others, **more)

        return changed

    def _opening(self, real):
        def opened(file, flags, *others, **more):
            if flags & WRITES and str(file).startswith(self.folder):
                self._happens("open", str(file))
            return real(file, flags, *others, **more)

        return opened

    def _writer(self):
        happens = self._happens

        class Writer(catalogue.pq.ParquetWriter):
            """That of tables too large for memory, which writes by itself."""

            def __init__(self, where, *others, **more):
                happens("parquet", str(where))
                super().__init__(where, *others, **more)

            def write_table(self, *others, **more):
                happens("parquet", None)
                super().write_table(*others, **more)

            def close(self):
                was_open = self.is_open
                super().close()
                if was_open:
                    happens("parquet", None)

        return Writer


def failing(number, at, lasts=False):
    """A fault: this error at a change; if it lasts, at all that come after it too. A full disk hinders nobody who
    needs no space."""

    def fault(n, name, file):
        if (n == at or (lasts and n > at)) and (number != errno.ENOSPC or name not in UNHINDERED):
            raise OSError(number, os.strerror(number), file)

    return fault


@contextlib.contextmanager
def dying(at, folder):
    """This process is killed just before its change with this number; never with None."""

    def fault(n, name, file):
        if n == at:
            os.kill(os.getpid(), signal.SIGKILL)

    if at is None:
        yield
        return
    with Disk(folder, fault):
        yield
