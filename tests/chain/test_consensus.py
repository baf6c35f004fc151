"""Forks: the longer branch wins, orphans return, the tick does not, what is final stays, and a wrong block changes nothing."""

import numpy as np
import pytest

from chain.consensus import Reception, elect
from chain.dice import What, draw
from chain.errors import InputError
from chain.history import chunks_of
from chain.layout import Kind
from chain.merkle import tree_hash
from chain.status import Status
from tests.chain.markets import CLIENT, PRICE, PROVIDER, STAKE, balances, done, market, purse
from tests.chain.nodes import signed, sound
from tests.chain.recordings import plain_root

MONEY = 10**6


def two(finality=10, **given):
    """Two nodes of one ledger of money, in the same state."""
    node = purse([MONEY] * 4, **({"base_fee": 1, "finality": finality, "spare": 1} | given))
    return node, node.fork()


def sealed(node, *transfers, **how):
    """Seal a block of transfers (sender, amount) to account 3 and return it."""
    for sender, amount in transfers:
        node.submit(Kind.TRANSFER, sender, to=3, amount=amount)
    node.seal(**how)
    return node.history.blocks[-1]


def test_a_block_that_follows_the_head_is_executed():
    a, b = two()
    block = sealed(a, (0, 5), proposer=2)
    assert b.receive(block) == Reception.EXTENDED
    assert balances(b) == balances(a)
    assert b.history.head == a.history.head
    sound(b)
    assert b.receive(block) == Reception.KNOWN


def test_of_branches_of_equal_length_the_first_stays_and_the_longer_wins():
    a, b = two()
    mine, theirs = sealed(a, (0, 5)), sealed(b, (1, 7))
    assert a.receive(theirs) == Reception.BESIDE
    assert a.history.head == mine.header
    assert balances(a)[3] == MONEY + 5
    after = sealed(b, (1, 8))
    assert a.receive(after) == Reception.REORGANISED
    assert a.history.head == after.header
    assert balances(a)[3] == MONEY + 7 + 8
    assert b.receive(mine) == Reception.BESIDE
    sound(a)


def test_orphaned_transactions_return_and_included_ones_leave():
    a, b = two()
    a.submit(Kind.TRANSFER, 0, to=3, amount=1)
    a.submit(Kind.TRANSFER, 1, to=3, amount=2)
    both = a.waiting[1:].copy()
    a.submit(Kind.TRANSFER, 2, to=3, amount=3)
    waits, orphan = signed(a), None
    a.seal(builder=lambda _: [0, 1])
    orphan = a.history.blocks[-1]
    b.submit(Kind.TRANSFER, 1, to=3, amount=2)
    b.seal()
    a.receive(b.history.blocks[-1])
    assert a.receive(sealed(b)) == Reception.REORGANISED
    assert a.waiting["amount"].tolist() == [1, 3], "first what returns, then what waited"
    assert signed(a) < waits
    assert both["amount"][0] == 2
    assert orphan.header.transactions == 2
    assert a.book.accounts["pending"].tolist() == [1, 0, 1, 0, 0]
    assert [receipt.status for receipt in a.seal()] == [Status.OK, Status.OK]
    assert balances(a)[3] == MONEY + 1 + 2 + 3
    sound(a)


def test_a_mempool_that_is_full_drops_what_waited_and_counts_it():
    a, b = two(pool=3)
    sealed(a, (0, 1), (1, 2))
    for amount in (3, 4):
        a.submit(Kind.TRANSFER, 2, to=3, amount=amount)
    for _ in range(2):
        a.receive(sealed(b))
    assert a.waiting["amount"].tolist() == [1, 2, 3]
    assert a.book.head[0].dropped == 1
    sound(a)


def test_the_tick_never_falls_and_dice_are_not_thrown_again():
    a = market(finality=10, gas_limit=5_000, reliability_bps=5_000)
    done(a, Kind.BOND, PROVIDER, amount=STAKE)
    done(a, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    b = a.fork()
    for _ in range(2):
        b.seal()
    done(a, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    before, tick = a.job(0), int(a.book.head[0].tick)
    for block in b.history.blocks[-2:]:
        reception = a.receive(block)
    assert reception == Reception.REORGANISED
    assert a.book.terms[0].opened == 0
    assert a.book.head[0].tick >= max(tick, b.history.head.tick + 1)
    a.seal()
    again = a.job(0)
    assert again["tick"] > before["tick"]
    head = a.book.head[0]
    words = [int(draw(head, job["tick"], CLIENT, What.DELIVERY, job["request"])) for job in (before, again)]
    assert words[0] != words[1]
    sound(a)


@pytest.mark.parametrize("finality", [1, 2, 5])
def test_what_is_final_stays(finality):
    a, b = two(finality)
    late, early = b.fork(), b
    for k in range(finality + 1):
        block = sealed(a, (0, k))
        if k == 0:
            late.receive(block)
    for node, refused in ((late, False), (early, True)):
        blocks = [sealed(node, (1, 9)) for _ in range(finality + 2 - node.height)]
        digest, found = a.digest(), [a.receive(block) for block in blocks]
        if refused:
            assert found[0] == Reception.TOO_OLD
            assert set(found[1:]) <= {Reception.UNKNOWN_PARENT, Reception.TOO_OLD}
            assert a.digest() == digest
        else:
            assert found == [Reception.BESIDE] * finality + [Reception.REORGANISED]
            sound(a)


def test_a_branch_that_was_kept_beside_can_not_win_once_it_leaves_out_a_final_block():
    a, b = two(finality=2)
    sealed(a, (0, 1))
    assert a.receive(sealed(b, (1, 9))) == Reception.BESIDE
    for amount in (2, 3):
        sealed(a, (0, amount))
    digest, blocks = a.digest(), [sealed(b, (1, amount)) for amount in (8, 7, 6)]
    assert [a.receive(block) for block in blocks] == [Reception.BESIDE, Reception.BESIDE, Reception.TOO_OLD]
    assert a.digest() == digest
    sound(a)


def test_a_block_whose_parent_was_never_here_is_not_taken():
    a, b = two()
    first, second = sealed(b, (1, 5)), sealed(b, (1, 6))
    digest = a.digest()
    assert a.receive(second) == Reception.UNKNOWN_PARENT
    assert a.digest() == digest
    assert [a.receive(first), a.receive(second)] == [Reception.EXTENDED] * 2


def forged(block, **changed):
    return block._replace(header=block.header._replace(**changed))


def refit(block, column, row, value):
    """A block with one transaction changed, and the root to go with it."""
    transactions = block.transactions.copy()
    transactions[column][row] = value
    return forged(block._replace(transactions=transactions), transactions_root=tree_hash(chunks_of(transactions)))


WRONG = {
    "state root": lambda block: forged(block, state_root=b"x" * 32),
    "receipts root": lambda block: forged(block, receipts_root=b"x" * 32),
    "gas used": lambda block: forged(block, gas_used=0),
    "base fee": lambda block: forged(block, base_fee=2),
    "gas limit": lambda block: forged(block, gas_limit=77),
    "proposer": lambda block: forged(block, proposer=4),
    "tick": lambda block: forged(block, tick=-1),
    "height": lambda block: forged(block, height=block.header.height + 1),
    "count": lambda block: forged(block, transactions=5),
    "amount": lambda block: refit(block, "amount", 0, 60),
    "more than there is": lambda block: refit(block, "amount", 0, 2 * MONEY),
    "sender": lambda block: refit(block, "sender", 0, 99),
    "nonce": lambda block: refit(block, "nonce", 0, 99),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_block_changes_nothing_wherever_it_stands(wrong):
    a, b = two()
    sealed(a, (0, 1))
    b.receive(a.history.blocks[-1])
    for k in range(2):
        a.submit(Kind.TRANSFER, k, to=3, amount=2)
    blocks = [sealed(b, (1, 5 + k)) for k in range(3)]
    digest, before = a.digest(), list(a.history.blocks)
    assert a.receive(WRONG[wrong](blocks[0])) == Reception.INVALID, "as the next block"
    assert (a.digest(), a.history.blocks) == (digest, before)
    sealed(a, builder=lambda _: [])
    digest, before = a.digest(), list(a.history.blocks)
    assert a.receive(blocks[0]) == Reception.BESIDE
    assert a.receive(WRONG[wrong](blocks[1])) == Reception.INVALID, "as the end of a longer branch"
    assert (a.digest(), a.history.blocks) == (digest, before)
    sound(a)
    assert [a.receive(block) for block in blocks[1:]] == [Reception.REORGANISED, Reception.EXTENDED]
    sound(a)
    assert a.waiting["amount"].tolist() == [2, 2]


def test_a_wrong_block_within_a_branch_is_forgotten_with_all_that_follows_it():
    a, b = two()
    sealed(a, (0, 1))
    wrong = forged(sealed(b, (1, 5)), state_root=b"x" * 32)
    follows = forged(sealed(b, (1, 6)), parent=wrong.header.hash)
    digest = a.digest()
    for _ in range(2):
        assert [a.receive(wrong), a.receive(follows)] == [Reception.BESIDE, Reception.INVALID]
        assert a.digest() == digest
    assert [a.receive(block) for block in b.history.blocks[1:]] == [Reception.BESIDE, Reception.REORGANISED]


def test_an_orphaned_account_may_be_opened_again_and_act_in_the_same_block():
    a, b = two()
    done(a, Kind.REGISTER, 0, amount=5_000)
    done(a, Kind.TRANSFER, 4, to=1, amount=9)
    for _ in range(3):
        a.receive(sealed(b))
    assert a.book.accounts[4].owner < 0
    assert a.waiting["sender"].tolist() == [0, 4]
    a.seal(builder=lambda _: [0, 1])
    assert a.history.blocks[-1].receipts["status"].tolist() == [Status.OK, Status.OK]
    assert b.receive(a.history.blocks[-1]) == Reception.EXTENDED
    sound(a)


def test_forks_are_for_recorded_ledgers_that_were_founded_with_them():
    ledger = purse([5])
    ledger.seal()
    block = ledger.history.blocks[-1]
    with pytest.raises(InputError, match="receive: this ledger has no forks, allowed is one with a finality of 1 block and more"):
        ledger.receive(block)
    with pytest.raises(InputError, match="finality: 1 given, allowed is 0 to 0"):
        purse([5], finality=1, record=False)
    large = purse([MONEY] * 4, finality=2, pool=9)
    for k in range(4):
        large.submit(Kind.TRANSFER, k, to=0)
    large.seal()
    small = purse([MONEY] * 4, finality=2, pool=3)
    with pytest.raises(InputError, match="block: 4 transactions given, allowed are the mempool's 3 places"):
        small.receive(large.history.blocks[-1])
    assert purse([MONEY] * 4, finality=2, pool=4).receive(large.history.blocks[-1]) == Reception.EXTENDED


def test_who_finds_a_block_is_drawn_by_shares():
    """Each frequency within 4.5 standard deviations: all three wrong by chance less than once in 40,000 runs."""
    ledger, shares, draws = purse([1], seed=5), np.array([1, 0, 2, 7]), 4_000
    head, found = ledger.book.head[0], np.zeros(4)
    for tick in range(draws):
        head.tick = tick
        found[elect(head, shares)] += 1
        assert elect(head, shares) == elect(head, 3 * shares)
    odds = shares / shares.sum()
    assert (np.abs(found / draws - odds) <= 4.5 * np.sqrt(odds * (1 - odds) / draws)).all()
    assert found[1] == 0
    for wrong in ([], [0, 0], [3, -1], [0.3, 0.7], [2**62] * 5, ["all"]):
        with pytest.raises(InputError, match=r"shares: .* given, allowed are whole numbers from 0"):
            elect(head, wrong)


def test_a_fork_remembers_branches_beside_and_is_independent():
    a, b = two()
    sealed(a, (0, 5))
    blocks = [sealed(b, (1, 6)), sealed(b, (1, 7))]
    a.receive(blocks[0])
    copy = a.fork()
    assert copy.receive(blocks[1]) == Reception.REORGANISED
    assert a.height == 1
    assert plain_root(copy.book) == plain_root(b.book) != plain_root(a.book)
    sound(copy)
    assert a.receive(blocks[1]) == Reception.REORGANISED
