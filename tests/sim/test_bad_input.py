"""Everything that can be given wrongly: one line that names it, exit code 2, nothing written."""

from pathlib import Path

import pytest

from sim.cli import main

RUN = ["run", "service_market", "--preset", "minimal", "--seeds", "2"]
POLICY_FILE = '''
import numpy as np

def boom(view, memory, dice): raise ValueError("first\\nsecond")
def shape(view, memory, dice): return {"hire": np.zeros(3)}
def ragged(view, memory, dice): return {"hire": [[1], [2, 3]]}
def field(view, memory, dice): return {"hier": 0}
def number(view, memory, dice): return {5: 0}
def text(view, memory, dice): return {"hire": "0"}
def nan(view, memory, dice): return {"hire": np.full(view.size, np.nan)}
def high(view, memory, dice): return {"hire": 16}
def nothing(view, memory, dice): pass
def late(view, memory, dice): return {"hire": 0} if view["ticks_left"].max() > 3 else {"hire": 99}
def writes(view, memory, dice):
    view["need"][:] = 0
    return {}
def reads(view, memory, dice): return {"hire": view["cost"]}
class Needs:
    def __init__(self, x): pass
    def act(self, view, memory, dice): return {}
class Remembers:
    memory = "nonsense"
    def act(self, view, memory, dice): return {}
class Breaks:
    def __init__(self): raise RuntimeError("in the constructor")
five = 5
'''  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p.py").write_text(POLICY_FILE)
    Path("broken.py").write_text("def act(:\n")
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")


def refused(arguments, capsys, *parts):
    """Assert that this is refused in one line with these parts, and that no file was made or changed."""
    before = {file: file.is_file() and file.read_bytes() for file in Path().rglob("*") if "__pycache__" not in file.parts}
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    err = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("Compiling the rules"))
    assert out == ""
    assert err.startswith("ledgerlab: ")
    assert err.count("\n") == 1
    for part in parts:
        assert part in err
    assert {file: file.is_file() and file.read_bytes() for file in Path().rglob("*") if "__pycache__" not in file.parts} == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["rum"], ["'rum'"]),
        (["run"], ["scenario"]),
        (["run", "servise_market"], ["'servise_market'", "did you mean service_market?"]),
        (["explain", "x"], ["scenario: 'x' given", "service_market"]),
        ([*RUN, "--bogus"], ["--bogus"]),
        ([*RUN, "more"], ["more"]),
        ([*RUN, "--preset", "minmal"], ["preset: 'minmal'", "standard", "did you mean minimal?"]),
        ([*RUN, "--seeds", "0"], ["seeds: 0 given, allowed is a number from 1 to"]),
        ([*RUN, "--seeds", "-1"], ["seeds: -1 given"]),
        ([*RUN, "--seeds", "1e3"], ["--seeds: '1e3' given, allowed is a whole number"]),
        ([*RUN, "--seeds", "9" * 25], ["seeds: 999", "allowed is"]),
        ([*RUN, "--threads", "0"], ["threads: 0 given, allowed is 1 to"]),
        ([*RUN, "--threads", "two"], ["--threads: 'two' given"]),
        (["demo", "--seeds", "0"], ["seeds: 0 given"]),
    ],
)
def test_a_wrong_command_is_refused(arguments, parts, capsys):
    refused(arguments, capsys, *parts)


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("clients=abc", ["--set clients: 'abc' given, allowed is a whole number"]),
        ("clients=1.5", ["--set clients: '1.5' given"]),
        ("clients=true", ["--set clients: 'true' given"]),
        ("clients=nan", ["--set clients: 'nan' given"]),
        ("clients=", ["--set clients: '' given"]),
        ("clients=1__0", ["--set clients: '1__0' given"]),
        ("clients=٣", ["--set clients: '٣' given"]),
        ("clients=" + "9" * 5_000, ["--set clients"]),
        ("=5", ["--set: '=5' given, allowed is PARAM=VALUE"]),
        ("clients", ["--set: 'clients' given, allowed is PARAM=VALUE"]),
        ("clients=0", ["clients: 0 given", "1 to 1000000 agents"]),
        ("clients=9999999", ["clients: 9999999 given", "1 to 1000000 agents"]),
        ("cleints=3", ["cleints", "did you mean clients?"]),
        ("seeds=3", ["--set seeds: no such parameter"]),
        ("value_low=90_000_000_000", ["value_low: 90000000000 given, allowed is at most value_high, 120000000"]),
    ],
)
def test_a_wrong_setting_is_refused(setting, parts, capsys):
    refused([*RUN, "--set", setting], capsys, *parts)


def test_a_setting_given_twice_is_refused(capsys):
    refused([*RUN, "--set", "clients=3", "--set", "clients=4"], capsys, "--set clients: given twice")


@pytest.mark.parametrize(
    ("policy", "parts"),
    [
        ("client", ["--policy: 'client' given, allowed is ROLE=NAME[,NAME...]"]),
        ("client=", ["--policy"]),
        ("=random", ["--policy"]),
        ("client=random,,cheapest", ["--policy"]),
        ("buyer=random", ["role: 'buyer' given", "client, provider"]),
        ("client=randm", ["policy client=randm", "did you mean random?"]),
        ("client=cost_plus", ["policy client=cost_plus", "allowed are"]),
        ("client=random,random", ["'random' given twice"]),
        ("client=nowhere.py:act", ["no Python file nowhere.py"]),
        ("client=full:act", ["no Python file full"]),
        ("client=p.py:", ["policy client=p.py:"]),
        ("client=p.py:shap", ["did you mean shape?"]),
        ("client=p.py:five", ["p.py:five"]),
        ("client=broken.py:act", ["broken.py can not be imported (SyntaxError"]),
        ("client=p.py:Needs", ["can not be made (TypeError"]),
        ("client=p.py:Remembers", ["can not be made (TypeError"]),
        ("client=p.py:Breaks", ["can not be made (RuntimeError: in the constructor)"]),
        ("client=p.py:boom", ["policy client=p.py:boom: raised ValueError: first second (p.py, line 4)"]),
        ("client=p.py:shape", ["p.py:shape", "hire has type float64 and shape (3,)"]),
        ("client=p.py:ragged", ["p.py:ragged", "hire is no array"]),
        ("client=p.py:field", ["p.py:field", "'hier' given", "did you mean hire?"]),
        ("client=p.py:number", ["p.py:number", "5 given; allowed are hire"]),
        ("client=p.py:text", ["p.py:text", "hire has type"]),
        ("client=p.py:nan", ["p.py:nan", "hire is nan, allowed is -1 to 15"]),
        ("client=p.py:high", ["p.py:high", "hire is 16, allowed is -1 to 15"]),
        ("client=random,p.py:late", ["p.py:late", "hire is 99"]),
        ("client=p.py:nothing", ["NoneType given, allowed is a dict"]),
        ("client=p.py:writes", ["read-only"]),
        ("client=p.py:reads", ["p.py:reads", "cost"]),
    ],
)
def test_a_wrong_policy_is_refused(policy, parts, capsys):
    refused([*RUN, "--policy", policy], capsys, *parts)


@pytest.mark.parametrize("out", ["full", "full/mine.txt", "full/mine.txt/below", "p.py", "."])
def test_a_place_that_is_taken_is_refused_before_anything_runs(out, capsys, monkeypatch):
    monkeypatch.setattr("sim.world.World.step", lambda *_: pytest.fail("it ran"))
    refused([*RUN, "--out", out], capsys, "out: ")


def test_a_wrong_run_directory_is_refused(capsys):
    refused(["report", "nowhere"], capsys, "run directory: nowhere given, there is no such directory")
    refused(["report", "p.py"], capsys, "no such directory")
    refused(["report", "full"], capsys, "full has no manifest.json")


def test_a_damaged_run_directory_is_refused(capsys):
    assert main([*RUN, "--out", "run", "--no-report"]) == 0
    capsys.readouterr()
    file = Path("run/ticks.parquet")
    raw = file.read_bytes()
    for damaged in (b"", raw[:-20], raw[:300] + b"x" + raw[301:]):
        file.write_bytes(damaged)
        refused(["report", "run"], capsys, "ticks.parquet is not the file that was written")
    file.unlink()
    refused(["report", "run"], capsys, "ticks.parquet can not be read")


def test_the_reference_does_not_replace_what_is_not_its_own(capsys):
    refused(["reference", "--out", "full"], capsys, "full holds mine.txt")
    refused(["reference", "--out", "p.py"], capsys, "p.py holds a file")


def test_an_unknown_command_is_refused_with_the_nearest_one(capsys):
    refused(
        ["reprot", "here"],
        capsys,
        "command: 'reprot' given",
        "allowed are audit, coverage, demo, explain",
        "did you mean report?",
    )
