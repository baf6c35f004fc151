"""The report of a run directory: words, tables and figures made from its stored rows alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chain.errors import InputError
from chain.files import durably
from sim.experiments.manifest import read_manifest
from sim.experiments.reading import Table, command, difference_table, limitations, main_table, reading
from sim.experiments.store import read_table
from sim.metrics.contrasts import Columns, contrasts
from sim.scenarios import find

REPORT = "report.md"
ARMS_PER_TABLE = 5


def markdown(table: Table, words: bool = False) -> str:
    """A table in Markdown; numbers to the right, `words` to the left."""
    header, rows = table
    lines = [header, ["---", *["---" if words else "---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("<l", "&lt;l") for cell in line) + " |" for line in lines)


def report(folder: str | Path) -> Path:
    """Write report.md and its figures into a run directory, and return the report's path.

    Nothing is run again: the same rows give the same report.

    Raises:
        InputError: the directory is missing, foreign or damaged, or can not be written; nothing is written.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    names = [name.removesuffix(".parquet") for name in manifest["files"]]
    tables = {name: read_table(place, name, manifest) for name in names}
    try:
        figures = _figures(tables, manifest)
        words = _words(tables["runs"], manifest, figures)
        for name, (_, figure) in figures.items():
            durably(place, name, figure)
        durably(place, REPORT, lambda file: file.write(words.encode()))
    except (KeyError, TypeError) as error:
        raise InputError(
            f"run directory: {place} lacks what a report needs ({error}); allowed is an unchanged directory"
        ) from error
    except OSError as error:
        raise InputError(f"report: {place} can not be written ({error.strerror}), allowed is a writable directory") from None
    return place / REPORT


def _figures(tables: Mapping[str, Columns], manifest: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """By file name: what the figure shows, and how to write it."""
    from sim.plots import FIGURES
    from sim.plots.arms import policies_compared
    from sim.plots.style import save

    arms = list(dict.fromkeys(tables["runs"]["arm"].tolist()))
    headline = manifest["metrics"][0]
    chosen = {name: FIGURES[name] for name in find(manifest["config"]["scenario"]).figures}
    out = {f"{name}.png": (drawing.title, drawing.draw(tables, arms)) for name, drawing in chosen.items()}
    if len(arms) > 1:
        table = contrasts(tables["runs"], [headline["name"]])
        figure = policies_compared(table, headline["name"], headline["unit"])
        out = {"policies_compared.png": ("Policies compared", figure)} | out

    def writing(figure: Any) -> Any:
        return lambda file: save(figure, file)

    return {name: (title, writing(figure)) for name, (title, figure) in out.items()}


def _words(runs: Columns, manifest: Mapping[str, Any], figures: Mapping[str, tuple[str, Any]]) -> str:
    """The text of the report."""
    metrics = manifest["metrics"]
    arms = list(dict.fromkeys(runs["arm"].tolist()))
    table = contrasts(runs, [m["name"] for m in metrics])
    config = manifest["config"]
    parts = [f"# {config['scenario']}, {config['preset']}: {len(arms)} arm{'s' * (len(arms) > 1)}", reading(runs, manifest)]
    parts += ["## What was run", _what(runs, manifest, arms)]
    parts += ["## Results", "Mean over worlds ± half of its 95 % Student interval."]
    for first in range(0, len(arms), ARMS_PER_TABLE):
        parts.append(markdown(main_table(table, metrics, arms[first : first + ARMS_PER_TABLE])))
    if len(arms) > 1:
        parts += ["## Differences in the same random worlds"]
        parts += [f"Each arm minus {arms[0]}, world by world; p is two-sided and adjusted over the arms by Holm's method."]
        parts += [markdown(difference_table(table, metrics))]
    parts += ["## Figures", *(f"### {title}\n\n![{title}]({name})" for name, (title, _) in figures.items())]
    parts += ["## What this can not say", "\n".join(f"- {line}" for line in limitations(runs, manifest))]
    parts += ["## How to run it again", _again(manifest)]
    return "\n\n".join(parts) + "\n"


def _what(runs: Columns, manifest: Mapping[str, Any], arms: Sequence[str]) -> str:
    config = manifest["config"]
    changed = ", ".join(f"{name} = {value}" for name, value in config["given"].items()) or "none"
    lines = [
        f"- Scenario {config['scenario']}, preset {config['preset']}; parameters changed: {changed}.",
        f"- Arms: {'; '.join(arms)}.",
    ]
    fixed = [role for role in manifest["roles"] if len(set(runs[role].tolist())) == 1]
    if fixed:
        lines.append(f"- The same in every arm: {', '.join(f'{role} = {runs[role][0]}' for role in fixed)}.")
    lines += [
        f"- {len(runs['seed'])} runs over {len(set(runs['seed'].tolist()))} seeds; every arm meets the same random worlds.",
        f"- Started {manifest['started']}, {manifest['wall_s']} s, complete: {'yes' if manifest['complete'] else 'no'}.",
    ]
    return "\n".join(lines)


def _again(manifest: Mapping[str, Any]) -> str:
    text, shell = command(manifest)
    checkout = manifest["checkout"]
    state = "no checkout" if checkout is None else f"commit {checkout['commit']}{' with changes' if checkout['dirty'] else ''}"
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    sources = sorted(
        {
            f"{one['label']}: SHA-256 {one['source_sha256']}"
            for arm in manifest["config"]["arms"]
            for one in arm["policies"].values()
            if one["source_sha256"]
        }
    )
    lines = [
        f"```{'sh' if shell else 'python'}\n{text}\n```",
        f"The same code and versions give the same ledgers, whose digests are in runs.parquet: {state}, rules "
        f"{manifest['rules']['sha256'][:16]} ({manifest['rules']['mode']}), {versions}.",
    ]
    return "\n\n".join(lines + ([f"Policies from files: {'; '.join(sources)}."] if sources else []))
