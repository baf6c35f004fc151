"""Figures, from stored rows alone: each function returns a figure, and nothing is kept between calls.

A figure of a scenario is a function of (tables, arms); it is one line here, and named in the scenario's `figures`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from matplotlib.figure import Figure

from sim.metrics.contrasts import Columns
from sim.plots.market import efficiency_over_time, prices_and_costs, surplus_split
from sim.plots.prices import prices_over_time


class Drawing(NamedTuple):
    """A figure with its title."""

    title: str
    draw: Callable[[Mapping[str, Columns], Sequence[str]], Figure]


FIGURES: Mapping[str, Drawing] = MappingProxyType(
    {
        "efficiency_over_time": Drawing("Efficiency over time", efficiency_over_time),
        "surplus_split": Drawing("Who gets the surplus", surplus_split),
        "prices_and_costs": Drawing("Prices against cost", prices_and_costs),
        "prices_over_time": Drawing("Prices over time", prices_over_time),
    }
)
