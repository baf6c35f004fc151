"""`Ledger`: one ledger to hold in the hand."""

import pytest

from chain.digest import digest
from chain.errors import InputError, InvariantError, LedgerLabError
from chain.layout import MAX_GAS, OUTSIDE, Kind
from chain.ledger import Ledger, Receipt
from chain.status import Status
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, STAKE, done, market, purse


def busy():
    """A market with an open job and a transaction that waits."""
    ledger = market(gas_limit=200)
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    ledger.submit(Kind.TRANSFER, CLIENT, to=OTHER, amount=5)
    return ledger


def go_on(ledger):
    ledger.submit(Kind.DELIVER, PROVIDER, subject=0, bps=5_000)
    ledger.seal()
    ledger.submit(Kind.DISPUTE, CLIENT, subject=0)
    ledger.seal()
    return ledger.digest()


def test_a_receipt_says_what_became_of_a_transaction():
    ledger = purse([100, 0], base_fee=1)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=30, tip=1)
    assert ledger.seal() == [Receipt(Kind.TRANSFER, 0, 0, Status.OK, 42, 1, None)]
    assert ledger.height == 1
    ledger.submit(99, 0)
    (receipt,) = ledger.seal()
    assert receipt == (99, 0, 1, Status.UNKNOWN_KIND, 21, 2, None)
    assert type(receipt.kind) is int


def test_an_empty_block_is_sealed_without_receipts():
    ledger = purse([100, 0])
    assert ledger.seal() == []
    assert (ledger.height, ledger.balance(0)) == (1, 100)


def test_a_snapshot_restores_the_same_state_and_the_same_future():
    ledger = busy()
    kept, before = ledger.snapshot(), ledger.digest()
    future = go_on(ledger)
    assert future != before
    ledger.restore(kept)
    assert ledger.digest() == before
    assert go_on(ledger) == future
    ledger.restore(kept)
    assert ledger.digest() == before, "a snapshot can be used again"


def test_the_same_transactions_give_the_same_digest_and_another_seed_another():
    assert go_on(busy()) == go_on(busy())
    assert market(seed=1).digest() != market(seed=2).digest()


def test_a_digest_sees_every_number_and_the_name_of_every_array():
    ledger = busy()
    before = ledger.digest()
    for field, array in zip(ledger.batch._fields, ledger.batch, strict=True):
        if field == "block" or not array.size:
            continue
        flat = array.view("i8").reshape(-1)
        flat[-1] += 1
        assert ledger.digest() != before
        flat[-1] -= 1
    assert ledger.digest() == before == digest(ledger.batch, 0)
    renamed = ledger.batch._replace(offers=ledger.batch.stakes, stakes=ledger.batch.offers)
    assert digest(renamed) != before


def test_a_job_is_read_by_its_number():
    job = busy().job(0)
    assert (job["client"], job["provider"], job["price"]) == (CLIENT, PROVIDER, PRICE)


def test_a_ledger_without_jobs_says_so():
    with pytest.raises(InputError, match=r"table: 'jobs' given, allowed are head, accounts, identities$"):
        purse([1]).job(0)


def test_books_that_do_not_balance_raise():
    ledger = busy()
    ledger.check()
    ledger.book.accounts[CLIENT].balance += 1
    with pytest.raises(InvariantError, match="minted"):
        ledger.check()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sender": -1}, "sender: -1 given, allowed is 0 to 6"),
        ({"sender": 7}, "sender: 7 given, allowed is 0 to 6"),
        ({"sender": 1.5, "nonce": 0}, "sender: 1.5 given, allowed is 0 to 6"),
        ({"sender": "one"}, "sender: one given, allowed is 0 to 6"),
        ({"sender": True}, "sender: True given, allowed is 0 to 6"),
        ({"sender": 5}, r"sender 5: .*NO_SUCH_SENDER"),
        ({"sender": 1, "amout": 3}, "amout: no such argument.*allowed are tip, max_fee, to, subject, amount, stake, count, bps"),
        ({"sender": 1, "arrival": 3}, "arrival: no such argument"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_submitted(given, message):
    ledger = market()
    before = ledger.digest()
    with pytest.raises(InputError, match=message):
        ledger.submit(Kind.TRANSFER, **given)
    assert ledger.digest() == before


def test_a_full_mempool_is_an_error_of_the_caller():
    ledger = purse([100, 0], pool=1)
    ledger.submit(Kind.TRANSFER, 0)
    with pytest.raises(InputError, match="POOL_FULL"):
        ledger.submit(Kind.TRANSFER, 0)
    assert len(ledger.seal()) == 1


def test_a_wrong_term_or_setting_is_named_with_what_is_allowed():
    with pytest.raises(InputError, match="terms: 'fee' given, allowed are services, min_stake"):
        Ledger(balances=[1], terms={"fee": 1})
    with pytest.raises(InputError, match="gas_limit: -5 given, allowed is 0 to"):
        Ledger(balances=[1], gas_limit=-5)
    for field in ("pool", "spare"):
        for wrong in (-1, 1.5, "many"):
            with pytest.raises(InputError, match=f"{field}: {wrong} given, allowed is [01] to"):
                Ledger(balances=[1], **{field: wrong})
    with pytest.raises(InputError, match=r"balances: \[\] given, allowed is one amount and more"):
        Ledger(balances=[])
    assert issubclass(InputError, LedgerLabError)
    assert issubclass(InputError, ValueError)


WRONG_TERMS = [
    ("slash_bps", 10_001),
    ("arbiter_bps", -1),
    ("min_stake", -5),
    ("delivery_window", -1),
    ("opened", 4),
    ("slash_bps", 0.5),
]


@pytest.mark.parametrize(("term", "value"), WRONG_TERMS)
def test_a_term_outside_its_range_is_refused(term, value):
    with pytest.raises(InputError, match=term):
        Ledger(balances=[1], terms={term: value})


@pytest.mark.parametrize("amount", [1.5, 2**63, -(2**63) - 1])
def test_an_amount_that_is_no_64_bit_integer_is_refused_by_name(amount):
    with pytest.raises(InputError, match="amount: "):
        purse([100, 0]).submit(Kind.TRANSFER, 0, to=1, amount=amount)


@pytest.mark.parametrize("read", [lambda ledger: ledger.balance(-1), lambda ledger: ledger.job(5), lambda ledger: ledger.job(-1)])
def test_reading_what_does_not_exist_is_an_error(read):
    with pytest.raises(LedgerLabError):
        read(busy())


def test_a_view_shows_a_table_of_the_state_and_can_not_be_written():
    ledger = busy()
    accounts = ledger.view("accounts")
    assert accounts["balance"].tolist() == [ledger.balance(a) for a in range(7)]
    assert ledger.view("jobs")[0].price == PRICE
    assert ledger.view("head")[0].height == 3
    with pytest.raises(ValueError, match="read-only"):
        accounts["balance"][0] = 5
    with pytest.raises(ValueError, match="read-only"):
        accounts[0] = accounts[1]
    for table in (*OUTSIDE, "account"):
        with pytest.raises(InputError, match=f"table: '{table}' given, allowed are head, accounts, identities, terms,"):
            ledger.view(table)


def test_what_waits_is_shown_and_can_not_be_written():
    ledger = busy()
    assert (ledger.waiting["kind"].tolist(), ledger.waiting["amount"].tolist()) == ([Kind.TRANSFER], [5])
    with pytest.raises(ValueError, match="read-only"):
        ledger.waiting["amount"][0] = 6
    ledger.seal()
    assert ledger.waiting.size == 0


def test_the_next_nonce_is_the_one_after_those_that_wait():
    ledger = purse([1_000, 1_000])
    for given in ({}, {}, {"nonce": 7}, {}, {"nonce": 2**63 - 1}):
        ledger.submit(Kind.TRANSFER, 0, to=1, **given)
    assert ledger.waiting["nonce"].tolist() == [0, 1, 7, 8, 2**63 - 1]
    ledger.submit(Kind.TRANSFER, 1, to=0)
    assert ledger.waiting["nonce"][-1] == 0
    before = ledger.digest()
    with pytest.raises(InputError, match="nonce: 9223372036854775808 given"):
        ledger.submit(Kind.TRANSFER, 0, to=1)
    for wrong in ({"kind": 2**63}, {"kind": 1.5}, {"kind": None}, {"deadline": "soon"}, {"nonce": 2**70}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: .* given"):
            ledger.submit(**({"kind": Kind.TRANSFER, "sender": 1} | wrong))
    assert ledger.digest() == before


def test_another_proposer_earns_the_tips_from_then_on():
    ledger = purse([1_000, 0, 0], spare=1)
    for proposer in (1, None, 2):
        ledger.submit(Kind.TRANSFER, 0, to=0, tip=1)
        ledger.seal(proposer=proposer)
    assert [ledger.balance(a) for a in range(3)] == [1_000 - 63, 42, 21]
    before = ledger.digest()
    for wrong, message in ((3, "allowed are accounts that are in use"), (4, "allowed is 0 to 3"), (-1, "allowed is 0 to 3")):
        with pytest.raises(InputError, match=f"proposer: {wrong} given, {message}"):
            ledger.seal(proposer=wrong)
    assert ledger.digest() == before


@pytest.mark.parametrize(("limit", "step"), [(4_096, 3), (2_048, 1), (2_047, 0), (5, 0), (0, 0), (MAX_GAS, 2**20 - 1)])
def test_the_gas_limit_moves_by_less_than_one_part_in_1024(limit, step):
    for change in {step, -step, 0}:
        ledger = purse([10], gas_limit=limit)
        if limit + change <= MAX_GAS:
            ledger.seal(gas_limit=limit + change)
            assert ledger.book.head[0].gas_limit == ledger.history.head.gas_limit == limit + change
    for change in (step + 1, -step - 1):
        ledger = purse([10], gas_limit=limit)
        before = ledger.digest()
        with pytest.raises(
            InputError, match=f"gas_limit: {limit + change} given, allowed is ({limit} and {step} more or less|0 to)"
        ):
            ledger.seal(gas_limit=limit + change)
        assert ledger.digest() == before


def test_a_builder_decides_the_order_of_one_block_and_what_waits():
    ledger = purse([100] * 3)
    for sender, amount in ((0, 1), (1, 2), (2, 3), (0, 4)):
        ledger.submit(Kind.TRANSFER, sender, to=1, amount=amount, tip=amount % 3)
    ordering = ledger.book.head[0].ordering
    ledger.seal(builder=lambda waiting: [k for k in (2, 3, 0) if waiting["amount"][k] != 2])
    assert ledger.history.blocks[-1].transactions["amount"].tolist() == [3, 1, 4], "a sender's own come by nonce"
    assert ledger.waiting["amount"].tolist() == [2]
    assert ledger.book.head[0].ordering == ordering
    assert [receipt.sender for receipt in ledger.seal()] == [1], "what was left out is for the next block"


@pytest.mark.parametrize("choice", [[0, 0], [2], [-1], [0.5], ["first"], [None]])
def test_a_builder_that_names_what_does_not_wait_or_twice_is_refused(choice):
    ledger = purse([100] * 2)
    for sender in (0, 1):
        ledger.submit(Kind.TRANSFER, sender, to=1)
    before = ledger.digest()
    with pytest.raises(InputError, match=r"builder: .* given, allowed is"):
        ledger.seal(builder=lambda _: choice)
    assert ledger.digest() == before
    assert len(ledger.seal()) == 2
