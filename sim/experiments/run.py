"""From a scenario, policies and seeds to rows: the same random worlds played in every arm, a batch at a time."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.registry import nearest
from chain.errors import InputError
from chain.history import History
from sim.attack.sides import under_attack
from sim.experiments.arms import MOST_THREADS, Arm, arms_of, seeds_of
from sim.experiments.errors import TooLarge
from sim.metrics import METRICS
from sim.metrics.contrasts import Columns, contrasts
from sim.metrics.outcome import Outcome
from sim.scenario import Scenario
from sim.scenarios import find
from sim.world import World, fitted

if TYPE_CHECKING:
    import pandas as pd

BATCH = 256
"""Most worlds played at once: enough that the cost of a call is spread thin, few enough that rows come in as they are done."""
BATCH_BYTES = 2**28
"""About the most memory that one batch may take."""
PLANNER_BYTES = 64
"""That a planner needs per agent and tick."""

Progress = Callable[[int, int], None]
"""Called with (ticks done, ticks in all), counted over all worlds and arms."""


@dataclass(frozen=True)
class Experiment:
    """What is to be run, checked."""

    scenario: Scenario
    preset: str
    given: Mapping[str, Any]
    """Parameters that replace those of the preset."""
    parameters: Any
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    threads: int

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured: of attacks only where there is one."""
        attacked = any(arm.attack is not None for arm in self.arms)
        return self.scenario.metrics + (self.scenario.attack_metrics if attacked else ())

    def settings(self, arm: Arm) -> Any:
        """The parameters of an arm."""
        return self.scenario.settings(self.preset, {**self.given, **arm.given}) if arm.given else self.parameters


@dataclass(frozen=True)
class Batch:
    """Some finished worlds of one arm."""

    arm: Arm
    digests: list[str]
    """Of each world's ledger, SHA-256."""
    outcome: Outcome
    book: Any
    """The final ledgers; every array has a leading world axis."""
    histories: Sequence[History] = ()
    """The record of each world's blocks, if they were recorded."""


def plan(
    scenario: str,
    policies: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 20,
    preset: str = "standard",
    *,
    attack: Mapping[str, float] | None = None,
    defence: str | Sequence[str] = (),
    threads: int = 1,
    trust: bool = False,
    **parameters: Any,
) -> Experiment:
    """Check everything that an experiment is made of; nothing is run. The arguments are those of `run`.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    economy = find(scenario)
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MOST_THREADS:
        raise InputError(f"threads: {threads!r} given, allowed is 1 to {MOST_THREADS}")
    settings = economy.settings(preset, parameters)
    arms = arms_of(economy, policies, settings, trust)
    if attack is not None and not isinstance(attack, Mapping):
        raise InputError(f"attack: {attack!r} given, allowed is a mapping from names to shares, such as {{'shirker': 0.25}}")
    if not isinstance(defence, str | Sequence):
        raise InputError(f"defence: {defence!r} given, allowed are names of defences")
    defences = [defence] if isinstance(defence, str) else list(defence)
    if attack:
        arms = under_attack(economy, arms, settings, attack, defences)
        for arm in arms:
            if moved := [name for name in arm.given if name in parameters]:
                raise InputError(
                    f"{moved[0]}: {parameters[moved[0]]!r} given, but {' and '.join(defences)} sets it; allowed is one of both"
                )
            economy.settings(preset, {**parameters, **arm.given})
    elif defences:
        raise InputError(f"defence: {defences[0]!r} given, allowed is one beside an attack; without, set its parameters")
    return Experiment(economy, preset, parameters, settings, arms, seeds_of(seeds), threads)


def play(experiment: Experiment, progress: Progress | None = None, batch: int = BATCH, recorded: bool = False) -> Iterator[Batch]:
    """Play every arm, `batch` worlds at a time, arm by arm and in the order of the seeds; record their ledgers, if wanted.

    Raises:
        InputError: a policy from outside failed, or one world does not fit in memory.
    """
    e = experiment
    try:
        size = _worlds_at_once(e, batch)
        done = 0
        for arm in e.arms:
            policies = {role: seated.policy for role, seated in arm.policies.items()}
            for first in range(0, len(e.seeds), size):
                seeds = np.array(e.seeds[first : first + size], np.int64)
                engine: dict[str, Any] = {"seeds": seeds, "threads": e.threads, "recorded": recorded}
                world = World(e.scenario, e.settings(arm), policies, attackers=arm.attackers, **engine)
                total = world.economy.ticks * len(e.seeds) * len(e.arms)

                def on_tick(tick: int, ticks: int, before: int = done, worlds: int = seeds.size, total: int = total) -> None:
                    if progress is not None:
                        progress(before + tick * worlds, total)

                outcome = world.play(on_tick)
                done += world.economy.ticks * seeds.size
                digests = [world.digest(w) for w in range(seeds.size)]
                yield Batch(arm, digests, outcome, world.economy.book, world.histories)
    except MemoryError:
        raise TooLarge(
            f"parameters: a world of {e.scenario.name} this large does not fit in memory, allowed are fewer agents or ticks"
        ) from None


def _worlds_at_once(experiment: Experiment, batch: int) -> int:
    """How many worlds make a batch, given the size of one. Also checks that every mixture is one of all agents of its role."""
    world = World(experiment.scenario, experiment.parameters, seeds=experiment.seeds[:1])
    for arm in experiment.arms:
        for role, seated in arm.policies.items():
            fitted(seated.policy, experiment.scenario.role(role), world.residents(role))
    each = world_bytes(world)
    if each > memory_bytes():
        raise MemoryError
    return int(max(1, min(batch, BATCH_BYTES // each)))


def world_bytes(world: World) -> int:
    """About the memory that a batch of worlds takes: its ledgers, and what their planner needs per agent and tick."""
    economy = world.economy
    agents = sum(names.size for names in economy.names.values())
    return sum(array.nbytes for array in economy.book) + PLANNER_BYTES * economy.ticks * agents


def memory_bytes() -> int:
    """Memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def measured(experiment: Experiment, batch: Batch) -> Columns:
    """One row per world: arm, policies, seed, digest and the scenario's metrics."""
    seeds = batch.outcome.seeds
    label = {"scenario": experiment.scenario.name, "preset": experiment.preset, "arm": batch.arm.label}
    label |= {role: seated.label for role, seated in batch.arm.policies.items()}
    if batch.arm.attack is not None:
        label |= {"attack": batch.arm.attack, "side": batch.arm.side, "defence": batch.arm.defence}
    rows: Columns = {name: np.full(seeds.size, value, object) for name, value in label.items()}
    if batch.arm.attack is not None:
        rows["share"] = np.full(seeds.size, batch.arm.share)
    rows |= {"seed": seeds, "digest": np.array(batch.digests, object)}
    return rows | {name: METRICS[name].of(batch.outcome) for name in experiment.metrics}


def joined(parts: Sequence[Columns]) -> Columns:
    """Tables of the same columns, one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def run(
    scenario: str,
    policies: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 20,
    preset: str = "standard",
    *,
    attack: Mapping[str, float] | None = None,
    defence: str | Sequence[str] = (),
    threads: int = 1,
    trust: bool = False,
    progress: Progress | None = None,
    **parameters: Any,
) -> "pd.DataFrame":
    """Run a scenario and measure it: one row per arm and seed.

    Args:
        scenario: its name, as `ledgerlab list` shows it.
        policies: role -> policy: a name, the directory of a learned one, ``path.py:name``, a function, an object, or a list of
            those. A list means one arm each; several lists mean every combination. A role left out plays its default policy. A
            mapping from policies to numbers of agents that add up to all of the role mixes them: ``{"thompson": 20,
            "cheapest": 12}``, or as text ``"thompson:20+cheapest:12"``.
        seeds: a number n for seeds 0 to n - 1, or the seeds. Every arm meets the same random worlds.
        preset: the scenario's settings to start from.
        attack: name of an attack -> its share of the agents of its first role. Every arm is then played with the attackers'
            agents honest, attacking and absent.
        defence: names of defences, switched on; the first two of these arms are played again with them off.
        threads: worlds are shared out over so many threads; it changes no result.
        trust: whether a policy may be a raw zip of Stable-Baselines3; loading one runs code from the file.
        progress: called with (ticks done, ticks in all).
        parameters: settings that replace those of the preset.

    Returns:
        Columns scenario, preset, arm, one per role with the policy's label, with an attack its name, share and side, seed, digest
        (SHA-256 of that world's ledger) and one per metric; NaN where a metric is not defined.

    Raises:
        InputError: something given is wrong; the message names it and says what is allowed.

    >>> import sim
    >>> rows = sim.run("service_market", {"client": ["random", "cheapest"]}, seeds=3, preset="minimal")
    >>> rows.arm.unique().tolist(), rows.seed.tolist()
    (['client=random', 'client=cheapest'], [0, 1, 2, 0, 1, 2])
    """
    import pandas as pd

    experiment = plan(
        scenario, policies, seeds, preset, attack=attack, defence=defence, threads=threads, trust=trust, **parameters
    )
    return pd.DataFrame(joined([measured(experiment, batch) for batch in play(experiment, progress)]))


def compare(
    scenario: str,
    policies: Mapping[str, Any] | None = None,
    metrics: str | Sequence[str] | None = None,
    seeds: int | Sequence[int] = 20,
    preset: str = "standard",
    *,
    baseline: str | None = None,
    attack: Mapping[str, float] | None = None,
    defence: str | Sequence[str] = (),
    threads: int = 1,
    trust: bool = False,
    progress: Progress | None = None,
    **parameters: Any,
) -> "pd.DataFrame":
    """Compare arms on the same random worlds: one row per metric and arm.

    Args:
        scenario: its name.
        policies: as in `run`, with a list for at least one role.
        metrics: one or more metrics of the scenario; all of them if not given.
        seeds: as in `run`.
        preset: as in `run`.
        attack: as in `run`.
        defence: as in `run`.
        baseline: label of the arm that the others are compared with, the first if not given.
        threads: as in `run`.
        trust: as in `run`.
        progress: as in `run`.
        parameters: as in `run`.

    Returns:
        The columns of `contrasts`.

    Raises:
        InputError: something given is wrong.
    """
    import pandas as pd

    experiment = plan(
        scenario, policies, seeds, preset, attack=attack, defence=defence, threads=threads, trust=trust, **parameters
    )
    wanted = chosen_metrics(experiment.metrics, metrics)
    labels = [arm.label for arm in experiment.arms]
    if baseline is not None and baseline not in labels:
        raise InputError(f"baseline: {baseline!r} given; {nearest(str(baseline), labels)}")
    rows = joined([measured(experiment, batch) for batch in play(experiment, progress)])
    return pd.DataFrame(contrasts(rows, wanted, baseline))


def chosen_metrics(known: Sequence[str], given: str | Sequence[str] | None) -> list[str]:
    """The metrics asked for, or all.

    Raises:
        InputError: a metric that the scenario does not have.
    """
    wanted = list(known) if given is None else [given] if isinstance(given, str) else list(given)
    for name in wanted:
        if name not in known:
            raise InputError(f"metric: {name!r} given; {nearest(str(name), list(known))}")
    return wanted
