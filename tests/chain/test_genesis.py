"""How a ledger begins, and what it says to settings that are wrong."""

import numpy as np
import pytest

from chain.deployments import token
from chain.errors import InputError
from chain.genesis import found
from chain.invariants import check
from chain.layout import MAX_BASE_FEE, MAX_FEE_QUOTIENT, MAX_GAS, MAX_SUPPLY, NOBODY


def founded(**given):
    book = token.blank(2, 4, 8)
    found(book, **({"seeds": 1, "balances": [5, 6, 7]} | given))
    check(book)
    return book


def test_every_name_up_to_the_last_balance_has_an_open_account_and_the_rest_are_spare():
    book = founded()
    for w in range(2):
        assert book.accounts[w]["balance"].tolist() == [5, 6, 7, 0]
        assert book.accounts[w]["owner"].tolist() == [0, 1, 2, NOBODY]
        assert book.identities[w]["latest"].tolist() == [0, 1, 2, NOBODY]
    assert book.head["minted"].tolist() == [[18], [18]]
    assert book.head["registered"].tolist() == [[3], [3]]


def test_names_can_lie_in_any_rows():
    book = founded(rows=[2, 0, 3, 1], proposer=2)
    assert book.identities[0]["address"].tolist() == [2, 0, 3, 1]
    assert book.accounts[0]["name"].tolist() == [1, 3, 0, 2]
    assert book.accounts[0]["balance"].tolist() == [6, 0, 5, 7]
    assert book.head[0, 0].proposer == 3


def test_settings_reach_the_head():
    book = founded(seeds=[8, 9], worlds=[4, 5], episode=3, base_fee=2, fee_quotient=8, gas_limit=100, registration_fee=6)
    for column, values in {"seed": [8, 9], "world": [4, 5], "episode": [3, 3], "base_fee": [2, 2], "tick": [0, 0]}.items():
        assert book.head[column][:, 0].tolist() == values
    for column, value in {"fee_quotient": 8, "gas_limit": 100, "registration_fee": 6, "height": 0}.items():
        assert (book.head[column] == value).all()


def test_worlds_draw_differently_by_seed_by_coordinate_and_by_episode():
    latencies = [
        founded(seeds=[1, 2]).head["latency"],
        founded(worlds=[3, 4]).head["latency"],
        founded(episode=5).head["latency"],
    ]
    assert np.unique(latencies).size == 5


def test_the_whole_supply_can_be_minted_and_no_more():
    book = founded(balances=[MAX_SUPPLY - 1, 1])
    assert (book.head["minted"] == MAX_SUPPLY).all()
    with pytest.raises(InputError, match=rf"balances: .*at most {MAX_SUPPLY}"):
        founded(balances=[MAX_SUPPLY, 1])
    with pytest.raises(InputError, match="balances: "):
        founded(balances=[2**62] * 4)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("balances", [-1], "allowed is 0 to"),
        ("rows", [0, 1, 2], "a permutation of 0 to 3"),
        ("rows", [0, 1, 2, 2], "a permutation of 0 to 3"),
        ("rows", [1, 2, 3, 4], "a permutation of 0 to 3"),
        ("rows", [0.5, 1.5, 2.5, 3.5], "a permutation of 0 to 3"),
        ("proposer", 3, "0 to 2"),
        ("proposer", -1, "0 to 2"),
        ("base_fee", -1, f"0 to {MAX_BASE_FEE}"),
        ("base_fee", MAX_BASE_FEE + 1, f"0 to {MAX_BASE_FEE}"),
        ("fee_quotient", -1, f"0 to {MAX_FEE_QUOTIENT}"),
        ("gas_limit", MAX_GAS + 1, f"0 to {MAX_GAS}"),
        ("gas_limit", -1, f"0 to {MAX_GAS}"),
        ("registration_fee", MAX_SUPPLY + 1, f"0 to {MAX_SUPPLY}"),
        ("ordering", 4, "0 to 3"),
        ("ordering", -1, "0 to 3"),
        ("capacity", 9, "0 to 8"),
        ("capacity", -1, "0 to 8"),
        ("episode", 2**32, f"0 to {2**32 - 1}"),
        ("episode", -1, f"0 to {2**32 - 1}"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed_and_nothing_is_written(field, value, allowed):
    book = founded()
    before = [array.copy() for array in book]
    with pytest.raises(InputError, match=f"{field}: .*{allowed}"):
        found(
            book,
            **({"seeds": 2, "balances": [5, 6, 7]} | {field: value}),
        )
    assert all(np.array_equal(a, b) for a, b in zip(before, book, strict=True))


def test_more_balances_than_rows_are_refused():
    with pytest.raises(InputError, match=r"rows: .*at most 4 balances"):
        founded(balances=[1] * 5)


@pytest.mark.parametrize(
    ("field", "value"),
    [("balances", [1.5]), ("base_fee", 1.5), ("worlds", [0, 2**32]), ("worlds", [0, -1]), ("balances", [2**63])],
)
def test_what_a_ledger_can_not_hold_exactly_is_refused_by_name(field, value):
    with pytest.raises(InputError, match=f"{field}: "):
        founded(**{field: value})


def test_the_limits_themselves_are_allowed():
    founded(base_fee=MAX_BASE_FEE, gas_limit=MAX_GAS, registration_fee=MAX_SUPPLY, episode=2**32 - 1, proposer=2)
    founded(base_fee=0, gas_limit=0, registration_fee=0, episode=0, proposer=0)
