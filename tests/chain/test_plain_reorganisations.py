"""Two nodes seal blocks apart, and one goes over to the other's branch: a fast and a plain ledger agree on what is left."""

import numpy as np
import pytest

from chain.consensus import Reception
from chain.layout import SIGNED, Ordering
from chain.mempool import submit
from tests.chain.plain_ledger import PlainLedger, Sealed
from tests.chain.recordings import services
from tests.chain.swarm import JOBS, propose
from tests.chain.test_plain_ledger import SETTINGS, require_equal

GONE_OVER = {Reception.EXTENDED, Reception.REORGANISED}


def plain_twin(node):
    """The plain ledger in the state of a node's genesis."""
    view = node.book
    head, terms = view.head[0], view.terms[0]
    names = terms.dtype.names[: terms.dtype.names.index("closed")]
    size = view.accounts.size
    return PlainLedger(
        balances=view.accounts["balance"][: head.registered].tolist(),
        rows=list(range(size)),
        places=view.pool.size,
        jobs=JOBS,
        terms={name: int(terms[name]) for name in names},
        **{name: int(head[name]) for name in SETTINGS},
    )


def wish(node, plain, rng, count):
    """Random transactions into the mempool of a node, and of its plain twin if it has one; returns them."""
    requests = propose(node.batch, rng, count, wild=0.005)[0]
    for k in range(requests.size):
        status = submit(node.book.head, node.book.accounts, node.book.pool, requests[k : k + 1])
        if plain is not None:
            assert status == plain.submit(dict(zip(SIGNED.names, requests[k].tolist(), strict=True)))
    return requests


def repeat(node, requests):
    """Submit to another node some of what was submitted elsewhere: both may include it."""
    for k in range(requests.size):
        submit(node.book.head, node.book.accounts, node.book.pool, requests[k : k + 1])


def sealed_by(node):
    """Seal a block and say what a plain ledger needs to know of it."""
    node.seal()
    block = node.history.blocks[-1]
    signed = [dict(zip(SIGNED.names, tx, strict=True)) for tx in block.transactions.tolist()]
    return Sealed(block.header.tick, block.header.proposer, block.header.gas_limit, signed)


def lives(seed, rounds, count, ordering):
    """Fork, seal apart, go over; again and again. Returns transactions sealed, orphans that came back, and depths."""
    rng = np.random.default_rng(seed)
    node = services(seed=seed, finality=8, ordering=ordering, capacity=120)
    plain, size, back, depths = plain_twin(node), 0, 0, []
    require_equal(node.book, plain)
    for _ in range(rounds):
        other, snapshot = node.fork(), plain.snapshot()
        own = int(rng.integers(0, 4))
        for _ in range(own):
            requests = wish(node, plain, rng, int(rng.integers(0, count)))
            repeat(other, requests[rng.random(requests.size) < 0.5])
            node.seal()
            plain.seal()
            require_equal(node.book, plain)
            size += node.history.head.transactions
        branch = []
        for _ in range(own + 1):
            wish(other, None, rng, int(rng.integers(0, count)))
            branch.append(sealed_by(other))
        before = int(node.book.head[0].pending)
        receptions = [node.receive(block) for block in other.history.blocks[-own - 1 :]]
        assert receptions[-1] in GONE_OVER
        plain.go_over(snapshot, branch)
        require_equal(node.book, plain)
        back += max(int(node.book.head[0].pending) - before, 0)
        size += sum(len(block.transactions) for block in branch)
        depths.append(own)
        node.check()
    return size, back, depths


@pytest.mark.parametrize("ordering", list(Ordering)[:3])
def test_after_a_reorganisation_both_ledgers_hold_the_same(ordering):
    size, back, depths = lives(seed=int(ordering), rounds=8, count=30, ordering=ordering)
    assert (size > 200, back > 5, max(depths) == 3) == (True, True, True)


@pytest.mark.slow
def test_after_hundreds_of_reorganisations_both_ledgers_hold_the_same():
    size, back, depths = lives(seed=11, rounds=300, count=40, ordering=Ordering.TIP)
    assert (size > 8_000, back > 500) == (True, True), (size, back)
    assert {0, 1, 2, 3} == set(depths)
