"""Work that passes, fails, never ends, eats, and kills: what the cell's `do` says."""

import ctypes
import json
import mmap
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from sim.experiments.engines.engine import Done, Task


def work(task):
    """Do what the task says, and pass."""
    cell = task.cell
    DEEDS[cell["do"]](task)
    return Done(cell["cell"], rows=int(cell.get("rows", 0)), sha256=str(cell.get("sha256", "")))


def tasks_of(folder, *deeds, **more):
    """One task per deed, named by its place in the row."""
    return [Task(str(folder), {"cell": f"{k:016x}", "do": deed, **more}) for k, deed in enumerate(deeds)]


def leave_mark(task):
    """Note in the folder which process executes which cell."""
    marks = Path(task.folder) / f"{task.cell['cell']}.pids"
    with marks.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return marks.read_text().split()


def pids_of(folder):
    """The processes that left a mark, by cell."""
    return {path.stem: [int(pid) for pid in path.read_text().split()] for path in Path(folder).glob("*.pids")}


def _tell(task):
    """Say what this process is like."""
    said = {
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "main": sys.modules["__main__"].__dict__.get("__file__", "none"),
        "cwd": os.getcwd(),
        "house": str(Path(sys.modules["sim"].__file__).parents[1]),
        "ctrl_c": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "data_limit": resource.getrlimit(resource.RLIMIT_DATA)[0],
    }
    Path(task.folder, f"{task.cell['cell']}.said").write_text(json.dumps(said))


def _raise(task):
    raise RuntimeError("a policy did it\nwith details")


def _leave(task):
    sys.exit(3)


def _spin(task):
    leave_mark(task)
    while True:
        pass


def _sleep(task):
    leave_mark(task)
    time.sleep(600)


def _nap(task):
    leave_mark(task)
    time.sleep(task.cell["nap_s"])


def _eat(task):
    kept = []
    while True:
        kept.append(bytearray(10**6))


def _gorge(task):
    """Allocate at once what no machine has."""
    bytearray(10**15)


def _eat_shared(task):
    """Memory that is shared, which the system does not count as the process's data."""
    kept = mmap.mmap(-1, 400 * 10**6)
    for place in range(0, 400 * 10**6, 4096):
        kept[place] = 1
    time.sleep(600)


def _die(task):
    leave_mark(task)
    os._exit(7)


def _die_once(task):
    if len(leave_mark(task)) == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def _crash(task):
    leave_mark(task)
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    ctypes.string_at(0)


def _start_others(task):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(task.folder, "child").write_text(str(child.pid))
    _sleep(task)


DEEDS = {
    "pass": lambda task: None,
    "mark": leave_mark,
    "tell": _tell,
    "raise": _raise,
    "leave": _leave,
    "spin": _spin,
    "sleep": _sleep,
    "nap": _nap,
    "eat": _eat,
    "gorge": _gorge,
    "eat_shared": _eat_shared,
    "die": _die,
    "die_once": _die_once,
    "crash": _crash,
    "start_others": _start_others,
}
