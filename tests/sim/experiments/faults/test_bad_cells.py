"""A bad cell harms only itself: it is a row that says what happened, and the others are as if it had never been there."""

import pytest
import yaml

from sim.cli import main
from sim.experiments.engines import memory
from sim.experiments.errors import CellsFailed
from sim.experiments.loading import read_sweep
from sim.experiments.verify import verify
from tests.sim.experiments.sweeps import parts_of, swept

BAD = {
    "raises": ("raise RuntimeError('not today')", "error: ", "not today"),
    "never_returns": ("while True: pass", "time: ", "stopped after 2 s"),
    "eats": ("kept = []\n    while True: kept.append(bytearray(100_000_000))", "memory: ", "200 MB"),
    "leaves": ("import os\n    os._exit(3)", "died: ", "exit code 3"),
    "is_killed": ("import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)", "died: ", "SIGKILL"),
    "crashes": ("import ctypes\n    ctypes.string_at(0)", "died: ", "SIGSEGV"),
}
"""What policies do, and what is said of their cells."""
LIMITS = {"seconds_per_cell": 2, "memory_mb_per_cell": 200}
pytestmark = pytest.mark.skipif(not memory.CAN_LIMIT, reason="this machine can not limit the memory of a process")


def spec_of(folder, names):
    """A sweep in which these policies play beside good ones, and before some of them."""
    file = folder / "bad.py"
    file.write_text("\n\n".join(f"def {name}(view, memory, dice):\n    {BAD[name][0]}" for name in BAD))
    bad = [f"{file}:{name}" for name in names]
    return {"grid": {"arbiter_bps": [0, 9000]}, "policies": {"client": ["cheapest", *bad, "thompson"]}}


def checked(folder, names, good):
    """Every cell is what it should be."""
    cells = read_sweep(folder).cells
    found = {}
    for client, status, error in zip(cells["client"], cells["status"], cells["error"], strict=True):
        client = client.removeprefix("bad.py:")
        found.setdefault(client, set()).add(status)
        if client not in ("cheapest", "thompson"):
            _, kind, said = BAD[client]
            assert error.startswith(kind), error
            assert said in error
            assert len(error.splitlines()) == 1
    assert found == {"cheapest": {"done"}, "thompson": {"done"}} | {name: {"failed"} for name in names}
    assert parts_of(folder) == good
    assert verify(folder).problems == ()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The parts of the good cells, of a sweep without others."""
    folder = tmp_path_factory.mktemp("good") / "good"
    return parts_of(swept(folder, {"grid": {"arbiter_bps": [0, 9000]}, "policies": {"client": ["cheapest", "thompson"]}}))


def test_of_the_bad_every_one_is_labelled_and_the_good_are_as_ever(tmp_path, good):
    spec = spec_of(tmp_path, BAD)
    told = []
    with pytest.raises(CellsFailed, match=r"12 of 16 cells failed.*--resume --retry-failed"):
        swept(tmp_path / "bad", spec, engine="workers", workers=2, trust=True, progress=told.append, **LIMITS)
    checked(tmp_path / "bad", BAD, good)
    assert told[-1].failed == 12
    assert told[-1].fresh == 16


def test_in_one_process_what_raises_harms_nobody(tmp_path, good):
    with pytest.raises(CellsFailed, match=r"2 of 6 cells failed, the first with error: .*not today"):
        swept(tmp_path / "bad", spec_of(tmp_path, ["raises"]), trust=True)
    checked(tmp_path / "bad", ["raises"], good)


@pytest.mark.slow
def test_the_command_says_a_line_per_failure_and_tries_again_on_request(tmp_path, good, capsys):
    file, folder = tmp_path / "spec.yml", tmp_path / "bad"
    spec = {"name": "bad", "scenario": "service_market", "preset": "minimal", "seeds": 3, "metrics": ["efficiency", "fill_rate"]}
    file.write_text(yaml.safe_dump({**spec, **spec_of(tmp_path, BAD)}))
    command = ["sweep", str(file), "--out", str(folder), "--trust", "--seconds-per-cell", "2", "--memory-per-cell", "200"]
    assert main(command) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("cell ") and " failed: " in line for line in lines] == [True] * 12 + [False]
    assert lines[-1].startswith("ledgerlab: 12 of 16 cells failed")
    checked(folder, BAD, good)
    assert main([*command, "--resume"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert main([*command, "--resume", "--retry-failed"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 13
    checked(folder, BAD, good)
