"""Who gets the surplus. With fees and burned stakes the parts add up to what was realised."""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import Outcome, PriceOutcome, TradeOutcome, ratio


def client_money(outcome: Outcome) -> NDArray[np.int64]:
    """Value received in expectation and money gained or lost, all clients together, µcoin."""
    clients = outcome.clients.shape[1]
    return outcome.clients["value"].sum(axis=1) + outcome.gained[:, :clients].sum(axis=1)


def provider_money(outcome: Outcome) -> NDArray[np.int64]:
    """Money gained minus cost, all providers together, µcoin."""
    clients = outcome.clients.shape[1]
    return outcome.gained[:, clients:].sum(axis=1) - outcome.providers["cost"].sum(axis=1)


def client_surplus(outcome: Outcome) -> NDArray[np.float64]:
    """The clients' part, as a share of the planner's optimum."""
    return ratio(client_money(outcome), outcome.best.surplus.sum(axis=(1, 2)))


def provider_surplus(outcome: Outcome) -> NDArray[np.float64]:
    """The providers' part, as a share of the planner's optimum."""
    return ratio(provider_money(outcome), outcome.best.surplus.sum(axis=(1, 2)))


def consumer_surplus(outcome: PriceOutcome | TradeOutcome) -> NDArray[np.float64]:
    """What consumers gain over buying nothing, as a share of the planner's optimum; the rest of `efficiency` is the sellers'."""
    return ratio(outcome.consumers.sum(axis=1), outcome.best.surplus.sum(axis=(1, 2)))
