"""Whatever write fails, and at whatever write a driver dies: what is published stays, one line says why, and the next goes on."""

import errno

import pytest

from chain.errors import InputError
from sim.experiments import cells, opening
from sim.experiments.errors import Unwritable
from tests.sim.experiments.faults.faulty import Disk, failing
from tests.sim.experiments.faults.state import assert_same, published
from tests.sim.experiments.sweeps import parts_of, swept

FEW = {"grid": {"arbiter_bps": [0, 9000]}, "policies": {}, "seeds": 2}
"""Two cells."""
HARMLESS = {"unlink", "rmdir", "mkdir"}
"""Who cleans up may fail in it: the next one cleans up, too. So may who makes a directory that is there."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What it comes to without a fault."""
    return swept(tmp_path_factory.mktemp("whole") / "few", FEW)


@pytest.fixture
def _fast(monkeypatch):
    """The versions of packages are asked for once."""
    known = {}
    for module in (cells, opening):
        real = module.versions
        monkeypatch.setattr(module, "versions", lambda names, real=real: known.setdefault(names, real(names)))


def interrupted(folder, whole, at, number, lasts):
    """Run a sweep on a disk that fails at a change, see what stays, and go on; whether the fault came to pass."""
    disk = Disk(folder, failing(number, at, lasts))
    with disk:
        try:
            swept(folder, FEW)
            said = None
        except (Unwritable, InputError) as error:
            said = str(error)
    if len(disk.names) <= at:
        assert said is None
        return False
    if said is None:
        assert disk.names[at] in HARMLESS
    else:
        assert len(said.splitlines()) == 1
        assert "No space left" in said if number == errno.ENOSPC else "Input/output error" in said
    before = published(folder)
    assert parts_of(folder).items() <= parts_of(whole).items()
    swept(folder, FEW, resume=True)
    assert before.items() <= published(folder).items()
    not_cleared = disk.names[at] in HARMLESS and number == errno.EIO  # files of this process, which lives
    assert_same(folder, whole, {"tmp", "leases"} if not_cleared else frozenset())
    return True


@pytest.mark.usefixtures("_fast")
@pytest.mark.parametrize(
    ("number", "lasts", "step"),
    [
        pytest.param(errno.ENOSPC, True, 3, id="full"),
        pytest.param(errno.ENOSPC, True, 1, id="full, every write", marks=pytest.mark.slow),
        pytest.param(errno.EIO, False, 1, id="one error", marks=pytest.mark.slow),
    ],
)
def test_a_write_that_fails_is_told_and_the_next_driver_goes_on(whole, tmp_path, number, lasts, step):
    at = 0
    while interrupted(tmp_path / str(at), whole, at, number, lasts):
        at += step
    assert at > 60


@pytest.mark.usefixtures("_fast")
def test_a_disk_that_is_full_leaves_a_sealed_sweep_sealed(whole, tmp_path):
    folder = swept(tmp_path / "few", FEW)
    before, at = (folder / "manifest.json").read_bytes(), 0
    while True:
        disk = Disk(folder, failing(errno.ENOSPC, at, True))
        with disk:
            try:
                swept(folder, FEW, resume=True)
            except Unwritable:
                assert (folder / "manifest.json").exists()
        if len(disk.names) <= at:
            break
        at += 1
    assert at > 10
    assert_same(folder, whole)


@pytest.mark.slow
def test_a_driver_that_dies_at_any_write_leaves_a_directory_to_go_on_with(nursery, whole, tmp_path):
    at = code = 0
    while True:
        folder = tmp_path / str(at)
        code, said = nursery.wait(nursery.start(folder, FEW, dies_at=at))
        if code == 0:
            break
        assert code == -9, said
        before = published(folder) if folder.exists() else {}
        code, said = nursery.wait(nursery.start(folder, FEW, given={"resume": True}))
        assert code == 0, said
        assert before.items() <= published(folder).items()
        assert_same(folder, whole)
        at += 1
    assert at > 60
