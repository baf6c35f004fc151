"""Ledgers of sealed-bid auctions, what a test says about them, and a random crowd of buyers and bidders."""

from typing import Any

import numpy as np

from chain.contracts.sealed_auction import Sealed
from chain.deployments import auction
from chain.dice import commitment
from chain.genesis import found
from chain.invariants import check
from chain.layout import MAX_PRICE, NO_DEADLINE, NO_LIMIT, SIGNED, Kind, records
from chain.ledger import Ledger
from chain.mempool import submit
from chain.rule import world
from chain.status import Status
from tests.chain.markets import BASE_FEE, CLIENT, RICH, done

RESERVE, DEPOSIT = 1_000, 70
WINDOWS = {"commit_window": 3, "reveal_window": 3}
SALT = 123_456_789


def hall(*, balances: Any = (0, RICH, RICH, RICH, RICH), spare: int = 2, pool: int = 64, **given: Any) -> Ledger:
    """A ledger of auctions: an empty-handed proposer and four rich accounts; `given` are terms or settings of the genesis."""
    terms = {"deposit": DEPOSIT} | WINDOWS
    terms |= {name: given.pop(name) for name in list(given) if name in auction.TERM_LIMITS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=auction, terms=terms, **settings)


def word(ledger: Ledger, address: int, number: int, bid: int, salt: int = SALT) -> int:
    """The commitment of an account to a bid in an auction."""
    return int(commitment(int(ledger.book.accounts[address].name), number, bid, np.int64(salt)))


def opened(ledger: Ledger, reserve: int = RESERVE) -> int:
    """Open an auction of the client's; returns its number."""
    number = done(ledger, Kind.OPEN_AUCTION, CLIENT, amount=reserve).subject
    assert number is not None
    return number


def committed(ledger: Ledger, number: int, bids: dict[int, int]) -> None:
    """Let accounts commit to bids, in this order, and wait until commits are closed."""
    for address, bid in bids.items():
        done(ledger, Kind.COMMIT_BID, address, subject=number, count=word(ledger, address, number, bid))
    while ledger.height < ledger.book.auctions[number & (ledger.book.auctions.size - 1)].commit_until:
        ledger.seal()


def revealed(ledger: Ledger, number: int, bids: dict[int, int]) -> None:
    """Let accounts reveal all in one block, and wait until the auction is over."""
    for address, bid in bids.items():
        ledger.submit(Kind.REVEAL_BID, address, subject=number, amount=bid, count=SALT)
    assert [receipt.status for receipt in ledger.seal()] == [Status.OK] * len(bids)
    while ledger.book.terms[0].closed <= number:
        ledger.seal()
        ledger.check()


WILD = np.array([-(2**63), -1, 0, MAX_PRICE, MAX_PRICE + 1, 2**62, 2**63 - 1])
SENSE = [Kind.OPEN_AUCTION] + [Kind.COMMIT_BID] * 4 + [Kind.REVEAL_BID] * 4 + [Kind.TRANSFER]


def errands(book: Any, rng: Any, count: int) -> Any:
    """So many random transactions of one world's accounts, most of them sensible, without nonces. Bids and salts are functions of
    the account's name and the auction, so that who reveals knows what was sealed."""
    tx, names = records(SIGNED, count), rng.integers(0, int(book.head[0].registered), (2, count))
    tx["kind"], (tx["sender"], tx["to"]) = rng.choice(SENSE, count), book.identities["address"][names]
    tx["max_fee"], tx["deadline"] = NO_LIMIT, NO_DEADLINE
    terms = book.terms[0]
    for one in tx:
        bid, name = book.bids[one.sender], int(book.accounts[one.sender].name)
        number = int(rng.integers(int(terms.closed), max(int(terms.opened), int(terms.closed) + 1)))
        if one.kind == Kind.REVEAL_BID and bid.phase == Sealed.COMMITTED and rng.random() < 0.9:
            number = int(bid.auction)
        ask, salt = (name * 7 + number * 13) % 40 * 10, name + 1_000 * number
        one.subject = number
        if one.kind == Kind.COMMIT_BID:
            one.count = int(commitment(name, number, ask, salt))
        elif one.kind == Kind.REVEAL_BID:
            one.amount, one.count = ask, salt
        else:
            one.amount = int(rng.integers(0, 600))
        if rng.random() < 0.04:
            one[rng.choice(["subject", "amount", "count", "to"])] = int(rng.choice(WILD))
    return tx


def crowd(worlds: int, *, rows: Any = None, blocks: int = 40, seed: int = 5, watch: Any = None) -> Any:
    """Worlds in which nine accounts, poor ones among them, open auctions and bid at random; checked after every block.

    Half of the worlds pay the second price. `watch` is called with (world, transactions) before every block and with
    (world, None) after it.
    """
    book, rng = auction.blank(worlds, 11, 60, 8), np.random.default_rng(seed)
    balances = [50_000] * 5 + [9_000, 700, 90, 10**9]
    found(book, seeds=seed, worlds=np.arange(worlds), rows=rows, balances=balances, proposer=8)
    for term, value in {"deposit": 60, "commit_window": 2, "reveal_window": 3}.items():
        book.terms[term] = value
    book.terms["second_price"][:, 0] = np.arange(worlds) % 2
    for _ in range(blocks):
        for w in range(worlds):
            view = world(book, w)
            tx = errands(view, rng, int(rng.integers(0, 14)))
            for k in range(tx.size):
                account = view.accounts[tx[k].sender]
                tx[k].nonce = account.nonce + account.pending
                assert submit(view.head, view.accounts, view.pool, tx[k : k + 1]) == Status.OK
            if watch is not None:
                watch(view, tx)
        auction.advance(book, 0, worlds)
        check(book)
        if watch is not None:
            for w in range(worlds):
                watch(world(book, w), None)
    return book
