"""Mean reputation: every closed deal may leave one rating, and the mean is public.

1. A contract that closes a deal calls `rate` once; nobody can call it directly.
2. The score is the mean of all ratings, each between 0 and 10,000 basis points.
"""

from chain.layout import Records, record
from chain.rule import rule

REPUTATION = record("sum_bps", "ratings")
"""By account: the sum and the number of its ratings."""

ENTRY_POINTS: dict[int, object] = {}
"""None: ratings come from the contracts whose deals they judge."""


@rule
def rate(reputation: Records, address: int, rating_bps: int) -> None:
    """Add one rating."""
    reputation[address].sum_bps += rating_bps
    reputation[address].ratings += 1


@rule
def mean_bps(reputation: Records, address: int) -> int:
    """The mean rating, rounded down; 0 without ratings."""
    if reputation[address].ratings == 0:
        return 0
    return int(reputation[address].sum_bps // reputation[address].ratings)
