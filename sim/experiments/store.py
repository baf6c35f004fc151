"""Run directories: rows as Parquet, and a manifest that is written last and vouches for them.

A run never overwrites another. Files are written under another name, flushed to the disk and renamed, so that a directory
with a manifest is whole; a run that is stopped keeps the worlds that were finished, in a manifest that says it is not complete.
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.files import digest_of
from chain.errors import InputError
from chain.files import durably
from chain.journal import export
from sim.experiments.columns import from_column, to_column, undisturbed
from sim.experiments.manifest import NAME, described
from sim.experiments.run import Batch, Experiment, Progress, measured, plan, play
from sim.metrics.contrasts import Columns

if TYPE_CHECKING:
    pass

RESULTS = Path("results")
LEDGERS = "ledgers"
"""Of a run directory: where the recorded ledgers are."""


class Stopped(KeyboardInterrupt):
    """A run was interrupted; the message says what was kept."""

    def __init__(self, kept: int, total: int, folder: Path | None, what: str = "runs") -> None:
        """So many runs, or what there is, of the total are kept in this folder; None: nothing is."""
        self.kept, self.total, self.folder = kept, total, folder
        super().__init__(f"stopped: {kept} of {total} {what} kept" + (f" in {folder}" if folder else ""))


def check_out(out: Path | None) -> None:
    """Raise `InputError` unless a run may be written to this directory: it is not there, or it is empty."""
    if out is None:
        return
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise InputError(f"out: {out} exists already, allowed is a new or an empty directory")


def _make(folder: Path) -> list[Path]:
    """Make a directory that must not be there, and its parents; returns what was made, deepest first."""
    missing = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    return [folder, *missing]


def claim(out: Path | None, name: str) -> tuple[Path, list[Path]]:
    """The directory of a run (the one asked for, or the next free one of this name under results/) and what was made for it."""
    try:
        if out is not None:
            return out, [] if out.is_dir() else _make(out)
        number = 1
        while True:
            folder = RESULTS / (name if number == 1 else f"{name}-{number}")
            try:
                return folder, _make(folder)
            except FileExistsError:
                number += 1
                if not RESULTS.is_dir():
                    raise
    except OSError as error:
        raise InputError(
            f"out: {out or RESULTS} can not be written ({error.strerror}), allowed is a writable directory"
        ) from None


class Writer:
    """The open files of one run directory, each under a name that ends in .part."""

    def __init__(self, folder: Path, made: Sequence[Path] = ()) -> None:
        """Begin in an empty folder; `made` are the directories that are to go again if nothing is kept, deepest first.

        Raises:
            InputError: another run is being written there, or nothing can be.
        """
        self.folder, self.made, self.rows = folder, made, {"runs": 0}
        self.ledgers: dict[str, dict[str, Any]] = {}
        """By file of a recorded ledger: arm, seed, number of blocks, hash of the last header, and SHA-256 of the file."""
        self._files: dict[str, Any] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        try:
            self._open("runs")
        except FileExistsError:
            self.discard()
            raise InputError(f"out: {folder} is being written by another run, allowed is a new or an empty directory") from None
        except OSError as error:
            self.discard()
            raise InputError(f"out: {folder} can not be written ({error.strerror}), allowed is a writable directory") from None

    def _open(self, table: str) -> None:
        """The file of a table, which must not be there."""
        self._files[table] = (self.folder / f"{table}.parquet.part").open("xb")
        self.rows[table] = 0

    def add(self, tables: Mapping[str, Columns]) -> None:
        """Append rows to every table."""
        for name, columns in tables.items():
            rows = pa.table({key: to_column(values) for key, values in columns.items()})
            if name not in self._files:
                self._open(name)
            if name not in self._writers:
                self._writers[name] = pq.ParquetWriter(
                    self._files[name], rows.schema, compression="zstd", write_page_checksum=True
                )
            self._writers[name].write_table(rows)
            self.rows[name] += rows.num_rows

    def add_ledgers(self, arm: int, batch: Batch) -> None:
        """Keep the recorded ledgers of some finished worlds; files are numbered by arm and seed."""
        for history, seed in zip(batch.histories, batch.outcome.seeds.tolist(), strict=False):
            place = self.folder / LEDGERS
            place.mkdir(exist_ok=True)
            file = export(history, place / f"{arm + 1}-{seed}.ledger")
            head = {"blocks": len(history.blocks), "head": history.head.hash.hex(), "sha256": digest_of(file)}
            self.ledgers[f"{LEDGERS}/{file.name}"] = {"arm": batch.arm.label, "seed": seed, **head}

    def publish(self, manifest: dict[str, Any]) -> None:
        """Close the tables, give them their names, and write the manifest."""
        manifest["files"] = {}
        if self.ledgers:
            manifest["ledgers"] = self.ledgers
        for name, file in self._files.items():
            self._writers[name].close()
            file.flush()
            os.fsync(file.fileno())
            file.close()
            final = self.folder / f"{name}.parquet"
            Path(file.name).replace(final)
            manifest["files"][final.name] = {"sha256": digest_of(final), "rows": self.rows[name]}
        text = json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"
        durably(self.folder, NAME, lambda file: file.write(text))

    def discard(self) -> None:
        """Leave nothing of what this run began."""
        for name, file in self._files.items():
            with contextlib.suppress(OSError, pa.ArrowException):
                if name in self._writers:
                    self._writers[name].close()
                file.close()
            Path(file.name).unlink(missing_ok=True)
            (self.folder / f"{name}.parquet").unlink(missing_ok=True)
        for name in self.ledgers:
            (self.folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if self.ledgers:
                (self.folder / LEDGERS).rmdir()
            for folder in self.made:
                folder.rmdir()


def keep(experiment: Experiment, out: Path | None = None, progress: Progress | None = None, ledgers: bool = False) -> Path:
    """Run an experiment into a directory of its own, and return the directory.

    Args:
        experiment: what to run, from `sim.experiments.run.plan`.
        out: the directory; results/<scenario>-<preset>-<hash>, with -2, -3 and so on if it is taken, if not given.
        progress: called with (ticks done, ticks in all).
        ledgers: whether the ledger of every world is recorded and kept, one file each.

    Raises:
        InputError: the directory is not free, or a policy failed; nothing is left behind.
        Stopped: Ctrl-C; the message says what was kept.
    """
    check_out(out)
    manifest = described(experiment)
    started, clock = datetime.now(UTC), time.perf_counter()
    e = experiment
    writer = Writer(*claim(out, f"{e.scenario.name}-{e.preset}-{manifest['config_hash']}"))
    stopped = False
    try:
        try:
            for batch in play(e, progress, recorded=ledgers):
                with undisturbed():
                    writer.add(tables_of(e, batch))
                    writer.add_ledgers(e.arms.index(batch.arm), batch)
        except KeyboardInterrupt:
            stopped = True
        total = len(e.arms) * len(e.seeds)
        kept = writer.rows["runs"]
        if not kept:
            raise Stopped(0, total, None)
        manifest |= {
            "complete": kept == total,
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
        raise Stopped(kept, total, writer.folder)
    return writer.folder


def tables_of(experiment: Experiment, batch: Batch) -> dict[str, Columns]:
    """Every table's rows of some finished worlds: the runs, and the scenario's own tables with arm and seed before each row."""
    out = {"runs": measured(experiment, batch)}
    for name, columns in experiment.scenario.tables(batch.outcome).items():
        seeds = np.repeat(batch.outcome.seeds, len(next(iter(columns.values()))) // batch.outcome.seeds.size)
        out[name] = {"arm": np.full(seeds.size, batch.arm.label, object), "seed": seeds, **columns}
    return out


def record(
    scenario: str,
    policies: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 20,
    preset: str = "standard",
    *,
    attack: Mapping[str, float] | None = None,
    defence: str | Sequence[str] = (),
    out: str | Path | None = None,
    ledgers: bool = False,
    threads: int = 1,
    trust: bool = False,
    progress: Progress | None = None,
    **parameters: Any,
) -> Path:
    """Run a scenario as `sim.run` does, keep everything in a run directory, and return that directory.

    Args:
        scenario: as in `sim.run`, like every argument that is not named here.
        policies: as in `sim.run`.
        seeds: as in `sim.run`.
        preset: as in `sim.run`.
        attack: as in `sim.run`.
        defence: as in `sim.run`.
        out: a new or an empty directory; one under results/ if not given.
        ledgers: whether the ledger of every world is kept too, recorded block by block: ``ledgers/ARM-SEED.ledger``, which
            `ledgerlab audit` executes again. It changes no outcome.
        threads: as in `sim.run`.
        trust: as in `sim.run`.
        progress: as in `sim.run`.
        parameters: as in `sim.run`.

    Raises:
        InputError: something given is wrong; nothing is written.
        Stopped: Ctrl-C; the finished worlds are kept.
    """
    experiment = plan(
        scenario, policies, seeds, preset, attack=attack, defence=defence, threads=threads, trust=trust, **parameters
    )
    return keep(experiment, None if out is None else Path(out), progress, ledgers)


def read_table(folder: Path, name: str, manifest: Mapping[str, Any]) -> Columns:
    """One table of a run directory, checked against its manifest.

    Raises:
        InputError: the file is missing or not the one that was written.
    """
    file = folder / f"{name}.parquet"
    entry = manifest["files"].get(file.name)
    if entry is None:
        raise InputError(
            f"run directory: the manifest of {folder} names no {file.name}; allowed is a directory that was not changed"
        )
    try:
        if digest_of(file) != entry["sha256"]:
            raise InputError(f"run directory: {file} is not the file that was written (its SHA-256 differs from the manifest)")
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            table = parquet.read()
        if table.num_rows != entry.get("rows"):
            raise InputError(f"run directory: {file} has {table.num_rows} rows, the manifest says {entry.get('rows')}")
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"run directory: {file} can not be read ({str(error).splitlines()[0]})") from None
    lacking = {"arm", "seed", *(m["name"] for m in manifest["metrics"] if name == "runs")} - set(table.column_names)
    if lacking:
        raise InputError(f"run directory: {file} has no column {min(lacking)}; allowed is an unchanged directory")
    return {name: from_column(column) for name, column in zip(table.column_names, table.combine_chunks().columns, strict=True)}
