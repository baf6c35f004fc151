"""LedgerLab: economies of autonomous agents on a ledger, run, measured and compared.

``sim.run``, ``sim.compare``, ``sim.record``, ``sim.load`` and ``sim.report`` are the whole interface; what they need is imported
on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.experiment import compare, run
    from sim.store import load, record

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "load", "record", "run"]

_HOMES = {"run": "sim.experiment", "compare": "sim.experiment", "load": "sim.store", "record": "sim.store"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
