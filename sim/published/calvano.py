"""The page of `sim.collusion`: sellers that learn to collude (Calvano and others, 2020)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import agents.learned
import sim.scenarios.posted_price
from sim import collusion
from sim.collusion import AFTER, MOST_PHASES, REMAINDER, Collusion, columns
from sim.experiments.reading import Table, with_error
from sim.experiments.report import markdown
from sim.metrics.statistics import mean_interval
from sim.published.result import Progress, Tables

TITLE = "Algorithmic collusion: sellers that learn prices by themselves"
PAPER = (
    "Calvano, Calzolari, Denicolò and Pastorello, “Artificial intelligence, algorithmic pricing, and collusion”, American "
    "Economic Review 110(10), 2020"
)
TABLES: tuple[str, ...] = ("runs", "impulse")
FIGURES: tuple[str, ...] = ("profit_gains.png", "impulse_response.png")
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
plan = collusion.plan


def rules() -> list[Path]:
    """The folders with the rules of a session."""
    return sorted(Path(package.__path__[0]) for package in (agents.learned, sim.scenarios.posted_price))


def size(e: Collusion) -> int:
    """Sessions, one row each."""
    return e.sessions


def play(e: Collusion, progress: Progress | None = None) -> Iterator[Tables]:
    """Play all sessions; a part is one of them."""
    for one in collusion.play(e, progress):
        yield {"runs": columns([one.row]), "impulse": one.impulse}


def config(e: Collusion) -> dict[str, Any]:
    """What decides the sessions."""
    return {
        "sessions": e.sessions,
        **e.learning._asdict(),
        "stable": e.stable,
        "limit": e.limit,
        "given": dict(e.given),
        "parameters": e.parameters.model_dump(exclude={"horizon"}),
    }


def facts(e: Collusion) -> dict[str, Any]:
    """The benchmarks, and the threads that sessions were shared out over."""
    marks = {name: {"price": price, "profit": profit} for name, (price, profit) in e.benchmarks.items()}
    return {"benchmarks": marks, "threads": e.threads}


def summary(tables: Tables, manifest: Mapping[str, Any]) -> Table:
    """What came out: in words, mean ± half of its 95 % interval over sessions, unit, and how many sessions count."""
    out = []
    for name, (words, unit) in METRICS.items():
        mean, low, high, n = mean_interval(tables["runs"][name])
        shown = f"{mean:,.0f} ± {(high - low) / 2:,.0f}" if name == "periods" else with_error(mean, low, high)
        out.append([words, shown, unit, str(n)])
    return ["what", "mean ± half of its 95 % interval", "unit", "sessions"], out


def page(tables: Tables, manifest: Mapping[str, Any]) -> list[str]:
    """The text beside the figures."""
    config, marks = manifest["config"], manifest["benchmarks"]
    changed = ", ".join(f"{name} = {value}" for name, value in config["given"].items()) or "none"
    setting = ", ".join(f"{name} = {config[name]:g}" for name in ("alpha", "beta", "delta"))
    stopped = "" if manifest["complete"] else f" It was stopped before its end: {config['sessions']} sessions were asked for."
    benchmarks = [[name, f"{mark['price']:.6f}", f"{mark['profit']:.6f}"] for name, mark in marks.items()]
    return [
        f"The experiment of {PAPER}, with every period a block on the ledger. {setting}; learning has converged when "
        f"no greedy policy has changed for {config['stable']:,} periods. Parameters of the market that were changed: {changed}. "
        f"{len(tables['runs']['seed'])} sessions, each on a ledger of its own.{stopped}",
        markdown(summary(tables, manifest)),
        markdown((["benchmark", "price, coins", "profit in a period, coins"], benchmarks)),
        f"![Profit gains]({FIGURES[0]})",
        f"![Impulse response]({FIGURES[1]})",
        "In period 0 one seller is forced, for one period, to its best answer to the others' prices; from period 1 on all play "
        "what they have learned. Means are over every seller as the one that deviates and over the states of a session's cycle "
        f"(at most {MOST_PHASES}), then over sessions; the gain counts periods until the discount factor has fallen to "
        f"{REMAINDER:g}.",
        "The intervals are 95 % Student intervals over sessions of this one market. They do not say what other learners, demands "
        "or speeds of learning lead to.",
    ]


def figures(tables: Tables, manifest: Mapping[str, Any]) -> list[Any]:
    """How profit gains are distributed, and what follows a deviation."""
    from sim.plots.collusion import impulse_response, profit_gains

    marks = {name: mark["price"] for name, mark in manifest["benchmarks"].items()}
    rivals = "rival" if manifest["config"]["parameters"]["sellers"] == 2 else "its rivals, mean"
    return [profit_gains(tables["runs"]), impulse_response(tables["impulse"], marks, rivals)]


def options(config: Mapping[str, Any]) -> list[str]:
    """How to ask for it again."""
    plain = {"alpha": 0.15, "beta": 4e-6, "delta": 0.95, "stable": 100_000, "limit": 10**9}
    given = ["--sessions", str(config["sessions"])]
    for name, default in plain.items():
        if config[name] != default:
            given += [f"--{name}", repr(config[name])]
    for name, value in config["given"].items():
        given += ["--set", f"{name}={value}"]
    return given
