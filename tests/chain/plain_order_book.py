"""The order book once more, as slowly and plainly as it can be said: lists that are sorted anew for every question.

No rule, no record and no heap of the ledger is used; fees are none. What no contract on a public chain does in the same way
(expiry by height, the wiped book) is held against this instead of foreign bytecode.
"""

from dataclasses import dataclass, field

from chain.status import Status

MOST_PRICE, MOST_UNITS, MOST_SUPPLY = 2**40, 2**20, 2**62


@dataclass
class Order:
    """An open order; `number` as the ledger gave it."""

    number: int
    owner: int
    bid: bool
    price: int
    units: int
    due: int


@dataclass
class PlainBook:
    """Money and units of accounts 0 to n-1, open orders by age, and every trade: (buyer, seller, price, units)."""

    money: list[int]
    rows: int
    window: int
    wipe: bool
    issuer: int
    units: list[int] = field(default_factory=list)
    issued: int = 0
    height: int = 0
    orders: list[Order] = field(default_factory=list)
    trades: list[tuple[int, int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.units = [0] * len(self.money)

    def best(self, bid: bool) -> Order | None:
        """The order of a side that trades first."""
        own = [order for order in self.orders if order.bid == bid]
        ranked = sorted(own, key=lambda order: -order.price if bid else order.price)  # stable: by age at one price
        return ranked[0] if ranked else None

    def crossing(self, bid: bool, price: int) -> Order | None:
        """The order of the other side that one of this price would meet."""
        best = self.best(not bid)
        return best if best and (price >= best.price if bid else price <= best.price) else None

    def give_back(self, order: Order) -> None:
        """End an order."""
        self.orders = [other for other in self.orders if other is not order]
        if order.bid:
            self.money[order.owner] += order.price * order.units
        else:
            self.units[order.owner] += order.units

    def refusal(self, who: int, bid: bool, price: int, units: int, stead: int) -> Status:
        """The first thing that is wrong with an order in the stead of another, 0: of none."""
        if not 0 <= price <= MOST_PRICE or not 1 <= units <= MOST_UNITS:
            return Status.BAD_AMOUNT
        named = [order for order in self.orders if order.number == stead]
        own = [order for order in named if order.owner == who]
        money = self.money[who] + sum(order.price * order.units for order in own if order.bid)
        if bid and money < price * units:
            return Status.INSUFFICIENT_BALANCE
        if stead and not named:
            return Status.NO_SUCH_ORDER
        if named and not own:
            return Status.NOT_YOUR_ORDER
        if not bid and self.units[who] + sum(order.units for order in own if not order.bid) < units:
            return Status.INSUFFICIENT_UNITS
        if not own and len(self.orders) == self.rows and not self.crossing(bid, price):
            return Status.BOOK_FULL
        return Status.OK

    def place(self, who: int, bid: bool, price: int, units: int, stead: int, number: int | None) -> Status:
        """Place an order; should a part of it stand, it gets this number."""
        refusal = self.refusal(who, bid, price, units, stead)
        if refusal != Status.OK:
            return refusal
        for order in [order for order in self.orders if order.number == stead]:
            self.give_back(order)
        while units and (met := self.crossing(bid, price)):
            if met.owner == who:
                self.give_back(met)
                continue
            filled = min(units, met.units)
            units -= filled
            self.trade(who, bid, met, filled)
            if self.wipe:
                for order in self.orders:
                    self.give_back(order)
                return Status.OK
        if units:
            assert number is not None, "a part of it stands, and the ledger gave it no number"
            if bid:
                self.money[who] -= price * units
            else:
                self.units[who] -= units
            self.orders.append(Order(number, who, bid, price, units, self.height + self.window))
        return Status.OK

    def trade(self, who: int, bid: bool, met: Order, units: int) -> None:
        """Fill a part of an order that stands, at its price."""
        buyer, seller = (who, met.owner) if bid else (met.owner, who)
        if bid:
            self.money[who] -= met.price * units  # the money of a bid that stands was taken when it was placed
        self.money[seller] += met.price * units
        if not bid:
            self.units[who] -= units
        self.units[buyer] += units
        self.trades.append((buyer, seller, met.price, units))
        met.units -= units
        if met.units == 0:
            self.orders = [other for other in self.orders if other is not met]

    def cancel(self, who: int, number: int) -> Status:
        """Cancel an order."""
        named = [order for order in self.orders if order.number == number]
        if not named:
            return Status.NO_SUCH_ORDER
        if named[0].owner != who:
            return Status.NOT_YOUR_ORDER
        self.give_back(named[0])
        return Status.OK

    def issue(self, who: int, to: int, units: int) -> Status:
        """Create units."""
        if not 1 <= units <= MOST_UNITS or self.issued + units > MOST_SUPPLY:
            return Status.BAD_AMOUNT
        if not 0 <= to < len(self.money):
            return Status.NO_SUCH_ACCOUNT
        if who != self.issuer:
            return Status.NOT_ISSUER
        self.units[to] += units
        self.issued += units
        return Status.OK

    def end_block(self) -> None:
        """Give back what is past its time."""
        for order in self.orders:
            if order.due <= self.height:
                self.give_back(order)
