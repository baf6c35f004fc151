"""What must hold of jobs with milestones and of juries: after every block, and of a book that comes from outside.

See `chain.invariants` and `chain.misplaced`. A book without that escrow has no deals and no seats, and nothing here is about it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chain.contracts.jury import Vote
from chain.contracts.service_market import Phase
from chain.layout import NOBODY

UNPAID = (Phase.FUNDED, Phase.DELIVERED, Phase.DISPUTED)
"""Phases in which money of a job is held."""


def held_of(jobs: Any, deals: Any) -> Any:
    """What is held of the price of each job, by row; `deals` may be of length 0."""
    earned = deals["earned"] if deals.size else 0
    return np.where(np.isin(jobs["phase"], UNPAID), jobs["price"] - earned, 0)


def sitting(jobs: Any, deals: Any, seats: Any) -> Any:
    """Which seats are of a jury that has not decided, with a leading world axis."""
    if not deals.size:
        return np.zeros(seats.shape, bool)
    places = seats.shape[1] // jobs.shape[1]
    used = np.arange(places) < np.where(jobs["phase"] == Phase.DISPUTED, deals["seats"], 0)[:, :, None]
    out = np.zeros(seats.shape, bool)
    out[:, : jobs.shape[1] * places] = used.reshape(jobs.shape[0], -1)
    return out


def _earned(price: Any, part: Any, milestones: Any) -> Any:
    """What a provider earned with the milestones before this one."""
    parts = np.maximum(milestones, 1)
    return np.where(part < parts, price // parts * part, price)


def escrowed(book: Any) -> Iterator[tuple[str, Any]]:
    """Every invariant of milestones and juries alone, with whether it holds in each world."""
    jobs, deals, seats, milestones = book.jobs, book.deals, book.seats, book.escrow["milestones"]
    unpaid = np.isin(jobs["phase"], UNPAID)
    exact = deals["earned"] == _earned(jobs["price"], deals["part"], milestones)
    yield "what a job has paid is the price of its milestones", (exact | ~unpaid).all(axis=1)
    in_turn = (deals["part"] >= 0) & (deals["part"] < np.maximum(milestones, 1))
    yield "a job that is not paid has a milestone left", (in_turn | ~unpaid).all(axis=1)
    of_jury = sitting(jobs, deals, seats)
    places = seats.shape[1] // jobs.shape[1]
    row = np.minimum(np.arange(seats.shape[1]) // max(places, 1), jobs.shape[1] - 1)
    party = (seats["juror"] == jobs["client"][:, row]) | (seats["juror"] == jobs["provider"][:, row])
    yield "no party sits in its jury", (~party | ~of_jury).all(axis=1)


def escrow_in_place(book: Any) -> bool:
    """Whether there is a deal for every job and whole juries, and every job that is not paid, and every seat of a jury that sits,
    is what rules trust: of the one the milestone and what it paid, of the other the juror."""
    jobs, deals, seats = book.jobs, book.deals, book.seats
    if not book.escrow.size:
        return not deals.size and not seats.size
    if book.escrow.shape[1] != 1 or deals.shape != jobs.shape or seats.shape[1] < 1:
        return False
    most, milestones = seats.shape[1] // jobs.shape[1], book.escrow["milestones"]
    unpaid = np.isin(jobs["phase"], UNPAID)
    in_turn = (deals["part"] >= 0) & (deals["part"] < np.maximum(milestones, 1))
    exact = deals["earned"] == _earned(jobs["price"], deals["part"], milestones)
    if not ((in_turn & exact) | ~unpaid).all() or not ((deals["seats"] >= 0) & (deals["seats"] <= most)).all():
        return False
    of_jury = sitting(jobs, deals, seats)
    sound = (seats["juror"] != NOBODY) & (seats["vote"] >= Vote.NONE) & (seats["vote"] <= Vote.REFUND)
    return bool((sound | ~of_jury).all())
