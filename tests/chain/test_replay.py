"""Executing a record again: the audit of a true record gives the same state, in every mode and from any beginning."""

import json
from pathlib import Path

import numpy as np
import pytest

from chain.deployments import NAMES
from chain.errors import InputError, TamperedError
from chain.history import History
from chain.journal import read
from chain.layout import Kind, Ordering
from chain.ledger import Ledger
from chain.mempool import clear
from chain.replay import audit
from chain.status import Status
from tests.chain.markets import purse, python
from tests.chain.recordings import LIVELY, hashes_hold, lived, plain_root, stir
from tests.chain.surgery import copied, refitted, save, written

MODES = """
import sys
from pathlib import Path
from chain.rule import MODE
from tests.chain.test_replay import audited, export_all
export_all(Path(sys.argv[1]), "there")
print(MODE, *audited(Path(sys.argv[1]), "here"))
"""


def export_all(folder, name):
    """Live through some blocks of every deployment and export them; from the fourth block on one is recorded anew."""
    for deployment in LIVELY:
        lived(deployment, 6, seed=12).export(folder / f"{deployment}-{name}")
    from_the_middle("service_market", 12).export(folder / f"middle-{name}")


def from_the_middle(name, seed=0):
    ledger, rng = lived(name, 4, seed=seed, record=True), np.random.default_rng(seed + 1)
    ledger.history = History(ledger.deployment, ledger.book, 2)
    for _ in range(5):
        stir(ledger, rng)
    return ledger


def audited(folder, name):
    """The last state root and hash of every exported ledger, after an audit."""
    heads = [audit(folder / f"{part}-{name}").history.head for part in (*LIVELY, "middle")]
    return [text for head in heads for text in (head.state_root.hex(), head.hash.hex())]


def test_interpreted_and_compiled_runs_export_the_same_bytes_and_audit_each_others(tmp_path):
    export_all(tmp_path, "here")
    mode, *there = python(MODES, tmp_path, NUMBA_DISABLE_JIT="1").split()
    assert mode == "interpreted"
    assert there == audited(tmp_path, "here") == audited(tmp_path, "there")
    for name in (*LIVELY, "middle"):
        assert (tmp_path / f"{name}-here").read_bytes() == (tmp_path / f"{name}-there").read_bytes()


@pytest.mark.parametrize("root_every", [1, 4])
@pytest.mark.parametrize("name", LIVELY)
def test_a_loaded_ledger_is_the_ledger_that_was_exported(name, root_every, tmp_path):
    ledger = lived(name, 9, seed=3, root_every=root_every)
    path = ledger.export(tmp_path / "a.ledger")
    again = Ledger.load(path, pool=ledger.book.pool.size)
    hashes_hold(again)
    again.check()
    assert again.history.head == ledger.history.head
    assert plain_root(again.book) == plain_root(ledger.book)
    assert again.history.description == ledger.history.description
    assert again.export(tmp_path / "b.ledger").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", LIVELY)
def test_a_loaded_ledger_goes_on_as_the_exported_one_does(name, tmp_path):
    ledger = lived(name, 4, seed=8, pool=400)
    clear(ledger.book.head, ledger.book.accounts, ledger.book.pool)
    again = Ledger.load(ledger.export(tmp_path / "a.ledger"), pool=400)
    for one in (ledger, again):
        rng = np.random.default_rng(8)
        for _ in range(4):
            stir(one, rng)
    assert again.history.head == ledger.history.head
    assert again.history.head.transactions > 0
    assert Ledger.load(again.export(tmp_path / "b.ledger")).history.head == ledger.history.head


def test_a_record_that_begins_in_the_middle_of_a_run_is_audited_from_there(tmp_path):
    ledger = from_the_middle("service_market")
    found = audit(ledger.export(tmp_path / "a.ledger"))
    assert [block.header.height for block in found.history.blocks] == [4, 5, 6, 7, 8, 9]
    assert found.history.head == ledger.history.head
    journal = copied(read(tmp_path / "a.ledger"))
    journal.blocks[3].receipts["fee"][1] += 1
    with pytest.raises(TamperedError, match="block 7, receipt 1, field fee"):
        audit(save(tmp_path, written(refitted(journal))))
    content = bytearray((tmp_path / "a.ledger").read_bytes())
    content[-8 * 30] ^= 1
    with pytest.raises(TamperedError, match="block 9, receipt"):
        audit(save(tmp_path, bytes(content)))


@pytest.mark.parametrize("ordering", Ordering)
def test_whoever_ordered_the_blocks_and_whatever_the_mempool_dropped_the_record_holds(ordering, tmp_path):
    ledger, rng = LIVELY["service_market"](ordering=ordering, capacity=40, gas_limit=1_000, seed=1), np.random.default_rng(1)
    statuses = set()
    for _ in range(12):
        for _ in range(3):
            sender = int(rng.integers(1, 8))
            nonce = int(ledger.book.accounts[sender].nonce)
            if ledger.waiting.size < ledger.book.pool.size:
                ledger.submit(Kind.TRANSFER, sender, to=1, nonce=nonce, amount=1, tip=int(rng.integers(0, 40)))
        stir(ledger, rng, 60)
        statuses |= set(ledger.book.receipts["status"][: ledger.book.head[0].receipts].tolist())
    assert {Status.EVICTED, Status.UNDERPRICED, Status.REPLACED} <= statuses
    assert audit(ledger.export(tmp_path / "a.ledger")).history.head == ledger.history.head


def test_a_builders_blocks_hold(tmp_path):
    ledger = purse([10**6] * 5, base_fee=1, fee_quotient=8, gas_limit=100)
    for k in range(12):
        ledger.submit(Kind.TRANSFER, k % 5, to=(k + 1) % 5, amount=k, tip=k)
    for _ in range(3):
        ledger.seal(builder=lambda waiting: range(waiting.size - 1, -1, -2))
    ledger.seal()
    assert [block.header.transactions for block in ledger.history.blocks[1:]] == [2, 2, 4, 4], "nonces in order"
    assert audit(ledger.export(tmp_path / "a.ledger")).transactions == 12


def test_a_watch_sees_the_book_after_every_block(tmp_path):
    ledger = lived("posted_price", 5)
    seen = []

    def watch(book, block):
        assert plain_root(book) == block.header.state_root
        assert book.head[0].height == block.header.height
        seen.append(block.header)

    found = audit(ledger.export(tmp_path / "a.ledger"), watch)
    assert seen == [block.header for block in ledger.history.blocks[1:]]
    assert found.transactions == sum(header.transactions for header in seen) > 0
    assert found.deployment.__name__ == "chain.deployments.posted_price"


def test_the_mempool_has_the_places_that_were_asked_for_and_those_that_the_largest_block_needs(tmp_path):
    ledger = purse([10**6] * 3, pool=50)
    for k in range(40):
        ledger.submit(Kind.TRANSFER, k % 3, to=0)
    ledger.seal()
    path = ledger.export(tmp_path / "a.ledger")
    assert [Ledger.load(path, pool=places).book.pool.size for places in (1, 40, 41, 500)] == [40, 40, 41, 500]
    again = Ledger.load(path, pool=2)
    assert (again.waiting.size, again.book.head[0].capacity) == (0, 40)


def test_an_account_may_act_in_the_block_that_opens_it(tmp_path):
    """As after a reorganisation, when what an orphaned account signed waits together with its registration."""
    ledger = purse([10**6, 10**6], spare=1)
    ledger.submit(Kind.REGISTER, 0, amount=500, tip=3)
    ledger.submit(Kind.TRANSFER, 1, to=0, amount=100, nonce=0)
    ledger.book.pool[1].sender = 2
    ledger.book.accounts["pending"] = [1, 0, 1]
    assert [(receipt.sender, receipt.status) for receipt in ledger.seal()] == [(0, Status.OK), (2, Status.OK)]
    assert Ledger.load(ledger.export(tmp_path / "a.ledger")).balance(2) == 400


def described(path, folder, **changed):
    """A file whose description says something else, whole again."""
    journal = read(path)
    about = journal.about | changed
    return save(folder, written(refitted(journal._replace(description=json.dumps(about).encode(), about=about))))


def test_a_record_under_other_rules_holds_or_says_so(tmp_path):
    path = lived("token", 3).export(tmp_path / "a.ledger")
    assert audit(described(path, tmp_path, rules="0" * 64)).history.head.height == 3
    journal = copied(read(described(path, tmp_path, rules="0" * 64)))
    journal.blocks[2].receipts["fee"][0] += 1
    wrong = r"block 2, receipt 0, field fee: .* recorded, executed again it is .*other rules than those that are here"
    with pytest.raises(TamperedError, match=wrong) as raised:
        audit(save(tmp_path, written(refitted(journal))))
    assert (raised.value.block, raised.value.part, raised.value.row, raised.value.field) == (2, "receipt", 0, "fee")


def test_a_record_of_another_version_is_refused_by_name(tmp_path):
    path = lived("token", 1).export(tmp_path / "a.ledger")
    with pytest.raises(InputError, match="file: it is a ledger of format 2, allowed is 1"):
        audit(described(path, tmp_path, ledger=2))
    with pytest.raises(InputError, match=f"deployment: 'casino' given, allowed are {', '.join(NAMES)}"):
        audit(described(path, tmp_path, deployment="casino"))
    with pytest.raises(InputError, match=r"file: its table .* has columns .* of this version"):
        audit(described(path, tmp_path, deployment="posted_price"))
    tables = read(path).about["tables"]
    columns = [{"balance": "money"}.get(column, column) for column in tables["accounts"]["columns"]]
    with pytest.raises(InputError, match="file: its table accounts has columns"):
        audit(described(path, tmp_path, tables=tables | {"accounts": tables["accounts"] | {"columns": columns}}))


BAD = [
    "[]",
    "3",
    "{}",
    "null",
    '"x"',
    "{",
    "\xff",
    "[" * 4_000,
    '{"ledger": 1, "tables": {}, "root_every": 1, "deployment": "token"}',
]


def test_a_description_that_reads_as_none_is_refused(tmp_path):
    path = lived("token", 1).export(tmp_path / "a.ledger")
    journal = read(path)
    about = journal.about
    wrong = [*(text.encode("latin-1") for text in BAD)]
    for key in ("tables", "root_every", "deployment"):
        for value in (None, 0, -1, 1.5, True, "", [], {}, [1], {"head": 1}, {"head": {"columns": 3, "records": 1}}, 10**400):
            if (key, value) not in (("root_every", 10**400), ("deployment", "")):
                wrong.append(json.dumps(about | {key: value}).encode())
    for value in (0, -1, 1.0, True, None, "1"):
        wrong.append(
            json.dumps(about | {"tables": about["tables"] | {"head": about["tables"]["head"] | {"records": value}}}).encode()
        )
    for name in ("a\nb", "", "1", "x y"):
        wrong.append(json.dumps(about | {"tables": about["tables"] | {name: about["tables"]["head"]}}).encode())
    for description in wrong:
        with pytest.raises(TamperedError, match=r"^description: it does not read as one$"):
            read(save(tmp_path, written(journal._replace(description=description))))


def test_what_a_hand_changed_between_blocks_does_not_hold(tmp_path):
    ledger = lived("service_market", 2)
    ledger.book.jobs[0].quality_bps ^= 1
    ledger.seal()
    with pytest.raises(TamperedError, match="block 3, header, field state_root: it is not the root of the state after the block"):
        audit(ledger.export(tmp_path / "a.ledger"))


@pytest.mark.parametrize("target", ["", ".", "missing/a.ledger", "a\0b", "x" * 300, "folder", "file/below"])
def test_an_export_that_can_not_be_written_is_refused_in_one_line_and_leaves_nothing(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"file: .* can not be written .*, allowed is a writable directory") as raised:
        purse([1]).export(target)
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_an_export_replaces_an_earlier_one_as_a_whole(tmp_path):
    ledger = lived("token", 1)
    path = ledger.export(str(tmp_path / "a.ledger"))
    stir(ledger, np.random.default_rng(0))
    assert ledger.export(path) == path == Path(tmp_path / "a.ledger")
    assert Ledger.load(path).height == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ledger"]
