"""Sealed-bid auctions once more, slowly: dicts and whole numbers of Python, as the contract's rundown tells them.

No rule of the ledger is used but the commitment. Blocks, nonces and fees are left out: whoever compares hands over the
transactions of a block in the order in which they were executed, on a ledger without fees.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chain.dice import commitment
from chain.layout import Kind

MOST = 2**40


@dataclass
class Auction:
    """A job that is put out to auction, with the bids on it in the order of their commits."""

    buyer: int
    reserve: int
    commits_end: int
    end: int
    bids: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class PlainAuctions:
    """Money and auctions of some accounts; `terms` are those of the contract."""

    money: dict[int, int]
    terms: dict[str, int]
    rows: int
    height: int = 0
    burned: int = 0
    auctions: dict[int, Auction] = field(default_factory=dict)
    number: int = 0

    def bidding(self, account: int) -> bool:
        return any(account in auction.bids for auction in self.auctions.values())

    def call(self, tx: Any) -> str:
        """Execute one transaction; returns the name of its status."""
        sender, amount, subject = int(tx.sender), int(tx.amount), int(tx.subject)
        if tx.kind == Kind.TRANSFER:
            return self.transfer(sender, int(tx.to), amount)
        if tx.kind == Kind.OPEN_AUCTION:
            return self.open(sender, amount)
        if tx.kind == Kind.COMMIT_BID:
            return self.commit(sender, subject, int(tx.count))
        return self.reveal(sender, subject, amount, int(tx.count))

    def transfer(self, sender: int, to: int, amount: int) -> str:
        if amount < 0 or amount > 2**62:
            return "BAD_AMOUNT"
        if to not in self.money:
            return "NO_SUCH_ACCOUNT"
        if self.money[sender] < amount:
            return "INSUFFICIENT_BALANCE"
        self.money[sender] -= amount
        self.money[to] += amount
        return "OK"

    def open(self, buyer: int, reserve: int) -> str:
        if reserve < 0 or reserve > MOST:
            return "BAD_AMOUNT"
        if self.money[buyer] < reserve:
            return "INSUFFICIENT_BALANCE"
        if len(self.auctions) >= self.rows:
            return "AUCTIONS_FULL"
        self.money[buyer] -= reserve
        commits_end = self.height + self.terms["commit_window"]
        self.auctions[self.number] = Auction(buyer, reserve, commits_end, commits_end + self.terms["reveal_window"])
        self.number += 1
        return "OK"

    def commit(self, bidder: int, number: int, word: int) -> str:
        if self.money[bidder] < self.terms["deposit"]:
            return "INSUFFICIENT_BALANCE"
        if word < 0:
            return "BAD_COMMITMENT"
        if number not in self.auctions:
            return "NO_SUCH_AUCTION"
        auction = self.auctions[number]
        if auction.buyer == bidder:
            return "OWN_AUCTION"
        if self.height > auction.commits_end:
            return "COMMITS_CLOSED"
        if self.bidding(bidder):
            return "BID_STANDS"
        self.money[bidder] -= self.terms["deposit"]
        auction.bids[bidder] = {"word": word, "bid": None}
        return "OK"

    def reveal(self, bidder: int, number: int, bid: int, salt: int) -> str:
        if bid < 0 or bid > MOST:
            return "BAD_AMOUNT"
        if number not in self.auctions:
            return "NO_SUCH_AUCTION"
        auction = self.auctions[number]
        if bidder not in auction.bids:
            return "NO_BID"
        if auction.bids[bidder]["bid"] is not None:
            return "ALREADY_REVEALED"
        if self.height <= auction.commits_end:
            return "REVEALS_NOT_OPEN"
        if int(commitment(bidder, number, bid, np.int64(salt))) != auction.bids[bidder]["word"]:
            return "WRONG_REVEAL"
        auction.bids[bidder]["bid"] = bid
        return "OK"

    def end_block(self) -> None:
        """End every auction whose last reveals were in this block: sort the valid bids and pay."""
        for number in [n for n, auction in self.auctions.items() if auction.end <= self.height]:
            auction = self.auctions.pop(number)
            revealed = {bidder: one["bid"] for bidder, one in auction.bids.items() if one["bid"] is not None}
            valid = sorted(  # stable: of equal bids the one committed first
                ((bid, bidder) for bidder, bid in revealed.items() if bid <= auction.reserve), key=lambda pair: pair[0]
            )
            price = 0
            if valid:
                own, winner = valid[0]
                others = valid[1][0] if len(valid) > 1 else auction.reserve
                price = others if self.terms["second_price"] else own
                self.money[winner] += price
            self.money[auction.buyer] += auction.reserve - price
            for bidder in auction.bids:
                if bidder in revealed:
                    self.money[bidder] += self.terms["deposit"]
                else:
                    self.burned += self.terms["deposit"]
