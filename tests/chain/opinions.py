"""Tables of opinions for tests, what they should come to, and the exact solution of trust."""

from fractions import Fraction
from typing import Any

import numpy as np

from chain.contracts.eigentrust import ONE, PLACES, entrust, form_opinion, with_trust, work_out
from chain.deployments import service_market

GOOD, BAD = 10_000, 0


def circle(accounts: int, *, pretrusted: Any, alpha_bps: int = 1_500, places: int = PLACES) -> Any:
    """One world's book of so many accounts that have no opinions yet."""
    book = with_trust(service_market.blank(1, accounts, 1, 1), places)
    entrust(book, every=1, alpha_bps=alpha_bps, pretrusted=pretrusted)
    return type(book)(*(array[0] for array in book))


def think(book: Any, rater: int, whom: int, rating_bps: int = GOOD, payment: int = 0, decay_bps: int = 0) -> None:
    """Let an account rate another one."""
    form_opinion(book.opinions, book.opinions.size // book.trust.size, rater, whom, rating_bps, payment, decay_bps)


def trust_in(book: Any) -> Any:
    """The trust of all accounts, worked out, as parts of 1."""
    work_out(book.trusting[0], book.opinions, book.trust)
    assert book.trust["trust"].sum() == ONE
    return book.trust["trust"] / ONE


def points_of(book: Any) -> dict[int, dict[int, int]]:
    """By rater: the points of everybody of whom it has an opinion."""
    places = book.opinions.size // book.trust.size
    known = {a: book.opinions[a * places : (a + 1) * places] for a in range(book.trust.size)}
    return {a: {int(row.whom): int(row.points) for row in rows if row.ratings > 0} for a, rows in known.items()}


def exact_trust(points: dict[int, dict[int, int]], pretrust: dict[int, Fraction], alpha: Fraction) -> list[Fraction]:
    """The solution of t = (1 - a) C^T t + a p, by elimination over fractions: slow, and right to the last digit."""
    n = len(points)
    p = [pretrust.get(i, Fraction(0)) for i in range(n)]
    rows = [[Fraction(i == j) for j in range(n)] + [alpha * p[i]] for i in range(n)]
    for rater, own in points.items():
        total = sum(max(points, 0) for points in own.values())
        for whom in range(n):
            part = Fraction(max(own.get(whom, 0), 0), total) if total else p[whom]
            rows[whom][rater] -= (1 - alpha) * part
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(n):
            if i != k and rows[i][k]:
                rows[i] = [value - rows[i][k] * above for value, above in zip(rows[i], rows[k], strict=True)]
    return [row[n] for row in rows]


def solved_trust(points: dict[int, dict[int, int]], pretrust: Any, alpha: float) -> Any:
    """The same by LU decomposition in floats."""
    matrix, p = np.zeros((len(points), len(points))), np.asarray(pretrust, float)
    for rater, own in points.items():
        good = {whom: float(points) for whom, points in own.items() if points > 0}
        matrix[:, rater] = p
        if good:
            matrix[:, rater] = 0.0
            matrix[list(good), rater] = np.array(list(good.values())) / sum(good.values())
    return np.linalg.solve(np.eye(len(points)) - (1 - alpha) * matrix, alpha * p)
