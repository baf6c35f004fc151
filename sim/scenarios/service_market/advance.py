"""One tick of the service market: transactions, a block, and what is measured of it."""

from typing import Any

from chain.accounts import share
from chain.contracts.service_market import Outcome
from chain.deployments.service_market import seal
from chain.mempool import next_tick
from chain.ordering import Scratch
from chain.rule import rule, world
from chain.status import Status
from sim.scenarios.service_market.act import act
from sim.scenarios.service_market.observe import LARGE, NEAR, fetch_parties


@rule
def measure_hire(private: Any, job: Any) -> None:
    """A job was hired in this block."""
    tick = private.ticks[job.tick]
    tick.hires += 1
    tick.price += job.price
    trade = private.trades[job.tick, job.service]
    trade.hires += 1
    trade.price += job.price


@rule
def measure_delivery(book: Any, private: Any, job: Any) -> None:
    """A job was delivered in this block: its value and cost in expectation, given the effort.

    An agent only ever hires the service that it needs in that tick, once: `act` signs nothing else.
    """
    clients = private.clients.size
    c, p = book.accounts[job.client].owner, book.accounts[job.provider].owner - clients
    if c >= clients or not 0 <= p < private.providers.size:
        return
    craft = private.crafts[p]
    value = share(private.tastes[c, job.service], share(job.effort_bps, book.terms[0].reliability_bps))
    cost = craft.cost + share(craft.effort_cost, job.effort_bps)
    good = 1 if job.quality_bps > 0 else 0
    tick, client, provider = private.ticks[job.tick], private.clients[c], private.providers[p]
    tick.value += value
    tick.cost += cost
    tick.delivered += 1
    tick.good += good
    client.jobs += 1
    client.good += good
    client.value += value
    client.paid += job.price
    provider.jobs += 1
    provider.good += good
    provider.cost += cost
    provider.price += job.price


@rule
def measure_end(book: Any, private: Any, job: Any) -> None:
    """The money of a job was settled in this block."""
    tick = private.ticks[job.tick]
    tick.settled += 1
    tick.delay += job.paid - job.height
    disputed = job.outcome == Outcome.REJECTED or job.outcome == Outcome.UPHELD
    upheld = 1 if job.outcome == Outcome.UPHELD else 0
    tick.no_shows += 1 if job.outcome == Outcome.NO_SHOW else 0
    if disputed:
        tick.disputes += 1
        tick.upheld += upheld
        p = book.accounts[job.provider].owner - private.clients.size
        if 0 <= p < private.providers.size:
            private.providers[p].disputes += 1
            private.providers[p].upheld += upheld


@rule
def measure(book: Any, private: Any, oldest: int) -> None:
    """Add what this block did to the tallies; jobs count for the tick in which they were hired."""
    height = book.head[0].height
    for number in range(oldest, book.terms[0].opened):
        if book.terms[0].opened - oldest > LARGE:
            fetch_parties(book, number + NEAR)
        job = book.jobs[number & (book.jobs.size - 1)]
        if job.height == height:
            measure_hire(private, job)
        if job.delivered == height:
            measure_delivery(book, private, job)
        if job.paid == height:
            measure_end(book, private, job)


@rule
def advance(
    books: Any,
    privates: Any,
    client_views: Any,
    client_actions: Any,
    provider_actions: Any,
    scratch: Scratch,
    waiting: Any,
    first: int,
    stop: int,
) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on."""
    for w in range(first, stop):
        book, private = world(books, w), world(privates, w)
        head = book.head[0]
        tick = private.ticks[head.tick]
        oldest, fees, dropped = book.terms[0].closed, head.fees_burned + head.tips, head.dropped
        tick.base_fee = head.base_fee
        for c in range(client_views.shape[1]):
            tick.requests += 1 if client_views[w, c].need >= 0 else 0
        act(book, private, client_views[w], client_actions[w], provider_actions[w], waiting)
        seal(book, scratch)
        measure(book, private, oldest)
        tick.fees = head.fees_burned + head.tips - fees
        tick.gas_used = head.gas_used
        tick.blocked = head.dropped - dropped
        for k in range(head.receipts):
            tick.refused += 1 if book.receipts[k].status != Status.OK else 0
        next_tick(head)
