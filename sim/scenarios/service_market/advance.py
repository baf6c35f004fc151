"""One tick of the service market: transactions, a block, and what is measured of it."""

from typing import Any

from chain.accounts import share
from chain.contracts.service_escrow import part_price, parts_of
from chain.contracts.service_market import Outcome
from chain.deployments.service_market import seal
from chain.layout import NOBODY
from chain.mempool import next_tick
from chain.rule import rule, world
from chain.status import Status
from sim.scenarios.service_market.act import act
from sim.scenarios.service_market.layout import ByRole, Desk, Wants
from sim.scenarios.service_market.observe import LARGE, NEAR, account_of, fetch_parties, observe
from sim.scenarios.service_market.population import (
    Population,
    client_attacks,
    client_row,
    provider_attacks,
    provider_name,
    provider_row,
    provider_sleeps,
)
from sim.scenarios.service_market.types import value_of


@rule
def part_of(book: Any, row: int, amount: int) -> int:
    """What belongs to the delivered milestone, of an amount that belongs to a whole job; without milestones all of it."""
    if book.deals.size == 0:
        return amount
    parts = parts_of(book)
    return part_price(amount, parts, min(int(book.deals[row].part), parts - 1))


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
def measure_delivery(book: Any, private: Any, wants: Wants, row: int) -> None:
    """A job, or a milestone of it, was delivered in this block: its value and cost in expectation, given the effort.

    An agent only ever hires the service that it needs in that tick, once: `act` signs nothing else. Of each job at most one
    milestone is delivered in a tick, and answered in a later one.
    """
    job = book.jobs[row]
    c = client_row(wants.population, book.accounts[job.client].owner)
    p = provider_row(wants.population, book.accounts[job.provider].owner)
    if c == NOBODY or p == NOBODY:
        return
    craft = private.crafts[p]
    worth = part_of(book, row, value_of(book.head[0], private.tastes, wants, job.tick, c, job.service))
    price = part_of(book, row, job.price)
    value = share(worth, share(job.effort_bps, book.terms[0].reliability_bps))
    cost = part_of(book, row, craft.cost) + share(part_of(book, row, craft.effort_cost), job.effort_bps)
    good = 1 if job.quality_bps > 0 else 0
    tick, client, provider = private.ticks[job.tick], private.clients[c], private.providers[p]
    tick.value += value
    tick.cost += cost
    tick.delivered += 1
    tick.good += good
    client.jobs += 1
    client.good += good
    client.value += value
    client.paid += price
    provider.jobs += 1
    provider.good += good
    provider.cost += cost
    provider.price += price


@rule
def newly_paid(book: Any, private: Any, row: int) -> int:
    """What the provider of a job was paid in this block."""
    job = book.jobs[row]
    if book.deals.size > 0:
        amount = book.deals[row].earned - private.earned[row]
        private.earned[row] = book.deals[row].earned
        return int(amount)
    if job.paid != book.head[0].height or job.outcome == Outcome.NO_SHOW:
        return 0
    return 0 if job.outcome == Outcome.UPHELD and book.terms[0].pay_caught == 0 else int(job.price)


@rule
def measure_payment(book: Any, private: Any, population: Population, row: int) -> None:
    """Where there are attackers: what a provider was paid in this block for what it had delivered last, and by whom."""
    job, amount = book.jobs[row], newly_paid(book, private, row)
    tick = private.ticks[job.tick]
    honest = not client_attacks(population, client_row(population, book.accounts[job.client].owner))
    attacked = provider_attacks(population, provider_row(population, book.accounts[job.provider].owner))
    if honest:
        tick.honest_paid += amount
    if attacked:
        tick.attackers_earned += amount
    if honest and attacked and job.quality_bps == 0:
        tick.scammed += amount


@rule
def measure_end(book: Any, private: Any, population: Population, job: Any) -> None:
    """The money of a job was settled in this block, for the last time if it has milestones."""
    tick = private.ticks[job.tick]
    tick.settled += 1
    tick.delay += job.paid - job.height
    disputed = job.outcome == Outcome.REJECTED or job.outcome == Outcome.UPHELD
    upheld = 1 if job.outcome == Outcome.UPHELD else 0
    tick.no_shows += 1 if job.outcome == Outcome.NO_SHOW else 0
    if disputed:
        tick.disputes += 1
        tick.upheld += upheld
        p = provider_row(population, book.accounts[job.provider].owner)
        if p != NOBODY:
            private.providers[p].disputes += 1
            private.providers[p].upheld += upheld


@rule
def measure(book: Any, private: Any, wants: Wants, oldest: int, hired: int) -> None:
    """Add what this block did to the tallies; jobs count for the tick in which they were hired.

    Args:
        oldest: the oldest job that was open before the block.
        hired: the first job of the block.
    """
    height, opened, population = book.head[0].height, book.terms[0].opened, wants.population
    attacked = population.client_attackers + population.provider_attackers > 0
    for number in range(hired, opened):
        row = number & (book.jobs.size - 1)
        measure_hire(private, book.jobs[row])
        if book.deals.size > 0:
            private.earned[row] = 0
    for number in range(oldest, opened):
        if opened - oldest > LARGE:
            fetch_parties(book, number + NEAR)
        row = number & (book.jobs.size - 1)
        job = book.jobs[row]
        if job.delivered == height:
            measure_delivery(book, private, wants, row)
        if attacked:
            measure_payment(book, private, population, row)
        if job.paid == height:
            measure_end(book, private, population, job)


@rule
def note_standing(book: Any, calendar: Any, population: Population) -> None:
    """Guests that went to sleep count as awake, for the planner, in a block that begins with their offer standing."""
    tick = book.head[0].tick
    for p in range(population.providers, population.providers + population.provider_guests):
        standing = book.offers[account_of(book, provider_name(population, p))].capacity > 0
        if standing and provider_sleeps(population, calendar, tick, p):
            calendar[tick, population.client_guests + p - population.providers] = 1


@rule
def step(book: Any, private: Any, views: ByRole, actions: ByRole, desk: Desk, wants: Wants) -> None:
    """Sign what the agents want, execute one block, and count what it did."""
    head, terms = book.head[0], book.terms[0]
    tick = private.ticks[head.tick]
    oldest, hired, fees, dropped = terms.closed, terms.opened, head.fees_burned + head.tips, head.dropped
    tick.base_fee = head.base_fee
    for c in range(views.client.size):
        tick.requests += 1 if views.client[c].need >= 0 else 0
    act(book, private, views, actions, desk.waiting, wants.population, wants.jury_votes)
    note_standing(book, private.calendar, wants.population)
    seal(book, desk.scratch)
    measure(book, private, wants, oldest, hired)
    tick.fees = head.fees_burned + head.tips - fees
    tick.gas_used = head.gas_used
    tick.blocked = head.dropped - dropped
    for k in range(head.receipts):
        tick.refused += 1 if book.receipts[k].status != Status.OK else 0


@rule
def begin(books: Any, privates: Any, views: ByRole, desk: Desk, wants: Wants) -> None:
    """Fill the first views of every world."""
    for w in range(books.head.shape[0]):
        observe(world(books, w), world(privates, w), world(views, w), desk, wants)


@rule
def advance(books: Any, privates: Any, views: ByRole, actions: ByRole, desk: Desk, wants: Wants, first: int, stop: int) -> None:
    """Move the worlds from `first` to `stop` - 1 one tick on: transactions, a block, measures, and what is seen next.

    One world after another goes all the way, while its records are in the processor's nearest cache.
    """
    for w in range(first, stop):
        book, private, view = world(books, w), world(privates, w), world(views, w)
        step(book, private, view, world(actions, w), desk, wants)
        next_tick(book.head[0])
        observe(book, private, view, desk, wants)


@rule
def gains(books: Any, privates: Any, start: ByRole, out: ByRole, population: Population) -> None:
    """What each agent has gained so far: the money of all its accounts, stake and unpaid escrow apart, minus its money at the
    start (shape (agents,)), plus the value of what it received or minus the cost of its work. `out` is filled, shape (worlds,
    agents)."""
    clients, providers = out.client.shape[1], out.provider.shape[1]
    for w in range(books.head.shape[0]):
        book, private, mine = world(books, w), world(privates, w), world(out, w)
        for c in range(clients):
            mine.client[c] = private.clients[c].value - start.client[c]
        for p in range(providers):
            mine.provider[p] = -private.providers[p].cost - start.provider[p]
        for address in range(book.accounts.size):
            agent = book.accounts[address].owner
            stake = book.stakes[address]
            money = book.accounts[address].balance + stake.bonded + stake.unbonding
            c, p = client_row(population, agent), provider_row(population, agent)
            if c != NOBODY:
                mine.client[c] += money
            elif p != NOBODY:
                mine.provider[p] += money
