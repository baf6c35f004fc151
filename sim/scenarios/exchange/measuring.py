"""What a block came to, read from its receipts: every swap once more, on the reserves that it met.

The credits of a swap count at the outside price of the tick in which it was signed. To a trader with a need so many of them as
it needs count at their value to it; the rest of them at that price. So what a trader, an arbitrageur or the builder gains by a
swap, and what the pool gains by it, add up to the credits that met a need times what their value was above that price, or below
it where they were sold.
"""

from typing import Any

from chain.accounts import share
from chain.arithmetic import multiply_divide
from chain.contracts.constant_product import MONEY, amount_out
from chain.layout import WHOLE_BPS, Kind
from chain.rule import rule
from chain.status import Status
from sim.scenarios.exchange.layout import Floor, Ring
from sim.scenarios.exchange.parameters import COIN


@rule
def worth(credits: int, price: int) -> int:
    """What so many credits are worth at a price, µcoin, rounded down."""
    return int(multiply_divide(credits, price, COIN))


@rule
def surplus(buys: bool, credits: int, value: int, price: int) -> int:
    """What is gained where so many credits go from who has them at the outside price to who values them so, or the other way."""
    gap = value - price if buys else price - value
    return worth(credits, gap) if gap >= 0 else -worth(credits, -gap)


@rule
def settle(ring: Ring, tick: Any, name: int, intent: Any, out: int) -> None:
    """Enter a swap that was done into its agent's tally and its pool's; a trader's into those of the tick, too."""
    buys = intent.asset == MONEY
    credits = out if buys else intent.paid
    at_price, sign = worth(credits, intent.price), 1 if buys else -1
    gained = surplus(buys, min(credits, intent.need), intent.value, intent.price)
    volume = intent.paid if buys else at_price
    tally = ring.tallies[name]
    tally.swaps += 1
    tally.volume += volume
    tally.worth += sign * at_price + gained
    ring.outside[0].pool_worth -= sign * at_price
    if name < ring.needs.size:
        tick.swaps += 1
        tick.volume += volume
        tick.value += at_price + (gained if buys else 0)
        tick.cost += at_price - (0 if buys else gained)


@rule
def measure(book: Any, ring: Ring, tick: Any, money: int, credits: int, floor: Floor) -> None:
    """Enter all swaps of the last block.

    Args:
        book: one world of the deployment `exchange`.
        ring: what is kept beside it.
        tick: the record of the tick.
        money, credits: the reserves before the block.
        floor: what all worlds share.
    """
    fee_bps, bundled = book.terms[0].fee_bps, False
    first_money, first_credits = money, credits
    for k in range(book.head[0].receipts):
        receipt = book.receipts[k]
        if receipt.kind != Kind.SWAP:
            continue
        name = book.accounts[receipt.sender].name
        intent = ring.intents[name, receipt.nonce & 1]
        if receipt.status != Status.OK:
            ring.tallies[name].refused += 1
            tick.refused += 1 if name < floor.traders else 0
            continue
        buys, paid = intent.asset == MONEY, intent.paid
        fee = paid - share(paid, WHOLE_BPS - fee_bps)
        tick.fees += fee if buys else worth(fee, intent.price)
        reserve_in, reserve_out = (money, credits) if buys else (credits, money)
        out = amount_out(paid, reserve_in, reserve_out, fee_bps)
        money, credits = (money + paid, credits - out) if buys else (money - out, credits + paid)
        settle(ring, tick, name, intent, out)
        if bundled and k == 1 and name < floor.traders:
            reserve_in, reserve_out = (first_money, first_credits) if buys else (first_credits, first_money)
            lost = amount_out(paid, reserve_in, reserve_out, fee_bps) - out
            tick.sandwiches += 1
            tick.lost += worth(lost, intent.price) if buys else lost
        bundled = k == 0 and name == floor.traders + floor.arbitrageurs
    tick.pool = multiply_divide(book.terms[0].money, COIN, book.terms[0].credits)


@rule
def gains(books: Any, ring: Ring, starts: Any, out: Any) -> None:
    """What every agent gained, from its balance: its money now, and the worth of the credits that it swapped, minus its money
    at the start. `out` is filled, shape (worlds, agents)."""
    for w in range(out.shape[0]):
        for k in range(out.shape[1]):
            address = books.identities[w, k].address
            out[w, k] = books.accounts[w, address].balance - starts[k] + ring.tallies[w, k].worth
