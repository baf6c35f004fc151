"""`Ledger` with a record: copies and snapshots of it, ledgers without one, settings."""

import pytest

from chain.errors import InputError
from chain.layout import Kind
from chain.ledger import Ledger
from tests.chain.markets import CLIENT, OTHER, market, purse
from tests.chain.test_ledger import busy, go_on


@pytest.mark.parametrize("finality", [0, 3])
def test_a_fork_is_another_ledger_in_the_same_state(finality):
    ledger = market(gas_limit=200, finality=finality)
    ledger.submit(Kind.TRANSFER, CLIENT, to=OTHER, amount=5)
    other = ledger.fork()
    assert other.digest() == ledger.digest()
    assert other.history.blocks == ledger.history.blocks
    assert (other.forks is None) == (finality == 0)
    ledger.seal()
    assert (other.height, other.waiting.size, len(other.history.blocks)) == (0, 1, 1)
    other.seal()
    assert other.digest() == ledger.digest()
    assert other.history.head == ledger.history.head


def test_a_ledger_that_is_not_recorded_says_so_and_plays_the_same():
    plain, recorded = purse([100, 0], record=False), purse([100, 0])
    for ledger in (plain, recorded):
        ledger.submit(Kind.TRANSFER, 0, to=1, amount=5)
        ledger.seal()
    assert plain.digest() == recorded.digest() == plain.fork().digest()
    assert plain.book.block.size == 0
    kept = plain.snapshot()
    plain.seal()
    plain.restore(kept)
    assert plain.digest() == recorded.digest()
    with pytest.raises(InputError, match="prove: this ledger is not recorded, allowed is one with record=True"):
        plain.prove("accounts", 0)
    with pytest.raises(InputError, match="export: this ledger is not recorded, allowed is one with record=True"):
        plain.export("never")


def test_a_snapshot_restores_the_record_too():
    ledger = busy()
    ledger.seal()
    kept, blocks = ledger.snapshot(), list(ledger.history.blocks)
    go_on(ledger)
    assert len(ledger.history.blocks) == len(blocks) + 2
    ledger.restore(kept)
    assert ledger.history.blocks == blocks
    assert ledger.prove("jobs", 0) == busy_proof()


def busy_proof():
    ledger = busy()
    ledger.seal()
    return ledger.prove("jobs", 0)


@pytest.mark.parametrize(
    "given",
    [
        {"root_every": 0},
        {"root_every": 2**31 + 1},
        {"root_every": 1.5},
        {"finality": -1},
        {"finality": 2**31 + 1},
        {"finality": True},
    ],
)
def test_a_wrong_setting_of_the_record_is_refused(given):
    (name,) = given
    with pytest.raises(InputError, match=f"{name}: .* given, allowed is"):
        purse([1], **given)


def test_loading_has_settings_of_its_own(tmp_path):
    path = purse([5, 5], finality=2).export(tmp_path / "a.ledger")
    ledger = Ledger.load(path, pool=7, finality=4)
    assert (ledger.book.pool.size, ledger.forks.finality, Ledger.load(path).forks) == (7, 4, None)
    for given in ({"pool": 0}, {"pool": 1.5}, {"finality": -1}):
        (name,) = given
        with pytest.raises(InputError, match=f"{name}: .* given, allowed is"):
            Ledger.load(path, **given)
