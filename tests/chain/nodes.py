"""Three nodes that seal, send and receive blocks at random, and what must hold of each of them after every step."""

from typing import Any

import numpy as np

from chain.consensus import Reception
from chain.journal import parsed, written
from chain.ledger import Ledger
from chain.mempool import next_tick
from chain.replay import replay
from tests.chain.recordings import LIVELY, hashes_hold, plain_root, stir, wish

SETTLED = (Reception.EXTENDED, Reception.BESIDE, Reception.REORGANISED, Reception.KNOWN)


class Nodes:
    """Nodes with the same genesis, and the blocks that are on their way to each."""

    def __init__(self, name: str, seed: int, count: int = 3) -> None:
        first = LIVELY[name](finality=1_000, seed=seed)
        self.rng: Any = np.random.default_rng(seed)
        self.nodes = [first, *(first.fork() for _ in range(count - 1))]
        self.inbox: list[list[Any]] = [[] for _ in self.nodes]
        self.seen: list[Reception] = []

    def step(self) -> None:
        """Let one node do something, and see that all is well with it."""
        k = int(self.rng.integers(len(self.nodes)))
        node, what = self.nodes[k], self.rng.random()
        tick = int(node.book.head[0].tick)
        if what < 0.2:
            wish(node, self.rng, 8)
        elif what < 0.25:
            next_tick(node.book.head[0])
        elif what < 0.5:
            self.seal(k)
        elif self.inbox[k]:
            self.deliver(k, int(self.rng.integers(len(self.inbox[k]))))
        assert node.book.head[0].tick >= tick, "the tick never falls"
        sound(node)

    def seal(self, k: int) -> None:
        """Let a node seal a block and send it to all others."""
        stir(self.nodes[k], self.rng, 10)
        for inbox in self.inbox[:k] + self.inbox[k + 1 :]:
            inbox.append(self.nodes[k].history.blocks[-1])

    def deliver(self, k: int, which: int) -> None:
        """Give a node one of the blocks on their way to it: the longer branch wins, and the first seen of equal ones."""
        node, block = self.nodes[k], self.inbox[k][which]
        head = node.history.head
        reception = node.receive(block)
        self.seen.append(reception)
        if reception == Reception.UNKNOWN_PARENT:
            assert node.history.head == head
            return
        assert reception in SETTLED
        del self.inbox[k][which]
        longer = block.header.height > head.height
        assert node.history.head == (block.header if longer else head)
        assert (reception == Reception.EXTENDED) == (block.header.parent == head.hash)

    def settle(self) -> None:
        """Deliver everything, and one block more of a node that is furthest: all agree."""
        for k in range(len(self.nodes)):
            self._empty(k)
        self.seal(max(range(len(self.nodes)), key=lambda k: self.nodes[k].height))
        for k, node in enumerate(self.nodes):
            self._empty(k)
            sound(node)
        assert len({node.history.head for node in self.nodes}) == 1
        assert len({plain_root(node.book) for node in self.nodes}) == 1

    def _empty(self, k: int) -> None:
        while self.inbox[k]:
            for which in reversed(range(len(self.inbox[k]))):
                self.deliver(k, which)


def sound(node: Ledger) -> None:
    """Assert that a node's state is that of executing its main branch from genesis, and that books and mempool balance."""
    node.check()
    hashes_hold(node)
    assert node.history is not None
    again = replay(parsed(b"".join(written(node.history)), "node"))
    assert again.history.head == node.history.head
    assert plain_root(node.book) == again.history.state.root == node.history.state.root
    assert node.height == node.history.head.height
    included = {tx.tobytes() for block in node.history.blocks for tx in block.transactions}
    assert not included & signed(node), "what is in a block does not wait"


def signed(node: Ledger) -> set[bytes]:
    """What waits at a node, as it was signed."""
    return {np.asarray(tx).reshape(1).view(np.int64)[3:].tobytes() for tx in node.waiting}
