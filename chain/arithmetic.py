"""Products, ratios and roots of amounts, exact: what lies between takes 128 bits.

An amount has 63 bits, a product of two has up to 126. What does not fit in the end is `NO_RESULT`, and whoever called refuses.
Beside `chain/dice.py` the one file with unsigned integers.
"""

import math

import numpy as np

from chain.rule import rule, wide_product

NO_RESULT = -1
"""There is no such amount: a quotient of 2^63 or more, a negative factor, a divisor below 1."""

_DIGIT, _LAST = np.uint64(32), np.uint64(2**32 - 1)
_STEPS = tuple(np.uint64(step) for step in (32, 16, 8, 4, 2, 1))
_LARGEST_FLOAT = float(2**63 - 2**10)
"""Of all floats that have an amount the largest."""
_TWO, _ALL_BUT_TWO = np.uint64(2), np.uint64(62)
_WORD, _NOTHING, _ONE, _LARGEST = np.uint64(64), np.uint64(0), np.uint64(1), np.uint64(2**63 - 1)


@rule(wraps=True)
def long_division(high: np.uint64, low: np.uint64, divisor: np.uint64) -> np.uint64:
    """The quotient of ``high * 2**64 + low`` and a divisor above `high`, so that it has 64 bits; rounded down.

    Two digits of 32 bits, one after the other: each is guessed from the divisor's upper half, and the guess lowered until it
    fits (Knuth, "The Art of Computer Programming" 2, section 4.3.1, algorithm D).
    """
    shift = _NOTHING
    for step in _STEPS:  # the divisor's highest bit becomes 1, so that guesses are at most two too high
        if divisor >> (_WORD - step) == _NOTHING:
            divisor = divisor << step
            shift = shift + step
    if shift > _NOTHING:
        high = (high << shift) | (low >> (_WORD - shift))
        low = low << shift
    upper, lower = divisor >> _DIGIT, divisor & _LAST
    quotient = _NOTHING
    for digit in (low >> _DIGIT, low & _LAST):
        guess = high // upper
        rest = high - guess * upper
        while rest <= _LAST and (guess > _LAST or guess * lower > ((rest << _DIGIT) | digit)):
            guess = guess - _ONE
            rest = rest + upper
        high = ((high << _DIGIT) | digit) - guess * divisor
        quotient = (quotient << _DIGIT) | guess
    return quotient


@rule
def multiply_divide(a: int, b: int, divisor: int) -> int:
    """``a * b // divisor``, exact for all factors from 0 and divisors from 1, or `NO_RESULT`.

    >>> int(multiply_divide(2**62, 3 * 2**60, 2**61)) == 3 * 2**61, int(multiply_divide(2**62, 4, 2))
    (True, -1)
    """
    if a < 0 or b < 0 or divisor <= 0:
        return NO_RESULT
    high, low = wide_product(np.uint64(a), np.uint64(b))
    by = np.uint64(divisor)
    if high >= by:
        return NO_RESULT
    quotient = low // by if high == _NOTHING else long_division(high, low, by)
    if quotient > _LARGEST:
        return NO_RESULT
    return int(np.int64(quotient))


@rule
def part_of(amount: int, part: int) -> int:
    """``amount * part // 2**62``, exact, both from 0 to 2^62: a fixed-point part of an amount.

    >>> int(part_of(2**62, 2**61)) == 2**61, int(part_of(3, 2**61))
    (True, 1)
    """
    high, low = wide_product(np.uint64(amount), np.uint64(part))
    return int(np.int64((high << _TWO) | (low >> _ALL_BUT_TWO)))


@rule(wraps=True)
def product_reaches(a: int, b: int, more: int, c: int, d: int) -> bool:
    """Whether ``a * b + more >= c * d``, exact; all from 0.

    >>> bool(product_reaches(2**62, 2**62, 1, 2**62 + 1, 2**62)), bool(product_reaches(2**62, 2**62, 2**62, 2**62 + 1, 2**62))
    (False, True)
    """
    high, low = wide_product(np.uint64(a), np.uint64(b))
    other_high, other_low = wide_product(np.uint64(c), np.uint64(d))
    total = low + np.uint64(more)
    if total < low:
        high = high + _ONE
    return bool(high > other_high or (high == other_high and total >= other_low))


@rule
def product_exceeds(a: int, b: int, c: int, d: int) -> bool:
    """Whether ``a * b > c * d``, exact; all from 0."""
    return not product_reaches(c, d, 0, a, b)


@rule
def root_of_product(a: int, b: int) -> int:
    """The square root of ``a * b``, rounded down, exact; `NO_RESULT` if a factor is negative.

    >>> int(root_of_product(2**62, 2**62 - 1)) == 2**62 - 1
    True
    """
    if a < 0 or b < 0:
        return NO_RESULT
    if a == 0 or b == 0:
        return 0
    root = max(int(min(math.sqrt(float(a) * float(b)), _LARGEST_FLOAT)), 1)
    other = multiply_divide(a, b, root)  # of a guess that is right in all but its last bits, Newton's step is right but for one
    if other != NO_RESULT:
        root = root // 2 + other // 2 + (root % 2 + other % 2) // 2
    while product_exceeds(root, root, a, b):
        root -= 1
    while not product_exceeds(root + 1, root + 1, a, b):
        root += 1
    return root
