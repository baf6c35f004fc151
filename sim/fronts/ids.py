"""The scenarios' ids in Gymnasium's registry: `ledgerlab/ServiceMarket-v0` and so on, one per scenario.

Importing Gymnasium takes longer than `ledgerlab --help` may, so `import sim` does not: it registers the ids at once if Gymnasium
is there, and otherwise as soon as somebody imports it.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

REGISTRY = "gymnasium.envs.registration"
VERSION = 0


def ids() -> dict[str, str]:
    """Id -> name of the scenario. Every file or folder under `sim/scenarios` has the name of its scenario; none is imported.

    >>> ids()["ledgerlab/ServiceMarket-v0"]
    'service_market'
    """
    places = sorted(place.stem for place in (Path(__file__).parents[1] / "scenarios").iterdir() if place.name[0].isalpha())
    return {f"ledgerlab/{name.title().replace('_', '')}-v{VERSION}": name for name in places}


def register() -> None:
    """Register every id. The environment checks its own input, so no wrappers are wanted around it."""
    registry: Any = sys.modules[REGISTRY]
    for name, scenario in ids().items():
        if name not in registry.registry:
            registry.register(
                name,
                entry_point="sim.fronts.gymnasium_env:LedgerEnv",
                kwargs={"scenario": scenario},
                order_enforce=False,
                disable_env_checker=True,
            )


class OnceImported(MetaPathFinder):
    """Registers the ids when Gymnasium's registry has been imported, and does nothing else."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The registry's own spec, with `register` after its execution; None for any other module."""
        if fullname != REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def execute_and_register(module: Any) -> None:
            execute(module)
            register()

        loader.exec_module = execute_and_register
        return spec


def register_now_or_later() -> None:
    """Register the ids if Gymnasium is imported already, otherwise once it is."""
    if REGISTRY in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, OnceImported())
