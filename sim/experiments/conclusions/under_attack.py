"""What is left under attack: the sides of a point in the same worlds, for every market, attack and share."""

from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from sim.attack.attackers import ABSENT, ATTACKED, HONEST
from sim.attack.measures import WELFARE
from sim.attack.sides import NONE
from sim.experiments.conclusions.findings import Findings, Floats, Ints, grouped
from sim.metrics import resilience
from sim.metrics.statistics import Difference, Interval, holm, mean_interval

SHOWN = MappingProxyType({HONEST: "attackers honest", ATTACKED: "attacked", ABSENT: "attackers absent"})
"""What a side is called."""


def markets(found: Findings) -> list[str]:
    """Of every cell its market: its arm without the side, and the defence where an arm alone does not say it."""
    columns = (found.cells[name].tolist() for name in ("arm", "side", "defence"))
    parts = [market_parts(*one) for one in zip(*columns, strict=True)]
    several = len(set(parts)) > len({base for base, _ in parts})
    return [
        ", ".join(word for word in (base, said if several or not base else "") if word) or "the market" for base, said in parts
    ]


def market_parts(arm: str, side: str, defence: str) -> tuple[str, str]:
    """An arm without its side, and what defends it.

    >>> market_parts("client=thompson, side=attacked without stake", "attacked", "none")
    ('client=thompson', 'no defence')
    >>> market_parts("side=honest", "honest", ""), market_parts("stake, side=absent", "absent", "stake")
    (('', ''), ('stake', 'stake'))
    """
    base = arm.rpartition(f"side={side}")[0].rstrip(", ") if side else arm
    return base, {"": "", NONE: "no defence"}.get(defence, defence)


class Case(NamedTuple):
    """A market under an attack."""

    attack: str
    share: float
    market: str


class Sides:
    """The two sides of every market at every point, paired; empty without attacks or without honest welfare."""

    def __init__(self, found: Findings):
        self.found = found
        cells = found.cells
        labels = markets(found)
        self.markets = list(dict.fromkeys(labels))
        number = {label: k for k, label in enumerate(self.markets)}
        market = np.array([number[label] for label in labels], np.int64)
        place = np.asarray(cells["point"], np.int64) * len(self.markets) + market
        honest, attacked = (np.flatnonzero(cells["side"] == side) for side in (HONEST, ATTACKED))
        _, mine, theirs = np.intersect1d(place[honest], place[attacked], return_indices=True)
        known = WELFARE in found.values
        self.honest: Ints = honest[mine] if known else honest[:0]
        self.attacked: Ints = attacked[theirs] if known else attacked[:0]
        order = np.argsort(self.honest, kind="stable")
        self.honest, self.attacked = self.honest[order], self.attacked[order]
        self.market: Ints = market[self.honest]

    @cached_property
    def cases(self) -> tuple[list[Case], Ints]:
        """Every attack, share and market, and of each pair its case."""
        cells = self.found.cells
        attacks, shares = cells["attack"][self.honest].tolist(), cells["share"][self.honest].tolist()
        markets = [self.markets[k] for k in self.market.tolist()]
        every = [Case(*one) for one in zip(attacks, shares, markets, strict=True)]
        number = {case: k for k, case in enumerate(dict.fromkeys(every))}
        return list(number), np.array([number[case] for case in every], np.int64)

    def _pair(self, metric: str) -> tuple[Floats, Floats]:
        """A metric on both sides, shape (pairs, seeds); NaN in both where one is."""
        values = self.found.values[metric]
        honest, attacked = values[self.honest], values[self.attacked]
        unknown = np.isnan(honest) | np.isnan(attacked)
        return np.where(unknown, np.nan, honest), np.where(unknown, np.nan, attacked)

    @cached_property
    def by_case(self) -> tuple[Difference, Interval, Floats, Interval]:
        """Of every case: welfare lost, the share kept, p of no loss (Holm over the cases), the headline with honest attackers."""
        cases, group = self.cases
        honest, attacked = (grouped(side, group, len(cases)) for side in self._pair(WELFARE))
        lost = resilience.lost(honest, attacked)
        headline = self.found.metrics[0]["name"]
        level = grouped(self.found.values[headline][self.honest], group, len(cases))
        return lost, resilience.kept(honest, attacked), holm(lost.p), mean_interval(level)

    @cached_property
    def by_pair(self) -> tuple[Interval, Interval]:
        """Of every pair: the headline with honest attackers, and the share of honest welfare that is kept (Fieller)."""
        headline = self.found.metrics[0]["name"]
        return mean_interval(self.found.values[headline][self.honest]), resilience.kept(*self._pair(WELFARE))


def front(x: Floats, y: Floats) -> Ints:
    """The places that no other surpasses in one coordinate without being below it in the other, by rising x.

    >>> front(np.array([1.0, 2.0, 3.0, 2.0, np.nan]), np.array([3.0, 2.0, 1.0, 1.0, 9.0])).tolist()
    [0, 1, 2]
    """
    known = np.flatnonzero(~np.isnan(x) & ~np.isnan(y))
    order = known[np.lexsort((-y[known], -x[known]))]
    best = np.maximum.accumulate(np.concatenate([[-np.inf], y[order]]))[:-1]
    return order[y[order] > best][::-1]
