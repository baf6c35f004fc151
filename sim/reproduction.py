"""Published results, run again: rows, a table, figures and a manifest in a directory of their own."""

import json
import shlex
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import agents.learned
import sim.scenarios.posted_price
from agents.files import digest_of, durably
from agents.registry import nearest
from chain.errors import InputError
from chain.rule import MODE, source_digest
from sim.collusion import AFTER, MOST_PHASES, REMAINDER, Collusion, Measured, columns, plan, play
from sim.experiments.columns import undisturbed
from sim.experiments.manifest import NAME, checkout, machine, short_hash, versions
from sim.experiments.reading import with_error
from sim.experiments.report import markdown
from sim.experiments.store import Stopped, Writer, check_out, claim, read_table
from sim.metrics.contrasts import Columns
from sim.metrics.statistics import mean_interval

FORMAT, VERSION = "ledgerlab reproduction", 1
PAPERS = {
    "calvano": (
        "Calvano, Calzolari, Denicolò and Pastorello, “Artificial intelligence, algorithmic pricing, and collusion”, American "
        "Economic Review 110(10), 2020"
    )
}
"""What can be reproduced, by name."""
TABLE, FIGURES = "table.md", ("profit_gains.png", "impulse_response.png")
METRICS = {
    "profit_gain": ("profit gain", "0 = Nash, 1 = monopoly"),
    "price": ("price, mean over the sellers", "coins"),
    "periods": ("periods until convergence", "periods"),
    "converged": ("sessions that converged", "share"),
    "cycle": ("length of the cycle they play in the end", "periods"),
    "deviation_gain": ("discounted gain from a forced deviation", "of not deviating"),
    "unprofitable": ("deviations that lose by it", "share"),
    "punished": ("deviations after which the rivals lower their prices", "share"),
    "returned": (f"deviations after which the old prices are back in period {AFTER}", "share"),
}
"""What the table shows: by column of `runs`, in words, with its unit."""


def rules() -> list[Path]:
    """The folders with the rules of a session."""
    return sorted(Path(package.__path__[0]) for package in (agents.learned, sim.scenarios.posted_price))


def reproduce(
    name: str = "calvano",
    sessions: int = 1_000,
    *,
    out: str | Path | None = None,
    alpha: float = 0.15,
    beta: float = 4e-6,
    delta: float = 0.95,
    stable: int = 100_000,
    limit: int = 10**9,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    **parameters: Any,
) -> Path:
    """Run a published experiment again and return the directory with its rows, table, figures and manifest.

    Args:
        name: ``calvano``: sellers that learn prices by tabular Q-learning, on the ledger of the scenario `posted_price`.
        sessions: how many, with run seeds 0, 1, ...
        out: a new or an empty directory; one under results/ if not given.
        alpha: learning rate.
        beta: exploration in period t is exp(-beta × t).
        delta: discount factor.
        stable: a session has converged when no greedy policy has changed for so many periods.
        limit: periods after which a session ends in any case.
        threads: sessions are shared out over so many; it changes no result.
        progress: called with (sessions done, sessions in all).
        parameters: settings of `posted_price` that replace those of its preset `standard`, such as sellers=3.

    Raises:
        InputError: something given is wrong; nothing is written.
        Stopped: Ctrl-C; the finished sessions are kept.
    """
    experiment = planned(
        name, sessions, alpha=alpha, beta=beta, delta=delta, stable=stable, limit=limit, threads=threads, **parameters
    )
    return keep(experiment, None if out is None else Path(out), progress)


def planned(name: str, sessions: int, **given: Any) -> Collusion:
    """Check the name of a published result and its settings.

    Raises:
        InputError: whatever is wrong, with what is allowed.
    """
    if name not in PAPERS:
        raise InputError(f"reproduce: {name!r} given; {nearest(str(name), list(PAPERS))}")
    return plan(sessions, **given)


def keep(e: Collusion, out: Path | None = None, progress: Callable[[int, int], None] | None = None) -> Path:
    """Run the experiment into a directory of its own, and return the directory; as `reproduce`."""
    check_out(out)
    manifest = described(e)
    started, clock = datetime.now(UTC), time.perf_counter()
    writer = Writer(*claim(out, f"calvano-{manifest['config_hash']}"))
    results: list[Measured] = []
    stopped = False
    try:
        try:
            results.extend(play(e, progress))
        except KeyboardInterrupt:
            stopped = True
        if not results:
            raise Stopped(0, e.sessions, None)
        manifest |= {
            "complete": len(results) == e.sessions,
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.perf_counter() - clock, 3),
        }
        impulse = {name: np.concatenate([r.impulse[name] for r in results]) for name in results[0].impulse}
        with undisturbed():
            writer.add({"runs": columns([r.row for r in results]), "impulse": impulse})
            writer.publish(manifest)
    except BaseException:
        if not (writer.folder / NAME).exists():
            writer.discard()
        raise
    write_up(writer.folder)
    if stopped:
        raise Stopped(len(results), e.sessions, writer.folder)
    return writer.folder


def described(e: Collusion) -> dict[str, Any]:
    """The manifest of an experiment before it ran."""
    config = {
        "reproduces": "calvano",
        "sessions": e.sessions,
        **e.learning._asdict(),
        "stable": e.stable,
        "limit": e.limit,
        "given": dict(e.given),
        "parameters": e.parameters.model_dump(exclude={"horizon"}),
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "complete": False,
        "config": config,
        "config_hash": short_hash(config),
        "benchmarks": {name: {"price": price, "profit": profit} for name, (price, profit) in e.benchmarks.items()},
        "metrics": [{"name": name, "unit": unit} for name, (_, unit) in METRICS.items()],
        "rules": {"sha256": source_digest(*rules()), "mode": MODE},
        "versions": versions(),
        "checkout": checkout(),
        "machine": machine(),
        "threads": e.threads,
    }


def write_up(folder: Path) -> Path:
    """Write the table and the figures from the stored rows alone, and return the path of the table.

    Raises:
        InputError: the directory is not one of a reproduction, or its rows are damaged.
    """
    from sim.plots.collusion import impulse_response, profit_gains
    from sim.plots.style import save

    manifest = read(folder)
    runs, impulse = (read_table(folder, name, manifest) for name in ("runs", "impulse"))
    marks = {name: mark["price"] for name, mark in manifest["benchmarks"].items()}
    rivals = "rival" if manifest["config"]["parameters"]["sellers"] == 2 else "its rivals, mean"
    gains, response = profit_gains(runs), impulse_response(impulse, marks, rivals)
    durably(folder, FIGURES[0], lambda file: save(gains, file))
    durably(folder, FIGURES[1], lambda file: save(response, file))
    durably(folder, TABLE, lambda file: file.write(words(runs, manifest).encode()))
    manifest["files"] |= {name: {"sha256": digest_of(folder / name)} for name in (*FIGURES, TABLE)}
    durably(folder, NAME, lambda file: file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"))
    return folder / TABLE


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a reproduction.

    Raises:
        InputError: there is none.
    """
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["version"] != VERSION:
            raise KeyError(manifest["format"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"reproduction: {folder} is not one, allowed is a directory that `ledgerlab reproduce` made") from None
    return manifest


def lines(runs: Columns) -> list[list[str]]:
    """What came out: in words, mean ± half of its 95 % interval over sessions, unit, and how many sessions count."""
    out = []
    for name, (words, unit) in METRICS.items():
        mean, low, high, n = mean_interval(runs[name])
        shown = f"{mean:,.0f} ± {(high - low) / 2:,.0f}" if name == "periods" else with_error(mean, low, high)
        out.append([words, shown, unit, str(n)])
    return out


def words(runs: Columns, manifest: Mapping[str, Any]) -> str:
    """The text beside the figures."""
    config, marks = manifest["config"], manifest["benchmarks"]
    changed = ", ".join(f"{name} = {value}" for name, value in config["given"].items()) or "none"
    setting = ", ".join(f"{name} = {config[name]:g}" for name in ("alpha", "beta", "delta"))
    stopped = "" if manifest["complete"] else f" It was stopped before its end: {config['sessions']} sessions were asked for."
    checkout = manifest["checkout"]
    state = "no checkout" if checkout is None else f"commit {checkout['commit']}{' with changes' if checkout['dirty'] else ''}"
    benchmarks = [[name, f"{mark['price']:.6f}", f"{mark['profit']:.6f}"] for name, mark in marks.items()]
    parts = [
        "# Algorithmic collusion: sellers that learn prices by themselves",
        f"The experiment of {PAPERS['calvano']}, with every period a block on the ledger. {setting}; learning has converged when "
        f"no greedy policy has changed for {config['stable']:,} periods. Parameters of the market that were changed: {changed}. "
        f"{len(runs['seed'])} sessions, each on a ledger of its own.{stopped}",
        markdown((["what", "mean ± half of its 95 % interval", "unit", "sessions"], lines(runs))),
        markdown((["benchmark", "price, coins", "profit in a period, coins"], benchmarks)),
        f"![Profit gains]({FIGURES[0]})",
        f"![Impulse response]({FIGURES[1]})",
        "In period 0 one seller is forced, for one period, to its best answer to the others' prices; from period 1 on all play "
        "what they have learned. Means are over every seller as the one that deviates and over the states of a session's cycle "
        f"(at most {MOST_PHASES}), then over sessions; the gain counts periods until the discount factor has fallen to "
        f"{REMAINDER:g}.",
        "The intervals are 95 % Student intervals over sessions of this one market. They do not say what other learners, demands "
        "or speeds of learning lead to.",
        f"```sh\n{command(config)}\n```",
        f"The same code and versions give the same ledgers, whose digests are in runs.parquet: {state}, rules "
        f"{manifest['rules']['sha256'][:16]} ({manifest['rules']['mode']}). It took {manifest['wall_s']:,.0f} s on "
        f"{manifest['threads']} thread{'s' * (manifest['threads'] > 1)}.",
    ]
    return "\n\n".join(parts) + "\n"


def command(config: Mapping[str, Any]) -> str:
    """How to run it again."""
    plain = {"alpha": 0.15, "beta": 4e-6, "delta": 0.95, "stable": 100_000, "limit": 10**9}
    given = ["ledgerlab", "reproduce", config["reproduces"], "--sessions", str(config["sessions"])]
    for name, default in plain.items():
        if config[name] != default:
            given += [f"--{name}", repr(config[name])]
    for name, value in config["given"].items():
        given += ["--set", f"{name}={value}"]
    return shlex.join(given)
