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
    "ray": "sim/experiments/engines/ray_cluster.py",
    "duckdb": "sim/experiments/query.py",
}
"""Files, or folders with a slash at the end."""
RUNS_CODE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
"""Modules that run code from what they read."""
UNSAFE = {
    "eval": (),
    "exec": ("chain/rule.py",),  # the view of a book, generated
    "compile": (),
    "torch.load": (),
    "yaml.load": (),
    "yaml.load_all": (),
    "yaml.full_load": (),
    "yaml.unsafe_load": (),
    "numpy.load": (),
    "pandas.read_pickle": (),
    "stable_baselines3.load": ("agents/learned/from_sb3.py",),  # zips that the user trusts
    "sb3_contrib.load": ("agents/learned/from_sb3.py",),
}
"""Calls that run code from what they read, or can, and the files where they are allowed; `X.load` of an algorithm included."""
SAFE_LOADERS = {"SafeLoader", "CSafeLoader", "BaseLoader"}


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


def origins(tree):
    """By name in a file: the module or the thing that it was imported as, in full."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_safe_loader(tree, node):
    """Whether this names one of PyYAML's safe loaders, or a class of the file that is made from one."""
    name = getattr(node, "attr", getattr(node, "id", ""))
    made = {
        n.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ClassDef) and any(getattr(b, "attr", "") in SAFE_LOADERS for b in n.bases)
    }
    return name in SAFE_LOADERS | made


def unsafe_calls(tree):
    """The calls of a file that run code from what they read: their names in `UNSAFE`."""
    known, found = origins(tree), []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call | ast.Attribute | ast.Name):
            continue
        thing = node.func if isinstance(node, ast.Call) else node
        name = ast.unparse(thing)
        first, dot, rest = name.partition(".")
        full = known.get(first, first) + dot + rest
        library = full.partition(".")[0]
        if library in ("stable_baselines3", "sb3_contrib") and full.endswith(".load") and not isinstance(node, ast.Name):
            full = f"{library}.load"
        loaders = [word.value for word in getattr(node, "keywords", []) if word.arg == "Loader"]
        if full in ("yaml.load", "yaml.load_all") and (
            not isinstance(node, ast.Call) or any(is_safe_loader(tree, x) for x in loaders)
        ):
            continue
        if full in UNSAFE:
            found.append(full)
    return found


def test_nothing_that_is_read_is_run():
    """Pickles, code as text, YAML that names classes; each is allowed in one file or in none."""
    for path, _, tree in sources(*PACKAGES):
        assert {name.partition(".")[0] for name in imports_of(tree)} & RUNS_CODE == set(), path
        assert [call for call in unsafe_calls(tree) if path.as_posix() not in UNSAFE[call]] == [], path


def test_what_runs_code_is_noticed_however_it_is_written():
    bad = (
        "import torch\ntorch.load(x)",
        "import torch as th\nth.load(x)",
        "from torch import load\nload(x)",
        "from torch import load as read\nread(x)",
        "import yaml\nyaml.load(x)",
        "import yaml\nyaml.load(x, Loader=yaml.Loader)",
        "import yaml\nclass L(yaml.Loader): pass\nyaml.load(x, Loader=L)",
        "eval(x)",
        "run = exec",
        "from stable_baselines3 import PPO\nPPO.load(x)",
        "import stable_baselines3 as sb\nsb.PPO.load(x)",
        "import numpy as np\nnp.load(x, allow_pickle=True)",
    )
    assert [text for text in bad if not unsafe_calls(ast.parse(text))] == []
    good = (
        "import yaml\nyaml.safe_load(x)",
        "import yaml\nclass L(yaml.SafeLoader): pass\nyaml.load(x, Loader=L)",
        "import json\njson.loads(x)",
        "from torch import nn\nnn.Linear(1, 2).load_state_dict(x)",
        "evaluate(x)",
        "model.load(x)",
    )
    assert [text for text in good if unsafe_calls(ast.parse(text))] == []
