"""Nodes that hear of each other's blocks late and out of order: each is at every step what a replay of its main branch is."""

import numpy as np
import pytest

from chain.consensus import Reception
from tests.chain.nodes import Nodes, sound
from tests.chain.recordings import coins, stir


def test_branches_far_apart_go_back_and_forth():
    a = coins(finality=50)
    b, c = a.fork(), a.fork()
    for node, seed in ((b, 1), (c, 2)):
        rng = np.random.default_rng(seed)
        for _ in range(9):
            stir(node, rng, 5)
    sent = {1: 0, 2: 0}
    heads = []
    for length, (source, name) in zip(range(1, 10), [(b, 1), (c, 2)] * 5, strict=False):
        for block in source.history.blocks[sent[name] + 1 : length + 1]:
            a.receive(block)
        sent[name] = length
        heads.append(a.history.head == source.history.block(length).header)
        sound(a)
    assert heads == [True] * 9, "each branch is one longer than the other was"


@pytest.mark.parametrize(("name", "seed"), [("token", 1), ("service_market", 2), ("posted_price", 3), ("auction", 4)])
def test_three_nodes_that_hear_of_each_other_late_agree_with_a_replay_at_every_step(name, seed):
    nodes = Nodes(name, seed)
    for _ in range(90):
        nodes.step()
    nodes.settle()
    assert {Reception.EXTENDED, Reception.BESIDE, Reception.REORGANISED, Reception.UNKNOWN_PARENT} <= set(nodes.seen)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_three_nodes_agree_over_long_walks(seed):
    nodes = Nodes("service_market", 100 + seed)
    for _ in range(150):
        nodes.step()
    nodes.settle()
