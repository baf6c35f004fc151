"""Drivers and workers that are killed at random moments: the sweep goes on where it was, and comes to the same bytes."""

import random
import time

import pytest

from sim.experiments.loading import read_sweep
from tests.sim.experiments.faults.nursery import kill
from tests.sim.experiments.faults.state import assert_same, published
from tests.sim.experiments.sweeps import parts_of, swept

pytestmark = pytest.mark.slow
KILLS = 50
SMALL = {"grid": {"arbiter_bps": list(range(0, 9000, 300)), "delivery_window": [1, 2]}, "policies": {}, "seeds": 2}
"""Sixty cells."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that nobody disturbed."""
    return swept(tmp_path_factory.mktemp("whole") / "small", SMALL)


def until(happened, seconds=20.0):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def killed(nursery, folder, moment, **given):
    """Go on with a sweep and kill the driver after so many seconds. Returns whether it still ran, and what was published when it
    was dead, after checking that nothing that was published before is gone or was written again."""
    before = published(folder) if folder.exists() else {}
    pid = nursery.start(folder, SMALL, given={"resume": True, **given})
    time.sleep(moment)
    kill(pid)
    code, said = nursery.wait(pid)
    assert code in (0, -9), said
    after = published(folder) if folder.exists() else {}
    assert before.items() <= after.items()
    return code == -9, after


@pytest.mark.parametrize(("given", "kills", "longest"), [({}, 35, 0.5), ({"engine": "workers", "workers": 2}, 15, 0.6)])
def test_drivers_that_are_killed_leave_what_the_next_goes_on_with(nursery, whole, tmp_path, given, kills, longest):
    dice, landed, sweeps, partly = random.Random(1), 0, 0, 0
    while landed < kills:
        folder, running = tmp_path / str(sweeps), True
        while running and landed < kills:
            running, after = killed(nursery, folder, dice.uniform(0.0, longest), **given)
            landed += running
            partly += running and 0 < len(after) < 60
            until(lambda: not nursery.workers())
            assert parts_of(folder).items() <= parts_of(whole).items()
        code, said = nursery.wait(nursery.start(folder, SMALL, given={"resume": True}))
        assert code == 0, said
        assert_same(folder, whole)
        cells = read_sweep(folder).cells
        assert cells["rows"].tolist() == [2] * 60
        sweeps += 1
    assert partly >= kills / 3


def test_workers_of_a_driver_that_is_killed_end_with_it_whatever_they_do(nursery, tmp_path):
    (tmp_path / "mine.py").write_text("def mine(view, memory, dice):\n    while True: pass\n")
    spec = {**SMALL, "policies": {"client": f"{tmp_path}/mine.py:mine"}}
    pid = nursery.start(tmp_path / "small", spec, given={"engine": "workers", "workers": 2, "trust": True})
    until(lambda: len(nursery.workers()) == 2 and len(list(tmp_path.glob("small/leases/*.lease"))) == 2)
    time.sleep(0.3)
    assert kill(pid)
    assert nursery.wait(pid)[0] == -9
    until(lambda: not nursery.workers(), seconds=3.0)


def test_workers_that_are_killed_are_replaced_and_their_cells_tried_again(nursery, whole, tmp_path):
    dice, landed, sweeps, told = random.Random(2), 0, 0, []
    while landed < KILLS:
        folder, code = tmp_path / str(sweeps), None
        while code != 0:
            pid = nursery.start(folder, SMALL, given={"engine": "workers", "workers": 2, "resume": True, "retry_failed": True})
            until(nursery.workers)
            seen = {}
            while landed < KILLS and (alive := nursery.workers()):
                assert seen.items() <= published(folder).items()
                seen = published(folder)
                landed += kill(dice.choice(alive))
                time.sleep(dice.uniform(0.0, 0.15))
            code, said = nursery.wait(pid)
            if code:
                assert code == 1, said
                assert "its process died twice (SIGKILL)" in said or "died before they could begin" in said
                assert "--resume" in said
                told.append(said)
        assert_same(folder, whole)
        sweeps += 1
    assert told
