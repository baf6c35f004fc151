"""The one door to Numba: caches that can not go stale, bounds that can be checked, and no heavy import."""

import shutil

import numpy as np
import pytest

import chain.rule
from chain.rule import INTERPRETED, rule, wide_product, world
from tests.chain.markets import ROOT, python
from tests.chain.swarm import economy

CALLEE = "from chain.rule import rule\n\n@rule\ndef worth():\n    return {worth}\n"
CALLER = "from {place} import worth\nfrom chain.rule import rule\n\n@rule\ndef twice(x):\n    return x * worth()\n"
ASK = "from {place} import twice; from chain.rule import cache_folder; print(twice(10), sum(twice.stats.cache_hits.values()))"


def small_chain(folder):
    """A copy of the package `chain` that holds the door and nothing else."""
    (folder / "chain").mkdir(parents=True)
    shutil.copy(ROOT / "chain" / "rule.py", folder / "chain")
    (folder / "chain" / "__init__.py").touch()


def ask(folder, cache, place):
    return python(ASK.format(place=place), path=folder, cache=cache).split()


@pytest.mark.parametrize(("package", "callee"), [("chain", "chain.callee"), ("rules", "rules.callee"), ("rules", "chain.callee")])
def test_a_change_in_a_callees_file_changes_the_compiled_result(tmp_path, package, callee):
    small_chain(tmp_path)
    (tmp_path / package).mkdir(exist_ok=True)
    source = tmp_path / (callee.replace(".", "/") + ".py")
    source.write_text(CALLEE.format(worth=2))
    (tmp_path / package / "caller.py").write_text(CALLER.format(place=callee))
    assert ask(tmp_path, tmp_path / "cache", f"{package}.caller") == ["20", "0"], "compiled"
    assert ask(tmp_path, tmp_path / "cache", f"{package}.caller") == ["20", "1"], "taken from the cache"
    source.write_text(CALLEE.format(worth=3))
    assert ask(tmp_path, tmp_path / "cache", f"{package}.caller") == ["30", "0"], "compiled anew"


def test_a_change_in_a_callees_file_in_a_third_folder_changes_the_compiled_result(tmp_path):
    small_chain(tmp_path)
    for package in ("rules", "others"):
        (tmp_path / package).mkdir()
    (tmp_path / "others" / "callee.py").write_text(CALLEE.format(worth=2))
    (tmp_path / "rules" / "caller.py").write_text(CALLER.format(place="others.callee"))
    assert ask(tmp_path, tmp_path / "cache", "rules.caller")[0] == "20"
    (tmp_path / "others" / "callee.py").write_text(CALLEE.format(worth=3))
    assert ask(tmp_path, tmp_path / "cache", "rules.caller")[0] == "30"


def test_the_cache_folder_is_another_one_for_every_source_and_flag(tmp_path):
    small_chain(tmp_path)
    code = "from chain.rule import cache_folder; print(cache_folder().name)"
    plain = python(code, path=tmp_path)
    checked = python(code, path=tmp_path, NUMBA_BOUNDSCHECK="1")
    assert plain == python(code, path=tmp_path)
    assert (plain.removesuffix("plain"), checked[-7:]) == (checked.removesuffix("checked"), "checked")
    (tmp_path / "chain" / "deep").mkdir()
    (tmp_path / "chain" / "deep" / "new.py").write_text("x = 1\n")
    longer = python(code, path=tmp_path)
    (tmp_path / "chain" / "deep" / "new.py").write_text("x = 2\n")
    assert len({plain, longer, python(code, path=tmp_path)}) == 3


READ = "from chain.rule import rule\n\n@rule\ndef read(a, i):\n    return a[i]\n"
READ_BEYOND = """
import numpy as np
from reads import read
try:
    print(read(np.arange(4)[:2], 3))
except IndexError:
    print("raised")
"""


def test_a_bad_read_raises_when_bounds_are_checked_even_with_a_warm_plain_cache(tmp_path):
    small_chain(tmp_path)
    (tmp_path / "reads.py").write_text(READ)
    cache = tmp_path / "cache"
    assert python(READ_BEYOND, path=tmp_path, cache=cache) == "3", "compiled code reads what lies there"
    assert any(cache.rglob("*.nbc")), "the plain cache is warm"
    assert python(READ_BEYOND, path=tmp_path, cache=cache, NUMBA_BOUNDSCHECK="1") == "raised"
    assert python(READ_BEYOND, path=tmp_path, cache=cache) == "3"
    assert python(READ_BEYOND, path=tmp_path, cache=cache, NUMBA_DISABLE_JIT="1") == "raised"


TYPED = """
from chain.rule import is_warm, rule, INTERPRETED
from pathlib import Path
space = {"rule": rule}
exec("@rule\\ndef typed(x):\\n    return x + 1", space)
print(space["typed"](41), type(space["typed"]).__name__, is_warm(Path("x")))
"""


def test_a_function_without_a_file_is_compiled_and_leaves_no_cache(tmp_path):
    assert python(TYPED, cache=tmp_path) == "42 CPUDispatcher False"
    assert list(tmp_path.rglob("*")) == []


def test_interpreted_rules_are_the_functions_themselves_and_always_warm():
    assert python(TYPED, NUMBA_DISABLE_JIT="1") == "42 function True"


def test_the_ledger_pulls_no_learning_table_or_figure():
    heavy = "torch mesa pandas matplotlib pydantic pyarrow gymnasium stable_baselines3 typer"
    code = f"import sys, chain.ledger; print([name for name in '{heavy}'.split() if name in sys.modules])"
    assert python(code) == "[]"


def test_a_view_of_a_world_is_the_same_memory_compiled_or_not():
    book = economy(3)

    @rule
    def richest(book, w):
        view = world(book, w)
        view.accounts[0].balance += w
        return view.accounts[0].balance

    assert [richest(book, w) for w in range(3)] == [10**12 + w for w in range(3)]
    assert world(book, 2).accounts[0].balance == 10**12 + 2
    assert type(world(book, 1)) is type(book)


def test_both_halves_of_a_product_are_exact():
    @rule
    def compiled(a, b):
        return wide_product(a, b)

    rng = np.random.default_rng(1)
    pairs = [(0, 0), (2**64 - 1, 2**64 - 1), (2**32, 2**32)]
    pairs += [tuple(int.from_bytes(rng.bytes(8)) for _ in range(2)) for _ in range(200)]
    for a, b in pairs:
        for product in (compiled(np.uint64(a), np.uint64(b)), wide_product(np.uint64(a), np.uint64(b))):
            assert [int(half) for half in product] == [a * b >> 64, a * b % 2**64]


def test_the_mode_has_a_name():
    code = "from chain.rule import MODE; print(MODE)"
    assert python(code, path=ROOT) == "compiled"
    assert python(code, NUMBA_BOUNDSCHECK="1") == "checked"
    assert python(code, NUMBA_DISABLE_JIT="1", NUMBA_BOUNDSCHECK="1") == "interpreted"
    assert (chain.rule.MODE == "interpreted") == INTERPRETED
