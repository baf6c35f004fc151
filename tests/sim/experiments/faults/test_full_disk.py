"""A disk that is full for real: it is said in one line, nothing is lost, and with more room the sweep goes on."""

import subprocess
import sys

import pytest
import yaml

from sim.cli import main
from sim.experiments.errors import Unwritable
from tests.sim.experiments.faults.nursery import HOUSE
from tests.sim.experiments.faults.state import assert_same, published
from tests.sim.experiments.sweeps import TINY, parts_of, swept


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What it comes to where there is room."""
    return swept(tmp_path_factory.mktemp("whole") / "tiny")


class Small:
    """A disk in memory of so many kB, which can be made larger."""

    def __init__(self, place):
        self.place = place

    def resize(self, kilobytes, again=True):
        """Give it another size."""
        options = f"size={kilobytes}k" + (",remount" if again else "")
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.place)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path):
    """A small disk, empty."""
    small = Small(tmp_path / "disk")
    small.place.mkdir()
    try:
        small.resize(4, again=False)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk in memory can not be mounted here: {getattr(error, 'stderr', error)}")
    yield small
    subprocess.run(["umount", str(small.place)], check=True)


def test_of_whatever_size_it_is_the_sweep_stops_and_goes_on(disk, whole):
    folder, refused = disk.place / "tiny", 0
    for kilobytes in range(4, 300, 12):  # a driver that stopped leaves a journal, 4 kB of this disk
        disk.resize(kilobytes)
        before = published(folder) if folder.exists() else {}
        try:
            swept(folder, resume=True)
        except Unwritable as error:
            refused += 1
            assert "No space left on device" in str(error)
            assert len(str(error).splitlines()) == 1
            assert before.items() <= published(folder).items()
            assert parts_of(folder).items() <= parts_of(whole).items()
        else:
            break
    assert refused > 4
    assert before.items() <= published(folder).items()
    assert_same(folder, whole)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["inline", "workers"])
def test_the_command_says_so_in_one_line_and_goes_on_with_more_room(disk, whole, tmp_path, engine):
    spec, folder = tmp_path / "tiny.yml", disk.place / "tiny"
    spec.write_text(yaml.safe_dump(TINY))
    command = [sys.executable, "-m", "sim", "sweep", str(spec), "--out", str(folder), "--resume", "--engine", engine]
    for kilobytes in (4, 16, 40):
        disk.resize(kilobytes)
        ended = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        assert "No space left on device" in ended.stderr
    assert 0 < len(parts_of(folder)) < 8
    disk.resize(1_000)
    before = published(folder)
    assert subprocess.run(command, cwd=HOUSE, capture_output=True, check=False).returncode == 0
    assert before.items() <= published(folder).items()
    assert_same(folder, whole)
    assert main(["verify", str(folder), "--replay", "3"]) == 0
