"""The tables of a run of the service market: what each tick, each agent and the whole surplus came to, world by world."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.metrics.efficiency import realised
from sim.metrics.outcome import Outcome, ratio
from sim.metrics.prices import COIN
from sim.metrics.surplus import client_money, provider_money

COUNTS = (
    "requests", "hires", "delivered", "good", "settled", "disputes", "upheld", "no_shows", "gas_used", "refused", "blocked",
)  # fmt: skip


Columns: TypeAlias = Mapping[str, NDArray[Any]]


def tables(outcome: Outcome) -> Mapping[str, Columns]:
    """Every table, by name."""
    return {"ticks": tick_rows(outcome), "agents": agent_rows(outcome), "surplus": surplus_rows(outcome)}


def tick_rows(outcome: Outcome) -> Columns:
    """One row per world and tick in which needs can arise; a job counts for the tick in which it was hired.

    Columns: the counts; price, competitive_price (over the planner's jobs) and cost_per_job, means in coins and NaN where
    there is none; realised and optimal surplus in coins; efficiency, NaN where nothing could be gained; base_fee in
    µcoin/gas; fees in coins (those of the ticks that close the market are in the surplus table alone).
    """
    ticks = outcome.ticks
    jobs, fair = outcome.best.quantity, outcome.best.price
    competitive = ratio(np.where(jobs > 0, jobs * fair, 0.0).sum(axis=2), jobs.sum(axis=2))
    best, got = outcome.best.surplus.sum(axis=2), realised(outcome)
    worlds, length = best.shape
    columns: dict[str, NDArray[Any]] = {name: ticks[name] for name in COUNTS}
    columns |= {
        "price": ratio(ticks["price"], ticks["hires"]) / COIN,
        "competitive_price": competitive / COIN,
        "cost_per_job": ratio(ticks["cost"], ticks["delivered"]) / COIN,
        "realised": got / COIN,
        "optimal": best / COIN,
        "efficiency": ratio(got, best),
        "base_fee": ticks["base_fee"],
        "fees": ticks["fees"] / COIN,
    }
    return {"tick": np.tile(np.arange(length), worlds)} | {
        name: np.ascontiguousarray(values).reshape(-1) for name, values in columns.items()
    }


def agent_rows(outcome: Outcome) -> Columns:
    """One row per world and agent, with NaN where a column is not about its role.

    Columns: role, agent (its name), jobs, good_jobs; value in coins (clients: of what it received, in expectation); cost
    in coins (providers: of its work, in expectation); price, mean per job in coins; full_cost, of a job with full effort in coins
    (providers); surplus in coins (value and money gained, minus cost).
    """
    worlds, clients = outcome.clients.shape
    providers = outcome.providers.shape[1]
    roles = np.array(["client"] * clients + ["provider"] * providers, object)
    nothing = {n: np.full((worlds, k), np.nan) for n, k in (("client", clients), ("provider", providers))}

    def side_by_side(of_clients: Any, of_providers: Any) -> NDArray[Any]:
        return np.concatenate([of_clients, of_providers], axis=1).reshape(-1)

    c, p = outcome.clients, outcome.providers
    surplus = outcome.gained + np.concatenate([c["value"], -p["cost"]], axis=1)
    return {
        "role": np.tile(roles, worlds),
        "agent": np.tile(outcome.names, worlds),
        "jobs": side_by_side(c["jobs"], p["jobs"]),
        "good_jobs": side_by_side(c["good"], p["good"]),
        "value": side_by_side(c["value"] / COIN, nothing["provider"]),
        "cost": side_by_side(nothing["client"], p["cost"] / COIN),
        "price": side_by_side(ratio(c["paid"], c["jobs"]), ratio(p["price"], p["jobs"])) / COIN,
        "full_cost": side_by_side(nothing["client"], outcome.costs / COIN),
        "surplus": surplus.reshape(-1) / COIN,
    }


def surplus_rows(outcome: Outcome) -> Columns:
    """One row per world: who got the planner's optimum, in whole µcoin.

    optimal = clients + providers + fees + burned + unrealised, exactly. `fees` are base fees and tips, `burned` is what was
    slashed or paid for new identities and went to nobody; a part can be negative.
    """
    optimal, got = outcome.best.surplus.sum(axis=(1, 2)), realised(outcome).sum(axis=1)
    clients, providers = client_money(outcome), provider_money(outcome)
    return {
        "optimal": optimal,
        "clients": clients,
        "providers": providers,
        "fees": outcome.fees.copy(),
        "burned": got - clients - providers - outcome.fees,
        "unrealised": optimal - got,
    }
