"""The page of a study: what was studied, what came out, and what it can not say, written from stored rows alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sim.attack import measures
from sim.attack.limits import again, limitations, studied
from sim.attack.measures import ENDS
from sim.attack.sides import NONE
from sim.attack.study import ALL
from sim.experiments.reading import LEVEL, UNSURE, with_error
from sim.experiments.report import markdown
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import Interval

SHOWN = {NONE: "no defence", ALL: "all defences"}


def page(tables: Mapping[str, Columns], manifest: Mapping[str, Any]) -> str:
    """The page, as Markdown.

    Args:
        tables: `runs` and `ticks` of the study, and `training` if attackers were trained.
        manifest: what the study was.
    """
    config, runs = manifest["config"], tables["runs"]
    parts = [f"# Resilience of {config['scenario']}, {config['preset']}", headline(tables, config)]
    parts += ["## What was studied", studied(runs, config)]
    parts += ["## Honest welfare under attack", "![Honest welfare under attack](curves.png)", _areas(runs, config)]
    parts += ["## What defences save", _compared(runs, config)]
    parts += ["## What defences cost", _collateral(runs, config), "![What defences save and cost](defences.png)"]
    parts += ["## The attackers' side", _attackers(runs, config)]
    parts += ["## After an attack has stopped", _recovery(tables["ticks"], config), "![Recovery](recovery.png)"]
    if "training" in tables:
        parts += ["## Attackers that learn", _learners(tables, config), "![Attackers that learn](trained.png)"]
    parts += ["## Limitations", "\n".join(f"- {line}" for line in limitations(tables, manifest))]
    parts += ["## How to run it again", again(manifest)]
    return "\n\n".join(parts) + "\n"


def coins(one: Any) -> str:
    """A mean of coins ± half of its interval, thousands apart.

    >>> coins(Interval(12345.6, 12245.6, 12445.6, 20)), coins(Interval(0.0, 0.0, 0.0, 20))
    ('12,346 ± 100', '0')
    """
    mean, *half = with_error(float(one.mean), float(one.low), float(one.high)).split(" ± ")
    return " ± ".join([mean, *half]) if mean == "not defined" else " ± ".join(_thousands(text) for text in (mean, *half))


def _thousands(number: str) -> str:
    """A number that is text with its thousands apart.

    >>> _thousands("-12345.50"), _thousands("1.234e+04")
    ('-12,345.50', '12,340')
    """
    if "e" in number:
        return f"{float(number):,.0f}"
    whole, dot, rest = number.partition(".")
    return f"{'-' if whole.startswith('-') else ''}{abs(int(whole)):,}{dot}{rest}"


def ends_of(one: Any, percent: bool = False) -> str:
    """A value with the ends of its interval, which need not lie at equal distances.

    >>> ends_of(Interval(0.5, 0.41, 0.62, 20)), ends_of(Interval(math.nan, math.nan, math.nan, 20))
    ('0.500 (0.410 to 0.620)', 'n/a')
    """
    if math.isnan(one.mean):
        return "n/a"
    mean, low, high = (f"{100 * x:.1f} %" if percent else f"{x:.3f}" for x in (one.mean, one.low, one.high))
    return f"{mean} ({low} to {high})"


def headline(tables: Mapping[str, Columns], config: Mapping[str, Any]) -> str:
    """The result in a few sentences."""
    runs = tables["runs"]
    table = measures.compared(runs, config)
    said = [
        f"At an attackers' share of {config['share']:.3g}: " + "; ".join(_worst(runs, config, table, end) for end in ENDS) + "."
    ]
    never = measures.unstopped(table)
    if never:
        left = [f"{name} (least is left with {best}: {coins(table[name][best].lost)} coins)" for name, best in never.items()]
        said.append(f"No defence here, nor all of them, stops {'; '.join(left)}.")
    other = [name for name, cells in table.items() if cells[ALL].harms and name not in never]
    if other:
        said.append(f"With all defences on harm is left of {', '.join(other)}, though not with each alone.")
    if not any(cells[ALL].harms for cells in table.values()):
        said.append("With all defences on, of no attack can it be concluded that it does harm.")
    if "training" in tables:
        said.append(_verdicts(tables, config))
    return "\n\n".join(said)


def _worst(runs: Columns, config: Mapping[str, Any], table: Mapping[str, Mapping[str, measures.Cell]], end: str) -> str:
    """The worst case under one end."""
    worst = measures.worst(runs, config, end)
    part = table[worst.attack][end].part.mean
    of = "" if math.isnan(part) else f", {100 * part:.1f} % of what they have if the attackers are honest"
    size = f"{coins(worst.lost)} coins{of}"
    if worst.lost.low > 0:
        return f"with {SHOWN[end]}, {worst.attack} costs honest agents most, {size}"
    return f"with {SHOWN[end]}, no attack can be shown to cost honest agents anything; most is lost with {worst.attack}, {size}"


def _areas(runs: Columns, config: Mapping[str, Any]) -> str:
    """Areas under the curves."""
    rows = [[attack, *(ends_of(by_end[end]) for end in ENDS)] for attack, by_end in measures.areas(runs, config).items()]
    return "\n\n".join(
        [
            "Area under the curve: the honest welfare that is left ÷ what it is if the attackers are honest, both under the "
            f"same defences, over the attackers' share from 0 to {config['shares'][-1]:.3g}; 1: the attack does nothing, below "
            "0: honest agents end poorer than they began. In brackets the 95 % interval over worlds (Fieller).",
            markdown((["attack", *SHOWN.values()], rows)),
        ]
    )


def _compared(runs: Columns, config: Mapping[str, Any]) -> str:
    """Attacks × defences."""
    table = measures.compared(runs, config)
    rows = [
        [attack, *(coins(cell.lost) + "*" * cell.saves + "†" * cell.worsens for cell in cells.values())]
        for attack, cells in table.items()
    ]
    return "\n\n".join(
        [
            f"Honest welfare lost at a share of {config['share']:.3g}, coins: what honest agents have if the attackers are "
            "honest, minus what they have under attack, under the same defences and in the same worlds; mean ± half of its 95 "
            f"% interval. * the defence reduces it, † it makes it worse, against no defence (p at most {LEVEL} after Holm's "
            "correction over the table).",
            markdown((["attack", *measures.defences_of(config)], rows)),
        ]
    )


def _collateral(runs: Columns, config: Mapping[str, Any]) -> str:
    """What each defence costs without an attack."""
    rows = []
    for name, (cost, p) in measures.collateral(runs, config).items():
        verdict = "costs" if p <= LEVEL and cost.mean > 0 else "helps" if p <= LEVEL and cost.mean < 0 else UNSURE
        if cost.low == cost.high == 0:
            verdict = "the same in every world"
        rows.append([name, coins(cost), verdict])
    return "\n\n".join(
        [
            "Where nobody attacks: honest welfare without a defence minus that with it, in the same worlds, coins; mean ± half "
            f"of its 95 % interval (read as a difference if p is at most {LEVEL} after Holm's correction over the defences).",
            markdown((["defence", "cost, coins", "reading"], rows)),
        ]
    )


def _attackers(runs: Columns, config: Mapping[str, Any]) -> str:
    """What the attackers have of it."""
    rows = []
    for attack in config["attacks"]:
        for end in ENDS:
            side = measures.attackers_side(runs, config, attack, end)
            ratios = (with_error(*(float(x) for x in one[:3])) for one in (side.on_capital, side.scam, side.from_scam))
            rows.append([attack, SHOWN[end], coins(side.over_twin), coins(side.profit), *ratios])
    head = [
        "attack",
        "defences",
        "profit over twin, coins",
        "profit, coins",
        "return on capital",
        "loss to scam",
        "profit from scam",
    ]
    return "\n\n".join(
        [
            f"At a share of {config['share']:.3g}, all attackers together; mean ± half of its 95 % interval over worlds. Loss "
            "to scam: of what honest clients paid for jobs, the part that attackers got for worthless ones. Profit from scam: "
            "the same money ÷ what attackers laid out, which is large where an attack costs next to nothing.",
            markdown((head, rows)),
        ]
    )


def _recovery(ticks: Columns, config: Mapping[str, Any]) -> str:
    """Times of recovery."""
    rows = []
    for attack, one in measures.recoveries(ticks, config).items():
        mean, low, high = (f"{x:.0f}" if math.isfinite(x) else "never" for x in one.time)
        said = f"{mean} ({low} to {high})" if one.hit else "did no harm before the stop"
        if math.isnan(one.time.ticks):
            said = "n/a: the episode ends too soon to tell"
        rows.append([attack, ends_of(one.before, percent=True), said])
    return "\n\n".join(
        [
            f"Every attack stops after tick {config['stop']}, and its agents are honest from then on; no defence is on, and the "
            f"share is {config['share']:.3g}. The market has recovered when, over five ticks, it realises at least 95 % of what "
            "it realises if they were honest from the start; never: not in the "
            f"{config['parameters']['horizon'] - config['stop']} ticks that are left. In brackets 95 % intervals over worlds "
            "(Fieller; bootstrap).",
            markdown((["attack", "surplus missing before the stop", "ticks until it has recovered"], rows)),
        ]
    )


def _learners(tables: Mapping[str, Columns], config: Mapping[str, Any]) -> str:
    """Learners beside scripts."""
    runs, training = tables["runs"], tables["training"]
    gains, beside = [], []
    for end in ENDS:
        one = measures.learner(runs, training, config, end)
        several = len(one.seeds) > 1
        done = ("yes" if one.found.converged else "no") if several else "not to be said from one training"
        gains.append([SHOWN[end], str(len(one.seeds)), coins(one.found.gain), coins(one.found.late), done])
        beside.append(
            [f"learners, {SHOWN[end]}", coins(one.profit), coins(one.found.gain), coins(one.harm), _plain(one.scam), ""]
        )
        beside.append([f"honest twin, {SHOWN[end]}", coins(one.twin), "", "", "", ""])
        for name, script in measures.scripts(runs, training, config, end).items():
            lead = "other accounts or means" if script.lead is None else coins(script.lead)
            numbers = (coins(script.profit), coins(script.over_twin), coins(script.harm), _plain(script.scam))
            beside.append([f"{name}, {SHOWN[end]}", *numbers, lead])
    who = ", ".join(f"{count} {role}" for role, count in config["learner"]["accounts"].items())
    words = (
        f"PPO was trained for {config['steps']:,} agent-steps with the accounts of {config['capability']} ({who} each, "
        f"{config['learner']['identities']} identities) at a share of {config['share']:.3g}, with its profit as reward, anew "
        "for each end; it was trained in other worlds than those in which it is measured here. The gain over its honest twin "
        "is a lower bound of what can be gained (exploitability); one below zero says that the training found nothing. It "
        "counts as converged if the last third of the training added, or took, at most a tenth of the whole rise, with its "
        "whole interval. Intervals of learners are over training seeds, all others over worlds."
    )
    first = ["defences", "trainings", "gain over twin, coins", "rise in the last third, coins", "converged"]
    second = ["who", "profit, coins", "over its twin, coins", "harm, coins", "loss to scam", "ahead of the learners, coins"]
    return "\n\n".join([words, markdown((first, gains)), markdown((second, beside)), _verdicts(tables, config)])


def _plain(one: Interval) -> str:
    return with_error(float(one.mean), float(one.low), float(one.high))


def _verdicts(tables: Mapping[str, Columns], config: Mapping[str, Any]) -> str:
    """Whether learners gained anything, and whether a script did better, for each end."""
    return " ".join(_verdict(tables["runs"], tables["training"], config, end) for end in ENDS)


def _verdict(runs: Columns, training: Columns, config: Mapping[str, Any], end: str) -> str:
    one, others = measures.learner(runs, training, config, end), measures.scripts(runs, training, config, end)
    gain = one.found.gain
    sure = not math.isnan(gain.low) and not gain.low <= 0 <= gain.high
    words = ("gained" if gain.mean > 0 else "lost") if sure else "can not be said to have gained or lost"
    text = f"With {SHOWN[end]}, attackers that learn {words} against their honest twin ({coins(gain)} coins)"
    return f"{text}; {_scripts(measures.better_scripts(others), others)}."


def _scripts(better: Sequence[str], others: Mapping[str, measures.Script]) -> str:
    """Which scripts did better than the learners."""
    if better:
        ahead = ", ".join(f"{name} (by {coins(others[name].lead)} coins)" for name in better)
        return f"the script{'s' * (len(better) > 1)} {ahead} earned more than the learners, which so did not find the best answer"
    if all(one.lead is None for one in others.values()):
        return "no script had the same accounts"
    return "no script with the same accounts earned more, beyond chance"
