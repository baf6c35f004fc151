"""Guests: seats that are asleep until somebody takes them, and that then count as everybody else."""

import numpy as np
import pytest

from agents.policy import Dice, decide, memory_of
from agents.registry import find
from chain.errors import InputError
from chain.invariants import check
from sim.metrics import METRICS
from sim.seats import join
from tests.chain.markets import python
from tests.sim.worlds import ANYTHING, AT_COST, IDEAL, MARKET, AnyAction, play, world

SEATS = {"client_guests": 3, "provider_guests": 2}
LINE_UPS = {
    "default": None,
    "thompson against undercutting": {"client": "thompson", "provider": "undercutting"},
    "random against low effort": {"client": "random", "provider": "low_effort"},
    "anything but new identities": {"client": AnyAction("client"), "provider": AnyAction("provider", reentering=False)},
}


@pytest.mark.parametrize("policies", LINE_UPS.values(), ids=LINE_UPS)
@pytest.mark.parametrize("preset", ["minimal", "standard", "monopoly"])
def test_seats_that_nobody_takes_change_nothing_that_the_others_do_or_earn(policies, preset):
    seeds = [4, 90]
    plain, expected = play(policies, preset=preset, seeds=seeds)
    seated, outcome = play(policies, preset=preset, seeds=seeds, **SEATS)
    clients, providers = expected.clients.shape[1], expected.providers.shape[1]
    for name in ("accounts", "offers", "stakes", "reputation"):
        before, after = getattr(plain.economy.book, name), getattr(seated.economy.book, name)
        assert (after[:, : clients + providers + 1] == before[:, : clients + providers + 1]).all(), name
    assert (outcome.ticks == expected.ticks).all()
    assert (outcome.best.surplus == expected.best.surplus).all()
    for name in MARKET.metrics:
        assert np.array_equal(METRICS[name].of(outcome), METRICS[name].of(expected), equal_nan=True), name
    tables, plain_tables = MARKET.tables(outcome), MARKET.tables(expected)
    assert all(np.array_equal(tables["surplus"][key], plain_tables["surplus"][key]) for key in tables["surplus"])
    gains = seated.economy.gains()
    for role, count in (("client", clients), ("provider", providers)):
        by_world = gains[role].reshape(2, -1)
        assert (by_world[:, :count] == plain.economy.gains()[role].reshape(2, -1)).all()
        assert (by_world[:, count:] == 0).all()


def test_nobody_who_sleeps_signs_anything_whatever_it_is_told():
    """Fronts may hand in any action for the rows of guests."""
    asleep = world(ANYTHING, seeds=[1, 2], **SEATS)
    dice = {r.name: AnyAction(r.name) for r in MARKET.roles}
    while not asleep.done:
        actions = asleep.actions()
        for role in MARKET.roles:
            view = asleep.economy.views[role.name]
            drawn = Dice(asleep.economy.book.head[:, 0], asleep.tick, asleep.economy.names[role.name])
            told = role.read(dice[role.name].act(view, None, drawn), view.size).reshape(2, -1)
            first = asleep.residents(role.name)
            actions[role.name].reshape(2, -1)[:, first:] = told[:, first:]
        asleep.step(actions)
    names = np.concatenate([asleep.economy.names[r].reshape(2, -1)[0, asleep.residents(r) :] for r in ("client", "provider")])
    accounts = asleep.economy.book.accounts
    assert names.tolist() == [10, 11, 12, 13, 14]
    assert (accounts["nonce"][:, names] == 0).all()
    assert (accounts["nonce"][:, :9].sum(axis=1) > 50).all(), "the others do"
    assert (accounts["balance"][:, names] == 10_000_000_000).all()


class Copycat:
    """Takes seats of a role and decides in each as a registered policy would."""

    def __init__(self, played, role, policy, seats):
        self.world, self.role, self.policy = played, role, find(role, policy)[1]
        self.seats = [join(played, role) for _ in range(seats)]
        self.memory = [np.zeros(1, memory_of(self.policy)) for _ in self.seats]

    def act(self, order=1):
        for seat, memory in list(zip(self.seats, self.memory, strict=True))[::order]:
            dice = Dice(self.world.economy.book.head[:, 0], self.world.tick, np.array([seat.name]))
            view = self.world.economy.views[self.role][seat.row : seat.row + 1]
            seat.act(**decide(self.policy, view, memory, dice))


@pytest.mark.parametrize(
    ("role", "policy"), [("client", "thompson"), ("client", "random"), ("provider", "undercutting"), ("provider", "low_effort")]
)
@pytest.mark.parametrize("joining", [0, 4])
def test_a_guest_that_copies_a_policy_changes_the_ledger_as_that_policy_in_its_seat(role, policy, joining):
    seats = SEATS[f"{role}_guests"]
    guests = world(seeds=[17], need_bps=6_000, **SEATS)
    played = world(seeds=[17], need_bps=6_000, **SEATS)
    copycat, found = None, find(role, policy)[1]
    memory = np.zeros(played.economy.names[role].size, memory_of(found))
    own = np.arange(played.residents(role), played.economy.names[role].size)
    while not guests.done:
        if guests.tick == joining:
            copycat = Copycat(guests, role, policy, seats)
            for row in own:
                played.economy.wake(role, row)
        if copycat:
            copycat.act()
        guests.step()
        actions = played.actions()
        if played.tick >= joining:  # the policy itself decides for the seats, in one call
            view = played.economy.views[role][own]
            dice = Dice(played.economy.book.head[:, 0], played.tick, played.economy.names[role][own])
            part = memory[own]
            actions[role][own] = MARKET.role(role).read(decide(found, view, part, dice), own.size)
            memory[own] = part
        played.step(actions)
    assert guests.digest() == played.digest()
    assert guests.digest() != play(seeds=[17], need_bps=6_000, **SEATS)[0].digest()
    assert (guests.economy.book.accounts["nonce"][0, [seat.address for seat in copycat.seats]] > 0).all()
    assert sum(seat.gained for seat in copycat.seats) != 0


def test_the_order_in_which_guests_act_does_not_matter():
    ledgers = []
    for order in (1, -1):
        played = world(seeds=[8], need_bps=8_000, **SEATS)
        mates = [Copycat(played, "client", "thompson", 3), Copycat(played, "provider", "undercutting", 2)]
        while not played.done:
            for copycat in mates[::order]:
                copycat.act(order)
            played.step()
        ledgers.append(played.digest())
    assert ledgers[0] == ledgers[1]


def come_and_go(played, seed, on_tick=lambda: None):
    """Play a world in which guests come and go at random, and act at random or not at all; then check the books."""
    rng = np.random.default_rng(seed)
    seats = []
    while not played.done:
        for role in ("client", "provider"):
            if rng.random() < 0.5:
                try:
                    seats.append(join(played, role))
                except InputError:
                    seats.pop(int(rng.integers(len(seats)))).leave()
        for seat in seats:
            if seat.role == "client":
                seat.act(hire=int(rng.integers(2)) if seat.view.shown > 1 else 0)
            elif rng.random() < 0.7:
                seat.act(price=int(seat.view.cost + seat.view.effort_cost), tip=int(rng.integers(500)))
        played.step()
        on_tick()
    check(played.economy.book)
    return played.economy.outcome()


def test_efficiency_is_never_above_one_with_guests_who_come_and_go():
    """Everybody asks what a job costs, so that nearly all there is to gain is gained: in no tick more than the planner could."""
    counts = {"clients": 3, "providers": 1, "client_guests": 4, "provider_guests": 4, "need_bps": 9_000, "services": 1}
    ideal = {**IDEAL, **counts, "capacity_low": 1, "capacity_high": 3, "horizon": 20}
    near, left = 0, 0
    for seed in range(900, 940):
        played = world(AT_COST, seeds=[seed], **ideal)
        outcome = come_and_go(played, seed)
        realised = (outcome.ticks["value"] - outcome.ticks["cost"])[0]
        best = outcome.best.surplus.sum(axis=2)[0]
        assert (realised <= best).all(), seed
        near += int((realised == best)[best > 0].sum())
        left += int((np.diff(played.economy.private.calendar[0], axis=0) < 0).sum())
    assert near > 20, "the bound is reached, so that a planner who counts too little would show"
    assert left > 100, "many left while their offers stood"


def test_a_provider_that_leaves_counts_for_the_planner_while_it_can_still_be_hired():
    """In the block that takes its offer down, whoever comes first still hires it."""
    late = 0
    for seed in range(30, 40):
        played = world({"client": "cheapest"}, seeds=[seed], **{**IDEAL, "need_bps": 10_000, "services": 1, "provider_guests": 1})
        seat = join(played, "provider")
        for _ in range(3):
            seat.act(price=0)
            played.step()
        seat.leave()
        calendar, before = played.economy.private.calendar[0, :, 0], int(played.economy.book.terms[0, 0].opened)
        assert calendar[3] == 0
        played.step()
        jobs = played.economy.book.jobs[0, before : int(played.economy.book.terms[0, 0].opened)]
        late += int((jobs["provider"] == seat.address).sum())
        assert calendar[2:5].tolist() == [1, 1, 0]
        outcome = played.play()
        assert outcome.ticks["value"][0, 3] - outcome.ticks["cost"][0, 3] <= outcome.best.surplus[0, 3].sum()
    assert late > 5


def test_gains_of_everybody_add_up_with_guests_who_come_and_go():
    played = world(
        {"client": "random", "provider": "low_effort"}, seeds=[12], need_bps=9_000, base_fee=0, fee_quotient=0, **SEATS
    )
    head, surplus = played.economy.book.head[0, 0], []

    def add_up():
        private = played.economy.private
        made = int(private.clients["value"].sum() - private.providers["cost"].sum())
        jobs = played.economy.book.jobs[0]
        escrow = int(jobs["price"][(jobs["phase"] > 0) & (jobs["phase"] < 3)].sum())
        surplus.append((sum(int(g.sum()) for g in played.economy.gains().values()), made - int(head.burned + head.tips) - escrow))

    outcome = come_and_go(played, 3, add_up)
    assert all(gained == expected for gained, expected in surplus)
    assert outcome.gained.sum() == -head.burned - head.tips
    assert outcome.clients["jobs"][0, 6:].sum() > 0
    assert outcome.providers["jobs"][0, 3:].sum() > 0


def test_account_rows_may_be_permuted_with_guests_too():
    rows = np.random.default_rng(5).permutation(9 + 1 + 5 + 2)
    plain, moved = world(seeds=[6], **SEATS), world(seeds=[6], rows=rows, **SEATS)
    first, second = come_and_go(plain, 77), come_and_go(moved, 77)
    assert (first.ticks == second.ticks).all()
    assert (first.wealth == second.wealth).all()
    assert plain.digest() != moved.digest()


def test_guests_in_one_world_of_a_batch_are_guests_of_that_world_alone():
    batch, alone, without = world(seeds=[1, 2, 3], **SEATS), world(seeds=[2], **SEATS), world(seeds=[1, 3], **SEATS)
    seats = [join(batch, "client", place=1), join(alone, "client")]
    while not batch.done:
        for seat in seats:
            seat.act(hire=0)
        for each in (batch, alone, without):
            each.step()
    assert batch.digest(1) == alone.digest(0)
    assert [batch.digest(0), batch.digest(2)] == [without.digest(0), without.digest(1)]
    assert seats[0].gained == seats[1].gained != 0
    assert seats[0].address == seats[1].address


PROGRAM = (
    "from tests.sim.test_guests import SEATS, come_and_go; from tests.sim.worlds import world; from chain.rule import MODE; "
    "played = world(seeds=[7], need_bps=8_000, **SEATS); come_and_go(played, 7); print(MODE, played.digest())"
)


@pytest.mark.slow
def test_guests_come_and_go_with_the_same_bytes_interpreted_compiled_and_bounds_checked():
    modes = {}
    for flags in ({"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_BOUNDSCHECK": "1"}, {}):
        mode, digest = python(PROGRAM, **flags).split()
        modes[mode] = digest
    assert len(modes) == 3
    assert len(set(modes.values())) == 1
