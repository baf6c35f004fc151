"""Contracts that others wrote and compiled: npm packages at fixed versions, fetched once, never committed.

`npm pack` gets them from npm's registry. What is kept under ``build/evm/`` is taken only if it is byte for byte what these tests
were written for.
"""

import json
import subprocess
import tarfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "build" / "evm"


class Package(NamedTuple):
    """An npm package: where its artifacts lie, and the SHA-256 of its archive."""

    name: str
    version: str
    artifacts: str
    digest: str

    @property
    def archive(self) -> Path:
        return FOLDER / f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


UNISWAP = Package(
    "@uniswap/v2-core",
    "1.0.1",
    "package/build",
    "f01288aaf73a89d2ff541b7276cec215ce2c480cafbed33b0da9c89853f976a2",
)
OPENZEPPELIN = Package(
    "@openzeppelin/contracts",
    "4.9.6",
    "package/build/contracts",
    "32b6b5c684c48ad0260baeffe61105b74f390115dbdc0d8853c6ceca8a8610bb",
)


def fetched(package: Package) -> Path:
    """The archive of a package, from npm's registry if it is not here yet."""
    if not package.archive.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", "--pack-destination", str(FOLDER), f"{package.name}@{package.version}"]
        subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    found = sha256(package.archive.read_bytes()).hexdigest()
    assert found == package.digest, (
        f"{package.archive.name}: {found} found, {package.digest} expected; delete it to fetch it anew"
    )
    return package.archive


@cache
def artifact(package: Package, contract: str) -> Any:
    """What the compiler said of a contract: its interface `abi`, and its `bytecode` (hexadecimal)."""
    with tarfile.open(fetched(package)) as archive:
        file = archive.extractfile(f"{package.artifacts}/{contract}.json")
        assert file is not None
        return json.load(file)
