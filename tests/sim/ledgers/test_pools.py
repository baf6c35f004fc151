"""Recorded ledgers with a pool: where its money came from and went to, to the unit, for every account and in words."""

import itertools

import numpy as np
import pytest

import sim
from chain.contracts.constant_product import CREDITS, MONEY
from chain.history import History
from chain.journal import export
from chain.layout import HEAD, Kind
from sim.ledgers.movements import POOL, movements_of, transactions_of
from sim.ledgers.pools import pooled
from sim.ledgers.reading import read
from sim.ledgers.stories import history_of
from sim.plots.ledger import flows
from sim.scenarios import find
from sim.world import World
from tests.chain.exchanges import exchange, founded
from tests.chain.markets import CLIENT, PROVIDER
from tests.chain.recordings import stir, swaps

REASONS = {"SWAP_IN": 1, "SWAP_OUT": -1, "LIQUIDITY_IN": 1, "LIQUIDITY_OUT": -1}
"""With the sign of what they add to the money in the pool."""


def random_pool(seed, late=False, blocks=40):
    """Ten accounts that mint, swap, add and remove at random; `late`: the record begins when the pool is used already."""
    ledger, rng = swaps(seed=seed), np.random.default_rng(seed)
    for block in range(blocks):
        stir(ledger, rng, 60)
        if late and block == 15:
            assert ledger.book.terms[0].money > 0
            ledger.history = History(ledger.deployment, ledger.book)
    ledger.check()
    return ledger


@pytest.fixture(scope="module", params=[(0, False), (1, False), (2, True), (3, True)], ids=str)
def both(request, tmp_path_factory):
    """A ledger with a pool, and the frames of its file."""
    ledger = random_pool(*request.param)
    return ledger, sim.ledger_frames(ledger.export(tmp_path_factory.mktemp("one") / "one.ledger"))


def test_the_random_ledgers_show_everything(both):
    assert set(REASONS) <= set(both[1].movements.reason)
    assert {"REMOVE_LIQUIDITY", "SWAP", "TOO_LITTLE_OUT"} <= {*both[1].transactions.kind, *both[1].transactions.status}


def test_every_account_has_what_it_had_and_what_came_and_went(both):
    ledger, frames = both
    a = frames.accounts
    wealth = a.opening - a.sent + a.received - a.burned - a.fees + a.tips
    assert wealth.tolist() == (a.balance + a.bonded + a.unbonding + a.escrow).tolist()
    assert a.balance.tolist() == ledger.view("accounts")["balance"][a.address].tolist()


def test_the_money_in_the_pool_is_what_went_in_and_did_not_come_out(both):
    ledger, frames = both
    m = frames.movements
    change = (m.amount * m.reason.map(REASONS).fillna(0)).sum()
    before = int(ledger.history.genesis["head"].view(HEAD)["locked"][0])
    assert before + change == ledger.book.terms[0].money == ledger.book.head[0].locked
    assert frames.accounts.sent.sum() - frames.accounts.received.sum() == change
    assert (m[m.reason.isin(["SWAP_IN", "LIQUIDITY_IN"])].payee == POOL).all()
    assert (m[m.reason.isin(["SWAP_OUT", "LIQUIDITY_OUT"])].payer == POOL).all()
    assert (m[["payer", "payee"]] == POOL).any(axis=1).sum() == m.reason.isin(list(REASONS)).sum()


def test_so_are_its_credits(both, tmp_path):
    ledger = both[0]
    recorded = read(ledger.export(tmp_path / "one.ledger"))
    told = pooled(recorded.genesis, transactions_of(recorded))
    for name in ("money", "credits"):
        assert recorded.genesis["terms"][name][0] + getattr(told, name).sum() == ledger.book.terms[0][name]


def test_a_history_adds_up_to_the_balance_after_every_block(tmp_path):
    ledger = random_pool(5)
    file = ledger.export(tmp_path / "one.ledger")
    for address in range(10):
        recorded = read(file, address)
        tx = transactions_of(recorded)
        balance = int(recorded.balances[0])
        for _, block in itertools.groupby(
            history_of(recorded, tx, movements_of(recorded, tx), address), lambda entry: entry.height
        ):
            told = list(block)
            balance += sum(entry.change for entry in told)
            assert told[-1].balance == balance
        assert balance == ledger.balance(address)


def test_a_pools_life_in_words(tmp_path):
    ledger = founded(exchange())
    ledger.submit(Kind.SWAP, CLIENT, subject=MONEY, amount=1_000, count=3_948)
    ledger.submit(Kind.SWAP, CLIENT, subject=CREDITS, amount=4_000, count=5_000)
    ledger.seal()
    ledger.submit(Kind.SWAP, CLIENT, subject=CREDITS, amount=4_000)
    ledger.seal()
    ledger.submit(Kind.REMOVE_LIQUIDITY, PROVIDER, amount=199_000)
    ledger.seal()
    file = ledger.export(tmp_path / "one.ledger")
    lines = {}
    for who in (CLIENT, PROVIDER):
        recorded = read(file, who)
        tx = transactions_of(recorded)
        lines[who] = [(entry.what, entry.status) for entry in history_of(recorded, tx, movements_of(recorded, tx), who)]
    out = 101_000 * 4_000 * 9_970 // (396_052 * 10_000 + 4_000 * 9_970)
    back = 199_000 * (101_000 - out) // 200_000
    assert lines[CLIENT][-3:] == [
        ("SWAP 1_000 of money for credits, 3_948 at least: 1_000 of 1 into the pool for credits", "OK"),
        ("SWAP 4_000 credits for money, 5_000 at least", "TOO_LITTLE_OUT"),
        (f"SWAP 4_000 credits for money, 0 at least: {out:_} out of the pool to 1 for credits", "OK"),
    ]
    assert lines[PROVIDER][-2:] == [
        ("ADD_LIQUIDITY 100_000 and 400_000 credits at most: 100_000 of 2 into the pool for shares", "OK"),
        (f"REMOVE_LIQUIDITY 199_000 shares: {back:_} out of the pool to 2 for shares", "OK"),
    ]


def test_the_figure_of_who_paid_whom_leaves_pools_out(both):
    frames = both[1]
    columns = {name: frames.accounts[name].to_numpy() for name in frames.accounts}
    m = frames.movements
    transfers = m[(m.payer >= 0) & (m.payee >= 0) & (m.payer != m.payee)]
    movements = type("Moved", (), {name: m[name].to_numpy() for name in m})
    assert flows(columns, movements).amounts.sum() == transfers.amount.sum() > 0


def test_a_recorded_world_of_the_scenario_accounts_for_every_coin(tmp_path):
    scenario = find("exchange")
    settings = scenario.settings("minimal", {"base_fee": 2, "fee_quotient": 8, "gas_limit": 2_000})
    world = World(scenario, settings, {"builder": "sandwich"}, seeds=3, recorded=True)
    outcome = world.play()
    assert outcome.ticks["sandwiches"].sum() > 0
    frames = sim.ledger_frames(export(world.histories[0], tmp_path / "one.ledger"))
    a, m = frames.accounts, frames.movements
    assert (a.opening - a.sent + a.received - a.fees + a.tips).tolist() == a.balance.tolist()
    change = (m.amount * m.reason.map(REASONS).fillna(0)).sum()
    assert change == world.economy.book.terms[0, 0].money - settings.pool_money
    fees = frames.transactions.fee.sum()
    assert fees == world.economy.book.head[0, 0].fees_burned > 0
