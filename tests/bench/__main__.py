"""`python -m tests.bench`: speed as ratios, ours and a baseline measured side by side in this one run."""

from rich.console import Console
from rich.table import Table

from chain.rule import MODE
from tests.bench.auction_speed import auction_speed
from tests.bench.contract_speed import contract_speed
from tests.bench.exchange_speed import exchange_speed
from tests.bench.fee_speed import fee_speed
from tests.bench.front_speed import front_speed
from tests.bench.learning_speed import learning_speed
from tests.bench.ledger_speed import ledger_speed
from tests.bench.market_speed import market_speed
from tests.bench.mesa_speed import mesa_speed
from tests.bench.record_speed import TRANSFERS, Cost, record_speed
from tests.bench.start_up import Wait, start_up
from tests.bench.sweep_speed import sweep_speed
from tests.bench.tabular_speed import tabular_speed
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
        shown = f"[{colour}]{r.ratio:.2f}[/]" if r.target else f"{r.ratio:.2f}"
        target = f"≥ {r.target:.2f}" if r.target else "none"
        out.add_row(r.what, r.unit, rate(r.ours), rate(r.baseline), f"{shown} ({r.low:.2f}–{r.high:.2f})", target)
    return out


def curve(costs: list[Cost]) -> Table:
    """One row per number of accounts."""
    out = Table("accounts", "tx/s", "µs per block", "of it SHA-256", title=f"Recorded blocks of {TRANSFERS:,} transfers")
    for cost in costs:
        out.add_row(f"{cost.accounts:,}", rate(cost.rate), f"{TRANSFERS / cost.rate * 1e6:,.0f}", f"{cost.share:.0%}")
    return out


def waiting(waits: list[Wait]) -> Table:
    """One row per waiting time."""
    out = Table("what", "seconds", "aim", title="Waiting times")
    for wait in waits:
        colour = "green" if wait.seconds < wait.aim else "red"
        out.add_row(wait.what, f"[{colour}]{wait.seconds:.3g}[/]", f"< {wait.aim:g}")
    return out


def main() -> None:
    """Run every comparison and print the table."""
    console = Console(width=140)
    if MODE != "compiled":
        console.print(f"Rules are {MODE}: unset NUMBA_DISABLE_JIT and NUMBA_BOUNDSCHECK to measure speed.")
        raise SystemExit(2)
    with console.status("Transfers beside a dict ledger and a bare loop ..."):
        ratios = ledger_speed()
    with console.status("A mempool that is too small, beside a dict ledger and pyrevm ..."):
        fees, fee_lines = fee_speed()
    with console.status("Recorded ledgers of a thousand to a million accounts (about a minute) ..."):
        recorded, costs = record_speed()
    with console.status("The service market beside Mesa, and with 100,000 agents ..."):
        more, notes = market_speed()
    with console.status("Contracts beside bytecode on pyrevm ..."):
        contracts, contract_lines = contract_speed()
    with console.status("Auctions beside plain-Python models ..."):
        auctions, auction_lines = auction_speed()
    with console.status("Swaps in a pool beside a plain-Python model ..."):
        swaps, swap_lines = exchange_speed()
    with console.status("Sellers who learn, beside a loop without a ledger ..."):
        more += tabular_speed()
    with console.status("The Mesa front beside plain Mesa ..."):
        more += mesa_speed()
    with console.status("The fronts beside markets written by hand ..."):
        fronts, lines = front_speed()
    with console.status("PPO in the worlds, beside PPO in an environment that does nothing ..."):
        learning, missing = learning_speed()
    with console.status("Sweeps: cells, workers, a billion decisions (several minutes), reports ..."):
        swept, sweep_waits, sweep_lines = sweep_speed()
    with console.status("Waiting times, first compilation included (about a minute) ..."):
        waits = start_up()
    console.print(table(ratios + fees + recorded + more + contracts + auctions + swaps + fronts + learning + swept))
    console.print(curve(costs))
    for note in fee_lines + notes + contract_lines + auction_lines + swap_lines + lines + missing + sweep_lines:
        console.print(note)
    console.print(waiting(waits + sweep_waits))


if __name__ == "__main__":
    main()
