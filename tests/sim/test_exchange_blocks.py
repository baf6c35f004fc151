"""Blocks of the exchange: what waits, who sees it, and in which order a builder puts it."""

from dataclasses import dataclass

import numpy as np
import pytest

from chain.contracts.constant_product import CREDITS, MONEY
from chain.layout import NOBODY, Kind
from chain.rule import world as view_of
from chain.status import Status
from sim.scenarios.exchange.layout import Rows, floor_for
from sim.scenarios.exchange.parameters import COIN
from sim.scenarios.exchange.parameters import MONEY as MONEY_OF_TRADERS
from sim.scenarios.exchange.signing import sign
from tests.sim.plain_exchange import PlainExchange, PlainSwap
from tests.sim.test_exchange_truth import FLOORS, floors


@dataclass(frozen=True)
class AnySwap:
    """Any amount, large or small, with any tolerance, whatever is needed; mostly too much for somebody."""

    signed: bool = False

    def act(self, view, memory, dice):
        how, much, slack = dice.uniform(3).T
        pay = np.floor(10 ** (much * 12.9)).astype(np.int64)
        pay = np.where(how < 0.2, 0, np.where(self.signed & (how > 0.6), -pay, pay))
        return {"pay": pay, "slippage_bps": np.where(how > 0.5, 10_000, np.floor(slack * 10_001))}


@dataclass(frozen=True)
class AnyBundle:
    """Any place, filled or not, with any front."""

    def act(self, view, memory, dice):
        place, much = dice.uniform(2).T
        return {"victim": np.floor(place * 9) - 1, "front": np.floor(10 ** (much * 12.9))}


ANYTHING = {"trader": AnySwap(), "arbitrageur": AnySwap(signed=True), "builder": AnyBundle()}


def act(world, role, **fields):
    """Actions of one world's agents of a role."""
    return FLOORS.role(role).read({name: np.array(values) for name, values in fields.items()}, world.economy.names[role].size)


def step(world, trader=0, arbitrageur=0, victim=-1, front=0):
    """One tick in which every agent of a role does the same or as it is listed; the senders and statuses of the block, by
    name."""
    actions = {
        "trader": act(world, "trader", pay=trader, slippage_bps=10_000),
        "arbitrageur": act(world, "arbitrageur", pay=arbitrageur, slippage_bps=10_000),
        "builder": act(world, "builder", victim=victim, front=front),
    }
    world.step(actions)
    book = world.economy.book
    receipts = book.receipts[0, : int(book.head[0, 0].receipts)]
    assert (receipts["kind"] == Kind.SWAP).all()
    return book.accounts["name"][0][receipts["sender"]].tolist(), receipts["status"].tolist()


def few(**given):
    """Three traders, who always have a need, and an arbitrageur: the builder has the name 4."""
    return floors(**({"traders": 3, "need_bps": 10_000, "horizon": 40} | given))


def test_what_a_trader_signs_waits_one_block_in_which_the_builder_sees_it():
    world = few()
    assert step(world, trader=[5 * COIN, 7 * COIN, 0]) == ([], [])
    assert world.economy.views["trader"]["waiting"].tolist() == [1, 1, 0]
    waiting = world.economy.views["builder"]["waiting"][0]
    assert waiting["pay"].tolist() == [7 * COIN, 5 * COIN] + [NOBODY] * 14, "the largest first"
    senders, statuses = step(world)
    assert (sorted(senders), statuses) == ([0, 1], [Status.OK] * 2)
    assert (world.economy.views["builder"]["waiting"]["pay"] == NOBODY).all()


def test_arbitrageurs_come_before_what_waits_and_a_bundle_before_both():
    world = few(arbitrageurs=2)
    step(world, trader=[5 * COIN, 7 * COIN, COIN])
    names, statuses = step(world, trader=[COIN, 0, 0], arbitrageur=[COIN, -COIN], victim=1, front=COIN)
    assert names[:3] == [5, 0, 5], "around the second largest, which is that of trader 0"
    assert sorted(names[3:5]) == [3, 4]
    assert sorted(names[5:]) == [1, 2]
    assert statuses == [Status.OK] * 7
    assert step(world)[0] == [0], "what was signed meanwhile is not in the block of that tick"


def test_the_order_of_what_waits_and_of_arbitrageurs_is_drawn_and_favours_nobody():
    first = []
    for seed in range(60):
        world = few(seeds=seed, arbitrageurs=2)
        step(world, trader=COIN)
        names, _ = step(world, arbitrageur=COIN)
        first.append((names[0], names[2]))
    for place, count in ((0, 2), (1, 3)):
        served = np.unique([pair[place] for pair in first], return_counts=True)[1]
        assert served.size == count
        assert (abs(served - 60 / count) < 4 * np.sqrt(60 / count)).all(), "a right draw fails with less than 0.1 %"


def test_a_bundle_pays_what_came_out_of_its_first_swap_into_its_last():
    for asset in (MONEY, CREDITS):
        world = few(fee_bps=0)
        while not (world.economy.views["trader"]["buys"] == (asset == MONEY)).all():
            step(world)
        step(world, trader=100 * COIN)
        view = world.economy.views["builder"]
        assert set(view["waiting"]["pays_credits"][0, :3]) == {asset}
        before = view[["money", "credits"]].tolist()[0]
        step(world, victim=0, front=50 * COIN)
        change = [b - a for a, b in zip(before, view[["money", "credits"]].tolist()[0], strict=True)]
        assert change[asset] > COIN
        assert change[1 - asset] == 0


def test_no_victim_an_empty_place_no_front_and_more_than_the_purse_holds():
    """An empty place stands for the last that is filled; where nothing waits, none does."""
    for victim, front, paid in (
        (-1, COIN, 0), (0, 0, 0), (0, COIN, COIN), (1, COIN, COIN), (15, COIN, COIN), (0, 10**13, 5 * COIN),
    ):  # fmt: skip
        world = few(purse=5 * COIN)
        assert step(world, trader=[COIN, 0, 0], victim=victim, front=front) == ([], [])
        names, statuses = step(world, victim=victim, front=front)
        assert names == ([4, 0, 4] if paid else [0])
        assert set(statuses) == {Status.OK}
        assert world.economy.ring.intents[0, 4, 0].paid == paid


def test_who_has_two_swaps_that_wait_signs_no_third():
    """A block has gas for four swaps, and six arbitrageurs come first."""
    world = few(arbitrageurs=6, gas_limit=440)
    waiting = []
    for _ in range(6):
        step(world, trader=COIN, arbitrageur=COIN)
        waiting.append(world.economy.views["trader"]["waiting"].tolist())
    assert max(map(max, waiting)) == 2
    assert world.economy.book.head[0, 0].dropped == 0


def test_of_a_trader_with_two_swaps_that_wait_the_builder_is_shown_the_next_alone():
    world = few(arbitrageurs=6, gas_limit=440)
    for pay in (5 * COIN, 7 * COIN):
        step(world, trader=[pay, 0, 0], arbitrageur=COIN)
    assert world.economy.views["trader"]["waiting"].tolist() == [2, 0, 0]
    assert world.economy.views["builder"]["waiting"]["pay"][0].tolist() == [5 * COIN] + [NOBODY] * 15


def test_what_arbitrageurs_sign_is_good_for_one_block():
    world = few(arbitrageurs=6, gas_limit=440)
    step(world, arbitrageur=COIN)
    names, statuses = step(world)
    assert (len(names), statuses) == (2, [Status.EXPIRED] * 2)


def waiting_in(book, ring):
    """The mempool by sender's name and nonce, with why each swap was signed."""
    swaps = {}
    for tx in book.pool[0, : int(book.head[0, 0].pending)]:
        key = int(book.accounts["name"][0, tx.sender]), int(tx.nonce)
        intent = ring.intents[0, key[0], key[1] & 1]
        asked = (int(tx[column]) for column in ("subject", "amount", "count"))
        about = (int(intent[column]) for column in ("need", "value", "price"))
        when = (int(tx[column]) for column in ("rank", "since", "arrival", "deadline"))
        swaps[key] = PlainSwap(*key, *asked, *about, *when)
    return swaps


def ranked_in(world, actions):
    """The same where the next block is built: from a copy of the ledger on which agents have signed these actions."""
    book, ring = (type(kept)(*(array.copy() for array in kept)) for kept in (world.economy.book, world.economy.ring))
    acted = Rows(*(actions[role.name].reshape(1, -1) for role in FLOORS.roles))
    sign(view_of(book, 0), view_of(ring, 0), view_of(acted, 0), floor_for(world.parameters, book.accounts.shape[1]))
    return waiting_in(book, ring)


@pytest.mark.parametrize("fee_bps", [0, 30, 2_000])
def test_a_plain_exchange_in_which_the_same_waits_comes_to_the_same(fee_bps):
    """Given what was signed, with its rank and drawn arrival, it works out all else on its own: order, refusals, purses,
    worth."""
    settings = {"need_bps": 8_000, "arbitrageurs": 3, "step_bps": 300, "purse": 10**12, "horizon": 60}
    world = floors(ANYTHING, fee_bps=fee_bps, **settings)
    p, book, statuses = world.parameters, world.economy.book, set()
    plain = PlainExchange(p.agents, [p.pool_money, p.pool_credits], fee_bps, MONEY_OF_TRADERS)
    plain.purses |= {name: [p.purse, p.purse] for name in range(p.traders, p.agents)}
    while not world.done:
        actions = world.actions()
        plain.pool = list(ranked_in(world, actions).values())
        plain.seal()
        world.step(actions)
        receipts = book.receipts[0, : int(book.head[0, 0].receipts)]
        names = book.accounts["name"][0]
        assert [(int(names[r.sender]), int(r.nonce), int(r.status)) for r in receipts] == plain.receipts
        assert plain.reserves == [int(book.terms[name][0, 0]) for name in ("money", "credits")]
        statuses |= {status for _, _, status in plain.receipts}
    held = zip(book.accounts["balance"][0, : p.agents].tolist(), book.credits["balance"][0, : p.agents].tolist(), strict=True)
    assert plain.purses == dict(enumerate(map(list, held)))
    assert plain.worth == dict(enumerate(world.economy.ring.tallies["worth"][0].tolist()))
    assert statuses == {Status.OK, Status.TOO_LITTLE_OUT, Status.INSUFFICIENT_BALANCE, Status.INSUFFICIENT_CREDITS}
