"""Files changed on purpose, so that their checks hold again, and their hashes too: executing them tells what differs."""

import numpy as np
import pytest

from chain.errors import InputError, LedgerLabError, TamperedError
from chain.history import NO_ROOT
from chain.journal import parsed, read
from chain.layout import Kind
from chain.replay import audit
from chain.status import Status
from tests.chain.fuzzing import fuzz
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, STAKE, done, market, purse, python
from tests.chain.recordings import LIVELY, small
from tests.chain.surgery import copied, places, refitted, save, with_checks, with_header, written


def money(folder):
    """Four transfers of which the last depends on the one before it, one more account, an empty block."""
    ledger = purse([10**6, 10**6, 10**6, 100], spare=2, pool=8, base_fee=10, fee_quotient=8, gas_limit=4_096)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=500, tip=3)
    ledger.submit(Kind.TRANSFER, 0, to=2, amount=9_999_999, tip=2)
    ledger.submit(Kind.TRANSFER, 1, to=3, amount=5_000, tip=1)
    ledger.submit(Kind.TRANSFER, 3, to=0, amount=50)
    ledger.seal(proposer=2)
    ledger.submit(Kind.REGISTER, 1, amount=5_000, tip=1)
    ledger.submit(Kind.TRANSFER, 2, to=0, amount=1)
    ledger.seal(gas_limit=4_097)
    ledger.seal()
    return copied(read(ledger.export(folder / "money.ledger")))


def deal(folder):
    """A job that is hired and delivered, in blocks that are full with two transactions."""
    ledger = market(jobs=2, balances=(0, 10**6, 10**6, 10**6), spare=0, pool=4, gas_limit=110)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    ledger.submit(Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE, tip=1)
    ledger.submit(Kind.TRANSFER, OTHER, to=CLIENT, amount=3)
    ledger.seal()
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=5_000)
    return copied(read(ledger.export(folder / "deal.ledger")))


def verdict(journal, folder):
    """The place that the audit of a journal names, and the error; None if all holds."""
    try:
        audit(save(folder, written(journal)))
    except TamperedError as error:
        return error.block, error.part, error.row, error.field
    return None


def test_a_change_whose_checks_hold_again_is_caught_by_the_hashes_in_its_block(tmp_path):
    """Every number of a small file, one after the other."""
    small(tmp_path / "small.ledger")
    content = (tmp_path / "small.ledger").read_bytes()
    last, tried = 3, 0
    for k, (block, part, _, field, what) in enumerate(places(content)):
        if what != "number":
            continue
        with pytest.raises(LedgerLabError) as raised:
            audit(save(tmp_path, with_checks(content, k + 2, 1 << (k % 64))))
        if isinstance(raised.value, InputError):
            assert part == "description"
            continue
        at = raised.value.block
        if part == "header":
            assert at in (block, block + 1 if block < last else None), (block, field)
        elif part in ("transaction", "receipt"):
            assert (at, raised.value.field) == (block, f"{part}s_root")
        else:
            assert at in ((None,) if part == "end" else (None, 0)), part
        tried += 1
    assert tried > 250


TX, RECEIPT, HEADER = "transaction", "receipt", "header"
NUMBERS = [
    ((TX, 0, "amount", 501), (1, HEADER, None, "state_root")),
    ((TX, 2, "amount", 10**9), (1, RECEIPT, 2, "status")),
    ((TX, 1, "amount", 1), (1, RECEIPT, 1, "status")),
    ((TX, 0, "to", 2), (1, HEADER, None, "state_root")),
    ((TX, 0, "to", 77), (1, RECEIPT, 0, "status")),
    ((TX, 0, "kind", 99), (1, RECEIPT, 0, "kind")),
    ((TX, 2, "sender", 2), (1, RECEIPT, 2, "sender")),
    ((TX, 2, "sender", -1), (1, TX, 2, "sender")),
    ((TX, 2, "sender", 2**62), (1, TX, 2, "sender")),
    ((TX, 3, "sender", 5), (1, RECEIPT, 3, "sender")),
    ((TX, 1, "nonce", 2), (1, TX, 1, "nonce")),
    ((TX, 1, "nonce", 0), (1, TX, 1, "nonce")),
    ((TX, 0, "tip", 4), (1, RECEIPT, 0, "fee")),
    ((TX, 0, "tip", -4), (1, RECEIPT, 0, "status")),
    ((TX, 0, "max_fee", 9), (1, TX, 0, "max_fee")),
    ((TX, 0, "max_fee", 11), (1, RECEIPT, 0, "fee")),
    ((TX, 0, "deadline", 0), (1, RECEIPT, 0, "status")),
    ((RECEIPT, 0, "kind", 2), (1, RECEIPT, 0, "kind")),
    ((RECEIPT, 1, "sender", 1), (1, RECEIPT, 1, "sender")),
    ((RECEIPT, 2, "nonce", 1), (1, RECEIPT, 2, "nonce")),
    ((RECEIPT, 1, "status", 0), (1, RECEIPT, 1, "status")),
    ((RECEIPT, 3, "fee", 0), (1, RECEIPT, 3, "fee")),
    ((RECEIPT, 3, "height", 2), (1, RECEIPT, 3, "height")),
    ((RECEIPT, 3, "subject", 0), (1, RECEIPT, 3, "subject")),
]


@pytest.mark.parametrize(("change", "place"), NUMBERS)
def test_a_forged_number_whose_hashes_hold_again_is_caught_by_executing_it(change, place, tmp_path):
    part, row, field, value = change
    journal = money(tmp_path)
    getattr(journal.blocks[1], f"{part}s")[field][row] = value
    assert verdict(refitted(journal), tmp_path) == place


HEADERS = [
    ({"base_fee": 11}, 1, "base_fee"),
    ({"base_fee": 10}, 2, "base_fee"),
    ({"gas_used": 0}, 1, "gas_used"),
    ({"gas_limit": 4_100}, 1, "gas_limit"),
    ({"gas_limit": 4_098}, 2, "state_root"),
    ({"proposer": 1}, 1, "state_root"),
    ({"proposer": 4}, 1, "proposer"),
    ({"proposer": -1}, 1, "proposer"),
    ({"proposer": 2**62}, 3, "proposer"),
    ({"tick": 0}, 2, "tick"),
    ({"tick": -(2**63)}, 1, "tick"),
    ({"tick": 2**33}, 3, "tick"),
    ({"height": 1}, 2, "height"),
    ({"state_root": NO_ROOT}, 1, "state_root"),
    ({"state_root": b"x" * 32}, 3, "state_root"),
]


@pytest.mark.parametrize(("change", "height", "field"), HEADERS)
def test_a_forged_header_whose_hashes_hold_again_is_caught_by_executing_it(change, height, field, tmp_path):
    journal = refitted(with_header(money(tmp_path), height, **change))
    assert verdict(journal, tmp_path) == (height, "header", None, field)


@pytest.mark.parametrize("field", ["parent", "transactions", "transactions_root", "receipts_root"])
def test_a_header_that_does_not_fit_its_block_is_named_by_field(field, tmp_path):
    journal = money(tmp_path)
    value = 5 if field == "transactions" else b"x" * 32
    assert verdict(with_header(journal, 3, **{field: value}), tmp_path) == (3, "header", None, field)


def test_the_end_must_fit(tmp_path):
    journal = money(tmp_path)
    assert verdict(journal, tmp_path) is None
    assert verdict(journal._replace(sealed=5), tmp_path) == (None, "end", None, "")
    assert verdict(journal._replace(last=journal.last[::-1]), tmp_path) == (None, "end", None, "")


def rearranged(journal, height, order, receipts=True):
    block = journal.blocks[height]
    others = block.receipts[order] if receipts else block.receipts
    journal.blocks[height] = block._replace(transactions=block.transactions[order], receipts=others)
    return refitted(journal)


def test_swapped_dropped_and_doubled_transactions_are_caught(tmp_path):
    cases = [
        ([0, 1, 3, 2], True, (1, "receipt", 2, "status")),  # the sender has not been paid yet
        ([0, 2, 1, 3], False, (1, "receipt", 1, "sender")),
        ([1, 0, 2, 3], True, (1, "transaction", 0, "nonce")),
        ([0, 1, 2], True, (1, "header", None, "gas_used")),
        ([1, 2, 3], True, (1, "transaction", 0, "nonce")),
        ([0, 1, 2, 3, 3], True, (1, "transaction", 4, "nonce")),
        ([0, 0, 1, 2, 3], True, (1, "transaction", 1, "nonce")),
        ([0, 1, 2], False, (1, "header", None, "transactions")),
    ]
    for order, receipts, place in cases:
        assert verdict(rearranged(money(tmp_path), 1, order, receipts), tmp_path) == place, order


def test_a_transaction_that_is_not_admitted_has_no_place_in_a_block(tmp_path):
    journal = money(tmp_path)
    block = journal.blocks[1]
    more, answers = (np.concatenate([part, part[-1:]]) for part in (block.transactions, block.receipts))
    more["nonce"][4], more["tip"][4] = 1, -1
    for field, value in {"nonce": 1, "status": Status.BAD_TIP, "fee": 0}.items():
        answers[field][4] = value
    journal.blocks[1] = block._replace(transactions=more, receipts=answers)
    assert verdict(refitted(journal), tmp_path) == (1, "transaction", 4, "")


def test_a_block_with_more_than_its_gas_is_caught(tmp_path):
    journal = deal(tmp_path)
    block = journal.blocks[3]
    more = np.concatenate([block.transactions, block.transactions[1:]])
    more["nonce"][2] += 1
    journal.blocks[3] = block._replace(transactions=more, receipts=np.concatenate([block.receipts, block.receipts[1:]]))
    assert verdict(refitted(journal), tmp_path) == (3, "transaction", 2, "")


def test_a_tick_that_keys_draws_is_caught_where_it_was_drawn(tmp_path):
    journal = deal(tmp_path)
    for height in (4, 3):
        journal = with_header(journal, height, tick=journal.blocks[height].header.tick + 1)
    assert verdict(refitted(journal), tmp_path) == (3, "header", None, "state_root")


GENESIS = [
    ([("accounts", 0, "balance", 1_000)], (0, "state", None, "")),
    ([("accounts", 0, "balance", 1_000), ("head", 0, "minted", 1_000)], (1, "header", None, "state_root")),
    ([("accounts", 0, "balance", -900), ("accounts", 3, "balance", 900)], (1, "header", None, "state_root")),
    ([("accounts", 3, "balance", -100), ("accounts", 1, "balance", 100)], (1, "header", None, "state_root")),
    ([("accounts", 1, "nonce", 1)], (1, "transaction", 2, "nonce")),
    ([("head", 0, "seed", 1)], (1, "header", None, "state_root")),
    ([("head", 0, "base_fee", 1)], (0, "header", None, "base_fee")),
    ([("head", 0, "gas_limit", 1)], (0, "header", None, "gas_limit")),
    ([("head", 0, "proposer", 1)], (0, "header", None, "proposer")),
    ([("head", 0, "height", 1)], (1, "header", None, "height")),
    ([("head", 0, "registered", -1)], (0, "state", None, "")),
    ([("head", 0, "fee_quotient", -16)], (0, "state", None, "")),
    ([("identities", 0, "address", 1)], (0, "state", None, "")),
    ([("accounts", 5, "owner", 1)], (0, "state", None, "")),
    *(
        ([("head", 0, column, 1)], (0, "table head", 0, column))
        for column in ("tick", "pending", "capacity", "ordering", "dropped")
    ),
    ([("accounts", 2, "pending", 1)], (0, "table accounts", 2, "pending")),
]


@pytest.mark.parametrize(("changes", "place"), GENESIS)
def test_a_forged_genesis_is_caught(changes, place, tmp_path):
    journal = money(tmp_path)
    for table, row, column, change in changes:
        journal.tables[table][row, journal.about["tables"][table]["columns"].index(column)] += change
    if ("head", 0, "height", 1) in changes:
        place = (1, "header", None, "height")
    assert verdict(refitted(journal), tmp_path) == place


def test_a_ledger_that_is_whole_in_itself_is_told_apart_by_its_last_hash_alone(tmp_path):
    """Nobody signs here: whoever executes another history has another ledger. Its last header has another hash."""
    true = money(tmp_path)
    swapped = rearranged(money(tmp_path), 1, [0, 2, 1, 3])
    unread = money(tmp_path)
    unread.blocks[1].transactions["stake"][0] = 5
    for other in (swapped, refitted(unread), refitted(with_header(true, 3, tick=9))):
        assert verdict(other, tmp_path) is None
        assert other.last != true.last


@pytest.mark.parametrize("name", LIVELY)
def test_overwritten_numbers_never_make_an_audit_fall(name):
    held, refused = fuzz(name, 150, seed=1)
    assert held > 5
    assert refused > 50


@pytest.mark.slow
def test_overwritten_numbers_never_make_an_audit_read_out_of_bounds():
    code = f"from tests.chain.fuzzing import fuzz; print(*(fuzz(name, 300, 2)[0] for name in {list(LIVELY)}))"
    held = list(map(int, python(code, NUMBA_BOUNDSCHECK="1").split()))
    assert min(held) > 20


def test_a_description_is_as_long_as_its_text(tmp_path):
    journal = money(tmp_path)
    padded = journal._replace(description=journal.description + b" " * 8)
    with pytest.raises(TamperedError, match="description: it does not read as one"):
        parsed(written(padded), "x")
