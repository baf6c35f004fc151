"""A study is run into a directory of its own: rows as Parquet, a manifest that vouches for them, and a page made from them."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from agents.files import digest_of
from chain.errors import InputError
from chain.files import durably
from sim.attack import study as studies
from sim.attack.description import FORMAT, VERSION, described
from sim.attack.study import SHARES, Study, plan_study
from sim.attack.trained import Found, train_attacker
from sim.experiments.arms import Arm
from sim.experiments.columns import undisturbed
from sim.experiments.manifest import NAME
from sim.experiments.run import Batch, Progress, joined, measured, play
from sim.experiments.store import Stopped, Writer, check_out, claim, read_table
from sim.metrics.contrasts import Columns

PAGE = "resilience.md"
TRAINING_COST = 10
"""An agent-step of training takes about so many times an agent-step of scripts."""


def resilience(
    scenario: str = "service_market",
    *,
    attacks: Sequence[str] | None = None,
    shares: Sequence[float] = SHARES,
    share: float = 0.25,
    defences: Sequence[str] | None = None,
    policies: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 20,
    trainings: int = 3,
    steps: int = 1_000_000,
    capability: str = "whitewasher",
    preset: str = "standard",
    threads: int = 1,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> Path:
    """Study how well a scenario withstands attack, and return the directory with the rows, the page and its figures.

    Args:
        scenario: its name.
        attacks: names of the attacks; all that there are, if not given.
        shares: attackers' shares of the curves, each above 0 and at most 1.
        share: at which defences are compared, attacks stop, and attackers are trained.
        defences: names of the defences; all of the scenario, if not given.
        policies: role -> policy of everybody else, as in `sim.run`, one each.
        seeds: a number n for seeds 0 to n - 1, or the seeds; all arms meet the same random worlds.
        trainings: attackers that are trained without a defence, and again with all.
        steps: agent-steps of each training.
        capability: name of the attack whose accounts, money and identities the learners have.
        preset: the scenario's settings to start from.
        threads: worlds are shared out over so many threads; it changes no result of scripts.
        out: a new or an empty directory; one under results/ if not given.
        progress: called with (work done, work in all).
        parameters: settings that replace those of the preset.

    Raises:
        InputError: something given is wrong; nothing is written.
        Stopped: Ctrl-C; the finished rows are kept, without a page.
    """
    study = plan_study(
        scenario,
        attacks=attacks,
        shares=shares,
        share=share,
        defences=defences,
        policies=policies,
        seeds=seeds,
        trainings=trainings,
        steps=steps,
        capability=capability,
        preset=preset,
        threads=threads,
        **parameters,
    )
    return keep(study, None if out is None else Path(out), progress)


class Work:
    """Counts what is done of a study."""

    def __init__(self, study: Study, progress: Progress | None) -> None:
        """Nothing is done."""
        p = study.parameters
        agents = sum(int(getattr(p, role.count)) for role in study.scenario.roles if role.count)
        self.per_arm = agents * int(p.horizon) * len(study.seeds)
        self.training = study.steps * TRAINING_COST
        scripts, stopping = len(list(studies.arms(study))), len(list(studies.stopping(study)))
        self.runs = (scripts + 4 * study.trainings) * len(study.seeds)
        self.total = (scripts + stopping) * self.per_arm + 2 * study.trainings * (self.training + 2 * self.per_arm)
        self.done, self._progress = 0, progress

    def show(self, part: int, whole: int, size: int) -> None:
        """So much of a piece of this size is done."""
        if self._progress is not None:
            self._progress(self.done + size * min(part, whole) // max(whole, 1), self.total)


def keep(study: Study, out: Path | None = None, progress: Progress | None = None) -> Path:
    """Run a study into a directory of its own, and return the directory; as `resilience`."""
    check_out(out)
    manifest = described(study)
    started, clock = datetime.now(UTC), time.perf_counter()
    writer = Writer(*claim(out, f"resilience-{study.scenario.name}-{study.preset}-{manifest['config_hash']}"))
    work, stopped = Work(study, progress), False
    try:
        try:
            _run(study, writer, work)
        except KeyboardInterrupt:
            stopped = True
        if not writer.rows["runs"]:
            raise Stopped(0, work.runs, None)
        manifest |= {
            "complete": not stopped,
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.perf_counter() - clock, 3),
        }
        with undisturbed():
            writer.publish(manifest)
    except BaseException:
        if not (writer.folder / NAME).exists():
            writer.discard()
        raise
    if stopped:
        raise Stopped(writer.rows["runs"], work.runs, writer.folder)
    write_up(writer.folder)
    return writer.folder


def _run(study: Study, writer: Writer, work: Work) -> None:
    """Everything that is run, in the order of the tables."""
    for batch in _played(study, list(studies.arms(study)), work):
        with undisturbed():
            writer.add({"runs": _rows(study, batch)})
    for batch in _played(study, list(studies.stopping(study)), work):
        with undisturbed():
            writer.add({"ticks": _tick_rows(study, batch)})
    for end, hunt in studies.hunts(study).items():
        for seed in studies.training_seeds(study):
            found = train_attacker(hunt, seed, lambda done, total, mean: work.show(done, total, work.training))
            work.done += work.training
            rows = [
                _rows(study, b, seed) for b in _played(study, list(studies.trained_arms(study, end, seed, found.policy)), work)
            ]
            with undisturbed():
                writer.add({"runs": joined(rows), "training": _curve(end, found)})


def _played(study: Study, arms: Sequence[Arm], work: Work) -> Any:
    """Play some arms of a study."""
    experiment = studies.experiment(study, arms)
    size = work.per_arm * len(arms)
    yield from play(experiment, lambda done, total: work.show(done, total, size))
    work.done += size


def _rows(study: Study, batch: Batch, training: int = 0) -> Columns:
    """The runs of a batch; `training` is the seed of a trained attacker, 0 for scripts."""
    rows = measured(studies.experiment(study, [batch.arm]), batch)
    return rows | {"training": np.full(rows["seed"].size, training, np.int64)}


def _tick_rows(study: Study, batch: Batch) -> Columns:
    """What the market realised in each tick of a batch, coins."""
    ticks = study.scenario.tables(batch.outcome)["ticks"]
    seeds = np.repeat(batch.outcome.seeds, ticks["tick"].size // batch.outcome.seeds.size)
    labels = {"arm": batch.arm.label, "attack": batch.arm.attack, "side": batch.arm.side}
    rows: Columns = {name: np.full(seeds.size, value, object) for name, value in labels.items()}
    return rows | {"seed": seeds, "tick": ticks["tick"], "realised": ticks["realised"]}


def _curve(end: str, found: Found) -> Columns:
    """The evaluations of a training: one row per evaluation and held-out world."""
    evaluations, worlds = found.profits.shape
    return {
        "arm": np.full(found.profits.size, f"defence={end}", object),
        "defence": np.full(found.profits.size, end, object),
        "training": np.full(found.profits.size, found.seed, np.int64),
        "steps": np.repeat(found.steps, worlds),
        "seed": np.tile(np.arange(worlds, dtype=np.int64), evaluations),
        "profit": found.profits.reshape(-1),
    }


def is_study(folder: Path) -> bool:
    """Whether a directory says that it holds a study of resilience."""
    try:
        return bool(json.loads((folder / NAME).read_text(encoding="utf-8"))["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Columns]]:
    """The manifest and the tables of a study.

    Raises:
        InputError: the directory holds none, or it is damaged or incomplete.
    """
    manifest = json.loads((folder / NAME).read_text(encoding="utf-8")) if is_study(folder) else {}
    if manifest.get("version") != VERSION:
        raise InputError(f"resilience: {folder} is no study, allowed is a directory that `ledgerlab resilience` made")
    if not manifest["complete"]:
        raise InputError(f"resilience: the study in {folder} was stopped before its end, allowed is a whole one")
    names = [file.removesuffix(".parquet") for file in manifest["files"] if file.endswith(".parquet")]
    return manifest, {name: read_table(folder, name, manifest) for name in names}


def write_up(folder: Path) -> Path:
    """Write the page and its figures from the stored rows alone, and return the path of the page.

    Raises:
        InputError: the directory holds no whole study.
    """
    from sim.attack.page import page
    from sim.plots.resilience import FIGURES
    from sim.plots.style import save

    manifest, tables = read(folder)
    try:
        drawn = {name: figure.draw(tables, manifest) for name, figure in FIGURES.items() if figure.needs in tables}
        text = page(tables, manifest)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"resilience: {folder} lacks what its page needs ({error}); allowed is an unchanged directory"
        ) from error
    for name, figure in drawn.items():
        durably(folder, f"{name}.png", lambda file, figure=figure: save(figure, file))  # type: ignore[misc]
    durably(folder, PAGE, lambda file: file.write(text.encode()))
    manifest["files"] |= {name: {"sha256": digest_of(folder / name)} for name in (*(f"{one}.png" for one in drawn), PAGE)}
    durably(folder, NAME, lambda file: file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"))
    return folder / PAGE
