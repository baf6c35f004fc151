"""What the agents are shown: one pass over the ledger fills the views of both roles."""

from typing import Any

from chain.contracts.eigentrust import score_bps
from chain.contracts.offers import is_open_offer
from chain.contracts.service_market import Phase
from chain.dice import What, below, lane, lanes, mix, swap
from chain.layout import NOBODY
from chain.rule import prefetch, rule
from sim.scenario import OFFERS_SHOWN
from sim.scenarios.service_market.layout import ByRole, Desk, Wants
from sim.scenarios.service_market.population import (
    Population,
    client_name,
    client_row,
    client_sleeps,
    provider_name,
    provider_row,
    provider_sleeps,
)
from sim.scenarios.service_market.types import EVERYBODY, need_from, value_of

LARGE, NEAR = 1_024, 8
"""Where more jobs than this are open, look so many jobs ahead."""


@rule
def account_of(book: Any, agent: int) -> int:
    """The address an agent acts from: that of its newest identity."""
    return int(book.identities[book.identities[agent].latest].address)


@rule
def pin_up(book: Any, board: Any, starts: Any) -> None:
    """Collect the open offers on a board, by service, in the order of first posts; `starts` marks where each begins."""
    services = starts.size - 1
    starts[:] = 0
    for k in range(book.terms[0].listed):
        address = book.offers[k].listed
        if is_open_offer(book, address):
            starts[book.offers[address].service + 1] += 1
    for s in range(services):
        starts[s + 1] += starts[s]
    for k in range(book.terms[0].listed):
        address = book.offers[k].listed
        if is_open_offer(book, address):
            offer = book.offers[address]
            pin = board[starts[offer.service]]
            pin.address = address
            pin.price = offer.price
            pin.rating_bps = score_bps(book, address)
            pin.ratings = book.reputation[address].ratings
            starts[offer.service] += 1
    for s in range(services, 0, -1):
        starts[s] = starts[s - 1]
    starts[0] = 0


@rule
def show(view: Any, board: Any, first: int, stop: int, word: Any) -> None:
    """Show up to `OFFERS_SHOWN` offers of one service: all of them, or an evenly spaced sample; where it begins is drawn."""
    count, offers, before = stop - first, view.offers, view.shown
    shown = min(count, OFFERS_SHOWN)
    view.shown = shown
    if shown > 0:
        place = below(word, count)
        stride = 1 + below(swap(word), count // OFFERS_SHOWN) if count > OFFERS_SHOWN else 1
        for k in range(shown):
            offers[k] = board[first + place]
            place += stride
            if place >= count:
                place -= count
    for k in range(shown, before):
        offers[k] = board[board.size - 1]


@rule
def show_clients(book: Any, private: Any, views: Any, board: Any, starts: Any, wants: Wants) -> None:
    """Fill the views of the clients of one world, all but their deliveries."""
    head = book.head[0]
    services, population = starts.size - 1, wants.population
    open_for_needs = 1 <= head.tick <= wants.horizon
    needs = lanes(head, head.tick, EVERYBODY, What.NEED, 0)
    for c in range(views.size):
        if c & 3 == 0:
            needs = lanes(head, head.tick, EVERYBODY, What.NEED, c >> 2)
        view = views[c]
        address = account_of(book, client_name(population, c))
        view.ticks_left = private.ticks.size - head.tick
        view.base_fee = head.base_fee
        view.balance = book.accounts[address].balance
        view.job = NOBODY
        view.job_provider = NOBODY
        view.job_quality_bps = 0
        word = lane(needs, c)
        need = need_from(word, wants.need_bps, services) if open_for_needs else NOBODY
        if client_sleeps(population, private.calendar, head.tick, c):
            need = NOBODY
        view.need = need
        if need == NOBODY:
            view.value = 0
            show(view, board, 0, 0, word)
        else:
            view.value = value_of(head, private.tastes, wants, head.tick, c, need)
            show(view, board, starts[need], starts[need + 1], mix(word))


@rule
def show_providers(book: Any, private: Any, views: Any, board: Any, starts: Any, population: Population) -> None:
    """Fill the views of the providers of one world, all but their open jobs."""
    head = book.head[0]
    windows = lanes(head, head.tick, EVERYBODY, What.WINDOW, 0)
    for p in range(views.size):
        if p & 3 == 0:
            windows = lanes(head, head.tick, EVERYBODY, What.WINDOW, p >> 2)
        view = views[p]
        craft = private.crafts[p]
        address = account_of(book, provider_name(population, p))
        view.ticks_left = private.ticks.size - head.tick
        view.base_fee = head.base_fee
        view.address = address
        view.balance = book.accounts[address].balance
        view.service = craft.service
        view.cost = craft.cost
        view.effort_cost = craft.effort_cost
        view.capacity = 0 if provider_sleeps(population, private.calendar, head.tick, p) else craft.capacity
        offer = book.offers[address]
        view.price = offer.price
        view.hired = offer.taken if offer.taken_height == head.height else 0
        view.open_jobs = 0
        stake = book.stakes[address]
        view.bonded = stake.bonded
        view.locked = stake.locked
        view.unbonding = stake.unbonding
        view.min_stake = book.terms[0].min_stake
        view.rating_bps = score_bps(book, address)
        view.ratings = book.reputation[address].ratings
        show(view, board, starts[craft.service], starts[craft.service + 1], lane(windows, p))


@rule
def fetch_parties(book: Any, number: int) -> None:
    """Fetch the accounts of a job that comes up soon: in large worlds they lie scattered over memory."""
    if number < book.terms[0].opened:
        job = book.jobs[number & (book.jobs.size - 1)]
        prefetch(book.accounts, job.client)
        prefetch(book.accounts, job.provider)


@rule
def show_jobs(book: Any, client_views: Any, provider_views: Any, population: Population) -> None:
    """Tell each client its oldest delivery without an answer, and each provider how many jobs it has to deliver."""
    terms = book.terms[0]
    for number in range(terms.closed, terms.opened):
        if terms.opened - terms.closed > LARGE:
            fetch_parties(book, number + NEAR)
        job = book.jobs[number & (book.jobs.size - 1)]
        if job.phase == Phase.FUNDED:
            p = provider_row(population, book.accounts[job.provider].owner)
            if p != NOBODY:
                provider_views[p].open_jobs += 1
        elif job.phase == Phase.DELIVERED:
            c = client_row(population, book.accounts[job.client].owner)
            if c != NOBODY and client_views[c].job == NOBODY:
                view = client_views[c]
                view.job = number
                view.job_provider = job.provider
                view.job_quality_bps = job.quality_bps


@rule
def observe(book: Any, private: Any, views: ByRole, desk: Desk, wants: Wants) -> None:
    """Fill the views of one world."""
    pin_up(book, desk.board, desk.starts)
    show_clients(book, private, views.client, desk.board, desk.starts, wants)
    show_providers(book, private, views.provider, desk.board, desk.starts, wants.population)
    show_jobs(book, views.client, views.provider, wants.population)
