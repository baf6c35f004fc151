"""What must hold of opinions and trust: after every block, and of a book that comes from outside.

See `chain.invariants` and `chain.misplaced`. A book without trust has none of these tables.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts.eigentrust import MAX_PLACES, MAX_POINTS, ONE


def _adds_up(parts: Any) -> Any:
    """Whether parts add up to the whole, in each world; in floats too, where no sum wraps."""
    return (parts.sum(axis=1) == ONE) & (parts.sum(axis=1, dtype=np.float64) < 2.0 * ONE)


def entrusted(book: Any) -> Iterator[tuple[str, Any]]:
    """Every invariant of the trust of a book, with whether it holds in each world."""
    trust, opinions = book.trust, book.opinions
    yield "trust adds up to the whole", _adds_up(trust["trust"])
    yield "trust given beforehand adds up to the whole", _adds_up(trust["pretrust"])
    parts = (trust["trust"] >= 0) & (trust["trust"] <= ONE) & (trust["pretrust"] >= 0) & (trust["pretrust"] <= ONE)
    yield "no trust is negative, or more than the whole", parts.all(axis=1)
    rater = np.arange(opinions.shape[1]) // (opinions.shape[1] // trust.shape[1])
    yield "no opinion is about its rater", ((opinions["whom"] != rater) | (opinions["ratings"] == 0)).all(axis=1)
    yield "no opinion outweighs the bound", (np.abs(opinions["points"]) < MAX_POINTS).all(axis=1)


def trust_in_place(book: Any) -> bool:
    """Whether there is trust for every account or for none, with equal rows of opinions of accounts, and a keeper."""
    sizes = book.trusting.shape[1], book.opinions.shape[1], book.trust.shape[1]
    if sizes == (0, 0, 0):
        return True
    terms, opinions, accounts = sizes
    if terms != 1 or accounts != book.accounts.shape[1] or opinions % accounts:
        return False
    if not accounts <= opinions <= accounts * MAX_PLACES or (book.opinions["whom"] < 0).any():
        return False
    keeper = int(book.trusting["keeper"][0, 0])
    return keeper >= 0 and all(bool(holds.all()) for _, holds in entrusted(book))
