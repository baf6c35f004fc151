"""Merkle trees: one hash that vouches for many chunks, and short proofs that a chunk is among them.

The tree hash is that of RFC 6962 (Laurie, Langley and Kasper, "Certificate Transparency", 2013): a leaf is hashed behind a byte
0, a node behind a byte 1, so neither passes for the other; n leaves are split at the largest power of two below n, so no leaf is
ever doubled. Hashing pairs level by level, and letting an odd last node rise as it is, gives the same tree.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise

import numpy as np

from chain.layout import Integers

Bytes = bytes | bytearray | memoryview
HASH_BYTES = 32


def leaf_hash(chunk: Bytes) -> bytes:
    """The hash of a chunk as a leaf."""
    return sha256(b"\0" + chunk).digest()


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The levels of the tree over leaves that are hashed already; the last level is the root alone."""
    levels = [list(leaves) or [sha256().digest()]]
    while len(level := levels[-1]) > 1:
        above = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        levels.append(above + level[len(above) * 2 :])
    return levels


def tree_hash(chunks: Sequence[Bytes]) -> bytes:
    """The root over chunks.

    >>> tree_hash([]).hex()[:16], tree_hash([b""]).hex()[:16], tree_hash([b"", b"\\0"]).hex()[:16]
    ('e3b0c44298fc1c14', '6e340b9cffb37a98', 'fac54203e7cc696c')
    """
    return levels_of([leaf_hash(chunk) for chunk in chunks])[-1][0]


def path_of(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The hashes beside the way from a leaf up to the root."""
    path = []
    for level in levels[:-1]:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        index >>= 1
    return path


def root_by(path: Sequence[bytes], leaf: bytes, index: int, leaves: int) -> bytes | None:
    """The root to which a path leads from the hash of leaf `index` of so many; None if no path of this tree looks so."""
    if not 0 <= index < leaves:
        return None
    steps, node = iter(path), leaf
    while leaves > 1:
        if index ^ 1 < leaves:
            beside = next(steps, None)
            if beside is None:
                return None
            node = sha256(b"\1" + (beside + node if index & 1 else node + beside)).digest()
        index, leaves = index >> 1, (leaves + 1) >> 1
    return node if next(steps, None) is None else None


class Tree:
    """The tree over a fixed number of chunks, kept so that a changed chunk costs one path."""

    def __init__(self, leaves: int) -> None:
        """A tree over so many chunks, at least one, that must all be set before its root means anything."""
        self.leaves = leaves
        self.levels = [[b""] * leaves]
        while leaves > 1:
            leaves = (leaves + 1) // 2
            self.levels.append([b""] * leaves)

    def set(self, changed: Integers, chunks: memoryview, size: int) -> None:
        """Hash some chunks again, at least one, by number, rising; chunk c is ``chunks[c * size : (c + 1) * size]``."""
        level = self.levels[0]
        for c in changed.tolist():
            level[c] = sha256(b"\0" + chunks[c * size : (c + 1) * size]).digest()
        for below, above in pairwise(self.levels):
            changed = changed >> 1
            changed = changed[np.concatenate(([True], changed[1:] != changed[:-1]))]
            pairs = len(below) // 2
            for c in changed.tolist():
                above[c] = sha256(b"\1" + below[2 * c] + below[2 * c + 1]).digest() if c < pairs else below[-1]

    @property
    def root(self) -> bytes:
        """The root over all chunks."""
        return self.levels[-1][0]
