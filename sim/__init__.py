"""LedgerLab: economies of autonomous agents on a ledger, run, measured and compared.

``sim.run``, ``sim.compare``, ``sim.record``, ``sim.load`` and ``sim.report`` run and measure; ``sim.ledger_frames`` shows
recorded ledgers as tables; ``sim.reproduce`` runs a published experiment again; ``sim.resilience`` studies how well a market
withstands attack. ``sim.train`` trains learners; ``sim.make_vec_env`` makes an environment for Stable-Baselines3, and Gymnasium
finds every scenario under an id such as ``ledgerlab/ServiceMarket-v0``. What they need is imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.fronts.ids import register_now_or_later

if TYPE_CHECKING:
    from sim.experiments.loading import load
    from sim.experiments.run import compare, run
    from sim.experiments.store import record
    from sim.fronts.sb3_vec_env import make_vec_env
    from sim.ledgers.frames import ledger_frames

__version__ = "0.1.0"
__all__ = [
    "Learn",
    "Spec",
    "__version__",
    "compare",
    "ledger_frames",
    "load",
    "make_vec_env",
    "record",
    "report",
    "reproduce",
    "resilience",
    "run",
    "sweep",
    "train",
]

_HOMES = {
    "Spec": "sim.experiments.spec",
    "sweep": "sim.experiments.sweep",
    "run": "sim.experiments.run",
    "compare": "sim.experiments.run",
    "load": "sim.experiments.loading",
    "record": "sim.experiments.store",
    "ledger_frames": "sim.ledgers.frames",
    "report": "sim.experiments.reports",
    "make_vec_env": "sim.fronts.sb3_vec_env",
    "reproduce": "sim.reproduction",
    "resilience": "sim.attack.keeping",
    "train": "sim.training",
    "Learn": "sim.training",
}

register_now_or_later()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
