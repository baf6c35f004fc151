"""What should come out, known without running an auction: bids, savings and profits of uniform costs.

n bidders, costs uniform from 0 to `high`. In terms of values: a bidder of cost c under a reserve r is worth r - c to the buyer.
With reserve and highest cost alike, value uniform from 0 to 1: who bids (n-1)/n of its value in the first price, and who bids its
value in the second, does best against others who do; either saves the buyer (n-1)/(n+1) of the reserve on average. The second
price varies more: its saving is the second highest of n values, that of the first (n-1)/n times the highest.

Sources: Vickrey, "Counterspeculation, auctions, and competitive sealed tenders", Journal of Finance 16, 1961; Riley and
Samuelson, "Optimal auctions", American Economic Review 71, 1981. Amounts are floats in any unit of money.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def equilibrium_bid(cost: ArrayLike, bidders: int, high: float, reserve: float) -> Floats:
    """The bid that does best in the first price against others who bid so: the cost plus the integral from it to the reserve of
    the chance that all others cost more, given that they do at the cost itself. Costs from the reserve on are bid as they are."""
    c, r = np.asarray(cost, float), min(reserve, high)
    above = np.maximum(high - c, 1e-300)
    markup = (above - (high - r) * ((high - r) / above) ** (bidders - 1)) / bidders
    return np.asarray(np.where(c < r, c + markup, c))


def mean_saving(bidders: int) -> float:
    """Mean of reserve minus price, as a share of the reserve, where it is the highest cost: the same in both prices."""
    return (bidders - 1) / (bidders + 1)


def saving_variance(bidders: int, second_price: bool) -> float:
    """Variance of the same: of the second highest of n uniform values, or of (n-1)/n times the highest."""
    n = bidders
    if second_price:
        return 2 * (n - 1) / ((n + 1) ** 2 * (n + 2))
    return ((n - 1) / n) ** 2 * n / ((n + 1) ** 2 * (n + 2))


def mean_profit(bidders: int) -> float:
    """Mean profit of one bidder in one auction, as a share of the reserve, where it is the highest cost: the same in both."""
    return 1 / (bidders * (bidders + 1))
