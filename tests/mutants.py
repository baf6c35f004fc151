"""`python -m tests.mutants CONTRACT TEST [TEST ...]`: break every condition and every effect of a contract, one at a time.

Each mutant is one changed node of one rule's syntax tree: a comparison at its boundary or turned around, a condition never met,
an `and` for an `or`, an operand left out, an effect left out or with its sign turned, a number one larger. The tests run
interpreted, in a copy of the project, and stop at the first failure. A mutant that no test kills is printed with its line, and
the exit code is 1.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).parents[1]
COPIED = ("chain", "agents", "sim", "tests", "results", "pyproject.toml")
BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
AROUND = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
SIGN = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}
CONSOLE = Console(soft_wrap=True, highlight=False)
SECONDS = 300
"""A mutant whose tests take longer hangs: it counts as killed."""


class Mutant(NamedTuple):
    """A changed contract."""

    line: int
    what: str
    source: str


def replaced(tree: Any, node: Any, new: Any) -> str:
    """The source with another node in the place of one; `None` leaves a statement out."""
    memo: dict[int, Any] = {}
    copy = deepcopy(tree, memo)
    old = memo[id(node)]
    for parent in ast.walk(copy):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, name, [(ast.Pass() if new is None else new) if item is old else item for item in value])
    return ast.unparse(ast.fix_missing_locations(copy))


def changes(node: Any) -> Iterator[tuple[str, Any]]:
    """What can be put in the place of a node, and how to call it."""
    if isinstance(node, ast.If):
        yield "condition never met", ast.If(ast.Constant(False), node.body, node.orelse)
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            for table in (BOUNDARY, AROUND):
                if type(op) in table:
                    new = table[type(op)]()
                    ops = [new if j == k else other for j, other in enumerate(node.ops)]
                    yield f"{type(op).__name__} to {type(new).__name__}", ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} to {type(other).__name__}", ast.BoolOp(other, node.values)
        for k in range(len(node.values)):
            left = node.values[:k] + node.values[k + 1 :]
            yield "an operand left out", left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not left out", node.operand
    if isinstance(node, ast.AugAssign):
        yield "effect left out", None
        if type(node.op) in SIGN:
            yield "sign turned", ast.AugAssign(node.target, SIGN[type(node.op)](), node.value)
    if isinstance(node, ast.Assign) and any(isinstance(target, ast.Attribute) for target in node.targets):
        yield "effect left out", None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "effect left out", None
    if isinstance(node, ast.BinOp) and type(node.op) in SIGN:
        yield "sign turned", ast.BinOp(node.left, SIGN[type(node.op)](), node.right)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} to {node.value + 1}", ast.Constant(node.value + 1)


def mutants(source: str) -> list[Mutant]:
    """Every single change of every rule of a contract."""
    tree = ast.parse(source)
    rules = [f for f in tree.body if isinstance(f, ast.FunctionDef) and any(ast.unparse(d) == "rule" for d in f.decorator_list)]
    return [
        Mutant(node.lineno, f"{rule.name}: {what}", replaced(tree, node, new))
        for rule in rules
        for statement in rule.body
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt | ast.expr)
        for what, new in changes(node)
    ]


def passes(folder: Path, tests: list[str]) -> bool:
    """Whether all tests pass in a copy of the project."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow and not evm",
        *tests,
    ]
    variables = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    if run.returncode not in (0, 1, 2):
        raise SystemExit(run.stdout.decode())
    return run.returncode == 0


def survivors(contract: str, tests: list[str], workers: int) -> tuple[int, list[Mutant]]:
    """How many mutants there are, and those that no test kills."""
    source = (ROOT / contract).read_text()
    all_mutants = mutants(source)
    copies: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory() as parent:
        for k in range(workers):
            folder = Path(parent) / str(k)
            folder.mkdir()
            for name in COPIED:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, folder / name)
            if not passes(folder, tests):
                raise SystemExit(f"{contract}: its tests fail already without a mutation")
            copies.put(folder)

        def survives(mutant: Mutant) -> bool:
            folder = copies.get()
            (folder / contract).write_text(mutant.source)
            alive = passes(folder, tests)
            copies.put(folder)
            if alive:
                CONSOLE.print(f"{contract}:{mutant.line}: {mutant.what}: survives")
            return alive

        with ThreadPoolExecutor(workers) as pool:
            done = track(pool.map(survives, all_mutants), contract, len(all_mutants), console=CONSOLE)
            alive = list(done)
    return len(all_mutants), [mutant for mutant, lives in zip(all_mutants, alive, strict=True) if lives]


def main() -> None:
    """Mutate the contract named first, with the tests named after it."""
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    contract, *tests = sys.argv[1:]
    count, alive = survivors(contract, tests, int(os.environ.get("WORKERS", "1")))
    CONSOLE.print(f"{contract}: {count} mutants, {count - len(alive)} killed, {len(alive)} alive")
    raise SystemExit(bool(alive))


if __name__ == "__main__":
    main()
