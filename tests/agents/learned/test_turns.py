"""Loops that take turns: strictly one runs at a time, each with randomness of its own."""

import threading

import numpy as np
import pytest
import torch

from agents.learned.turns import Turn, random_state


def test_a_loop_runs_only_while_it_is_resumed():
    seen = []

    def loop(turn):
        seen.append(threading.current_thread())
        got = turn.pause("first")
        return turn.pause(got + 1)

    turn = Turn(loop)
    assert seen == []
    assert turn.resume() == "first"
    assert turn.resume(5) == 6
    assert not turn.done
    assert turn.resume("end") == "end"
    assert turn.done
    assert seen[0] is not threading.current_thread()


def test_every_loop_finds_its_own_randomness_again():
    def draws(turn):
        torch.manual_seed(7)
        np.random.seed(7)  # noqa: NPY002
        for _ in range(3):
            turn.pause((float(torch.rand(1)), np.random.rand()))  # noqa: NPY002

    def alone():
        torch.manual_seed(7)
        np.random.seed(7)  # noqa: NPY002
        return [(float(torch.rand(1)), np.random.rand()) for _ in range(3)]  # noqa: NPY002

    outside = random_state()[2].clone()
    first, second = Turn(draws), Turn(draws)
    both = [(first.resume(), second.resume()) for _ in range(3)]
    assert torch.equal(random_state()[2], outside)
    for turn in (first, second):
        turn.close()
    expected = alone()
    assert [a for a, _ in both] == expected
    assert [b for _, b in both] == expected


def test_a_closed_loop_ends_where_it_waits_and_its_thread_with_it():
    ended = []

    def loop(turn):
        try:
            turn.pause(None)
        finally:
            ended.append(True)

    before = threading.active_count()
    turn = Turn(loop)
    turn.resume()
    turn.close()
    assert ended == [True]
    assert threading.active_count() == before
    Turn(loop).close()


def test_what_a_loop_raises_is_raised_where_it_was_resumed():
    def loop(turn):
        turn.pause(None)
        raise ZeroDivisionError("in the loop")

    turn = Turn(loop)
    turn.resume()
    with pytest.raises(ZeroDivisionError, match="in the loop"):
        turn.resume()
