"""What a sweep directory must look like, whatever happened to it."""

import os

from sim.experiments.loading import read_sweep
from sim.experiments.verify import verify
from tests.sim.experiments.sweeps import parts_of


def published(folder):
    """Every part by name: its inode, when it was written, its size. What is published keeps all three."""
    found = {}
    for file in folder.glob("parts/*/*.parquet"):
        state = os.stat(file)
        found[file.name] = (state.st_ino, state.st_mtime_ns, state.st_size)
    return found


def assert_same(folder, whole, left=frozenset()):
    """A sweep is complete, byte for byte that of another directory, and nothing else is left behind but what is named."""
    assert parts_of(folder) == parts_of(whole)
    mine, theirs = read_sweep(folder), read_sweep(whole)
    assert mine.cells["status"].tolist() == theirs.cells["status"].tolist()
    assert mine.cells["sha256"].tolist() == theirs.cells["sha256"].tolist()
    assert {name: values.tolist() for name, values in mine.runs.items() if values.dtype != float} == {
        name: values.tolist() for name, values in theirs.runs.items() if values.dtype != float
    }
    assert_clean(folder, left)


def assert_clean(folder, left=frozenset()):
    """The seal is whole, and there are no working files, no leases, and nothing that was put aside."""
    assert verify(folder).problems == ()
    assert {file.name for file in folder.iterdir()} - left == {
        "cells.parquet", "journal", "manifest.json", "parts", "plan.json", "spec.yml",
    }  # fmt: skip
    assert not list(folder.glob("parts/*/*.damaged*"))
