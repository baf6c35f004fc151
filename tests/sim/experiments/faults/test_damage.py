"""Parts that are cut short, of which a byte is flipped, or whose digest nobody wrote down; journals that are damaged."""

import contextlib
import random
import shutil

import pytest

from agents.files import digest_of
from chain.errors import InputError
from sim.experiments import work
from sim.experiments.cells import cells_of, plan_sweep
from sim.experiments.directory import found, part
from sim.experiments.engines.engine import Task
from sim.experiments.loading import read_sweep
from sim.experiments.spec import read_spec
from sim.experiments.verify import verify
from tests.sim.experiments.sweeps import TINY, parts_of, swept

FEW = {"grid": {"arbiter_bps": [0, 9000]}, "policies": {}, "seeds": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that is not damaged."""
    return swept(tmp_path_factory.mktemp("whole") / "few", FEW)


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "few")


def flipped(content, place, bit):
    """Bytes with one bit changed."""
    out = bytearray(content)
    out[place] ^= 1 << bit
    return bytes(out)


def test_a_flip_anywhere_in_a_part_shows_even_if_nobody_wrote_its_digest_down(folder):
    file = next(folder.glob("parts/*/*.parquet"))
    content, dice = file.read_bytes(), random.Random(4)
    assert found(folder, file.stem) is not None
    unnoticed = []
    for place in dice.sample(range(len(content)), 400):
        file.write_bytes(flipped(content, place, dice.randrange(8)))
        if found(folder, file.stem):
            unnoticed.append(place)
    assert unnoticed == []
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        assert found(folder, file.stem) is None


@pytest.mark.parametrize("journal", ["kept", "lost"])
@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_a_damaged_part_is_told_put_aside_and_run_again(folder, whole, harm, journal):
    file = sorted(folder.glob("parts/*/*.parquet"))[0]
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-5] if harm == "cut" else flipped(content, 300, 3))
    if journal == "lost":
        shutil.rmtree(folder / "journal")
    assert len(verify(folder).problems) == 1
    told = []
    swept(folder, FEW, resume=True, progress=told.append)
    notes = [progress.note for progress in told if progress.note]
    assert len(notes) == (0 if (harm, journal) == ("gone", "lost") else 1)
    assert all(file.name in note and "run again" in note for note in notes)
    assert parts_of(folder) == parts_of(whole)
    assert told[-1].fresh == 1
    assert len(list(folder.glob("parts/*/*.damaged-*"))) == (harm != "gone")
    assert verify(folder).problems == ()


def test_whatever_byte_of_a_journal_is_flipped_the_sweep_goes_on(folder, whole):
    journal = next(folder.glob("journal/*.jsonl"))
    content, dice = journal.read_bytes(), random.Random(5)
    for place in sorted(dice.sample(range(len(content)), 25)):
        journal.write_bytes(flipped(content, place, dice.randrange(8)))
        (folder / "manifest.json").unlink()
        with contextlib.suppress(InputError):  # a digest that was flipped is not that of the part
            read_sweep(folder)
        swept(folder, FEW, resume=True, retry_failed=True)
        assert parts_of(folder) == parts_of(whole)
        assert set(read_sweep(folder).cells["status"]) == {"done"}
        assert verify(folder).problems == ()
        for file in folder.glob("journal/*.jsonl"):
            if file != journal:
                file.unlink()


def test_a_worker_that_is_given_a_published_cell_does_not_run_it_again(folder, monkeypatch):
    asked, base = read_spec({**TINY, **FEW})
    cell = next(cells_of(plan_sweep(asked, base)))
    monkeypatch.setattr(work, "tables_of", None)
    done = work.work(Task(str(folder), cell.description))
    assert (done.error, done.rows) == ("", 2)
    assert done.sha256 == digest_of(part(folder, cell.name))
    part(folder, cell.name).unlink()
    with pytest.raises(TypeError):
        work.work(Task(str(folder), cell.description))
