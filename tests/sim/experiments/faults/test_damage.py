"""Parts that are cut short, of which a byte is flipped, or whose digest nobody wrote down; journals that are damaged."""

import contextlib
import random
import shutil

import pytest

from chain.errors import InputError
from sim.experiments.directory import found
from sim.experiments.loading import read_sweep
from sim.experiments.verify import verify
from tests.sim.experiments.sweeps import parts_of, swept

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
    part = next(folder.glob("parts/*/*.parquet"))
    content, dice = part.read_bytes(), random.Random(4)
    assert found(folder, part.stem) is not None
    unnoticed = []
    for place in dice.sample(range(len(content)), 400):
        part.write_bytes(flipped(content, place, dice.randrange(8)))
        if found(folder, part.stem):
            unnoticed.append(place)
    assert unnoticed == []
    for length in range(0, len(content), 7):
        part.write_bytes(content[:length])
        assert found(folder, part.stem) is None


@pytest.mark.parametrize("journal", ["kept", "lost"])
@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_a_damaged_part_is_told_put_aside_and_run_again(folder, whole, harm, journal):
    part = sorted(folder.glob("parts/*/*.parquet"))[0]
    content = part.read_bytes()
    if harm == "gone":
        part.unlink()
    else:
        part.write_bytes(content[:-5] if harm == "cut" else flipped(content, 300, 3))
    if journal == "lost":
        shutil.rmtree(folder / "journal")
    assert len(verify(folder).problems) == 1
    told = []
    swept(folder, FEW, resume=True, progress=told.append)
    notes = [progress.note for progress in told if progress.note]
    assert len(notes) == (0 if (harm, journal) == ("gone", "lost") else 1)
    assert all(part.name in note and "run again" in note for note in notes)
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
