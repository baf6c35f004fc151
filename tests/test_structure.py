"""The house stays easy to read: small files, small functions, names of ideas, one door to each framework."""

import ast
from pathlib import Path

HOUSE = Path(__file__).parents[1]
PACKAGES = ("chain", "agents", "sim")
CODE = (*PACKAGES, "tests")
FILE_LINES, FUNCTION_LINES = 320, 70
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "handler", "tools"}
DOORS = {
    "numba": "chain/rule.py",
    "llvmlite": "chain/rule.py",
    "mesa": "sim/fronts/mesa_model.py",
    "matplotlib": "sim/plots/",
    "torch": "agents/learned/",
    "stable_baselines3": ("agents/learned/", "sim/fronts/sb3_vec_env.py"),
    "sb3_contrib": "agents/learned/",
    "pettingzoo": "sim/fronts/pettingzoo_env.py",
}
"""Files, or folders with a slash at the end."""


def sources(*folders):
    """Every Python file under these folders: its path in the repository, its text and its syntax tree."""
    for file in sorted(file for folder in folders for file in (HOUSE / folder).rglob("*.py")):
        yield file.relative_to(HOUSE), file.read_text(), ast.parse(file.read_text())


def imports_of(tree):
    """The modules that a file imports, by full name."""
    nodes = list(ast.walk(tree))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_files_are_short_and_named_after_ideas():
    files = list(sources(*CODE))
    assert len(files) > 50
    assert [str(path) for path, text, _ in files if len(text.splitlines()) > FILE_LINES] == []
    assert [str(path) for path, _, _ in files if path.stem in NAMES_OF_NOTHING] == []


def test_functions_are_short():
    for path, _, tree in sources(*CODE, "notebooks"):
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > FUNCTION_LINES] == [], path


def test_every_module_says_what_it_is():
    assert [str(path) for path, _, tree in sources(*PACKAGES) if tree.body and not ast.get_docstring(tree)] == []


def test_packages_print_nothing():
    """The command line may, if it names its stream."""
    for path, _, tree in sources(*PACKAGES):
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        loud = [call for call in calls if call.func.id == "print" and "file" not in {word.arg for word in call.keywords}]
        assert [call.lineno for call in loud] == [], path


def test_each_framework_has_one_door():
    for path, _, tree in sources(*PACKAGES):
        libraries = {name.partition(".")[0] for name in imports_of(tree)}
        assert [library for library in libraries & DOORS.keys() if not path.as_posix().startswith(DOORS[library])] == [], path


def test_imports_go_one_way():
    """chain ← agents ← sim, and nothing imports the tests."""
    for path, _, tree in sources(*PACKAGES):
        above = {*PACKAGES[PACKAGES.index(path.parts[0]) + 1 :], "tests"}
        assert [name for name in imports_of(tree) if name.partition(".")[0] in above] == [], path
