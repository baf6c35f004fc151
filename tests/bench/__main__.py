"""`python -m tests.bench`: speed as ratios, ours and a baseline measured side by side in this one run."""

from rich.console import Console
from rich.table import Table

from chain.rule import MODE
from tests.bench.ledger_speed import ledger_speed
from tests.bench.timing import Ratio


def rate(value: float) -> str:
    """A rate in three digits: 12.3 M."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def table(ratios: list[Ratio]) -> Table:
    """One row per comparison."""
    out = Table("what", "unit", "ours", "baseline", "ratio (min–max)", "target", title="Ours ÷ baseline, medians of pairs")
    for r in ratios:
        colour = "green" if r.ratio >= r.target else "red"
        shown = f"[{colour}]{r.ratio:.2f}[/] ({r.low:.2f}–{r.high:.2f})"
        out.add_row(r.what, r.unit, rate(r.ours), rate(r.baseline), shown, f"≥ {r.target:.2f}")
    return out


def main() -> None:
    """Run every comparison and print the table."""
    console = Console(width=140)
    if MODE != "compiled":
        console.print(f"Rules are {MODE}: unset NUMBA_DISABLE_JIT and NUMBA_BOUNDSCHECK to measure speed.")
        raise SystemExit(2)
    ratios = ledger_speed()
    # The whole step of the service market, sim beside tests.bench.mesa_market, is added here.
    console.print(table(ratios))


if __name__ == "__main__":
    main()
