"""The pool trades by Uniswap's formula, exact up to 2^62; shares are in proportion, and the product never falls."""

from itertools import pairwise
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.contracts.constant_product import CREDITS, MONEY, amount_out
from chain.digest import digest
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchanges import POOL_CREDITS, POOL_MONEY, exchange
from tests.chain.markets import CLIENT, PROVIDER, call, done, python
from tests.chain.recordings import stir, swaps

SEQUENCE = """
from chain.digest import digest
from chain.rule import MODE
from tests.chain.recordings import lived
from tests.chain.test_constant_product import large_swaps
ledgers = [lived(name, 6, seed=5, count=60, record=False) for name in ("exchange", "payee_escrow")]
print(MODE, *(digest(ledger.batch) for ledger in ledgers), large_swaps())
"""


def plain_out(amount, reserve_in, reserve_out, fee_bps):
    """The formula in whole numbers of any size."""
    paid = amount * (10_000 - fee_bps)
    return paid * reserve_out // (reserve_in * 10_000 + paid)


def pool(money, credits, *, held=10**6, **given):
    """A pool without transaction fees that the provider founded with so much; client and provider have as much again of both."""
    ledger = exchange(balances=[0, held, held + money], base_fee=0, spare=0, **given)
    done(ledger, Kind.CREDIT_MINT, CLIENT, to=CLIENT, amount=held)
    done(ledger, Kind.CREDIT_MINT, CLIENT, to=PROVIDER, amount=held + credits)
    done(ledger, Kind.ADD_LIQUIDITY, PROVIDER, amount=money, stake=credits)
    return ledger


def state(ledger):
    terms = ledger.view("terms")[0]
    return int(terms.money), int(terms.credits), int(terms.shares)


def purse(ledger, address):
    """Money, credits and shares of an account."""
    return ledger.balance(address), int(ledger.view("credits")[address].balance), int(ledger.view("liquidity")[address].shares)


def test_the_published_swap_gives_what_it_gives_in_uniswap():
    ledger = pool(5 * 10**15, 10 * 10**15, held=10**16)
    done(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=10**15, count=1_662_497_915_624_478)
    assert purse(ledger, CLIENT)[:2] == (9 * 10**15, 10**16 + 1_662_497_915_624_478)


EDGES = st.sampled_from([1, 2, 3, 9_999, 10_000, 10_001, 2**31, 2**49 - 1, 2**49, 2**50, 2**60, 2**61])
sizes = st.integers(1, 20) | EDGES | st.integers(1, 2**61) | st.integers(1, 61).map(lambda bits: 2**bits)


@given(sizes, sizes, sizes | st.just(2**62), st.sampled_from([0, 1, 30, 9_999, 10_000]) | st.integers(0, 10_000))
def test_what_a_pool_gives_is_exact_for_all_reserves_and_fees(amount, reserve_in, reserve_out, fee_bps):
    assert amount_out(amount, reserve_in, reserve_out, fee_bps) == plain_out(amount, reserve_in, reserve_out, fee_bps)


def test_what_a_pool_gives_is_exact_for_a_hundred_thousand_random_swaps():
    dice = np.random.default_rng(3)
    bits = dice.uniform(0, 61, (100_000, 3))
    for numbers, fee in zip((2.0**bits).astype(np.int64).tolist(), dice.integers(0, 10_001, 100_000).tolist(), strict=True):
        assert amount_out(*numbers, fee) == plain_out(*numbers, fee), (numbers, fee)


def test_a_swap_moves_both_assets_and_one_unit_more_is_refused():
    for asset, reserves in ((MONEY, (POOL_MONEY, POOL_CREDITS)), (CREDITS, (POOL_CREDITS, POOL_MONEY))):
        ledger = pool(POOL_MONEY, POOL_CREDITS)
        out = plain_out(1_000, *reserves, 30)
        assert call(ledger, Kind.SWAP, CLIENT, subject=asset, amount=1_000, count=out + 1).status == Status.TOO_LITTLE_OUT
        assert (purse(ledger, CLIENT), state(ledger)[:2]) == ((10**6, 10**6, 0), (POOL_MONEY, POOL_CREDITS))
        done(ledger, Kind.SWAP, CLIENT, subject=asset, amount=1_000, count=out)
        change = (-1_000, out) if asset == MONEY else (out, -1_000)
        assert purse(ledger, CLIENT) == (10**6 + change[0], 10**6 + change[1], 0)
        assert state(ledger)[:2] == (POOL_MONEY - change[0], POOL_CREDITS - change[1])


def test_what_gives_nothing_is_refused():
    ledger = pool(4_000, 1_000)
    assert call(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=4).status == Status.TOO_LITTLE_OUT
    done(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=5)


def test_a_swap_after_its_deadline_is_refused():
    ledger = pool(POOL_MONEY, POOL_CREDITS)
    assert call(ledger, Kind.SWAP, CLIENT, amount=1_000, deadline=ledger.height).status == Status.EXPIRED
    assert purse(ledger, CLIENT) == (10**6, 10**6, 0)
    done(ledger, Kind.SWAP, CLIENT, amount=1_000, deadline=ledger.height + 1)


def test_the_fee_is_30_bps_where_nothing_is_said_and_a_parameter():
    ledgers = [pool(1_000_000, 1_000_000), pool(1_000_000, 1_000_000, fee_bps=0), pool(1_000_000, 1_000_000, fee_bps=10_000)]
    for ledger, out in zip(ledgers[:2], (9_871, 9_900), strict=True):
        done(ledger, Kind.SWAP, CLIENT, amount=10_000, count=out)
        assert purse(ledger, CLIENT)[1] == 10**6 + out
    assert call(ledgers[2], Kind.SWAP, CLIENT, amount=10_000).status == Status.TOO_LITTLE_OUT


@pytest.mark.parametrize(
    ("money", "credits"), [(1_000, 1_003), (5_000, 7_000), (10**6, 4 * 10**6), (2**61, 2**61 - 1), (1, 2**61)]
)
def test_the_first_gets_the_root_of_the_product_less_1000_that_are_locked_for_ever(money, credits):
    ledger = pool(money, credits, held=0)
    assert purse(ledger, PROVIDER) == (0, 0, isqrt(money * credits) - 1_000)
    assert state(ledger) == (money, credits, isqrt(money * credits))


@pytest.mark.parametrize(("money", "credits"), [(1_000, 1_000), (1, 1_002_000), (5, 7)])
def test_who_would_found_a_pool_with_no_more_than_the_locked_shares_is_refused(money, credits):
    empty = exchange(balances=[0, 10**7], base_fee=0)
    done(empty, Kind.CREDIT_MINT, CLIENT, to=CLIENT, amount=10**7)
    assert call(empty, Kind.ADD_LIQUIDITY, CLIENT, amount=money, stake=credits).status == Status.NO_SHARES
    assert (purse(empty, CLIENT), state(empty)) == ((10**7, 10**7, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("most", "used"), [((1_000, 9_999), (1_000, 4_000)), ((9_999, 4_000), (1_000, 4_000)), ((1_001, 4_003), (1_000, 4_003))]
)
def test_later_ones_add_at_the_ratio_of_the_reserves(most, used):
    ledger = pool(POOL_MONEY, POOL_CREDITS)
    shares = min(used[0] * 200_000 // POOL_MONEY, used[1] * 200_000 // POOL_CREDITS)
    assert (
        call(ledger, Kind.ADD_LIQUIDITY, CLIENT, amount=most[0], stake=most[1], count=shares + 1).status == Status.TOO_LITTLE_OUT
    )
    done(ledger, Kind.ADD_LIQUIDITY, CLIENT, amount=most[0], stake=most[1], count=shares)
    assert purse(ledger, CLIENT) == (10**6 - used[0], 10**6 - used[1], shares)
    assert state(ledger) == (POOL_MONEY + used[0], POOL_CREDITS + used[1], 200_000 + shares)


def test_who_gives_shares_back_gets_its_part_of_both_and_never_more():
    ledger = pool(POOL_MONEY, POOL_CREDITS)
    done(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=12_345)
    money, credits, shares = state(ledger)
    parts = 70_001 * money // shares, 70_001 * credits // shares
    for short in ((parts[0] + 1, 0), (0, parts[1] + 1)):
        receipt = call(ledger, Kind.REMOVE_LIQUIDITY, PROVIDER, amount=70_001, stake=short[0], count=short[1])
        assert receipt.status == Status.TOO_LITTLE_OUT
    assert call(ledger, Kind.REMOVE_LIQUIDITY, PROVIDER, amount=199_001).status == Status.INSUFFICIENT_SHARES
    assert call(ledger, Kind.REMOVE_LIQUIDITY, CLIENT, amount=1).status == Status.INSUFFICIENT_SHARES
    done(ledger, Kind.REMOVE_LIQUIDITY, PROVIDER, amount=70_001, stake=parts[0], count=parts[1])
    assert purse(ledger, PROVIDER) == (10**6 + parts[0], 10**6 + parts[1], 199_000 - 70_001)
    assert state(ledger) == (money - parts[0], credits - parts[1], shares - 70_001)


def test_to_add_and_remove_at_once_or_to_swap_there_and_back_earns_nothing():
    dice = np.random.default_rng(4)
    for _ in range(100):
        ledger = pool(*(int(x) for x in dice.integers(1_100, 10**6, 2)), fee_bps=0, record=False)
        amounts = [int(x) for x in dice.integers(1_000, 10**6, 2)]
        if call(ledger, Kind.ADD_LIQUIDITY, CLIENT, amount=amounts[0], stake=amounts[1]).status == Status.OK:
            call(ledger, Kind.REMOVE_LIQUIDITY, CLIENT, amount=purse(ledger, CLIENT)[2])
        before = purse(ledger, CLIENT)
        assert max(before[:2]) <= 10**6
        if call(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=amounts[0] // 2).status == Status.OK:
            call(ledger, Kind.SWAP, CLIENT, subject=CREDITS, amount=purse(ledger, CLIENT)[1] - before[1])
        assert purse(ledger, CLIENT)[0] <= before[0]


def test_over_a_long_random_game_a_share_is_never_worth_less():
    """The product over the square of the shares: swaps and rounding can only lift it."""
    ledger, dice, worth = swaps(seed=9, record=False), np.random.default_rng(9), []
    for _ in range(60):
        stir(ledger, dice, 60)
        worth.append(state(ledger))
    worth = [numbers for numbers in worth if numbers[2]]
    assert len(set(worth)) > 30
    for (money, credits, shares), (more_money, more_credits, more_shares) in pairwise(worth):
        assert more_money * more_credits * shares**2 >= money * credits * more_shares**2


def large_swaps():
    """Swaps of a pool near 2^62, there and back; the digest of the end."""
    held = MAX_SUPPLY // 4
    ledger = pool(held, held // 3, held=held, record=False)
    for k in range(20):
        done(ledger, Kind.SWAP, CLIENT, subject=k % 2, amount=held // (3 * k + 2))
    return digest(ledger.batch)


def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted, compiled = python(SEQUENCE, NUMBA_DISABLE_JIT="1").split(), python(SEQUENCE).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(SEQUENCE, NUMBA_BOUNDSCHECK="1").split()
    assert checked[0] == "checked"
    assert checked[1:] == python(SEQUENCE).split()[1:]


def test_who_has_no_credits_can_not_pay_with_them():
    ledger = pool(POOL_MONEY, POOL_CREDITS)
    done(ledger, Kind.CREDIT_BURN, CLIENT, amount=10**6 - 9)
    assert call(ledger, Kind.SWAP, CLIENT, subject=CREDITS, amount=10).status == Status.INSUFFICIENT_CREDITS
    assert call(ledger, Kind.SWAP, CLIENT, subject=MONEY, amount=10**6 + 1).status == Status.INSUFFICIENT_BALANCE
