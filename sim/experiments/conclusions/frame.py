"""The frame of a sweep's report: what was run, and how to run it again."""

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.tables import whole


def asked(found: Findings) -> list[str]:
    """Scenario, parameters, policies, attacks, seeds and cells."""
    plan, cells = found.plan, found.cells
    fixed = ", ".join(f"{name} = {whole(value)}" for name, value in plan["fixed"].items()) or "none"
    out = [f"Scenario {plan['scenario']}, preset {plan['preset']}; parameters changed in all cells: {fixed}."]
    varied = [_values(name, unit, np.unique(cells[name])) for name, unit in plan["varied"].items() if name in cells]
    if varied:
        out.append(f"Varied: {'; '.join(varied)}: {found.points} points in all.")
    same = [role for role in plan["roles"] if len(set(cells[role].tolist())) == 1]
    if same:
        out.append(f"The same in all cells: {', '.join(f'{role} = {cells[role][0]}' for role in same)}.")
    if found.by_arm:
        more = f" and {len(found.arms) - 12} more" if len(found.arms) > 12 else ""
        out.append(f"{len(found.arms)} arms at each point, the first is the baseline: {'; '.join(found.arms[:12])}{more}.")
    if plan["attacks"]:
        attacks = "; ".join(
            f"{name} at {', '.join(f'{share:.3g}' for share in shares)}" for name, shares in plan["attacks"].items()
        )
        out.append(f"Attacks, by share: {attacks}. Each is played by its honest twin, too, and with its agents absent.")
    if plan["defences"]:
        out.append(f"Defences: {', '.join(plan['defences'])}; played with them and without.")
    done = int((cells["status"] == "done").sum())
    seeds = len(plan["seeds"])
    out.append(f"{seeds} seed{'s' * (seeds > 1)}, {done} of {len(cells['cell'])} cells finished; started {plan['started']}.")
    return out


def _values(name: str, unit: str, values: Any) -> str:
    """A parameter with its values."""
    few = ", ".join(whole(value) for value in values[:8].tolist())
    shown = few if values.size <= 8 else f"{values.size} values from {whole(values[0])} to {whole(values[-1])}"
    return f"{name} = {shown}{f' {unit}' if unit else ''}"


def again(found: Findings) -> tuple[str, str]:
    """The commands, and what they need to give the same rows."""
    plan = found.plan
    place = shlex.quote(found.results.folder.name)
    commands = f"ledgerlab sweep {place}/spec.yml\nledgerlab verify {place} --replay 3\nledgerlab report {place}"
    checkout: Mapping[str, Any] | None = plan["checkout"]
    state = "no checkout" if checkout is None else f"commit {checkout['commit']}{' with changes' if checkout['dirty'] else ''}"
    versions = ", ".join(f"{name} {version}" for name, version in plan["versions"].items())
    machine = ", ".join(f"{name} {value}" for name, value in plan["machine"].items())
    needs = (
        f"The same code and versions give the same ledgers, run by run: code {plan['code']['sha256'][:16]}, {state}, {versions}. "
        f"It ran on: {machine or 'a machine that is not named'}."
    )
    return commands, needs
