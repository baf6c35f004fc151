"""The fixed experiments: the demonstration, and the reference table that is committed."""

import json
import shutil
import tempfile
from pathlib import Path

from agents.files import digest_of, only_own
from agents.registry import POLICIES
from chain.files import durably
from sim.attack.study import plan_study
from sim.commands.resilience import studied
from sim.experiments.manifest import NAME, read_manifest
from sim.experiments.reading import difference_table, main_table, reading
from sim.experiments.report import markdown
from sim.experiments.run import plan
from sim.experiments.store import read_table
from sim.metrics.contrasts import contrasts
from sim.scenarios import find
from sim.screen import out, show, watched

REFERENCE_SEEDS = 20
ATTACKED_SEEDS = 20
TRAININGS, STEPS = 2, 150_000
"""Attackers that learn in the demonstration: few, for a short time."""
REFERENCE_FILES = ("runs.parquet", "table.md", "policies_compared.png", NAME)


def demonstrate(seeds: int) -> None:
    """Compare the clients of the service market, then its providers, then attack it; write run directories and reports."""
    clients = plan("service_market", {"client": list(POLICIES["client"]), "provider": "cost_plus"}, seeds)
    providers = plan("service_market", {"client": "thompson", "provider": list(POLICIES["provider"])}, seeds)
    console = out()
    console.print("First: five kinds of clients, with providers who ask their cost and a markup.")
    show(watched(clients), True)
    console.print("\nSecond: four kinds of providers, with clients who learn whom to trust.")
    show(watched(providers), True)
    console.print("\nThird: how well the market withstands attack, scripted and learned.")
    studied(plan_study("service_market", seeds=min(seeds, ATTACKED_SEEDS), trainings=TRAININGS, steps=STEPS))


def rebuild_reference(folder: Path) -> None:
    """Play every pair of policies of the service market and replace the reference table.

    The rows, the table and the figure depend on code and versions alone; the manifest also names time and machine.

    Raises:
        InputError: the directory holds something else.
    """
    only_own(folder, REFERENCE_FILES, "the reference table")
    pairs = {role.name: list(POLICIES[role.name]) for role in find("service_market").roles}
    experiment = plan("service_market", pairs, REFERENCE_SEEDS)
    with tempfile.TemporaryDirectory() as temporary:
        run = watched(experiment, Path(temporary) / "run")
        publish_reference(run, folder)
    out().print(f"Reference: {folder}", soft_wrap=True)


def publish_reference(run: Path, folder: Path) -> None:
    """Make the reference directory from a run directory: its runs, one table, one figure, and a manifest written last."""
    from sim.plots.arms import policies_compared
    from sim.plots.style import save

    manifest = read_manifest(run)
    runs = read_table(run, "runs", manifest)
    metrics = manifest["metrics"]
    table = contrasts(runs, [m["name"] for m in metrics])
    arms = list(dict.fromkeys(runs["arm"].tolist()))
    cells = main_table(table, metrics, arms)
    turned = [list(line) for line in zip(cells[0], *cells[1], strict=True)]
    text = "\n\n".join(
        [
            f"# Reference: every pair of policies of {manifest['config']['scenario']}, {manifest['config']['preset']}",
            f"Mean over {REFERENCE_SEEDS} random worlds ± half of its 95 % Student interval. {reading(runs, manifest)}",
            markdown((turned[0], turned[1:])),
            f"Efficiency of each arm minus that of {arms[0]}, in the same worlds:",
            markdown(difference_table(contrasts(runs, [metrics[0]["name"]]), metrics)),
            "Rebuilt by `ledgerlab reference`; the rows are in runs.parquet, what they were made with in manifest.json.\n",
        ]
    )
    figure = policies_compared(table, metrics[0]["name"], metrics[0]["unit"])
    folder.mkdir(parents=True, exist_ok=True)
    with (run / "runs.parquet").open("rb") as rows:
        durably(folder, "runs.parquet", lambda file: shutil.copyfileobj(rows, file))
    durably(folder, "table.md", lambda file: file.write(text.encode()))
    durably(folder, "policies_compared.png", lambda file: save(figure, file))
    manifest["files"] = {
        name: {"sha256": digest_of(folder / name)} | ({"rows": len(runs["seed"])} if name == "runs.parquet" else {})
        for name in REFERENCE_FILES
        if name != NAME
    }
    durably(folder, NAME, lambda file: file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"))
