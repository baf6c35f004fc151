"""The corpus of hostile specs: name -> entry. Judges all of it when it is run, in one process, and prints what became of each."""

import json
import sys
import tempfile
from pathlib import Path

from sim.experiments.engines.memory import peak
from tests.sim.experiments.hostile.bombs import BOMBS
from tests.sim.experiments.hostile.entry import judged
from tests.sim.experiments.hostile.places import PLACES
from tests.sim.experiments.hostile.texts import TEXTS
from tests.sim.experiments.hostile.values import VALUES

CORPUS = {**TEXTS, **VALUES, **BOMBS, **PLACES}

TRIES = 3


def peak_mb():
    """The most memory that this process has had."""
    return peak() / 1e6


if __name__ == "__main__":
    before = peak_mb()
    found = {}
    with tempfile.TemporaryDirectory() as top:
        for number, (name, entry) in enumerate(CORPUS.items()):
            folder = Path(top) / str(number)
            folder.mkdir()
            start = peak_mb()
            found[name] = judged(entry, folder) | {"grew_mb": peak_mb() - start}
            for again in range(TRIES):
                if found[name]["seconds"] > 1:  # perhaps something else was at work
                    (folder / f"again{again}").mkdir()
                    found[name]["seconds"] = judged(entry, folder / f"again{again}")["seconds"]
    heavy = sorted({"pandas", "pyarrow", "matplotlib", "scipy.stats", "torch", "mesa", "duckdb", "ray"} & sys.modules.keys())
    told = {"entries": found, "before_mb": before, "peak_mb": peak_mb(), "imported": heavy}
    json.dump(told, sys.stdout)
