"""One task in this process: whatever the work does becomes a `Done`, and the inline engine does nothing else."""

import resource
import subprocess
import sys

import pytest

from chain.errors import InputError
from sim.experiments.engines import memory
from sim.experiments.engines.engine import Done, Limits, Task
from sim.experiments.engines.execution import address_of, execute, found, one_line
from sim.experiments.engines.inline import Inline
from tests.sim.experiments.engines import fakes

linux = pytest.mark.skipif(not memory.CAN_LIMIT, reason="limits of memory are those of Linux")


def do(deed, folder="", **more):
    """The one task of this deed."""
    return fakes.tasks_of(folder, deed, **more)[0]


def test_what_passes_keeps_what_it_says_and_gains_what_was_measured():
    done = execute(fakes.work, do("pass", rows=7, sha256="ab"))
    assert (done.cell, done.error, done.kind, done.rows, done.sha256) == ("0" * 16, "", "", 7, "ab")
    assert 0 < done.wall_s < 10
    assert done.peak_mb > 1
    assert ":" in done.worker


@pytest.mark.parametrize(("deed", "error"), [("raise", "RuntimeError: a policy did it"), ("leave", "SystemExit: 3")])
def test_what_escapes_the_work_is_an_error_of_one_line(deed, error):
    done = execute(fakes.work, do(deed))
    assert (done.kind, done.error) == ("error", error)


def test_an_error_is_said_in_one_line_of_bounded_length():
    assert one_line(ValueError()) == "ValueError: without a word"
    assert len(one_line(ValueError("x" * 10**6))) == 500


def test_ctrl_c_passes():
    def interrupted(task):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(interrupted, do("pass"))


def test_an_allocation_that_no_machine_can_serve_is_a_matter_of_memory():
    done = execute(fakes.work, do("gorge"))
    assert (done.kind, done.error) == ("memory", "out of memory")


@linux
def test_within_a_limit_an_allocation_beyond_it_raises_and_afterwards_it_does_not():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    done = execute(fakes.work, do("eat"), memory_mb=100)
    assert (done.kind, done.error) == ("memory", "out of memory, the limit of a cell is 100 MB")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(200 * memory.MB)) == 200 * memory.MB


ALONE = """
from sim.experiments.engines import memory

with memory.limited(100):
    print(len(bytearray(90 * memory.MB)) // memory.MB)
try:
    with memory.limited(100):
        bytearray(110 * memory.MB)
except MemoryError:
    print("refused")
"""


@linux
def test_a_limit_leaves_room_for_what_it_allows():
    """In a process of its own: this one may give back at any time what tests before have left, and so gain room."""
    said = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["90", "refused"]


@linux
def test_a_peak_is_that_since_it_was_forgotten():
    memory.forget_peak()
    before = memory.peak()
    bytearray(200 * memory.MB)
    assert memory.peak() - before > 150 * memory.MB
    memory.forget_peak()
    assert memory.peak() - before < 50 * memory.MB


def test_work_is_found_again_by_its_name():
    assert found(address_of(fakes.work)) is fakes.work


def test_work_that_other_processes_can_not_find_is_refused():
    with pytest.raises(InputError, match=r"work: .*lambda.* allowed is a function of a module that can be imported"):
        address_of(lambda task: Done(""))


def test_the_inline_engine_executes_here_one_after_another_and_pulls_when_it_is_free():
    pulled = []

    def tasks():
        for task in fakes.tasks_of("", "pass", "raise", "pass"):
            pulled.append(task)
            yield task

    results = Inline(fakes.work).run(tasks())
    assert next(results).error == ""
    assert len(pulled) == 1
    assert [done.kind for done in results] == ["error", ""]


@pytest.mark.parametrize("limits", [Limits(seconds=5), Limits(memory_mb=100)])
def test_the_inline_engine_refuses_limits_that_it_can_not_keep(limits):
    with pytest.raises(InputError, match="inline can not stop a cell; allowed with workers or ray"):
        Inline(fakes.work, limits)


def test_a_task_is_plain_data():
    assert Task("here", {"cell": "ab"}) == Task("here", {"cell": "ab"})
