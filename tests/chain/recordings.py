"""Recorded ledgers of every deployment that live through random blocks, and what tests say of them by means of their own."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from chain.deployments import token
from chain.history import chunks_of, decoded
from chain.layout import NO_DEADLINE, NO_LIMIT, OUTSIDE, PASSING, SIGNED, Kind, Records, records
from chain.ledger import Ledger
from tests.chain.auctions import errands as auction_errands
from tests.chain.auctions import hall
from tests.chain.exchanges import ESCROW_KINDS, EXCHANGE_KINDS, escrow, exchange
from tests.chain.markets import PARTED, RIVAL, TERMS, market, parted, pit, purse, shop
from tests.chain.swarm import blank_tally, hand_in, number_in_turn, propose

RICH = 10**12


def plain_hash(chunks: list[bytes]) -> bytes:
    """The tree hash, written down as RFC 6962 defines it in section 2.1: by recursion."""
    if len(chunks) < 2:
        return sha256(b"\x00" + chunks[0] if chunks else b"").digest()
    split = 1 << ((len(chunks) - 1).bit_length() - 1)
    return sha256(b"\x01" + plain_hash(chunks[:split]) + plain_hash(chunks[split:])).digest()


def plain_root(book: Any) -> bytes:
    """The state root of one world's book, from scratch."""
    arrays = {name: array for name, array in zip(book._fields, book, strict=True) if name not in OUTSIDE and array.size}
    columns = {name: array.dtype.names for name, array in arrays.items()}
    return root_of({name: array.view(np.int64).reshape(array.size, -1) for name, array in arrays.items()}, columns)


def root_of(tables: dict[str, Any], columns: dict[str, Any]) -> bytes:
    """The state root of tables of numbers whose columns have these names."""
    descriptions = []
    for place, (name, table) in enumerate(tables.items()):
        state = np.array(table)
        state[:, np.isin(columns[name], PASSING.get(name, ()))] = 0
        root = plain_hash([state[start : start + 64].tobytes() for start in range(0, len(state), 64)])
        about = {"table": name, "columns": columns[name], "records": len(state), "place": place, "tables": len(tables)}
        descriptions.append(json.dumps(about).encode() + root)
    return plain_hash(descriptions)


def errands(ledger: Ledger, rng: Any, count: int) -> Records:
    """So many transactions between the accounts of a ledger without jobs, some of them senseless."""
    book, tx = ledger.batch, records(SIGNED, 1, count)
    kinds = [Kind.TRANSFER] * 12 + [Kind.REGISTER, 99] + [Kind.POST_PRICE] * (6 if hasattr(book, "sellers") else 0)
    kinds += 2 * EXCHANGE_KINDS if hasattr(book, "liquidity") else 4 * ESCROW_KINDS[:2] if hasattr(book, "deposits") else []
    kinds += [Kind.PLACE_BID, Kind.PLACE_ASK] * 8 + [Kind.CANCEL_ORDER] * 2 + [Kind.ISSUE_UNITS] if hasattr(book, "tape") else []
    tx["kind"] = rng.choice(kinds, count)
    used = np.flatnonzero(book.accounts["owner"][0] >= 0)
    tx["sender"], tx["to"] = rng.choice(used, count), rng.choice([*used, *used, -1, 2**40], count)
    tx["amount"], tx["tip"], tx["max_fee"] = rng.integers(0, 5_000, count), rng.integers(0, 4, count), NO_LIMIT
    tx["deadline"] = np.where(rng.random(count) < 0.05, book.head["height"], NO_DEADLINE)
    if hasattr(book, "liquidity"):
        tx["stake"], tx["subject"] = rng.integers(0, 5_000, count), rng.integers(0, 2, count)
        let(tx, tx["kind"] == Kind.CREDIT_MINT, book.terms["minter"], used)
    if hasattr(book, "deposits"):
        let(tx, np.isin(tx["kind"], ESCROW_KINDS[:2]), book.terms["owner"], used)
    if hasattr(book, "tape"):
        name_orders(book, rng, tx)
    number_in_turn(book, rng, tx)
    return tx[0]


def let(tx: Any, which: Any, sender: Any, used: Any) -> None:
    """Let an account send some of these transactions, if it is one."""
    tx["sender"] = np.where(which & np.isin(sender, used), sender, tx["sender"])


def name_orders(book: Any, rng: Any, tx: Any) -> None:
    """Prices about 100 of few units, and mostly orders that are open and the sender's own."""
    tx["count"] = rng.integers(0, 6, tx.shape)
    orders = np.isin(tx["kind"], (Kind.PLACE_BID, Kind.PLACE_ASK))
    tx["amount"] = np.where(orders, rng.integers(90, 111, tx.shape), tx["amount"])
    order = book.orders[0, rng.integers(0, book.orders.shape[1], tx.shape)]
    cancels = tx["kind"] == Kind.CANCEL_ORDER
    tx["subject"] = np.where(cancels | (orders & (rng.random(tx.shape) < 0.2)), order["number"], 0)
    tx["sender"] = np.where(cancels & (rng.random(tx.shape) < 0.9), order["owner"], tx["sender"])
    tx["sender"] = np.where(tx["kind"] == Kind.ISSUE_UNITS, book.terms["issuer"], tx["sender"])


def wish(ledger: Ledger, rng: Any, count: int) -> None:
    """Submit random transactions."""
    requests = propose(ledger.batch, rng, count)[0] if hasattr(ledger.book, "jobs") else errands(ledger, rng, count)
    if hasattr(ledger.book, "auctions"):
        requests = np.concatenate([requests, auction_errands(ledger.book, rng, count)]).view(type(requests))
        number_in_turn(ledger.batch, rng, requests.reshape(1, -1))
    hand_in(ledger.batch, 0, requests, blank_tally())


def stir(ledger: Ledger, rng: Any, count: int = 30) -> None:
    """Live through one block of random transactions; now and then another account proposes it, with another gas limit."""
    wish(ledger, rng, int(rng.integers(0, 2 * count)))
    change: dict[str, int] = {}
    if rng.random() < 0.3:
        change["proposer"] = int(rng.choice(np.flatnonzero(ledger.book.accounts["owner"] >= 0)))
    if rng.random() < 0.3:
        limit = int(ledger.book.head[0].gas_limit)
        step = max(limit // 1_024 - 1, 0)
        change["gas_limit"] = limit + int(rng.integers(-step, step + 1))
    ledger.seal(**change)


def coins(**given: Any) -> Ledger:
    """A ledger of money with 200 account rows: its state has four chunks of accounts."""
    settings = {"spare": 80, "pool": 100, "base_fee": 2, "fee_quotient": 8, "gas_limit": 5_000, "registration_fee": 7}
    return Ledger(balances=[RICH] * 120, **({"deployment": token} | settings | given))


SERVICES = {"base_fee": 2, "fee_quotient": 64, "gas_limit": 5_000, "registration_fee": 5, "pool": 160, "spare": 8}
SERVICES |= TERMS | {"reliability_bps": 6_000, "arbiter_bps": 7_000, "rating_decay_bps": 1_500}


def services(**given: Any) -> Ledger:
    """A service market for the swarm of `tests.chain.swarm`."""
    return market(jobs=64, balances=[RICH] * 8 + [90, 5_000], **(SERVICES | given))


def parts(**given: Any) -> Ledger:
    """The same with milestones and juries."""
    return parted(jobs=64, seats=5, balances=[RICH] * 8 + [90, 5_000], **(SERVICES | PARTED | given))


def trusting(**given: Any) -> Ledger:
    """The same market with EigenTrust: three accounts are trusted beforehand, and nobody has room for all opinions."""
    return services(**({"trust": {"every": 2, "pretrusted": {1: 1, 3: 2, 6: 2}, "places": 3}} | given))


def stalls(**given: Any) -> Ledger:
    """A market of posted prices with ten accounts."""
    return shop(balances=[RICH] * 10, **({"spare": 10, "pool": 100, "fee_quotient": 8, "gas_limit": 5_000} | given))


def halls(**given: Any) -> Ledger:
    """A ledger of auctions with ten accounts."""
    return hall(balances=[RICH] * 10, **({"spare": 10, "pool": 100, "fee_quotient": 8, "gas_limit": 5_000} | given))


def swaps(**given: Any) -> Ledger:
    """A pool of money and credits among ten accounts."""
    return exchange(balances=[RICH] * 10, **({"spare": 10, "pool": 100, "fee_quotient": 8, "gas_limit": 5_000} | given))


def trusts(**given: Any) -> Ledger:
    """An escrow for ten payees."""
    return escrow(
        balances=[RICH] * 10, **({"conditional": 0, "spare": 10, "pool": 100, "fee_quotient": 8, "gas_limit": 5_000} | given)
    )


def pits(**given: Any) -> Ledger:
    """An order book of twelve rows with ten accounts, four of which hold units."""
    settings = {"spare": 10, "pool": 100, "fee_quotient": 8, "gas_limit": 5_000, "order_window": 2}
    ledger = pit(orders=12, balances=[RICH] * 10, **(settings | given))
    for address in range(2, 6):
        ledger.submit(Kind.ISSUE_UNITS, RIVAL, to=address, count=40)
    return ledger


LIVELY = {
    "token": coins,
    "service_market": services,
    "service_escrow": parts,
    "trusting_market": trusting,
    "posted_price": stalls,
    "exchange": swaps,
    "payee_escrow": trusts,
    "double_auction": pits,
    "auction": halls,
}
"""By deployment, and the service market once more with trust."""


def lived(name: str, blocks: int, seed: int = 0, count: int = 30, **given: Any) -> Ledger:
    """One of these ledgers after so many blocks."""
    ledger, rng = LIVELY[name](seed=seed, **given), np.random.default_rng(seed)
    for _ in range(blocks):
        stir(ledger, rng, count)
    return ledger


def small(path: Path) -> Ledger:
    """A ledger of three blocks that fits into 5 kB, exported: transfers with tips, one more account, an empty block."""
    ledger = purse([1_000_000, 1_000_000, 1_000_000], spare=1, pool=8, base_fee=3, fee_quotient=8, gas_limit=2_048)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=500, tip=2)
    ledger.submit(Kind.TRANSFER, 0, to=2, amount=9_999_999, tip=1)
    ledger.submit(Kind.TRANSFER, 1, to=2, amount=70)
    ledger.seal(proposer=2)
    ledger.submit(Kind.REGISTER, 1, amount=5_000)
    ledger.submit(Kind.TRANSFER, 2, to=0, amount=1, tip=1)
    ledger.seal(gas_limit=2_049)
    ledger.seal()
    ledger.export(path)
    return ledger


def hashes_hold(ledger: Ledger) -> None:
    """Assert that a record is linked by hash and that every header vouches for its block, by other means than an audit."""
    parent = sha256(ledger.history.description).digest()
    for number, (header, transactions, receipts) in enumerate(ledger.history.blocks):
        assert header.parent == parent
        assert header.height == ledger.history.blocks[0].header.height + number
        assert header.transactions == transactions.size == receipts.size
        assert header.transactions_root == plain_hash(list(map(bytes, chunks_of(transactions))))
        assert header.receipts_root == plain_hash(list(map(bytes, chunks_of(receipts))))
        assert decoded(header.encoded) == header
        parent = sha256(b"\x02" + header.encoded).digest()
    assert parent == ledger.history.head.hash
