"""Published results, run again: rows, a page, figures and a manifest in a directory of their own."""

import inspect
import json
import shlex
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from agents.files import digest_of
from agents.registry import nearest
from chain.errors import InputError
from chain.files import durably
from chain.rule import MODE, source_digest
from sim.experiments.columns import undisturbed
from sim.experiments.manifest import NAME, checkout, machine, short_hash, versions
from sim.experiments.run import joined
from sim.experiments.store import Stopped, Writer, check_out, claim, read_table
from sim.published import PUBLISHED, find
from sim.published.result import Progress, Tables

FORMAT, VERSION = "ledgerlab reproduction", 1
TABLE = "table.md"


def reproduce(
    name: str = "calvano", *given: Any, out: str | Path | None = None, progress: Progress | None = None, **settings: Any
) -> Path:
    """Run a published experiment again and return the directory with its rows, page, figures and manifest.

    Args:
        name: ``calvano``: sellers that learn prices by tabular Q-learning, on the ledger of the scenario `posted_price`;
            ``fee_market``: where EIP-1559's base fee settles, and where it oscillates; ``double_spend``: how often a payment
            is undone by a longer branch.
        given: settings by position.
        out: a new or an empty directory; one under results/ if not given.
        progress: called with (done, in all).
        settings: settings by name, those of ``sim.published.<name>.plan``: such as sessions=100.

    Raises:
        InputError: something given is wrong; nothing is written.
        Stopped: Ctrl-C; the finished runs are kept.
    """
    return keep(name, planned(name, *given, **settings), None if out is None else Path(out), progress)


def planned(name: str, *given: Any, **settings: Any) -> Any:
    """Check the name of a published result and its settings; nothing is run.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    plan = find(name).plan
    known = inspect.signature(plan).parameters
    for setting in settings:
        if setting not in known and not any(one.kind == one.VAR_KEYWORD for one in known.values()):
            raise InputError(f"{setting}: no setting of {name}; {nearest(setting, list(known))}")
    try:
        inspect.signature(plan).bind(*given, **settings)
    except TypeError as error:
        raise InputError(f"{name}: {error}; allowed are {', '.join(known)}, by name") from None
    return plan(*given, **settings)


def keep(name: str, experiment: Any, out: Path | None = None, progress: Progress | None = None) -> Path:
    """Run a planned experiment into a directory of its own, and return the directory; as `reproduce`."""
    check_out(out)
    result = find(name)
    manifest = described(name, experiment)
    started, clock = datetime.now(UTC), time.perf_counter()
    writer = Writer(*claim(out, f"{name}-{manifest['config_hash']}"))
    parts: list[Tables] = []
    stopped, total = False, result.size(experiment)
    try:
        try:
            parts.extend(result.play(experiment, progress))
        except KeyboardInterrupt:
            stopped = True
        if not parts:
            raise Stopped(0, total, None)
        tables = {table: joined([part[table] for part in parts]) for table in result.TABLES}
        kept = len(tables["runs"]["seed"])
        manifest |= {
            "complete": kept == total,
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.perf_counter() - clock, 3),
        }
        with undisturbed():
            writer.add(tables)
            writer.publish(manifest)
    except BaseException:
        if not (writer.folder / NAME).exists():
            writer.discard()
        raise
    write_up(writer.folder)
    if stopped:
        raise Stopped(kept, total, writer.folder)
    return writer.folder


def described(name: str, experiment: Any) -> dict[str, Any]:
    """The manifest of an experiment before it ran."""
    result = find(name)
    config = {"reproduces": name, **result.config(experiment)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "complete": False,
        "config": config,
        "config_hash": short_hash(config),
        **result.facts(experiment),
        "metrics": [{"name": metric, "unit": unit} for metric, (_, unit) in result.METRICS.items()],
        "rules": {"sha256": source_digest(*result.rules()), "mode": MODE},
        "versions": versions(),
        "checkout": checkout(),
        "machine": machine(),
    }


def write_up(folder: Path) -> Path:
    """Write the page and the figures from the stored rows alone, and return the path of the page.

    Raises:
        InputError: the directory is not one of a reproduction, or its rows are damaged.
    """
    from sim.plots.style import save

    manifest = read(folder)
    result = find(manifest["config"]["reproduces"])
    tables = {table: read_table(folder, table, manifest) for table in result.TABLES}
    for name, figure in zip(result.FIGURES, result.figures(tables, manifest), strict=True):
        durably(folder, name, partial(save, figure))
    durably(folder, TABLE, lambda file: file.write(words(tables, manifest).encode()))
    manifest["files"] |= {name: {"sha256": digest_of(folder / name)} for name in (*result.FIGURES, TABLE)}
    durably(folder, NAME, lambda file: file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"))
    return folder / TABLE


def is_reproduction(folder: Path) -> bool:
    """Whether a directory says that it holds a published result that was run again."""
    try:
        return bool(json.loads((folder / NAME).read_text(encoding="utf-8"))["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a reproduction.

    Raises:
        InputError: there is none.
    """
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["version"] != VERSION or manifest["config"]["reproduces"] not in PUBLISHED:
            raise KeyError(manifest["format"])
        if not all(isinstance(entry["sha256"], str) for entry in manifest["files"].values()):
            raise KeyError("files")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"reproduction: {folder} is not one, allowed is a directory that `ledgerlab reproduce` made") from None
    return manifest


def words(tables: Tables, manifest: Mapping[str, Any]) -> str:
    """The page."""
    result = find(manifest["config"]["reproduces"])
    checkout, threads = manifest["checkout"], manifest.get("threads", 1)
    state = "no checkout" if checkout is None else f"commit {checkout['commit']}{' with changes' if checkout['dirty'] else ''}"
    digests = next(name for name, table in tables.items() if "digest" in table)
    parts = [
        f"# {result.TITLE}",
        *result.page(tables, manifest),
        f"```sh\n{command(manifest['config'])}\n```",
        f"The same code and versions give the same ledgers, whose digests are in {digests}.parquet: {state}, rules "
        f"{manifest['rules']['sha256'][:16]} ({manifest['rules']['mode']}). It took {manifest['wall_s']:,.0f} s on "
        f"{threads} thread{'s' * (threads > 1)}.",
    ]
    return "\n\n".join(parts) + "\n"


def command(config: Mapping[str, Any]) -> str:
    """How to run it again."""
    name = config["reproduces"]
    return shlex.join(["ledgerlab", "reproduce", name, *find(name).options(config)])
