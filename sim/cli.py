"""The command line. Every command imports what it needs when it runs, so that help is quick.

Exit codes: 0 done, 1 the machine failed (disk, pipe), cells of a sweep failed, or a check did, 2 something given is wrong (one
line on stderr, nothing written), 130 Ctrl-C.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.errors import InputError, InvariantError, LedgerLabError
from sim.commands.coverage import coverage
from sim.commands.ledger import audit, inspect, prove
from sim.commands.reproduce import reproduce
from sim.commands.resilience import resilience
from sim.commands.sweep import query, sweep, verify
from sim.commands.train import train
from sim.options import (
    Attacks,
    Defences,
    Ledgers,
    Out,
    Policies,
    Preset,
    Reported,
    ScenarioName,
    Seeds,
    Settings,
    Threads,
    Trust,
    free,
    parse_attacks,
    parse_policies,
    parse_settings,
    whole,
)

app = typer.Typer(
    name="ledgerlab",
    help="A laboratory for economies of autonomous agents on a ledger.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command("list")
def list_all() -> None:
    """Show the scenarios, presets, policies, attacks, defences and metrics."""
    from sim.explain import everything
    from sim.screen import out

    out().print(everything())


@app.command()
def explain(scenario: ScenarioName) -> None:
    """Show a scenario: roles, what they see and do, parameters, policies, attacks, defences, metrics."""
    from sim.explain import explained
    from sim.scenarios import find
    from sim.screen import out

    out().print(explained(find(scenario)))


@app.command()
def run(
    scenario: ScenarioName,
    preset: Preset = "standard",
    policy: Policies = None,
    set_: Settings = None,
    attack: Attacks = None,
    defence: Defences = None,
    seeds: Seeds = "20",
    out: Out = None,
    threads: Threads = "1",
    report: Reported = False,
    ledgers: Ledgers = False,
    trust: Trust = False,
) -> None:
    """Run a scenario, print its metrics and keep its rows."""
    policies, parameters = parse_policies(policy or ()), free(parse_settings(set_ or ()))
    attacks = parse_attacks(attack or ())
    from sim.experiments.run import plan
    from sim.experiments.store import check_out
    from sim.screen import show, watched

    worlds, shared = whole("--seeds", seeds), whole("--threads", threads)
    experiment = plan(
        scenario,
        policies,
        worlds,
        preset,
        attack=attacks,
        defence=defence or (),
        threads=shared,
        trust=trust,
        **parameters,
    )
    check_out(out)
    show(watched(experiment, out, ledgers), report)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `run`, `sweep`, `resilience` or `reproduce` wrote.")],
) -> None:
    """Write the report of a run directory anew, from its stored rows alone; of a study or a published result its page."""
    from sim import reproduction
    from sim.attack.keeping import is_study, write_up
    from sim.commands.resilience import show as show_study
    from sim.commands.sweep import concluded
    from sim.experiments.opening import is_sweep
    from sim.screen import show, show_reproduction

    if is_sweep(folder):
        concluded(folder)
    elif is_study(folder):
        write_up(folder)
        show_study(folder)
    elif reproduction.is_reproduction(folder):
        reproduction.write_up(folder)
        show_reproduction(folder)
    else:
        show(folder, True)


@app.command()
def demo(seeds: Seeds = "50") -> None:
    """Run the first economy: five kinds of clients, then four kinds of providers, with reports; then attack it."""
    from sim.demo import demonstrate

    demonstrate(whole("--seeds", seeds))


@app.command()
def reference(
    out: Annotated[Path, typer.Option(help="Directory of the reference table; its own files there are replaced.")] = Path(
        "results/reference"
    ),
) -> None:
    """Rebuild the committed reference table: every pair of policies of the service market."""
    from sim.demo import rebuild_reference

    rebuild_reference(out)


app.command()(sweep)
app.command()(query)
app.command()(audit)
app.command()(inspect)
app.command()(prove)
app.command()(verify)
app.command()(coverage)
app.command()(train)
app.command()(resilience)
app.add_typer(reproduce)


def _one_line(text: object) -> str:
    """Text for one line of a terminal."""
    line = " ".join(str(text).split())
    return line if len(line) <= 1_000 else line[:997] + "..."


def _failed(text: object, code: int) -> int:
    print(f"ledgerlab: {_one_line(text)}", file=sys.stderr)  # noqa: T201
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, `sys.argv` if none is given, and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    command: Any = typer.main.get_command(app)
    usage_error: Any = typer.BadParameter.__mro__[2]
    try:
        with command.make_context("ledgerlab", words) as context:
            command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except usage_error as error:
        if words[0] in command.commands or words[0].startswith("-"):
            return _failed(error.format_message(), 2)
        from agents.registry import nearest

        return _failed(f"command: {words[0]!r} given; {nearest(words[0], sorted(command.commands))}", 2)
    except InputError as error:
        return _failed(error, 2)
    except KeyboardInterrupt as stop:
        return _failed(stop if str(stop) else "stopped: nothing was kept", 130)
    except InvariantError:
        raise
    except LedgerLabError as error:
        return _failed(error, 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _failed(f"{error.filename or 'file'}: {error.strerror or error}", 1)
    return 0
