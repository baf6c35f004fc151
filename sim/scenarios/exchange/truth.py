"""What should come out, known without a ledger: arbitrage and sandwiches on a constant product, in closed form.

A pool of x of what is paid in and y of what comes out keeps (x + γ dx)(y - dy) = x y for a swap of dx, where γ is what the fee
leaves of it. Amounts are floats in any units; p is the price of what comes out, in what is paid in.

Sources: Angeris, Kao, Chiang, Noyes and Chitra, "An analysis of Uniswap markets", Cryptoeconomic Systems 1, 2021 (arbitrage and
the band without it); Zhou, Qin, Torres, Le and Gervais, "High-frequency trading on decentralized on-chain exchanges", IEEE
Symposium on Security and Privacy 2021 (sandwiches).
"""

from math import sqrt
from typing import NamedTuple


def swapped(x: float, y: float, paid: float, fee: float) -> float:
    """What comes out."""
    kept = (1 - fee) * paid
    return y * kept / (x + kept)


def arbitrage(x: float, y: float, price: float, fee: float) -> float:
    """The input that gains most where what comes out can be sold at a price: until the last unit costs that; 0 where none gains.

    What gains most is (sqrt(γ x y p) - x) / γ: none below the price x / (γ y). The mirror image, with x and y exchanged and 1 /
    p for p, is none above the price γ x / y.
    """
    kept = 1 - fee
    return max(sqrt(kept * x * y * price) - x, 0.0) / kept


class Sandwich(NamedTuple):
    """What a sandwich takes."""

    front: float
    """The largest input before the victim's that still lets its swap succeed."""
    profit: float
    """What the swap after it gets back, minus that, in the same asset."""


def sandwich(x: float, y: float, paid: float, slippage: float, fee: float) -> Sandwich:
    """The sandwich around a victim who pays so much in and accepts to get less by `slippage` than a quote on the untouched pool.

    With an input f before it the victim gets γ v x y / ((x + γ f)(x + f + γ v)). That is the least it accepts, 1 - `slippage` of
    γ v y / (x + γ v), where (x + γ f)(x + f + γ v) = x (x + γ v) / (1 - `slippage`), a quadratic equation in f.

    >>> [round(number, 5) for number in sandwich(1_000, 1_000, 10, 0.01, 0)]
    [5.06288, 0.10099]
    """
    kept = 1 - fee
    linear = x + kept * (x + kept * paid)
    constant = x * (x + kept * paid) * (1 - 1 / (1 - slippage))
    front = (sqrt(linear**2 - 4 * kept * constant) - linear) / (2 * kept)
    out = swapped(x, y, front, fee)
    x, y = x + front, y - out
    x, y = x + paid, y - swapped(x, y, paid, fee)
    return Sandwich(front, swapped(y, x, out, fee) - front)
