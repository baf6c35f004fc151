"""Studies so small that they run in a second or two, and tables made by hand."""

import numpy as np

from sim.attack.defences import Defence
from sim.attack.measures import Case

COIN = 1_000_000
DEFENCES = {
    "service_market": {
        "stake": Defence("stake", "Jobs are backed.", {"min_stake": 60 * COIN}, {"min_stake": 0}),
        "dispute": Defence("dispute", "Bad work is disputed.", {"arbiter_bps": 8_000}, {"arbiter_bps": 0}),
    }
}
"""Two defences, whatever the scenario has of its own."""
TINY = {"preset": "minimal", "seeds": 3, "shares": (0.34, 0.67), "share": 0.34, "horizon": 10}
"""One and two of three providers."""
SCRIPTS = {"attacks": ("shirker", "whitewasher"), "trainings": 0}


def guard(monkeypatch):
    """Give the service market these defences."""
    for place in ("sim.attack.defences", "sim.attack.study", "sim.explain"):
        monkeypatch.setattr(f"{place}.DEFENCES", DEFENCES)


def runs(values, **others):
    """Rows of `runs`: case -> honest welfare in each world, and of other metrics likewise; what is not given is NaN."""
    cases = list(dict.fromkeys([*values, *(case for metric in others.values() for case in metric)]))
    worlds = len(next(iter(values.values())))
    rows = {name: np.repeat(np.array([getattr(case, name) for case in cases]), worlds) for name in Case._fields}
    rows = {name: column.astype(object) if column.dtype.kind == "U" else column for name, column in rows.items()}
    rows["seed"] = np.tile(np.arange(worlds), len(cases))
    for metric in ("honest_welfare", "attacker_profit", "loss_to_scam", "attacker_return", "profit_from_scam"):
        given = values if metric == "honest_welfare" else others.get(metric, {})
        rows[metric] = np.concatenate([np.array(given.get(case, [np.nan] * worlds), float) for case in cases])
    return rows


def config(attacks=("shirker",), defences=("stake",), shares=(0.25, 0.5), share=0.25):
    """The configuration of such a study: four agents of the attacks' first role."""
    who = {"accounts": {"provider": 1}, "budget": None, "identities": 0, "residents": 4}
    taken = [round(4 * one) for one in shares]
    return {
        "attacks": {name: who | {"attackers": taken} for name in attacks},
        "defences": {name: {} for name in defences},
        "shares": list(shares),
        "share": share,
        "learner": who,
    }
