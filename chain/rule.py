"""The one door to Numba: `rule` compiles a function, or leaves it as it is.

A rule is written once. With ``NUMBA_DISABLE_JIT=1`` the same source runs interpreted, to read and to debug; otherwise it is
compiled on first use, without the GIL, and cached on disk. ``NUMBA_BOUNDSCHECK=1`` makes every bad index raise.

Numba's own cache notices a change in a function's file, but not a change in another file that the function calls. So the
cache lives in a folder named by a digest of all sources a rule can reach (this package, the rule's own folder and those of the
rules it calls), by the versions, by the processor and by the bounds-check flag.

Rules never allocate: what they need is passed in. So Numba's reference counting is off, without which every call that takes a
book would count references of each of its arrays (measured: 8 times slower).
"""

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, overload

import numba
import numba.extending
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils

F = TypeVar("F", bound=Callable[..., Any])
B = TypeVar("B", bound=tuple[Any, ...])

_numba: Any = numba.config
INTERPRETED = bool(_numba.DISABLE_JIT)
CHECKED = bool(_numba.BOUNDSCHECK)
MODE = "interpreted" if INTERPRETED else "checked" if CHECKED else "compiled"


CHAIN = Path(__file__).parent
_reach: dict[int, frozenset[Path]] = {}
"""By the rule's identity: the folders, `chain` aside, whose sources it can reach through the rules it calls."""


def reach(function: Any) -> frozenset[Path]:
    """The folder of a function and, through the rules that it names, those of its callees; `chain` is always meant."""
    own = Path(function.__code__.co_filename).parent
    names = function.__code__.co_names
    found = set() if CHAIN in (own, *own.parents) else {own}
    for name in names:
        thing = function.__globals__.get(name)
        parts = [getattr(thing, other, None) for other in names] if isinstance(thing, ModuleType) else [thing]
        for part in parts:
            found |= _reach.get(id(part), frozenset())
    return frozenset(found)


@cache
def source_digest(*folders: Path) -> str:
    """SHA-256 (hex) of every source of `chain`, and of the Python files of further folders."""
    sha = hashlib.sha256()
    files = sorted(CHAIN.rglob("*.py"))
    for folder in sorted(folders):
        files += sorted(folder.glob("*.py"))
    for file in files:
        sha.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return sha.hexdigest()


@cache
def cache_folder(*folders: Path) -> Path:
    """Where rules are kept that reach these folders; a new place for every change that could make them stale."""
    home = os.environ.get("LEDGERLAB_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    flags = "checked" if CHECKED else "plain"
    versions = f"py{sys.version_info.major}{sys.version_info.minor}-numba{numba.__version__}-numpy{np.__version__}"
    name = f"{source_digest(*folders)[:16]}-{versions}-{binding.get_host_cpu_name()}-{flags}"
    return Path(home) / "ledgerlab" / "rules" / name


def is_warm(*folders: Path) -> bool:
    """Whether rules that reach these folders were compiled before on this machine, or need no compilation."""
    return INTERPRETED or any(cache_folder(*sorted(folders)).rglob("*.nbc"))


@overload
def rule(function: F) -> F: ...
@overload
def rule(*, wraps: bool) -> Callable[[F], F]: ...
def rule(function: F | None = None, *, wraps: bool = False) -> F | Callable[[F], F]:
    """Compile a function of the ledger, unless rules are interpreted.

    With ``wraps=True`` unsigned arithmetic is meant modulo 2**64: silent when compiled, silenced when interpreted.
    """

    njit: Any = numba.njit

    def decorate(f: Any) -> Any:
        if INTERPRETED:
            return np.errstate(over="ignore")(f) if wraps else f
        file = Path(f.__code__.co_filename)
        if not file.is_file():  # typed into a notebook: compiled, but there is no file whose change a cache could notice
            return njit(nogil=True, _nrt=False)(f)
        folders = reach(f)
        kept, _numba.CACHE_DIR = _numba.CACHE_DIR, str(cache_folder(*sorted(folders)))
        try:
            compiled = njit(cache=True, nogil=True, _nrt=False, forceinline=True)(f)
        finally:
            _numba.CACHE_DIR = kept
        _reach[id(compiled)] = folders
        return compiled

    return decorate if function is None else decorate(function)


def world(book: B, w: int) -> B:
    """The book of world `w`: the same tuple, each array without its leading world axis. Nothing is copied."""
    return type(book)(*(array[w] for array in book))


def wide_product(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The upper and the lower 64 bits of the 128-bit product."""
    product = int(a) * int(b)
    return np.uint64(product >> 64), np.uint64(product & (2**64 - 1))


def prefetch(records: Any, index: int) -> None:
    """Ask the processor for a record that is needed soon. Changes nothing; a wrong index is harmless."""


if not INTERPRETED:

    @numba.extending.overload(world)
    def _world(book, w):  # type: ignore[no-untyped-def]
        items = ", ".join(f"book[{i}][w]" for i in range(len(book)))
        space = {"Book": book.instance_class}
        exec(f"def view(book, w):\n    return Book({items})", space)
        return space["view"]

    @numba.extending.intrinsic
    def _wide_product(context, a, b):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            wide, narrow = ir.IntType(128), ir.IntType(64)
            product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
            upper = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), narrow)
            return context.make_tuple(builder, signature.return_type, (upper, builder.trunc(product, narrow)))

        u64 = numba.types.uint64
        return numba.types.UniTuple(u64, 2)(u64, u64), generate

    @numba.extending.intrinsic
    def _prefetch(context, array, index):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            layout = signature.args[0]
            view = context.make_array(layout)(context, builder, arguments[0])
            place = cgutils.get_item_pointer(context, builder, layout, view, [arguments[1]], wraparound=False)
            byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            prefetch = builder.module.declare_intrinsic(
                "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            )
            builder.call(prefetch, [builder.bitcast(place, byte), *(ir.Constant(word, flag) for flag in (0, 3, 1))])
            return context.get_dummy_value()

        return numba.types.void(array, numba.types.int64), generate

    @numba.extending.overload(prefetch)
    def _prefetch_compiled(records, index):  # type: ignore[no-untyped-def]
        return lambda records, index: _prefetch(records, index)  # type: ignore[call-arg]

    @numba.extending.overload(wide_product)
    def _wide_product_compiled(a, b):  # type: ignore[no-untyped-def]
        return lambda a, b: _wide_product(a, b)  # type: ignore[call-arg]
