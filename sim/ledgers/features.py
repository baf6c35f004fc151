"""What accounts did in a recorded ledger: activity, timing, counterparties, money, jobs; one number per account and column.

Every column is worked out for all accounts at once, by counting and sorting: nothing here is quadratic.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.contracts.service_market import Outcome
from chain.escrow_in_order import UNPAID
from chain.layout import NOBODY, Integers, Kind
from sim.ledgers.auctions import locked_in
from sim.ledgers.escrows import earned_of
from sim.ledgers.movements import POOL, Movements, Transactions, registrations
from sim.ledgers.reading import Recorded
from sim.metrics.contrasts import Columns

ROLES = ("account", "proposer", "client", "provider", "consumers", "seller")


def sums(who: Any, amounts: Any, size: int) -> Integers:
    """Whole sums of amounts by address: `numpy.bincount` would round them."""
    out = np.zeros(size, np.int64)
    np.add.at(out, who, amounts)
    return out


def ratio(above: Any, below: Any) -> NDArray[np.float64]:
    """The one ÷ the other; NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0)


def timing(tx: Transactions, first: int, size: int) -> Columns:
    """When accounts sent transactions: the first and the last height, and the gaps between one such height and the next."""
    span = int(tx.height.max(initial=first)) - first + 1
    keys = np.unique(tx.signed["sender"] * span + (tx.height - first))
    who, height = keys // span, keys % span + first
    begins, blocks = np.flatnonzero(np.diff(who, prepend=NOBODY)), np.bincount(who, minlength=size)
    out = {name: np.full(size, NOBODY) for name in ("first_height", "last_height")}
    out["first_height"][who[begins]] = height[begins]
    out["last_height"][who[begins]] = height[np.append(begins[1:], who.size)[: begins.size] - 1]
    same = np.diff(who) == 0
    gaps, of = np.diff(height)[same], who[1:][same]
    mean = ratio(np.bincount(of, gaps, size), blocks - 1)
    variance = ratio(np.bincount(of, (gaps - mean[of]) ** 2, size), blocks - 1)
    return out | {"active_blocks": blocks, "gap_mean": mean, "gap_std": np.sqrt(variance)}


def pairs(recorded: Recorded, tx: Transactions) -> tuple[Integers, Integers]:
    """Who dealt with whom, once each: from whom, to whom. By transfers, registrations (to the account opened) and hires."""
    sent, (opened, address) = tx.done & (tx.signed["kind"] == Kind.TRANSFER), registrations(recorded, tx)
    jobs: Any = recorded.jobs
    size = recorded.book.accounts.size
    payer = np.concatenate([tx.signed["sender"][sent], tx.signed["sender"][opened], jobs["client"]])
    payee = np.concatenate([tx.signed["to"][sent], address, jobs["provider"]])
    keys = np.unique((payer * size + payee)[payer != payee])
    return keys // size, keys % size


def top_share(client: Integers, provider: Integers, size: int) -> NDArray[np.float64]:
    """Of each account, the share of its jobs, as client or provider, that it had with its most frequent partner."""
    keys, count = np.unique(np.concatenate([client * size + provider, provider * size + client]), return_counts=True)
    most = np.zeros(size, np.int64)
    np.maximum.at(most, keys // size, count)
    return ratio(most, sums(keys // size, count, size))


def kept(tables: Any, jobs: Any, earned: Any, size: int) -> Columns:
    """What accounts have, in tables of a state: free, and in the ledger's keeping; `earned` is what was paid of each job."""
    none = np.zeros(size, np.int64)
    stakes = tables.get("stakes", {"bonded": none, "unbonding": none})
    waiting = np.isin(jobs["phase"], UNPAID)
    return {
        "balance": tables["accounts"]["balance"].copy(),
        "bonded": stakes["bonded"].copy(),
        "unbonding": stakes["unbonding"].copy(),
        "escrow": sums(jobs["client"][waiting], (jobs["price"] - earned)[waiting], size) + locked_in(tables, size),
    }


def money(recorded: Recorded, tx: Transactions, movements: Movements) -> Columns:
    """What accounts had where the record begins, what came and went, and what they have at its end."""
    book, size = recorded.book, recorded.book.accounts.size
    had = recorded.genesis.get("jobs", recorded.jobs[:0])
    before = recorded.genesis.get("deals", {"earned": 0})["earned"]
    opening = sum(kept(recorded.genesis, had, before, size).values(), np.zeros(size, np.int64))
    proposer = np.array([block.header.proposer for block in recorded.blocks])[tx.height - recorded.first]
    fee = tx.receipts["fee"]
    other, burned = movements.payer != movements.payee, movements.payee == NOBODY
    sent, received = other & ~burned & (movements.payer != POOL), other & ~burned & (movements.payee != POOL)
    return {
        "opening": opening,
        "sent": sums(movements.payer[sent], movements.amount[sent], size),
        "received": sums(movements.payee[received], movements.amount[received], size),
        "burned": sums(movements.payer[burned], movements.amount[burned], size),
        "fees": sums(tx.signed["sender"], fee, size),
        "tips": sums(proposer, fee - tx.burned, size),
        **kept(book._asdict(), recorded.jobs, earned_of(recorded), size),
    }


def work(recorded: Recorded, tx: Transactions) -> Columns:
    """What accounts did in jobs, and how they were rated and rate."""
    jobs: Any = recorded.jobs
    book, size = recorded.book, recorded.book.accounts.size
    client, provider = jobs["client"], jobs["provider"]
    disputed = np.isin(jobs["outcome"], (Outcome.REJECTED, Outcome.UPHELD))
    kind = tx.signed["kind"]
    rated = tx.done & ((kind == Kind.ACCEPT) | (kind == Kind.DISPUTE))
    rater, none = tx.signed["sender"][rated], np.zeros(size, np.int64)
    given = sums(rater, tx.signed["bps"][rated], size)
    reputation = book.reputation if hasattr(book, "reputation") else {"points": none, "weight": none, "ratings": none}
    return {
        "jobs_as_client": np.bincount(client, minlength=size),
        "jobs_as_provider": np.bincount(provider, minlength=size),
        "top_partner_share": top_share(client, provider, size),
        "disputes_raised": np.bincount(client[disputed], minlength=size),
        "disputes_met": np.bincount(provider[disputed], minlength=size),
        "disputes_lost": np.bincount(provider[jobs["outcome"] == Outcome.UPHELD], minlength=size),
        "rating_given_bps": ratio(given, np.bincount(rater, minlength=size)),
        "ratings": reputation["ratings"].copy(),
        "rating_bps": np.floor(ratio(reputation["points"], reputation["weight"])),
    }


def roles(recorded: Recorded, columns: Columns) -> NDArray[Any]:
    """A word for what each account mostly is, by what it did: one of `ROLES`."""
    book = recorded.book
    client, provider = columns["jobs_as_client"], columns["jobs_as_provider"]
    offers = book.offers["known"] != 0 if hasattr(book, "offers") else np.zeros(client.size, bool)
    place = np.zeros(client.size, np.int64)
    place[[block.header.proposer for block in recorded.blocks[1:]]] = 1
    place[columns["transactions"] > 0] = 0
    place = np.where(client > 0, 2, place)
    place = np.where((provider > client) | (offers & (provider >= client)), 3, place)
    if hasattr(book, "sellers"):
        place[book.sellers["known"] != 0] = 5
        if 0 <= book.terms[0].consumers < place.size:
            place[book.terms[0].consumers] = 4
    return np.array(ROLES, object)[place]


def accounts_of(recorded: Recorded, tx: Transactions, movements: Movements) -> Columns:
    """All columns of all accounts that are in use, in the order of their addresses."""
    book, size = recorded.book, recorded.book.accounts.size
    sender, accounts = tx.signed["sender"], book.accounts
    count, refused = np.bincount(sender, minlength=size), np.bincount(sender[~tx.done], minlength=size)
    payers, payees = pairs(recorded, tx)
    columns: Columns = {
        "name": accounts["name"],
        "owner": accounts["owner"],
        "registered": book.identities["since"][accounts["name"]],
        "nonce": accounts["nonce"],
        "transactions": count,
        "refused_share": ratio(refused, count),
        **timing(tx, recorded.first, size),
        "payees": np.bincount(payers, minlength=size),
        "payers": np.bincount(payees, minlength=size),
        **money(recorded, tx, movements),
        **work(recorded, tx),
    }
    columns = {"role": roles(recorded, columns), **columns}
    used = np.flatnonzero(accounts["owner"] >= 0)
    return {"address": used, **{name: np.asarray(values)[used] for name, values in columns.items()}}
