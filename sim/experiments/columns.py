"""Tables on their way to Parquet and back, in step even if somebody presses Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put off Ctrl-C until the block is done, so that tables stay in step."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def later(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = signal.signal(signal.SIGINT, later)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


def to_column(values: NDArray[Any]) -> pa.Array:
    """A column for Parquet: text, whole numbers, or numbers with NaN kept as NaN.

    It is made of its buffers, because `pa.array` imports pandas, which takes longer than a small run.
    """
    if values.dtype == object:
        words = [str(value).encode() for value in values.tolist()]
        ends = np.cumsum([0, *map(len, words)], dtype=np.int32)
        return pa.Array.from_buffers(pa.string(), len(words), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(words))])
    decimal = values.dtype.kind == "f"
    plain = np.ascontiguousarray(values, np.float64 if decimal else np.int64)
    return pa.Array.from_buffers(pa.float64() if decimal else pa.int64(), plain.size, [None, pa.py_buffer(plain)])


def from_column(column: pa.ChunkedArray) -> NDArray[Any]:
    """The inverse of `to_column`, without importing pandas as `to_numpy` does."""
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), object)
    kind = np.float64 if pa.types.is_floating(column.type) else np.int64
    parts = [np.frombuffer(part.buffers()[1], kind, len(part), part.offset * 8) for part in column.chunks]
    return np.concatenate(parts) if parts else np.empty(0, kind)
