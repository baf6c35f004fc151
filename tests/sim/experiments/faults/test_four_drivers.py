"""Drivers that share a directory, some dead, asleep or elsewhere: every cell is published once, and the seal is whole."""

import json
import os
import random
import signal
import threading
import time

import pytest

from chain.errors import InputError
from sim.experiments import leases, opening
from sim.experiments.cells import plan_sweep
from sim.experiments.directory import clear, temporary
from sim.experiments.leases import Leases
from sim.experiments.opening import opened
from sim.experiments.processes import this_process
from sim.experiments.spec import read_spec
from tests.sim.experiments.faults.nursery import kill
from tests.sim.experiments.faults.state import assert_same, published
from tests.sim.experiments.faults.test_kills import SMALL, until
from tests.sim.experiments.sweeps import TINY, parts_of, swept

STALE_S = 1.5
SOON = {"sim.experiments.leases:STALE_S": STALE_S, "sim.experiments.leases:BEAT_S": 0.3}
"""Drivers that give up on others soon."""
HERE, NOBODY = this_process().rsplit(".", 2)[0], "4194999"
"""This machine, and the number of a process that is never there."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep of one driver."""
    return swept(tmp_path_factory.mktemp("whole") / "small", SMALL)


def together(nursery, folder, drivers=4, **request):
    """Start drivers at the same moment."""
    at = time.time() + 0.2
    request = {"given": {"resume": True}, "patch": SOON, **request}
    return [nursery.start(folder, SMALL, at=at, **request) for _ in range(drivers)]


def ended_well(nursery, pids):
    """All ended, and found every cell done."""
    for pid in pids:
        code, said = nursery.wait(pid)
        assert code == 0, said


def executed(folder):
    """How often each cell was, by what the drivers wrote down."""
    lines = [json.loads(line) for file in folder.glob("journal/*.jsonl") for line in file.read_text().splitlines()]
    names = [line["cell"] for line in lines if "cell" in line]
    return {name: names.count(name) for name in names}


def plant(folder, driver, cells, age_s=0.0, shows=True):
    """Leases of cells that a driver left behind, whose sign of life is so old."""
    place = folder / "leases"
    place.mkdir(exist_ok=True)
    for cell in cells:
        (place / f"{cell}.lease").write_text(driver)
    if shows:
        sign = place / f"{driver}.driver"
        sign.touch()
        os.utime(sign, (time.time() - age_s,) * 2)


def begun(folder, whole):
    """Let a sweep begin, in a directory without one; returns the names of its cells."""
    asked, base = read_spec({**TINY, **SMALL})
    opened(plan_sweep(asked, base), base, folder)
    return [file.stem for file in sorted(whole.glob("parts/*/*.parquet"))]


@pytest.mark.slow
def test_four_that_begin_at_once_share_the_work(nursery, whole, tmp_path):
    for k in range(5):
        folder = tmp_path / str(k)
        pids = together(nursery, folder)
        seen = {}
        while any(os.path.exists(f"/proc/{pid}/fd/0") for pid in pids):
            now = published(folder)
            assert seen.items() <= now.items()
            seen = now
        ended_well(nursery, pids)
        assert seen.items() <= published(folder).items()
        assert_same(folder, whole)
        assert set(executed(folder).values()) == {1}
        assert len(list(folder.glob("journal/*.jsonl"))) == 4


@pytest.mark.slow
def test_four_without_being_asked_to_go_on_are_one_that_works_and_three_that_are_refused(nursery, whole, tmp_path):
    ended = [nursery.wait(pid) for pid in together(nursery, tmp_path / "small", given={})]
    assert sorted(code for code, _ in ended) == [0, 1, 1, 1]
    assert all("holds this sweep already" in said for code, said in ended if code)
    assert_same(tmp_path / "small", whole)


@pytest.mark.slow
def test_leases_of_the_dead_are_taken_over_and_those_of_the_living_waited_for(nursery, whole, tmp_path):
    folder = tmp_path / "small"
    cells = begun(folder, whole)
    plant(folder, f"{HERE}.{NOBODY}.17.aaaaaaaa", cells[:5])
    plant(folder, f"{HERE}.{os.getpid()}.17.bbbbbbbb", cells[5:10])  # another process has its number now
    plant(folder, "elsewhere.12345678.9.17.cccccccc", cells[10:15], age_s=100.0)
    plant(folder, "elsewhere.12345678.9.18.dddddddd", cells[15:20], shows=False)
    plant(folder, "elsewhere.12345678.9.19.eeeeeeee", cells[20:25], age_s=-0.5)  # it lives, for a while
    plant(folder, "", cells[25:27], shows=False)
    plant(folder, "\x00../no driver\n" * 40, cells[27:29], shows=False)
    clock = time.monotonic()
    ended_well(nursery, together(nursery, folder))
    assert time.monotonic() - clock > STALE_S
    assert_same(folder, whole)
    assert set(executed(folder).values()) == {1}


@pytest.mark.slow
def test_a_driver_that_slept_finds_its_cells_done_and_harms_nobody(nursery, whole, tmp_path):
    for k in range(3):
        folder = tmp_path / str(k)
        sleeper = together(nursery, folder, 1)[0]
        until(lambda folder=folder, k=k: len(published(folder)) > 5 * k)
        kill(sleeper, signal.SIGSTOP)
        before = published(folder)
        others = together(nursery, folder, 3)
        ended_well(nursery, others)
        assert parts_of(folder) == parts_of(whole)
        kill(sleeper, signal.SIGCONT)
        ended_well(nursery, [sleeper])
        assert before.items() <= published(folder).items()
        assert_same(folder, whole)


@pytest.mark.slow
def test_of_four_that_are_killed_and_started_again_the_last_ones_finish(nursery, whole, tmp_path):
    dice, folder, killed = random.Random(3), tmp_path / "small", 0
    for _ in range(6):
        pids = together(nursery, folder)
        time.sleep(0.3)
        before = published(folder) if folder.exists() else {}
        for pid in pids:
            time.sleep(dice.uniform(0.0, 0.05))
            killed += kill(pid)
        for pid in pids:
            nursery.wait(pid)
        assert before.items() <= published(folder).items()
    ended_well(nursery, together(nursery, folder))
    assert killed >= 20
    assert_same(folder, whole)


def test_a_lease_is_had_by_one(tmp_path):
    with Leases(tmp_path) as mine, Leases(tmp_path) as theirs:
        assert mine.take("ab" * 8)
        assert not mine.take("ab" * 8)
        assert not theirs.take("ab" * 8)
        theirs.give_back("ab" * 8)
        assert not theirs.take("ab" * 8)
        mine.give_back("ab" * 8)
        assert theirs.take("ab" * 8)
    assert list(tmp_path.glob("leases")) == []


@pytest.mark.parametrize(
    ("driver", "age_s", "had"),
    [
        (f"{HERE}.{NOBODY}.17.aaaaaaaa", 0.0, True),
        (f"{HERE}.{os.getpid()}.17.bbbbbbbb", 0.0, True),
        (f"{this_process()}.cccccccc", 50.0, False),
        (f"{this_process()}.dddddddd", 70.0, True),
        ("elsewhere.12345678.9.17.eeeeeeee", 50.0, False),
        ("elsewhere.12345678.9.17.ffffffff", 70.0, True),
        ("", 0.0, False),
        ("nobody that is known", 0.0, True),
    ],
    ids=["dead", "another of its number", "here", "here, silent", "elsewhere", "elsewhere, silent", "not yet written", "unknown"],
)
def test_who_is_dead_or_was_not_heard_of_for_a_minute_holds_no_lease(tmp_path, driver, age_s, had):
    plant(tmp_path, driver, ["ab" * 8], age_s, shows=driver.count(".") == 4)
    with Leases(tmp_path) as mine:
        assert mine.take("ab" * 8) == had


def test_a_lease_that_changes_hands_while_it_is_judged_stays_with_who_has_it(tmp_path, monkeypatch):
    plant(tmp_path, f"{HERE}.{NOBODY}.17.aaaaaaaa", ["ab" * 8])
    with Leases(tmp_path) as slow, Leases(tmp_path) as fast:
        real = Leases._is_held

        def overtaken(self, lease):
            held = real(self, lease)
            if self is slow and lease.suffix == ".lease":
                monkeypatch.setattr(Leases, "_is_held", real)
                assert fast.take("ab" * 8)
            return held

        monkeypatch.setattr(Leases, "_is_held", overtaken)
        assert not slow.take("ab" * 8)
        assert (tmp_path / "leases" / f"{'ab' * 8}.lease").read_text() == fast.driver
        assert list(tmp_path.glob("tmp/*")) == []


def test_who_was_not_heard_of_for_long_begins_anew(tmp_path, monkeypatch):
    with Leases(tmp_path) as slept:
        assert slept.take("ab" * 8)
        monkeypatch.setattr(leases, "STALE_S", -1.0)
        with Leases(tmp_path) as other:
            assert other.take("ab" * 8)
        monkeypatch.undo()
        assert not (tmp_path / "leases").exists()
        assert slept.take("cd" * 8)
        with Leases(tmp_path) as another:
            assert not another.take("cd" * 8)


def test_who_puts_the_empty_directory_away_hinders_nobody_who_needs_it(tmp_path):
    end, count, wrong = time.monotonic() + 1.0, [], []

    def write():
        while time.monotonic() < end and not wrong:
            try:
                with temporary(tmp_path) as name:
                    count.append(name.stat().st_size)
            except OSError as error:
                wrong.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        clear(tmp_path)
    assert wrong == []
    assert len(count) > 100


def test_two_that_open_a_directory_at_once_write_its_plan_once(whole, tmp_path, monkeypatch):
    written, refused, started = [], [], threading.Barrier(2)
    real = opening.catalogue.write_plan

    def slowly(folder, sweep):
        written.append(sweep)
        time.sleep(0.2)
        real(folder, sweep)

    def run(**given):
        started.wait()
        try:
            swept(tmp_path / "small", SMALL, **given)
        except InputError as error:
            refused.append(str(error))

    monkeypatch.setattr(opening.catalogue, "write_plan", slowly)
    threads = [threading.Thread(target=run, kwargs={"resume": resume}) for resume in (True, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(written), refused) == (1, [])
    assert_same(tmp_path / "small", whole)
