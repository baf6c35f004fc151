"""Files that are whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def durably(folder: Path, name: str, write: Callable[[Any], None]) -> None:
    """Write a file under another name, flush it to the disk and rename it."""
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
