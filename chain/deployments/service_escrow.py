"""The ledger of the service market whose escrow has milestones, and juries if wanted, in place of its first one.

It is the deployment `service_market` with the tables of that escrow: the same book, the same rules.
"""

from chain.contracts import service_escrow
from chain.contracts.jury import MAX_JURORS, SEAT, URN
from chain.contracts.service_escrow import DEAL, ESCROW
from chain.deployments import service_market
from chain.deployments.service_market import CONTROL_LIMITS, Book, advance, seal_worlds
from chain.layout import records

__all__ = ["CONTROL_LIMITS", "TERM_LIMITS", "TERM_TABLES", "Book", "advance", "blank", "seal_worlds"]

TERM_LIMITS = service_market.TERM_LIMITS | service_escrow.TERM_LIMITS
"""What can be set of the market's contracts."""
TERM_TABLES = dict.fromkeys(service_escrow.TERM_LIMITS, "escrow")
"""By term: the array of the book that holds it, if it is not `terms`."""


def blank(worlds: int, accounts: int, pool: int, jobs: int = 1024, jurors: int = MAX_JURORS, *, recorded: bool = False) -> Book:
    """A book of zeros as `chain.deployments.service_market.blank` makes it, with rows for so many jurors of each job."""
    book = service_market.blank(worlds, accounts, pool, jobs, recorded=recorded)
    rows = book.jobs.shape[1]
    return book._replace(
        escrow=records(ESCROW, worlds, 1),
        deals=records(DEAL, worlds, rows),
        seats=records(SEAT, worlds, max(rows * jurors, 1)),
        urn=records(URN, worlds, accounts),
    )
