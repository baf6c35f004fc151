"""`ledgerlab audit`, `inspect` and `prove`, and the part of `verify` that is about proofs: recorded ledgers, read and proved."""

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import InputError, TamperedError
from sim.options import whole

if TYPE_CHECKING:
    from sim.ledgers.reading import Recorded

LedgerFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A recorded ledger, as `Ledger.export` and `run --ledgers` write.")
]
LedgerFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Recorded ledgers; of a directory, every *.ledger below it.")
]
PROOF_BYTES = 2**24
"""No proof is so large."""


def audit(
    files: LedgerFiles,
    head: Annotated[
        str, typer.Option(metavar="HASH", help="Hash of the last header, as you noted it: the file must end there. For one file.")
    ] = "",
) -> None:
    """Execute recorded ledgers again from their genesis: does everything come out as it was recorded?"""
    noted = header_hash("--head", head)
    from sim.commands.sweep import say
    from sim.ledgers.reading import files_of, read
    from sim.screen import is_cold, progress

    chosen = [file for given in files for file in files_of(given).values()]
    if noted and len(chosen) != 1:
        raise InputError(f"--head: {len(chosen)} files given, allowed is one")
    is_cold()
    tampered, refused = 0, []
    for file in chosen:
        started = time.perf_counter()
        try:
            with progress() as step:
                recorded = read(file, step=step)
        except TamperedError as error:
            tampered += 1
            say(f"{file} does NOT hold: {str(error).removeprefix(f'{file}: ')}")
        except InputError as error:
            refused.append(error)
        else:
            last = recorded.history.head.hash.hex()
            if noted not in ("", last):
                tampered += 1
                say(f"{file} does NOT hold: its last header has the hash {last}")
                continue
            say(f"{file} holds: {summary(recorded)}, {time.perf_counter() - started:.2f} s")
    for other in refused[1:]:
        print(f"ledgerlab: {other}", file=sys.stderr)  # noqa: T201
    if refused:
        raise refused[0]
    if tampered:
        raise typer.Exit(1)


def header_hash(option: str, text: str) -> str:
    """The hash of a header, in lower case; nothing if none was given.

    Raises:
        InputError: that is no hash.
    """
    if text and not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise InputError(f"{option}: {text!r} given, allowed is the hash of a header, 64 hexadecimal digits")
    return text.lower()


def summary(recorded: "Recorded") -> str:
    """A ledger that holds, in one line."""
    from sim.experiments.conclusions.tables import counted

    blocks, last = recorded.blocks, recorded.history.head
    total = sum(block.header.transactions for block in blocks)
    accounts = int((recorded.book.accounts["owner"] >= 0).sum())
    sizes = f"{counted(len(blocks) - 1, 'block')}, {counted(total, 'transaction')}, {counted(accounts, 'account')}"
    return f"{sizes}, last header {last.hash.hex()}, state root {recorded.history.state.update().hex()}"


def inspect(
    file: LedgerFile,
    blocks: Annotated[bool, typer.Option("--blocks", help="Show its blocks.")] = False,
    accounts: Annotated[bool, typer.Option("--accounts", help="Show its accounts, the busiest first.")] = False,
    job: Annotated[str, typer.Option(metavar="N", help="Show a job's life.")] = "",
    account: Annotated[str, typer.Option(metavar="A", help="Show an account's history, by its address.")] = "",
    block: Annotated[str, typer.Option(metavar="H", help="Show a block, by its height.")] = "",
    figure: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Draw who paid whom.")] = None,
    frames: Annotated[Path | None, typer.Option(metavar="DIR", help="Write all tables as Parquet; a new directory.")] = None,
) -> None:
    """Show a recorded ledger, once it was audited: an overview, or blocks, accounts, a job's life, an account's history."""
    given = (("--job", job), ("--account", account), ("--block", block))
    wanted = {option: whole(option, text) if text else None for option, text in given}
    from sim.experiments.store import check_out
    from sim.ledgers import shown
    from sim.ledgers.frames import framed, tables_of, write
    from sim.ledgers.movements import movements_of, transactions_of
    from sim.ledgers.reading import check_mark, read
    from sim.screen import is_cold, out, progress

    check_mark(file)
    check_figure(figure)
    check_out(frames)
    is_cold()
    with progress() as step:
        recorded = read(file, wanted["--account"], step)
    tx = transactions_of(recorded)
    movements = movements_of(recorded, tx)
    tables = tables_of(recorded, tx, movements)
    parts: list[Any] = []
    if blocks:
        parts.append(shown.blocks_table(recorded, tx))
    if accounts:
        parts.append(shown.accounts_table(tables["accounts"]))
    if (height := wanted["--block"]) is not None:
        parts.append(shown.block_table(recorded, tx, height))
    if (number := wanted["--job"]) is not None:
        parts.append(shown.job_table(recorded, tx, movements, tables["jobs"], number))
    if (address := wanted["--account"]) is not None:
        parts.append(shown.account_table(recorded, tx, movements, tables["accounts"], address))
    for part in parts or [shown.overview(recorded, tables["accounts"], tx)]:
        out().print(part)
    from sim.commands.sweep import say

    if figure is not None:
        from sim.plots.ledger import who_paid_whom
        from sim.plots.style import save

        about = f"{file.stem} ({recorded.deployment}, blocks {recorded.first + 1} to {recorded.history.head.height})"
        put(figure, lambda stream: save(who_paid_whom(tables["accounts"], movements, about), stream))
        say(f"Figure: {figure}")
    if frames is not None:
        say(f"Tables: {write(framed(tables), frames)}")


def check_figure(path: Path | None) -> None:
    """Raise `InputError` unless a figure may be written there: its name ends in .png, and nothing has it."""
    if path is not None and path.suffix != ".png":
        raise InputError(f"--figure: {path} given, allowed is a name that ends in .png")
    check_free("--figure", path)


def check_free(option: str, path: Path | None) -> None:
    """Raise `InputError` unless a file may be written there: its directory is there, and nothing has its name."""
    if path is None:
        return
    if path.exists() or path.is_symlink():
        raise InputError(f"{option}: {path} exists already, allowed is a new file")
    if not path.parent.is_dir():
        raise InputError(f"{option}: {path.parent} is no directory, allowed is a new file in one that is there")


def put(path: Path, write: Any) -> None:
    """Write a file, whole or not at all.

    Raises:
        InputError: nothing can be written there.
    """
    from chain.files import durably

    try:
        durably(path.parent, path.name, write)
    except OSError as error:
        raise InputError(f"file: {path} can not be written ({error.strerror}), allowed is a writable directory") from None


def place(option: str, text: str, form: str) -> tuple[str, int]:
    """The two parts of a place, such as 12:3 or accounts:5.

    Raises:
        InputError: it has another form.
    """
    before, colon, after = text.partition(":")
    if not colon or not before:
        raise InputError(f"{option}: {text!r} given, allowed is {form}")
    return before, whole(option, after)


def prove(
    file: LedgerFile,
    transaction: Annotated[str, typer.Option(metavar="H:I", help="Transaction I of the block at height H.")] = "",
    receipt: Annotated[str, typer.Option(metavar="H:I", help="Receipt I of the block at height H.")] = "",
    record: Annotated[
        str, typer.Option(metavar="TABLE:ROW", help="A record of the state after the last block, such as accounts:5.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="A new file; standard output if not given.")] = None,
) -> None:
    """Prove to whoever holds one header that a ledger has a transaction, a receipt or a record; `ledgerlab verify` checks it."""
    given = {"--transaction": transaction, "--receipt": receipt, "--record": record}
    asked = [option for option, text in given.items() if text]
    if len(asked) != 1:
        raise InputError(f"prove: {' and '.join(asked) or 'nothing'} given, allowed is one of {', '.join(given)}")
    (option,) = asked
    before, row = place(option, given[option], "TABLE:ROW" if option == "--record" else "HEIGHT:INDEX")
    height = None if option == "--record" else whole(option, before)
    table = before if option == "--record" else f"{option[2:]}s"
    from chain.proof import as_text
    from chain.proof import prove as proof_of
    from sim.commands.sweep import say
    from sim.ledgers.reading import check_mark, read
    from sim.screen import is_cold, progress

    check_mark(file)
    check_free("--out", out)
    is_cold()
    with progress() as step:
        history = read(file, step=step).history
    proof = proof_of(history, table, row, height)
    header = history.head if height is None else history.block(height).header
    text = as_text(proof, header)
    if out is None:
        print(text, file=sys.stdout)  # noqa: T201
        return
    put(out, lambda stream: stream.write(text.encode() + b"\n"))
    say(f"Proof: {out}")
    say(f"Check it with: ledgerlab verify {out} --header {header.hash.hex()}")


def check_proof(file: Path, trusted: str = "") -> None:
    """Print what a proof proves; exit with 1 if it is nothing.

    Args:
        file: what `ledgerlab prove` wrote.
        trusted: hash (hex) of the header that one trusts; that in the proof, if not given.

    Raises:
        InputError: the file is no proof, or that is no hash.
    """
    from agents.files import read_plain
    from chain.proof import from_text
    from chain.proof import verify as check
    from sim.commands.sweep import say
    from sim.ledgers.proofs import in_words

    known = header_hash("--header", trusted)
    try:
        proof, header = from_text(read_plain(file, PROOF_BYTES).decode())
    except (InputError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("proof: ") if isinstance(error, InputError) else "it is no text"
        raise InputError(f"proof: {file} is no proof ({reason})") from None
    encoded = header.hash.hex()
    if known not in ("", encoded):
        say(f"{file} proves NOTHING: its header has the hash {encoded}")
        raise typer.Exit(1)
    record = check(proof, header)
    if record is None:
        say(f"{file} proves NOTHING: it does not lead to its header")
        raise typer.Exit(1)
    say(f"{file} proves: {in_words(proof, header, record)}")
    if not known:
        say(f"That is if you trust the header in it: {encoded}; --header HASH checks that it is the one you know.")
