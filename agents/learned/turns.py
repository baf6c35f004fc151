"""Learners that take turns: each runs its own training loop on a thread of its own, and exactly one runs at any time.

So a loop that was written to own the program (Stable-Baselines3's `learn`) becomes a coroutine: it runs until it wants to know
what came of its answers, and waits there until the baton comes back. Torch and NumPy have one global random state each; every
learner finds it as it left it, whatever the others drew in between.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch


class Closed(BaseException):
    """The waiting loop is not to go on."""


class Turn:
    """One loop on a thread of its own, which runs only while somebody waits for it in `resume`."""

    def __init__(self, loop: Callable[["Turn"], Any]) -> None:
        """Lay out a loop: a function that takes this turn and calls its `pause`. It begins at the first `resume`."""
        self.result: Any = None
        self.done = False
        self._error: BaseException | None = None
        self._value: Any = None
        self._closing = False
        self._running = False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._random: Any = None
        self._thread = threading.Thread(target=self._run, args=(loop,), daemon=True)

    def _run(self, loop: Callable[["Turn"], Any]) -> None:
        self._go.acquire()
        try:
            if not self._closing:
                self.result = loop(self)
        except Closed:
            pass
        except BaseException as error:
            self._error = error
        self.done = True
        self._back.release()

    def pause(self, asked: Any) -> Any:
        """Called by the loop: give the baton back with a question, and wait for what `resume` brings."""
        self.result = asked
        self._back.release()
        self._go.acquire()
        if self._closing:
            raise Closed
        return self._value

    def resume(self, value: Any = None) -> Any:
        """Hand the baton to the loop with what it waits for; returns its next question, or its result if it is `done`.

        Raises:
            Exception: whatever the loop raised.
        """
        if not self._thread.is_alive():
            self._thread.start()
        self._value = value
        outside = random_state()
        if self._random is not None:
            set_random_state(self._random)
        self._running = True
        self._go.release()
        try:
            self._back.acquire()
            self._running = False
        finally:
            if not self._running:
                self._random = random_state()
                set_random_state(outside)
        if self._error is not None:
            raise self._error
        return self.result

    def within(self, act: Callable[[], Any]) -> Any:
        """Call a function with the random state of the loop, which goes on from where it leaves it."""
        outside = random_state()
        if self._random is not None:
            set_random_state(self._random)
        try:
            return act()
        finally:
            self._random = random_state()
            set_random_state(outside)

    def close(self) -> None:
        """End the loop where it waits; one that was interrupted while it ran is waited for first."""
        if not self._thread.is_alive():
            return
        self._closing = True
        if self._running:
            self._back.acquire()
            self._running = False
        self._go.release()
        self._thread.join()


def random_state() -> tuple[Any, ...]:
    """The state of the global generators of Python, NumPy and torch."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 (what Stable-Baselines3 draws from)


def set_random_state(state: tuple[Any, ...]) -> None:
    """Put the global generators of Python, NumPy and torch back."""
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002
    torch.set_rng_state(state[2])
