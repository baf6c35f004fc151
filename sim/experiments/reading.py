"""From stored rows to words: numbers with their uncertainty, tables as text, and the reading of a result."""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sim.metrics.contrasts import Columns, contrasts
from sim.metrics.doubts import FEW, doubts, evidence

LEVEL = 0.05
"""A difference is called one where its adjusted p is at most this."""
UNSURE = "no difference can be concluded"

DOUBTS = {
    "skewed": "Skewed values, whose intervals lean to one side",
    "rare": "Fewer than five worlds with any outcome but the usual one, whose intervals can not be trusted",
    "constant": "Equal in every world, with an interval of no width",
    "few": f"Defined in fewer than {FEW} worlds, where intervals lean on the values being nearly normal",
}
"""What a report says of each of `sim.metrics.doubts.DOUBTS`."""

Table = tuple[list[str], list[list[str]]]
"""Header and rows, as text."""


def with_error(mean: float, low: float, high: float) -> str:
    """A mean with half the width of its interval, in as many decimals as the interval deserves.

    >>> with_error(0.83100, 0.82091, 0.84109), with_error(2.0, 2.0, 2.0), with_error(3.25, math.nan, math.nan)
    ('0.831 ± 0.010', '2', '3.25')
    """
    if math.isnan(mean):
        return "not defined"
    half = (high - low) / 2
    if math.isnan(half) or half <= 1e-12 * max(1.0, abs(mean)):
        return f"{mean:.4g}"
    decimals = min(max(1 - math.floor(math.log10(half)), 0), 6)
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def span(low: float, high: float) -> str:
    """An interval, both ends with the same decimals."""
    if math.isnan(low):
        return "not defined"
    if high - low <= 1e-12 * max(1.0, abs(low)):
        return f"{low:+.4g} in every world" if low else "equal in every world"
    decimals = min(max(2 - math.floor(math.log10(max(high - low, 1e-6))), 0), 6)
    return f"{low:+.{decimals}f} to {high:+.{decimals}f}"


def p_of(p: float) -> str:
    """A p value as text, nothing if there is none."""
    return "" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def named(metric: Mapping[str, Any]) -> str:
    """A metric with its unit."""
    return f"{metric['name']} ({metric['unit']})"


def rows_of(table: Columns) -> Iterator[dict[str, Any]]:
    """The rows of a table, one mapping each."""
    for values in zip(*(column.tolist() for column in table.values()), strict=True):
        yield dict(zip(table, values, strict=True))


def main_table(table: Columns, metrics: Sequence[Mapping[str, Any]], arms: Sequence[str]) -> Table:
    """Metric by arm: mean ± half of the 95 % interval."""
    cells = {(r["metric"], r["arm"]): with_error(r["mean"], r["low"], r["high"]) for r in rows_of(table)}
    return ["metric", *arms], [[named(m), *(cells[m["name"], arm] for arm in arms)] for m in metrics]


def verdict(row: Mapping[str, Any], more_is_better: bool | None) -> str:
    """What a difference to the baseline allows to say."""
    if math.isnan(row["p"]):
        return UNSURE + " (too few pairs)"
    if row["p"] > LEVEL:
        return UNSURE
    higher = row["difference"] > 0
    word = "higher" if higher else "lower"
    return word if more_is_better is None else f"{word}: {'better' if higher == more_is_better else 'worse'}"


def difference_table(table: Columns, metrics: Sequence[Mapping[str, Any]]) -> Table:
    """Every arm against the first on the same random worlds."""
    better = {m["name"]: m for m in metrics}
    rows = []
    arms = list(dict.fromkeys(table["arm"].tolist()))
    for r in rows_of(table):
        if r["arm"] == arms[0]:
            continue
        metric = better[r["metric"]]
        mean = "not defined" if math.isnan(r["difference"]) else f"{r['difference']:+.4g}"
        interval = span(r["difference_low"], r["difference_high"])
        rows.append([named(metric), r["arm"], mean, interval, p_of(r["p"]), verdict(r, metric["more_is_better"])])
    return ["metric", "arm", "difference", "95 % interval", "p (Holm)", "reading"], rows


def reading(runs: Columns, manifest: Mapping[str, Any]) -> str:
    """The main result in a sentence or two, computed from the rows."""
    metric = manifest["metrics"][0]
    name, unit = metric["name"], metric["unit"]
    table = contrasts(runs, [name])
    rows = list(rows_of(table))
    arms = [r["arm"] for r in rows]
    known = [r for r in rows if not math.isnan(r["mean"])]
    if not known:
        return f"{name} is not defined in any of these worlds."
    sign = -1 if metric["more_is_better"] is False else 1
    ranked = sorted(known, key=lambda r: -sign * r["mean"])
    best = ranked[0]
    level = f"{with_error(best['mean'], best['low'], best['high'])} {unit}"
    if len(known) == 1:
        return f"With {best['arm']}, {name} is {level}, over {best['n']} random worlds."
    text = f"{name} is {'lowest' if sign < 0 else 'highest'} with {best['arm']}: {level}."
    second = ranked[1]
    again = contrasts({key: runs[key] for key in ("arm", "seed", name)}, [name], second["arm"])
    lead = next(r for r in rows_of(again) if r["arm"] == best["arm"])
    if not math.isnan(lead["p"]) and lead["p"] <= LEVEL:
        text += f" In the same random worlds it differs from the next, {second['arm']}, by {lead['difference']:+.3g}"
        text += f" (95 % interval {span(lead['difference_low'], lead['difference_high'])})."
    else:
        text += f" Between it and the next, {second['arm']}, {UNSURE} from {lead['pairs']} pairs of worlds."
    if best["arm"] != arms[0] and second["arm"] != arms[0]:
        text += f" From the baseline {arms[0]} it differs by {best['difference']:+.3g} (p {p_words(best['p'])})."
    return text


def p_words(p: float) -> str:
    """A p value in a sentence."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def limitations(runs: Columns, manifest: Mapping[str, Any]) -> list[str]:
    """What these rows can not say."""
    arms = list(dict.fromkeys(runs["arm"].tolist()))
    counts = [int((runs["arm"] == arm).sum()) for arm in arms]
    out = [
        f"{min(counts)} random worlds per arm. Intervals are 95 % Student intervals over these worlds: they say how far the mean "
        "over worlds of these parameters is known, not how a world differs from the next, nor what holds for other parameters.",
        f"Where an interval includes zero, or its p after Holm's correction is above {LEVEL}, {UNSURE}: that does not show that "
        "there is none. Holm's correction is over the arms of a metric, not over the metrics; the intervals are not corrected.",
    ]
    if min(counts) < FEW:
        out.append(f"Fewer than {FEW} worlds: Student intervals lean on the values being nearly normal; {evidence('few', FEW)}.")
    if not manifest["complete"]:
        out.append(
            "The run was stopped before its end: some arms or worlds are missing. Differences use the worlds both arms have."
        )
    doubtful: dict[tuple[str, str], list[str]] = {}
    missing = []
    for metric in (m["name"] for m in manifest["metrics"]):
        for arm in arms:
            values = runs[metric][runs["arm"] == arm]
            n = int(np.count_nonzero(~np.isnan(values)))
            if n < values.size:
                missing.append(f"{metric} with {arm} ({n} of {values.size})")
            doubt = str(doubts(values))
            if doubt and not (doubt == "few" and min(counts) < FEW):
                doubtful.setdefault((doubt, evidence(doubt, n)), []).append(f"{metric} with {arm}")
    for doubt, head in DOUBTS.items():
        for (kind, why), cells in doubtful.items():
            if kind == doubt:
                out.append(f"{head}: {'; '.join(cells)}. {why[0].upper()}{why[1:]}.")
    if missing:
        out.append(f"Defined in only some of the worlds, and averaged over those: {'; '.join(missing)}.")
    return out


def command(manifest: Mapping[str, Any]) -> tuple[str, bool]:
    """How to run it again, and whether that is a shell command (else it is Python)."""
    config = manifest["config"]
    policies: dict[str, list[dict[str, Any]]] = {}
    for arm in config["arms"]:
        for role, one in arm["policies"].items():
            seats = policies.setdefault(role, [])
            if one["label"] not in [other["label"] for other in seats]:
                seats.append(one)
    attacks, defences = _attacks(config)
    nameless = [one["label"] for seats in policies.values() for one in seats if one["given"] is None]
    if not nameless and isinstance(config["seeds"], int):
        words = ["ledgerlab", "run", config["scenario"], "--preset", config["preset"]]
        for role, seats in policies.items():
            words += ["--policy", f"{role}={','.join(one['given'] for one in seats)}"]
        for name, value in config["given"].items():
            words += ["--set", f"{name}={value}"]
        words += [word for name, share in attacks.items() for word in ("--attack", f"{name}={share!r}")]
        words += [word for name in defences for word in ("--defence", name)]
        return shlex.join([*words, "--seeds", str(config["seeds"])]), True
    chosen = ", ".join(
        f"{role!r}: [{', '.join(repr(one['given']) if one['given'] else one['label'] for one in seats)}]"
        for role, seats in policies.items()
    )
    against = {"attack": attacks, "defence": defences}
    more = {name: value for name, value in against.items() if value} | config["given"]
    given = "".join(f", {name}={value!r}" for name, value in more.items())
    call = f"sim.record({config['scenario']!r}, {{{chosen}}}, {config['seeds']!r}, {config['preset']!r}{given})"
    return f"import sim\n{call}", False


def _attacks(config: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """The attacks of a run, name -> share, and the defences that were switched on, those of its first arm."""
    played = [arm["attack"] for arm in config["arms"] if "attack" in arm]
    defences = played[0].get("defence", "") if played else ""
    return {one["name"]: one["share"] for one in played}, defences.split("+") if defences else []
