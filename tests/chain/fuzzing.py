"""Recorded ledgers with numbers overwritten at random, and every check and hash made to hold again."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from chain.errors import InputError, TamperedError
from chain.history import History
from chain.journal import Journal, read
from chain.ledger import Ledger
from tests.chain.recordings import lived, stir
from tests.chain.surgery import copied, refitted, save, with_header, written
from tests.chain.swarm import WILD


def fuzz(name: str, rounds: int, seed: int) -> tuple[int, int]:
    """Overwrite numbers of a recorded ledger and audit it; what is let in must live on and balance. The record begins in the
    middle of a run and has no state roots after its first, so that execution goes far.

    Returns how many were let in and how many refused; raises whatever else happens.
    """
    folder, rng = Path(tempfile.mkdtemp()), np.random.default_rng(seed)
    ledger = lived(name, 2, seed=seed, count=25, pool=60)
    ledger.history = History(ledger.deployment, ledger.book, 10**6)
    for _ in range(3):
        stir(ledger, rng, 8)
    whole, held = read(ledger.export(folder / "whole.ledger")), 0
    for _ in range(rounds):
        journal = copied(whole)
        for _ in range(int(rng.integers(1, 4))):
            journal = overwritten(journal, rng)
        path = save(folder, written(refitted(journal)))
        try:
            again = Ledger.load(path, pool=60)
        except (TamperedError, InputError):
            continue
        held += 1
        for _ in range(3):
            stir(again, rng, 8)
            again.check()
    return held, rounds - held


def overwritten(journal: Journal, rng: Any) -> Journal:
    """One number replaced: in the tables mostly, for hashes and receipts catch the others."""
    tables = [*journal.tables.values()]
    tables += [part.view("i8").reshape(part.size, -1) for block in journal.blocks[1:] for part in block[1:] if part.size]
    table = tables[int(rng.integers(len(journal.tables) if rng.random() < 0.7 else len(tables)))]
    row, column = int(rng.integers(len(table))), int(rng.integers(table.shape[1]))
    near, far = int(table[row, column]) + int(rng.integers(-3, 4)), int(rng.integers(-(2**63), 2**63))
    value = [near, far, int(rng.choice(WILD)), int(rng.choice(table[:, column]))][int(rng.integers(4))]
    table[row, column] = min(max(value, -(2**63)), 2**63 - 1)
    if rng.random() < 0.2:
        height = int(rng.integers(len(journal.blocks)))
        field = journal.blocks[0].header._fields[int(rng.integers(7))]
        return with_header(journal, height, **{field: int(rng.choice(WILD))})
    return journal
