"""From actions to transactions: each is signed by the account that its agent acts from."""

from typing import Any

from chain.contracts.jury import MAX_JURORS, Vote, first_seat, places_of
from chain.contracts.service_escrow import draw_number
from chain.contracts.service_market import Phase
from chain.dice import What, chance, draw
from chain.layout import NOBODY, WHOLE_BPS, Kind
from chain.mempool import reserve
from chain.rule import rule
from sim.scenarios.service_market.layout import ByRole
from sim.scenarios.service_market.observe import LARGE, NEAR, account_of, fetch_parties
from sim.scenarios.service_market.population import Population, client_name, provider_name, provider_row, provider_sleeps
from sim.scenarios.service_market.roles import Answer


@rule
def sign(book: Any, kind: int, sender: int, tip: int, subject: int, amount: int) -> int:
    """Put a transaction with a subject and an amount into the mempool; returns its slot or `NOBODY`."""
    slot = reserve(book.head, book.accounts, book.pool, kind, sender, tip)
    if slot != NOBODY:
        book.pool[slot].subject = subject
        book.pool[slot].amount = amount
    return slot


@rule
def sign_deliveries(book: Any, actions: Any, waiting: Any, carried: bool, population: Population) -> None:
    """Deliver every open job, with the effort that its provider chose."""
    terms = book.terms[0]
    for number in range(terms.closed, terms.opened):
        if terms.opened - terms.closed > LARGE:
            fetch_parties(book, number + NEAR)
        job = book.jobs[number & (book.jobs.size - 1)]
        if job.phase != Phase.FUNDED or (carried and waiting[job.provider]):
            continue
        p = provider_row(population, book.accounts[job.provider].owner)
        if p != NOBODY and actions[p].deliver != 0:
            slot = sign(book, Kind.DELIVER, job.provider, actions[p].tip, number, 0)
            if slot != NOBODY:
                book.pool[slot].bps = actions[p].effort_bps


PAY, REFUND = int(Vote.PAY), int(Vote.REFUND)


@rule
def opinion(book: Any, row: int, seat: int, habit: int) -> int:
    """How the juror in a seat votes: by habit, or as it sees the milestone in question, rightly as often as an arbiter would."""
    if habit > 0:
        return habit if habit <= REFUND else 0
    job, number = book.jobs[row], draw_number(book, row) * MAX_JURORS + seat
    word = draw(book.head[0], job.tick, book.accounts[job.client].name, What.SIGNAL, number)
    sees_good = (job.quality_bps > 0) == chance(word, book.terms[0].arbiter_bps)
    return PAY if sees_good else REFUND


@rule
def sign_votes(book: Any, actions: Any, waiting: Any, carried: bool, population: Population, habit: int) -> None:
    """Vote in every jury, each juror once."""
    terms, places = book.terms[0], places_of(book)
    for number in range(terms.closed, terms.opened):
        row = number & (book.jobs.size - 1)
        if book.jobs[row].phase != Phase.DISPUTED:
            continue
        for k in range(book.deals[row].seats):
            seat = book.seats[row * places + k]
            if (
                seat.vote != Vote.NONE
                or (carried and waiting[seat.juror])
                or first_seat(book, row, seat.juror) != row * places + k
            ):
                continue
            p, vote = provider_row(population, book.accounts[seat.juror].owner), opinion(book, row, k, habit)
            if vote != Vote.NONE:
                slot = sign(book, Kind.VOTE, seat.juror, actions[p].tip if p != NOBODY else 0, number, 0)
                if slot != NOBODY:
                    book.pool[slot].count = vote


@rule
def sign_clients(book: Any, views: Any, actions: Any, waiting: Any, carried: bool, population: Population) -> None:
    """Answer deliveries and hire."""
    for c in range(actions.size):
        action, view = actions[c], views[c]
        if view.job == NOBODY and view.need == NOBODY:
            continue
        address = account_of(book, client_name(population, c))
        if carried and waiting[address]:
            continue
        if view.job != NOBODY and action.answer != Answer.SILENT:
            bad = action.answer == Answer.HONEST and view.job_quality_bps < WHOLE_BPS
            kind = Kind.DISPUTE if bad or action.answer == Answer.DISPUTE else Kind.ACCEPT
            slot = sign(book, kind, address, action.tip, view.job, 0)
            if slot != NOBODY:
                book.pool[slot].bps = action.rating_bps if action.rating_bps >= 0 else view.job_quality_bps
        if action.hire >= 0 and view.need >= 0 and view.offers[action.hire].address != NOBODY:
            offer = view.offers[action.hire]
            limit = action.limit if action.limit >= 0 else offer.price
            slot = sign(book, Kind.HIRE, address, action.tip, view.need, limit)
            if slot != NOBODY:
                book.pool[slot].to = offer.address
                book.pool[slot].deadline = book.head[0].height + 1


@rule
def sign_stake(book: Any, address: int, tip: int, wanted: int) -> None:
    """Collect stake that is ready, then bond or unbond the difference to what is wanted."""
    stake = book.stakes[address]
    if stake.unbonding > 0 and stake.ready <= book.head[0].height:
        sign(book, Kind.WITHDRAW, address, tip, 0, 0)
    if wanted > stake.bonded:
        sign(book, Kind.BOND, address, tip, 0, wanted - stake.bonded)
    elif max(wanted, stake.locked) < stake.bonded:
        sign(book, Kind.UNBOND, address, tip, 0, stake.bonded - max(wanted, stake.locked))


@rule
def sign_offer(book: Any, address: int, tip: int, service: int, price: int, stake: int, capacity: int) -> None:
    """Post the offer, unless it stands as it is."""
    offer = book.offers[address]
    same = offer.price == price and offer.stake == stake and offer.service == service
    if offer.capacity != capacity or (capacity > 0 and not same):
        slot = sign(book, Kind.POST, address, tip, service, price)
        if slot != NOBODY:
            book.pool[slot].stake = stake
            book.pool[slot].count = capacity


@rule
def sign_providers(book: Any, private: Any, actions: Any, waiting: Any, carried: bool, population: Population) -> None:
    """Keep stakes and offers as the providers want them; re-enter where they want that.

    Enough stake for full capacity is that of jobs which are delivered and answered at once, and of one jury.

    A guest that is asleep wants nothing: if it was awake before, it takes its offer down and its stake back.
    """
    terms = book.terms[0]
    blocks_locked, jury_stake = terms.delivery_window + terms.dispute_window + 1, 0
    if book.escrow.size > 0:
        escrow = book.escrow[0]
        blocks_locked += 2 * (escrow.milestones - 1) + (escrow.vote_window if escrow.jurors > 0 else 0)
        jury_stake = escrow.jurors * escrow.juror_stake
    for p in range(actions.size):
        action, craft = actions[p], private.crafts[p]
        address = account_of(book, provider_name(population, p))
        if carried and waiting[address]:
            continue
        if provider_sleeps(population, private.calendar, book.head[0].tick, p):
            sign_stake(book, address, 0, 0)
            sign_offer(book, address, 0, craft.service, 0, terms.min_stake, 0)
            continue
        if action.reenter != 0:
            sign_offer(book, address, action.tip, craft.service, action.price, terms.min_stake, 0)
            free = book.accounts[address].balance - book.head[0].registration_fee
            sign(book, Kind.REGISTER, address, action.tip, 0, free * 9 // 10)
            continue
        capacity = min(action.capacity, craft.capacity) if action.capacity >= 0 else craft.capacity
        stake = action.stake if action.stake >= 0 else terms.min_stake
        wanted = action.bonded if action.bonded >= 0 else craft.capacity * stake * blocks_locked + jury_stake
        sign_stake(book, address, action.tip, wanted)
        sign_offer(book, address, action.tip, craft.service, action.price, stake, capacity)


@rule
def mark_waiting(book: Any, waiting: Any, mark: int) -> None:
    """Mark the accounts whose earlier transactions still wait: they send nothing new."""
    for slot in range(book.head[0].pending):
        waiting[book.pool[slot].sender] = mark


@rule
def act(book: Any, private: Any, views: ByRole, actions: ByRole, waiting: Any, population: Population, habit: int) -> None:
    """Turn the actions of one world into transactions. `waiting` is zero by account, and is left so."""
    carried = book.head[0].pending > 0
    if carried:
        mark_waiting(book, waiting, 1)
    sign_deliveries(book, actions.provider, waiting, carried, population)
    if book.escrow.size > 0 and book.escrow[0].jurors > 0:
        sign_votes(book, actions.provider, waiting, carried, population, habit)
    sign_clients(book, views.client, actions.client, waiting, carried, population)
    sign_providers(book, private, actions.provider, waiting, carried, population)
    if carried:
        waiting[:] = 0
