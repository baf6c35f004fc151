"""`ledgerlab train`: learners for roles of a scenario, with live progress, kept in a directory of their own."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import InputError
from sim.options import Out, Preset, ScenarioName, Settings, free, parse_policies, parse_settings, whole

if TYPE_CHECKING:
    from sim.training import Training
    from sim.training.plan import Plan
    from sim.training.running import Progress

Roles = Annotated[str, typer.Option("--role", metavar="ROLE[,ROLE]", help="Who learns: several roles learn together.")]
Algos = Annotated[
    str, typer.Option("--algo", metavar="ALGO[,ALGO]", help="ppo, maskable_ppo, dqn or q: one for all roles, or one for each.")
]
Others = Annotated[
    list[str] | None,
    typer.Option("--policy", help="ROLE=NAME: who does not learn plays this; of a focal learner, its peers. Repeatable."),
]
Steps = Annotated[
    str | None, typer.Option(metavar="N", help="Agent-steps of each learner; as its hyperparameters say if not given.")
]
Worlds = Annotated[str | None, typer.Option(metavar="N", help="Worlds that are played at once, likewise.")]
Seed = Annotated[str, typer.Option(metavar="N", help="Of weights, exploration and worlds.")]
Fields = Annotated[list[str] | None, typer.Option(help="[ROLE=]FIELD[,FIELD]: what of the action is learned. Repeatable.")]
Form = Annotated[list[str] | None, typer.Option(help="[ROLE=]FORM: box, multidiscrete or discrete. Repeatable.")]
Hyperparam = Annotated[
    list[str] | None,
    typer.Option(help="[ROLE:]NAME=VALUE, such as learning_rate=1e-3 or policy_kwargs.net_arch=[32,32]. Repeatable."),
]
Schedule = Annotated[str, typer.Option(help="Of several learners: independent (all at once) or alternating (in turns).")]
Rounds = Annotated[str, typer.Option(metavar="N", help="Turns of each, if they alternate.")]
Average = Annotated[bool, typer.Option("--average", help="The others play the mixture of all their turns (fictitious play).")]
HeldOut = Annotated[str, typer.Option(metavar="N", help="Worlds that are not trained on, to evaluate and compare in.")]
TorchThreads = Annotated[str, typer.Option("--threads", metavar="N", help="Threads; part of what decides the weights.")]


def train(
    scenario: ScenarioName,
    role: Roles,
    algo: Algos = "ppo",
    preset: Preset = "standard",
    policy: Others = None,
    set_: Settings = None,
    steps: Steps = None,
    worlds: Worlds = None,
    seed: Seed = "0",
    fields: Fields = None,
    form: Form = None,
    hyperparam: Hyperparam = None,
    schedule: Schedule = "independent",
    rounds: Rounds = "10",
    average: Average = False,
    held_out: HeldOut = "64",
    threads: TorchThreads = "1",
    out: Out = None,
) -> None:
    """Train learners for one role or several, and compare them with the scripted policies."""
    roles, parameters = _names("--role", role), parse_settings(set_ or ())
    algos = _names("--algo", algo, distinct=False)
    if len(algos) not in (1, len(roles)):
        raise InputError(f"--algo: {len(algos)} given for {len(roles)} roles, allowed is one for all, or one for each")
    several = {who: names for who, names in parse_policies(policy or ()).items() if len(names) > 1}
    if several:
        raise InputError(f"--policy: several given for {next(iter(several))}, allowed is one for each role")
    counts = {"--seed": seed, "--rounds": rounds, "--held-out": held_out, "--threads": threads}
    whole_numbers = [whole(option, text) for option, text in counts.items()]
    wanted: dict[str, Any] = {
        name: None if text is None else whole(f"--{name}", text) for name, text in (("steps", steps), ("worlds", worlds))
    }
    free(parameters, RESERVED, scenario)
    chosen = {who: names.split(",") for who, names in _by_role("--fields", fields or (), roles).items()}
    forms = _by_role("--form", form or (), roles)
    settings = _hyperparams(hyperparam or (), roles)
    from sim.experiments.store import check_out
    from sim.training.keeping import keep
    from sim.training.plan import Learn, plan_training

    each = algos * len(roles) if len(algos) == 1 else algos
    plan = plan_training(
        scenario,
        {who: Learn(what, settings[who], chosen.get(who), forms.get(who)) for who, what in zip(roles, each, strict=True)},
        preset=preset,
        policies={who: names[0] for who, names in parse_policies(policy or ()).items()},
        **wanted,
        **dict(zip(("seed", "rounds", "held_out_worlds", "threads"), whole_numbers, strict=True)),
        schedule=schedule,
        average=average,
        **parameters,
    )
    check_out(out)
    with progress(plan) as step:
        training = keep(plan, out, step)
    show(training)
    if not training.complete:
        raise KeyboardInterrupt(f"stopped: what was learned until then is kept in {training.folder}")


RESERVED = (
    "scenario", "learners", "preset", "policies", "steps", "worlds", "seed", "schedule", "rounds", "average", "held_out_worlds",
    "evaluations", "threads",
)  # fmt: skip
"""Arguments of `plan_training`, which are options of their own."""


def _names(option: str, text: str, distinct: bool = True) -> list[str]:
    """The names in a list with commas."""
    names = text.split(",")
    if not all(names) or (distinct and len(set(names)) < len(names)):
        raise InputError(
            f"{option}: {text!r} given, allowed are names with commas between them{', each once' if distinct else ''}"
        )
    return names


def _by_role(option: str, given: Sequence[str], roles: list[str]) -> dict[str, str]:
    """Role -> text, from ``ROLE=TEXT``, or from ``TEXT`` if one role learns."""
    out: dict[str, str] = {}
    for text in given:
        role, found, rest = text.partition("=")
        if not found:
            role, rest = roles[0], text
        if (not found and len(roles) > 1) or not rest or role not in roles or role in out:
            raise InputError(f"{option}: {text!r} given, allowed is ROLE=VALUE once for each of {', '.join(roles)}")
        out[role] = rest
    return out


def _hyperparams(given: Sequence[str], roles: list[str]) -> dict[str, dict[str, Any]]:
    """Role -> what replaces its shipped hyperparameters, from ``[ROLE:]NAME=VALUE``; without a role it is for all."""
    from agents.learned.hyperparameters import parse_overrides

    texts: dict[str, list[str]] = {role: [] for role in roles}
    for text in given:
        role, found, _ = text.partition("=")[0].partition(":")
        if found and role not in roles:
            raise InputError(f"--hyperparam: {text!r} given, allowed is [ROLE:]NAME=VALUE with a role of {', '.join(roles)}")
        for who in [role] if found else roles:
            texts[who].append(text[len(role) + 1 :] if found else text)
    return {role: parse_overrides(mine) for role, mine in texts.items()}


@contextlib.contextmanager
def progress(plan: "Plan") -> "Iterator[Progress]":
    """Show how far a training is, on standard error: bars with the mean return on a terminal, one line if it is none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from chain.rule import is_warm
    from sim.experiments.manifest import rules_folder
    from sim.screen import COMPILING

    console = Console(stderr=True, highlight=False)
    if not is_warm(rules_folder(plan)):
        console.print(COMPILING)
    if not console.is_terminal:
        who = ", ".join(f"{role} with {learner.algo}" for role, learner in plan.learners.items())
        console.print(f"Training {who}, {plan.worlds} worlds at once ...", soft_wrap=True)
        yield lambda role, done, total, mean: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("agent-steps, return {task.fields[mean]:.4g}, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {
            role: bars.add_task(f"{role} {learner.algo}", total=None, mean=float("nan"))
            for role, learner in plan.learners.items()
        }

        def step(role: str, done: int, total: int, mean: float) -> None:
            bars.update(tasks[role], completed=done, total=total, mean=mean)

        yield step


def show(training: "Training") -> None:
    """Print how the learned policies compare with the scripted ones, and how to use them."""
    from rich.table import Table
    from rich.text import Text

    from sim.experiments.reading import span, with_error
    from sim.screen import out
    from sim.training.keeping import compared

    console, plan = out(), training.plan
    for role, rows in compared(training).items():
        table = Table(
            "policy",
            title=f"{role} of {plan.scenario.name}, {plan.preset}: gain per agent and episode, coins",
            title_justify="left",
        )
        for head in ("mean ± half of its 95 % interval", "learned is ahead by", "95 % interval of that"):
            table.add_column(head, justify="right")
        for row in rows:
            lead = ["", ""] if "lead" not in row else [f"{row['lead']:+.4g}", span(row["lead_low"], row["lead_high"])]
            name = f"learned ({plan.learners[role].algo})" if row["policy"] == "learned" else row["policy"]
            table.add_row(*(Text(cell) for cell in (name, with_error(row["mean"], row["low"], row["high"]), *lead)))
        console.print(table)
    console.print(f"The same {plan.held_out_worlds} worlds for all, which were not trained on; intervals are not corrected.")
    used = " ".join(f"--policy {role}={training.folder}/{role}-{one.algo}" for role, one in training.trained.items())
    given = "" if plan.preset == "standard" else f" --preset {plan.preset}"
    given += "".join(f" --set {name}={value}" for name, value in plan.given.items())
    console.print(Text(f"Use it: ledgerlab run {plan.scenario.name}{given} {used}"), soft_wrap=True)
    console.print(Text(f"Curve: {training.folder}/learning_curve.png"), soft_wrap=True)
