"""What there is, as tables for a terminal: scenarios, roles, parameters, policies and metrics."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents.attacks.registry import ATTACKS
from agents.registry import POLICIES, shipped
from chain.errors import InputError
from sim.attack.defences import DEFENCES
from sim.metrics import METRICS
from sim.scenario import Column, Role, Scenario, bounds
from sim.scenarios import SCENARIOS


def _table(title: str, *header: str) -> Table:
    """A plain table; text is shown as it is, never as markup."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in header:
        table.add_column(name, overflow="fold")
    return table


def _add(table: Table, *cells: object) -> None:
    table.add_row(*(Text(str(cell)) for cell in cells))


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _policies(role: str) -> Table:
    table = _table(f"Policies of {role}", "name", "what it does")
    for name, factory in POLICIES.get(role, {}).items():
        _add(table, name, _first_line(factory))
    for name, folder in shipped(role).items():
        _add(table, name, _about(folder))
    return table


def _about(folder: Path) -> str:
    """What the card of a learned policy says it is, or what is wrong with it."""
    from agents.learned.bundle import read_card

    try:
        return f"Learned: {read_card(folder).about}"
    except InputError as error:
        return str(error)


def _metrics(names: tuple[str, ...]) -> Table:
    table = _table("Metrics", "name", "unit", "better", "what it is")
    for name in names:
        metric = METRICS[name]
        better = {True: "more", False: "less", None: "neither"}[metric.more_is_better]
        _add(table, name, metric.unit, better, _first_line(metric.of))
    return table


def capability(one: Mapping[str, Any]) -> str:
    """What one attacker controls: the fields of an `agents.attacks.attack.Capability`."""
    accounts = ", ".join(f"{count} {role}{'s' * (count > 1)}" for role, count in one["accounts"].items())
    money = "" if one["budget"] is None else f", {one['budget']:_} µcoin each"
    return f"{accounts}{money}, {one['identities'] or 'no'} new identities"


def setting(parameters: Mapping[str, Any]) -> str:
    """Parameters with their values, in one line."""
    return ", ".join(
        f"{name} = {value:_}" if isinstance(value, int) else f"{name} = {value}" for name, value in parameters.items()
    )


def _attacks(scenario: Scenario) -> list[RenderableType]:
    """The attacks that have their roles in a scenario, and its defences; nothing where there are none."""
    roles = {role.name for role in scenario.roles if role.count}
    attacks = _table(f"Attacks on {scenario.name}", "name", "one attacker has", "what its agents do")
    for name, attack in ATTACKS.items():
        if roles.issuperset(attack.capability.accounts):
            _add(attacks, name, capability(vars(attack.capability)), attack.about)
    defences = _table(f"Defences of {scenario.name}", "name", "on", "off", "what it does")
    for name, defence in DEFENCES.get(scenario.name, {}).items():
        _add(defences, name, setting(defence.on), setting(defence.off), defence.about)
    return [part for table in (attacks, defences) if table.row_count for part in (table, Text())]


def everything() -> RenderableType:
    """Scenarios with their presets, policies by role, attacks, defences, and metrics."""
    table = _table("Scenarios", "name", "presets", "about")
    for scenario in SCENARIOS.values():
        _add(table, scenario.name, ", ".join(scenario.presets), scenario.about)
    parts: list[RenderableType] = [table]
    for role in POLICIES:
        parts += [Text(), _policies(role)]
    parts.append(Text())
    for scenario in SCENARIOS.values():
        parts += _attacks(scenario)
    return Group(*parts, _metrics(tuple(METRICS)), Text(), _specs())


def _specs() -> Table:
    """The sweeps that come with LedgerLab."""
    from sim.experiments.spec import SPECS, find_spec

    table = _table("Sweeps (ledgerlab sweep NAME)", "name", "scenario", "question")
    for file in sorted(SPECS.glob("*.yml")):
        spec, _ = find_spec(file.stem)
        _add(table, file.stem, spec.scenario, spec.question)
    return table


def _columns(title: str, columns: tuple[Column, ...], defaults: bool) -> Table:
    table = _table(title, "field", "unit", "range", *(["default"] if defaults else []), "what it is")
    for column in columns:
        default = [column.default] if defaults else []
        _add(
            table,
            column.name,
            column.unit,
            f"{column.low} to {column.high}" if not column.of else "a table",
            *default,
            column.about,
        )
        for inner in column.of:
            _add(table, f"  {inner.name}", inner.unit, f"{inner.low} to {inner.high}", *default, inner.about)
    return table


def _role(role: Role) -> list[RenderableType]:
    head = Text.assemble((f"Role {role.name}", "bold"), f": {role.about}. Default policy: {role.policy}.")
    return [
        head,
        Text(),
        _columns(f"What every {role.name} sees", role.view, False),
        Text(),
        _columns(f"What every {role.name} does", role.action, True),
        Text(),
        _policies(role.name),
        Text(),
    ]


def _parameters(scenario: Scenario) -> Table:
    table = _table("Parameters", "name", "range", "default", *scenario.presets, "what it is")
    settings = {preset: scenario.settings(preset, {}).model_dump() for preset in scenario.presets}
    for name, field in scenario.parameters.model_fields.items():
        values = [settings[preset][name] for preset in scenario.presets]
        changed = ["" if value == field.default else f"{value:_}" for value in values]
        _add(table, name, bounds(field), f"{field.default:_}", *changed, field.description)
    return table


def explained(scenario: Scenario) -> RenderableType:
    """Everything about one scenario; a preset's column shows what it changes."""
    parts: list[RenderableType] = [Text.assemble((scenario.name, "bold"), f": {scenario.about}"), Text()]
    for role in scenario.roles:
        parts += _role(role)
    parts += _attacks(scenario)
    return Group(*parts, _parameters(scenario), Text(), _metrics((*scenario.metrics, *scenario.attack_metrics)))
