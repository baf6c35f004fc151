"""A process from which drivers are forked: everything is loaded and the rules are compiled, so a driver begins in milliseconds.

It reads one request per line, `{"start": {...}}` or `{"wait": pid}`, and answers each with a line. `Nursery` is its other end.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

HOUSE = Path(__file__).parents[4]


class Nursery:
    """Starts drivers, and tells how they ended. A context."""

    def __enter__(self):
        """Start the process, and wait until it is warm."""
        command = [sys.executable, "-W", "ignore", "-m", "tests.sim.experiments.faults.nursery"]
        environment = {**os.environ, "PYTHONPATH": str(HOUSE), "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE, env=environment
        )
        self.server = json.loads(self.process.stdout.readline())["server"]
        return self

    def __exit__(self, *raised):
        """Let it end by itself, and with it the server of its workers."""
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def start(self, folder, spec, **request):
        """Fork a driver; returns its number.

        Args:
            folder: of the sweep.
            spec: a mapping.
            request: `given` to `sweep`; `patch`, a mapping from "module:name" to a value; `at`, the time to begin; `dies_at`, the
                number of the write at which it kills itself; `unsynced`, whether it need not wait for the disk.
        """
        return self._asked({"start": {"folder": str(folder), "spec": spec, **request}})["pid"]

    def wait(self, pid):
        """How a driver ended: its exit code, negative if a signal ended it, and what it said."""
        told = self._asked({"wait": pid})
        return told["code"], told["said"]

    def workers(self):
        """The numbers of the workers that are alive, of all drivers."""
        return [int(pid) for pid in Path(f"/proc/{self.server}/task/{self.server}/children").read_text().split()]

    def _asked(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def kill(pid, number=signal.SIGKILL):
    """Send a signal; False if nobody is there any more."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def main():
    """Serve requests until there are no more."""
    server, said = warmed(), {}
    print(json.dumps({"server": server}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            number, file = tempfile.mkstemp(prefix="driver-")
            os.close(number)
            pid = os.fork()
            if pid == 0:
                lived(request["start"], file)
            said[pid] = Path(file)
            answer = {"pid": pid}
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
            file = said.pop(request["wait"])
            answer = {"code": code, "said": file.read_text()}
            file.unlink()
        print(json.dumps(answer), flush=True)


def warmed():
    """Load and compile everything in this process and in the server of workers; returns the number of that."""
    from multiprocessing import forkserver

    from tests.sim.experiments.sweeps import swept

    with tempfile.TemporaryDirectory() as folder:
        swept(Path(folder) / "inline")
        swept(Path(folder) / "workers", engine="workers", workers=1)
    return forkserver._forkserver._forkserver_pid


def lived(request, file):
    """What a driver does, from birth to death."""
    from multiprocessing import forkserver

    from chain.errors import LedgerLabError
    from tests.sim.experiments.faults.faulty import dying
    from tests.sim.experiments.sweeps import swept

    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None  # it is there: that of the nursery
    code, text = 0, ""
    Path("/proc/self/clear_refs").write_text("5")  # the peak of the nursery is not its own
    try:
        for name, value in request.get("patch", {}).items():
            module, _, attribute = name.partition(":")
            setattr(sys.modules[module], attribute, value)
        if request.get("unsynced"):
            os.fsync = lambda number: None
        time.sleep(max(0.0, request.get("at", 0.0) - time.time()))
        with dying(request.get("dies_at"), request["folder"]):
            swept(Path(request["folder"]), request["spec"], **request.get("given", {}))
        text = peak()
    except LedgerLabError as error:
        code, text = 1, f"{type(error).__name__}: {error}"
    except BaseException:
        code, text = 3, traceback.format_exc()
    finally:
        Path(file).write_text(text)
        os._exit(code)


def peak():
    """Most memory that this process had, kB."""
    return next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
