"""Frames of recorded ledgers say what the ledger says: their sums are its totals, and every column is documented."""

import re
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import sim
from chain.contracts.service_market import Phase
from chain.errors import InputError, TamperedError
from chain.history import History
from chain.layout import HEAD, NOBODY, Kind
from sim.ledgers.frames import Frames
from tests.sim.ledgers.examples import (
    JOBS,
    OTHER,
    PRICE,
    RICH,
    STAKE,
    market,
    payments,
    random_auctions,
    random_market,
    random_parted,
    random_shop,
    story,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "ledger_frames.md"
SEEDS = range(4)
INTO, OUT_OF = ["ESCROW", "DEPOSIT"], ["PAYMENT", "REFUND", "DEPOSIT_BACK", "FORFEIT"]
"""Reasons by which money comes under the keeping of auctions and leaves it."""


@pytest.fixture(scope="module", params=[*SEEDS, "shop", "payments", "first price", "second price", "milestones", "juries"])
def both(request, tmp_path_factory):
    """A ledger and the frames of its file."""
    makers = {"shop": lambda: random_shop(3), "payments": lambda: payments(9, 12, 20)}
    makers |= {"milestones": lambda: random_parted(2, 0), "juries": lambda: random_parted(3, 3)}
    makers |= {f"{rule} price": lambda k=k: random_auctions(k, second_price=k) for k, rule in enumerate(("first", "second"))}
    ledger = makers.get(request.param, lambda: random_market(request.param))()
    return ledger, sim.ledger_frames(ledger.export(tmp_path_factory.mktemp("one") / "one.ledger"))


def test_every_column_is_documented_and_nothing_else(both):
    sections = re.split(r"^## ", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]
    documented = {part.partition("\n")[0]: re.findall(r"^\| `(\w+)` \| \S", part, re.MULTILINE) for part in sections}
    assert documented == {name: list(frame.columns) for name, frame in both[1]._asdict().items()}


def test_money_is_what_the_ledger_counts(both):
    ledger, frames = both
    head, accounts, moved = ledger.view("head")[0], frames.accounts, frames.movements
    assert accounts.balance.tolist() == ledger.view("accounts")["balance"][accounts.address].tolist()
    assert accounts.balance.sum() + head.locked + head.burned == head.minted == accounts.opening.sum()
    assert accounts[["bonded", "unbonding", "escrow"]].sum().sum() == head.locked
    assert frames.blocks.fees_burned.sum() == head.fees_burned > 0
    assert frames.blocks.tips.sum() == accounts.tips.sum() == head.tips
    assert accounts.fees.sum() == frames.transactions.fee.sum() == head.fees_burned + head.tips
    assert accounts.burned.sum() == moved.amount[moved.payee == NOBODY].sum() == head.burned - head.fees_burned
    assert accounts.sent.sum() == accounts.received.sum() > 0


def test_every_account_has_what_it_had_and_what_came_and_went(both):
    a = both[1].accounts
    wealth = a.opening - a.sent + a.received - a.burned - a.fees + a.tips
    assert wealth.tolist() == (a.balance + a.bonded + a.unbonding + a.escrow).tolist()


def test_a_record_that_begins_among_open_auctions_tells_where_their_money_went(tmp_path):
    for second_price in (0, 1):
        ledger = random_auctions(5, late=True, second_price=second_price)
        frames = sim.ledger_frames(ledger.export(tmp_path / f"{second_price}.ledger"))
        a, moved = frames.accounts, frames.movements
        wealth = a.opening - a.sent + a.received - a.burned - a.fees + a.tips
        assert wealth.tolist() == (a.balance + a.bonded + a.unbonding + a.escrow).tolist()
        assert a.balance.tolist() == ledger.view("accounts")["balance"][a.address].tolist()
        assert a.escrow.sum() == ledger.view("head")[0].locked
        assert {"ESCROW", "PAYMENT", "REFUND", "DEPOSIT", "DEPOSIT_BACK", "FORFEIT"} <= set(moved.reason)
        into, out = (moved.amount[moved.reason.isin(names)].sum() for names in (INTO, OUT_OF))
        assert a.escrow.sum() == int(ledger.history.genesis["head"].view(HEAD)["locked"][0]) + into - out


@pytest.mark.parametrize(("seed", "jurors"), [(1, 0), (5, 3), (6, 5), (7, 4)])
def test_a_record_that_begins_among_juries_and_paid_parts_tells_where_their_money_went(seed, jurors, tmp_path):
    ledger = random_parted(seed, jurors, blocks=200, late=True)
    frames = sim.ledger_frames(ledger.export(tmp_path / "late.ledger"))
    a, moved = frames.accounts, frames.movements
    wealth = a.opening - a.sent + a.received - a.burned - a.fees + a.tips
    assert wealth.tolist() == (a.balance + a.bonded + a.unbonding + a.escrow).tolist()
    assert a[["bonded", "unbonding", "escrow"]].sum().sum() == ledger.view("head")[0].locked
    told = {"ESCROW", "PAYMENT", "REFUND"} | ({"VERDICT", "VERDICT_BURNED"} if jurors else set())
    assert told <= set(moved.reason)
    answers = moved[(moved.reason == "PAYMENT") & (moved.position != NOBODY)]
    tx = frames.transactions.set_index(["height", "position"])
    paid_by = [tx.loc[place] for place in zip(answers.height, answers.position, strict=True)]
    assert {one.kind for one in paid_by} <= {"ACCEPT", "DISPUTE"}
    assert [one.job for one in paid_by] == answers.job.tolist()


def test_blocks_transactions_and_receipts_are_those_of_the_record(both):
    ledger, frames = both
    blocks = ledger.history.blocks
    assert frames.blocks["hash"].tolist() == [block.header.hash.hex() for block in blocks]
    assert frames.blocks.parent[1:].tolist() == frames.blocks["hash"][:-1].tolist()
    assert frames.blocks.state_root.iloc[-1] == ledger.history.state.root.hex()
    assert frames.blocks.transactions.sum() == len(frames.transactions) == len(frames.receipts)
    assert frames.blocks.refused.sum() == (frames.transactions.status != "OK").sum()
    pd.testing.assert_frame_equal(
        frames.receipts.drop(columns="subject"), frames.transactions[[*frames.receipts.columns.drop("subject")]]
    )
    for block in blocks[1:6]:
        rows = frames.transactions[frames.transactions.height == block.header.height]
        assert rows.position.tolist() == list(range(len(block.transactions)))
        for column in ("sender", "nonce", "tip", "max_fee", "to", "subject", "amount", "bps"):
            assert rows[column].tolist() == block.transactions[column].tolist()
        assert rows.fee.tolist() == block.receipts["fee"].tolist()
    assert frames.blocks.gas_used.sum() == frames.transactions.gas.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_jobs_outlive_their_rows(seed, tmp_path):
    ledger = random_market(seed)
    jobs = sim.ledger_frames(ledger.export(tmp_path / "one.ledger")).jobs
    opened = int(ledger.view("terms")[0].opened)
    assert opened > JOBS  # rows were used again
    assert jobs.number.tolist() == list(range(opened))
    for number in range(max(0, opened - JOBS), opened):
        job = ledger.job(number)
        shown = {name: job[name] for name in ("client", "provider", "price", "stake", "delivered", "paid", "due", "quality_bps")}
        assert jobs.iloc[number][list(shown)].to_dict() == shown
    assert (jobs.phase == "CLOSED").tolist() == (jobs.closed != NOBODY).tolist()
    assert jobs.price.min() > 0


def test_all_outcomes_are_met():
    """What the random markets of these tests show, lest a test be empty."""
    outcomes = set()
    for seed in SEEDS:
        ledger = random_market(seed)
        outcomes |= set(ledger.view("jobs")["outcome"].tolist())
    assert outcomes == {0, 1, 2, 3, 4, 5}


def test_a_stake_is_free_when_its_job_is_closed(tmp_path):
    """Recomputed block by block from the last states of jobs: what is locked as stake."""
    ledger = random_market(5, blocks=1)
    locked = {}
    for _ in range(40):
        for provider in (1, 2):
            ledger.submit(Kind.HIRE, 3, to=provider, subject=1, amount=5_000)
        terms = ledger.view("terms")[0]
        for number in range(int(terms.closed), int(terms.opened), 2):
            job = ledger.job(number)
            kind, who = (Kind.DELIVER, "provider") if job["phase"] == Phase.FUNDED else (Kind.ACCEPT, "client")
            ledger.submit(kind, job[who], subject=number)
        ledger.seal()
        locked[ledger.height] = int(ledger.view("stakes")["locked"].sum())
    jobs = sim.ledger_frames(ledger.export(tmp_path / "one.ledger")).jobs
    assert (jobs.outcome == "ACCEPTED").sum() > 5
    for height, stake in locked.items():
        held = (jobs.hired <= height) & ((jobs.closed == NOBODY) | (jobs.closed > height))
        assert jobs.stake[held].sum() == stake, height


def test_a_directory_is_every_ledger_below_it_by_name(tmp_path):
    (tmp_path / "more").mkdir()
    random_market(0, blocks=9).export(tmp_path / "more" / "b.ledger")
    random_shop(0).export(tmp_path / "a.ledger")
    (tmp_path / "notes.txt").write_text("no ledger")
    frames = sim.ledger_frames(tmp_path)
    assert [frame.columns[0] for frame in frames] == ["ledger"] * len(frames)
    assert frames.blocks.ledger.unique().tolist() == ["a", "more/b"]
    alone = sim.ledger_frames(tmp_path / "more" / "b.ledger")
    for all_of_them, one in zip(frames, alone, strict=True):
        mine = all_of_them[all_of_them.ledger == "more/b"].drop(columns="ledger").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, one)


def test_duckdb_reads_what_is_written_and_pages_have_checksums(tmp_path):
    file = random_market(2).export(tmp_path / "one.ledger")
    frames = sim.ledger_frames(file, out=tmp_path / "frames")
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == sorted(f"{name}.parquet" for name in Frames._fields)
    with duckdb.connect(":memory:") as base:
        for name, frame in frames._asdict().items():
            read = base.execute(f"SELECT * FROM '{tmp_path}/frames/{name}.parquet'").df()
            pd.testing.assert_frame_equal(read, frame, check_dtype=False)
        question = f"SELECT sum(amount)::BIGINT FROM '{tmp_path}/frames/movements.parquet' WHERE reason = 'PAYMENT'"
        paid = frames.jobs.price[frames.jobs.outcome.isin(["ACCEPTED", "SILENT", "REJECTED"])].sum()
        assert base.execute(question).fetchall() == [(paid,)]
    place = tmp_path / "frames" / "jobs.parquet"
    raw = bytearray(place.read_bytes())
    raw[raw.index(b"PAR1") + 60] ^= 1
    place.write_bytes(raw)
    with pytest.raises(OSError, match="checksum"):
        pq.ParquetFile(place, page_checksum_verification=True).read()


def test_what_is_damaged_is_refused_by_name_and_nothing_is_written(tmp_path):
    random_shop(0).export(tmp_path / "a.ledger")
    file = story().export(tmp_path / "b.ledger")
    raw = bytearray(file.read_bytes())
    fee = file.read_bytes().index(np.array([3, 1, 0, 0, 42, 2, NOBODY][2:]).astype("<i8").tobytes()) + 16
    raw[fee] ^= 1
    file.write_bytes(raw)
    with pytest.raises(TamperedError, match=r"/b\.ledger: block 2, receipt 1, field fee: "):
        sim.ledger_frames(tmp_path, out=tmp_path / "frames")
    assert not (tmp_path / "frames").exists()


@pytest.mark.parametrize("where", ["nowhere", "empty", "text.ledger", "short.ledger"])
def test_what_is_no_ledger_is_refused(where, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.ledger").write_text("This is no ledger, whatever its name is.")
    (tmp_path / "short.ledger").write_bytes(b"Ledger")
    with pytest.raises(InputError, match=rf"^file: [^\n]*{where}[^\n]*, allowed is a [^\n]*$"):
        sim.ledger_frames(tmp_path / where)


def test_a_directory_that_is_not_free_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    file = story().export(tmp_path / "one.ledger")
    monkeypatch.setattr("sim.ledgers.frames.read", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(InputError, match=r"^out: "):
        sim.ledger_frames(file, out=tmp_path)
    with pytest.raises(InputError, match=r"^out: "):
        sim.ledger_frames(file, out=file)


def test_a_record_may_begin_in_the_middle(tmp_path):
    """Jobs, stakes and money that were there before it are accounted for."""
    ledger = random_market(2, blocks=25)
    for client in (3, 4, 5):
        ledger.submit(Kind.HIRE, client, to=1, subject=1, amount=2 * PRICE)
        ledger.submit(Kind.HIRE, client, to=2, subject=1, amount=2 * PRICE)
    ledger.submit(Kind.UNBOND, 1, amount=40)
    ledger.seal()
    number = int(ledger.view("terms")[0].opened) - 1
    before = ledger.job(number)
    ledger.submit(Kind.DELIVER, before["provider"], subject=number, bps=10_000)
    ledger.seal()
    ledger.submit(Kind.ACCEPT, before["client"], subject=number, bps=10_000)
    ledger.seal()
    assert ledger.job(number)["phase"] == Phase.PAID  # before the record, which sees it close
    ledger.history = History(ledger.deployment, ledger.book)
    start, closed = ledger.height, int(ledger.view("terms")[0].closed)
    for _ in range(4):
        ledger.submit(Kind.TRANSFER, OTHER, to=0, amount=5)
        ledger.submit(Kind.REGISTER, 4, amount=5)
        ledger.seal()
    ledger.submit(Kind.WITHDRAW, 1)
    for _ in range(4):
        ledger.seal()
    frames = sim.ledger_frames(ledger.export(tmp_path / "late.ledger"))
    a = frames.accounts
    assert frames.movements[frames.movements.reason == "WITHDRAW"].amount.tolist() == [40]
    assert frames.blocks.height.tolist() == list(range(start, start + 9))
    assert frames.jobs.number.iloc[0] == closed
    job = frames.jobs.iloc[-1]
    assert (job.number, job.hired) == (number, before["height"])
    assert job.paid == start < job.closed
    assert number not in frames.movements.job.tolist()
    wealth = a.opening - a.sent + a.received - a.burned - a.fees + a.tips
    assert wealth.tolist() == (a.balance + a.bonded + a.unbonding + a.escrow).tolist()
    assert a.opening.max() < 2 * RICH
    assert (frames.movements.height > start).all()
    assert np.array_equal(a.first_height[[OTHER, 0]], [start + 1, NOBODY])


def test_a_withdrawal_is_all_that_was_unbonded_since_the_last_one(tmp_path):
    ledger = market((RICH, RICH, RICH))
    for sender, kind, amount in (
        (1, Kind.BOND, 100), (2, Kind.BOND, 100), (2, Kind.UNBOND, 60), (1, Kind.UNBOND, 10), (1, Kind.UNBOND, 20),
        (1, Kind.WITHDRAW, 0), (1, Kind.UNBOND, 5), (2, Kind.WITHDRAW, 0), (1, Kind.WITHDRAW, 0), (1, Kind.UNBOND, 7),
    ):  # fmt: skip
        ledger.submit(kind, sender, amount=amount)
        for _ in range(3):
            ledger.seal()
    moved = sim.ledger_frames(ledger.export(tmp_path / "one.ledger")).movements
    withdrawn = moved[moved.reason == "WITHDRAW"]
    assert list(zip(withdrawn.payee, withdrawn.amount, strict=True)) == [(1, 30), (2, 60), (1, 5)]
    assert (moved.height.diff().dropna() >= 0).all()


def test_the_story_is_told_by_its_movements(tmp_path):
    moved = sim.ledger_frames(story().export(tmp_path / "one.ledger")).movements
    told = list(moved[moved.job == 0][["height", "reason", "payer", "payee", "amount"]].itertuples(index=False, name=None))
    half = STAKE * 5_000 // 10_000
    part = half * 4_000 // 10_000
    assert told == [
        (2, "ESCROW", 1, 1, 1_000),
        (4, "REFUND", 1, 1, 1_000),
        (4, "COMPENSATION", 2, 1, part),
        (4, "SLASH", 2, NOBODY, half - part),
    ]
