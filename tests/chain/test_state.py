"""The state root: brought up to date block by block, it is what it would be from scratch, and it covers what blocks decide."""

from types import ModuleType

import numpy as np
import pytest

from chain.deployments import token
from chain.history import NO_ROOT
from chain.layout import ACCOUNT, HEAD, NOBODY, PASSING, Kind, Ordering
from chain.state import ROWS, State, state_of
from tests.chain.markets import purse
from tests.chain.recordings import LIVELY, coins, lived, plain_root, services, stir, wish

ENGINE = {"tick", "latency", "pending", "capacity", "ordering", "receipts", "dropped"}
"""Columns of the head that blocks do not decide."""


def holds(ledger):
    """Whether the last header's root is that of the present state from scratch; a block without a root holds."""
    return ledger.history.head.state_root in (NO_ROOT, plain_root(ledger.book))


@pytest.mark.parametrize("root_every", [1, 3])
@pytest.mark.parametrize("name", LIVELY)
def test_the_root_after_every_block_is_the_root_from_scratch(name, root_every):
    ledger, rng = LIVELY[name](root_every=root_every, seed=4), np.random.default_rng(4)
    roots, due = [], 0
    for _ in range(12):
        stir(ledger, rng)
        due += ledger.height % root_every == 0
        assert (ledger.history.head.state_root == NO_ROOT) == (ledger.height % root_every != 0)
        assert holds(ledger)
        roots.append(ledger.history.head.state_root)
    assert len(set(roots) - {NO_ROOT}) == due >= 12 // root_every


@pytest.mark.parametrize("name", LIVELY)
def test_a_registration_and_another_proposer_are_seen(name):
    ledger = LIVELY[name]()
    wealthy, new = 3, int(ledger.book.head[0].registered)
    before = ledger.history.state.root
    ledger.submit(Kind.REGISTER, wealthy, amount=100)
    ledger.seal(proposer=5)
    assert ledger.book.accounts[new].owner == wealthy
    assert holds(ledger)
    assert ledger.history.head.state_root != before
    ledger.submit(Kind.TRANSFER, wealthy, to=new, amount=1, tip=2)
    ledger.seal(proposer=4)
    assert holds(ledger)


@pytest.mark.parametrize("root_every", [1, 4])
@pytest.mark.parametrize("name", LIVELY)
def test_the_root_is_right_after_going_back_and_in_a_copy(name, root_every):
    ledger, rng = LIVELY[name](root_every=root_every, seed=2), np.random.default_rng(2)
    for _ in range(3):
        stir(ledger, rng)
    kept, root = ledger.snapshot(), plain_root(ledger.book)
    for _ in range(6):
        stir(ledger, rng)
    copy = ledger.fork()
    ledger.restore(kept)
    assert ledger.history.state.root == root == plain_root(ledger.book)
    assert copy.history.state.root == plain_root(copy.book) != root
    for _ in range(6):
        stir(ledger, rng)
        stir(copy, rng)
        assert holds(ledger)
        assert holds(copy)


def test_the_root_is_right_after_a_reorganisation():
    node = coins(finality=9)
    other, rng = node.fork(), np.random.default_rng(1)
    for ledger, blocks in ((node, 3), (other, 4)):
        for _ in range(blocks):
            stir(ledger, rng)
    for block in other.history.blocks[1:]:
        node.receive(block)
    assert node.height == 4
    assert node.history.state.root == plain_root(node.book) == plain_root(other.book)
    stir(node, rng)
    assert holds(node)


@pytest.mark.parametrize("name", LIVELY)
def test_every_column_that_blocks_decide_changes_the_root_and_no_other_does(name):
    ledger = lived(name, 2)
    state = ledger.history.state
    before = state.root
    for table, array in state_of(ledger.book).items():
        for column in array.dtype.names:
            for row in {0, array.size // 2, array.size - 1}:
                array[column][row] += 1
                changed = state.update() != before
                assert state.root == plain_root(ledger.book)
                assert changed == (column not in PASSING.get(table, ())), (table, column)
                array[column][row] -= 1
    assert state.update() == before
    assert set(PASSING["head"]) == ENGINE <= set(HEAD.names)
    assert PASSING["accounts"] == ("pending",)
    assert "pending" in ACCOUNT.names


@pytest.mark.parametrize("name", LIVELY)
def test_what_waits_and_the_engines_clock_are_no_part_of_the_root(name):
    ledger = lived(name, 2)
    before, digest = plain_root(ledger.book), ledger.digest()
    wish(ledger, np.random.default_rng(0), 20)
    ledger.book.head[0].tick += 5
    ledger.book.head[0].ordering = Ordering.RANDOM
    ledger.book.head[0].capacity = 3
    assert ledger.digest() != digest
    assert ledger.history.state.update() == before == plain_root(ledger.book)


@pytest.mark.parametrize("name", LIVELY)
def test_recording_changes_nothing(name):
    recorded, plain = lived(name, 8, record=True), lived(name, 8, record=False)
    assert recorded.history is not None
    assert plain.history is None
    assert recorded.digest() == plain.digest()


def test_what_a_hand_changes_is_seen_where_a_block_touches_it_and_by_a_whole_update():
    """A deployment that names what blocks can have touched is believed; the audit of such a record fails in any case."""
    ledger = coins()
    ledger.book.accounts[3].balance += 1
    ledger.book.accounts[150].nonce += 1
    ledger.book.head[0].burned -= 1
    ledger.submit(Kind.TRANSFER, 3, to=4, amount=1)
    ledger.seal()
    assert ledger.history.head.state_root != plain_root(ledger.book), "chunk 2 was not compared"
    assert ledger.history.state.update() == plain_root(ledger.book)
    market = services()
    market.book.jobs[7].client = 2
    market.book.accounts[2].balance += 1
    market.book.head[0].burned -= 1
    market.seal()
    assert holds(market), "it names nothing, so everything is compared"


def blind(*unseen):
    """The token's deployment with a `touched` that leaves something out."""

    def touched(book, transactions, proposers):
        tx, nobody = transactions.copy(), proposers[:0]
        if "receivers" in unseen:
            tx["to"] = NOBODY
        if "senders" in unseen:
            tx["sender"] = 0
        if "registrations" in unseen:
            tx["kind"] = Kind.TRANSFER
        some = token.touched(book, tx, nobody if "proposers" in unseen else proposers)
        return some | ({"head": nobody} if "head" in unseen else {})

    deployment = ModuleType(token.__name__)
    deployment.__dict__.update(token.__dict__, touched=touched)
    return deployment


def outlives(deployment):
    """Whether the root stays right over blocks that each touch something alone: accounts from 64 on are another chunk."""
    ledger = coins(deployment=deployment)
    for sender, to, proposer in ((70, 3, 5), (3, 70, 5), (3, 4, 71)):
        ledger.submit(Kind.TRANSFER, sender, to=to, amount=9, tip=1)
        ledger.seal(proposer=proposer)
        if not holds(ledger):
            return False
    ledger.submit(Kind.REGISTER, 3, amount=9)
    ledger.seal(proposer=5)
    return holds(ledger)


@pytest.mark.parametrize("unseen", ["receivers", "senders", "registrations", "proposers", "head"])
def test_a_deployment_that_leaves_out_what_it_touches_is_caught(unseen):
    assert outlives(blind())
    assert not outlives(blind(unseen))


def test_tables_are_cut_into_chunks_of_64_records():
    ledger = purse([5] * 130)
    table = ledger.history.state.tables["accounts"]
    assert (table.rows, table.tree.leaves, ROWS) == (130, 3, 64)
    assert [len(table.chunk(row)) for row in (0, 63, 64, 129)] == [64 * 7 * 8, 64 * 7 * 8, 64 * 7 * 8, 2 * 7 * 8]
    assert State(token, ledger.book).root == ledger.history.state.root
