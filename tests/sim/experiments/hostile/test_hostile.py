"""Hostile specs: each is refused in one line that names what is wrong, at once; nothing ran, nothing was written."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chain.errors import InputError
from sim.cli import main
from sim.experiments.cells import plan_sweep
from sim.experiments.spec import checked, find_spec
from tests.sim.experiments.hostile.corpus import CORPUS
from tests.sim.experiments.hostile.entry import CANARY, laid, laid_as_file, seen
from tests.sim.experiments.hostile.places import POLICIES, Bomb, lay_code, spec_with
from tests.sim.experiments.hostile.texts import HEAD, TAGS

SECONDS = 1.0
MEGABYTES = 200
LONGEST = 700
"""Characters of an error."""
HOUSE = Path(__file__).parents[4]
BY_COMMAND = [name for number, name in enumerate(CORPUS) if number % 12 == 0]


@pytest.fixture(scope="module")
def judgement(tmp_path_factory):
    """What became of every entry, in one process that does nothing else."""
    command = [sys.executable, "-m", "tests.sim.experiments.hostile.corpus"]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_the_corpus_is_large():
    assert len(CORPUS) >= 400


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_spec_is_refused_in_one_line_at_once(judgement, name):
    found = judgement["entries"][name]
    assert found["kind"] == "InputError", found["says"]
    assert [part for part in CORPUS[name].says if part not in found["says"]] == [], found["says"]
    assert len(found["says"].splitlines()) == 1
    assert found["says"].isprintable()
    assert len(found["says"]) <= LONGEST
    assert found["seconds"] < SECONDS
    assert not found["touched"], "a file was written, or the canary is there"


def test_all_of_them_are_judged_in_little_memory(judgement):
    """The interpreter and its libraries included."""
    assert judgement["peak_mb"] < MEGABYTES, {name: e["grew_mb"] for name, e in judgement["entries"].items() if e["grew_mb"] > 5}


def test_to_judge_a_spec_takes_no_table_no_figure_and_no_learner(judgement):
    assert judgement["imported"] == []


@pytest.mark.parametrize("name", BY_COMMAND)
def test_the_command_says_it_in_one_line_and_writes_nothing(name, tmp_path, monkeypatch, capsys):
    entry = CORPUS[name]
    if not laid_as_file(entry, tmp_path):
        pytest.skip("it is no YAML")
    monkeypatch.chdir(tmp_path)
    before = seen(tmp_path)
    changes = [word for change in entry.changes for word in ("--set", change)]
    assert main(["sweep", entry.path, *changes]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ledgerlab: ")
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert seen(tmp_path) == before


@pytest.mark.parametrize("name", ["tag apply", "bomb of a grid", "policy code with a slash", "file zeros"])
def test_the_command_as_it_is_called(name, tmp_path):
    laid_as_file(CORPUS[name], tmp_path)
    before = seen(tmp_path)
    command = [sys.executable, "-m", "sim", "sweep", CORPUS[name].path]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(HOUSE)}, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ledgerlab: ")
    assert seen(tmp_path) == before


@pytest.mark.parametrize("name", [name for name in POLICIES if name.startswith("code") and name not in ("code without a colon",)])
def test_the_code_that_is_refused_would_run_where_it_is_trusted(name, tmp_path, monkeypatch):
    """So that the canary can sing: with trust, every spelling that Python can open does."""
    lay_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    spelling = POLICIES[name][0]
    text = spelling if spelling.endswith(("f", "f:3", ":f:3")) or "+" in spelling else spelling + "f"
    if name == "code that looks like a bundle":
        (tmp_path / "a.py:f" / "policy.json").unlink()
    plan_sweep(checked(spec_with(text)), tmp_path, trust=True)
    assert Path(CANARY).exists()


NOWHERE = ["a" * 490 + ".py:f", "a/" * 240 + "x.py:f", "../" * 60 + "x.py:f", "/dev/zero:f", "x.py:f:3+random:3"]


@pytest.mark.parametrize("text", NOWHERE)
def test_a_path_to_nothing_is_refused_where_code_is_trusted_too(text, tmp_path):
    with pytest.raises(InputError, match="no Python file"):
        plan_sweep(checked(spec_with(text)), tmp_path, trust=True)


def test_the_payloads_would_run_in_loaders_that_are_trusted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yaml.unsafe_load(HEAD + f"fixed: {TAGS['apply']}\n")
    assert Path(CANARY).exists()
    Path(CANARY).unlink()
    pickle.loads(pickle.dumps(Bomb()))  # noqa: S301 (it is to run)
    assert Path(CANARY).is_dir()


def test_a_folder_with_a_colon_makes_no_path_into_code(tmp_path, monkeypatch):
    """e.py lies beside a folder "e.py:" with a spec: ``e.py:/x`` would be the name /x in that file."""
    folder = tmp_path / "e.py:"
    folder.mkdir()
    (tmp_path / "e.py").write_text(f"open({str(tmp_path / CANARY)!r}, 'w')")
    (folder / "spec.yml").write_text(HEAD + "policies: {client: ./x}\n")
    spec, base = find_spec(str(folder / "spec.yml"))
    with pytest.raises(ValueError, match="allowed with --trust"):
        plan_sweep(spec, base)
    assert not (tmp_path / CANARY).exists()


ODD = {
    "byte order mark": "\ufeff" + HEAD,
    "Windows": HEAD.replace("\n", "\r\n"),
    "marks of a document": f"---\n{HEAD}...\n",
    "directive": f"%YAML 1.1\n---\n{HEAD}",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_only_looks_odd_is_read(text, tmp_path):
    (tmp_path / "spec.yml").write_bytes(text.encode())
    assert plan_sweep(*find_spec(str(tmp_path / "spec.yml"))).cells == 1


def test_a_link_to_a_spec_is_followed_and_paths_start_where_the_link_is(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "spec.yml").write_text(HEAD)
    (tmp_path / "spec.yml").symlink_to("elsewhere/spec.yml")
    assert find_spec(str(tmp_path / "spec.yml"))[1] == tmp_path


def test_an_entry_that_is_laid_is_there(tmp_path):
    """The corpus lays what it says."""
    laid(CORPUS["text duplicate key"], tmp_path)
    assert (tmp_path / "spec.yml").read_text().count("seeds") == 2
