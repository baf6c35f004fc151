"""What an attack takes, and from whom.

An agent's welfare is the value that it received or minus the cost of its work, in expectation, and the money that it gained. It
is summed over the same agents on every side of an experiment. Where nobody attacks, all agents are honest.
"""

import numpy as np
from numpy.typing import NDArray

from sim.metrics.outcome import Outcome, ratio
from sim.metrics.prices import COIN


def welfare(outcome: Outcome) -> NDArray[np.int64]:
    """Welfare of each agent, clients first, shape (worlds, agents), µcoin."""
    return outcome.gained + np.concatenate([outcome.clients["value"], -outcome.providers["cost"]], axis=1)


def attacking(outcome: Outcome) -> NDArray[np.bool_]:
    """Whether an attacker controls each agent, shape (agents,)."""
    return np.broadcast_to(outcome.attackers, outcome.gained.shape[1:])


def honest_welfare(outcome: Outcome) -> NDArray[np.float64]:
    """Welfare of the honest agents together, coins."""
    return welfare(outcome)[:, ~attacking(outcome)].sum(axis=1) / COIN


def attacker_profit(outcome: Outcome) -> NDArray[np.float64]:
    """Welfare of the agents that attackers control together, coins."""
    return welfare(outcome)[:, attacking(outcome)].sum(axis=1) / COIN


def attacker_return(outcome: Outcome) -> NDArray[np.float64]:
    """Welfare of the agents that attackers control, as a share of the money with which they began."""
    who = attacking(outcome)
    return ratio(welfare(outcome)[:, who].sum(axis=1), (outcome.wealth - outcome.gained)[:, who].sum(axis=1))


def scammed(outcome: Outcome) -> NDArray[np.int64]:
    """What honest clients paid to attackers for worthless jobs, µcoin."""
    return np.asarray(outcome.ticks["scammed"].sum(axis=1))


def honest_volume(outcome: Outcome) -> NDArray[np.int64]:
    """What honest clients paid for jobs in all, µcoin; counted where there are attackers, else 0."""
    return np.asarray(outcome.ticks["honest_paid"].sum(axis=1))


def attacker_outlay(outcome: Outcome) -> NDArray[np.int64]:
    """What attackers laid out: what their jobs earned them minus the money that they gained, µcoin. So prices, fees, new
    identities and slashed stakes count, and what they were paid in compensation is taken off."""
    return np.asarray(outcome.ticks["attackers_earned"].sum(axis=1) - outcome.gained[:, attacking(outcome)].sum(axis=1))


def loss_to_scam(outcome: Outcome) -> NDArray[np.float64]:
    """Of what honest clients paid for jobs, the part that attackers got for worthless ones.

    Source: Kolonin and others, "A reputation system for marketplaces - viability assessment", arXiv:1902.03857.
    """
    return ratio(scammed(outcome), honest_volume(outcome))


def profit_from_scam(outcome: Outcome) -> NDArray[np.float64]:
    """What attackers got from honest clients for worthless jobs ÷ what they laid out.

    It is `loss_to_scam` times what honest clients paid in all ÷ what the attackers laid out.

    Source: the same.
    """
    return ratio(scammed(outcome), attacker_outlay(outcome))
