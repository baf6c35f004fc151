"""Sessions: sellers that learn prices by tabular Q-learning, every tick of it a block on the ledger, in one compiled loop.

1. The state is the level at which every seller's price stands, as the views show it, in C order of the sellers' names.
2. Every seller picks a level: greedy, or with probability exp(-beta × tick) any level alike (`agents.learned.tabular`).
3. The scenario's own `step` signs the prices, seals the block, sells, and moves the money.
4. The reward of a seller is what its account gained in that block, in coins; its table learns from it.

Learning has converged when no seller's greedy policy has changed for so many ticks. As the ledger opens, prices stand at levels
drawn at random.

Source: Calvano, Calzolari, Denicolò and Pastorello, "Artificial intelligence, algorithmic pricing, and collusion", American
Economic Review 110(10), 2020.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.learned.table_policy import MOST_VALUES, Cells, TabularPolicy
from agents.learned.tabular import Draws, Learning, Tables, cycle_of, draw_ahead, draws_for, exploration, learn
from chain.digest import digest
from chain.errors import InputError
from chain.layout import record, records
from chain.rule import rule, world
from sim.encodings import encoding_of
from sim.scenarios.posted_price.advance import step
from sim.scenarios.posted_price.economy import PostedPrice
from sim.scenarios.posted_price.layout import Shop
from sim.scenarios.posted_price.parameters import COIN, PostedPriceParameters
from sim.scenarios.posted_price.roles import SELLER

ENDLESS = 2**40
"""A session has no last tick that a seller could see coming."""

MOVE = record("level", "gain")
"""What a seller did in a tick, and what its account gained by it, µcoin."""


class Room(NamedTuple):
    """What a session needs beside its ledger."""

    shop: Shop
    actions: Any
    """Actions of the sellers, shape (sellers,)."""
    sales: Any
    """No rows: the scenario's measures are left out."""
    draws: Draws
    money: Any
    """Balance of every seller before the block, shape (sellers,)."""


@rule
def state_shown(view: Any, levels: int) -> int:
    """The number of the state that the views of one world show."""
    state = 0
    for s in range(view.size):
        state = state * levels + view[s].sellers[0].level
    return int(state)


@rule
def gained(book: Any, money: Any, s: int) -> int:
    """What the account of seller `s` has gained since the last call; `money` remembers its balance."""
    balance = book.accounts[book.identities[s].address].balance
    gain = balance - money[s]
    money[s] = balance
    return int(gain)


@rule
def learn_on_ledger(book: Any, view: Any, tables: Any, room: Room, learning: Learning, calm: Any, stable: int, stop: int) -> None:
    """Let the sellers of one world learn until its tick `stop`, or until they have converged.

    Args:
        book: its ledger.
        view: its views.
        tables: what each seller knows.
        room: working memory.
        learning: how they learn.
        calm: ticks since a greedy policy changed, one number; revised.
        stable: learning has converged after so many of them.
        stop: the first tick that is not played.
    """
    sellers, levels = view.size, room.shop.grid.size
    actions, draws = room.actions, room.draws
    head = book.head[0]
    state = state_shown(view, levels)
    draw_ahead(head, head.tick, levels, draws)
    for s in range(sellers):
        gained(book, room.money, s)
    while head.tick < stop and calm[0] < stable:
        place = head.tick & 3
        if place == 0:
            draw_ahead(head, head.tick, levels, draws)
        epsilon = exploration(learning.beta, head.tick)
        for s in range(sellers):
            explores = draws.units[s, place] < epsilon
            actions[s].level = draws.choices[s, place] if explores else tables.greedy[s, state]
        step(book, view, actions, room.sales, room.shop)
        after = state_shown(view, levels)
        calm[0] += 1
        for s in range(sellers):
            table = Tables(tables.values[s], tables.greedy[s])
            if learn(table, learning, state, actions[s].level, gained(book, room.money, s) / COIN, after):
                calm[0] = 0
        state = after


@rule
def play_on_ledger(book: Any, view: Any, greedy: Any, room: Room, forced: Any, moves: Any) -> None:
    """Let the sellers of one world play without learning.

    Args:
        book: its ledger.
        view: its views.
        greedy: the greedy level of each seller in each state.
        room: working memory.
        forced: level of every tick and seller, or -1 to be greedy, shape (ticks, sellers).
        moves: filled, of the same shape.
    """
    for s in range(view.size):
        gained(book, room.money, s)
    for t in range(forced.shape[0]):
        state = state_shown(view, room.shop.grid.size)
        for s in range(view.size):
            room.actions[s].level = forced[t, s] if forced[t, s] >= 0 else greedy[s, state]
        step(book, view, room.actions, room.sales, room.shop)
        for s in range(view.size):
            moves[t, s].level = room.actions[s].level
            moves[t, s].gain = gained(book, room.money, s)


def check_size(parameters: PostedPriceParameters) -> None:
    """Nothing, if the tables of all sellers are not too large.

    Raises:
        InputError: they are.
    """
    p = parameters
    values = p.sellers * p.levels ** (p.sellers + 1)
    if values > MOST_VALUES:
        raise InputError(
            f"sellers: {p.sellers} with {p.levels} levels need tables of {values} values, allowed are {MOST_VALUES}; set fewer "
            "sellers or levels"
        )


class Session:
    """Sellers that learn on one ledger; `begin` makes it serve another seed."""

    def __init__(self, parameters: PostedPriceParameters, learning: Learning, *, stable: int = 100_000, seed: int = 0) -> None:
        """Open the ledger.

        Args:
            parameters: of the scenario; the horizon means nothing here.
            learning: how the sellers learn.
            stable: learning has converged when no greedy policy has changed for so many ticks.
            seed: run seed: first prices and exploration.

        Raises:
            InputError: the tables would be too large.
        """
        check_size(parameters)
        p = self.parameters = parameters
        self.learning, self.stable = learning, stable
        economy = self.economy = PostedPrice(p.model_copy(update={"horizon": 1}), seeds=[seed])
        shop = economy._shops[0]._replace(horizon=ENDLESS)
        money = np.zeros(p.sellers, np.int64)
        self.room = Room(shop, SELLER.actions(p.sellers), economy.sales[0, :0], draws_for(p.sellers), money)
        states = p.levels**p.sellers
        self.tables = Tables(np.empty((p.sellers, states, p.levels)), np.zeros((p.sellers, states), np.int64))
        self._calm = np.zeros(1, np.int64)
        self.profits = self._profits()
        """Of each seller at the levels of all, µcoin; shape (sellers, levels of seller 0, levels of seller 1, ...)."""
        self.begin(seed)

    def _profits(self) -> NDArray[np.int64]:
        """What the ledger pays at every list of levels: each stands for two ticks, in the second nothing is posted."""
        p = self.parameters
        grid = np.indices((p.levels,) * p.sellers).reshape(p.sellers, -1).T
        moves = self.play(2 * len(grid), np.repeat(grid, 2, axis=0))
        return np.ascontiguousarray(moves["gain"][1::2].T).reshape(p.sellers, *(p.levels,) * p.sellers)

    def begin(self, seed: int) -> None:
        """Open a new ledger under this seed. Values begin at the discounted profit against rivals who pick any level alike."""
        self.economy.begin(0, seeds=seed)
        self._calm[0] = 0
        for s, profits in enumerate(self.profits):
            own = np.moveaxis(profits, s, 0).reshape(self.parameters.levels, -1)
            self.tables.values[s] = own.sum(axis=1) / own.shape[1] / COIN / (1 - self.learning.delta)
        self.tables.greedy[...] = self.tables.values.argmax(axis=2)

    @property
    def ticks(self) -> int:
        """Ticks played so far."""
        return int(self.economy.book.head[0, 0].tick)

    @property
    def converged(self) -> bool:
        """Whether no greedy policy has changed for long enough."""
        return bool(self._calm[0] >= self.stable)

    @property
    def state(self) -> int:
        """The number of the present state."""
        return int(state_shown(self.economy._views[0], self.parameters.levels))

    def digest(self) -> str:
        """Fingerprint of the ledger."""
        return digest(self.economy.book)

    def learn(self, ticks: int) -> bool:
        """Learn for so many ticks or until convergence; returns whether it has been reached."""
        book, stop = world(self.economy.book, 0), self.ticks + ticks
        learn_on_ledger(book, self.economy._views[0], self.tables, self.room, self.learning, self._calm, self.stable, stop)
        return self.converged

    def play(self, ticks: int, forced: NDArray[np.int64] | None = None) -> Any:
        """Play so many ticks without learning.

        Args:
            ticks: how many.
            forced: level of each tick and seller, -1 to be greedy; all greedy if not given.

        Returns:
            Records `MOVE`, shape (ticks, sellers).
        """
        sellers = self.parameters.sellers
        levels = np.full((ticks, sellers), -1, np.int64) if forced is None else np.asarray(forced, np.int64)
        moves = records(MOVE, ticks, sellers)
        play_on_ledger(world(self.economy.book, 0), self.economy._views[0], self.tables.greedy, self.room, levels, moves)
        return moves

    def cycle(self) -> tuple[int, int]:
        """Ticks of greedy play until the first state that comes again, and the length of the cycle that it is on."""
        lead, length = cycle_of(self.tables.greedy, self.parameters.levels, self.state)
        return int(lead), int(length)

    def keep(self) -> tuple[NDArray[Any], ...]:
        """A copy of the ledger and the views, for `restore`: so a session is forked."""
        return tuple(array.copy() for array in (*self.economy.book, self.economy._views))

    def restore(self, kept: tuple[NDArray[Any], ...]) -> None:
        """Go back to where `keep` was called; tables stay as they are."""
        for array, copy in zip((*self.economy.book, self.economy._views), kept, strict=True):
            array[...] = copy

    def policy(self) -> TabularPolicy:
        """What was learned, as a policy of the role: seller k of a world plays table k.

        A seller's view shows itself first and then the others in turn, so its table is turned to begin with itself.
        """
        from sim.scenarios.posted_price import SCENARIO

        p = self.parameters
        encoding = encoding_of(SCENARIO, "seller", p, ("level",), "discrete")
        names = [feature.name for feature in encoding.features]
        cuts = tuple((level + 0.5) / p.top_level for level in range(p.top_level))
        cells = tuple(Cells(names.index(f"sellers.level.{row}"), cuts) for row in range(p.sellers))
        values = np.empty_like(self.tables.values)
        greedy = np.empty_like(self.tables.greedy)
        cube = (p.levels,) * p.sellers
        for s in range(p.sellers):
            turned = [(s + row) % p.sellers for row in range(p.sellers)]
            greedy[s] = self.tables.greedy[s].reshape(cube).transpose(turned).reshape(-1)
            values[s] = self.tables.values[s].reshape(*cube, p.levels).transpose(*turned, p.sellers).reshape(-1, p.levels)
        return TabularPolicy(encoding, cells, Tables(values, greedy))
