"""Fees: EIP-1559's base fee is burned, the tip goes to the proposer, and a block holds so much gas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.fees import GAS, gas_of, is_gas_limit, next_base_fee
from chain.layout import MAX_BASE_FEE, MAX_GAS, MAX_PRICE, Kind
from chain.status import Status
from tests.chain.markets import head, market, purse

VECTORS = [
    (10**9, 10_000_000, 10**9),
    (10**9, 9_000_000, 987_500_000),
    (10**9, 11_000_000, 1_012_500_000),
    (10**9, 20_000_000, 1_125_000_000),
    (10**9, 0, 875_000_000),
    (7, 0, 7),
    (7, 20_000_000, 8),
    (0, 20_000_000, 1),
    (0, 0, 0),
    (MAX_BASE_FEE, 20_000_000, MAX_BASE_FEE),
]


@pytest.mark.parametrize(("base_fee", "used", "following"), VECTORS)
def test_the_base_fee_follows_eip_1559(base_fee, used, following):
    assert next_base_fee(base_fee, 20_000_000, used, 8) == following


@given(st.integers(0, MAX_BASE_FEE), st.integers(0, MAX_GAS), st.floats(0, 1), st.integers(0, MAX_BASE_FEE))
def test_the_base_fee_is_exact_and_bounded_for_every_block(base_fee, gas_limit, fullness, quotient):
    used, target = int(gas_limit * fullness), gas_limit // 2
    following = next_base_fee(base_fee, gas_limit, used, quotient)
    if quotient == 0 or target == 0 or used == target:
        expected = base_fee
    elif used > target:
        expected = min(base_fee + max(base_fee * (used - target) // target // quotient, 1), MAX_BASE_FEE)
    else:
        expected = base_fee - base_fee * (target - used) // target // quotient
    assert following == expected
    assert 0 <= following <= MAX_BASE_FEE


def test_every_kind_has_gas_and_an_unknown_kind_costs_a_transfer():
    assert all(gas_of(kind) == GAS[kind] > 0 for kind in Kind)
    for kind in (0, -1, max(Kind) + 1, 2**62, -(2**63)):
        assert gas_of(kind) == gas_of(Kind.TRANSFER) == 21


def test_the_dearest_fee_fits_into_64_bits():
    assert int(GAS.max()) * (MAX_BASE_FEE + MAX_PRICE) < 2**63
    assert MAX_GAS // 2 * (MAX_GAS // 2) < 2**63, "the remainder of the base fee by the target × the distance from it"
    assert MAX_BASE_FEE * 2 < 2**63, "the quotient × the distance: a block is at most twice its target, and one gas more"


@pytest.mark.parametrize("base_fee", [0, 1, 7, 8, 1_000, MAX_BASE_FEE])
def test_empty_blocks_lower_the_base_fee_by_an_eighth_rounded_down(base_fee):
    following = next_base_fee(base_fee, 20_000_000, 0, 8)
    assert following == base_fee - base_fee // 8
    assert (following == base_fee) == (base_fee <= 7), "a base fee of 7 or less does not fall"


@given(st.integers(0, MAX_GAS), st.integers(-2_000_000, 2_000_000))
def test_a_gas_limit_moves_by_less_than_a_1024th(parent, change):
    for limit in (parent + change, parent + change % (parent // 512 + 3) - parent // 1024 - 1):
        moved = abs(limit - parent)
        allowed = moved == 0 or (moved < parent // 1024 and limit <= MAX_GAS)
        assert limit >= 5 or not allowed or moved == 0, "EIP-1559's floor"
        assert is_gas_limit(limit, parent) == allowed


@pytest.mark.parametrize(
    ("limit", "parent", "allowed"),
    [
        (10_240, 10_240, True),
        (10_249, 10_240, True),
        (10_250, 10_240, False),
        (10_231, 10_240, True),
        (10_230, 10_240, False),
        (2_047, 2_048, True),
        (2_046, 2_047, False),
        (2_047, 2_047, True),
        (85, 85, True),
        (86, 85, False),
        (0, 0, True),
        (MAX_GAS, MAX_GAS, True),
        (MAX_GAS, MAX_GAS - 1, True),
        (MAX_GAS + 1, MAX_GAS, False),
        (-(2**63), 20_000, False),
        (2**63 - 1, 20_000, False),
    ],
)
def test_the_gas_limit_of_a_block_keeps_near_its_parents(limit, parent, allowed):
    assert is_gas_limit(limit, parent) == allowed


def test_the_base_fee_is_burned_and_the_tip_goes_to_the_proposer():
    ledger = purse([50, 1_000, 0], base_fee=3)
    ledger.submit(Kind.TRANSFER, 1, to=2, amount=100, tip=4)
    (receipt,) = ledger.seal()
    assert receipt.fee == 21 * (3 + 4) == 147
    assert [ledger.balance(a) for a in range(3)] == [50 + 84, 1_000 - 147 - 100, 100]
    assert (head(ledger).burned, head(ledger).fees_burned, head(ledger).tips) == (63, 63, 84)
    ledger.check()


@pytest.mark.parametrize(("tip", "max_fee", "paid"), [(4, 8, 7), (4, 7, 7), (4, 6, 6), (4, 4, 4), (3, 3, 3), (0, 3, 3)])
def test_a_limit_cuts_the_tip_and_never_the_base_fee(tip, max_fee, paid):
    ledger = purse([0, 1_000, 0], base_fee=3)
    ledger.submit(Kind.TRANSFER, 1, to=2, amount=100, tip=tip, max_fee=max_fee)
    (receipt,) = ledger.seal()
    assert (receipt.status, receipt.fee) == (Status.OK, 21 * paid)
    assert [ledger.balance(a) for a in range(3)] == [21 * (paid - 3), 900 - 21 * paid, 100]
    assert (head(ledger).fees_burned, head(ledger).tips) == (63, 21 * (paid - 3))


def test_a_refused_transaction_pays_the_same_fee():
    ledger = purse([50, 1_000, 0], base_fee=3)
    ledger.submit(Kind.TRANSFER, 1, to=9, amount=100, tip=4)
    (receipt,) = ledger.seal()
    assert (receipt.status, receipt.fee) == (Status.NO_SUCH_ACCOUNT, 147)
    assert [ledger.balance(a) for a in range(3)] == [134, 853, 0]


def test_the_proposer_tips_itself_and_loses_only_the_base_fee():
    ledger = purse([1_000, 0], base_fee=2)
    ledger.submit(Kind.TRANSFER, 0, to=1, amount=5, tip=9)
    ledger.seal()
    assert (ledger.balance(0), ledger.balance(1)) == (1_000 - 42 - 5, 5)
    ledger.check()


def test_another_proposer_earns_the_tips():
    ledger = purse([1_000, 0, 0], proposer=2)
    ledger.submit(Kind.TRANSFER, 0, to=1, tip=1)
    ledger.seal()
    assert [ledger.balance(a) for a in range(3)] == [979, 0, 21]


def test_the_base_fee_rises_with_full_blocks_and_falls_with_empty_ones():
    ledger = purse([0, 10**9], base_fee=1_000, fee_quotient=8, gas_limit=4 * 21)
    for expected in (1_125, 1_265):
        for _ in range(4):
            ledger.submit(Kind.TRANSFER, 1)
        assert len(ledger.seal()) == 4
        assert head(ledger).base_fee == expected
    ledger.submit(Kind.TRANSFER, 1)
    ledger.submit(Kind.TRANSFER, 1)
    assert ledger.seal()[0].fee == 21 * 1_265
    assert head(ledger).base_fee == 1_265
    ledger.seal()
    assert head(ledger).base_fee == 1_265 - 158


def test_a_fee_quotient_of_zero_keeps_the_base_fee():
    ledger = purse([0, 10**9], base_fee=1_000, gas_limit=21)
    ledger.submit(Kind.TRANSFER, 1)
    ledger.seal()
    ledger.seal()
    assert head(ledger).base_fee == 1_000


def test_a_block_never_uses_more_gas_than_its_limit_and_the_rest_waits():
    ledger = market(gas_limit=200)
    for sender in (1, 2, 3, 4):
        ledger.submit(Kind.REGISTER, sender, tip=5 - sender)
    assert [receipt.sender for receipt in ledger.seal()] == [1, 2, 3]
    assert head(ledger).gas_used == 180
    assert [receipt.sender for receipt in ledger.seal()] == [4]
    assert head(ledger).gas_used == 60


def test_who_is_not_admitted_uses_no_gas():
    ledger = market(gas_limit=60)
    ledger.submit(Kind.REGISTER, 1, tip=2**41)
    ledger.submit(Kind.REGISTER, 2, tip=2)
    assert [receipt.status for receipt in ledger.seal()] == [Status.BAD_TIP, Status.OK]
    assert head(ledger).gas_used == 60
