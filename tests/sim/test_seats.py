"""Taking a seat and leaving it: what a guest is shown, what it may do, and what is refused."""

import dataclasses

import pytest

from chain.errors import InputError
from chain.status import Status
from sim.metrics import METRICS
from sim.seats import join
from sim.world import World
from tests.sim.worlds import MARKET, play, world

SEATS = {"client_guests": 3, "provider_guests": 2}


def test_who_joins_sees_its_need_at_once_and_changes_no_other_view():
    played = world(seeds=[3], need_bps=10_000, preset="standard", **SEATS)
    for _ in range(7):
        played.step()
    before = {role: view.copy() for role, view in played.economy.views.items()}
    assert (before["client"]["need"][32:] == -1).all()
    assert (before["provider"]["capacity"][8:] == 0).all()
    seat, other = join(played, "client"), join(played, "provider")
    assert seat.view.need >= 0
    assert seat.view.value >= 40_000_000
    assert seat.view.balance == 10_000_000_000
    assert other.view.capacity >= 2
    assert (played.economy.views["client"][:32] == before["client"][:32]).all()
    assert (played.economy.views["provider"][:8] == before["provider"][:8]).all()


def test_a_guest_that_says_nothing_signs_nothing():
    played = world(seeds=[3], need_bps=9_000, **SEATS)
    seats = [join(played, role) for role in ("client", "client", "provider")]
    played.play()
    assert [int(played.economy.book.accounts[0, seat.address].nonce) for seat in seats] == [0, 0, 0]


def test_a_proposal_is_for_one_tick_and_the_last_one_counts():
    played = world(seeds=[3], need_bps=10_000, **SEATS)
    seat = join(played, "client")
    for _ in range(3):
        played.step()
    seat.act(hire=-1)
    seat.act(hire=0)
    played.step()
    nonce = int(played.economy.book.accounts[0, seat.address].nonce)
    assert nonce == 1
    for _ in range(3):
        played.step()
    assert played.economy.private.clients[0, seat.row].jobs == 1
    assert played.economy.book.accounts[0, seat.address].nonce == nonce + 1, "only the answer to what was delivered"


def test_a_provider_that_leaves_delivers_takes_its_offer_down_and_gets_its_stake_back():
    played = world({"client": "cheapest"}, seeds=[5], need_bps=10_000, services=1, horizon=12, **SEATS)
    seat = join(played, "provider")
    for _ in range(4):
        seat.act(price=1_000_000)
        played.step()
    address, book = seat.address, played.economy.book
    assert book.offers[0, address].capacity > 0
    assert seat.view.open_jobs > 0
    seat.leave()
    assert seat.view.capacity == 0
    with pytest.raises(InputError, match="that of provider 13 was left, allowed is to join anew"):
        seat.act(price=1)
    with pytest.raises(InputError, match="was left"):
        seat.leave()
    played.step()
    assert book.offers[0, address].capacity == 0
    outcome = played.play()
    jobs = outcome.providers[0, 3].jobs
    assert jobs > 0
    assert outcome.ticks["no_shows"].sum() == 0
    assert (book.stakes[0, address].bonded, book.stakes[0, address].unbonding) == (0, 0)
    assert outcome.best.quantity[0, 4].sum() > 0


def test_a_client_that_leaves_needs_nothing_but_answers_what_is_still_delivered():
    played = world(seeds=[5], need_bps=10_000, **SEATS)
    seat = join(played, "client")
    for _ in range(2):
        played.step()
    seat.act(hire=0)
    played.step()
    seat.leave()
    assert seat.view.need == -1
    assert played.economy.needs()[0][0, :, seat.row].tolist()[:3] != [-1, -1, -1]
    assert (played.economy.needs()[0][0, 3:, seat.row] == -1).all()
    for _ in range(3):
        played.step()
    assert played.economy.book.accounts[0, seat.address].nonce == 2, "the hire and the answer"
    assert (played.economy.book.receipts[0, : played.economy.book.head[0, 0].receipts]["status"] == Status.OK).all()


def test_a_seat_that_was_left_can_be_taken_again_and_goes_on_with_its_account():
    played = world(seeds=[5], need_bps=10_000, client_guests=1)
    first = join(played, "client")
    for _ in range(2):
        played.step()
    first.act(hire=0)
    played.step()
    first.leave()
    second = join(played, "client")
    assert (second.name, second.address) == (first.name, first.address)
    assert second.view.need >= 0
    assert second.view.balance < 10_000_000_000


def test_an_episode_begins_with_every_seat_free():
    played = world(seeds=[5], client_guests=1)
    seat = join(played, "client")
    played.play()
    played.begin(1)
    with pytest.raises(InputError, match="was left"):
        seat.act()
    assert not played.economy.private.calendar.any()
    assert join(played, "client").view.balance == 10_000_000_000


def test_only_who_took_part_counts_for_the_gini_and_everybody_has_its_name_in_the_table():
    played = world(seeds=[5], clients=1, providers=1, services=1, need_bps=0, client_balance=0, provider_balance=10**9, **SEATS)
    idle = played.play()
    assert METRICS["gini"].of(idle)[0] == pytest.approx(0.5), "of a client without and a provider with money"
    played.begin(1)
    join(played, "client")
    assert METRICS["gini"].of(played.play())[0] == pytest.approx(2 / 3)
    assert MARKET.tables(idle)["agents"]["agent"].tolist() == [0, 3, 4, 5, 1, 6, 7]


def test_a_mixture_is_of_the_residents():
    mixed, _ = play({"client": {"cheapest": 4, "random": 2}}, seeds=[5], **SEATS)
    plain, _ = play({"client": {"cheapest": 4, "random": 2}}, seeds=[5])
    assert (mixed.economy.book.accounts[0, :10] == plain.economy.book.accounts[0, :10]).all()
    with pytest.raises(InputError, match="add up to the 6 of the role"):
        world({"client": {"cheapest": 7, "random": 2}}, **SEATS)


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (
            lambda played: [join(played, "client") for _ in range(4)],
            "join: 3 seats for a guest who is a client, none of them free",
        ),
        (lambda played: join(played, "clients"), "role: 'clients' given; .*did you mean client"),
        (lambda played: join(played, "client").act(hire=16), "action of client: hire is 16, allowed is -1 to 15"),
        (lambda played: join(played, "client").act(hired=1), "action of client: 'hired' given; .*did you mean hire"),
        (lambda played: join(played, "provider").act(price=float("nan")), "action of provider: price is nan"),
        (lambda played: played.economy.wake("client", 5), "wake: client 5 given, allowed are the guests' seats"),
        (lambda played: played.economy.wake("client", 9), "wake: client 9 given"),
        (lambda played: played.economy.wake("provder", 3), "wake: provder 3 given"),
    ],
)
def test_what_a_guest_may_not_do_is_refused_in_plain_words(do, message):
    with pytest.raises(InputError, match=message):
        do(world(**SEATS))


def test_a_market_without_seats_says_how_to_get_one():
    with pytest.raises(InputError, match=r"join: 0 seats for a guest who is a provider, .*allowed with a higher provider_guests"):
        join(world(), "provider")


def test_a_scenario_without_seats_refuses_guests():
    class Closed:
        """The market as an economy that knows no guests."""

        def __init__(self, parameters, **given):
            self.market = MARKET.build(parameters, **given)

        def __getattr__(self, name):
            if name in ("guests", "wake"):
                raise AttributeError(name)
            return getattr(self.market, name)

    closed = dataclasses.replace(MARKET, build=Closed)
    with pytest.raises(InputError, match="service_market has no seats for guests"):
        join(World(closed, closed.settings("minimal", {}), seeds=1), "client")
