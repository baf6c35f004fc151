"""A job's life and an account's history tell everything, in order, and their sums are right."""

import itertools

import numpy as np
import pytest

from chain.errors import InputError
from chain.layout import NOBODY, Kind
from sim.ledgers.movements import movements_of, transactions_of
from sim.ledgers.reading import read
from sim.ledgers.stories import history_of, life_of
from tests.chain.exchanges import escrow
from tests.chain.markets import CLIENT, PROVIDER, done
from tests.sim.ledgers.examples import market, random_market, random_parted, random_shop, story


def opened(ledger, tmp_path, account=None):
    """A ledger as it is read from its file, its transactions and its movements."""
    recorded = read(ledger.export(tmp_path / "one.ledger"), account)
    tx = transactions_of(recorded)
    return recorded, tx, movements_of(recorded, tx)


def test_the_life_of_a_job_that_was_disputed(tmp_path):
    paid = "1_000 out of escrow back to 1; 20 of the stake of 2 to 1; 30 of the stake of 2 burned"
    assert life_of(*opened(story(), tmp_path), 0) == [
        (2, 0, 1, "HIRE of 2", "OK", "1_000 of 1 into escrow"),
        (3, 0, 3, "DELIVER, 100 % effort", "NOT_YOUR_JOB", ""),
        (3, 1, 2, "DELIVER, 0 % effort", "OK", ""),
        (4, 0, 1, "DISPUTE, 1 % rating", "OK", paid),
        (4, NOBODY, NOBODY, "closed", "", "stake of 2 is free again"),
    ]  # fmt: skip


def test_the_life_of_a_job_that_nobody_did(tmp_path):
    lines = life_of(*opened(story(), tmp_path), 1)
    assert [line.what for line in lines] == ["HIRE of 2", "deadline", "closed"]
    assert lines[1][:3] == (6, NOBODY, NOBODY)
    assert lines[1].moved.startswith("1_000 out of escrow back to 1; 10 of the stake")


@pytest.mark.parametrize("number", [-1, 2])
def test_a_job_that_is_not_there_is_refused(number, tmp_path):
    with pytest.raises(InputError, match=rf"^job: {number} given, allowed is 0 to 1$"):
        life_of(*opened(story(), tmp_path), number)


def test_a_ledger_without_jobs_says_so(tmp_path):
    with pytest.raises(InputError, match=r"^job: 0 given, this ledger has no jobs$"):
        life_of(*opened(random_shop(0, 3), tmp_path), 0)


@pytest.mark.parametrize(
    "make", [lambda: random_market(3, tip=2), lambda: random_market(4), lambda: random_shop(5), lambda: random_parted(5, 3)]
)
def test_a_history_adds_up_to_the_balance_after_every_block(make, tmp_path):
    ledger = make()
    addresses = np.flatnonzero(ledger.view("accounts")["owner"] >= 0).tolist()
    assert len(addresses) >= 5
    for address in addresses:
        recorded, tx, movements = opened(ledger, tmp_path, address)
        entries = history_of(recorded, tx, movements, address)
        balance, changed = int(recorded.balances[0]), set()
        for height, block in itertools.groupby(entries, lambda entry: entry.height):
            told = list(block)
            balance += sum(entry.change for entry in told)
            changed.add(height)
            assert told[-1].balance == balance
            assert [entry.balance for entry in told[:-1]] == [None] * (len(told) - 1)
        assert balance == ledger.balance(address)
        moved = np.flatnonzero(np.diff(recorded.balances)) + recorded.first + 1
        assert set(moved.tolist()) <= changed
        assert sum(entry.status != "" for entry in entries) == int((tx.signed["sender"] == address).sum())


def test_what_is_not_told_apart_still_adds_up_to_the_balance(tmp_path):
    ledger = escrow(base_fee=0)
    done(ledger, Kind.ESCROW_DEPOSIT, CLIENT, to=PROVIDER, amount=300)
    done(ledger, Kind.TRANSFER, CLIENT, to=PROVIDER, amount=50)
    recorded = read(ledger.export(tmp_path / "escrow.ledger"), account=CLIENT)
    tx = transactions_of(recorded)
    entries = history_of(recorded, tx, movements_of(recorded, tx), CLIENT)
    assert [(entry.what, entry.change) for entry in entries] == [
        ("ESCROW_DEPOSIT", 0),
        ("in and out of contracts", -300),
        (f"TRANSFER 50 to {PROVIDER}", -50),
    ]
    assert entries[-1].balance == ledger.balance(CLIENT)


@pytest.mark.parametrize("address", [-1, 5, 2**40])
def test_an_account_that_is_not_there_is_refused(address, tmp_path):
    with pytest.raises(InputError, match=rf"^account: {address} given, allowed is 0 to 4$"):
        opened(story(), tmp_path, address)


def test_the_life_of_a_job_with_milestones_whose_last_part_a_jury_judged(tmp_path):
    terms = {"milestones": 2, "jurors": 2, "juror_stake": 40, "juror_slash_bps": 5_000, "vote_window": 1, "base_fee": 0}
    ledger = market([1_000] * 5, **terms)
    steps = [
        (Kind.BOND, 2, {"amount": 500}), (Kind.BOND, 3, {"amount": 40}), (Kind.BOND, 4, {"amount": 40}),
        (Kind.POST, 2, {"amount": 101, "stake": 100, "count": 1}), (Kind.HIRE, 1, {"to": 2, "amount": 101}),
        (Kind.DELIVER, 2, {"bps": 10_000}), (Kind.ACCEPT, 1, {}), (Kind.DELIVER, 2, {"bps": 0}), (Kind.DISPUTE, 1, {"bps": 100}),
        (Kind.VOTE, 4, {"count": 2}),
    ]  # fmt: skip
    for kind, sender, given in steps:
        ledger.submit(kind, sender, **given)
        ledger.seal()
    verdict = "51 out of escrow back to 1; 20 of the stake of 2 to 1; 30 of the stake of 2 burned; "
    verdict += "20 of the stake of juror 3 to juror 4"
    assert life_of(*opened(ledger, tmp_path), 0) == [
        (5, 0, 1, "HIRE of 2", "OK", "101 of 1 into escrow"),
        (6, 0, 2, "DELIVER, 100 % effort", "OK", ""),
        (7, 0, 1, "ACCEPT, 0 % rating", "OK", "50 out of escrow to 2"),
        (8, 0, 2, "DELIVER, 0 % effort", "OK", ""),
        (9, 0, 1, "DISPUTE, 1 % rating", "OK", ""),
        (10, 0, 4, "VOTE REFUND", "OK", ""),
        (10, NOBODY, NOBODY, "deadline", "", verdict),
        (10, NOBODY, NOBODY, "closed", "", "stake of 2 is free again"),
    ]  # fmt: skip
