"""Seats for guests: somebody from outside takes part in a world, on an account row that the scenario keeps for it.

A guest is an agent with an account, money and a private type of its own, drawn as those of all agents of its role. It is asleep
until somebody takes its seat: then it needs nothing, signs nothing, and no planner counts it. So a world with free seats is the
world without them, but for one thing: the names of identities that agents register later come after those of the guests, and
with them the order in which their transactions arrive.

>>> from sim.scenarios import find
>>> market = find("service_market")
>>> world = World(market, market.settings("minimal", {"client_guests": 1, "need_bps": 5_000}), seeds=0)
>>> seat = join(world, "client")
>>> while not world.done:
...     seat.act(hire=0 if seat.view.offers[0].price < seat.view.value else -1)
...     world.step()
>>> int(seat.gained) > 0
True
"""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from chain.errors import InputError
from sim.scenario import Hosting
from sim.world import World


@dataclass(eq=False)
class GuestSeat:
    """A place in a world that somebody from outside has taken."""

    world: World
    role: str
    row: int
    """Of the role's view."""
    proposed: NDArray[Any] | None = None
    """What it does in the present tick, if it said so."""
    tick: int = -1
    """When it said so."""

    @property
    def view(self) -> Any:
        """What it is shown now: one record."""
        return self.world.economy.views[self.role][self.row]

    @property
    def name(self) -> int:
        """Its name on the ledger."""
        return int(self.world.economy.names[self.role][self.row])

    @property
    def address(self) -> int:
        """The account it acts from: that of its newest identity."""
        return address_of(self.world, self.role, self.row)

    @property
    def gained(self) -> int:
        """What it has gained so far, µcoin: money, and the value that money does not show."""
        return int(self.world.economy.gains()[self.role][self.row])

    def act(self, **fields: Any) -> None:
        """Propose an action for this tick, in the place of what it proposed before; fields left out take their defaults.

        In a tick without a proposal it does nothing new: it hires nobody, or offers nothing, and stands by what it promised.

        Raises:
            InputError: an unknown field, a value out of range, or the seat was left.
        """
        self._check()
        self.proposed, self.tick = self.world.scenario.role(self.role).read(fields, 1), self.world.tick

    def leave(self) -> None:
        """Free the seat: the guest goes to sleep. Jobs that it owes are still delivered, and deliveries answered honestly; an
        offer comes down in the next block, and stake is paid back.

        Raises:
            InputError: it was left before.
        """
        self._check()
        agents = self.world.residents(self.role) + self.world.guests[self.role]
        place, agent = divmod(self.row, agents)
        del self.world.seats[self.role, self.row]
        _host(self.world).wake(self.role, agent, world=place, awake=False)

    def put(self, role: str, actions: NDArray[Any]) -> None:
        """Enter what it proposed for this tick, if anything, among the actions of its role."""
        if role == self.role and self.proposed is not None and self.tick == self.world.tick:
            actions[self.row] = self.proposed[0]

    def _check(self) -> None:
        if self.world.seats.get((self.role, self.row)) is not self:
            raise InputError(f"seat: that of {self.role} {self.name} was left, allowed is to join anew")


def _host(world: World) -> Hosting:
    economy: Any = world.economy
    return economy


def address_of(world: World, role: str, row: int) -> int:
    """The account that an agent acts from: that of its newest identity."""
    names = world.economy.names[role]
    identities = world.economy.book.identities[row * world.worlds // names.size]
    return int(identities[identities[names[row]].latest].address)


def join(world: World, role: str, place: int = 0) -> GuestSeat:
    """Take the first free seat of a role, in the world of this place in the batch; the guest is awake at once.

    Raises:
        InputError: unknown role, or there is no free seat.
    """
    world.scenario.role(role)
    residents, guests = world.residents(role), world.guests[role]
    first = place * (residents + guests) + residents
    for row in range(first, first + guests):
        if (role, row) not in world.seats:
            seat = world.seats[role, row] = GuestSeat(world, role, row)
            _host(world).wake(role, row - first + residents, world=place)
            return seat
    if not hasattr(world.economy, "wake"):
        raise InputError(
            f"join: {world.scenario.name} has no seats for guests, allowed are scenarios with a parameter {role}_guests"
        )
    raise InputError(f"join: {guests} seats for a guest who is a {role}, none of them free; allowed with a higher {role}_guests")
