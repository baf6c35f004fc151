"""Posted prices: sellers of substitutes post one price each, and consumers choose among them at the end of every block.

1. A seller posts the price of its good; it stands until the seller posts another. Whoever posts first becomes a seller at the
   common unit cost; a genesis may open sellers with costs of their own.
2. At the end of every block consumers of mass 1 choose among all standing prices and buying nothing, by logit demand: seller i
   gets the share exp((quality - price_i) / mu) / (sum over all sellers of the same + exp(outside / mu)). Shares are counted in
   millionths of the mass and rounded down.
3. The consumers' account pays price × quantity to each seller, and the seller's production cost, cost × quantity, is burned:
   what production uses up is gone. Both are rounded down to the smallest unit.
4. A seller that can not pay the cost of its share beforehand sells nothing, and its buyers go home. Consumers who can not pay all
   that they would buy buy nothing at all.

Source of the demand: McFadden, "Conditional logit analysis of qualitative choice behavior", 1974; as the market of Calvano,
Calzolari, Denicolò and Pastorello, "Artificial intelligence, algorithmic pricing, and collusion", American Economic Review 110,
2020.
"""

import math

from chain.accounts import burn, can_pay, is_open, transfer
from chain.layout import MAX_PRICE, Kind, Record, record
from chain.rule import rule
from chain.status import Status

TERMS = record(
    "quality", "outside", "mu",  # worth of a good and of buying nothing; how different the goods are: all in units of money
    "cost",  # of one unit to a seller that opens by its first post
    "consumers",  # address of the account that pays
    "listed",  # sellers
    "stale",  # 1 where a price has changed since demand was counted
)  # fmt: skip
"""The contract's parameters and its counters: one record."""

TERM_LIMITS = {"quality": MAX_PRICE, "outside": MAX_PRICE, "mu": MAX_PRICE, "cost": MAX_PRICE, "consumers": 2**31}
"""Highest value of each parameter; the lowest is 0, and nothing is sold where `mu` is 0. The counters are not for setting."""

SELLER = record("known", "price", "cost", "demand", "revenue", "expense", "served", "listed")
"""By account: whether it sells; its standing price and unit cost; what consumers demand of it in a block, in millionths, what
they pay for that and what it costs to produce; whether they got it in the last block (0 or 1). The list of all sellers stands
in `listed`: row k holds the address of the k-th of them."""

MASS = 1_000_000
"""Quantities are counted in millionths of the mass of consumers."""
ONE = 2**40
"""Weights of choices are fixed-point numbers with this as 1: their sums are exact in any order."""


@rule
def worth(price: int, quantity: int) -> int:
    """`price` per unit × `quantity` in millionths, rounded down. The product fits: 2^40 × 2^20."""
    return int(price * quantity // MASS)


@rule
def join(book: Record, address: int, cost: int) -> None:
    """Put an account on the list of sellers."""
    terms = book.terms[0]
    seller = book.sellers[address]
    seller.known = 1
    seller.cost = cost
    book.sellers[terms.listed].listed = address
    terms.listed += 1


@rule
def set_price(book: Record, address: int, price: int) -> None:
    """Let a seller's price stand from now on."""
    book.sellers[address].price = price
    book.terms[0].stale = 1


@rule
def post_price(book: Record, tx: Record) -> Status:
    """Post the sender's price, `amount`."""
    # Conditions
    terms = book.terms[0]
    if not 0 <= tx.amount <= MAX_PRICE:
        return Status.BAD_AMOUNT
    if tx.sender == terms.consumers:
        return Status.OWN_OFFER
    # Effects
    if book.sellers[tx.sender].known == 0:
        join(book, tx.sender, terms.cost)
    set_price(book, tx.sender, tx.amount)
    return Status.OK


@rule
def weight(utility: int, mu: int) -> int:
    """exp(utility / mu) as a fixed-point number; no utility is above 0."""
    return int(math.exp(utility / mu) * ONE)


@rule
def count_demand(book: Record) -> None:
    """Share the mass of consumers out over all sellers, and see what it comes to in money.

    Utilities are taken below the highest one, so nothing overflows and the sum of the weights is at least `ONE`.
    """
    terms, sellers = book.terms[0], book.sellers
    best = terms.outside
    for k in range(terms.listed):
        best = max(best, terms.quality - sellers[sellers[k].listed].price)
    total = weight(terms.outside - best, terms.mu)
    for k in range(terms.listed):
        seller = sellers[sellers[k].listed]
        seller.demand = weight(terms.quality - seller.price - best, terms.mu)
        total += seller.demand
    for k in range(terms.listed):
        seller = sellers[sellers[k].listed]
        seller.demand = seller.demand * MASS // total
        seller.revenue = worth(seller.price, seller.demand)
        seller.expense = worth(seller.cost, seller.demand)
    terms.stale = 0


@rule
def sell(book: Record) -> None:
    """At the end of a block: consumers buy of all sellers at their standing prices."""
    # Conditions
    accounts, terms, sellers = book.accounts, book.terms[0], book.sellers
    if terms.mu <= 0 or not is_open(accounts, terms.consumers):
        return
    if terms.stale != 0:
        count_demand(book)
    due = 0
    for k in range(terms.listed):
        seller = sellers[sellers[k].listed]
        seller.served = 1 if can_pay(accounts, sellers[k].listed, seller.expense) else 0
        due += seller.revenue * seller.served
    solvent = can_pay(accounts, terms.consumers, due)
    # Effects
    for k in range(terms.listed):
        seller = sellers[sellers[k].listed]
        if not solvent:
            seller.served = 0
        if seller.served != 0:
            transfer(accounts, terms.consumers, sellers[k].listed, seller.revenue)
            burn(accounts, book.head[0], sellers[k].listed, seller.expense)


ENTRY_POINTS = {
    Kind.POST_PRICE: (post_price, (Status.BAD_AMOUNT, Status.OWN_OFFER)),
}
"""Each entry point with its refusals, in order of precedence."""
