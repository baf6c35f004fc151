"""From the rows of a study to its numbers: pure functions of stored tables and the configuration, for the page and the figures.

Every number is a measure of `sim.metrics.resilience` or `sim.metrics.statistics` over worlds that all sides share, or, for
attackers that learn, over the seeds of their training.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.attack.attackers import ATTACKED, HONEST
from sim.attack.sides import NONE
from sim.attack.study import ALL, NOBODY, STOPPED, TRAINED
from sim.experiments.reading import LEVEL
from sim.metrics import resilience
from sim.metrics.contrasts import Columns
from sim.metrics.resilience import Exploitability, Recovery, Worst
from sim.metrics.statistics import Difference, Interval, holm, mean_interval, paired_difference, ratio_of_means

Config = Mapping[str, Any]
"""What the manifest says the study was."""
WELFARE, PROFIT, SCAM = "honest_welfare", "attacker_profit", "loss_to_scam"
ENDS = (NONE, ALL)


class Case(NamedTuple):
    """Which runs: all worlds of one arm."""

    attack: str
    share: float
    defence: str
    side: str
    training: int = 0
    """Seed of a trained attacker."""


def sample(runs: Columns, metric: str, case: Case) -> NDArray[np.float64]:
    """A metric in each world of a case, in the order of their seeds, shape (worlds,); empty if there is no such case."""
    mine = np.ones(len(runs["seed"]), bool)
    for name, value in case._asdict().items():
        mine &= runs[name] == value
    rows = np.flatnonzero(mine)
    return np.asarray(runs[metric][rows[np.argsort(runs["seed"][rows], kind="stable")]], float)


def sides(runs: Columns, metric: str, case: Case) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A metric with the attackers honest, and with them attacking, in the same worlds; the side of the case does not matter."""
    return sample(runs, metric, case._replace(side=HONEST)), sample(runs, metric, case._replace(side=ATTACKED))


def defences_of(config: Config) -> list[str]:
    """The columns of a comparison: no defence, each alone, all."""
    return [NONE, *config["defences"], ALL]


def played(config: Config, attack: str) -> NDArray[np.float64]:
    """The attackers' shares of a curve, from 0 on: attackers in whole agents ÷ agents of the attack's first role."""
    who = config["attacks"][attack]
    return np.array([0, *who["attackers"]]) / who["residents"]


def curve(runs: Columns, config: Config, attack: str, defence: str, side: str) -> NDArray[np.float64]:
    """Honest welfare at each of these shares, coins, shape (shares, worlds). At share 0 nobody attacks."""
    nobody = sample(runs, WELFARE, Case(NOBODY, 0.0, defence, HONEST))
    return np.array([nobody, *(sample(runs, WELFARE, Case(attack, share, defence, side)) for share in config["shares"])])


def areas(runs: Columns, config: Config) -> dict[str, dict[str, Interval]]:
    """Attack -> end -> area under its resilience curve."""
    return {
        attack: {
            end: resilience.area(played(config, attack), *(curve(runs, config, attack, end, side) for side in (HONEST, ATTACKED)))
            for end in ENDS
        }
        for attack in config["attacks"]
    }


class Cell(NamedTuple):
    """An attack under a defence."""

    lost: Difference
    """Honest welfare lost, coins."""
    part: Interval
    """The same as a share of the twin's; NaN where that is not clearly away from zero."""
    harm: float
    """p of no loss, adjusted by Holm's method over the table."""
    saved: Difference
    """What is lost less than without a defence, coins."""
    p: float
    """p of no such saving, likewise; NaN without a defence."""

    @property
    def harms(self) -> bool:
        """Whether honest agents lose by the attack, beyond chance."""
        return bool(self.lost.mean > 0 and self.harm <= LEVEL)

    @property
    def saves(self) -> bool:
        """Whether the defence reduces that, beyond chance."""
        return bool(self.saved.mean > 0 and self.p <= LEVEL)

    @property
    def worsens(self) -> bool:
        """Whether it makes it worse, beyond chance."""
        return bool(self.saved.mean < 0 and self.p <= LEVEL)


def compared(runs: Columns, config: Config) -> dict[str, dict[str, Cell]]:
    """Attack -> defence -> what is lost at the share at which defences are compared."""
    names = [(attack, defence) for attack in config["attacks"] for defence in defences_of(config)]
    pairs = {name: sides(runs, WELFARE, Case(name[0], config["share"], name[1], "")) for name in names}
    lost = {name: resilience.lost(*pair) for name, pair in pairs.items()}
    saved = {
        (attack, defence): paired_difference(np.subtract(*pairs[attack, NONE]), np.subtract(*pairs[attack, defence]))
        for attack, defence in names
    }
    harm = holm([float(lost[name].p) for name in names])
    less = holm([np.nan if name[1] == NONE else float(saved[name].p) for name in names])
    out: dict[str, dict[str, Cell]] = {attack: {} for attack in config["attacks"]}
    for k, (attack, defence) in enumerate(names):
        left = resilience.kept(*pairs[attack, defence])
        part = Interval(1 - left.mean, 1 - left.high, 1 - left.low, left.n)
        out[attack][defence] = Cell(lost[attack, defence], part, float(harm[k]), saved[attack, defence], float(less[k]))
    return out


def unstopped(table: Mapping[str, Mapping[str, Cell]]) -> dict[str, str]:
    """The attacks that do harm under every defence and under all of them -> the defence that leaves least of it."""
    out = {}
    for attack, cells in table.items():
        defended = {name: cell for name, cell in cells.items() if name != NONE}
        if all(cell.harms for cell in defended.values()):
            out[attack] = min(defended, key=lambda name: float(defended[name].lost.mean))
    return out


def worst(runs: Columns, config: Config, end: str) -> Worst:
    """The attack that costs honest agents most at the share at which defences are compared."""
    pairs = {name: sides(runs, WELFARE, Case(name, config["share"], end, "")) for name in config["attacks"]}
    return resilience.worst({name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()})


def collateral(runs: Columns, config: Config) -> dict[str, tuple[Difference, float]]:
    """Defence -> what it costs honest agents where nobody attacks, coins, and its p after Holm's correction."""
    names = defences_of(config)[1:]
    nobody = {name: sample(runs, WELFARE, Case(NOBODY, 0.0, name, HONEST)) for name in (NONE, *names)}
    costs = [paired_difference(nobody[NONE], nobody[name]) for name in names]
    adjusted = holm([float(cost.p) for cost in costs])
    return {name: (cost, float(p)) for name, cost, p in zip(names, costs, adjusted, strict=True)}


class Side(NamedTuple):
    """What attackers have of an attack."""

    over_twin: Difference
    """Profit minus that of their honest twin, coins."""
    profit: Interval
    on_capital: Interval
    """Profit ÷ the money with which they began."""
    scam: Interval
    """Loss to scam."""
    from_scam: Interval
    """Profit from scam."""


def attackers_side(runs: Columns, config: Config, attack: str, end: str) -> Side:
    """What the attackers have at the share at which defences are compared."""
    case = Case(attack, config["share"], end, ATTACKED)
    honest, attacked = sides(runs, PROFIT, case)
    names = (PROFIT, "attacker_return", SCAM, "profit_from_scam")
    return Side(paired_difference(attacked, honest), *(mean_interval(sample(runs, name, case)) for name in names))


def over_time(ticks: Columns, attack: str, side: str) -> NDArray[np.float64]:
    """Realised surplus in each tick, coins, shape (worlds, ticks)."""
    mine = (ticks["attack"] == attack) & (ticks["side"] == side)
    return np.asarray(ticks["realised"][mine], float).reshape(-1, int(ticks["tick"].max()) + 1)


class Recovered(NamedTuple):
    """What an attack that stops leaves behind."""

    before: Interval
    """Share of the twin's surplus that was missing until the stop."""
    hit: bool
    """Whether any was, beyond chance: if none was, there is nothing to recover from."""
    time: Recovery


def recoveries(ticks: Columns, config: Config) -> dict[str, Recovered]:
    """Attack -> how long the market takes to recover from it, without defences."""
    out, stop = {}, int(config["stop"])
    for attack in config["attacks"]:
        honest, attacked = (over_time(ticks, attack, side) for side in (HONEST, STOPPED))
        early, late = honest[:, :stop].sum(axis=1), attacked[:, :stop].sum(axis=1)
        missing = paired_difference(early, late)
        hit = bool(missing.mean > 0 and missing.p <= LEVEL)
        out[attack] = Recovered(ratio_of_means(early - late, early), hit, resilience.recovery(honest, attacked, stop))
    return out


class Learner(NamedTuple):
    """What attackers that learn have under one end; intervals over training seeds, of means over the held-out worlds."""

    seeds: list[int]
    found: Exploitability
    profit: Interval
    twin: Interval
    """Profit of their honest twin; over worlds."""
    harm: Interval
    """Honest welfare lost, coins."""
    scam: Interval


class Script(NamedTuple):
    """A scripted attack beside the learners; intervals over worlds."""

    profit: Interval
    over_twin: Difference
    harm: Difference
    scam: Interval
    lead: Difference | None
    """Its profit minus the learners' mean in the same worlds; None if it has accounts or means that they have not."""
    p: float
    """p of no lead after Holm's correction over the scripts; NaN without one."""


def curves(training: Columns, end: str) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Training seed -> agent-steps and mean profit in the held-out worlds at each evaluation."""
    out = {}
    for seed in dict.fromkeys(training["training"][training["defence"] == end].tolist()):
        mine = (training["defence"] == end) & (training["training"] == seed)
        worlds = int(training["seed"][mine].max()) + 1
        out[int(seed)] = training["steps"][mine][::worlds], training["profit"][mine].reshape(-1, worlds).mean(axis=1)
    return out


def learner(runs: Columns, training: Columns, config: Config, end: str) -> Learner:
    """What the attackers that were trained under one end have."""
    found = curves(training, end)
    cases = [Case(TRAINED, config["share"], end, ATTACKED, seed) for seed in found]
    twin = sample(runs, PROFIT, cases[0]._replace(side=HONEST))
    harm = [float(resilience.lost(*sides(runs, WELFARE, case)).mean) for case in cases]
    profit, scam = ([float(mean_interval(sample(runs, name, case)).mean) for case in cases] for name in (PROFIT, SCAM))
    return Learner(
        list(found),
        resilience.exploitability([scores for _, scores in found.values()], float(twin.mean())),
        mean_interval(profit),
        mean_interval(twin),
        mean_interval(harm),
        mean_interval(scam),
    )


def scripts(runs: Columns, training: Columns, config: Config, end: str) -> dict[str, Script]:
    """Attack -> how it compares with the learners under the same end and at the same share."""
    learned = np.mean([sample(runs, PROFIT, Case(TRAINED, config["share"], end, ATTACKED, s)) for s in curves(training, end)], 0)
    made = {}
    for attack in config["attacks"]:
        case = Case(attack, config["share"], end, ATTACKED)
        side = attackers_side(runs, config, attack, end)
        harm = resilience.lost(*sides(runs, WELFARE, case))
        own = sample(runs, PROFIT, case)
        lead = paired_difference(own, learned) if within(config["attacks"][attack], config["learner"]) else None
        made[attack] = Script(side.profit, side.over_twin, harm, side.scam, lead, np.nan)
    adjusted = holm([np.nan if one.lead is None else float(one.lead.p) for one in made.values()])
    return {name: one._replace(p=float(p)) for (name, one), p in zip(made.items(), adjusted, strict=True)}


def within(attack: Mapping[str, Any], capability: Mapping[str, Any]) -> bool:
    """Whether an attack has the accounts and the money of a capability, and no more identities: whatever it does, a learner with
    that capability could do, and their profits are those of the same agents."""
    same = all(attack[what] == capability[what] for what in ("accounts", "budget"))
    return bool(same and attack["identities"] <= capability["identities"])


def better_scripts(found: Mapping[str, Script]) -> list[str]:
    """The scripts that earn more than the learners, beyond chance."""
    return [name for name, one in found.items() if one.lead is not None and one.lead.mean > 0 and one.p <= LEVEL]
