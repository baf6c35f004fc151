"""What a cell needs, imported and compiled before there is one.

The server from which workers are forked imports this module first; its environment names the scenario whose rules it shall load
by playing it once (`SCENARIO`). Workers are born with all of that. Where that did not come about, which the server does not say,
a worker loads it by itself, and does say what is wrong.
"""

import gc
import os
import signal
from contextlib import suppress

import pyarrow.parquet  # noqa: F401

from sim.experiments.engines.environment import SCENARIO
from sim.experiments.run import measured, plan, play
from sim.scenarios import find

loaded: set[str] = set()
"""Names of the scenarios whose rules this process, or the one that it was forked from, has loaded."""


def load(scenario: str) -> None:
    """Play the smallest world of a scenario once, unless this process has; an empty name is none.

    Raises:
        InputError: there is no such scenario.
    """
    if not scenario or scenario in loaded:
        return
    presets = find(scenario).presets
    experiment = plan(scenario, seeds=1, preset="minimal" if "minimal" in presets else next(iter(presets)))
    for batch in play(experiment):
        measured(experiment, batch)
    loaded.add(scenario)


if SCENARIO in os.environ:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver; workers inherit this
    with suppress(Exception):  # a worker tries again, and reports it
        load(os.environ[SCENARIO])
    gc.collect()
    gc.freeze()  # what is there now stays shared with the workers
