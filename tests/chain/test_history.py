"""The history: headers linked by hash, blocks of what was admitted, state roots every so many blocks."""

import json
import struct
from hashlib import sha256

import numpy as np
import pytest

from chain.history import CHUNK, NO_ROOT, Header, chunks_of, decoded
from chain.layout import RECEIPT, SIGNED, Kind
from chain.merkle import tree_hash
from chain.rule import source_digest
from chain.status import ADMITTED_FROM, Status
from tests.chain.markets import purse
from tests.chain.recordings import LIVELY, hashes_hold, lived, plain_hash, plain_root, stir

EMPTY = tree_hash([])
GOLDEN = Header(1, -2, 3, 4, 5, 6, 7, b"\x11" * 32, b"\x22" * 32, b"\x33" * 32, b"\x44" * 32)
GOLDEN_BYTES = (
    "0100000000000000" "feffffffffffffff" "0300000000000000" "0400000000000000" "0500000000000000" "0600000000000000"
    "0700000000000000" + 32 * "11" + 32 * "22" + 32 * "33" + 32 * "44"
)  # fmt: skip


def test_a_header_is_seven_little_endian_numbers_and_four_hashes():
    assert GOLDEN.encoded.hex() == GOLDEN_BYTES
    assert decoded(GOLDEN.encoded) == GOLDEN
    assert GOLDEN.hash == sha256(b"\x02" + bytes.fromhex(GOLDEN_BYTES)).digest()
    assert GOLDEN.hash.hex() == "68f1454d66f5cff3f83100739890d3f0438e06f18163a88795a2bb00e6ed0408"
    assert struct.calcsize("<7q128s") == len(GOLDEN.encoded) == 184


@pytest.mark.parametrize("field", Header._fields)
def test_the_hash_of_a_header_covers_every_field(field):
    value = getattr(GOLDEN, field)
    other = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    assert GOLDEN._replace(**{field: other}).hash != GOLDEN.hash


def test_the_genesis_header_vouches_for_the_description_and_the_state():
    ledger = purse([100, 0], base_fee=3, gas_limit=500, proposer=1)
    (genesis,) = ledger.history.blocks
    about = json.loads(ledger.history.description)
    assert genesis.header == Header(
        0, -1, 1, 3, 500, 0, 0, sha256(ledger.history.description).digest(), EMPTY, EMPTY, plain_root(ledger.book)
    )  # fmt: skip
    assert (genesis.transactions.size, genesis.receipts.size) == (0, 0)
    assert (about["deployment"], about["root_every"], about["rules"]) == ("token", 1, source_digest())
    assert {name: table["records"] for name, table in about["tables"].items()} == {"head": 1, "accounts": 2, "identities": 2}
    assert about["tables"]["accounts"]["columns"] == list(ledger.book.accounts.dtype.names)


@pytest.mark.parametrize("name", LIVELY)
def test_every_block_is_linked_and_its_header_vouches_for_it(name):
    ledger = lived(name, 10, seed=1)
    hashes_hold(ledger)
    assert ledger.history.head.height == ledger.height == 10
    assert sum(header.transactions for header, _, _ in ledger.history.blocks) > 100


def test_a_header_says_who_when_and_at_what_price():
    ledger = purse([10**9, 0, 0], base_fee=1_000, fee_quotient=8, gas_limit=4_096)
    fees = []
    for proposer in (1, 1, 2):
        tick, base_fee = int(ledger.book.head[0].tick), int(ledger.book.head[0].base_fee)
        ledger.submit(Kind.TRANSFER, 0, to=1, amount=1, tip=5)
        ledger.seal(proposer=proposer, gas_limit=4_096 + ledger.height)
        header = ledger.history.head
        assert (header.tick, header.base_fee, header.proposer) == (tick, base_fee, proposer)
        assert (header.gas_limit, header.gas_used, header.transactions) == (4_095 + ledger.height, 21, 1)
        fees.append(header.base_fee)
    assert fees == sorted(fees, reverse=True)
    assert len(set(fees)) == 3, "the header has the fee that its own block paid, not the next one"


def test_a_block_holds_what_was_admitted_in_order_of_execution():
    ledger = purse([10**6, 10**6, 10**6, 30], base_fee=2, gas_limit=63 + 21)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=1, tip=1, nonce=0)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=2, tip=9, nonce=0)
    ledger.submit(Kind.TRANSFER, 1, to=0, amount=2**62, tip=5)
    ledger.submit(Kind.TRANSFER, 2, to=0, amount=3, tip=3, deadline=0)
    ledger.submit(Kind.TRANSFER, 3, to=0, amount=4, tip=2)
    ledger.submit(99, 1, tip=1)
    ledger.submit(Kind.TRANSFER, 2, to=1, amount=5, tip=0)
    answers = {(receipt.sender, receipt.nonce): receipt.status for receipt in ledger.seal()}
    _, transactions, receipts = ledger.history.blocks[-1]
    assert Status.CANNOT_PAY_FEE in answers.values()
    assert transactions["amount"].tolist() == [2, 2**62, 3, 0]
    assert receipts["status"].tolist() == [Status.OK, Status.INSUFFICIENT_BALANCE, Status.EXPIRED, Status.UNKNOWN_KIND]
    assert transactions["sender"].tolist() == receipts["sender"].tolist() == [0, 1, 2, 1]
    assert ledger.waiting["amount"].tolist() == [5], "the block was full"
    assert (transactions.dtype, receipts.dtype) == (SIGNED, RECEIPT)


def test_what_was_not_admitted_is_in_no_block():
    ledger, rng = LIVELY["service_market"](gas_limit=2_000), np.random.default_rng(3)
    statuses = set()
    for _ in range(25):
        stir(ledger, rng, 60)
        statuses |= set(ledger.book.receipts["status"][: ledger.book.head[0].receipts].tolist())
        kept = ledger.history.blocks[-1].receipts["status"]
        assert ((kept == Status.OK) | (kept >= ADMITTED_FROM)).all()
        assert not (ledger.history.head.gas_used == 0) ^ (kept.size == 0)
    assert {Status.BAD_NONCE, Status.BAD_TIP, Status.OK} <= statuses, "some were not"
    hashes_hold(ledger)


def test_a_block_stays_as_it_was_whatever_comes_after():
    ledger = lived("token", 1)
    before = [part.tobytes() for part in ledger.history.block(1)[1:]]
    stir(ledger, np.random.default_rng(5))
    assert [part.tobytes() for part in ledger.history.block(1)[1:]] == before


def test_state_roots_are_taken_every_so_many_blocks():
    roots = {every: [b.header.state_root for b in lived("token", 7, root_every=every).history.blocks] for every in (1, 2, 3)}
    assert NO_ROOT not in roots[1]
    for every in (2, 3):
        assert [root != NO_ROOT for root in roots[every]] == [height % every == 0 for height in range(8)]
        assert all(root in (NO_ROOT, whole) for root, whole in zip(roots[every], roots[1], strict=True))


def test_chunks_hold_32_transactions_or_receipts():
    ledger = purse([10**6] * 3, pool=100)
    for k in range(70):
        ledger.submit(Kind.TRANSFER, k % 3, to=0, amount=k)
    ledger.seal()
    block = ledger.history.blocks[-1]
    assert CHUNK == 32
    assert [len(chunk) for chunk in chunks_of(block.transactions)] == [32 * 96, 32 * 96, 6 * 96]
    assert [len(chunk) for chunk in chunks_of(block.receipts)] == [32 * 56, 32 * 56, 6 * 56]
    content = block.transactions.tobytes()
    assert block.header.transactions_root == plain_hash([content[: 32 * 96], content[32 * 96 : 64 * 96], content[64 * 96 :]])


def test_a_record_may_begin_in_the_middle_of_a_run():
    from chain.history import History

    ledger, rng = lived("service_market", 5, record=True), np.random.default_rng(9)
    ledger.history = History(ledger.deployment, ledger.book, 1)
    assert (ledger.history.head.height, ledger.history.head.state_root) == (5, plain_root(ledger.book))
    for _ in range(3):
        stir(ledger, rng)
    hashes_hold(ledger)
    assert ledger.history.block(6) is ledger.history.blocks[1]
    assert ledger.history.block(8).header == ledger.history.head
