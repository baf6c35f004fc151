"""A refused transaction changes nothing but its sender's nonce and fee: for every entry point and every reason."""

from itertools import combinations
from pathlib import Path

import pytest

from chain.block import admit
from chain.contracts import __path__ as contract_folders
from chain.contracts import service_escrow
from chain.layout import NOBODY, OUTSIDE, SIGNED, Kind, records
from chain.mempool import next_tick, submit
from chain.status import ADMITTED_FROM, Status
from tests.chain.escrow_spoilers import in_parts
from tests.chain.markets import BASE_FEE, CLIENT, OTHER, PROPOSER, TIP, call, fee_of, same
from tests.chain.spoilers import BEYOND, CONTRACTS, DECLARED, EXCLUSIVE, SPOILERS, good

EVERY = [(kind, status) for kind, spoilers in SPOILERS.items() for status in spoilers]
PASSING = set(OUTSIDE)
"""Arrays that hold what passes through: their used part is described by the head."""


def book_of(ledger):
    return type(ledger.book)(*(array.copy() for array in ledger.book))


def assert_equal_books(found, expected, leave_out=frozenset(PASSING)):
    for field in set(expected._fields) - set(leave_out):
        assert same(getattr(found, field), getattr(expected, field)), (field, getattr(found, field), getattr(expected, field))


def after_refusal(before, sender, kind, tip):
    """What the book must be after one block with one transaction that was included and refused."""
    fee, gas = fee_of(kind, tip), fee_of(kind, 0, base_fee=1)
    before.accounts[sender].nonce += 1
    before.accounts[sender].balance -= fee
    before.accounts[PROPOSER].balance += gas * tip
    head = before.head[0]
    head.burned += gas * BASE_FEE
    head.fees_burned += gas * BASE_FEE
    head.tips += gas * tip
    head.gas_used, head.receipts = gas, 1
    head.height += 1
    next_tick(head)
    return before


def assert_refused(case, status):
    before, nonce = book_of(case.ledger), int(case.ledger.book.accounts[case.sender].nonce)
    receipt = call(case.ledger, case.kind, case.sender, **case.given)
    tip = case.given["tip"]
    assert receipt == (case.kind, case.sender, nonce, status, fee_of(case.kind, tip), case.ledger.height, None)
    assert_equal_books(case.ledger.book, after_refusal(before, case.sender, case.kind, tip))
    assert case.ledger.book.head[0].pending == 0


def test_the_table_covers_exactly_the_refusals_that_contracts_declare():
    assert {kind: set(spoilers) for kind, spoilers in SPOILERS.items()} == {k: set(refusals) for k, refusals in DECLARED.items()}
    assert set(DECLARED) == set(Kind)
    files = {path.stem for folder in contract_folders for path in Path(folder).glob("*.py")}
    assert files - {"__init__"} == {contract.__name__.split(".")[-1] for contract in CONTRACTS}


def test_every_status_is_a_refusal_of_the_table_or_of_admission():
    of_admission = {status for status in Status if status < ADMITTED_FROM}
    of_tables = {status for refusals in DECLARED.values() for status in refusals}
    assert of_admission | of_tables | {Status.EXPIRED, Status.UNKNOWN_KIND} == set(Status)


@pytest.mark.parametrize("kind", Kind)
def test_the_unspoiled_transaction_succeeds(kind):
    case = good(kind)
    assert call(case.ledger, kind, case.sender, **case.given).status == Status.OK


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_a_refused_transaction_changes_only_nonce_and_fee(kind, status):
    case = good(kind)
    SPOILERS[kind][status](case)
    assert_refused(case, status)


IN_PARTS = [(kind, status) for kind, refusals in service_escrow.ENTRY_POINTS.items() for status in refusals[1]]


@pytest.mark.parametrize("kind", service_escrow.ENTRY_POINTS)
def test_with_milestones_the_unspoiled_transaction_succeeds(kind):
    case = good(kind, in_parts())
    assert call(case.ledger, kind, case.sender, **case.given).status == Status.OK


@pytest.mark.parametrize(("kind", "status"), IN_PARTS)
def test_with_milestones_a_refused_transaction_changes_only_nonce_and_fee(kind, status):
    case = good(kind, in_parts())
    SPOILERS[kind][status](case)
    assert_refused(case, status)


@pytest.mark.parametrize(("kind", "status"), BEYOND)
def test_arguments_up_to_the_ends_of_64_bits_are_refused_the_same_way(kind, status):
    for arguments in BEYOND[kind, status]:
        case = good(kind)
        case.set(**arguments)
        assert_refused(case, status)


@pytest.mark.parametrize("kind", Kind)
def test_an_expired_transaction_changes_only_nonce_and_fee(kind):
    case = good(kind)
    case.set(deadline=case.ledger.height)
    assert_refused(case, Status.EXPIRED)


@pytest.mark.parametrize("kind", Kind)
def test_a_transaction_still_takes_effect_at_its_deadline(kind):
    case = good(kind)
    case.set(deadline=case.ledger.height + 1)
    assert call(case.ledger, kind, case.sender, **case.given).status == Status.OK


@pytest.mark.parametrize("kind", [0, -1, max(Kind) + 1, 2**62, 2**63 - 1, -(2**63)])
def test_an_unknown_kind_pays_the_fee_of_a_transfer_and_changes_nothing_else(kind):
    case = good(Kind.HIRE)
    case.kind = kind
    assert_refused(case, Status.UNKNOWN_KIND)


@pytest.mark.parametrize("kind", Kind)
def test_of_two_reasons_the_earlier_one_is_named(kind):
    for first, second in combinations(DECLARED[kind], 2):
        if (kind, first, second) in EXCLUSIVE:
            continue
        case = good(kind)
        SPOILERS[kind][second](case)
        SPOILERS[kind][first](case)
        assert call(case.ledger, kind, case.sender, **case.given).status == first, (first, second)


def test_of_all_reasons_of_a_hire_the_earliest_is_named_until_none_is_left():
    reasons = [status for status in DECLARED[Kind.HIRE] if status != Status.OWN_OFFER]
    for k in range(len(reasons)):
        case = good(Kind.HIRE)
        for status in reversed(reasons[k:]):
            SPOILERS[Kind.HIRE][status](case)
        assert call(case.ledger, Kind.HIRE, CLIENT, **case.given).status == reasons[k]


def test_expiry_is_named_before_an_unknown_kind_and_both_before_the_contracts_reasons():
    case = good(Kind.HIRE)
    case.set(to=-1, deadline=0)
    assert call(case.ledger, 99, CLIENT, **case.given).status == Status.EXPIRED
    case.set(deadline=10)
    assert call(case.ledger, 99, CLIENT, **case.given).status == Status.UNKNOWN_KIND


NOT_ADMITTED = {
    Status.BAD_NONCE: [{"nonce": nonce} for nonce in (0, 2, -1, 2**63 - 1, -(2**63))],
    Status.BAD_TIP: [{"tip": tip} for tip in (-1, 2**40 + 1, 2**62, 2**63 - 1, -(2**63))],
    Status.BAD_MAX_FEE: [{"max_fee": max_fee} for max_fee in (TIP - 1, 0, -1, -(2**63))],
    Status.CANNOT_PAY_FEE: [{"tip": 2**40}],
}


@pytest.mark.parametrize("status", NOT_ADMITTED)
def test_a_transaction_that_is_not_admitted_changes_nothing_at_all(status):
    for arguments in NOT_ADMITTED[status]:
        case = good(Kind.TRANSFER)
        assert call(case.ledger, Kind.TRANSFER, CLIENT, to=OTHER, amount=1).status == Status.OK
        before = book_of(case.ledger)
        nonce = arguments.get("nonce", 1)
        receipt = call(case.ledger, Kind.TRANSFER, CLIENT, **(case.given | arguments))
        assert receipt == (Kind.TRANSFER, CLIENT, nonce, status, 0, case.ledger.height, None)
        before.head[0].height += 1
        next_tick(before.head[0])
        before.head[0].gas_used = 0
        assert_equal_books(case.ledger.book, before)


def test_what_needs_more_gas_than_any_block_has_is_refused_and_holds_nobody_up():
    case = good(Kind.HIRE)
    case.ledger.book.head[0].gas_limit = 79
    for sender, kind, tip in ((CLIENT, Kind.HIRE, 9), (OTHER, Kind.TRANSFER, 0)):
        case.ledger.submit(kind, sender, tip=tip)
    before = book_of(case.ledger)
    refused, moved = case.ledger.seal()
    assert refused == (Kind.HIRE, CLIENT, before.accounts[CLIENT].nonce, Status.TOO_MUCH_GAS, 0, case.ledger.height, None)
    assert same(case.ledger.book.accounts[CLIENT].balance, before.accounts[CLIENT].balance)
    assert moved.status == Status.OK


def test_the_last_unit_can_pay_a_fee_and_one_less_can_not():
    for short, status in ((0, Status.OK), (1, Status.CANNOT_PAY_FEE)):
        case = good(Kind.TRANSFER)
        fee, money = fee_of(Kind.TRANSFER, TIP), case.ledger.balance(CLIENT)
        case.ledger.book.accounts[CLIENT].balance = fee - short
        case.ledger.book.head[0].minted -= money - fee + short
        case.set(amount=0)
        assert call(case.ledger, Kind.TRANSFER, CLIENT, **case.given).status == status
        assert case.ledger.balance(CLIENT) == (0 if status == Status.OK else fee - short)


def forged(**columns):
    request = records(SIGNED, 1)
    request["kind"] = Kind.TRANSFER
    for column, value in columns.items():
        request[column] = value
    return request


@pytest.mark.parametrize("sender", [-1, 5, 6, 7, 2**62, 2**63 - 1, -(2**63)])
def test_who_has_no_account_is_refused_by_the_mempool_and_by_the_block(sender):
    ledger = good(Kind.TRANSFER).ledger
    before = book_of(ledger)
    request = forged(sender=sender)
    assert submit(ledger.book.head, ledger.book.accounts, ledger.book.pool, request) == Status.NO_SUCH_SENDER
    assert admit(ledger.book.head, ledger.book.accounts, request[0]) == Status.NO_SUCH_SENDER
    assert_equal_books(ledger.book, before, leave_out=())


def test_a_full_mempool_refuses_and_only_counts_it():
    case = good(Kind.TRANSFER)
    ledger = case.ledger
    for _ in range(64):
        ledger.submit(Kind.TRANSFER, CLIENT)
    before = book_of(ledger)
    for sender in (CLIENT, NOBODY):
        assert submit(ledger.book.head, ledger.book.accounts, ledger.book.pool, forged(sender=sender)) == Status.POOL_FULL
    before.head[0].dropped += 2
    assert_equal_books(ledger.book, before, leave_out=())


def test_admission_names_the_sender_then_nonce_tip_limit_gas_and_fee():
    ledger = good(Kind.TRANSFER).ledger
    head, accounts = ledger.book.head, ledger.book.accounts
    accounts[OTHER].balance, head[0].gas_limit = 0, 21
    wrong = {"sender": NOBODY, "nonce": 9, "tip": -1, "max_fee": -1, "kind": Kind.REGISTER}
    expected = [Status.NO_SUCH_SENDER, Status.BAD_NONCE, Status.BAD_TIP, Status.BAD_MAX_FEE, Status.TOO_MUCH_GAS]
    expected.append(Status.CANNOT_PAY_FEE)
    right = {"sender": OTHER, "nonce": 0, "tip": 0, "max_fee": BASE_FEE, "kind": Kind.TRANSFER}
    for k, status in enumerate(expected):
        columns = dict(list(right.items())[:k] + list(wrong.items())[k:])
        assert admit(head, accounts, forged(**columns)[0]) == status


def test_statuses_rise_from_not_admitted_to_admitted():
    values = [int(status) for status in Status]
    assert values == sorted(set(values))
    by_the_mempool = [Status.POOL_FULL, Status.NO_SUCH_SENDER, Status.UNDERPRICED, Status.REPLACED, Status.EVICTED]
    assert [status for status in Status if 0 < status < ADMITTED_FROM and status != Status.TOO_MUCH_GAS] == [
        *by_the_mempool,
        *NOT_ADMITTED,
    ]


def test_the_values_of_statuses_are_their_order_of_precedence():
    for refusals in DECLARED.values():
        assert list(refusals) == sorted(refusals)
