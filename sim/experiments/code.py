"""Which code made a result: one digest of the sources that can change a row."""

import hashlib
from functools import cache
from pathlib import Path

from chain.rule import MODE

HOUSE = Path(__file__).parents[2]
FOLDERS = ("chain", "agents", "sim/attack", "sim/metrics", "sim/scenarios")
FILES = (
    "sim/world.py",
    "sim/scenario.py",
    "sim/seats.py",
    "sim/encodings.py",
    "sim/experiments/run.py",
    "sim/experiments/work.py",
)


@cache
def code_digest() -> str:
    """SHA-256 (hex) of every source from parameters to rows: rules, policies, attacks, scenarios, metrics and how a cell is run;
    not of fronts, training, figures, reports and commands. Rules that run interpreted or bounds-checked have one of their own.
    """
    sha = hashlib.sha256(MODE.encode())
    for file in sorted(
        [*(file for folder in FOLDERS for file in (HOUSE / folder).rglob("*.py")), *(HOUSE / one for one in FILES)]
    ):
        sha.update(f"{file.relative_to(HOUSE)}\0".encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()
