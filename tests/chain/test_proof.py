"""Proofs: what a ledger proves holds against its header, and nothing else does; no text and no proof makes a verifier fall."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import InputError
from chain.history import NO_ROOT, Header
from chain.layout import PASSING, RECEIPT, SIGNED, Kind
from chain.proof import Proof, as_text, from_text, verify
from chain.state import state_of
from tests.chain.markets import purse
from tests.chain.recordings import LIVELY, lived


def ledger_of(name="token"):
    return lived(name, 3, seed=6, count=40)


def record_of(table, row, passing=()):
    return {column: 0 if column in passing else int(table[row][column]) for column in table.dtype.names}


def sample():
    """A ledger, and proofs of every sort with their headers: short and long paths, first and last rows."""
    ledger = ledger_of("service_market")
    pairs = [(ledger.prove(table, row), ledger.history.head) for table, row in (("accounts", 3), ("jobs", 63), ("head", 0))]
    busy = max(ledger.history.blocks, key=lambda block: block.header.transactions).header
    assert busy.transactions > 32, "more than one chunk"
    for table in ("transactions", "receipts"):
        pairs += [(ledger.prove(table, row, height=busy.height), busy) for row in (0, busy.transactions - 1)]
    money = ledger_of()
    return [*pairs, *((money.prove("accounts", row), money.history.head) for row in (0, 70, 199))]


@pytest.mark.parametrize("name", LIVELY)
def test_every_transaction_and_receipt_is_proved_by_its_header(name):
    ledger = ledger_of(name)
    for header, transactions, receipts in ledger.history.blocks[1:]:
        for row in range(header.transactions):
            for table, content in (("transactions", transactions), ("receipts", receipts)):
                proof = ledger.prove(table, row, height=header.height)
                assert verify(proof, header) == record_of(content, row)


@pytest.mark.parametrize("name", LIVELY)
def test_every_record_of_the_state_is_proved_by_the_last_header(name):
    ledger = ledger_of(name)
    for table, content in state_of(ledger.book).items():
        for row in range(content.size):
            proof = ledger.prove(table, row)
            assert verify(proof, ledger.history.head) == record_of(content, row, PASSING.get(table, ()))


def test_a_proof_at_the_genesis_is_one_of_what_was_founded():
    ledger = purse([70, 30])
    assert verify(ledger.prove("accounts", 1), ledger.history.head)["balance"] == 30


def test_a_proof_is_small():
    ledger = purse([5] * 5_000)
    proof = ledger.prove("accounts", 4_999)
    assert len(proof.chunk) // 2 == 5_000 % 64 * 7 * 8
    assert len(proof.path) <= 7
    assert len(proof.way) <= 2


def test_another_header_proves_nothing():
    for proof, header in sample():
        assert verify(proof, header) is not None
        for field in ("transactions_root", "receipts_root", "state_root"):
            root = getattr(header, field)
            for other in (NO_ROOT, root[::-1], bytes([root[0] ^ 1]) + root[1:]):
                touched = field == (f"{proof.table}_root" if proof.table in ("transactions", "receipts") else "state_root")
                assert (verify(proof, header._replace(**{field: other})) is None) == touched
        others = {b.header for b in ledger_of("service_market").history.blocks} - {header}
        assert all(verify(proof, other) is None for other in others)


def changes(proof):
    """Every way to change one field, the digits sampled; a changed row is left for `test_another_row_...`."""
    dice = random.Random(proof.row)
    tuples = {"path": proof.path, "way": proof.way, "columns": proof.columns}
    for field, steps in tuples.items():
        extra = "ab" * 32
        yield from ((field, other) for other in ((*steps, extra), (extra, *steps), (*steps, ""), ("", *steps)))
        yield from ((field, steps[:k] + steps[k + 1 :]) for k in range(len(steps)))
        yield from ((field, (*steps[:k], flip(step, dice), *steps[k + 1 :])) for k, step in enumerate(steps))
        if len(set(steps)) > 1:
            yield field, steps[::-1]
    for field in ("records", "place", "tables"):
        yield from ((field, getattr(proof, field) + change) for change in (-65, -64, -2, -1, 1, 2, 64, 2**40, 2**63))
    for _ in range(60):
        yield "chunk", flip(proof.chunk, dice)
    yield from (("chunk", other) for other in (proof.chunk[16:], proof.chunk + 16 * "0", proof.chunk.upper() + " ", "", "0"))
    yield from (("table", other) for other in ("transactions", "receipts", "accounts", "offers", "") if other != proof.table)


def flip(text, dice):
    """One character changed: a digit becomes another digit, and a letter of a name another letter."""
    k = dice.randrange(len(text))
    return text[:k] + dice.choice([c for c in "0123456789abcdef" if c != text[k]]) + text[k + 1 :]


def test_a_proof_with_any_one_thing_changed_proves_nothing():
    tried = 0
    for proof, header in sample():
        for field, value in changes(proof):
            changed = proof._replace(**{field: value})
            assert verify(changed, header) is None, (proof.table, field, value)
            tried += 1
    assert tried > 1_000


def test_another_row_of_the_same_chunk_is_proved_as_what_it_is_and_other_rows_are_not():
    ledger = ledger_of()
    proof, accounts = ledger.prove("accounts", 70), ledger.book.accounts
    for row in range(-1, 201):
        found = verify(proof._replace(row=row), ledger.history.head)
        assert found == (record_of(accounts, row, ("pending",)) if 64 <= row < 128 else None)


def test_a_row_after_the_last_one_of_a_short_chunk_is_not_proved():
    ledger = ledger_of()
    busy = max(ledger.history.blocks, key=lambda block: block.header.transactions).header
    assert busy.transactions % 32, "its last chunk is short"
    last = ledger.prove("transactions", busy.transactions - 1, height=busy.height)
    state = ledger.prove("accounts", 199)
    for beyond in range(1, 32):
        assert verify(last._replace(row=last.row + beyond), busy) is None
        assert verify(state._replace(row=199 + beyond), ledger.history.head) is None


def test_the_state_is_proved_as_of_the_last_block_only():
    ledger = ledger_of()
    assert ledger.prove("accounts", 0, height=3) == ledger.prove("accounts", 0)
    with pytest.raises(InputError, match="height: 2 given, allowed is the last block"):
        ledger.prove("accounts", 0, height=2)


def test_what_no_header_vouches_for_is_refused_by_name():
    ledger = lived("token", 3, root_every=2)
    refusals = {
        ("transactions", 10**6, 1): "row: 1000000 given, allowed is 0 to",
        ("transactions", 0, 0): "row: 0 given, block 0 has no transactions",
        ("transactions", 0, 4): "height: 4 given, allowed is 0 to 3",
        ("acounts", 0, None): "table: 'acounts' given, allowed are transactions, receipts, head, accounts, identities",
        ("accounts", 0, None): "height: 3 given, allowed is the last block, where it has a state root",
        ("accounts", 0, 2): "height: 2 given, allowed is the last block, where it has a state root",
    }
    for (table, row, height), message in refusals.items():
        with pytest.raises(InputError, match=message):
            ledger.prove(table, row, height=height)
    ledger.seal()
    assert ledger.prove("accounts", 0)
    with pytest.raises(InputError, match="row: 200 given, allowed is 0 to 199"):
        ledger.prove("accounts", 200)
    with pytest.raises(InputError, match=r"row: -1 given"):
        ledger.prove("accounts", -1)


def test_a_proof_written_down_as_json_is_the_same_proof():
    for proof, header in sample():
        text = as_text(proof, header)
        assert json.loads(text)["proof"]["row"] == proof.row
        assert from_text(text) == (proof, header)
        assert from_text(json.dumps(json.loads(text))) == (proof, header)


ODD = [
    None,
    True,
    -1,
    2**63,
    10**5000,
    1.0,
    float("nan"),
    "",
    "x",
    "\ud800",
    "AB",
    b"",
    [],
    (),
    {},
    object(),
    ("a",),
    (1,),
    (None,),
]


@pytest.mark.parametrize("field", Proof._fields)
def test_no_hostile_proof_makes_the_verifier_fall(field):
    for proof, header in sample():
        for value in ODD:
            if value != getattr(proof, field) or type(value) is not type(getattr(proof, field)):
                assert verify(proof._replace(**{field: value}), header) is None, (field, value)
    empty = Header(0, 0, 0, 0, 0, 0, 0, b"", b"", b"", b"")
    for proof, _ in sample():
        assert verify(proof, empty) is None


def test_a_table_without_columns_proves_nothing_even_if_its_root_fits():
    from chain.merkle import leaf_hash
    from chain.state import about_table

    bare = Proof("void", 0, "", (), (), 1, 0, 1, ())
    root = leaf_hash(about_table("void", (), 1, 0, 1) + leaf_hash(b""))
    assert verify(bare, Header(0, 0, 0, 0, 0, 0, 0, NO_ROOT, NO_ROOT, NO_ROOT, root)) is None


def replaced(text, part, field, value):
    given = json.loads(text)
    given[part][field] = value
    return json.dumps(given)


def test_a_text_that_is_no_proof_is_refused_in_one_line():
    proof, header = sample()[0]
    text = as_text(proof, header)
    texts = [
        "",
        "null",
        "[]",
        "3",
        '"x"',
        "{}",
        "{",
        text[:-3],
        text + "}",
        "[" * 100_000,
        '{"proof": {}}',
        '{"proof": 3, "header": []}',
    ]
    for part, kind in (("proof", Proof), ("header", Header)):
        for field in kind._fields:
            for value in (None, True, 1.5, float("inf"), float("nan"), 2**63, [[]], {}, [None], "xyz", "ab\n"):
                if (part, field) != ("proof", "table") or not isinstance(value, str):
                    texts.append(replaced(text, part, field, value))
            without = json.loads(text)
            del without[part][field]
            texts.append(json.dumps(without))
    texts += [
        replaced(text, "proof", "more", 1),
        replaced(text, "header", "parent", "ab" * 33),
        text.replace('"row": 3', '"row": ' + 5_000 * "9"),
    ]
    for wrong in texts:
        with pytest.raises(InputError) as raised:
            from_text(wrong)
        assert "\n" not in str(raised.value)
    assert issubclass(InputError, ValueError)


def branches(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["proof", "header", "row"]), inner)


@given(
    st.text(max_size=20) | st.recursive(st.none() | st.integers() | st.text(max_size=3), branches, max_leaves=6).map(json.dumps)
)
def test_any_other_text_is_refused(text):
    with pytest.raises(ValueError, match="allowed"):
        from_text(text)


def test_fields_are_those_of_a_transaction_and_of_a_receipt():
    ledger = purse([100, 0])
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=5)
    ledger.seal()
    for table, layout in (("transactions", SIGNED), ("receipts", RECEIPT)):
        assert tuple(verify(ledger.prove(table, 0), ledger.history.head)) == layout.names
