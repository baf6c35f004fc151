"""What a node keeps of other branches: through a snapshot and a file, and of blocks that it can not follow."""

import pytest

from chain.consensus import Reception
from chain.history import History
from chain.journal import parsed, written
from chain.layout import Kind, Ordering
from chain.ledger import Ledger
from chain.mempool import next_tick
from chain.replay import MAX_PAUSE, replay
from chain.status import Status
from tests.chain.nodes import sound
from tests.chain.test_consensus import forged, sealed, two


def test_a_ledger_that_was_restored_takes_every_branch_that_it_took_before():
    a, b = two()
    first = sealed(b, (1, 7))
    sealed(a, (0, 5))
    assert a.receive(first) == Reception.BESIDE
    kept, second = a.snapshot(), sealed(b, (1, 8))
    for _ in range(2):
        assert a.receive(second) == Reception.REORGANISED
        assert sealed(a, (2, 1)).header.height == 3
        a.restore(kept)
        assert a.height == 1
        sound(a)
    third = sealed(b)
    assert [a.receive(second), a.receive(third)] == [Reception.REORGANISED, Reception.EXTENDED]
    sound(a)


def test_what_came_after_a_snapshot_is_unknown_once_it_is_restored():
    a, b = two()
    kept, block = a.snapshot(), sealed(b, (1, 7))
    assert a.receive(block) == Reception.EXTENDED
    a.restore(kept)
    assert a.receive(block) == Reception.EXTENDED, "not known any more"
    sound(a)


def test_what_was_loaded_is_final(tmp_path):
    a, b = two()
    sealed(a, (0, 5))
    again = Ledger.load(a.export(tmp_path / "a.ledger"), finality=10)
    branch, digest = [sealed(b, (1, 7)), sealed(b, (1, 8))], again.digest()
    assert again.receive(branch[0]) == Reception.TOO_OLD
    assert again.receive(branch[1]) == Reception.UNKNOWN_PARENT
    assert again.digest() == digest
    assert again.receive(sealed(a)) == Reception.EXTENDED


def test_a_branch_that_leaves_out_a_final_block_is_not_kept():
    a, b = two(finality=2)
    sealed(a, (0, 1))
    assert a.receive(sealed(b, (1, 9))) == Reception.BESIDE
    for amount in (2, 3):
        sealed(a, (0, amount))
    beside = [sealed(b, (1, amount)) for amount in (8, 7)]
    assert [a.receive(block) for block in beside] == [Reception.BESIDE] * 2
    kept, late = len(a.forks.blocks), [sealed(b) for _ in range(3)]
    for _ in range(2):
        assert [a.receive(block) for block in late] == [Reception.TOO_OLD, Reception.UNKNOWN_PARENT, Reception.UNKNOWN_PARENT]
        assert len(a.forks.blocks) == kept


def test_all_that_follows_a_wrong_block_is_forgotten_with_it():
    a, b = two()
    for amount in (1, 2):
        sealed(a, (0, amount))
    wrong = forged(sealed(b, (1, 5)), state_root=b"x" * 32)
    one, other = (forged(sealed(node, (1, k)), parent=wrong.header.hash) for k, node in enumerate((b, b.fork())))
    other = forged(other, height=2)
    beyond = forged(sealed(b), parent=one.header.hash)
    assert [a.receive(block) for block in (wrong, one, other)] == [Reception.BESIDE] * 3
    assert a.receive(beyond) == Reception.INVALID
    assert a.receive(forged(beyond, parent=other.header.hash)) == Reception.UNKNOWN_PARENT
    assert set(a.forks.blocks) == {block.header.hash for block in a.history.blocks}
    sound(a)


def test_a_node_whose_clock_is_ahead_of_a_longer_branch_keeps_its_tick_and_draws_for_it():
    a, b = two()
    branch = [sealed(b, (1, 7)), sealed(b)]
    sealed(a, (0, 5))
    for _ in range(7):
        next_tick(a.book.head[0])
    head = a.book.head[0]
    tick, key = int(head.tick), int(head.latency)
    assert [a.receive(block) for block in branch] == [Reception.BESIDE, Reception.REORGANISED]
    assert (tick, head.tick, head.latency) == (8, 8, key)
    assert a.waiting["since"].tolist() == [8], "what was orphaned is submitted anew"
    sound(a)


def test_a_record_that_begins_late_is_gone_back_in_like_any_other(tmp_path):
    late = two()[0]
    for amount in (1, 2, 3):
        sealed(late, (0, amount))
    late.history = History(late.deployment, late.book)
    a, b = (Ledger.load(late.export(tmp_path / "late.ledger"), finality=10) for _ in range(2))
    common = sealed(a, (0, 4))
    assert b.receive(common) == Reception.EXTENDED
    sealed(a, (0, 5))
    branch = [sealed(b, (1, 7)), sealed(b)]
    assert [a.receive(block) for block in branch] == [Reception.BESIDE, Reception.REORGANISED]
    assert [block.header.height for block in a.history.blocks] == [3, 4, 5, 6]
    assert a.waiting["amount"].tolist() == [5]
    sound(a)


def test_what_waits_and_what_is_counted_of_it_is_not_undone():
    a, b = two(capacity=2)
    for node in (a, b):
        node.submit(Kind.TRANSFER, 0, to=3, amount=1, max_fee=0)
        node.seal(proposer=0)
    branch = [sealed(b, (1, 7)), sealed(b)]
    for sender in (0, 1, 2):
        a.submit(Kind.TRANSFER, sender, to=3, amount=2, max_fee=0)
    assert [receipt.status for receipt in a.seal()] == [Status.EVICTED] * 2
    a.book.head[0].ordering, a.book.head[0].capacity = Ordering.ARRIVAL, 9
    waited = a.waiting.tolist()
    assert [a.receive(block) for block in branch] == [Reception.BESIDE, Reception.REORGANISED]
    head = a.book.head[0]
    assert (head.dropped, head.ordering, head.capacity, head.pending) == (2, Ordering.ARRIVAL, 9, 2)
    assert (len(waited), a.waiting.tolist()) == (2, waited)
    assert a.book.accounts["pending"].sum() == 2
    sound(a)


@pytest.mark.parametrize(("pause", "taken"), [(MAX_PAUSE, True), (MAX_PAUSE + 1, False), (2**61, False), (2**63 - 2**10, False)])
def test_a_block_far_ahead_of_its_time_is_refused_and_leaves_ticks_for_others(pause, taken):
    a, b = two()
    b.book.head[0].tick += pause - 1
    assert a.receive(sealed(b, (1, 7))) == (Reception.EXTENDED if taken else Reception.INVALID)
    own = sealed(a, (0, 5))
    if taken:
        assert b.receive(own) == Reception.EXTENDED
    replay(parsed(b"".join(written(a.history)), "a"))
    sound(a)
