"""Who paid whom: every payment is in the picture, whether there are few accounts or many."""

import io

import numpy as np
import pytest

from chain.layout import NOBODY
from sim.ledgers.features import accounts_of
from sim.ledgers.movements import movements_of, transactions_of
from sim.ledgers.reading import read
from sim.plots.ledger import MOST, chosen, flows, who_paid_whom
from sim.plots.style import save
from tests.sim.ledgers.examples import market, payments, random_market, story


def shown(ledger, tmp_path):
    """Accounts and movements of a ledger."""
    recorded = read(ledger.export(tmp_path / "one.ledger"))
    tx = transactions_of(recorded)
    movements = movements_of(recorded, tx)
    return accounts_of(recorded, tx, movements), movements


def test_a_small_market_has_a_row_per_account_and_its_amounts_written(tmp_path):
    accounts, movements = shown(story(), tmp_path)
    found = flows(accounts, movements)
    assert found.labels == ["2", "1", "0", "3", "4"]
    assert found.roles == ["provider", "client", "proposer", "account", "account"]
    paid = {(found.labels[a], found.labels[b]): found.amounts[a, b] for a, b in zip(*np.nonzero(found.amounts), strict=True)}
    assert paid == {("2", "1"): 30, ("3", "1"): 300, ("3", "4"): 50}
    axes = who_paid_whom(accounts, movements, "a story").axes[0]
    assert [text.get_text() for text in axes.texts] == ["provider", "client", "proposer", "accounts", "30", "300", "50"]


@pytest.mark.parametrize("make", [lambda: random_market(2), lambda: payments(1_000, 30, 400)])
def test_no_payment_is_left_out(make, tmp_path):
    accounts, movements = shown(make(), tmp_path)
    found = flows(accounts, movements)
    paid = (movements.payer != movements.payee) & (movements.payee != NOBODY)
    assert found.amounts.sum() == movements.amount[paid].sum() == accounts["sent"].sum() > 0
    assert (~found.rests).sum() == min(accounts["address"].size, MOST)
    by_account = dict(zip(accounts["address"].tolist(), accounts["sent"].tolist(), strict=True))
    for row, label in enumerate(found.labels):
        if not found.rests[row]:
            assert found.amounts[row].sum() == by_account[int(label)]
    file = io.BytesIO()
    save(who_paid_whom(accounts, movements, "one $x$"), file)
    assert file.tell() > 10_000


def test_every_role_has_its_rows():
    assert chosen([1_000, 1], 30) == [29, 1]
    assert chosen([800, 200, 3], 30) == [14, 13, 3]
    assert chosen([3], 30) == [3]


def test_a_ledger_without_a_payment_is_drawn_too(tmp_path):
    accounts, movements = shown(market((5, 5)), tmp_path)
    assert flows(accounts, movements).amounts.tolist() == [[0, 0], [0, 0]]
    save(who_paid_whom(accounts, movements, "nothing"), io.BytesIO())
