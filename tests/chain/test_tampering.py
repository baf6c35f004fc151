"""Damaged files: every flip is caught and its place named; what is no ledger is refused in one line, and nothing is imported."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chain import ledger as ledger_module
from chain.errors import InputError, LedgerLabError, TamperedError
from chain.journal import MARK, parsed
from chain.layout import Kind
from chain.ledger import Ledger
from tests.chain.markets import CLIENT, PRICE, PROVIDER, ROOT, STAKE, done, market, purse
from tests.chain.recordings import small
from tests.chain.surgery import places, save, sections

WRONG = {
    "frame": "the frame of this part does not hold",
    "number": "this is not the number that was recorded",
    "check": "is not the one that was recorded",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A recorded ledger of money: three blocks in 5 kB."""
    path = tmp_path_factory.mktemp("recorded") / "small.ledger"
    small(path)
    return path.read_bytes()


def deal(path):
    """A recorded market with one job: every table of the state is in the file."""
    ledger = market(jobs=2, balances=(0, 10**6, 10**6), spare=0, pool=4)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    return ledger.export(path).read_bytes()


def fault(content):
    """The error of reading these bytes."""
    with pytest.raises(LedgerLabError) as raised:
        parsed(bytes(content), "x.ledger")
    assert "\n" not in str(raised.value)
    assert str(raised.value).isprintable()
    return raised.value


def flips_are_located(content, masks, every=1):
    """Flip byte after byte, and see that each error names the place that the layout says."""
    words, whole = places(content), bytearray(content)
    assert len(words) + 2 == len(content) // 8
    for at in range(0, len(content), every):
        for mask in masks:
            whole[at] ^= mask
            error = fault(whole)
            whole[at] ^= mask
            if at < len(MARK):
                assert type(error) is InputError
                continue
            place = words[at // 8 - 2]
            assert type(error) is TamperedError
            assert (error.block, error.part, error.row, error.field) == place[:4], (at, place)
            assert WRONG[place.what] in error.what
    assert bytes(whole) == content
    parsed(content, "x.ledger")


def test_every_flipped_byte_is_caught_and_its_place_is_named(content):
    flips_are_located(content, (0x01, 0xFF))


def test_every_flipped_byte_of_a_market_is_caught_and_its_place_is_named(tmp_path):
    flips_are_located(deal(tmp_path / "deal.ledger"), (0x80,))


def crowd(path):
    """30 blocks of 300 transfers between 50 accounts."""
    ledger, rng = purse([10**9] * 50, pool=300, base_fee=1), np.random.default_rng(0)
    for _ in range(30):
        for sender, to, amount in rng.integers(0, 50, (300, 3)).tolist():
            ledger.submit(Kind.TRANSFER, sender, to=to, amount=amount, tip=amount % 3)
        assert len(ledger.seal()) == 300
    return ledger.export(path).read_bytes()


@pytest.mark.slow
def test_ten_thousand_random_flips_of_a_large_ledger_are_caught_and_located(tmp_path):
    content = crowd(tmp_path / "crowd.ledger")
    words, rng, whole = places(content), np.random.default_rng(1), bytearray(content)
    assert len(content) > 10**6
    for at, mask in zip(rng.integers(len(MARK), len(content), 10_000), 1 << rng.integers(0, 8, 10_000), strict=True):
        whole[at] ^= mask
        error = fault(whole)
        whole[at] ^= mask
        assert (error.block, error.part, error.row, error.field) == words[at // 8 - 2][:4]


def test_an_error_names_block_transaction_and_field(content):
    words = places(content)
    (at,) = [k for k, place in enumerate(words) if place[:4] == (2, "transaction", 1, "amount") and place.what == "number"]
    whole = bytearray(content)
    whole[8 * (at + 2)] ^= 1
    assert str(fault(whole)) == "block 2, transaction 1, field amount: this is not the number that was recorded"


def test_two_wrong_numbers_are_caught_at_the_first_row_and_column(content):
    words = places(content)
    found = {place[:4]: 8 * (k + 2) for k, place in enumerate(words) if place.what == "number"}
    whole = bytearray(content)
    whole[found[1, "transaction", 0, "tip"]] ^= 1
    whole[found[1, "transaction", 2, "amount"]] ^= 2
    error = fault(whole)
    assert (error.block, error.part, error.row, error.field) == (1, "transaction", 0, "tip")


def parts_of(content):
    """The mark, and the bytes of every section."""
    return [content[:16], *(content[8 * s.start : 8 * s.stop] for s in sections(content))]


def blocks_of(content):
    """The positions in `parts_of` at which blocks after the genesis begin, and the end."""
    kinds = [s.kind for s in sections(content)]
    first = kinds.index(3) + 2
    return [*range(first, len(kinds), 3), len(kinds)]


def test_dropped_doubled_and_swapped_blocks_are_caught(content, tmp_path):
    parts, (one, two, three, end) = parts_of(content), blocks_of(content)
    before, a, b, c, after = parts[:one], parts[one:two], parts[two:three], parts[three:end], parts[end:]
    wrong = {
        "the first is gone": ([b, c], (1, "height")),
        "the second is gone": ([a, c], (2, "height")),
        "the last is gone": ([a, b], (None, "")),
        "all are gone": ([], (None, "")),
        "two are swapped": ([b, a, c], (1, "height")),
        "the last two are swapped": ([a, c, b], (2, "height")),
        "one is there twice": ([a, b, b, c], (3, "height")),
        "the last is there twice": ([a, b, c, c], (4, "height")),
    }
    for name, (blocks, place) in wrong.items():
        path = save(tmp_path, b"".join([*before, *(part for block in blocks for part in block), *after]))
        with pytest.raises(TamperedError) as raised:
            Ledger.load(path)
        assert (raised.value.block, raised.value.field) == place, name


def test_dropped_doubled_and_swapped_parts_are_caught(content, tmp_path):
    parts = parts_of(content)
    for k in range(1, len(parts)):
        for other in (
            parts[:k] + parts[k + 1 :],
            parts[: k + 1] + parts[k:],
            [*parts[: k - 1], parts[k], parts[k - 1], *parts[k + 1 :]],
        ):
            changed = b"".join(other)
            if changed != content:
                with pytest.raises(LedgerLabError):
                    Ledger.load(save(tmp_path, changed))


def test_a_file_cut_short_anywhere_is_caught(content):
    borders = {8 * s.start for s in sections(content)}
    dice = np.random.default_rng(2).integers(0, len(content), 1_500).tolist()
    for length in sorted({*borders, *(b + d for b in borders for d in (-1, 1, 8)), *range(40), *dice}):
        error = fault(content[:length])
        assert isinstance(error, InputError if length < len(MARK) else TamperedError)
        if length >= len(MARK):
            assert "the file ends" in error.what
    assert [fault(content[:border]).what for border in sorted(borders)][1] == "the file ends where table head should begin"


def test_whatever_follows_the_end_is_caught(content):
    for more in (b"\0", b"\0" * 8, b" ", content[-1:], content[:16], content[16:], content, b"\xff" * 1_000):
        assert fault(content + more).what == "the file goes on after its end"
    assert type(fault(b"\0" * 8 + content)) is InputError


def foreign(folder):
    """Files and paths that are no recorded ledger."""
    pq.write_table(pa.table({"a": [1, 2, 3]}), folder / "rows.parquet")
    shutil.copy(ROOT / "results/reference/policies_compared.png", folder / "figure.png")
    given = {
        "empty": b"", "text": b"Dear ledger,\n", "line": b"\n", "zeros": bytes(4_096), "ones": b"\xff" * 4_096, "mark": MARK,
        "begun": MARK[:9], "marked zeros": MARK + bytes(4_096), "marked ones": MARK + b"\xff" * 4_096, "json": b'{"ledger": 1}',
    }  # fmt: skip
    for name, inside in given.items():
        (folder / name).write_bytes(inside)
    (folder / "a folder").mkdir()
    return [
        *folder.iterdir(),
        folder / "missing",
        folder / "missing" / "file",
        folder / "a\nb",
        folder / "text" / "x",
        "a\0b",
        "",
    ]


def test_foreign_files_are_refused_in_one_line_and_nothing_is_imported(tmp_path, monkeypatch):
    def hold(*_):
        raise AssertionError("a ledger was made")

    monkeypatch.setattr(ledger_module.Ledger, "_hold", hold)
    paths = foreign(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert len(paths) == 19
    for path in paths:
        with pytest.raises(LedgerLabError) as raised:
            Ledger.load(path)
        assert "\n" not in str(raised.value)
        assert "allowed is" in str(raised.value) or type(raised.value) is TamperedError
        assert len(str(raised.value)) < 300 + len(str(path))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_tampered_file_is_not_imported_in_part(content, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(ledger_module.Ledger, "_hold", lambda *_: made.append(1))
    whole = bytearray(content)
    whole[-7 * 8] ^= 1
    with pytest.raises(TamperedError, match=r"end, field last\[3\]"):
        Ledger.load(save(tmp_path, whole))
    assert not made
