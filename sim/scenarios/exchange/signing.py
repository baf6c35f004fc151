"""What agents want becomes swaps that they sign, and the builder orders the block.

A trader's swap is public: it comes into the mempool when the block of this tick is built, with the quote of before it, and
waits for the next one, in which the builder can answer to it. What arbitrageurs and the builder sign goes into the very next
block, and is good for no other. First comes the builder's own bundle, then arbitrageurs by arrival, then what has waited, by
age and arrival.
"""

from typing import Any

from chain.accounts import share
from chain.arithmetic import multiply_divide
from chain.contracts.constant_product import CREDITS, MONEY, amount_out
from chain.layout import NOBODY, WHOLE_BPS, Kind
from chain.mempool import reserve
from chain.rule import rule
from sim.scenarios.exchange.layout import Floor, Ring

FRONT, VICTIM, BACK, DIRECT, WAITED = range(5)
"""Ranks in the next block."""


@rule
def quote(book: Any, asset: int, paid: int) -> int:
    """What the pool would give now for so much of an asset."""
    terms = book.terms[0]
    reserve_in, reserve_out = (terms.money, terms.credits) if asset == MONEY else (terms.credits, terms.money)
    return amount_out(paid, reserve_in, reserve_out, terms.fee_bps)


@rule
def sign_swap(book: Any, ring: Ring, name: int, asset: int, paid: int, least: int, rank: int) -> Any:
    """Sign a swap for an agent; returns where its intent is kept, without a need."""
    address = book.identities[name].address
    intent = ring.intents[name, (book.accounts[address].nonce + book.accounts[address].pending) & 1]
    slot = reserve(book.head, book.accounts, book.pool, Kind.SWAP, address, 0)
    if slot != NOBODY:
        tx = book.pool[slot]
        tx.subject, tx.amount, tx.count, tx.rank = asset, paid, least, rank
        if rank < WAITED:
            tx.deadline = book.head[0].height + 1
    intent.asset, intent.paid, intent.need, intent.value, intent.price = asset, paid, 0, 0, ring.outside[0].price
    return intent


@rule
def choose_waiting(book: Any, floor: Floor) -> int:
    """Fill ``floor.shown`` with the slots of the largest swaps of traders that wait, of each trader its next one; returns how
    many."""
    terms, shown, sizes, count = book.terms[0], floor.shown, floor.sizes, 0
    for slot in range(book.head[0].pending):
        tx = book.pool[slot]
        account = book.accounts[tx.sender]
        if account.name >= floor.traders or tx.nonce != account.nonce:
            continue
        size = tx.amount if tx.subject == MONEY else multiply_divide(tx.amount, terms.money, terms.credits)
        place = min(count, shown.size - 1)
        if count == shown.size and sizes[place] >= size:
            continue
        while place > 0 and sizes[place - 1] < size:
            shown[place], sizes[place] = shown[place - 1], sizes[place - 1]
            place -= 1
        shown[place], sizes[place] = slot, size
        count = min(count + 1, shown.size)
    return count


@rule
def sign_bundle(book: Any, ring: Ring, action: Any, floor: Floor) -> None:
    """Let the builder put two swaps of its own around one that waits: what comes out of the first is paid into the second."""
    name = floor.traders + floor.arbitrageurs
    address = book.identities[name].address
    if action.victim < 0 or book.accounts[address].pending != 0:
        return
    place = min(action.victim, choose_waiting(book, floor) - 1)
    if place < 0:
        return
    victim = book.pool[floor.shown[place]]
    asset = victim.subject
    front = min(action.front, book.accounts[address].balance if asset == MONEY else book.credits[address].balance)
    out = quote(book, asset, front) if front > 0 else 0
    if out > 0:
        victim.rank = VICTIM
        sign_swap(book, ring, name, asset, front, out, FRONT)
        sign_swap(book, ring, name, CREDITS if asset == MONEY else MONEY, out, 1, BACK)


@rule
def sign_direct(book: Any, ring: Ring, actions: Any, floor: Floor) -> None:
    """Sign the swaps of arbitrageurs; who still waits for an earlier one signs nothing."""
    for k in range(actions.size):
        name, pay = floor.traders + k, actions[k].pay
        if pay != 0 and book.accounts[book.identities[name].address].pending == 0:
            asset = MONEY if pay > 0 else CREDITS
            least = share(quote(book, asset, abs(pay)), WHOLE_BPS - actions[k].slippage_bps)
            sign_swap(book, ring, name, asset, abs(pay), least, DIRECT)


@rule
def sign(book: Any, ring: Ring, actions: Any, floor: Floor) -> None:
    """Rank what is in the mempool, sign what arbitrageurs and the builder want, and note what traders accept: less than the
    pool would give now, by their slippage."""
    for slot in range(book.head[0].pending):
        book.pool[slot].rank = WAITED
    sign_bundle(book, ring, actions.builders[0], floor)
    sign_direct(book, ring, actions.arbitrageurs, floor)
    for k in range(floor.traders):
        action, need = actions.traders[k], ring.needs[k]
        floor.least[k] = NOBODY
        if action.pay > 0 and need.credits > 0:
            asset = MONEY if need.buys != 0 else CREDITS
            floor.least[k] = share(quote(book, asset, action.pay), WHOLE_BPS - action.slippage_bps)


@rule
def publish(book: Any, ring: Ring, actions: Any, floor: Floor) -> None:
    """Sign the swaps of traders; who has two that wait signs nothing."""
    for k in range(floor.traders):
        if floor.least[k] != NOBODY and book.accounts[book.identities[k].address].pending < 2:
            need = ring.needs[k]
            asset = MONEY if need.buys != 0 else CREDITS
            intent = sign_swap(book, ring, k, asset, actions[k].pay, floor.least[k], WAITED)
            intent.need, intent.value = need.credits, need.value
