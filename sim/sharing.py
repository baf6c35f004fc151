"""Worlds of a batch are shared out over threads: rules release the GIL, and no world knows of another."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

D = TypeVar("D")


def share_out(worlds: int, desks: Sequence[D], work: Callable[[D, int, int], None]) -> None:
    """Call ``work(desk, first, stop)`` once per desk, so that every world from 0 to `worlds` - 1 is in one span.

    Args:
        worlds: how many there are.
        desks: working memory, one per thread; with one, no thread is started.
        work: moves the worlds from `first` to `stop` - 1, with the desk's memory.
    """
    if len(desks) == 1:
        work(desks[0], 0, worlds)
        return
    edges = [worlds * k // len(desks) for k in range(len(desks) + 1)]
    with ThreadPoolExecutor(len(desks)) as pool:
        list(pool.map(work, desks, edges[:-1], edges[1:]))
