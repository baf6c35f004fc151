"""Merkle trees: the tree hash of RFC 6962, its paths, and a tree that is kept up to date."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.merkle import HASH_BYTES, Tree, leaf_hash, levels_of, path_of, root_by, tree_hash
from tests.chain.recordings import plain_hash

INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the first 1, 2, ... 8 inputs. Inputs, roots and paths are those that the tests of Certificate Transparency use for RFC 6962
(github.com/google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc)."""
PATHS = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
SIZES = range(1, 71)


def leaves(count):
    return [leaf_hash(bytes([k])) for k in range(count)]


@pytest.mark.parametrize("count", range(1, 9))
def test_the_tree_hash_is_that_of_rfc_6962(count):
    assert tree_hash(INPUTS[:count]).hex() == ROOTS[count - 1]


def test_the_tree_hash_of_nothing_is_the_hash_of_nothing():
    assert tree_hash([]) == sha256(b"").digest()


@pytest.mark.parametrize(("index", "count"), PATHS)
def test_paths_are_those_of_rfc_6962(index, count):
    levels = levels_of([leaf_hash(chunk) for chunk in INPUTS[:count]])
    assert tuple(step.hex() for step in path_of(levels, index)) == PATHS[index, count]


@pytest.mark.parametrize("count", SIZES)
def test_pairing_level_by_level_is_splitting_at_a_power_of_two(count):
    chunks = [bytes([k]) * k for k in range(count)]
    assert tree_hash(chunks) == plain_hash(chunks)


def test_no_leaf_is_doubled_and_no_node_passes_for_a_leaf():
    a, b, c = b"a", b"b", b"c"
    assert tree_hash([a, b, c]) != tree_hash([a, b, c, c])
    assert tree_hash([leaf_hash(a) + leaf_hash(b)]) != tree_hash([a, b])
    assert tree_hash([a]) != tree_hash([a, a]) != tree_hash([a, a, a, a])


@pytest.mark.parametrize("count", SIZES)
def test_a_path_leads_from_every_leaf_to_the_root_and_from_no_other_place(count):
    hashes = leaves(count)
    levels = levels_of(hashes)
    for index, leaf in enumerate(hashes):
        path = path_of(levels, index)
        assert root_by(path, leaf, index, count) == levels[-1][0]
        for other in {*range(count), -1, count, count + 1, 2**70} - {index}:
            assert root_by(path, leaf, other, count) != levels[-1][0]


@pytest.mark.parametrize("count", SIZES)
def test_a_path_with_anything_changed_does_not_lead_to_the_root(count):
    hashes = leaves(count)
    levels = levels_of(hashes)
    for index in {0, 1, count // 2, count - 2, count - 1} & set(range(count)):
        leaf, path = hashes[index], path_of(levels, index)
        changed = [path[:-1], path[1:], [*path, levels[-1][0]], [levels[-1][0], *path], [*path, b""], path[::-1]]
        for k, step in enumerate(path):
            flipped = bytes([step[0] ^ 1]) + step[1:]
            changed += [[*path[:k], step_, *path[k + 1 :]] for step_ in (flipped, b"", step[:-1], step + b"\0")]
        for wrong in changed:
            if wrong != path:
                assert root_by(wrong, leaf, index, count) != levels[-1][0]
        assert root_by(path, leaf_hash(b"another"), index, count) != levels[-1][0]


@pytest.mark.parametrize("count", SIZES)
def test_a_path_fits_no_tree_in_which_its_leaf_stands_elsewhere(count):
    """Trees of other sizes have other paths, but where the way up turns the same it is the same path: a root alone does not say
    how many leaves there are. So whatever is proved names its size itself."""
    levels = levels_of(leaves(count))
    for index in range(count):
        path = path_of(levels, index)
        for size in {1, 2, index, count - 1, count + 1, 2 * count, 2 * count + 1} - {count}:
            root = root_by(path, leaf_hash(bytes([index])), index, size)
            same_turns = index < size and turns(index, size) == turns(index, count)
            assert (root == levels[-1][0]) == same_turns


def turns(index, count):
    """On which sides the hashes beside the way up stand."""
    sides = []
    while count > 1:
        sides += [index & 1] * (index ^ 1 < count)
        index, count = index >> 1, (count + 1) >> 1
    return sides


@given(
    count=st.integers(1, 40),
    size=st.sampled_from((1, 8, 24)),
    rounds=st.lists(st.dictionaries(st.integers(0, 39), st.binary(min_size=1, max_size=1)), max_size=6),
    short=st.booleans(),
)
def test_a_tree_kept_up_to_date_is_the_tree_from_scratch(count, size, rounds, short):
    """`short`: the last chunk is not full."""
    content = bytearray(range(count)) * size
    content = content[: len(content) - (size // 2 if short else 0)]
    tree = Tree(count)
    tree.set(np.arange(count), memoryview(content), size)
    for changes in rounds:
        changed = sorted(chunk for chunk in changes if chunk < count)
        for chunk in changed:
            content[chunk * size : chunk * size + 1] = changes[chunk]
        if changed:
            tree.set(np.array(changed), memoryview(content), size)
        chunks = [bytes(content[k : k + size]) for k in range(0, len(content), size)]
        assert tree.root == tree_hash(chunks) == plain_hash(chunks)
        assert tree.levels == levels_of([leaf_hash(chunk) for chunk in chunks])
        assert len(tree.root) == HASH_BYTES
