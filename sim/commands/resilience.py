"""`ledgerlab resilience`: how well a scenario withstands attack, as rows, a page and figures in a directory of their own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.options import Out, Preset, ScenarioName, Seeds, Settings, Threads, decimal, free, parse_policies, parse_settings, whole

if TYPE_CHECKING:
    from sim.attack.study import Study

Others = Annotated[
    list[str] | None, typer.Option("--policy", help="ROLE=NAME: what who does not attack plays. Repeatable, once for a role.")
]
Names = Annotated[list[str] | None, typer.Option("--attack", metavar="NAME", help="All that there are if not given. Repeatable.")]
Defending = Annotated[list[str] | None, typer.Option("--defence", metavar="NAME", help="All if not given. Repeatable.")]
Shares = Annotated[
    str, typer.Option(metavar="X[,X]", help="Attackers' shares of the curves: of the agents of an attack's first role.")
]
Share = Annotated[str, typer.Option(metavar="X", help="At which defences are compared, attacks stop and attackers learn.")]
Trainings = Annotated[str, typer.Option(metavar="N", help="Attackers trained without defences, and again with all; 0: none.")]
Steps = Annotated[str, typer.Option(metavar="N", help="Agent-steps of each training.")]
Capability = Annotated[str, typer.Option(metavar="NAME", help="The attack whose accounts and identities the learners have.")]


def resilience(
    scenario: ScenarioName,
    preset: Preset = "standard",
    policy: Others = None,
    set_: Settings = None,
    attack: Names = None,
    shares: Shares = "0.125,0.25,0.375,0.5",
    share: Share = "0.25",
    defence: Defending = None,
    seeds: Seeds = "20",
    trainings: Trainings = "3",
    steps: Steps = "1_000_000",
    capability: Capability = "whitewasher",
    threads: Threads = "1",
    out: Out = None,
) -> None:
    """Study how well a scenario withstands attack: curves, defences, recovery, and attackers that learn, on one page."""
    parameters = parse_settings(set_ or ())
    free(parameters, RESERVED, scenario)
    counts = {"seeds": seeds, "trainings": trainings, "steps": steps, "threads": threads}
    given: dict[str, Any] = {name: whole(f"--{name}", text) for name, text in counts.items()}
    given["shares"], given["share"] = [decimal("--shares", text) for text in shares.split(",")], decimal("--share", share)
    given |= {"policies": parse_policies(policy or ()), "attacks": attack, "defences": defence}
    from sim.attack.study import plan_study
    from sim.experiments.store import check_out

    given |= {"preset": preset, "capability": capability, **parameters}
    study = plan_study(scenario, **given)
    check_out(out)
    studied(study, out)


RESERVED = (
    "scenario", "attacks", "shares", "share", "defences", "policies", "seeds", "trainings", "steps", "capability", "preset",
    "threads", "out", "progress",
)  # fmt: skip
"""Arguments of `sim.resilience`, which are options of their own."""


def studied(study: "Study", folder: Path | None = None) -> None:
    """Run a study while showing progress; print what came out and where it is kept."""
    from sim.attack.keeping import keep
    from sim.experiments.manifest import rules_folder
    from sim.screen import progress

    with progress(rules_folder(study)) as step:
        kept = keep(study, folder, step)
    show(kept)


def show(folder: Path) -> None:
    """Print what each attack takes without and with all defences, and where the page is."""
    from rich.table import Table
    from rich.text import Text

    from sim.attack import measures
    from sim.attack.keeping import PAGE, read
    from sim.attack.page import SHOWN, coins
    from sim.screen import out

    manifest, tables = read(folder)
    config, runs = manifest["config"], tables["runs"]
    where = f"{config['scenario']}, {config['preset']}: attackers' share {config['share']:.3g}, coins"
    table = Table("attack", title=where, title_justify="left")
    for end in measures.ENDS:
        for head in ("lost by honest agents", "profit over twin"):
            table.add_column(f"{head},\n{SHOWN[end]}", justify="right")
    for attack, cells in measures.compared(runs, config).items():
        numbers = []
        for end in measures.ENDS:
            numbers += [cells[end].lost, measures.attackers_side(runs, config, attack, end).over_twin]
        table.add_row(*(Text(cell) for cell in (attack, *map(coins, numbers))))
    console = out()
    console.print(table)
    console.print(
        f"Mean ± half of the 95 % interval, {len(set(runs['seed'].tolist()))} random worlds; intervals are not corrected."
    )
    for end in measures.ENDS if "training" in tables else ():
        found = measures.learner(runs, tables["training"], config, end)
        gain = f"{coins(found.found.gain)} coins ({len(found.seeds)} trainings)"
        console.print(f"Attackers that learn, {SHOWN[end]}: gain over their honest twin {gain}.")
    for name, value in config["raised"].items():
        console.print(f"The study raised {name} to {value}: room for the identities that attackers may take.")
    console.print(Text(f"Page: {folder / PAGE}"), soft_wrap=True)
