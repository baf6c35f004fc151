"""How long a person waits: the command's help, a warm run, and the first compilation of all rules."""

import os
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Wait(NamedTuple):
    """Seconds on the wall, median of several runs, and what they should stay under."""

    what: str
    seconds: float
    aim: float


def once(arguments: list[str], cache: str | None = None) -> float:
    """Seconds that a command takes in a process and a folder of its own."""
    environment = dict(os.environ) | ({"LEDGERLAB_CACHE": cache} if cache else {})
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        command = [sys.executable, "-m", "sim", *arguments]
        environment["PYTHONPATH"] = os.pathsep.join([os.getcwd(), environment.get("PYTHONPATH", "")])
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return perf_counter() - start


def start_up() -> list[Wait]:
    """Time all three."""
    run = ["run", "service_market", "--preset", "minimal"]
    once(run)
    warm = median(once(run) for _ in range(5))
    with tempfile.TemporaryDirectory() as cache:
        cold = once(run, cache)
    return [
        Wait("ledgerlab --help", median(once(["--help"]) for _ in range(5)), 0.5),
        Wait("ledgerlab run service_market --preset minimal, warm", warm, 3),
        Wait("first compilation of all rules", cold - warm, 60),
    ]
