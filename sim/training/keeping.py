"""The directory of a training: logs and checkpoints while it runs, then the learned policies, a figure, and the manifest.

manifest.json                   what was trained, with what, on which machine, how well it did; written last
<role>-<algo>/                  the learned policy, a bundle: `--policy <role>=DIR/<role>-<algo>`
evaluations.csv                 gains in held-out worlds during training: mean and 95 % interval
learning_curve.png              the same as a figure
scores.csv                      gains in each held-out world at the end, of the learned and of the scripted policies
<role>/progress.csv, events...  what Stable-Baselines3 logs; for `tensorboard --logdir DIR`
checkpoints/<role>-<algo>-<n>/  the policy after n agent-steps, a bundle each; rounds/ likewise, if the roles took turns
"""

import csv
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from agents.files import digest_of
from agents.learned.averaged import Averaged
from agents.learned.bundle import Card, save_bundle
from agents.learned.training import Evaluation
from chain.files import durably
from chain.rule import MODE, source_digest
from sim.experiments.columns import undisturbed
from sim.experiments.manifest import NAME, checkout, machine, rules_folder, versions
from sim.experiments.store import claim
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval, paired_difference
from sim.training.plan import Plan
from sim.training.running import Progress, Training, policy_now, run

FORMAT, VERSION = "ledgerlab training", 1
PACKAGES = ("numpy", "numba", "torch", "stable-baselines3", "sb3-contrib", "gymnasium", "safetensors")
SETTINGS = ("frame_skip", "worlds", "steps", "seed", "schedule", "rounds", "average", "held_out_worlds", "evaluations")
COLUMNS = ("role", "steps", "mean", "low", "high", "worlds")


class Diary:
    """Writes down a training while it runs: one line per evaluation and role, and a checkpoint of every policy."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Begin in an empty folder."""
        self.plan, self.folder = plan, folder
        self.file = folder / "evaluations.csv"
        self._write([COLUMNS])

    def _write(self, rows: Any) -> None:
        with self.file.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)

    def evaluated(self, policies: Mapping[str, Any], seen: Mapping[str, Evaluation]) -> None:
        """Write down an evaluation."""
        for role, one in seen.items():
            mean, low, high, worlds = (float(x) for x in mean_interval(one.scores))
            self._write([(role, one.steps, *(f"{x:.9g}" for x in (mean, low, high)), int(worlds))])
            score = {"gain_coins": mean, "worlds": worlds}
            name = f"{role}-{self.plan.learners[role].algo}-{one.steps}"
            save_bundle(self.folder / "checkpoints" / name, policies[role], card(self.plan, role, one.steps, score))


def card(plan: Plan, role: str, steps: int, score: Mapping[str, float]) -> Card:
    """What a bundle says about itself."""
    learner = plan.learners[role]
    return Card(
        about=f"{learner.algo}, {role} of {plan.scenario.name}, preset {plan.preset}, {steps:_} agent-steps, seed {plan.seed}",
        preset=plan.preset,
        parameters=plan.parameters.model_dump(),
        algo=learner.algo,
        hyperparameters=learner.hyperparameters.model_dump(),
        steps=steps,
        seeds=(plan.seed,),
        versions=versions(PACKAGES),
        score=dict(score),
    )


def read_evaluations(folder: Path) -> Columns:
    """The table `evaluations.csv` of a training's directory."""
    with (folder / "evaluations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = {"role": object, "steps": np.int64, "worlds": np.int64}
    return {name: np.array([row[name] for row in rows], object).astype(kinds.get(name, np.float64)) for name in COLUMNS}


def compared(training: Training) -> dict[str, list[dict[str, Any]]]:
    """By role: each policy's gain in the held-out worlds with its 95 % interval, and the learned one's lead over it, world by
    world."""
    out = {}
    for role, table in training.scores.items():
        rows = []
        for name, values in table.items():
            mean, low, high, n = (float(x) for x in mean_interval(values))
            row: dict[str, Any] = {"policy": name, "mean": mean, "low": low, "high": high, "worlds": int(n)}
            if name != "learned":
                lead = paired_difference(table["learned"], values)
                row |= {key: float(getattr(lead, key)) for key in ("p",)}
                row |= {"lead": float(lead.mean), "lead_low": float(lead.low), "lead_high": float(lead.high)}
            rows.append(row)
        out[role] = rows
    return out


def keep(plan: Plan, out: Path | None = None, progress: Progress | None = None) -> Training:
    """Train into a directory of its own; one that is stopped keeps what was learned, in a manifest that says so.

    Raises:
        InputError: the directory can not be written, or a policy from outside failed; nothing is left behind then.
    """
    folder, made = claim(out, f"training-{plan.name}")
    began, clock = datetime.now(UTC), time.perf_counter()
    try:
        diary = Diary(plan, folder)
        training = replace(run(plan, folder, diary.evaluated, progress), folder=folder)
        with undisturbed():
            publish(training, began, time.perf_counter() - clock)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and (folder / "checkpoints").is_dir():
            raise KeyboardInterrupt(f"stopped: the checkpoints are kept in {folder}, without a comparison") from None
        for entry in folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for empty in made:
            empty.rmdir()
        raise
    return training


def publish(training: Training, began: datetime, seconds: float) -> None:
    """Write policies, scores, figure, and last the manifest."""
    from sim.plots.learning import learning_curve
    from sim.plots.style import save

    plan, folder = training.plan, training.folder
    assert folder is not None
    table = compared(training)
    for role, one in training.trained.items():
        name, policy = f"{role}-{one.algo}", training.policies[role]
        mine = table[role][0]
        score = {"gain_coins": mine["mean"], "low": mine["low"], "high": mine["high"], "worlds": float(mine["worlds"])}
        final = policy_now(plan, role, one.model) if isinstance(policy, Averaged) else policy
        save_bundle(folder / name, final, card(plan, role, one.steps, score))
        for k, past in enumerate(one.rounds):
            save_bundle(folder / "rounds" / f"{name}-{k + 1}", past, card(plan, role, one.steps * (k + 1) // len(one.rounds), {}))
    lines = [
        (role, name, world, f"{x:.9g}")
        for role, t in training.scores.items()
        for name, v in t.items()
        for world, x in enumerate(v)
    ]
    with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("role", "policy", "world", "gain_coins"), *lines])
    with (folder / "learning_curve.png").open("wb") as image:
        save(learning_curve(read_evaluations(folder)), image)
    manifest = described(training) | {"started": began.isoformat(timespec="seconds"), "wall_s": round(seconds, 3)}
    manifest["results"] = {
        role: {
            "steps": one.steps,
            "training_s": round(one.seconds, 3),
            "weights_sha256": one.weights_sha256,
            "scores": table[role],
        }
        for role, one in training.trained.items()
    }
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    manifest["files"] = {str(file.relative_to(folder)): {"sha256": digest_of(file)} for file in files}
    text = json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"
    durably(folder, NAME, lambda file: file.write(text))


def described(training: Training) -> dict[str, Any]:
    """What the manifest says about how it was trained."""
    plan: Any = training.plan
    folder = rules_folder(plan)
    return {
        "format": FORMAT,
        "version": VERSION,
        "complete": training.complete,
        "config": {
            "scenario": plan.scenario.name,
            "preset": plan.preset,
            "given": dict(plan.given),
            "parameters": plan.parameters.model_dump(),
            "policies": {role: {"label": s.label, "given": s.given, "source_sha256": s.source} for role, s in plan.seats.items()},
            "learners": {
                role: {
                    "algo": learner.algo,
                    "seed": learner.seed,
                    "fields": [field.name for field in plan.encodings[role].fields],
                    "form": plan.encodings[role].form,
                    "focal": role in plan.focal,
                    "hyperparameters": learner.hyperparameters.model_dump(),
                }
                for role, learner in plan.learners.items()
            },
            **{name: getattr(plan, name) for name in SETTINGS},
        },
        "rules": {"sha256": source_digest(folder), "mode": MODE},
        "versions": versions(PACKAGES),
        "checkout": checkout(),
        "machine": machine(),
        "threads": plan.threads,
    }
