"""Products, ratios and roots of amounts equal those of whole numbers of any size."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.arithmetic import NO_RESULT, long_division, multiply_divide, product_exceeds, root_of_product

EDGES = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**61, 2**62 - 1, 2**62, 2**62 + 1, 2**63 - 2, 2**63 - 1]
amounts = st.one_of(st.sampled_from(EDGES), st.integers(0, 2**63 - 1), st.integers(0, 63).map(lambda bits: 2**bits - 1))


def quotient(a, b, divisor):
    """In whole numbers of any size."""
    exact = a * b // divisor if divisor > 0 and a >= 0 and b >= 0 else -1
    return exact if exact < 2**63 else NO_RESULT


def test_of_all_triples_of_edges_ratios_are_exact_or_refused():
    refused = 0
    for a in EDGES:
        for b in EDGES:
            for divisor in EDGES:
                assert multiply_divide(a, b, divisor) == quotient(a, b, divisor), (a, b, divisor)
                refused += multiply_divide(a, b, divisor) == NO_RESULT
    assert 0 < refused < len(EDGES) ** 3 / 2


@given(amounts, amounts, amounts)
def test_a_ratio_is_exact_or_refused(a, b, divisor):
    assert multiply_divide(a, b, divisor) == quotient(a, b, divisor)


@pytest.mark.parametrize(("a", "b", "divisor"), [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -1), (-(2**63), 0, 1)])
def test_what_is_no_amount_has_no_ratio(a, b, divisor):
    assert multiply_divide(a, b, divisor) == NO_RESULT


words = st.one_of(st.sampled_from([0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 2**32, 2**64 - 1]), st.integers(0, 2**64 - 1))


@given(words, words, words.filter(bool))
@example(2**64 - 2, 2**64 - 1, 2**64 - 1)
@example(2**63 - 1, 0, 2**63)
@example(2**63 - 1, 2**64 - 1, 2**63 + 2**32 - 1)
def test_a_long_division_is_exact_for_every_divisor_above_the_upper_word(high, low, divisor):
    high %= divisor
    assert int(long_division(np.uint64(high), np.uint64(low), np.uint64(divisor))) == ((high << 64) | low) // divisor


def test_random_long_divisions_by_all_sizes_of_divisors_are_exact():
    dice = np.random.default_rng(1)
    for bits in range(1, 65):
        for _ in range(40):
            divisor = int(dice.integers(2 ** (bits - 1), 2**bits - 1, dtype=np.uint64, endpoint=True))
            high, low = int(dice.integers(0, 2**64, dtype=np.uint64)) % divisor, int(dice.integers(0, 2**64, dtype=np.uint64))
            assert int(long_division(np.uint64(high), np.uint64(low), np.uint64(divisor))) == ((high << 64) | low) // divisor


@given(amounts, amounts)
def test_a_root_is_exact(a, b):
    assert root_of_product(a, b) == math.isqrt(a * b)


def test_roots_of_squares_and_their_neighbours_are_exact():
    dice = np.random.default_rng(2)
    for root in [*EDGES, *dice.integers(0, 2**63 - 1, 300).tolist()]:
        assert root_of_product(root, root) == root
        if root > 0:
            assert root_of_product(root - 1, root) == math.isqrt((root - 1) * root)
            assert root_of_product(root, min(root + 1, 2**63 - 1)) == math.isqrt(root * min(root + 1, 2**63 - 1))
    assert root_of_product(-1, 4) == root_of_product(4, -1) == NO_RESULT


@given(amounts, amounts, amounts, amounts)
def test_products_are_compared_exactly(a, b, c, d):
    assert product_exceeds(a, b, c, d) == (a * b > c * d)
    assert not product_exceeds(a, b, b, a)
