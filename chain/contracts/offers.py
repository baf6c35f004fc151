"""Standing offers of the service market: what providers put up, and which of it is listed as open.

1. A provider posts one standing offer: a service, a price, the stake behind each job, and how many jobs it takes per block. It
   may post before it bonds; a hire is refused as long as the stake of one job is not there.
2. An offer is open while it takes jobs. With `backed_offers`, only while the stake of one more job is free besides: an offer
   that would be refused is not listed, be it empty from the start or fully pledged. It comes back by itself once stake is free.
"""

from chain.contracts.stake import free_stake
from chain.layout import MAX_PRICE, Kind, Record, record
from chain.rule import rule
from chain.status import Status

OFFER = record("service", "price", "stake", "capacity", "taken", "taken_height", "known", "listed")
"""By account: its standing offer (none where `capacity` is 0), the jobs it took in the block of `taken_height`, and whether it is
on the list of all that ever offered. The list itself stands in `listed`: row k holds the address of the k-th of them."""


@rule
def is_open_offer(book: Record, address: int) -> bool:
    """Whether the offer at an address is listed as open: it takes jobs, and where the contract asks for it, the stake of one more
    job is there. It is a fact of the moment: no promise that the next block still finds it so."""
    offer = book.offers[address]
    if offer.capacity == 0:
        return False
    return book.terms[0].backed_offers == 0 or free_stake(book.stakes, address) >= offer.stake


@rule
def post(book: Record, tx: Record) -> Status:
    """Put up, or replace, the sender's offer: service `subject`, price `amount`, `stake` per job, `count` jobs per block."""
    # Conditions
    terms = book.terms[0]
    if not 0 <= tx.amount <= MAX_PRICE:
        return Status.BAD_AMOUNT
    if not 0 <= tx.subject < terms.services:
        return Status.NO_SUCH_SERVICE
    if not 0 <= tx.count <= MAX_PRICE:
        return Status.BAD_CAPACITY
    if not terms.min_stake <= tx.stake <= MAX_PRICE:
        return Status.STAKE_TOO_SMALL
    # Effects
    offer = book.offers[tx.sender]
    if offer.known == 0:
        offer.known = 1
        book.offers[terms.listed].listed = tx.sender
        terms.listed += 1
    offer.service = tx.subject
    offer.price = tx.amount
    offer.stake = tx.stake
    offer.capacity = tx.count
    return Status.OK


ENTRY_POINTS = {
    Kind.POST: (post, (Status.BAD_AMOUNT, Status.NO_SUCH_SERVICE, Status.BAD_CAPACITY, Status.STAKE_TOO_SMALL)),
}
"""The entry point with its refusals, in order of precedence."""
