"""Mean reputation: every closed deal may leave one rating, and the weighted mean is public.

1. A contract that closes a deal calls `rate` once; nobody can call it directly.
2. The score is the mean of all ratings, each between 0 and 10,000 basis points. All weigh the same, unless the contract says
   otherwise:
3. With decay, every new rating first takes a share of the weight of all earlier ones of that account: they are forgotten
   exponentially. With a decay of 10,000 bps the newest rating alone counts.
4. With payments, a rating weighs as much as its deal cost, in smallest units of money, and at least `LEAST_WEIGHT`: praise for a
   free deal is worth next to nothing. What was paid back after a dispute counts all the same.

Source: decay is the forgetting factor, 1 - decay, of Jøsang and Ismail, "The beta reputation system", Bled Electronic Commerce
Conference, 2002; payments as weights are those of Kolonin and others, "A reputation system for marketplaces - viability
assessment", arXiv:1902.03857, 2019.

Bounds: weights stay below `MAX_WEIGHT`, so points, at most 10,000 times as much, stay inside 64 bits however many ratings come.
An account that would pass it, after 2**9 deals at `MAX_PRICE` or 2**33 ratings of equal weight, has its points and its weight
halved. Points are rounded down and weights up, so no mean passes 10,000. Without decay and halving the mean is exact; with decay
it is at most 10,001 / `LEAST_WEIGHT` = 0.16 bps too low, before it is rounded down.
"""

from chain.accounts import share
from chain.layout import WHOLE_BPS, Records, record
from chain.rule import rule

REPUTATION = record("points", "weight", "ratings")
"""By account: the sum of its ratings, each times its weight; the sum of these weights; and the plain number of ratings."""
LEAST_WEIGHT = 2**16
"""Weight of a rating without payment. So large that what decay leaves of it can be told in whole numbers."""
MAX_WEIGHT = 2**49
"""Every account's weight stays below it: 10,000 times as much is less than 2**63, with room for one more deal."""

ENTRY_POINTS: dict[int, object] = {}
"""None: ratings come from the contracts whose deals they judge."""


@rule
def weight_of(payment: int) -> int:
    """What a rating weighs, by the payment for its deal."""
    return max(payment, LEAST_WEIGHT)


@rule
def rate(reputation: Records, address: int, rating_bps: int, payment: int, decay_bps: int) -> None:
    """Add one rating.

    Args:
        reputation: by account.
        address: who is rated.
        rating_bps: 0 to 10,000.
        payment: from 0 to `MAX_PRICE`; 0 if payments make no difference.
        decay_bps: share of the weight of all earlier ratings that is forgotten now.
    """
    repute = reputation[address]
    if decay_bps > 0:
        repute.points = share(repute.points, WHOLE_BPS - decay_bps)
        repute.weight -= share(repute.weight, decay_bps)
    weight = weight_of(payment)
    repute.points += rating_bps * weight
    repute.weight += weight
    repute.ratings += 1
    if repute.weight >= MAX_WEIGHT:
        repute.points >>= 1
        repute.weight -= repute.weight >> 1


@rule
def mean_bps(reputation: Records, address: int) -> int:
    """The weighted mean rating, rounded down; 0 without ratings."""
    if reputation[address].weight == 0:
        return 0
    return int(reputation[address].points // reputation[address].weight)
