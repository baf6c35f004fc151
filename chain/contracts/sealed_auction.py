"""Sealed-bid auctions for jobs, by commit and reveal: who asks least gets the job.

1. A buyer opens an auction for a job and locks its reserve: the most that it pays.
2. While commits are open, an account seals a bid: it sends a commitment, a word of its name, the auction, its bid and a salt
   that it keeps to itself (`chain.dice.commitment`), and locks a deposit. An account has one bid at a time.
3. Commits close before the first reveal: no bid can answer another. Then whoever reveals bid and salt that make its word
   takes part.
4. When reveals close, the lowest bid at or below the reserve wins; of equal ones the one that was committed first. The winner is
   paid its own bid, or with `second_price` the lowest of the other bids, the reserve among them. The buyer gets the rest of the
   reserve back; all of it if nobody won.
5. All who revealed get their deposit back, be their bid too high to win. The deposit of a bid that stayed sealed is burned, so
   that nobody, neither the buyer nor who builds blocks, gains by keeping a reveal out.
6. Deadlines release everything: whoever falls silent, no money stays locked once reveals have closed. The work itself is no
   part of the contract.

An auction of a good is the same with the signs turned: a bidder of cost c that is paid p under reserve r gains what one of value
r - c gains that pays r - p. Lowest bid and highest, reserve and nothing, change places.

Source: Vickrey, "Counterspeculation, auctions, and competitive sealed tenders", Journal of Finance 16, 1961; commitments and
forfeited deposits as in the auction of the Ethereum Name Service of 2017 (EIP-162).
"""

from enum import IntEnum

from chain.accounts import burn_locked, can_pay, lock, release
from chain.dice import commitment
from chain.layout import MAX_PRICE, NOBODY, Kind, Record, record
from chain.rule import rule
from chain.status import Status


class Sealed(IntEnum):
    """Where an account's bid stands."""

    NONE = 0
    COMMITTED = 1
    REVEALED = 2


TERMS = record(
    "second_price", "deposit", "commit_window", "reveal_window",
    "closed", "opened",  # auctions with numbers below `closed` are over; the next one's number is `opened`
)  # fmt: skip
"""The contract's parameters (windows in blocks after the opening and after the last commit) and its counters: one record."""

TERM_LIMITS = {"second_price": 1, "deposit": MAX_PRICE, "commit_window": 2**31, "reveal_window": 2**31}
"""Highest value of each parameter; the lowest is 0. The counters are not for setting."""

AUCTION = record(
    "buyer", "reserve",
    "commit_until", "reveal_until",  # last heights
    "commits", "reveals",
    "winner", "bid", "rank", "next_bid",  # lowest revealed bid so far, the number of its commit, and what others ask at least
    "price",  # paid in the end
)  # fmt: skip
"""An auction; number n lives in row n modulo the table's length (a power of two). `winner` may be `NOBODY`."""

BID = record("phase", "auction", "commitment", "deposit", "rank", "bid")
"""By account: its bid. `rank` counts the auction's commits, `bid` is known once it is revealed."""


@rule
def auction_row(book: Record, auction: int) -> int:
    """The row of an auction that is not over, or `NOBODY`."""
    terms = book.terms[0]
    if terms.closed <= auction < terms.opened:
        return int(auction & (book.auctions.size - 1))
    return NOBODY


@rule
def has_row(book: Record) -> bool:
    """Whether one more auction can be open."""
    terms = book.terms[0]
    return bool(terms.opened - terms.closed < book.auctions.size)


@rule
def begin(book: Record, buyer: int, reserve: int) -> int:
    """Open an auction of a buyer that can pay its reserve, where there is a row for it; returns its number."""
    head, terms = book.head[0], book.terms[0]
    number = int(terms.opened)
    lock(book.accounts, head, buyer, reserve)
    auction = book.auctions[number & (book.auctions.size - 1)]
    auction.buyer = buyer
    auction.reserve = reserve
    auction.commit_until = head.height + terms.commit_window
    auction.reveal_until = auction.commit_until + terms.reveal_window
    auction.commits = 0
    auction.reveals = 0
    auction.winner = NOBODY
    auction.bid = 0
    auction.rank = 0
    auction.next_bid = reserve
    auction.price = 0
    terms.opened += 1
    return number


@rule
def open_auction(book: Record, tx: Record) -> Status:
    """Open an auction for a job under the reserve `amount`, and lock it."""
    # Conditions
    if not 0 <= tx.amount <= MAX_PRICE:
        return Status.BAD_AMOUNT
    if not can_pay(book.accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    if not has_row(book):
        return Status.AUCTIONS_FULL
    # Effects
    tx.subject = begin(book, tx.sender, tx.amount)
    return Status.OK


@rule
def commit_bid(book: Record, tx: Record) -> Status:
    """Seal a bid in auction `subject` under the commitment `count`, and lock the deposit."""
    # Conditions
    head, deposit = book.head[0], book.terms[0].deposit
    if not can_pay(book.accounts, tx.sender, deposit):
        return Status.INSUFFICIENT_BALANCE
    if tx.count < 0:
        return Status.BAD_COMMITMENT
    row = auction_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_AUCTION
    auction = book.auctions[row]
    if auction.buyer == tx.sender:
        return Status.OWN_AUCTION
    if head.height > auction.commit_until:
        return Status.COMMITS_CLOSED
    bid = book.bids[tx.sender]
    if bid.phase != Sealed.NONE:
        return Status.BID_STANDS
    # Effects
    lock(book.accounts, head, tx.sender, deposit)
    bid.phase = Sealed.COMMITTED
    bid.auction = tx.subject
    bid.commitment = tx.count
    bid.deposit = deposit
    bid.rank = auction.commits
    bid.bid = 0
    auction.commits += 1
    return Status.OK


@rule
def reveal_bid(book: Record, tx: Record) -> Status:
    """Reveal the sender's bid in auction `subject`: `amount`, sealed with the salt `count`."""
    # Conditions
    if not 0 <= tx.amount <= MAX_PRICE:
        return Status.BAD_AMOUNT
    row = auction_row(book, tx.subject)
    if row == NOBODY:
        return Status.NO_SUCH_AUCTION
    auction, bid = book.auctions[row], book.bids[tx.sender]
    if bid.phase == Sealed.NONE or bid.auction != tx.subject:
        return Status.NO_BID
    if bid.phase == Sealed.REVEALED:
        return Status.ALREADY_REVEALED
    if book.head[0].height <= auction.commit_until:
        return Status.REVEALS_NOT_OPEN
    if commitment(book.accounts[tx.sender].name, tx.subject, tx.amount, tx.count) != bid.commitment:
        return Status.WRONG_REVEAL
    # Effects
    bid.phase = Sealed.REVEALED
    bid.bid = tx.amount
    auction.reveals += 1
    rank(auction, bid, tx.sender)
    return Status.OK


@rule
def rank(auction: Record, bid: Record, bidder: int) -> None:
    """Put a revealed bid in its place: the lowest so far, the lowest of the others, or none."""
    if bid.bid > auction.reserve:
        return
    if auction.winner == NOBODY or bid.bid < auction.bid or (bid.bid == auction.bid and bid.rank < auction.rank):
        if auction.winner != NOBODY:
            auction.next_bid = auction.bid
        auction.winner = bidder
        auction.bid = bid.bid
        auction.rank = bid.rank
    elif bid.bid < auction.next_bid:
        auction.next_bid = bid.bid


@rule
def award(book: Record, auction: Record) -> None:
    """Pay the winner of an auction and give the rest of the reserve back."""
    head = book.head[0]
    if auction.winner != NOBODY:
        auction.price = auction.next_bid if book.terms[0].second_price != 0 else auction.bid
        release(book.accounts, head, auction.winner, auction.price)
    release(book.accounts, head, auction.buyer, auction.reserve - auction.price)


@rule
def settle(book: Record) -> None:
    """At the end of a block: end the auctions whose reveals close with it. All have the same windows, so they end in order."""
    head, terms = book.head[0], book.terms[0]
    first = terms.closed
    while terms.closed < terms.opened:
        auction = book.auctions[terms.closed & (book.auctions.size - 1)]
        if head.height < auction.reveal_until:
            break
        award(book, auction)
        terms.closed += 1
    if first == terms.closed:
        return
    for address in range(book.bids.size):
        bid = book.bids[address]
        if bid.phase != Sealed.NONE and bid.auction < terms.closed:
            if bid.phase == Sealed.REVEALED:
                release(book.accounts, head, address, bid.deposit)
            else:
                burn_locked(head, bid.deposit)
            bid.phase = Sealed.NONE


ENTRY_POINTS = {
    Kind.OPEN_AUCTION: (open_auction, (Status.BAD_AMOUNT, Status.INSUFFICIENT_BALANCE, Status.AUCTIONS_FULL)),
    Kind.COMMIT_BID: (
        commit_bid,
        (
            Status.INSUFFICIENT_BALANCE,
            Status.BAD_COMMITMENT,
            Status.NO_SUCH_AUCTION,
            Status.OWN_AUCTION,
            Status.COMMITS_CLOSED,
            Status.BID_STANDS,
        ),
    ),
    Kind.REVEAL_BID: (
        reveal_bid,
        (
            Status.BAD_AMOUNT,
            Status.NO_SUCH_AUCTION,
            Status.NO_BID,
            Status.ALREADY_REVEALED,
            Status.REVEALS_NOT_OPEN,
            Status.WRONG_REVEAL,
        ),
    ),
}
"""Each entry point with its refusals, in order of precedence."""
