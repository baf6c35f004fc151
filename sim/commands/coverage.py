"""`ledgerlab coverage`: how often 95 % intervals cover a mean that is known, as a table, a page and a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sim.metrics.coverage import Coverage

FORMAT, VERSION = "ledgerlab coverage", 1
TABLE, PAGE, FIGURE = "coverage.csv", "coverage.md", "coverage.png"
FILES = (TABLE, PAGE, FIGURE, "manifest.json")


def coverage(
    out: Annotated[Path, typer.Option(help="Directory of the study; its own files there are replaced.")] = Path(
        "results/coverage"
    ),
) -> None:
    """Measure how often Student, percentile and BCa intervals cover the mean of truths that are known."""
    from agents.files import only_own
    from sim.screen import out as console
    from sim.screen import progress

    only_own(out, FILES, "the coverage study")
    with progress() as step:
        rebuild(out, step)
    console().print(f"Coverage: {out / PAGE}", soft_wrap=True)


def rebuild(folder: Path, progress: Any = lambda done, total: None) -> None:
    """Run the study and write its table, page and figure, and a manifest last.

    All but the manifest depend on code and versions alone.

    Args:
        folder: where; made if it is not there.
        progress: called with (cells done, cells in all).
    """
    import json
    import time
    from datetime import UTC, datetime

    from agents.files import digest_of
    from chain.files import durably
    from sim.experiments.manifest import NAME, checkout, machine, versions
    from sim.metrics import coverage as study
    from sim.plots.coverage import covered
    from sim.plots.style import save

    started, clock = datetime.now(UTC), time.perf_counter()
    found: list[Coverage] = []
    for row in study.study(study.SETS):
        found.append(row)
        progress(len(found), len(study.TRUTHS) * len(study.SIZES) * len(study.INTERVALS))
    figure = covered(study.table(found), study.LEVEL)
    folder.mkdir(parents=True, exist_ok=True)
    durably(folder, TABLE, lambda file: file.write(lines(found).encode()))
    durably(folder, PAGE, lambda file: file.write(page(found).encode()))
    durably(folder, FIGURE, lambda file: save(figure, file))
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "command": "ledgerlab coverage",
        "config": {
            "seed": study.SEED,
            "sets": study.SETS,
            "sizes": list(study.SIZES),
            "level": study.LEVEL,
            "resamples": study.RESAMPLES,
            "sharing": study.SHARING,
            "truths": {name: {"about": truth.about, "mean": truth.mean} for name, truth in study.TRUTHS.items()},
            "intervals": list(study.INTERVALS),
        },
        "versions": versions(("numpy", "scipy", "matplotlib")),
        "checkout": checkout(),
        "machine": machine(),
        "started": started.isoformat(timespec="seconds"),
        "wall_s": round(time.perf_counter() - clock, 3),
        "files": {name: {"sha256": digest_of(folder / name)} for name in FILES if name != NAME},
    }
    durably(folder, NAME, lambda file: file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"))


def lines(found: "Sequence[Coverage]") -> str:
    """The table as CSV: counts, and shares with four decimals."""
    head = "truth,n,interval,sets,covered,below,above,share,error\n"
    return head + "".join(
        f"{r.truth},{r.n},{r.interval},{r.sets},{r.covered},{r.below},{r.above},{r.share:.4f},{r.error:.4f}\n" for r in found
    )


def page(found: "Sequence[Coverage]") -> str:
    """The table in words."""
    from sim.experiments.report import markdown
    from sim.metrics.coverage import LEVEL, RESAMPLES, SHARING, TRUTHS

    by = {(r.truth, r.n, r.interval): r for r in found}
    kinds = list(dict.fromkeys(r.interval for r in found))
    rows = []
    for truth, n in dict.fromkeys((r.truth, r.n) for r in found):
        mine = [by[truth, n, kind] for kind in kinds]
        cells = [f"{r.share:.1%} ± {r.error:.1%} ({r.below / r.sets:.1%} / {r.above / r.sets:.1%})" for r in mine]
        rows.append([truth, str(n), *(cell.replace("%", " %") for cell in cells)])
    worst = min(found, key=lambda r: r.share)
    normal = [r for r in found if r.truth == "normal" and r.interval == "student"]
    text = [
        f"# How often {LEVEL:.0%} intervals cover the mean".replace("%", " %"),
        f"{found[0].sets:,} samples of each truth and size, whose mean is known. Share of intervals that hold it ± its "
        "Monte-Carlo standard error, and in brackets the shares of intervals below / above it.",
        markdown((["truth", "seeds", *kinds], rows)),
        "Truths: " + "; ".join(f"{name}: {truth.about}" for name, truth in TRUTHS.items()) + ".",
        f"Student intervals of normal values cover {min(r.share for r in normal):.1%} to {max(r.share for r in normal):.1%}. The "
        f"lowest share is {worst.share:.1%}: {worst.interval}, {worst.truth}, {worst.n} seeds. Where no loss was drawn, all "
        "values are equal, and no interval made of them alone has a width.".replace("%", " %"),
        f"![Coverage]({FIGURE})",
        f"Bootstrap intervals are of the mean, with {RESAMPLES:,} resamples; {SHARING} samples share their draws. The standard "
        "error counts samples as independent.",
        "Rebuilt by `make coverage` (`ledgerlab coverage`); the counts are in coverage.csv, what they were made with in "
        "manifest.json.",
    ]
    return "\n\n".join(text) + "\n"
