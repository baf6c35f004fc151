"""`ledgerlab audit`, `inspect`, `prove` and `verify` of a proof, called in this process."""

import json
from pathlib import Path

import pytest

import sim
from sim.cli import main
from tests.sim.ledgers.examples import payments, random_shop, story


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    story().export("story.ledger")


def answered(capsys, *arguments):
    """What a command prints that succeeds."""
    assert main([str(one) for one in arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments):
    """The one line of a command that is refused and writes nothing."""
    before = {file: file.is_file() and file.read_bytes() for file in Path().rglob("*")}
    assert main([str(one) for one in arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert {file: file.is_file() and file.read_bytes() for file in Path().rglob("*")} == before
    return err


def changed(source, target, old, new):
    """Write a ledger with numbers changed, once."""
    raw = Path(source).read_bytes()
    bytes_of = [b"".join(number.to_bytes(8, "little", signed=True) for number in numbers) for numbers in (old, new)]
    assert raw.count(bytes_of[0]) == 1
    Path(target).write_bytes(raw.replace(*bytes_of))


def test_an_audit_is_a_line_per_file(capsys):
    ledger = random_shop(0)
    ledger.export("shop.ledger")
    lines = answered(capsys, "audit", "shop.ledger", "story.ledger").splitlines()
    assert len(lines) == 2
    head, root = ledger.history.head, ledger.history.state.root.hex()
    counts = f"30 blocks, {sum(block.header.transactions for block in ledger.history.blocks)} transactions, 5 accounts"
    assert lines[0].startswith(f"shop.ledger holds: {counts}, last header {head.hash.hex()}, state root {root}, ")
    assert lines[1].startswith("story.ledger holds: 7 blocks, 9 transactions, 5 accounts, ")
    assert answered(capsys, "audit", ".").splitlines()[1].partition(", ")[0] == lines[1].partition(", ")[0]


def test_a_ledger_that_does_not_hold_is_exit_1_with_the_place(capsys):
    fee = [1, 3, 0, 0, 42, 2, -1]  # the receipt of the transfer
    changed("story.ledger", "other.ledger", fee, [*fee[:4], 41, *fee[5:]])
    assert main(["audit", "other.ledger", "story.ledger"]) == 1
    out, err = capsys.readouterr()
    wrong, right = out.splitlines()
    assert wrong.startswith("other.ledger does NOT hold: block 2, receipt 1, field fee: ")
    assert right.startswith("story.ledger holds: ")
    assert err == ""
    assert main(["inspect", "other.ledger", "--frames", "frames"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ledgerlab: other.ledger: block 2, receipt 1, field fee: ")
    assert err.count("\n") == 1
    assert not Path("frames").exists()


def test_whoever_noted_the_last_header_sees_a_ledger_that_was_cut_off_or_made_anew(capsys):
    ledger = story()
    noted = ledger.history.head.hash.hex()
    cut, other = story(), random_shop(0)
    cut.history.blocks.pop()
    cut.export("cut.ledger")
    other.export("other.ledger")
    assert answered(capsys, "audit", "story.ledger", "--head", noted.upper()).startswith("story.ledger holds: 7 blocks")
    assert answered(capsys, "audit", "cut.ledger", "other.ledger").count(" holds: ") == 2, "in themselves both hold"
    for file, last in (("cut.ledger", cut.history.head), ("other.ledger", other.history.head)):
        assert main(["audit", file, "--head", noted]) == 1
        assert capsys.readouterr() == (f"{file} does NOT hold: its last header has the hash {last.hash.hex()}\n", "")
    assert "--head: 3 files given, allowed is one" in refused(capsys, "audit", ".", "--head", noted)
    assert "--head: 'ab' given, allowed is the hash of a header" in refused(capsys, "audit", "story.ledger", "--head", "ab")


@pytest.mark.parametrize("command", [["audit"], ["inspect"], ["prove", "--record", "accounts:0"]])
def test_what_is_no_ledger_is_exit_2(command, capsys):
    Path("text.ledger").write_text("a text, and no ledger")
    assert "nowhere.ledger can not be read" in refused(capsys, *command, "nowhere.ledger")
    assert "text.ledger is no recorded ledger" in refused(capsys, *command, "text.ledger")
    if command == ["audit"]:
        assert "text.ledger is no recorded ledger" in refused(capsys, "audit", "story.ledger", "text.ledger")


def test_the_overview_says_what_a_ledger_is(capsys):
    out = answered(capsys, "inspect", "story.ledger")
    for part in (
        "service_market",
        "heights 1 to 7",
        "9, 1 of them refused",
        "5 in use of 5",
        "Latest blocks",
        "Busiest accounts",
    ):
        assert part in out
    assert "3_000_000 minted: 2_997_971 free, 935 kept, 1_094 burned" in out


def test_what_is_asked_for_is_shown_and_nothing_else(capsys):
    blocks = answered(capsys, "inspect", "story.ledger", "--blocks")
    assert len(blocks.splitlines()) == 2 + 8
    accounts = answered(capsys, "inspect", "story.ledger", "--accounts").splitlines()
    assert [line.split()[:2] for line in accounts[2:]] == [
        ["1", "client"], ["2", "provider"], ["3", "account"], ["4", "account"], ["0", "proposer"],
    ]  # fmt: skip
    block = answered(capsys, "inspect", "story.ledger", "--block", "3")
    assert story().history.block(3).header.hash.hex() in block
    first = block.splitlines()[-3]
    assert first.split() == ["0", "3", "DELIVER", "job", "0,", "100", "%", "effort", "NOT_YOUR_JOB", "100", "0"]


def test_a_job_and_an_account_tell_their_story(capsys):
    job = answered(capsys, "inspect", "story.ledger", "--job", "0")
    lines = [line.split() for line in job.splitlines()]
    assert job.splitlines()[0].rstrip() == "Job 0: 1 hired 2 for service 1"
    assert [line[:2] for line in lines[2:6]] == [["2", "0"], ["3", "0"], ["3", "1"], ["4", "0"]]
    assert job.endswith("price 1_000, stake 101; UPHELD, CLOSED; quality: bad\n")
    account = answered(capsys, "inspect", "story.ledger", "--account", "1")
    assert "300 from 3 to 1" in account
    assert "+300  999_060" in account
    assert account.endswith("now 999_750 free, 0 as stake, 0 in escrow.\n")


def test_long_tables_are_cut_and_say_so(capsys):
    payments(60, 50, 4).export("long.ledger")
    assert "11 earlier blocks are left out" in answered(capsys, "inspect", "long.ledger", "--blocks")
    assert "20 more accounts are left out" in answered(capsys, "inspect", "long.ledger", "--accounts")
    assert "left out" not in answered(capsys, "inspect", "long.ledger")


def test_a_figure_and_frames_are_written_on_request(capsys):
    out = answered(capsys, "inspect", "story.ledger", "--figure", "flows.png", "--frames", "frames")
    assert out.endswith("Figure: flows.png\nTables: frames\n")
    assert Path("flows.png").stat().st_size > 10_000
    assert sorted(Path("frames").iterdir()) == [
        Path("frames") / f"{name}.parquet" for name in sorted(sim.ledger_frames("story.ledger")._fields)
    ]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--job", "2"], "job: 2 given, allowed is 0 to 1"),
        (["--job", "x"], "--job: 'x' given"),
        (["--account", "9"], "account: 9 given, allowed is 0 to 4"),
        (["--block", "8"], "block: 8 given, allowed is 0 to 7"),
        (["--figure", "flows.jpg"], "--figure: flows.jpg given, allowed is a name that ends in .png"),
        (["--figure", "nowhere/flows.png"], "--figure: nowhere is no directory"),
        (["--frames", "."], "out: . exists already"),
        (["--figure", "new.png", "--job", "7"], "job: 7 given"),
    ],
)
def test_a_wrong_wish_is_refused(arguments, part, capsys):
    assert part in refused(capsys, "inspect", "story.ledger", *arguments)


def test_nothing_is_written_over(capsys):
    Path("flows.png").write_text("mine")
    Path("proof.json").write_text("mine")
    assert "flows.png exists already" in refused(capsys, "inspect", "story.ledger", "--figure", "flows.png")
    assert "proof.json exists already" in refused(capsys, "prove", "story.ledger", "--record", "jobs:0", "--out", "proof.json")


@pytest.mark.parametrize(
    ("wish", "height", "said"),
    [
        (["--transaction", "2:1"], 2, "transaction 1 of block 2 is kind TRANSFER, sender 3, nonce 0, tip 0, max_fee any,"),
        (["--receipt", "3:0"], 3, "receipt 0 of block 3 is kind DELIVER, sender 3, nonce 2, status NOT_YOUR_JOB, fee 100,"),
        (["--record", "accounts:1"], 7, "after block 7, record 1 of accounts is name 1, owner 1, balance 999750, nonce 3,"),
    ],
)  # fmt: skip
def test_a_proof_convinces_whoever_knows_the_header(wish, height, said, capsys):
    known = story().history.block(height).header.hash.hex()
    out = answered(capsys, "prove", "story.ledger", *wish, "--out", "proof.json")
    assert out == f"Proof: proof.json\nCheck it with: ledgerlab verify proof.json --header {known}\n"
    assert answered(capsys, "verify", "proof.json", "--header", known.upper()).startswith(f"proof.json proves: {said}")
    alone = answered(capsys, "verify", "proof.json")
    assert f"if you trust the header in it: {known};" in alone
    assert answered(capsys, "prove", "story.ledger", *wish) == Path("proof.json").read_text()
    other = story().history.block(1).header.hash.hex()
    assert main(["verify", "proof.json", "--header", other]) == 1
    assert capsys.readouterr().out == f"proof.json proves NOTHING: its header has the hash {known}\n"


def test_a_proof_that_was_changed_proves_nothing(capsys):
    answered(capsys, "prove", "story.ledger", "--record", "accounts:1", "--out", "proof.json")
    given = json.loads(Path("proof.json").read_text())
    chunk = given["proof"]["chunk"]
    for field, value in (("chunk", "ff" + chunk[2:]), ("row", 64), ("records", 6), ("place", 0)):
        Path("proof.json").write_text(json.dumps(given | {"proof": given["proof"] | {field: value}}))
        assert main(["verify", "proof.json"]) == 1, field
        assert capsys.readouterr() == ("proof.json proves NOTHING: it does not lead to its header\n", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1, 2]",
        b"\xff\xfe",
        b'{"proof": 1, "header": 2}',
        b"[" * 100_000,
        b'{"proof": {}, "header": {"height": 1e999}}',
    ],
)
def test_what_is_no_proof_is_refused(content, capsys):
    Path("proof.json").write_bytes(content)
    assert "proof: proof.json is no proof" in refused(capsys, "verify", "proof.json")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["prove", "story.ledger"], "prove: nothing given, allowed is one of"),
        (["prove", "story.ledger", "--receipt", "2:1", "--record", "jobs:0"], "--receipt and --record given"),
        (["prove", "story.ledger", "--transaction", "2"], "--transaction: '2' given, allowed is HEIGHT:INDEX"),
        (["prove", "story.ledger", "--transaction", "2:x"], "--transaction: 'x' given"),
        (["prove", "story.ledger", "--transaction", "2:9"], "row: 9 given, allowed is 0 to 2"),
        (["prove", "story.ledger", "--transaction", "9:0"], "height: 9 given, allowed is 0 to 7"),
        (["prove", "story.ledger", "--receipt", "5:0"], "block 5 has no transactions"),
        (["prove", "story.ledger", "--record", "acounts:0"], "table: 'acounts' given"),
        (["prove", "story.ledger", "--record", "accounts:99"], "row: 99 given"),
        (["verify", "story.ledger", "--header", "12"], "--header: '12' given, allowed is the hash of a header"),
        (["verify", "story.ledger", "--replay", "2"], "allowed for a proof is --header alone"),
        (["verify", "story.ledger"], "story.ledger is no proof"),
        (["verify", ".", "--header", "12"], "--header: . is no file"),
    ],
)
def test_a_wrong_question_is_refused(arguments, part, capsys):
    assert part in refused(capsys, *arguments)
