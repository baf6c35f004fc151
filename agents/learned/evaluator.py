"""The one evaluator of learned policies: every row by itself, its sums in a fixed order, in double precision.

A matrix product of a library adds in an order that depends on how many rows there are and where a row stands among them (NumPy's
float32 product gave three different results for one row at different places of one tile of 64). The last bits then differ,
sooner or later an action is rounded the other way, and ledgers diverge. Here the order is written down: so a row's result is
the same in every batch, at every place, on any number of threads, and interpreted as compiled.

Eight rows are taken at a time, so that each weight is read once for eight and their sums go on side by side.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learned.network import Network
from chain.rule import rule

TILE = 8
"""Rows that are evaluated side by side; the last row of a batch is repeated to fill the last tile."""


@rule
def tanh(x: float) -> float:
    """The hyperbolic tangent, to an absolute error of 1e-15."""
    return 1.0 - 2.0 / (math.exp(2.0 * min(x, 20.0)) + 1.0)


@rule
def add_layer(x: Any, weights: Any, outputs: int, inputs: int, y: Any) -> None:
    """``y[j, b]`` = bias j + the sum over i of weight (j, i) × ``x[i, b]``, one term after another, for the rows b of a tile.

    `weights` begins with those of the layer, (outputs, inputs) in C order, and then its biases.
    """
    for j in range(outputs):
        a = b = c = d = e = f = g = h = weights[outputs * inputs + j]
        for i in range(inputs):
            w = weights[j * inputs + i]
            a += w * x[i, 0]
            b += w * x[i, 1]
            c += w * x[i, 2]
            d += w * x[i, 3]
            e += w * x[i, 4]
            f += w * x[i, 5]
            g += w * x[i, 6]
            h += w * x[i, 7]
        y[j, 0], y[j, 1], y[j, 2], y[j, 3], y[j, 4], y[j, 5], y[j, 6], y[j, 7] = a, b, c, d, e, f, g, h


@rule
def activate(y: Any, outputs: int, relu: bool) -> None:
    """Put every number of a layer through its activation."""
    for j in range(outputs):
        for b in range(TILE):
            if not relu:
                y[j, b] = tanh(y[j, b])
            elif y[j, b] < 0.0:
                y[j, b] = 0.0


@rule
def forward(seen: Any, weights: Any, sizes: Any, relu: bool, work: Any, out: Any) -> None:
    """The outputs of a network for every row.

    Args:
        seen: features, shape (rows, inputs).
        weights: as in `Network.flat`.
        sizes: as in `Network.sizes`.
        relu: the activation; tanh if not.
        work: working memory, shape (2, widest layer, `TILE`).
        out: filled with the outputs, shape (rows, outputs).
    """
    rows, last = seen.shape[0], sizes.size - 2
    for first in range(0, rows, TILE):
        for i in range(sizes[0]):
            for b in range(TILE):
                work[0, i, b] = seen[min(first + b, rows - 1), i]
        place, side = 0, 0
        for layer in range(last + 1):
            inputs, outputs = sizes[layer], sizes[layer + 1]
            add_layer(work[side], weights[place:], outputs, inputs, work[1 - side])
            side = 1 - side
            if layer < last:
                activate(work[side], outputs, relu)
            place += (inputs + 1) * outputs
        for b in range(min(TILE, rows - first)):
            for j in range(out.shape[1]):
                out[first + b, j] = work[side, j, b]


@rule
def best_level(scores: Any, valid: Any) -> int:
    """The valid level of the highest score, the lowest of equal ones; level 0 if none is valid."""
    best = -1
    for k in range(scores.size):
        if valid[k] and (best < 0 or scores[k] > scores[best]):
            best = k
    return max(best, 0)


@rule
def drawn_level(scores: Any, valid: Any, unit: float) -> int:
    """A valid level with the probabilities that the softmax of the scores gives to them; `unit` is uniform in [0, 1)."""
    best, total = best_level(scores, valid), 0.0
    for k in range(scores.size):
        if valid[k]:
            total += math.exp(scores[k] - scores[best])
    left, level = unit * total, best
    for k in range(scores.size):
        if valid[k]:
            level = k
            left -= math.exp(scores[k] - scores[best])
            if left < 0.0:
                break
    return level


@rule
def choose(scores: Any, valid: Any, levels: Any, units: Any, out: Any) -> None:
    """A level of every field for every row: the best, or one drawn.

    Args:
        scores: shape (rows, sum of levels).
        valid: which may be chosen, of the same shape.
        levels: number of levels of each field.
        units: uniform draws, shape (rows, fields); of no columns to take the best.
        out: filled with the levels, shape (rows, fields).
    """
    for r in range(scores.shape[0]):
        first = 0
        for field in range(levels.size):
            end = first + levels[field]
            if units.shape[1] == 0:
                out[r, field] = best_level(scores[r, first:end], valid[r, first:end])
            else:
                out[r, field] = drawn_level(scores[r, first:end], valid[r, first:end], units[r, field])
            first = end


def outputs_of(network: Network, seen: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a network says to features of shape (rows, inputs): shape (rows, outputs)."""
    sizes = np.array(network.sizes, np.int64)
    work, out = np.empty((2, sizes.max(), TILE)), np.empty((len(seen), sizes[-1]))
    forward(np.ascontiguousarray(seen, np.float32), network.flat, sizes, network.activation == "relu", work, out)
    return out
