"""The environment that processes which execute cells are born into."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte each
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a process with threads is not to be forked
}
"""As many processes as cores, with one thread each."""
SCENARIO = "LEDGERLAB_PRELOAD"
"""The variable that names the scenario whose rules `sim.experiments.engines.preload` loads; set for the server of workers."""


def paths() -> str:
    """Where modules are imported from here, for those who shall find the same ones."""
    return os.pathsep.join(os.path.abspath(path) for path in sys.path)


@contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """Within, these variables are set."""
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
