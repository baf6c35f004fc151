"""EigenTrust: whom the trusted trust is trusted. It begins with accounts that are trusted beforehand.

1. Whoever rates a deal keeps an opinion of the other side: the sum of rating - 5,000 bps over all its ratings, each times the
   weight that `chain/contracts/reputation.py` gives it, and decayed as there. So good work and bad cancel each other.
2. An account has room for so many opinions. In a full row the one with the fewest points makes room, of equals the first; but a
   newcomer that was rated no better than half takes nobody's place who is well thought of.
3. An account passes its trust on to those of whom it thinks well, in proportion to their points: c_ij = max(points_ij, 0) / sum.
   Who thinks well of nobody passes it to the accounts that a genesis trusts beforehand, in proportion to their weights p.
4. At the end of every block whose height is a multiple of `every`, trust becomes the solution of t = (1 - a) C^T t + a p, with
   `alpha_bps` for a. So accounts that only praise each other have none, however many they are.
5. The public score compares those who offer: 10,000 bps for whoever has at least an equal share of the trust of all trusted
   providers, less in proportion. It does not fall because one provider has more than all others, and names without trust, however
   many, do not change it. Who has no trust has a score of 0. The number of ratings beside it remains that of all: many ratings
   and no trust is what strangers' praise looks like.

Numbers: trust is a fixed-point number with `ONE` as the whole, and always adds up to it: what divisions leave over goes to the
accounts trusted beforehand, as a p does, and its last units to one of them, the keeper. Rounds begin with the trust of the last
time, and end when what a round moved, or could move at most by contraction, proves that the solution is within 2^-36 = 1.5e-11 of
the whole. Rounding adds less than 2 × accounts × (places + 1) / (a × 2^62).

Source: Kamvar, Schlosser and Garcia-Molina, "The EigenTrust algorithm for reputation management in P2P networks", WWW 2003; there
an opinion is satisfactory minus unsatisfactory deals, which is what points are where ratings are 0 or 10,000 bps.
"""

from collections.abc import Mapping
from typing import Any

from chain.accounts import share
from chain.arithmetic import multiply_divide, part_of
from chain.contracts.reputation import mean_bps, weight_of
from chain.errors import InputError, whole
from chain.layout import NOBODY, WHOLE_BPS, Record, Records, record, records
from chain.rule import rule

TRUSTING = record("every", "alpha_bps", "keeper")
"""Blocks from one time to the next, the weight of the accounts trusted beforehand, and which of them keeps the last units. One
record; none, nor any of the tables below, where reputation is a mean."""
OPINION = record("whom", "points", "ratings", "share")
"""Opinion k of the account at address a stands in row a × places + k: of whom, its points, how many ratings made it (none: a free
place), and what part of the account's trust it takes, as of the last time."""
TRUST = record("pretrust", "trust", "passed", "score_bps")
"""By account: what it is trusted beforehand, and what it is trusted; what it gets in a round, while there are rounds; its public
score. Trust and pre-trust are parts of `ONE`."""
ONE = 2**62
"""The whole of all trust."""
LEAST_ALPHA_BPS = 100
"""So that trust is worked out in some thousand rounds at most."""
PLACES, MAX_PLACES = 16, 64
"""Opinions that an account has room for, if nothing else is said, and at most."""
MAX_POINTS = 2**55
"""An account one of whose opinions would pass it has all its opinions halved. A row of opinions adds up to less than 2^62."""
LEAST_STEP = 2**36
"""Rounds end where less than a part in so many, times a, changes hands."""

ENTRY_POINTS: dict[int, object] = {}
"""None: opinions come from the contracts whose deals they judge."""


@rule
def place_for(opinions: Records, first: int, places: int, whom: int, good: bool) -> int:
    """The row, from `first` on, of the opinion of `whom`, or where a new one has its place; `NOBODY` if it has none."""
    weakest = first
    for row in range(first, first + places):
        if opinions[row].ratings == 0 or opinions[row].whom == whom:
            return row
        if opinions[row].points < opinions[weakest].points:
            weakest = row
    return weakest if good or opinions[weakest].points <= 0 else NOBODY


@rule
def form_opinion(opinions: Records, places: int, rater: int, whom: int, rating_bps: int, payment: int, decay_bps: int) -> None:
    """Add one rating to what the rater thinks of somebody; arguments as in `chain.contracts.reputation.rate`."""
    first = rater * places
    row = place_for(opinions, first, places, whom, 2 * rating_bps > WHOLE_BPS)
    if row == NOBODY:
        return
    opinion = opinions[row]
    if opinion.whom != whom:
        opinion.whom = whom
        opinion.points = 0
        opinion.ratings = 0
        opinion.share = 0
    if decay_bps > 0:
        kept = share(abs(opinion.points), WHOLE_BPS - decay_bps)
        opinion.points = kept if opinion.points > 0 else -kept
    opinion.points += (rating_bps - WHOLE_BPS // 2) * weight_of(payment)
    opinion.ratings += 1
    if abs(opinion.points) >= MAX_POINTS:
        for other in range(first, first + places):
            opinions[other].points >>= 1


@rule
def weigh(opinions: Records, places: int) -> None:
    """Share the trust of every account out over its opinions."""
    for first in range(0, opinions.size, places):
        total = 0
        for row in range(first, first + places):
            total += max(opinions[row].points, 0)
        for row in range(first, first + places):
            opinions[row].share = multiply_divide(max(opinions[row].points, 0), ONE, total) if total > 0 else 0


@rule
def pass_on(trusting: Record, opinions: Records, trust: Records) -> int:
    """One round: t becomes (1 - a) C^T t + a p. Returns how much of it changes hands."""
    places = opinions.size // trust.size
    for address in range(trust.size):
        trust[address].passed = 0
    rest = ONE
    for address in range(trust.size):
        gives = multiply_divide(trust[address].trust, WHOLE_BPS - trusting.alpha_bps, WHOLE_BPS)
        if gives == 0:
            continue
        for row in range(address * places, (address + 1) * places):
            if opinions[row].share > 0:
                part = part_of(gives, opinions[row].share)
                trust[opinions[row].whom].passed += part
                rest -= part
    left = rest
    for address in range(trust.size):
        gift = part_of(rest, trust[address].pretrust)
        trust[address].passed += gift
        left -= gift
    trust[trusting.keeper].passed += left
    moved = 0
    for address in range(trust.size):
        moved += max(trust[address].passed - trust[address].trust, 0)
        trust[address].trust = trust[address].passed
    return moved


@rule
def work_out(trusting: Record, opinions: Records, trust: Records) -> None:
    """Solve for the trust of all accounts."""
    weigh(opinions, opinions.size // trust.size)
    enough = multiply_divide(ONE // LEAST_STEP, trusting.alpha_bps, WHOLE_BPS)
    moved, furthest = ONE, ONE
    while moved > enough and furthest > enough:
        moved = pass_on(trusting, opinions, trust)
        furthest = multiply_divide(furthest, WHOLE_BPS - trusting.alpha_bps, WHOLE_BPS)


@rule
def publish(trust: Records, offers: Records, listed: int) -> None:
    """Set the score of all who ever offered, by what those who offer now are trusted."""
    total, count = 0, 0
    for k in range(listed):
        address = offers[k].listed
        if offers[address].capacity > 0 and trust[address].trust > 0:
            total += trust[address].trust
            count += 1
    for k in range(listed):
        account = trust[offers[k].listed]
        if account.trust == 0:
            account.score_bps = 0
        elif account.trust >= total:
            account.score_bps = WHOLE_BPS
        else:
            account.score_bps = min(multiply_divide(account.trust, count * WHOLE_BPS, total), WHOLE_BPS)


@rule
def settle_trust(book: Record) -> None:
    """At the end of a block: work trust and scores out, if it is time."""
    if book.trust.size == 0 or book.trusting[0].every == 0 or book.head[0].height % book.trusting[0].every != 0:
        return
    work_out(book.trusting[0], book.opinions, book.trust)
    publish(book.trust, book.offers, book.terms[0].listed)


@rule
def score_bps(book: Record, address: int) -> int:
    """The public score of an account, 0 to 10,000: that of its trust, or its mean rating where the market has no trust."""
    if book.trust.size > 0:
        return int(book.trust[address].score_bps)
    return mean_bps(book.reputation, address)


def with_trust(book: Any, places: int = PLACES) -> Any:
    """The same book with room for trust, and for so many opinions of each account. `entrust` is to follow.

    Raises:
        InputError: `places` is outside its range, or it is no book of a market with ratings.
    """
    if not hasattr(book, "trusting"):
        raise InputError("trust: given, allowed is none: this ledger has no ratings")
    worlds, accounts = book.accounts.shape
    places = whole("trust: places", places, 1, MAX_PLACES)
    return book._replace(
        trusting=records(TRUSTING, worlds, 1),
        opinions=records(OPINION, worlds, accounts * places),
        trust=records(TRUST, worlds, accounts),
    )


def entrust(book: Any, *, every: int, pretrusted: Mapping[int, int], alpha_bps: int = 1_500) -> None:
    """Trust accounts beforehand, in every world of a book at its genesis. Trust is theirs until it is worked out.

    Args:
        book: as `with_trust` made it, without opinions.
        every: blocks from one time that trust is worked out to the next.
        pretrusted: by address: its weight. The first one keeps the last units of divisions.
        alpha_bps: the weight of the accounts trusted beforehand.

    Raises:
        InputError: a value is outside its range, or nobody is trusted.
    """
    book.trusting["every"] = whole("trust: every", every, 1, 2**31)
    book.trusting["alpha_bps"] = whole("trust: alpha_bps", alpha_bps, LEAST_ALPHA_BPS, WHOLE_BPS)
    if not pretrusted:
        raise InputError("trust: pretrusted: nobody given, allowed is one account and more")
    last = book.accounts.shape[1] - 1
    weights = {
        whole("trust: pretrusted", address, 0, last): whole(f"trust: weight of {address}", weight, 1, 2**40)
        for address, weight in pretrusted.items()
    }
    parts = {address: ONE * weight // sum(weights.values()) for address, weight in weights.items()}
    keeper = next(iter(parts))
    parts[keeper] += ONE - sum(parts.values())
    book.trusting["keeper"] = keeper
    for address, part in parts.items():
        book.trust["pretrust"][:, address] = book.trust["trust"][:, address] = part
